"""People act while a thread is on its way, at every transaction and around every call: no part twice, none in silence.

The moments are those of `test_withdrawal_races`; what is raced here is a thread of three parts, prepared in steps.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from scheduler.app import App
from scheduler.errors import TryLater, UserError
from scheduler.operations import deliver, recover
from scheduler.operations.cancel import cancel
from scheduler.operations.pause import pause, resume
from scheduler.operations.resolve import resolve
from scheduler.operations.retry import retry
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from scheduler.store import controls
from scheduler.testing import FakePublisher
from tests.reliability.on_networks import tell
from tests.reliability.test_withdrawal_races import DOWN_FAULTS, Killed, RacedNetwork, RacedPublisher
from tests.world import NOON, World, post

KEY = "act/p@a"
OLD = ("one", "two", "three")
NEW = ("eins", "zwei", "drei")
HOUR = timedelta(hours=1)
STEPS = [timedelta(seconds=5)]
FAULTS = {"calm": ["ok"], "lost": ["ok", "lost-after"], "absent": ["lost-before"], "refused": ["ok", "ok", "refused"]}


class RacedWorld(World):
    """A world with one thread, on a network that can be raced."""

    network: RacedNetwork

    def __init__(self, folder: Path, *, honest: bool = True, fault: str = "calm") -> None:
        super().__init__(folder, honest=honest)
        self.network = RacedNetwork(self.clock, honest=honest, waits=list(STEPS), faults=list(FAULTS[fault]))
        self.app = self.daemon("first")
        self.say(OLD)

    def daemon(self, worker: str) -> App:
        """Return an App on the same state and network, as another process would have it."""
        app = super().daemon(worker)
        app.factory = lambda account, _workspace, _clock: RacedPublisher(account, self.network)
        return app

    def say(self, parts: tuple[str, ...]) -> None:
        """Let the file hold a thread of these parts."""
        self.threads["p"] = parts[1:]
        self.write(post(text=parts[0], at=NOON + timedelta(minutes=1)))
        self.queue()

    def texts(self) -> tuple[str, ...]:
        """Return what was put out, in its order."""
        return tuple(one.text for one in self.network.out)

    def go(self) -> None:
        """Let a daemon prepare the thread and send it."""
        for _ in range(4):
            recover.step(self.app)
            deliver.step(self.app)
            self.clock.move_to(self.clock.now() + timedelta(seconds=20))
        for _ in range(12):
            worked = deliver.step(self.app), recover.step(self.app)
            if not any(worked):  # nor will there be, as long as the clock stands: all that follows is this round again
                break

    def tasks(self) -> list[str]:
        """Return what people are asked to do."""
        with self.store.read() as c:
            return [one.what for one in controls.open_tasks(c)]


@contextmanager
def at_point(world: RacedWorld, number: int, act: Callable[[], None]) -> Iterator[None]:
    """Let `act` happen at the `number`-th point from here: before each transaction, and around each call."""
    passed = [0]

    def point(*_: object) -> None:
        passed[0] += 1
        if passed[0] == number:
            act()

    event.listen(world.store.engine, "engine_connect", point)
    world.network.point = point
    try:
        yield
    finally:
        event.remove(world.store.engine, "engine_connect", point)
        del world.network.point


def _race(folder: Path, fault: str, act: Callable[[RacedWorld], None], *, honest: bool = True) -> Iterator[RacedWorld]:
    """Let somebody act at one point after the other, each in a world of its own; give each world after its race."""
    for number in itertools.count(1):
        world = RacedWorld(folder / f"at-{number}", honest=honest, fault=fault)
        acted: list[int] = []

        def at_last(world: RacedWorld = world, acted: list[int] = acted) -> None:
            acted.append(len(world.network.out))
            try:
                act(world)
            except UserError:
                acted[0] = len(OLD)  # it was refused: everything may leave

        with at_point(world, number, at_last):
            world.go()
        if not acted:
            world.end()
            break
        assert len(world.network.out) <= acted[0] + 1 or act is _edit, "more left than what was on the wire"
        yield world
        assert world.network.complaints == []
        assert [world.network.times(KEY, part) for part in (1, 2, 3) if world.network.times(KEY, part) > 1] == []
        world.end()
    assert number > 15, "the race has hardly any points"
    tell("threads raced", fault, races=number - 1)


def _withdraw(world: RacedWorld) -> None:
    withdraw(world.daemon("web"), KEY, who="me")


def _pause(world: RacedWorld) -> None:
    pause(world.daemon("web"), scope="all", name="", why="crisis", who="me")


def _cancel(world: RacedWorld) -> None:
    cancel(world.daemon("web"), KEY, who="me")


def _edit(world: RacedWorld) -> None:
    world.say(NEW)


@pytest.mark.parametrize("fault", ["lost", "absent", "refused"])
def test_withdrawn_at_every_point(tmp_path: Path, fault: str):
    """Nothing follows what was on the wire, and every part that is out comes down."""
    for world in _race(tmp_path, fault, _withdraw):
        sent = world.texts()
        world.let(HOUR)
        assert world.texts() == sent, "it was sent after it was withdrawn"
        assert world.network.live() == set()
        down, backwards = world.network.taken_down, [one.token for one in reversed(world.network.out)]
        assert sorted(down) == sorted(backwards), "each once"
        # What the state knows of comes down at once, the last first; a part that had to be found, when it is found.
        assert down == backwards or (fault == "lost" and down == [*backwards[1:], backwards[0]])
        assert world[KEY].status is (Status.withdrawn if sent else Status.cancelled)
        assert world.tasks() == []


def test_withdrawn_at_every_point_where_nothing_can_be_proven(tmp_path: Path):
    """A part that nobody can find leaves a task; what is known to be out comes down all the same."""
    for world in _race(tmp_path, "absent", _withdraw, honest=False):
        world.let(HOUR)
        assert world[KEY].up == ()
        over = {Status.withdrawn, Status.cancelled}
        assert world[KEY].status in over or (world[KEY].status is Status.needs_human and world.tasks())


def test_paused_at_every_point(tmp_path: Path):
    """A pause holds what isn't on the wire; the book says what is out, and `retry` brings the thread to its end."""
    for world in _race(tmp_path, "lost", _pause):
        sent = world.texts()
        world.let(HOUR)
        assert world.texts() == sent
        assert len(world[KEY].parts) == len(sent)
        resume(world.app, scope="all", name="", who="me")
        world.let(HOUR)
        assert world.texts() == sent
        with suppress(UserError):
            retry(world.app, KEY, who="me")
        world.let(HOUR)
        assert world.texts() == OLD
        assert world[KEY].status is Status.published


def test_cancelled_at_every_point(tmp_path: Path):
    """`cancel` stops what isn't on the wire, or says that it can't; `retry` goes on where it stopped."""
    for world in _race(tmp_path, "calm", _cancel):
        world.let(HOUR)
        sent = world.texts()
        if world[KEY].status is Status.cancelled:
            assert len(world[KEY].parts) == len(sent)
            assert ("out: https://" in world[KEY].reason) == bool(sent)
            retry(world.app, KEY, who="me")
            world.let(HOUR)
        assert world.texts() == OLD


def test_edited_at_every_point(tmp_path: Path):
    """A thread is one version from its first part to its last: the edit comes in time, or not at all."""
    seen = set()
    for world in _race(tmp_path, "calm", _edit):
        world.let(HOUR)
        world.say(NEW)  # as the daemon does, which reads the file again
        world.let(HOUR)
        assert world.texts() in {OLD, NEW}
        assert world[KEY].status is Status.published
        seen.add(world.texts())
    assert seen == {OLD, NEW}


@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
def test_killed_while_it_is_taken_down(tmp_path: Path, moment: str):
    """A daemon that dies at any statement of taking a thread down is followed by one that finishes it."""
    for number in itertools.count(1):
        world = RacedWorld(tmp_path / f"at-{number}", fault="refused")
        world.let(timedelta(minutes=5))
        assert world.texts() == OLD[:2]
        withdraw(world.app, KEY, who="me")
        left = [number]

        def tick(*_: object, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        event.listen(world.store.engine, moment, tick)
        died = False
        try:
            world.run(world.daemon("dies"))
        except Killed:
            died = True
        finally:
            event.remove(world.store.engine, moment, tick)
        world.app = world.daemon("next")
        world.let(timedelta(minutes=10))
        assert world[KEY].status is Status.withdrawn
        assert world.network.live() == set()
        world.end()
        if not died:
            break
    assert number > (2 if moment == "commit" else 6)


@pytest.mark.parametrize("trouble", list(itertools.product(DOWN_FAULTS, repeat=2)), ids="-".join)
def test_against_every_trouble_with_deleting(tmp_path: Path, trouble: tuple[str, str]):
    """As long as a part is up, a person is asked; in the end all are down and nobody is asked any more."""
    world = RacedWorld(tmp_path, fault="refused")
    world.let(timedelta(minutes=5))
    world.network.down_faults[:] = list(trouble)
    withdraw(world.app, KEY, who="me")
    world.run()
    assert bool(world[KEY].up) == bool(world.tasks())
    assert world.network.live() == set() or world.tasks()
    world.network.down_faults.clear()
    for _ in range(3):
        world.let(HOUR)
    assert world[KEY].status is Status.withdrawn
    assert world.network.live() == set()
    assert world.tasks() == []
    world.close()


def test_settled_by_a_person_at_every_part(tmp_path: Path):
    """Where nothing can be proven a person says of each part what is there; the thread ends whole."""
    for part in (1, 2, 3):
        world = RacedWorld(tmp_path / f"part-{part}", honest=False)
        world.network.faults = ["ok"] * (part - 1) + ["lost-before"]
        world.let(HOUR)
        assert world[KEY].status is Status.needs_human
        resolve(world.app, KEY, url=None, who="me")
        world.let(HOUR)
        assert world.texts() == OLD
        world.end()


@pytest.mark.parametrize("found", [True, False])
def test_the_known_parts_come_down_while_another_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, found: bool
):
    """What is known to be out of a thread waits for no look at the part in doubt; that one follows once it is found."""
    world = World(tmp_path, honest=False)
    world.threads["p"] = OLD[1:]
    world.write(post(text="one", at=NOON + HOUR))
    world.queue()
    world.network.faults = ["ok", "lost-after"]
    with monkeypatch.context() as away:
        away.setattr(FakePublisher, "find", _away)
        world.let(HOUR + timedelta(minutes=1))
        assert (world[KEY].status, len(world[KEY].parts)) == (Status.unknown, 1)
        first, second = (one.token for one in world.network.out)
        withdraw(world.app, KEY, who="me")
        world.let(timedelta(minutes=1))
        assert world.network.taken_down == [first]
        assert world[KEY].status is Status.unknown
        with world.store.read() as c:
            assert [one.key for one in controls.open_tasks(c)] == [KEY]
    if found:
        world.let(HOUR)
    else:
        with monkeypatch.context() as blind:
            blind.setattr(FakePublisher, "find", lambda *_: None)
            world.let(timedelta(days=3))
        assert world[KEY].status is Status.needs_human
        assert world.network.taken_down == [first]
        resolve(world.app, KEY, url="https://example.org/" + second, who="me")
        world.let(HOUR)
    assert len(world.network.taken_down) == 2
    assert world.network.taken_down[0] == first
    assert world[KEY].status is Status.withdrawn
    with world.store.read() as c:
        assert controls.open_tasks(c) == []
    world.close()


def _away(*_: object) -> None:
    """Stand for a network that can't be asked."""
    raise TryLater("down")
