"""Taking a photo back races its publication at every step: nothing is sent afterwards, nothing stays out in silence.

The last test goes through what a network in memory can do to the visible call, the look and the deletion;
`test_withdrawal_faults` does the same against a strict server on loopback.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import event

from scheduler.app import App
from scheduler.errors import AccountBlocked, OutcomeUnknown, TryLater
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.operations import deliver, recover
from scheduler.operations.pause import pause, resume
from scheduler.operations.take_back import take_back
from scheduler.operations.tidy import tidy
from scheduler.publishers.base import Deleted, NeedsHand
from scheduler.status import Status
from scheduler.store import controls, withdrawals
from scheduler.submission import Stage
from scheduler.testing import FAULTS, FakeNetwork, FakePublisher
from tests import databases
from tests.operations.chamber import traces
from tests.reliability.crowd import EVERY, Crowd
from tests.reliability.on_networks import tell

OVER = {Status.withdrawn, Status.cancelled}
DOWN_FAULTS = ("ok", "later", "blocked", "crash", "lost-after", "by-hand")


class Killed(BaseException):
    """The process ends here; no handler of the program may catch it."""


class RacedNetwork(FakeNetwork):
    """A network that tells of every call, before and after it, and can fail at deleting."""

    point: Callable[[], None] = staticmethod(lambda: None)
    down_faults: ClassVar[list[str]] = []
    calling = False  # the visible call is under way

    def post(self, out: Outgoing) -> Receipt:
        """Put a post out."""
        self.calling = True
        try:
            self.point()
            receipt = super().post(out)
            self.point()
        finally:
            self.calling = False
        return receipt


class RacedPublisher(FakePublisher):
    """A publisher on such a network, with small cards."""

    limits = FakePublisher.limits.__class__(**{**vars(FakePublisher.limits), "card": (600, 338)})
    network: RacedNetwork

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Prepare."""
        self.network.point()
        staged = super().stage(out, begun)
        self.network.point()
        return staged

    def delete(self, receipt: Receipt) -> Deleted | NeedsHand:
        """Take a post down, in the way the next fault says."""
        fault = self.network.down_faults.pop(0) if self.network.down_faults else "ok"
        if fault in {"ok", "lost-after"}:
            super().delete(receipt)
        errors = {
            "later": TryLater("busy"),
            "blocked": AccountBlocked("log in again"),
            "crash": RuntimeError("a fault nobody thought of"),
            "lost-after": OutcomeUnknown("no answer"),
        }
        if fault in errors:
            raise errors[fault]
        return NeedsHand("delete it by hand") if fault == "by-hand" else Deleted()


class RacedCrowd(Crowd):
    """A world in which so many photos wait, on a network that can be raced."""

    network: RacedNetwork

    def __init__(self, folder: Path, number: int, *, honest: bool = True) -> None:
        super().__init__(folder, number, honest=honest)
        self.network = RacedNetwork(self.clock, honest=honest)

    def daemon(self, worker: str) -> App:
        """Return an App on the same state and network, as another process would have it."""
        app = super().daemon(worker)
        app.factory = lambda account, _workspace, _clock: RacedPublisher(account, self.network)
        return app


@contextmanager
def at_point(world: RacedCrowd, number: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Let `act` happen at the `number`-th point from here: before each transaction, and around each call."""
    passed = [0]

    def point(*_: object) -> None:
        passed[0] += 1
        if passed[0] == number:
            act()

    network = world.network
    event.listen(world.store.engine, "engine_connect", point)
    network.point = point
    try:
        yield passed
    finally:
        event.remove(world.store.engine, "engine_connect", point)
        del network.point


def cycle(world: RacedCrowd, app: App | None = None) -> None:
    """Let a daemon prepare the photo whose time has come, send it, look it up and take it down."""
    app = app or world.app
    for _ in range(2):
        recover.step(app)
        deliver.step(app)
    world.clock.move_to(world.clock.now() + timedelta(minutes=1))
    for _ in range(3):
        deliver.step(app)
        recover.step(app)


def open_tasks(world: RacedCrowd) -> set[str]:
    """Return the keys of the deliveries about which a person was asked."""
    with world.store.read() as c:
        return {one.key for one in controls.open_tasks(c)}


def check_over(world: RacedCrowd, number: int) -> None:
    """Check that a photo that was taken back is nowhere, or that a person has been asked about it."""
    ref, key = world.refs[number], world.keys[number]
    network = world.network
    assert network.times(key) <= 1
    status, asked = world[key].status, key in open_tasks(world)
    assert key not in network.live() or asked, f"{key} is live, is {status}, and nobody was asked"
    assert status in OVER or (status is Status.needs_human and asked), f"{key} ends as {status}"
    with world.store.read() as c:
        assert world.look(ref).stage is Stage.withdrawn
        left = withdrawals.unfinished(c)
    assert left == []
    if status in OVER:
        assert not asked
        assert not (world.workspace.var / "uploads" / world.names[number]).exists()


def check_gone(world: RacedCrowd, count: int) -> None:
    """Check that of the first `count` photos no word is left, but of those that a person has to look for."""
    tidy(world.app)  # within the hour: SQLite alone may leave a word between two rows
    gone = [f"canary {number}." for number in range(count) if world[world.keys[number]].status in OVER]
    assert gone
    assert traces(world.workspace.var, *gone) == []
    tell("taken back", databases.chosen(), races=count)
    world.close()


# ── every point of a publication ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "honest"), [("ok", True), ("lost-after", True), ("lost-before", False), ("crash-after", True)]
)
def test_taken_back_at_every_point(tmp_path: Path, fault: str, *, honest: bool):
    """Between any two transactions and around every call: sent afterwards only what was on the wire already."""
    world = RacedCrowd(tmp_path, 60, honest=honest)
    for number in itertools.count():
        world.clock.move_to(world.due(number) - timedelta(minutes=1))
        world.network.faults = [fault]
        key, seen = world.keys[number], []

        def withdraw(ref: str = world.refs[number], key: str = key, seen: list[bool] = seen) -> None:
            seen.append(world[key].status in withdrawals.MAY_BE_OUT)
            take_back(world.daemon("web"), ref, who="volunteer")

        with at_point(world, number + 1, withdraw) as passed:
            cycle(world)
        if not seen:
            assert passed[0] <= number
            break
        on_the_wire = seen[0]
        world.let(EVERY / 2)
        assert on_the_wire or world.network.times(key) == 0, f"{key} was sent after it was taken back"
        check_over(world, number)
    assert number > 15, "the race has hardly any points"
    check_gone(world, number)


def test_paused_at_every_point(tmp_path: Path):
    """A pause holds what isn't on the wire, wherever it comes; resuming lets nothing out by itself."""
    world = RacedCrowd(tmp_path, 60)
    for number in itertools.count():
        world.clock.move_to(world.due(number) - timedelta(minutes=1))
        key, seen = world.keys[number], []

        def stop(key: str = key, seen: list[bool] = seen) -> None:
            seen.append(world[key].status in withdrawals.MAY_BE_OUT)
            pause(world.daemon("web"), scope="all", name="", why="crisis", who="x")

        with at_point(world, number + 1, stop):
            cycle(world)
        if not seen:
            break
        world.let(EVERY / 4)
        assert world.network.times(key) == int(seen[0])
        resume(world.app, scope="all", name="", who="x")
        world.let(EVERY / 4)
        assert world.network.times(key) == int(seen[0])
        take_back(world.app, world.refs[number], who="volunteer")
        world.let(EVERY / 4)
        check_over(world, number)
    assert number > 10
    check_gone(world, number)


# ── kills ───────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def killed_at(world: RacedCrowd, number: int, moment: str) -> Iterator[list[bool]]:
    """End the process at its `number`-th statement or commit from here; tell whether it came to that."""
    left, died = [number], [False]

    def tick(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    event.listen(world.store.engine, moment, tick)
    try:
        yield died
    except Killed:
        died[0] = True
    finally:
        event.remove(world.store.engine, moment, tick)


@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
@pytest.mark.parametrize("out", [False, True])
def test_killed_while_it_is_taken_back(tmp_path: Path, moment: str, *, out: bool):
    """Killed at any statement, it is as it was or wholly taken back; what is left over is finished by the daemon."""
    world = RacedCrowd(tmp_path, 90)
    for number in itertools.count():
        key, ref = world.keys[number], world.refs[number]
        world.clock.move_to(world.due(number) - timedelta(minutes=1))
        if out:
            cycle(world)
        before = world[key].status
        with killed_at(world, number + 1, moment) as died:
            take_back(world.daemon("web"), ref, who="volunteer")
        if not died[0]:
            break
        if world.look(ref).stage is Stage.withdrawn:
            world.run()
        else:
            assert (world.look(ref).stage, world[key].status) == (Stage.approved, before)
            take_back(world.daemon("web"), ref, who="volunteer")
            world.run()
        check_over(world, number)
    assert number >= (2 if moment == "commit" else 20)
    check_gone(world, number)


@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
def test_killed_while_it_is_taken_down(tmp_path: Path, moment: str):
    """A daemon that dies at any statement of taking down is followed by one that finishes it."""
    world = RacedCrowd(tmp_path, 90)
    for number in itertools.count():
        world.clock.move_to(world.due(number) - timedelta(minutes=1))
        cycle(world)
        take_back(world.daemon("web"), world.refs[number], who="volunteer")
        network = world.network
        network.down_faults[:] = ["later"]
        with killed_at(world, number + 1, moment) as died:
            world.run(world.daemon("dies"))
        network.down_faults.clear()
        for _ in range(3):
            world.let(timedelta(minutes=5))
        check_over(world, number)
        if not died[0]:
            break
    assert number >= (3 if moment == "commit" else 15)
    check_gone(world, number)


# ── two processes at once ───────────────────────────────────────────────────────────────────────────────


def test_two_threads_at_once(tmp_path: Path):
    """A daemon publishes while a page takes back, truly at the same time, forty times over."""
    world = RacedCrowd(tmp_path, 40)
    lanes = [world.daemon("lane one"), world.daemon("lane two")]
    for number, ref in enumerate(world.refs):
        world.clock.move_to(world.due(number) - timedelta(minutes=1))
        if number % 2:
            world.run()
        world.clock.move_to(world.due(number))
        barrier, faults = threading.Barrier(3), []

        def at_once(act: Callable[[], object], barrier: threading.Barrier = barrier, faults: list[Exception] = faults):
            barrier.wait()
            try:
                act()
            except Exception as error:
                faults.append(error)

        work = [lambda app=app: [deliver.step(app) for _ in range(3)] for app in lanes]
        work.append(lambda ref=ref: take_back(world.daemon("web"), ref, who="volunteer"))
        threads = [threading.Thread(target=at_once, args=[act]) for act in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        world.run()
        world.let(EVERY / 2)
        check_over(world, number)
    check_gone(world, len(world.refs))


# ── whatever a network does ─────────────────────────────────────────────────────────────────────────────


def mend(world: RacedCrowd) -> None:
    """Lift what the network's refusals hold."""
    with world.store.read() as c:
        blocked = [one for one in controls.all_pauses(c) if one.kind == "blocked"]
    for one in blocked:
        resume(world.app, scope=one.scope, name=one.name, who="x")


@pytest.mark.parametrize("honest", [True, False])
def test_against_every_fault_in_memory(tmp_path: Path, *, honest: bool):
    """Every end of the visible call x every moment x every trouble with deleting: never live without a task."""
    moments = ("queued", "staged", "sent")
    cases = list(itertools.product(FAULTS, moments, [(one, "later") for one in DOWN_FAULTS]))
    cases = cases if honest else [case for case in cases if case[1] == "sent"]
    world = RacedCrowd(tmp_path, len(cases), honest=honest)
    network = world.network
    for number, (fault, moment, down) in enumerate(cases):
        key, ref = world.keys[number], world.refs[number]
        network.faults, network.down_faults[:] = [fault], list(down)
        world.clock.move_to(world.due(number) - timedelta(minutes=1))
        if moment == "queued":
            take_back(world.app, ref, who="volunteer")
        deliver.stage_next(world.app)
        if moment == "staged":
            take_back(world.app, ref, who="volunteer")
        world.clock.move_to(world.due(number))
        deliver.send_next(world.app)
        if moment == "sent":
            take_back(world.app, ref, who="volunteer")
        else:
            assert network.times(key) == 0
        sent = network.times(key)
        for _ in range(4):
            recover.step(world.app)
            tried = world[key].status is Status.published and world[key].delays > 0
            assert not tried or key in open_tasks(world)
        mend(world)
        network.faults, network.down_faults[:] = [], []
        world.let(EVERY * 0.9)
        assert network.times(key) == sent, "it was sent after it was taken back"
        check_over(world, number)
    assert network.live() == set()
    check_gone(world, len(cases))
