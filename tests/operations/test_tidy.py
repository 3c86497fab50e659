"""Housekeeping drops what no one needs, and nothing else."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from scheduler.model import Lateness, Then
from scheduler.operations.tidy import takes_turn, tidy
from scheduler.operations.withdraw import withdraw
from scheduler.renders import KEPT
from scheduler.status import Status
from scheduler.store import controls, deliveries
from scheduler.store.leases import identity
from scheduler.store.rollup import OLD
from tests.world import NOON, World, post


def test_only_old_renders_and_dead_daemons_go(tmp_path: Path):
    """A fresh render, a living daemon, the queue and its history stay."""
    world = World(tmp_path)
    rendered = tmp_path / "var/rendered"
    rendered.mkdir()
    for name, age in (("old.jpg", KEPT.total_seconds() + 60), ("new.jpg", 60)):
        (rendered / name).write_bytes(b"picture")
        os.utime(rendered / name, (NOON.timestamp() - age,) * 2)
    machine = identity().partition("/")[0]
    with world.store.write() as c:
        controls.beat(c, f"{machine}/999999999/1", NOON)
        controls.beat(c, identity(), NOON)
    world.write(post())
    world.queue()
    world.run()
    before = world.history("act/p@a")
    assert tidy(world.app) == 1
    assert [file.name for file in rendered.iterdir()] == ["new.jpg"]
    with world.store.read() as c:
        assert list(controls.beats(c)) == [identity()]
    assert world["act/p@a"].status is Status.published
    assert world.history("act/p@a") == before
    world.close()


DAY = timedelta(days=1)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[World]:
    """Return a world in which a delivery had a hard time before it went out and came down, and another one waits."""
    world = World(tmp_path, late=Lateness(after=DAY, then=Then.publish))
    world.network.faults = ["later"] * 8 + ["lost-before"]
    world.write(post(text="Hello"), post("waits", at=NOON + 4 * OLD, text="later"))
    world.queue()
    world.let(DAY)
    withdraw(world.app, "act/p@a", who="ada")
    world.run()
    assert world["act/p@a"].status is Status.withdrawn
    assert world["act/p@a"].attempts == 10
    yield world
    world.close()


def _steps(world: World, key: str) -> list[tuple[str, str]]:
    delivery = world[key]
    with world.store.read() as c:
        return [(event, detail) for _, event, detail in deliveries.history(c, delivery.id)]


def test_the_history_of_what_ended_long_ago_is_condensed(told: World):
    """Every sending, outcome and word of a person stays, in its place; what repeated itself in between is counted."""
    before = _steps(told, "act/p@a")
    tidy(told.app)
    assert _steps(told, "act/p@a") == before, "what is younger stays whole"
    told.clock.move_to(NOON + OLD + 2 * DAY)
    tidy(told.app)
    after = _steps(told, "act/p@a")
    [(position, said)] = [(number, detail) for number, (event, detail) in enumerate(after) if event == "rolled-up"]
    gone = len(before) - len(after) + 1
    assert gone >= 15
    assert said.startswith(f"{gone} steps like those before and after, until 2026-03-02 ")
    left = [step for step in after if step[0] != "rolled-up"]
    rest = iter(before)
    assert all(step in rest for step in left), "in their order"
    assert after[:position] == before[:position]
    telling = {"sending", "published", "withdraw-wanted", "withdrawn"}
    assert [one for one in after if one[0] in telling] == [one for one in before if one[0] in telling]
    assert {one[0] for one in after} - {"rolled-up"} == {one[0] for one in before}
    assert [one for one in after if "proven" in one[1]]
    tidy(told.app)
    assert _steps(told, "act/p@a") == after, "done once"
    assert _steps(told, "act/waits@a") == [("queued", "added")]
    assert told.network.times("act/p@a") == 1


def test_two_daemons_condense_at_once(told: World):
    """The second finds nothing left to do, and both tell the same."""
    told.clock.move_to(NOON + OLD + 2 * DAY)
    tidy(told.app)
    after = _steps(told, "act/p@a")
    tidy(told.daemon("second"))
    assert _steps(told, "act/p@a") == after
    assert sum(event == "rolled-up" for event, _ in after) == 1


def test_nothing_but_the_roll_up_deletes_a_step(told: World):
    """The database refuses it without its mark, past its mark, and for what hasn't ended: on either database."""
    told.clock.move_to(NOON + OLD + 2 * DAY)
    ended, waits = told["act/p@a"].id, told["act/waits@a"].id
    tidy(told.app)
    for number in (ended, waits):
        _check_refused(told, "DELETE FROM events WHERE delivery_id = :id", number)
        _check_refused(told, "UPDATE events SET detail = '' WHERE delivery_id = :id", number)
    _check_refused(told, "DELETE FROM events WHERE delivery_id = :id", waits, mark="9" * 17)
    _check_refused(told, "DELETE FROM events WHERE delivery_id = :id", ended, mark="0")
    _check_refused(told, "DELETE FROM receipts WHERE delivery_id = :id", ended, mark="9" * 17)


def _check_refused(world: World, statement: str, number: int, mark: str | None = None) -> None:
    def attempt() -> None:
        with world.store.write() as c:
            if mark is not None:
                controls.set_meta(c, "rolled_up_to", mark)
            c.execute(text(statement), {"id": number})

    with pytest.raises(SQLAlchemyError, match="append-only"):
        attempt()


def test_one_daemon_of_several_does_the_chores(tmp_path: Path):
    """Whoever comes first, once in half an hour; none of them has to be there all the time, and no clock stops it."""
    world = World(tmp_path)
    one, other = world.daemon("one"), world.daemon("other")
    assert takes_turn(one)
    world.clock.move_to(NOON + timedelta(minutes=29))
    assert not takes_turn(other)
    assert not takes_turn(one)
    world.clock.move_to(NOON + timedelta(minutes=30))
    assert takes_turn(other)
    world.clock.move_to(NOON - timedelta(days=365))
    assert takes_turn(one)
