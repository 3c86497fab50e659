"""What volunteers hand in, with their consent; staff; and an audit whose entries are chained by their hashes."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

STAGES = "'draft', 'pending', 'approved', 'rejected', 'withdrawn', 'expired'"
APPEND_ONLY = ("approvals", "consent_networks")
EVIDENCE = (
    "submission_id",
    "text_sha256",
    "text_version",
    "language",
    "name_mode",
    "guardian",
    "adult",
    "people",
    "all_agreed",
    "faces",
    "voice",
    "place",
    "code_hash",
    "day",
)


def upgrade() -> None:
    """Make the tables, mark deliveries that come from a submission, and chain the audit."""
    _refused_files()
    _users()
    _invitations()
    _passkeys()
    _sessions()
    _submissions()
    _tokens()
    _approvals()
    _consents()
    _consent_networks()
    _contributions()
    for name in APPEND_ONLY:
        _append_only(name)
    _keep_evidence()
    op.add_column("deliveries", sa.Column("from_submission", sa.Boolean(), server_default=sa.false(), nullable=False))
    _chain()


def downgrade() -> None:
    """Drop them."""
    op.drop_column("audit", "hash")
    op.drop_column("deliveries", "from_submission")
    for name in (
        "contributions",
        "consent_networks",
        "consents",
        "approvals",
        "tokens",
        "submissions",
        "sessions",
        "passkeys",
        "invitations",
        "users",
        "refused_files",
    ):
        op.drop_table(name)


def _append_only(name: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        _refuse(name, verb.lower(), verb, f"{name} is append-only")


def _keep_evidence() -> None:
    """Let nothing of a consent change but the risk, its end, and the day it was taken back."""
    _refuse("consents", "delete", "DELETE", "consents are kept")
    _refuse("consents", "update", f"UPDATE OF {', '.join(EVIDENCE)}", "consents are kept as they were given")


def _refuse(name: str, verb: str, what: str, why: str) -> None:
    trigger = f"CREATE TRIGGER {name}_no_{verb} BEFORE {what} ON {name}"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"{trigger} BEGIN SELECT RAISE(ABORT, '{why}'); END")
    else:
        op.execute(f"{trigger} FOR EACH ROW EXECUTE FUNCTION solidarity_append_only()")


def _chain() -> None:
    """Give each entry of the audit the hash of itself and of the one before it."""
    bind = op.get_bind()
    on = "" if bind.dialect.name == "sqlite" else " ON audit"
    op.execute(f"DROP TRIGGER audit_no_update{on}")
    op.add_column("audit", sa.Column("hash", sa.Text(), server_default="", nullable=False))
    before = ""
    for number, at, who, what, detail in bind.execute(
        sa.text("SELECT id, at, who, what, detail FROM audit ORDER BY id")
    ).fetchall():
        entry = json.dumps([before, at, who, what, detail], ensure_ascii=False, separators=(",", ":"))
        before = hashlib.sha256(entry.encode()).hexdigest()
        bind.execute(sa.text("UPDATE audit SET hash = :hash WHERE id = :id"), {"hash": before, "id": number})
    _refuse("audit", "update", "UPDATE", "audit is append-only")


def _refused_files() -> None:
    op.create_table(
        "refused_files",
        sa.Column("file_hash", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file_hash"),
    )


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=True),
        sa.Column(
            "role",
            sa.Text(),
            sa.CheckConstraint("role IN ('moderator', 'editor', 'admin')", name="known_role"),
            nullable=False,
        ),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("folded"),
        sa.UniqueConstraint("subject"),
    )


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )


def _passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("credential", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("credential"),
    )
    op.create_index(op.f("ix_passkeys_user_id"), "passkeys", ["user_id"], unique=False)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("passkey", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("notes", sa.Text(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), sa.CheckConstraint(f"stage IN ({STAGES})", name="known_stage"), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("once", sa.Text(), nullable=True),
        sa.Column("draft_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("alt", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("name_mode", sa.Text(), server_default="none", nullable=False),
        sa.Column("is_group", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), server_default="", nullable=False),
        sa.Column("mime", sa.Text(), server_default="", nullable=False),
        sa.Column("width", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("height", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("size", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sha256", sa.Text(), server_default="", nullable=False),
        sa.Column("poster", sa.Text(), server_default="", nullable=False),
        sa.Column("preview", sa.Text(), server_default="", nullable=False),
        sa.Column("seconds", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("faces", sa.Text(), server_default="[]", nullable=False),
        sa.Column("covers", sa.Text(), server_default="[]", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("file_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("content_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("day", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("second_look", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("placing", sa.Text(), nullable=True),
        sa.Column("post", sa.Text(), server_default="", nullable=False),
        sa.Column("occurrence", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("uploaded_by", ID, nullable=True),
        sa.Column("contact", sa.Text(), server_default="", nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["uploaded_by"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("draft_hash"),
        sa.UniqueConstraint("once"),
        sa.UniqueConstraint("ref"),
    )
    op.create_index(op.f("ix_submissions_file_hash"), "submissions", ["file_hash"], unique=False)
    op.create_index(
        "one_submission_a_slot",
        "submissions",
        ["action", "post", "occurrence"],
        unique=True,
        sqlite_where=sa.text("occurrence <> ''"),
        postgresql_where=sa.text("occurrence <> ''"),
    )
    op.create_index("submissions_by_stage", "submissions", ["stage", "id"], unique=False)


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", ID, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(op.f("ix_tokens_user_id"), "tokens", ["user_id"], unique=False)


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", ID, nullable=False),
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("submission_id", "user_id", "content_hash", name="one_yes_a_person"),
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", ID, nullable=False),
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("text_sha256", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("name_mode", sa.Text(), nullable=False),
        sa.Column("guardian", sa.Boolean(), nullable=False),
        sa.Column("adult", sa.Boolean(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("all_agreed", sa.Boolean(), sa.CheckConstraint("all_agreed", name="everyone_agreed"), nullable=False),
        sa.Column("faces", sa.Text(), nullable=False),
        sa.Column("voice", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("risk", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("expires_on", sa.Text(), nullable=True),
        sa.Column("withdrawn_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_hash"),
        sa.UniqueConstraint("id", "submission_id", name="consent_of_submission"),
        sa.UniqueConstraint("submission_id"),
    )


def _consent_networks() -> None:
    op.create_table(
        "consent_networks",
        sa.Column("consent_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"],
            ["consents.id"],
        ),
        sa.PrimaryKeyConstraint("consent_id", "platform"),
    )


def _contributions() -> None:
    op.create_table(
        "contributions",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("consent_id", ID, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id", "platform"],
            ["consent_networks.consent_id", "consent_networks.platform"],
        ),
        sa.ForeignKeyConstraint(
            ["consent_id", "submission_id"],
            ["consents.id", "consents.submission_id"],
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
        ),
        sa.PrimaryKeyConstraint("delivery_id"),
    )
    op.create_index("contributions_by_submission", "contributions", ["submission_id"], unique=False)
