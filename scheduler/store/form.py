"""Which form the tables have in this version, and the facts by which a state tells whose it is."""

HEAD = "0009"
"""The newest revision in migrations/versions; a test holds the two together."""

MOVED_TO = "moved_to"
"""The fact of a state that says where it has moved; nobody works on it any more."""
