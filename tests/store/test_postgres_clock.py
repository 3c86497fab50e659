"""A machine whose clock and the database's differ takes nothing in hand: leases go by both."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.app import ClockError
from scheduler.clock import SystemClock
from scheduler.daemon import run_once
from scheduler.operations import deliver, recover
from scheduler.status import Status
from tests.world import World, post

DATABASES = ("postgresql",)


class Wrong(SystemClock):
    """A clock that is wrong by some length."""

    by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.by


@pytest.mark.parametrize(("minutes", "way"), [(-4, "behind"), (4, "ahead of")])
def test_a_machine_that_is_adrift_sends_nothing(tmp_path: Path, minutes: int, way: str):
    """It says so, takes no lease for lost, and goes on as soon as the clocks agree."""
    world = World(tmp_path)
    clock = Wrong()
    app = world.daemon("adrift")
    app.clock = clock
    world.clock.move_to(clock.now())
    world.write(post(at=clock.now() - timedelta(minutes=1)))
    world.queue()
    assert deliver.stage_next(world.app)
    clock.by = timedelta(minutes=minutes)
    with pytest.raises(ClockError, match=f"2[34][0-9] seconds {way}"):
        app.heed_clock()
    assert (deliver.step(app), recover.step(app)) == (False, False)
    with pytest.raises(ClockError, match="time server"):
        run_once(app)
    assert world["act/p@a"].status is Status.staged
    clock.by = timedelta()
    app.heed_clock()
    assert deliver.step(app)
    assert world["act/p@a"].status is Status.published
    world.close()
