"""What people and files decide while a post is prepared and waits for its second: it counts when the post leaves."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.model import Lateness, Then
from scheduler.operations import deliver
from scheduler.operations.pause import pause
from scheduler.operations.release import approve
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from tests.world import NOON, World, post

KEY = "act/p@a"
DUE = NOON + timedelta(minutes=10)
LATE = Lateness(after=timedelta(minutes=20), then=Then.hold)


def _pause(world: World) -> None:
    pause(world.app, scope="all", name="", why="crisis", who="me")


def _withdraw(world: World) -> None:
    withdraw(world.app, KEY, who="me")


def _sleep_over_the_end(world: World) -> None:
    world.clock.move_to(DUE + timedelta(minutes=16))


def _sleep_too_long(world: World) -> None:
    """Here the action stays open."""
    world.clock.move_to(DUE + timedelta(minutes=21))


def _nothing(world: World) -> None:
    world.clock.move_to(DUE - timedelta(seconds=1))


def _write(world: World, text: str, closes: timedelta = timedelta(minutes=15)) -> None:
    world.write(post(text=text, at=DUE, late=LATE, approve=True), closes_at=DUE + closes)
    world.queue()


DECISIONS = (_pause, _withdraw, _sleep_over_the_end, _sleep_too_long, _nothing)


@pytest.mark.parametrize("decide", DECISIONS)
def test_it_counts_when_the_post_leaves(tmp_path: Path, decide: Callable[[World], None]):
    """A prepared post doesn't leave against what was decided after that, nor before its second."""
    world = World(tmp_path)
    _write(world, "A text", timedelta(hours=1) if decide is _sleep_too_long else timedelta(minutes=15))
    approve(world.app, KEY, who="me")
    world.clock.move_to(DUE - timedelta(minutes=1))
    assert deliver.stage_next(world.app)
    assert world[KEY].status is Status.staged
    decide(world)
    deliver.step(world.app)
    assert world.network.out == []
    if decide is not _nothing:
        world.clock.move_to(max(world.clock.now(), DUE))
    for _ in range(6):
        deliver.step(world.app)
    assert world.network.out == []
    world.close()


def test_an_edit_voids_what_was_approved(tmp_path: Path):
    """A post that was approved and then edited doesn't leave until a person has looked at it again."""
    world = World(tmp_path)
    _write(world, "A text")
    approve(world.app, KEY, who="me")
    _write(world, "Another text")
    world.let(timedelta(minutes=11))
    assert world.network.out == []
    assert world[KEY].status is Status.held
    approve(world.app, KEY, who="me")
    world.let(timedelta(minutes=1))
    assert [one.text for one in world.network.out] == ["Another text"]
    world.close()
