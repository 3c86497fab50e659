"""The tables. Moments are whole microseconds since 1970 UTC; JSON is canonical text; keys are unique by constraint."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
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

metadata = MetaData()
STATUSES = ", ".join(f"'{status}'" for status in Status)
_LEASED = text("lease_owner IS NOT NULL")
_PUT_OFF = text("not_before IS NOT NULL")

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
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
    Index("deliveries_by_due", "status", "due_at"),
    Index("deliveries_by_account", "account", "status", "due_at"),
    Index("deliveries_put_off", "not_before", sqlite_where=_PUT_OFF, postgresql_where=_PUT_OFF),
    Index("deliveries_leased", "account", sqlite_where=_LEASED, postgresql_where=_LEASED),
)

events = Table(  # append-only: every step of every delivery
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", Integer, ForeignKey("deliveries.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("worker", Text, nullable=False),
)

receipts = Table(  # append-only: the networks' word
    "receipts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", Integer, ForeignKey("deliveries.id"), nullable=False),
    Column("part", Integer, nullable=False),
    Column("remote_id", Text, nullable=False),
    Column("url", Text),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("delivery_id", "part", name="one_receipt_a_part"),
)

audit = Table(  # append-only: what people did
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
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
    Column("id", Integer, primary_key=True),
    Column("delivery_id", Integer, ForeignKey("deliveries.id"), nullable=False),
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

APPEND_ONLY = ("events", "receipts", "audit")
