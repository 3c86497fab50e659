"""A worker falls asleep for longer than its lease at any point of a delivery, and wakes when another has gone on.

The points are those of `test_thread_races`: before each transaction, and around each step of preparing. Not around the
visible call: of a request that leaves minutes late only its network can say what it counts (`test_networks_workers`).
"""

import itertools
import os
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event

from scheduler.operations import deliver, recover
from scheduler.status import Status
from scheduler.store import deliveries
from tests.reliability.test_thread_races import KEY, OLD, RacedWorld
from tests.world import NOON, post

STEP = int(os.environ.get("SOLIDARITY_KILL_STEP", "3"))
LONGER_THAN_A_LEASE = timedelta(minutes=4)


class Drowsy(RacedWorld):
    """A world in which a worker sleeps once, at its `at`-th point, while another one does all there is to do."""

    def __init__(self, folder: Path, at: int) -> None:
        super().__init__(folder)
        self.at = at
        self.passed = 0
        self.asleep = self.looking = False

    def point(self, *_: object) -> None:
        """Fall asleep, where this is the point for it."""
        if self.asleep or self.network.calling or self.looking:
            return
        self.passed += 1
        if self.passed == self.at:
            self.asleep = True
            self.clock.move_to(self.clock.now() + LONGER_THAN_A_LEASE)
            self.let(timedelta(minutes=30), self.daemon("other"))
            self.asleep = False

    def work(self) -> None:
        """Let the sleepy worker do its work, and then all that is left."""
        event.listen(self.store.engine, "engine_connect", self.point)
        self.network.point = self.point
        while not self.is_over():
            assert self.clock.now() < NOON + timedelta(hours=2), self.history(KEY)
            recover.step(self.app)
            deliver.step(self.app)
            self.clock.move_to(self.clock.now() + timedelta(seconds=20))
        event.remove(self.store.engine, "engine_connect", self.point)
        del self.network.point
        self.let(timedelta(hours=1))

    def is_over(self) -> bool:
        """Tell whether all is out, without that being a point."""
        self.looking = True
        try:
            return self[KEY].status is Status.published
        finally:
            self.looking = False


def test_a_worker_that_oversleeps(tmp_path: Path):
    """Every part is out once and in order, and the book says so, whatever the one that wakes believes and writes."""
    for number in itertools.count(1, STEP):
        world = Drowsy(tmp_path / f"at-{number}", number)
        world.work()
        assert world.network.complaints == []
        assert world.texts() == OLD, f"asleep at point {number}"
        assert world[KEY].status is Status.published, f"asleep at point {number}: {world.history(KEY)}"
        assert len(world[KEY].parts) == len(OLD)
        world.end()
        if world.passed < number:
            break
    assert number > 20, "a delivery has hardly any points"


def test_what_a_dead_worker_held_is_nobodys(tmp_path: Path):
    """While a worker has a delivery in hand, dead or alive, nobody takes another one of that account."""
    world = RacedWorld(tmp_path)
    world.write(*(post(name, at=NOON + timedelta(minutes=1)) for name in ("q", "r")))
    world.queue()
    world.clock.move_to(NOON)
    world.network.waits.clear()
    assert deliver.stage_next(world.app)
    assert deliver.stage_next(world.app)
    assert [world[f"act/{name}@a"].status for name in ("q", "r")] == [Status.staged] * 2
    world.clock.move_to(NOON + timedelta(minutes=1))
    with world.store.write() as c:
        first = next(iter(deliveries.in_status(c, Status.staged)))
        deliveries.set_columns(c, first, lease_owner="gone", lease_until=world.clock.now() + timedelta(minutes=2))
    assert not deliver.send_next(world.daemon("other"))
    assert world.network.out == []
    world.let(timedelta(hours=1))
    assert len(world.network.out) == 2
    world.end()
