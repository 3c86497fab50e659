"""What a delivery of a submission goes by: a consent that holds, moderators' yes to what it is, and its slot.

The condition stands in the statements that claim a delivery and that commit it (`claims`): nothing is read first and
trusted later. The rest is the same in words, for people.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, delete, select, text

from scheduler.model import Content, Planned
from scheduler.store import submissions
from scheduler.store.records import Delivery, from_micros, from_row, to_micros, wording
from scheduler.store.tables import contributions
from scheduler.submission import Submission

_ENOUGH = """(SELECT COUNT(DISTINCT y.user_id) FROM approvals y
        WHERE y.submission_id = s.id AND y.content_hash = s.content_hash)
    >= CASE WHEN s.risk = 'high' OR s.second_look THEN 2 ELSE 1 END"""
_HOLDS = f"""k.delivery_id = d.id AND k.platform = d.platform
    AND a.withdrawn_on IS NULL AND (a.expires_on IS NULL OR a.expires_on >= :today)
    AND s.stage = 'approved' AND COALESCE(s.not_before, 0) <= :now
    AND d.key = s.action || '/' || s.post || '/' || s.occurrence || '@' || d.account
    AND {_ENOUGH}"""
CONSENTED = f"""(NOT d.from_submission OR EXISTS (SELECT 1 FROM contributions k
    JOIN consents a ON a.id = k.consent_id JOIN submissions s ON s.id = k.submission_id WHERE {_HOLDS}))"""  # noqa: S608 - of the texts above
"""SQL: delivery `d` shows nobody's picture, or one that may go at `:now`, on the day `:today`."""

# CROSS JOIN keeps SQLite on its way from the contributions: there are few of them, however much else waits.
WAITING = """contributions w CROSS JOIN deliveries d WHERE d.id = w.delivery_id
    AND d.status IN ('queued', 'staged') AND d.lease_owner IS NULL AND COALESCE(d.not_before, 0) <= :now"""
"""SQL: the deliveries `d` of submissions that wait for their time."""

_BLOCKED = text(
    f"SELECT d.* FROM {WAITING} AND (d.due_at <= :now OR d.status = 'staged') AND NOT {CONSENTED} LIMIT 500"  # noqa: S608 - of the texts above
)


def today(now: datetime) -> str:
    """Return the day, in UTC, that consents are held against."""
    return now.date().isoformat()


def blocked(c: Connection, now: datetime) -> Sequence[Delivery]:
    """Return what has come due, or is prepared, of a submission that may not go: it is held rather than left late."""
    found = c.execute(_BLOCKED, {"now": to_micros(now), "today": today(now)}).mappings()
    return [from_row(row) for row in found]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How it stands with the submission of a delivery."""

    stage: str
    withdrawn: bool
    expires_on: date | None
    not_before: datetime | None  # the end of the cooling-off time
    enough: bool  # people have said yes to it as it is
    in_slot: bool  # the delivery is the one of its slot


def standing(c: Connection, delivery: Delivery) -> Standing | None:
    """Return how it stands with the submission of a delivery; None where no consent is on file at all."""
    query = text(
        f"""SELECT s.stage, a.withdrawn_on, a.expires_on, s.not_before, {_ENOUGH} AS enough,
        d.key = s.action || '/' || s.post || '/' || s.occurrence || '@' || d.account AS in_slot
        FROM contributions k JOIN deliveries d ON d.id = k.delivery_id
        JOIN consents a ON a.id = k.consent_id JOIN submissions s ON s.id = k.submission_id
        WHERE k.delivery_id = :id"""  # noqa: S608 - of the texts above
    )
    row = c.execute(query, {"id": delivery.id}).mappings().first()
    if row is None:
        return None
    return Standing(
        stage=row["stage"],
        withdrawn=row["withdrawn_on"] is not None,
        expires_on=date.fromisoformat(row["expires_on"]) if row["expires_on"] else None,
        not_before=from_micros(row["not_before"]) if row["not_before"] else None,
        enough=bool(row["enough"]),
        in_slot=bool(row["in_slot"]),
    )


@dataclass(frozen=True, kw_only=True)
class Yes:
    """The moderators' yes to a submission as it is."""

    people: int
    at: datetime  # the last one


def given(c: Connection) -> dict[int, Yes]:
    """Return the yeses to each approved submission, by its id."""
    query = text(
        """SELECT s.id, COUNT(DISTINCT y.user_id) AS people, MAX(y.at) AS at FROM submissions s
        JOIN approvals y ON y.submission_id = s.id AND y.content_hash = s.content_hash
        WHERE s.stage = 'approved' GROUP BY s.id"""
    )
    return {int(number): Yes(people=int(people), at=from_micros(at)) for number, people, at in c.execute(query)}


def worded(c: Connection) -> dict[tuple[int, str], int]:
    """Return how many people have said yes to each hash of an approved submission: to its captions among others."""
    query = text(
        """SELECT y.submission_id, y.content_hash, COUNT(DISTINCT y.user_id) FROM approvals y
        JOIN submissions s ON s.id = y.submission_id WHERE s.stage = 'approved'
        GROUP BY y.submission_id, y.content_hash"""
    )
    return {(int(number), str(what)): int(people) for number, what, people in c.execute(query)}


def say_yes_to(c: Connection, submission: Submission, said: Iterable[Content], *, user: int, now: datetime) -> None:
    """Keep that one moderator's yes was to these captions: no others are what was said yes to."""
    for what in sorted({wording(content) for content in said}):
        submissions.approve(c, replace(submission, content_hash=what), user=user, now=now)


def noted(c: Connection) -> dict[int, datetime]:
    """Return when the queue last took over, or took out, anything of each submission that it ever had."""
    query = text(
        """SELECT k.submission_id, MAX(e.at) FROM contributions k JOIN events e ON e.delivery_id = k.delivery_id
        WHERE e.event IN ('edited', 'cancelled')
            OR e.id = (SELECT MIN(f.id) FROM events f WHERE f.delivery_id = k.delivery_id)
        GROUP BY k.submission_id"""
    )
    return {int(number): from_micros(at) for number, at in c.execute(query)}


def yeses_to(c: Connection, submission: int, what: str) -> int:
    """Return how many people have said yes to what `what` is the hash of."""
    query = text("SELECT COUNT(DISTINCT user_id) FROM approvals WHERE submission_id = :id AND content_hash = :what")
    return int(c.execute(query, {"id": submission, "what": what}).scalar_one())


def linked(c: Connection) -> dict[int, int]:
    """Return the submission of each delivery that has one, by the database's ids."""
    query = select(contributions.c.delivery_id, contributions.c.submission_id)
    return {int(delivery): int(submission) for delivery, submission in c.execute(query)}


def bind(c: Connection, delivery_id: int, planned: Planned) -> None:
    """Bind a delivery to the consent that it goes by, and to no other. The database refuses an unconsented network."""
    bound = linked_to(c, delivery_id)
    if bound is not None and bound != planned.submission_id:
        c.execute(delete(contributions).where(contributions.c.delivery_id == delivery_id))
    if planned.submission_id is not None and planned.consent_id is not None:
        submissions.link(
            c,
            delivery_id=delivery_id,
            submission_id=planned.submission_id,
            consent_id=planned.consent_id,
            platform=planned.platform,
        )


def linked_to(c: Connection, delivery_id: int) -> int | None:
    """Return the submission of a delivery; None where it has none."""
    return c.execute(select(contributions.c.submission_id).where(contributions.c.delivery_id == delivery_id)).scalar()


def any_handed_in(c: Connection) -> bool:
    """Tell whether there is, or was, anything that volunteers handed in."""
    return c.execute(text("SELECT 1 FROM submissions WHERE stage <> 'draft' LIMIT 1")).first() is not None


def state(c: Connection, now: datetime) -> object:
    """Return something small that is another whenever the queue may have to follow the submissions."""
    query = text(
        """SELECT COUNT(*), SUM(version), MAX(id), (SELECT COUNT(*) FROM approvals),
        (SELECT COUNT(*) FROM consents WHERE withdrawn_on IS NOT NULL) FROM submissions WHERE stage <> 'draft'"""
    )
    return (today(now), *c.execute(query).one())
