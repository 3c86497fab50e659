"""What was handed in, as lists show it: few columns of many rows, in a fixed number of statements."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select

from scheduler.model import Risk
from scheduler.status import Status
from scheduler.store.records import from_micros
from scheduler.store.tables import approvals as yeses
from scheduler.store.tables import consent_networks as networks
from scheduler.store.tables import consents as consented_to
from scheduler.store.tables import contributions, deliveries, submissions, users
from scheduler.submission import Approval, Consent, NameMode, Stage


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One that waits for the moderators; just enough to tell which comes next."""

    id: int
    ref: str
    action: str
    risk: Risk  # its own
    uploaded_by: int | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where one submission stands: nothing of what it shows, says or whom it names."""

    id: int
    ref: str
    action: str
    stage: Stage
    day: date | None
    due_at: datetime | None
    reason: str
    on_its_way: dict[Status, int]  # how many of its deliveries are in each state


def waiting(c: Connection, *, action: str = "") -> list[Waiting]:
    """Return all that wait for the moderators, oldest first; of one action, or of any."""
    columns = (submissions.c[name] for name in ("id", "ref", "action", "risk", "uploaded_by"))
    query = select(*columns).where(submissions.c.stage == str(Stage.pending)).order_by(submissions.c.id)
    if action:
        query = query.where(submissions.c.action == action)
    return [Waiting(**{**row, "risk": Risk(row["risk"])}) for row in c.execute(query).mappings()]


def standing(
    c: Connection, *, stages: Collection[Stage], action: str = "", before: int | None = None, limit: int
) -> list[Standing]:
    """Return where submissions in `stages` stand, newest first; `before` is the id of the last one seen."""
    columns = [submissions.c[name] for name in ("id", "ref", "action", "stage", "day", "due_at", "reason")]
    query = select(*columns).where(submissions.c.stage.in_([str(stage) for stage in stages]))
    if action:
        query = query.where(submissions.c.action == action)
    if before is not None:
        query = query.where(submissions.c.id < before)
    rows = c.execute(query.order_by(submissions.c.id.desc()).limit(limit)).mappings().all()
    states = _states(c, [row["id"] for row in rows])
    return [
        Standing(
            id=row["id"],
            ref=row["ref"],
            action=row["action"],
            stage=Stage(row["stage"]),
            day=date.fromisoformat(row["day"]) if row["day"] else None,
            due_at=None if row["due_at"] is None else from_micros(row["due_at"]),
            reason=row["reason"],
            on_its_way=states.get(row["id"], {}),
        )
        for row in rows
    ]


def consents(c: Connection, numbers: Collection[int]) -> dict[int, Consent]:
    """Return what was agreed to about each of these submissions, by the database's ids."""
    query = select(consented_to, networks.c.platform).join_from(consented_to, networks, isouter=True)
    query = query.where(consented_to.c.submission_id.in_(numbers)).order_by(networks.c.platform)
    rows: dict[int, Any] = {}
    platforms: dict[int, list[str]] = {}
    for row in c.execute(query).mappings():
        rows[row["submission_id"]] = row
        platforms.setdefault(row["submission_id"], []).extend([row["platform"]] if row["platform"] else [])
    return {number: _consent(row, platforms[number]) for number, row in rows.items()}


def _consent(row: Any, platforms: list[str]) -> Consent:
    values = {name: row[name] for name in Consent.__dataclass_fields__ if name in row}
    for name in ("day", "expires_on", "withdrawn_on"):
        values[name] = date.fromisoformat(row[name]) if row[name] else None
    values |= {"networks": tuple(platforms), "name_mode": NameMode(row["name_mode"]), "risk": Risk(row["risk"])}
    return Consent(**values)


def approvals(c: Connection, numbers: Collection[int]) -> dict[int, list[Approval]]:
    """Return who said yes to each of these submissions as it is now."""
    same = (yeses.c.submission_id == submissions.c.id) & (yeses.c.content_hash == submissions.c.content_hash)
    query = (
        select(yeses.c.submission_id, users.c.id, users.c.name, yeses.c.content_hash, yeses.c.at)
        .join_from(yeses, submissions, same)
        .join(users, users.c.id == yeses.c.user_id)
        .where(yeses.c.submission_id.in_(numbers))
        .order_by(yeses.c.id)
    )
    found: dict[int, list[Approval]] = {}
    for number, user, who, content_hash, at in c.execute(query):
        yes = Approval(user=user, who=who, content_hash=content_hash, at=from_micros(at))
        found.setdefault(number, []).append(yes)
    return found


def _states(c: Connection, numbers: Collection[int]) -> dict[int, dict[Status, int]]:
    """Return how many deliveries of each of these submissions are in each state."""
    number = contributions.c.submission_id
    query = (
        select(number, deliveries.c.status, func.count())
        .join_from(contributions, deliveries)
        .where(number.in_(numbers))
        .group_by(number, deliveries.c.status)
        .order_by(number, deliveries.c.status)
    )
    found: dict[int, dict[Status, int]] = {}
    for one, status, count in c.execute(query):
        found.setdefault(one, {})[Status(status)] = int(count)
    return found
