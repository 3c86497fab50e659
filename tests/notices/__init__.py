"""The words of notices, and Apprise, which sends them."""
