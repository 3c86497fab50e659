"""The tables. Moments are whole microseconds since 1970 UTC; JSON is canonical text; keys are unique by constraint."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from scheduler.status import Status
from scheduler.submission import Stage

metadata = MetaData()
STATUSES = ", ".join(f"'{status}'" for status in Status)
STAGES = ", ".join(f"'{stage}'" for stage in Stage)
ID = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only in a column of this very type."""
_LEASED = text("lease_owner IS NOT NULL")
_IN_HAND = text("lease_owner IS NOT NULL AND status IN ('claimed', 'staged', 'sending')")
_UNWANTED = text("withdraw_wanted")
_PUT_OFF = text("not_before IS NOT NULL")
_PLACED = text("occurrence <> ''")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", ID, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # ACTION/POST[/OCCURRENCE]@ACCOUNT
    Column("action", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("place", Text, nullable=False, default=""),
    # what the plan wants
    Column("due_at", BigInteger, nullable=False),
    Column("opens_at", BigInteger),
    Column("closes_at", BigInteger),
    Column("late_after", BigInteger, nullable=False),  # microseconds
    Column("late_then", Text, nullable=False),
    Column("needs_release", Boolean, nullable=False),
    Column("needs_approval", Boolean, nullable=False),
    Column("content", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),  # of everything above that a person can edit
    # where it stands
    Column("status", Text, CheckConstraint(f"status IN ({STATUSES})", name="known_status"), nullable=False),
    Column("hold", Text, nullable=False, default=""),  # why it is held, in one word
    Column("reason", Text, nullable=False, default=""),  # the same for people
    Column("not_before", BigInteger),
    Column("delays", Integer, nullable=False, default=0, server_default=text("0")),
    Column("approved_hash", Text),  # the fingerprint that a person approved
    Column("late_accepted", Boolean, nullable=False, default=False, server_default=false()),
    Column("look_first", Boolean, nullable=False, default=False, server_default=false()),
    Column("withdraw_wanted", Boolean, nullable=False, default=False, server_default=false()),
    Column("dropped", Boolean, nullable=False, default=False, server_default=false()),  # gone from its file in flight
    Column("cancelled_by", Text),  # plan or person
    # the worker that has it
    Column("lease_owner", Text),
    Column("lease_until", BigInteger),
    Column("fence", Integer, nullable=False, default=0, server_default=text("0")),
    # what was handed over
    Column("frozen", Text),
    Column("staged", Text),
    Column("attempts", Integer, nullable=False, default=0, server_default=text("0")),
    Column("sending_at", BigInteger),
    Column("looks", Integer, nullable=False, default=0, server_default=text("0")),
    Column("next_look_at", BigInteger),
    Column("published_at", BigInteger),
    Column("remote_id", Text),
    Column("url", Text),
    Column("from_submission", Boolean, nullable=False, default=False, server_default=false()),
    Column("staging_since", BigInteger),  # while the network takes its time to prepare what it was given
    Column("parts", Text),  # of a thread: the receipts of the parts that were put out, and which are down again
    Column("remote_ids", Text),  # what else its network told of it: of what it is made up there, what answers it
    Index("deliveries_by_due", "status", "due_at", "id", "account"),
    Index("deliveries_by_close", "status", "closes_at"),
    Index("deliveries_by_account", "account", "status", "due_at"),
    Index("deliveries_put_off", "not_before", sqlite_where=_PUT_OFF, postgresql_where=_PUT_OFF),
    Index("deliveries_unwanted", "id", sqlite_where=_UNWANTED, postgresql_where=_UNWANTED),
    Index("deliveries_leased", "account", sqlite_where=_LEASED, postgresql_where=_LEASED),
    Index("one_in_hand", "account", unique=True, sqlite_where=_IN_HAND, postgresql_where=_IN_HAND),
)

events = Table(  # append-only: every step of every delivery
    "events",
    metadata,
    Column("id", ID, primary_key=True),
    Column("delivery_id", ID, ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("worker", Text, nullable=False),
)

receipts = Table(  # append-only: the networks' word
    "receipts",
    metadata,
    Column("id", ID, primary_key=True),
    Column("delivery_id", ID, ForeignKey("deliveries.id"), nullable=False),
    Column("part", Integer, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("url", Text),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("delivery_id", "part", name="one_receipt_a_part"),
    Index("receipts_by_remote_id", "remote_id"),
)

audit = Table(  # append-only: what people did
    "audit",
    metadata,
    Column("id", ID, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", Text, nullable=False),  # of this entry and the hash before it
)

pauses = Table(
    "pauses",
    metadata,
    Column("scope", Text, CheckConstraint("scope IN ('all', 'action', 'account')"), primary_key=True),
    Column("name", Text, primary_key=True),  # empty for all
    Column("kind", Text, CheckConstraint("kind IN ('pause', 'blocked')"), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("action", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

tasks = Table(  # what only a person can do
    "tasks",
    metadata,
    Column("id", ID, primary_key=True),
    Column("delivery_id", ID, ForeignKey("deliveries.id"), nullable=False),
    Column("what", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("done_at", BigInteger),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

submissions = Table(  # what volunteers hand in
    "submissions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("ref", Text, nullable=False, unique=True),
    Column("stage", Text, CheckConstraint(f"stage IN ({STAGES})", name="known_stage"), nullable=False),
    Column("action", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("0")),
    Column("once", Text, unique=True),  # the hash of the form's own token: the same form sent twice is one submission
    Column("draft_hash", Text, unique=True),  # of the volunteer's cookie; gone once it is handed in
    Column("language", Text, nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Column("alt", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("name_mode", Text, nullable=False, server_default="none"),
    Column("is_group", Boolean, nullable=False, server_default=false()),
    Column("risk", Text, nullable=False),
    Column("file", Text, nullable=False, server_default=""),
    Column("mime", Text, nullable=False, server_default=""),
    Column("width", Integer, nullable=False, server_default=text("0")),
    Column("height", Integer, nullable=False, server_default=text("0")),
    Column("size", Integer, nullable=False, server_default=text("0")),
    Column("sha256", Text, nullable=False, server_default=""),
    Column("poster", Text, nullable=False, server_default=""),
    Column("preview", Text, nullable=False, server_default=""),
    Column("seconds", Float, nullable=False, server_default=text("0")),
    Column("faces", Text, nullable=False, server_default="[]"),
    Column("covers", Text, nullable=False, server_default="[]"),
    Column("source", Text, nullable=False, server_default=""),
    Column("problem", Text, nullable=False, server_default=""),
    Column("file_hash", Text, nullable=False, server_default="", index=True),
    Column("content_hash", Text, nullable=False, server_default=""),
    Column("day", Text),  # to the day only
    Column("decided_at", BigInteger),
    Column("not_before", BigInteger),
    Column("reason", Text, nullable=False, server_default=""),
    Column("second_look", Boolean, nullable=False, server_default=false()),
    Column("placing", Text),
    Column("post", Text, nullable=False, server_default=""),
    Column("occurrence", Text, nullable=False, server_default=""),
    Column("due_at", BigInteger),
    Column("uploaded_by", ID, ForeignKey("users.id")),
    Column("contact", Text, nullable=False, server_default=""),
    Column("touched_at", BigInteger),
    Column("to_cover", Text, nullable=False, server_default=""),
    Index("submissions_by_stage", "stage", "id"),
    Index(
        "one_submission_a_slot",
        "action",
        "post",
        "occurrence",
        unique=True,
        sqlite_where=_PLACED,
        postgresql_where=_PLACED,
    ),
)

consents = Table(  # the evidence: nothing of it ever changes but the day it was taken back
    "consents",
    metadata,
    Column("id", ID, primary_key=True),
    Column("submission_id", ID, ForeignKey("submissions.id"), nullable=False, unique=True),
    Column("text_sha256", Text, nullable=False),
    Column("text_version", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("name_mode", Text, nullable=False),
    Column("guardian", Boolean, nullable=False),
    Column("adult", Boolean, nullable=False),
    Column("people", Integer, nullable=False),
    Column("all_agreed", Boolean, CheckConstraint("all_agreed", name="everyone_agreed"), nullable=False),
    Column("faces", Text, nullable=False),
    Column("voice", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("risk", Text, nullable=False),
    Column("code_hash", Text, nullable=False, unique=True),  # of the code that takes it back
    Column("day", Text, nullable=False),
    Column("expires_on", Text),
    Column("withdrawn_on", Text),
    UniqueConstraint("id", "submission_id", name="consent_of_submission"),
)

consent_networks = Table(
    "consent_networks",
    metadata,
    Column("consent_id", ID, ForeignKey("consents.id"), primary_key=True),
    Column("platform", Text, primary_key=True),
)

contributions = Table(  # the only way from a submission to a network: no consent to that network, no row
    "contributions",
    metadata,
    Column("delivery_id", ID, ForeignKey("deliveries.id"), primary_key=True),
    Column("submission_id", ID, nullable=False),
    Column("consent_id", ID, nullable=False),
    Column("platform", Text, nullable=False),
    ForeignKeyConstraint(["consent_id", "submission_id"], ["consents.id", "consents.submission_id"]),
    ForeignKeyConstraint(["consent_id", "platform"], ["consent_networks.consent_id", "consent_networks.platform"]),
    Index("contributions_by_submission", "submission_id"),
)

approvals = Table(  # append-only: each moderator's yes, and to what
    "approvals",
    metadata,
    Column("id", ID, primary_key=True),
    Column("submission_id", ID, ForeignKey("submissions.id"), nullable=False),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("submission_id", "user_id", "content_hash", name="one_yes_a_person"),
)

refused_files = Table(  # keyed hashes of what was taken back: the same file can't come again
    "refused_files",
    metadata,
    Column("file_hash", Text, primary_key=True),
    Column("day", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("folded", Text, unique=True),  # the name without case; gone with its user, so that it can be given again
    Column(
        "role", Text, CheckConstraint("role IN ('moderator', 'editor', 'admin')", name="known_role"), nullable=False
    ),
    Column("password", Text),  # argon2id
    Column("language", Text, nullable=False, server_default=""),
    Column("subject", Text, unique=True),  # at the OpenID provider
    Column("created_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", ID, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False, index=True),
    Column("credential", Text, nullable=False, unique=True),  # base64url
    Column("public_key", Text, nullable=False),  # base64url
    Column("sign_count", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", ID, ForeignKey("users.id")),  # none before somebody has signed in (a passkey's challenge)
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("passkey", Boolean, nullable=False, server_default=false()),  # signed in with one
    Column("notes", Text, nullable=False, server_default="{}"),  # JSON: a challenge, a word to say on the next page
)

tokens = Table(  # for programs that use the API
    "tokens",
    metadata,
    Column("id", ID, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("user_id", ID, ForeignKey("users.id"), nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # words of May, in one line
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

notices = Table(  # what people were told of what needs them
    "notices",
    metadata,
    Column("target", Integer, primary_key=True, autoincrement=False),  # the number of its line among the addresses
    Column("kind", Text, primary_key=True),
    Column("told", Text, nullable=False),  # JSON: of each key or name, when it was told, and when it is again
)

notice_targets = Table(  # one a line of the addresses, which are secrets and stay out of here
    "notice_targets",
    metadata,
    Column("target", Integer, primary_key=True, autoincrement=False),
    Column("sent_at", BigInteger),
    Column("failures", Integer, nullable=False, default=0, server_default=text("0")),
    Column("not_before", BigInteger),
    Column("claimed_by", Text),
    Column("claimed_until", BigInteger),
)

APPEND_ONLY = ("events", "receipts", "audit", "approvals", "consent_networks")
