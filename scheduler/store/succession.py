"""What a copy of the state that is put back takes over from the state it replaces, of volunteers and staff.

Nothing that was taken back, rejected, covered or closed since the copy was made may come back with it; whoever handed
something in since keeps the code for it. Rows are known by what never changes: a reference, a code, a key.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, insert, select, update

from scheduler.status import Status
from scheduler.store import refused
from scheduler.store import submissions as steps
from scheduler.store.records import to_micros
from scheduler.store.tables import (
    approvals,
    audit,
    consent_networks,
    consents,
    contributions,
    deliveries,
    invitations,
    passkeys,
    receipts,
    refused_files,
    sessions,
    submissions,
    tasks,
    tokens,
    users,
)
from scheduler.submission import Stage, Submission

_READ = (
    *(users, passkeys, invitations, sessions, tokens, submissions, consents, consent_networks, refused_files),
    *(approvals, contributions, deliveries, receipts, tasks, audit),
)
_LETS_IN = (invitations, sessions, tokens)
Row = dict[str, Any]


@dataclass(kw_only=True)
class Estate:
    """The rows of the state that is replaced, by table; none where it can't be read."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def of(self, table: Table) -> list[Row]:
        """Return the rows of a table."""
        return self.rows.get(table.name, [])


def read(c: Connection) -> Estate:
    """Read all that may have to be taken over."""
    return Estate(rows={table.name: [dict(row) for row in c.execute(select(table)).mappings()] for table in _READ})


def take_over(c: Connection, estate: Estate, *, now: datetime) -> list[Submission]:
    """Bring a restored state up to what people decided since; return the submissions that only the copy knows."""
    _audit(c, estate)
    people = _people(c, estate)
    _refused(c, estate)
    alone = _only_here(c, estate)
    known = _submissions(c, estate, people)
    agreed = _consents(c, estate, known)
    _approvals(c, estate, known, people)
    queued = _deliveries(c, estate, now)
    _contributions(c, estate, known=known, agreed=agreed, queued=queued)
    for number in known.values():
        steps.rehash(c, number)
    return [steps.by_id(c, number) for number in alone]


def _audit(c: Connection, estate: Estate) -> None:
    """Go on with the longer chain, where the copy's is its beginning."""
    last = c.execute(select(audit).order_by(audit.c.id.desc()).limit(1)).mappings().first()
    if last is None or any(row["id"] == last["id"] and row["hash"] == last["hash"] for row in estate.of(audit)):
        for row in sorted(estate.of(audit), key=lambda row: row["id"]):
            if last is None or row["id"] > last["id"]:
                c.execute(insert(audit).values(row))


def _people(c: Connection, estate: Estate) -> dict[int, int]:
    """Take over the staff as it is; return the ids here by the ids there. Whoever isn't known there is signed out."""
    there, ids = estate.of(users), _same_people(c, estate.of(users))
    c.execute(update(users).where(users.c.id.in_(ids.values())).values(folded=None, subject=None))  # may have moved
    for row in there:
        ids[row["id"]] = _put(c, users, row, ids.get(row["id"]))
    c.execute(delete(passkeys).where(passkeys.c.user_id.in_(ids.values())))
    for table in _LETS_IN:
        c.execute(delete(table))
    for table in (passkeys, *_LETS_IN):
        for row in estate.of(table):
            c.execute(insert(table).values(_without_id(row) | {"user_id": ids.get(row["user_id"])}))
    return ids


def _same_people(c: Connection, there: list[Row]) -> dict[int, int]:
    """Return the ids here of those who are here too: added at the same moment, or else of the same name."""
    here = [dict(row) for row in c.execute(select(users)).mappings()]
    born = {(row["name"], row["created_at"]): row["id"] for row in here}
    ids = {row["id"]: born[known] for row in there if (known := (row["name"], row["created_at"])) in born}
    named = {row["folded"]: row["id"] for row in here if row["folded"] and row["id"] not in ids.values()}
    return ids | {row["id"]: named[row["folded"]] for row in there if row["id"] not in ids and row["folded"] in named}


def _put(c: Connection, table: Table, row: Row, number: int | None) -> int:
    values = _without_id(row)
    if number is None:
        return int(c.execute(insert(table).values(values).returning(table.c.id)).scalar_one())
    c.execute(update(table).where(table.c.id == number).values(values))
    return number


def _numbers(c: Connection, name: Column[Any], number: Column[Any]) -> dict[str, int]:
    return {str(row[0]): int(row[1]) for row in c.execute(select(name, number))}


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "id"}


def _refused(c: Connection, estate: Estate) -> None:
    for row in estate.of(refused_files):
        if not refused.holds(c, row["file_hash"]):
            c.execute(insert(refused_files).values(row))


def _only_here(c: Connection, estate: Estate) -> list[int]:
    """Return the submissions that only the copy knows; its drafts are dropped: their volunteers have gone on, or left.

    So are the marks of all others that no two may have, for they may have changed places.
    """
    known = [row["ref"] for row in estate.of(submissions)]
    gone = submissions.c.ref.not_in(known)
    c.execute(delete(submissions).where(gone, submissions.c.stage == str(Stage.draft)))
    c.execute(
        update(submissions).where(~gone).values(occurrence="", once=None, draft_hash=None),
    )
    return list(c.execute(select(submissions.c.id).where(gone).order_by(submissions.c.id)).scalars())


def _submissions(c: Connection, estate: Estate, people: dict[int, int]) -> dict[int, int]:
    """Take over each submission as it is there; return the ids here by the ids there."""
    here = _numbers(c, submissions.c.ref, submissions.c.id)
    taken = {tuple(row) for row in c.execute(_PLACES)}
    ids = {}
    for row in estate.of(submissions):
        values = row | {"uploaded_by": people.get(row["uploaded_by"])}
        if (row["action"], row["post"], row["occurrence"]) in taken:  # of one that only the copy knows
            values |= {"occurrence": "", "due_at": None, "stage": _unplaced(row["stage"])}
        ids[row["id"]] = _put(c, submissions, values, here.get(row["ref"]))
    return ids


_PLACES = select(submissions.c.action, submissions.c.post, submissions.c.occurrence).where(
    submissions.c.occurrence != ""
)


def _unplaced(stage: str) -> str:
    return str(Stage.pending) if stage == str(Stage.approved) else stage


def _consents(c: Connection, estate: Estate, known: dict[int, int]) -> dict[int, int]:
    """Take over every consent, with the day it was taken back; return the ids here by the ids there."""
    here = _numbers(c, consents.c.code_hash, consents.c.id)
    ids = {}
    for row in estate.of(consents):
        number = here.get(row["code_hash"])
        if number is not None:
            ended = {"withdrawn_on": row["withdrawn_on"], "expires_on": row["expires_on"]}
            c.execute(update(consents).where(consents.c.id == number).values(ended))
        else:
            number = _put(c, consents, row | {"submission_id": known[row["submission_id"]]}, None)
            for network in estate.of(consent_networks):
                if network["consent_id"] == row["id"]:
                    c.execute(insert(consent_networks).values(network | {"consent_id": number}))
        ids[row["id"]] = number
    return ids


def _approvals(c: Connection, estate: Estate, known: dict[int, int], people: dict[int, int]) -> None:
    unique = ("submission_id", "user_id", "content_hash")
    here = {tuple(row) for row in c.execute(select(*(approvals.c[name] for name in unique)))}
    for row in estate.of(approvals):
        values = _without_id(row) | {
            "submission_id": known[row["submission_id"]],
            "user_id": people[row["user_id"]],
        }
        if tuple(values[name] for name in unique) not in here:
            c.execute(insert(approvals).values(values))


# ── what is on its way, or out ──────────────────────────────────────────────────────────────────────────


def _deliveries(c: Connection, estate: Estate, now: datetime) -> dict[int, int]:
    """Take over the submissions' deliveries that the copy lacks, with receipts and tasks; return ids here by there.

    Without its row nobody could take down what went out since the copy was made.
    """
    here = _numbers(c, deliveries.c.key, deliveries.c.id)
    ids = {}
    for row in estate.of(deliveries):
        if row["key"] in here:
            ids[row["id"]] = here[row["key"]]
        elif row["from_submission"]:
            values = row | {"lease_owner": None, "lease_until": None} | _landed(row["status"], now)
            ids[row["id"]] = _put(c, deliveries, values, None)
            for receipt in estate.of(receipts):
                if receipt["delivery_id"] == row["id"]:
                    _put(c, receipts, receipt | {"delivery_id": ids[row["id"]]}, None)
    for task in estate.of(tasks):
        if task["done_at"] is None and task["delivery_id"] in ids:
            number = ids[task["delivery_id"]]
            same = (tasks.c.delivery_id == number, tasks.c.what == task["what"], tasks.c.done_at.is_(None))
            if c.execute(select(tasks.c.id).where(*same)).first() is None:
                _put(c, tasks, task | {"delivery_id": number}, None)
    return ids


def _landed(status: str, now: datetime) -> Row:
    """Return where a delivery stands whose worker is gone."""
    if status in {Status.claimed, Status.staged}:
        return {"status": str(Status.queued)}
    if status == Status.sending:
        return {"status": str(Status.unknown), "next_look_at": to_micros(now)}
    return {}


def _contributions(
    c: Connection, estate: Estate, *, known: dict[int, int], agreed: dict[int, int], queued: dict[int, int]
) -> None:
    """Bind each delivery to the submission that it shows there."""
    for row in estate.of(contributions):
        if row["delivery_id"] not in queued:
            continue
        number = queued[row["delivery_id"]]
        c.execute(delete(contributions).where(contributions.c.delivery_id == number))
        bound = {"submission_id": known[row["submission_id"]], "consent_id": agreed[row["consent_id"]]}
        c.execute(insert(contributions).values(row | bound | {"delivery_id": number}))
