"""Slots that would stay empty go to the pool, and to submissions whose slot was taken out of the file."""

from dataclasses import replace
from datetime import timedelta

from scheduler.model import Every
from scheduler.operations.fill import fill
from scheduler.status import Status
from scheduler.submission import Placing
from tests.operations.test_submissions_queue import HOUR, KEY, loaded, world
from tests.world import NOON, post

__all__ = ["world"]


def test_the_pool_fills_what_would_stay_empty(world):
    """The oldest of the pool gets the next free slot, once it is due within a day; each goes out once."""
    every = Every(rrule="FREQ=DAILY", time=NOON.time(), since=NOON.date(), until=NOON.date() + timedelta(days=9))
    world.write(replace(post("v", submissions=True), at=None, every=every))
    first = world.submit(placing=Placing.pool, message="First")
    world.clock.move_to(NOON + timedelta(seconds=1))
    world.submit(placing=Placing.pool, message="Second")
    said = []
    for _ in range(6):
        fill(world.app, loaded(world))
        world.queue()
        world.let(timedelta(days=1))
        said = [one.media[0].alt.partition("“")[2].partition("”")[0] for one in world.network.out]
    assert said == ["First", "Second"]
    assert first.occurrence == ""


def test_a_slot_that_somebody_has_is_not_filled(world):
    """The pool takes only what is free."""
    world.submit(world.slots()[0])
    world.submit(placing=Placing.pool)
    assert fill(world.app, loaded(world)) == 0


def test_the_pool_needs_a_network_that_fits(world):
    """A slot that reaches no network that was consented to isn't for this submission."""
    world.submit(placing=Placing.pool, networks=["other"])
    assert fill(world.app, loaded(world)) == 0


def test_a_slot_that_moved_keeps_its_photo(world):
    """When the time in the file is changed, the submission gets the new slot, and is approved again before it goes."""
    world.submit(world.slots()[0])
    world.queue()
    world.clock.move_to(NOON + HOUR / 2)
    world.write(post("v", at=NOON + 2 * HOUR, submissions=True))
    world.queue()
    assert world[KEY].status is Status.cancelled
    assert fill(world.app, loaded(world)) == 1
    world.queue()
    assert world["act/v/2026-03-02T14:00@a"].hold == "approval"
