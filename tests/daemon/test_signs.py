"""Whether a thread still moves is told by what it does, and what is wrong is said once."""

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler.daemon import lanes
from scheduler.daemon.guard import Complaints, Guard
from scheduler.daemon.lanes import Crew, Keeper
from scheduler.daemon.signs import Signs
from scheduler.daemon.vitals import Vitals
from scheduler.errors import TryLater
from scheduler.operations import deliver
from scheduler.status import Status
from scheduler.store import StateError, StateMovedError
from scheduler.store.faults import StateAwayError
from tests.acceptance.command import wait_for
from tests.world import World, post


class Ticks:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world of two accounts."""
    made = World(tmp_path, accounts=("a", "b"))
    yield made
    made.close()


def test_a_thread_in_a_call_past_its_lease_is_stuck() -> None:
    """It is well as long as it has nothing to do, or does it within its time; then it is stuck until it gets on."""
    ticks = Ticks()
    signs = Signs(ticks)
    sign = signs.new("lane 1", allowed=180)
    ticks.now += 1000
    assert (sign.state, signs.faults()) == ("idle", [])
    sign.busy()
    ticks.now += 180
    assert (sign.state, signs.faults()) == ("busy", [])
    ticks.now += 1
    assert sign.state == "stuck"
    assert signs.faults() == ["lane 1 is stuck: no sign of life for 180 seconds"]
    sign.busy()
    assert (sign.state, signs.faults()) == ("busy", [])
    sign.idle()
    assert sign.seconds == 0


def test_what_ticks_must_always_be_seen() -> None:
    """The scheduler, which wakes all others, is stuck as soon as it isn't seen for a minute."""
    ticks = Ticks()
    signs = Signs(ticks)
    sign = signs.new("the scheduler", allowed=60, always=True)
    sign.busy()
    sign.idle()
    ticks.now += 61
    assert signs.faults() == ["the scheduler is stuck: no sign of life for 60 seconds"]


def test_a_thread_that_ended_is_dead() -> None:
    """Before it begins a thread is no fault; once it has ended, it is."""
    signs = Signs()
    sign = signs.new("lane 1", allowed=180)
    sign.thread = threading.Thread(target=int)
    assert signs.faults() == []
    sign.thread.start()
    sign.thread.join()
    assert (sign.state, signs.faults()) == ("dead", ["lane 1 has ended"])


def test_each_commit_is_a_sign(world: World) -> None:
    """What stores its steps one after the other may take as long as it likes; another thread's commits don't count."""
    ticks = Ticks()
    signs = Signs(ticks)
    sign = signs.new("lane 1", allowed=180)
    signs.heed(world.store.engine)
    sign.busy()
    ticks.now += 200

    def commit() -> None:
        with world.store.write() as c:
            c.exec_driver_sql("SELECT 1")

    other = threading.Thread(target=commit)
    other.start()
    other.join()
    assert sign.state == "stuck"
    commit()
    assert sign.state == "busy"
    signs.ignore(world.store.engine)


# ── saying it once ──


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Give what is logged."""
    caplog.set_level(logging.DEBUG)
    return caplog


def test_a_fault_is_said_when_it_begins_and_when_it_ends(told: pytest.LogCaptureFixture) -> None:
    """A fault that lasts is said once in ten minutes, another one at once, and its end, too."""
    ticks = Ticks()
    complaints = Complaints(ticks)
    for _ in range(500):
        complaints.hear("the posts", "posts/ can't be read")
        ticks.now += 1
    complaints.hear("the posts", "posts/ is a file")
    ticks.now += 101
    complaints.hear("the posts", "posts/ can't be read")
    complaints.well("the posts")
    complaints.well("the posts")
    complaints.hear("the posts", "posts/ can't be read")
    assert told.messages == [
        "posts/ can't be read", "posts/ is a file", "still: posts/ can't be read", "the posts: goes on",
        "posts/ can't be read",
    ]  # fmt: skip


def test_a_state_that_is_away_is_said_once_for_all(told: pytest.LogCaptureFixture) -> None:
    """Eight lanes and all jobs miss the same database: one line, and one when all are well."""
    signs, guard = Signs(), Guard(end=lambda _error: None)
    workers = [signs.new(f"lane {number}", allowed=180) for number in range(8)]
    for turn in range(20):
        for number, sign in enumerate(workers):
            guard.run(sign, raising(StateAwayError(f"the database doesn't answer ({turn}, {number})")))
    for sign in workers:
        assert len(told.messages) == 1
        guard.run(sign, int)
    assert told.messages == ["the database doesn't answer (0, 0)", "the state answers again"]


def raising(error: Exception) -> Any:
    """Return a job that fails."""

    def job() -> None:
        raise error

    return job


def test_no_fault_ends_a_job_but_a_state_that_is_gone() -> None:
    """Whatever a job raises, the guard goes on; only a state that was replaced is told to whoever ends the daemon."""
    gone: list[StateMovedError] = []
    guard, sign = Guard(end=gone.append), Signs().new("lane 1", allowed=180)
    for error in (TryLater("later"), StateError("locked"), ValueError("x"), MemoryError(), RecursionError()):
        assert guard.run(sign, raising(error)) is None
    assert (gone, sign.state) == ([], "idle")
    guard.run(sign, raising(StateMovedError()))
    assert len(gone) == 1


# ── the threads themselves ──


class Crewed:
    """Threads at work on a world."""

    def __init__(self, world: World, *keepers: Keeper) -> None:
        self.stopping = threading.Event()
        self.signs = Signs()
        self.crew = Crew(world.app, Guard(end=lambda _error: None), self.signs, self.stopping)
        self.crew.add_lanes(lambda: None)
        self.crew.add_keepers(*keepers)
        self.crew.start()

    def stop(self) -> None:
        """End them."""
        self.stopping.set()
        self.crew.ring()
        for thread in self.crew.threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self.crew.threads)


class Flaky:
    """A state that is away while a test wants it so."""

    def __init__(self, store: Any) -> None:
        self._store, self.away, self.asked = store, True, 0

    def __getattr__(self, name: str) -> Any:
        """Give what the state has."""
        if self.away and name in {"read", "write", "work"}:
            self.asked += 1
            raise StateAwayError("db.example.org/state: the database doesn't answer: is its server up?")
        return getattr(self._store, name)


def test_lanes_outlive_a_database_that_is_away(
    world: World, told: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They ask again and again, say it once, and publish by themselves when it is back."""
    monkeypatch.setattr(lanes, "REST_SECONDS", 0.01)
    world.write(post("p1"), post("p2"))
    world.queue()
    flaky = world.app.store = Flaky(world.store)  # type: ignore[assignment]
    crewed = Crewed(world)
    crewed.crew.ring()
    wait_for(lambda: flaky.asked > 20)
    assert crewed.signs.faults() == []
    flaky.away = False
    wait_for(lambda: set(world.statuses().values()) == {Status.published})
    wait_for(lambda: "the state answers again" in told.messages)
    crewed.stop()
    assert sum("doesn't answer" in message for message in told.messages) == 1


def test_a_lane_that_hangs_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that never answers makes its lane stuck, for programs too, while the other lane goes on."""
    held, answer = threading.Event(), threading.Event()
    ticks = Ticks()

    def hang(_app: object) -> bool:
        if not held.is_set():
            held.set()
            assert answer.wait(60)
        return False

    monkeypatch.setattr(deliver, "step", hang)
    crewed = Crewed(world)
    for sign in crewed.signs.all:
        sign._clock = ticks
    vitals = Vitals(world.app, crewed.signs)
    crewed.crew.ring()
    assert held.wait(60)
    wait_for(lambda: sorted(sign.state for sign in crewed.signs.all) == ["busy", "idle"])
    ticks.now += deliver.LEASE.total_seconds() + 1
    found = vitals.answer("/healthz")
    assert found is not None
    status, _, body = found
    told = json.loads(body)
    assert status == 503
    assert "is stuck: no sign of life for 180 seconds" in told["faults"][0]
    assert sorted(one["state"] for one in told["threads"]) == ["idle", "stuck"]
    answer.set()
    crewed.stop()


def test_a_keeper_goes_on_after_a_fault(world: World) -> None:
    """What is done every so often is done again, whatever it raised."""
    done: list[int] = []

    def job() -> None:
        done.append(1)
        if len(done) == 1:
            raise ValueError("a fault")

    crewed = Crewed(world, Keeper(name="the test", job=job, seconds=0.01, at_once=False))
    wait_for(lambda: len(done) > 2)
    crewed.stop()
    assert len(done) > 2
