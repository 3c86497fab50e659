"""What a rehearsal borrows from the real state: the approved submissions, with all that a claim asks for.

Nothing that a rehearsal doesn't need goes along: no contact, no code, no name of a moderator.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from scheduler.store import Store, schema
from scheduler.store.tables import approvals, consent_networks, consents, submissions, users
from scheduler.submission import Stage

Rows = Mapping[Table, list[dict[str, Any]]]


def borrow(store: Store) -> Rows:
    """Return the rows of the approved submissions of a workspace's state, read only.

    None where it has no state of this version's form: a campaign can be rehearsed without.
    """
    if schema.revision(store.engine) != schema.HEAD:
        return {}
    with store.read() as c:
        return _rows(c)


def lend(store: Store, rows: Rows) -> None:
    """Put borrowed rows into another state."""
    with store.write() as c:
        for table, found in rows.items():
            if found:
                c.execute(insert(table), found)


def _rows(c: Connection) -> Rows:
    approved = select(submissions.c.id).where(submissions.c.stage == str(Stage.approved))
    given = select(consents.c.id).where(consents.c.submission_id.in_(approved))
    said = [dict(row) for row in c.execute(select(approvals).where(approvals.c.submission_id.in_(approved))).mappings()]
    return {
        users: [_nobody(number) for number in sorted({row["user_id"] for row in said} | _uploaders(c))],
        submissions: _of(c, submissions, submissions.c.id.in_(approved), contact="", file_hash="", source=""),
        consents: [
            {**row, "code_hash": str(row["id"])} for row in _of(c, consents, consents.c.submission_id.in_(approved))
        ],
        consent_networks: _of(c, consent_networks, consent_networks.c.consent_id.in_(given)),
        approvals: said,
    }


def _of(c: Connection, table: Table, where: Any, **instead: str) -> list[dict[str, Any]]:
    return [{**row, **instead} for row in c.execute(select(table).where(where)).mappings()]


def _uploaders(c: Connection) -> set[int]:
    query = select(submissions.c.uploaded_by).where(
        submissions.c.stage == str(Stage.approved), submissions.c.uploaded_by.is_not(None)
    )
    return set(c.execute(query).scalars())


def _nobody(number: int) -> dict[str, Any]:
    return {"id": number, "name": "", "role": "moderator", "created_at": 0, "language": ""}
