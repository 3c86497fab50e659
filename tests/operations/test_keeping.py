"""A film takes its time: whoever prepares it keeps it, and is seen to be at work; but not without end."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest

from scheduler import cleaning, keeping
from scheduler.daemon.signs import Signs
from scheduler.model import CardOrder, Outgoing, Staged, Text
from scheduler.operations import deliver, recover
from scheduler.status import Status
from scheduler.store import StateError, claims, deliveries
from tests.world import World, post

KEY = "act/p@a"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world with one post that is due."""
    made = World(tmp_path)
    made.write(post(card=CardOrder(message=Text({"": "We stand with you"}), theme=None, language="en", qr=False)))
    made.queue()
    yield made
    made.close()


class Slow:
    """A network that takes a file for half an hour, as the clocks of the lease and of the watchdog go."""

    def __init__(self, world: World) -> None:
        self.world, self.now, self.faults, self.freed = world, 0.0, list[str](), 0
        self.signs = Signs(lambda: self.now)
        self.sign = self.signs.new("lane 1", allowed=deliver.LEASE.total_seconds())
        self.told = threading.Event()
        publisher = world.app.publisher("a")
        self.stage = publisher.stage
        publisher.stage = self.slowly  # type: ignore[method-assign]

    def minute(self) -> None:
        """Let a minute pass, of which the timer hears."""
        self.now += MINUTE.total_seconds()
        self.world.clock.move_to(self.world.clock.now() + MINUTE)
        for _ in range(2):  # the first may have been on its way when the minute began
            self.told.clear()
            assert self.told.wait(60)
        self.faults += self.signs.faults()
        self.freed += recover.free_leases(self.world.app)

    def slowly(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Stage, after fifteen minutes."""
        for _ in range(15):
            self.minute()
        return self.stage(out, begun)


def test_a_long_preparation_keeps_its_delivery_and_is_no_hang(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a quarter of an hour no other lane takes it, and the watchdog hears of nothing; then it is prepared once."""
    slow = Slow(world)
    monkeypatch.setattr(keeping, "_STEP_SECONDS", 0.001)
    seen = slow.sign.seen
    monkeypatch.setattr(slow.sign, "seen", lambda: (seen(), slow.told.set()))
    slow.sign.busy()
    assert deliver.stage_next(world.app)
    slow.sign.idle()
    assert (slow.faults, slow.freed, world[KEY].status) == ([], 0, Status.staged)
    assert world.history(KEY) == ["queued", "claimed", "staged"]
    assert not [thread for thread in threading.enumerate() if thread.name == "keeping"]


def test_a_hang_is_noticed_after_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the longest time nothing is prolonged, and nobody speaks for the thread any more."""
    monkeypatch.setattr(keeping, "_STEP_SECONDS", 0.0)
    monkeypatch.setattr(keeping, "LONGEST", timedelta())
    monkeypatch.setattr(keeping, "prolong", lambda *_, **__: pytest.fail("prolonged"))
    now = [0.0]
    signs = Signs(lambda: now[0])
    signs.new("lane 1", allowed=180).busy()
    with keeping.kept(world.app, _claimed(world), lease=deliver.LEASE):
        now[0] = 181
        for thread in [one for one in threading.enumerate() if one.name == "keeping"]:
            thread.join()
        assert signs.faults() == ["lane 1 is stuck: no sign of life for 180 seconds"]


class Films:
    """One sandbox with a film in it that takes an hour, and the clock by which it does."""

    def __init__(self) -> None:
        self.pool, self.now = cleaning._Pool(1), 0.0
        box = Mock()
        self.pool._free, self.pool._started = [box], [box]
        self.held, self.heard, self.signs = threading.Event(), threading.Event(), 0
        self.thread = threading.Thread(target=self._film)
        self.thread.start()
        assert self.held.wait(30)

    def _film(self) -> None:
        with self.pool.turn():
            self.held.set()
            while not self.pool._waiting:
                self.heard.wait(0.001)
            with self.pool._turns:  # whoever waits has begun to
                self.now += 3600
            self.signs = 0
            self.heard.wait(10)

    def monotonic(self) -> float:
        """Return what the clock shows."""
        return self.now

    def seen(self) -> None:
        """Hear a sign of life."""
        self.signs += 1
        if self.signs > 3 and self.now:
            self.heard.set()


def test_who_waits_for_its_turn_is_not_stuck(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the films before it take; once it is its turn, its own time counts on."""
    films = Films()
    mine = _claimed(world)
    monkeypatch.setattr(keeping, "_STEP_SECONDS", 0.001)
    monkeypatch.setattr(keeping, "time", films)
    keeping.MINE.set(films)
    try:
        with keeping.kept(world.app, mine, lease=deliver.LEASE):
            with films.pool.turn():
                assert films.heard.is_set()
            (timer,) = (one for one in threading.enumerate() if one.name == "keeping")
            films.now += keeping.LONGEST.total_seconds()
            timer.join(30)
            assert not timer.is_alive()
    finally:
        keeping.MINE.set(None)
        films.thread.join()


def _claimed(world: World) -> deliveries.Delivery:
    now = world.clock.now()
    with world.store.write() as c:
        (found,) = claims.claim_to_stage(c, worker="first", now=now, ahead=MINUTE, lease=deliver.LEASE)
    return found


def test_what_has_gone_on_is_prolonged_no_more(world: World) -> None:
    """Neither what waits for its second, nor what is being sent, nor what another took over."""
    mine = _claimed(world)
    assert keeping.prolong(world.app, mine, lease=deliver.LEASE)
    before = world[KEY].lease_until
    for status in (Status.staged, Status.sending):
        with world.store.write() as c:
            deliveries.set_columns(c, mine, status=str(status))
        assert not keeping.prolong(world.app, mine, lease=2 * deliver.LEASE)
    with world.store.write() as c:
        deliveries.set_columns(c, mine, status=str(Status.claimed), fence=mine.fence + 1)
    assert not keeping.prolong(world.app, mine, lease=2 * deliver.LEASE)
    assert world[KEY].lease_until == before


def test_a_state_that_is_away_for_a_moment_ends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next minute it is tried again."""

    def away() -> None:
        raise StateError("away")

    mine = _claimed(world)
    monkeypatch.setattr(world.store, "require_in_place", away)
    assert keeping.prolong(world.app, mine, lease=deliver.LEASE)
