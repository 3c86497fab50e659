"""New deliveries, many at once and one by one, on each database."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from scheduler.model import Content
from scheduler.status import Status
from scheduler.store import Connection, adding, deliveries, open_store
from scheduler.store.tables import events
from tests import databases
from tests.store.test_hashes import PLANNED
from tests.world import NOON

MANY = [
    replace(PLANNED, key=f"syria/{n}@x-en", post=str(n), content=Content(text=f"“Ça” 100% :n {n}", language="fr"))
    for n in range(5)
]


def _history(c: Connection) -> list[tuple[int, str, str, str]]:
    query = select(events.c.delivery_id, events.c.event, events.c.detail, events.c.worker).order_by(events.c.id)
    return [tuple(row) for row in c.execute(query)]


def test_each_of_many_begins_with_its_own_line(tmp_path: Path) -> None:
    """Proves that all are there as planned, under the ids that are told, each with one line, and nobody else's."""
    store = open_store(databases.nothing(tmp_path), tmp_path)
    with store.write() as c:
        alone = adding.add(c, PLANNED, status=Status.queued, worker="first", now=NOON)
        adding.add(
            c, replace(PLANNED, key="x@y"), status=Status.held, worker="first", now=NOON, hold="late", reason="so"
        )
    with store.write() as c:
        new = adding.Newcomers(c, MANY, within=timedelta(hours=1))
        for one in MANY:
            new.begin(one, Status.held if one is MANY[0] else Status.queued, reason="why" if one is MANY[0] else "")
        numbers = new.add(c, worker="second", now=NOON)
        assert list(numbers) == [one.key for one in MANY]
    with store.read() as c:
        found = {key: deliveries.by_key(c, key) for key in numbers}
        assert {key: one.id for key, one in found.items() if one} == numbers
        assert [one.content for one in found.values() if one] == [one.content for one in MANY]
        first, *others = numbers.values()
        assert _history(c)[2:] == [
            (first, "held", "why", "second"),
            *((number, "queued", "added", "second") for number in others),
        ]
        assert _history(c)[0] == (alone, "queued", "added", "first")
        assert _history(c)[1][1:] == ("held", "so", "first")
    store.close()


def test_none_at_all(tmp_path: Path) -> None:
    """Proves that a queue to which nothing is added stays as it is."""
    store = open_store(databases.nothing(tmp_path), tmp_path)
    with store.write() as c:
        assert adding.Newcomers(c, [], within=timedelta(hours=1)).add(c, worker="w", now=NOON) == {}
        assert _history(c) == []
    store.close()
