"""What the pages of the schedule ask the queue: counts, and the few rows that a page shows. It reads, no more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from scheduler.status import Status
from scheduler.store.controls import released
from scheduler.store.records import Delivery, from_micros, from_row, to_micros
from scheduler.store.tables import deliveries as table

ASKING = (Status.held, Status.unknown, Status.needs_human, Status.failed)
"""Where a delivery may wait for a person."""

_ON_ITS_WAY = (Status.queued, Status.claimed, Status.staged, Status.sending)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a page is narrowed to; empty words ask for all."""

    action: str = ""
    account: str = ""
    statuses: tuple[Status, ...] = ()

    def within(self, since: datetime, until: datetime) -> ColumnElement[bool]:
        """Return the condition for what is due from `since` until before `until`."""
        # The states are always named: the index of times begins with them.
        return and_(
            table.c.status.in_([str(status) for status in self.statuses or Status]),
            table.c.due_at >= to_micros(since),
            table.c.due_at < to_micros(until),
            *([table.c.action == self.action] if self.action else []),
            *([table.c.account == self.account] if self.account else []),
        )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One delivery in a cell of the calendar."""

    key: str
    action: str
    post: str
    account: str
    platform: str
    status: Status
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Span:
    """What is due in one stretch of time: how many in each state, and the first of them."""

    counts: dict[Status, int]
    first: list[Entry]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())

    @property
    def more(self) -> int:
        """How many of them `first` leaves out."""
        return self.total - len(self.first)


def counts(c: Connection, since: datetime, until: datetime, wanted: Wanted) -> dict[Status, int]:
    """Return how many stand in each state that has any."""
    query = select(table.c.status, func.count()).where(wanted.within(since, until)).group_by(table.c.status)
    return {Status(status): int(number) for status, number in c.execute(query)}


def spans(c: Connection, edges: Sequence[datetime], wanted: Wanted, *, most: int) -> list[Span]:
    """Return what is due between each edge and the next, with the first `most` of each, in two statements."""
    # Days have 23, 24 or 25 hours: each is told by its own two edges.
    place = case(
        *((table.c.due_at < to_micros(edge), number) for number, edge in enumerate(edges[1:])), else_=len(edges)
    )
    where = wanted.within(edges[0], edges[-1])
    found = [Span(counts={}, first=[]) for _ in edges[1:]]
    # Grouped by the expression, not by a name: the table has columns of its own.
    counted = select(place.label("stretch"), table.c.status, func.count()).where(where).group_by(place, table.c.status)
    for number, status, count in c.execute(counted):
        found[number].counts[Status(status)] = int(count)
    rank = func.row_number().over(partition_by=place, order_by=(table.c.due_at, table.c.key)).label("rank")
    ranked = select(table.c.id, place.label("stretch"), rank).where(where).subquery()
    query = (
        select(ranked.c.stretch, *_ENTRY)
        .join_from(ranked, table, table.c.id == ranked.c.id)
        .where(ranked.c.rank <= most)
        .order_by(table.c.due_at, table.c.key)
    )
    for row in c.execute(query).mappings():
        values = {**row, "status": Status(row["status"]), "due_at": from_micros(row["due_at"])}
        found[values.pop("stretch")].first.append(Entry(**values))
    return found


_ENTRY = (
    table.c.key,
    table.c.action,
    table.c.post,
    table.c.account,
    table.c.platform,
    table.c.status,
    table.c.due_at,
)


# ── what waits for a person ─────────────────────────────────────────────────────────────────────────────


def asking(c: Connection) -> dict[tuple[Status, str], int]:
    """Return how many wait for a person, by their state and by what holds them."""
    query = select(table.c.status, table.c.hold, func.count()).where(table.c.status.in_([str(one) for one in ASKING]))
    return {
        (Status(status), hold): int(number)
        for status, hold, number in c.execute(query.group_by(table.c.status, table.c.hold))
    }


def waiting(c: Connection, status: Status, hold: str = "", *, limit: int, but: Collection[str] = ()) -> list[Delivery]:
    """Return the first deliveries in a state, by their times; held by one word, or by any but some."""
    query = select(table).where(
        table.c.status == str(status), table.c.hold.not_in(but), *([table.c.hold == hold] if hold else [])
    )
    return [from_row(row) for row in c.execute(query.order_by(table.c.due_at, table.c.key).limit(limit)).mappings()]


def overdue(c: Connection, before: datetime) -> int:
    """Return how many should have gone out before a moment, and haven't."""
    late = (table.c.status.in_([str(one) for one in _ON_ITS_WAY]), table.c.due_at < to_micros(before))
    return int(c.execute(select(func.count()).where(*late)).scalar_one())


@dataclass(frozen=True, kw_only=True)
class Unreleased:
    """An action that waits for a person's word."""

    action: str
    deliveries: int  # that are held for it
    next_at: datetime  # when the first of them is due


def unreleased(c: Connection) -> list[Unreleased]:
    """Return the actions that hold deliveries until they are released, the most urgent first."""
    opened = released(c)
    held = (table.c.status == str(Status.held), table.c.hold == "release")
    query = select(table.c.action, func.count(), func.min(table.c.due_at)).where(*held).group_by(table.c.action)
    found = [
        Unreleased(action=action, deliveries=int(number), next_at=from_micros(first))
        for action, number, first in c.execute(query)
        if action not in opened
    ]
    return sorted(found, key=lambda one: (one.next_at, one.action))


def of_action(c: Connection, action: str, status: Status, hold: str, *, limit: int) -> list[Delivery]:
    """Return the first deliveries of an action that one word holds."""
    where = (table.c.action == action, table.c.status == str(status), table.c.hold == hold)
    found = c.execute(select(table).where(*where).order_by(table.c.due_at, table.c.key).limit(limit)).mappings()
    return [from_row(row) for row in found]


def actions(c: Connection) -> set[str]:
    """Return the actions that have deliveries, whether or not there is still a file of that name."""
    return set(c.execute(select(table.c.action).distinct()).scalars())


# ── the accounts ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one account stands."""

    last_at: datetime | None  # when it last published
    next_at: datetime | None  # when its next one is due
    left: int  # how many are still to go out


def accounts(c: Connection) -> dict[str, Standing]:
    """Return how each account that has deliveries stands, in two statements."""
    to_go = (Status.queued, Status.held, Status.claimed, Status.staged, Status.sending)
    out = select(table.c.account, func.max(table.c.published_at)).where(table.c.status == str(Status.published))
    last = {account: at for account, at in c.execute(out.group_by(table.c.account)) if at is not None}
    waits = select(table.c.account, func.min(table.c.due_at), func.count()).where(
        table.c.status.in_([str(one) for one in to_go])
    )
    ahead = {account: (at, int(number)) for account, at, number in c.execute(waits.group_by(table.c.account))}
    return {
        account: Standing(
            last_at=from_micros(last[account]) if account in last else None,
            next_at=from_micros(ahead[account][0]) if account in ahead else None,
            left=ahead[account][1] if account in ahead else 0,
        )
        for account in last.keys() | ahead.keys()
    }
