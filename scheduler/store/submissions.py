"""What volunteers handed in and agreed to: rows in and out. Each function is one step inside a caller's transaction."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, func, insert, select, update

from scheduler.model import Risk
from scheduler.status import Status
from scheduler.store.records import digest, from_micros, to_micros
from scheduler.store.tables import (
    approvals,
    consent_networks,
    consents,
    contributions,
    deliveries,
    submissions,
    tasks,
    users,
)
from scheduler.submission import (
    STEPS,
    Approval,
    Box,
    Consent,
    Contribution,
    NameMode,
    Placing,
    Stage,
    Submission,
    ToCover,
    Whereabouts,
)

_JSON = ("faces", "covers")
_MOMENTS = ("decided_at", "not_before", "due_at", "touched_at")
_APPROVED_OF = ("sha256", "message", "language", "alt", "name", "name_mode", "covers", "risk")
FILES = ("file", "poster", "preview", "source")
"""The columns that name files under var/uploads."""

_WORDS = {"message": "", "alt": "", "name": "", "contact": "", "reason": "", "problem": "", "faces": (), "covers": ()}


class ChangedMeanwhileError(Exception):
    """Somebody else changed the submission since it was read."""


def add(c: Connection, *, ref: str, action: str, risk: Risk, now: datetime, **values: Any) -> int:
    """Begin a draft; return the database's id."""
    row = {"ref": ref, "action": action, "risk": str(risk), "stage": str(Stage.draft), "touched_at": to_micros(now)}
    return int(
        c.execute(insert(submissions).values({**row, **_columns(values)}).returning(submissions.c.id)).scalar_one()
    )


def by_id(c: Connection, number: int) -> Submission:
    """Return one submission by the database's id."""
    return _from_row(c.execute(select(submissions).where(submissions.c.id == number)).mappings().one())


def find(c: Connection, **where: Any) -> Submission | None:
    """Return the submission whose columns have these values (`ref`, `draft_hash`, `once`); None when there is none."""
    query = select(submissions).where(*(submissions.c[name] == value for name, value in where.items()))
    row = c.execute(query.order_by(submissions.c.id).limit(1)).mappings().first()
    return None if row is None else _from_row(row)


def by_code(c: Connection, code_hash: str) -> Submission | None:
    """Return the submission that a withdrawal code belongs to."""
    query = select(submissions).join_from(submissions, consents).where(consents.c.code_hash == code_hash)
    row = c.execute(query).mappings().first()
    return None if row is None else _from_row(row)


def in_stage(
    c: Connection, *stages: Stage, action: str | None = None, after: int = 0, limit: int | None = None
) -> list[Submission]:
    """Return submissions in any of `stages`, oldest first; `after` is the id of the last one seen."""
    query = select(submissions).where(
        submissions.c.stage.in_([str(stage) for stage in stages]), submissions.c.id > after
    )
    if action is not None:
        query = query.where(submissions.c.action == action)
    found = c.execute(query.order_by(submissions.c.id).limit(limit)).mappings()
    return [_from_row(row) for row in found]


def counts(c: Connection) -> dict[Stage, int]:
    """Return how many submissions are in each stage that has any."""
    found = c.execute(select(submissions.c.stage, func.count()).group_by(submissions.c.stage))
    return {Stage(stage): int(number) for stage, number in found}


def same_file(c: Connection, file_hash: str, action: str) -> Submission | None:
    """Return the submission to `action` that was made of this very file and is still in use."""
    alive = submissions.c.stage.in_([str(Stage.pending), str(Stage.approved)])
    query = select(submissions).where(submissions.c.file_hash == file_hash, submissions.c.action == action, alive)
    row = c.execute(query.limit(1)).mappings().first()
    return None if row is None else _from_row(row)


def change(c: Connection, submission: Submission, *, to: Stage | None = None, **values: Any) -> Submission:
    """Change a submission as it was read; the hash of what an approval is an approval of follows.

    Raises:
        ChangedMeanwhileError: it isn't any more as it was read.
        ValueError: it never goes from its stage to `to`.
    """
    if to is not None and to is not submission.stage and to not in STEPS[submission.stage]:
        msg = f"a submission never goes from {submission.stage} to {to}"
        raise ValueError(msg)
    row = {**_columns(values), "version": submission.version + 1}
    if to is not None:
        row["stage"] = str(to)
    if to is Stage.pending and submission.stage is not Stage.draft:
        row["touched_at"] = submission.version + 1  # a mark that no earlier yes knows
        bound = deliveries.c.id.in_(delivery_ids(c, submission))
        c.execute(update(deliveries).where(bound).values(approved_hash=None))  # nor does what is queued
    where = (submissions.c.id == submission.id, submissions.c.version == submission.version)
    if c.execute(update(submissions).where(*where).values(row)).rowcount != 1:
        raise ChangedMeanwhileError
    rehash(c, submission.id)
    return by_id(c, submission.id)


def rehash(c: Connection, number: int) -> None:
    """Bring the hash of what an approval is an approval of up to date: bytes, words, name, networks, risk, time.

    A time that a moderator gave is part of it. Whoever said "the next free slot" or "the pool" said yes to that, and
    to whichever slot comes of it. What a moderator changed or sent back is another thing from then on: `touched_at`.
    """
    row = c.execute(select(submissions).where(submissions.c.id == number)).mappings().one()
    networks = c.execute(
        select(consent_networks.c.platform)
        .join_from(consent_networks, consents)
        .where(consents.c.submission_id == number)
        .order_by(consent_networks.c.platform)
    ).scalars()
    slot = [row["post"], row["occurrence"]] if row["placing"] == str(Placing.at) else []
    found = digest([*(row[name] for name in _APPROVED_OF), row["touched_at"], list(networks), row["placing"], *slot])
    c.execute(update(submissions).where(submissions.c.id == number).values(content_hash=found))


def forget(c: Connection, submission: Submission, *, to: Stage, now: datetime) -> Submission:
    """End a submission and blank everything personal in its row.

    The names and hash of its files stay until they are deleted, so that it is known what is still to be deleted:
    whoever calls deletes them, then says so by `forget_files` and, later, `forget_hash`.
    """
    values = {**_WORDS, "to_cover": None, "name_mode": NameMode.none, "draft_hash": None, "touched_at": now}
    return change(c, submission, to=to, **values, **_freed(c, submission))


def no(c: Connection, submission: Submission, *, reason: str, now: datetime) -> Submission:
    """Reject a submission; its slot is free again if nothing has been queued for it."""
    return change(c, submission, to=Stage.rejected, reason=reason, decided_at=now, **_freed(c, submission))


def _freed(c: Connection, submission: Submission) -> dict[str, Any]:
    """Return the columns that free a slot, but for one with deliveries: their names are never given again."""
    return {} if delivery_ids(c, submission) else {"post": "", "occurrence": "", "due_at": None, "placing": None}


def forget_files(c: Connection, submission: Submission) -> Submission:
    """Note that a submission's files are gone."""
    gone: dict[str, Any] = dict.fromkeys(FILES, "")
    return change(c, submission, **gone)


def forget_hash(c: Connection, submission: Submission) -> Submission:
    """Note that nothing made of a submission's picture can be anywhere any more."""
    return change(c, submission, sha256="", touched_at=None)


def files_named(c: Connection) -> frozenset[str]:
    """Return the name of every file under var/uploads that a submission still has."""
    rows = c.execute(select(*(submissions.c[name] for name in FILES)))
    return frozenset(name for row in rows for name in row if name)


# ── consent ─────────────────────────────────────────────────────────────────────────────────────────────


def consent(c: Connection, submission: Submission, given: Consent, *, code_hash: str) -> int:
    """Keep what was agreed to; return its id. The code that takes it back is kept as a hash only."""
    row = {
        "submission_id": submission.id,
        "code_hash": code_hash,
        "text_sha256": given.text_sha256,
        "text_version": given.text_version,
        "language": given.language,
        "name_mode": str(given.name_mode),
        "guardian": given.guardian,
        "adult": given.adult,
        "people": given.people,
        "all_agreed": given.all_agreed,
        "faces": given.faces,
        "voice": given.voice,
        "place": given.place,
        "risk": str(given.risk),
        "day": given.day.isoformat(),
        "expires_on": given.expires_on and given.expires_on.isoformat(),
    }
    number = int(c.execute(insert(consents).values(row).returning(consents.c.id)).scalar_one())
    for platform in given.networks:
        c.execute(insert(consent_networks).values(consent_id=number, platform=platform))
    rehash(c, submission.id)
    return number


def consent_of(c: Connection, submission: Submission) -> Consent | None:
    """Return what was agreed to; None for a draft."""
    row = c.execute(select(consents).where(consents.c.submission_id == submission.id)).mappings().first()
    if row is None:
        return None
    networks = c.execute(
        select(consent_networks.c.platform).where(consent_networks.c.consent_id == row["id"]).order_by("platform")
    ).scalars()
    return _consent(row, networks)


def _consent(row: Any, networks: Iterable[str]) -> Consent:
    values = {name: row[name] for name in Consent.__dataclass_fields__ if name in row}
    for name in ("day", "expires_on", "withdrawn_on"):
        values[name] = date.fromisoformat(row[name]) if row[name] else None
    values |= {"networks": tuple(networks), "name_mode": NameMode(row["name_mode"]), "risk": Risk(row["risk"])}
    for name in ("guardian", "adult", "all_agreed"):
        values[name] = bool(row[name])
    return Consent(**values)


def take_back(c: Connection, submission: Submission, *, day: date) -> None:
    """Note that a consent holds no more; from this transaction on nothing of it can be claimed or sent."""
    where = (consents.c.submission_id == submission.id, consents.c.withdrawn_on.is_(None))
    c.execute(update(consents).where(*where).values(withdrawn_on=day.isoformat()))


# ── decisions ───────────────────────────────────────────────────────────────────────────────────────────


def approve(c: Connection, submission: Submission, *, user: int, now: datetime) -> None:
    """Keep one moderator's yes to the submission as it is; a second yes of the same person counts once."""
    values = {"submission_id": submission.id, "user_id": user, "content_hash": submission.content_hash}
    same = [approvals.c[name] == value for name, value in values.items()]
    if c.execute(select(approvals.c.id).where(*same)).first() is None:
        c.execute(insert(approvals).values(**values, at=to_micros(now)))


def approvals_of(c: Connection, submission: Submission) -> list[Approval]:
    """Return who said yes to the submission as it is now."""
    query = (
        select(users.c.id, users.c.name, approvals.c.content_hash, approvals.c.at)
        .join_from(approvals, users)
        .where(approvals.c.submission_id == submission.id, approvals.c.content_hash == submission.content_hash)
        .order_by(approvals.c.id)
    )
    return [
        Approval(user=user, who=who, content_hash=content_hash, at=from_micros(at))
        for user, who, content_hash, at in c.execute(query)
    ]


def taken_slots(c: Connection, action: str) -> frozenset[tuple[str, str]]:
    """Return the slots of an action that have, or ever had, a submission in the queue: (post, occurrence)."""
    query = select(submissions.c.post, submissions.c.occurrence).where(
        submissions.c.action == action, submissions.c.occurrence != ""
    )
    queued = select(deliveries.c.post, deliveries.c.key).where(
        deliveries.c.action == action, deliveries.c.from_submission
    )
    slots = {(post, occurrence) for post, occurrence in c.execute(query)}
    for post, key in c.execute(queued):
        slots.add((post, key.removeprefix(f"{action}/{post}").rpartition("@")[0].lstrip("/")))
    return frozenset(slots)


def placed(c: Connection, *, since: datetime | None = None) -> list[Contribution]:
    """Return the approved submissions that have a slot (due after `since`), with their consent, in order of slots."""
    where = submissions.c.occurrence != ""
    if since is not None:
        where = and_(where, submissions.c.due_at > to_micros(since))
    return _approved(c, where, submissions.c.due_at)


def pool(c: Connection) -> list[Contribution]:
    """Return the approved submissions that wait for a slot that would stay empty, the oldest first."""
    waits = and_(submissions.c.occurrence == "", submissions.c.placing == str(Placing.pool))
    return _approved(c, waits, submissions.c.decided_at)


def _approved(c: Connection, where: ColumnElement[bool], order: Column[Any]) -> list[Contribution]:
    """Return approved submissions whose consent wasn't taken back; two queries, however many there are."""
    chosen = (submissions.c.stage == str(Stage.approved), consents.c.withdrawn_on.is_(None), where)
    query = select(submissions, *(column.label(f"consent_{column.name}") for column in consents.c))
    query = query.join_from(submissions, consents).where(*chosen).order_by(order, submissions.c.id)
    rows = c.execute(query).mappings().all()
    if not rows:
        return []
    ids = select(consents.c.id).join_from(submissions, consents).where(*chosen)
    allowed: dict[int, list[str]] = {}
    for consent, platform in c.execute(
        select(consent_networks).where(consent_networks.c.consent_id.in_(ids)).order_by(consent_networks.c.platform)
    ):
        allowed.setdefault(consent, []).append(platform)
    return [
        Contribution(submission=_from_row(row), consent=_consent(_given(row), allowed.get(row["consent_id"], ())))
        for row in rows
    ]


def _given(row: Any) -> dict[str, Any]:
    return {column.name: row[f"consent_{column.name}"] for column in consents.c}


# ── on their way ────────────────────────────────────────────────────────────────────────────────────────


def link(c: Connection, *, delivery_id: int, submission_id: int, consent_id: int, platform: str) -> None:
    """Bind a delivery to the consent it goes by. The database refuses a network that isn't consented to."""
    if c.execute(select(contributions.c.platform).where(contributions.c.delivery_id == delivery_id)).first():
        return
    values = {"submission_id": submission_id, "consent_id": consent_id, "platform": platform}
    c.execute(insert(contributions).values(delivery_id=delivery_id, **values))


def delivery_ids(c: Connection, submission: Submission) -> list[int]:
    """Return the database's ids of a submission's deliveries."""
    query = select(contributions.c.delivery_id).where(contributions.c.submission_id == submission.id)
    return list(c.execute(query.order_by(contributions.c.delivery_id)).scalars())


def whereabouts(c: Connection, submission: Submission) -> list[Whereabouts]:
    """Return where a submission's deliveries stand, with what a person still has to do about each."""
    of = deliveries.c
    query = (
        select(of.key, of.platform, of.status, of.url, of.withdraw_wanted, func.max(tasks.c.what))
        .join_from(contributions, deliveries)
        .outerjoin(tasks, (tasks.c.delivery_id == deliveries.c.id) & tasks.c.done_at.is_(None))
        .where(contributions.c.submission_id == submission.id)
        .group_by(deliveries.c.id)
        .order_by(deliveries.c.due_at, deliveries.c.key)
    )
    return [
        Whereabouts(
            key=key, platform=platform, status=Status(status), url=url, task=task or "", wanted_down=bool(wanted)
        )
        for key, platform, status, url, wanted, task in c.execute(query)
    ]


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    row = {}
    for name, value in values.items():
        plain = value
        if isinstance(value, datetime):
            plain = to_micros(value)
        elif isinstance(value, date):
            plain = value.isoformat()
        elif name in _JSON:
            plain = json.dumps([list(box) for box in value])
        elif name == "to_cover":
            plain = json.dumps(asdict(value)) if value is not None else ""
        elif isinstance(value, (Risk, Stage, NameMode, Placing)):
            plain = str(value)
        row["is_group" if name == "group" else name] = plain
    return row


def _from_row(row: Any) -> Submission:
    values = {name: row[name] for name in Submission.__dataclass_fields__ if name in row}
    for name in _MOMENTS:
        values[name] = None if row[name] is None else from_micros(row[name])
    for name in _JSON:
        values[name] = _boxes(json.loads(row[name]))
    values |= {
        "stage": Stage(row["stage"]),
        "risk": Risk(row["risk"]),
        "name_mode": NameMode(row["name_mode"]),
        "placing": Placing(row["placing"]) if row["placing"] else None,
        "day": date.fromisoformat(row["day"]) if row["day"] else None,
        "group": bool(row["is_group"]),
        "second_look": bool(row["second_look"]),
        "to_cover": _to_cover(row["to_cover"]),
    }
    return Submission(**values)


def _to_cover(kept: str) -> ToCover | None:
    found = json.loads(kept) if kept else None
    return found and ToCover(**{**found, "boxes": _boxes(found["boxes"])})


def _boxes(found: list[list[float]]) -> tuple[Box, ...]:
    return tuple((left, top, right, bottom) for left, top, right, bottom in found)
