"""What the daemon asks all the time is found by an index, however many deliveries wait: nothing reads them all."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.store import claims, prepared
from scheduler.store.prepared import Plain
from tests import databases
from tests.world import NOON, World, post

ASKED = {
    "the next moment": claims._NEXT,
    "a claim to send": claims._TO_SEND,
    "a claim to prepare": claims._TO_STAGE,
    "the intent": claims._SENDING,
    "due under a pause": prepared.BLOCKED_BY_PAUSE,
    "what is in hand": prepared.LEASED,
    "past its window": prepared.PAST_WINDOW,
    "to be looked up": prepared.TO_LOOK_UP,
    "wanted down": prepared.WANTED_DOWN,
    "one by its id": prepared.BY_ID,
    "one by its key": prepared.BY_KEY,
}
_READS_ALL = re.compile(r"^SCAN (?:d|b|e|s|deliveries)\b(?! USING INDEX deliveries_(?:leased|put_off|unwanted))")


def _plan(world: World, statement: str) -> list[str]:
    with world.store.read() as c:
        raw = c.connection.driver_connection
        assert raw is not None
        names = set(re.findall(r":([a-z_]+)", statement))
        rows = raw.execute(f"EXPLAIN QUERY PLAN {statement}", dict.fromkeys(names, 1)).fetchall()
    return [row[3] for row in rows]


@databases.only("sqlite")
@pytest.mark.parametrize("name", ASKED)
def test_nothing_reads_all_deliveries(tmp_path: Path, name: str):
    """Each of the daemon's statements goes by an index of its own; SQLite says how it would go about it."""
    world = World(tmp_path)
    world.write(post(at=NOON + timedelta(hours=1)))
    world.queue()
    asked: Plain = ASKED[name]
    steps = _plan(world, asked.text["sqlite"])
    assert steps
    assert [step for step in steps if _READS_ALL.match(step)] == []
    if asked is not prepared.BLOCKED_BY_PAUSE:  # of two states, and seldom
        assert [step for step in steps if re.search("B-TREE FOR .*ORDER BY", step)] == []  # it lies there in order
    world.close()


@databases.only("sqlite")
def test_what_is_wanted_down_is_found_among_all_that_is_out(tmp_path: Path):
    """It is looked for every few seconds, and years of posts may be out."""
    world = World(tmp_path)
    steps = _plan(world, prepared.WANTED_DOWN.text["sqlite"])
    assert steps
    assert all("deliveries_unwanted" in step for step in steps)
    world.close()


@databases.only("sqlite")
def test_those_put_off_are_found_by_their_own_index(tmp_path: Path):
    """Few are put off and very many are queued: the next moment isn't looked for among the many."""
    world = World(tmp_path)
    steps = _plan(world, claims._NEXT.text["sqlite"])
    assert any("deliveries_put_off" in step for step in steps)
    assert any("deliveries_by_close" in step for step in steps)
    world.close()
