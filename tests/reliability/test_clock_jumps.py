"""The clock jumps, or the machine sleeps, at every step of a delivery: nothing twice, lost, too early or too late.

Jumps back and forth, to 1970 and past 2038; sleeps in which only one of the two clocks goes on. Each at every moment:
before and after each transaction, while a post is prepared, and at either end of the visible call.
"""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import event

from scheduler.model import Lateness, Outgoing, Receipt, Staged, Then
from scheduler.operations.resolve import resolve
from scheduler.operations.retry import retry
from scheduler.status import Status
from scheduler.testing import FakePublisher
from tests.reliability.on_networks import tell
from tests.world import NOON, World, post

JUMPS = int(os.environ.get("SOLIDARITY_CLOCK_JUMPS", "20"))
KEY = "act/p@a"
DUE = NOON + timedelta(minutes=1)
CLOSES = NOON + timedelta(hours=12)
HOURS = {"two back": -2, "nine on": 9, "past the window": 13}
FAR = {"to 1970": datetime(1970, 1, 1, tzinfo=UTC), "past 2038": datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)}
LONG = 400.0  # seconds of a sleep: longer than a lease


@dataclass
class Clocks:
    """The wall clock of a world and the machine's monotonic one, which needn't agree."""

    world: World
    monotonic: float = 1000.0
    jumped: bool = False
    until: datetime | None = None  # what the wall clock showed before, where it is put right at the next moment

    def jump(self, name: str, *, mended: bool) -> None:
        """Let the clocks do something odd; `mended`: only for a moment."""
        self.jumped = True
        clock = self.world.clock
        now = clock.now()
        if name in HOURS:
            clock.move_to(now + timedelta(hours=HOURS[name]))
        elif name in FAR:
            clock.move_to(FAR[name])
        elif name == "sleep, wall clock goes on":
            clock.move_to(now + timedelta(seconds=LONG))
        elif name == "sleep, wall clock stands":
            self.monotonic += LONG
        if mended and (name in HOURS or name in FAR):
            self.until = now

    def mend(self) -> None:
        """Put the wall clock right again, where that is to be."""
        if self.until is not None:
            self.world.clock.move_to(self.until)
            self.until, self.jumped = None, False


NAMES = (*HOURS, *FAR, "sleep, wall clock goes on", "sleep, wall clock stands")


class Jumping:
    """A world in which the clock jumps at the k-th moment of a delivery."""

    def __init__(self, folder: Path, *, honest: bool, then: Then, thread: bool) -> None:
        self.world = World(folder, honest=honest)
        self.network = self.world.network
        self.left: list[tuple[str, int, datetime]] = []  # when each call was begun, by the clock of then
        self.clocks = Clocks(self.world)
        self.world.threads["p"] = ("and so on",) if thread else ()
        late = Lateness(after=timedelta(minutes=30), then=then)
        first, next_one = post("p", at=DUE, late=late), post("q", at=DUE + timedelta(minutes=5), text="Next", late=late)
        self.world.write(first, next_one, closes_at=CLOSES)
        self.world.queue()
        self.moments: list[str] = []

    def deliver(self, name: str, at: int, *, mended: bool) -> None:
        """Let the daemon work over the due time, with a jump at moment `at`."""
        with (
            self._at(at, lambda: self.clocks.jump(name, mended=mended)),
            patch("time.monotonic", lambda: self.clocks.monotonic),
        ):
            self._work()
        self._meet("while it worked")

    def _work(self) -> None:
        for minute in range(9):
            if not self.clocks.jumped:
                self.world.clock.move_to(NOON + timedelta(minutes=minute))
            self.world.run()

    @contextmanager
    def _at(self, number: int, jump: Callable[[], None]) -> Iterator[None]:
        """Call `jump` at the number-th moment."""
        numbers = count()

        def moment(what: str) -> None:
            self.moments.append(what)
            self.clocks.mend()
            if next(numbers) == number:
                jump()
                if "call" in what:  # the daemon has other threads, which look up and send meanwhile
                    self.world.run()

        def staged(self_: FakePublisher, out: Outgoing, begun: Staged | None = None) -> Staged:
            moment("before preparing")
            found = stage(self_, out, begun)
            moment("after preparing")
            return found

        def published(self_: FakePublisher, out: Outgoing, given: Staged) -> Receipt:
            self.left.append((out.key, out.part, self.world.clock.now()))
            moment("before the call")
            receipt = publish(self_, out, given)
            moment("in the call")
            return receipt

        stage, publish = FakePublisher.stage, FakePublisher.publish
        engine = self.world.store.engine
        listeners = {"begin": lambda _: moment("a transaction begins"), "commit": lambda _: moment("a commit")}
        for name, listener in listeners.items():
            event.listen(engine, name, listener)
        try:
            with patch.object(FakePublisher, "stage", staged), patch.object(FakePublisher, "publish", published):
                yield
        finally:
            for name, listener in listeners.items():
                event.remove(engine, name, listener)

    def _meet(self, when: str) -> None:
        """Nothing is out twice, before its time or after its window by the clock of the moment."""
        counted = [(key, part) for key, part, _ in self.left]
        assert len(set(counted)) == len(counted), f"twice, {when}: {counted}"
        for key, part, now in self.left:
            due = self.world[key].due_at
            assert due <= now < CLOSES, f"part {part} of {key} left at a wrong time, {when}: {now}"
        assert self.network.complaints == []

    def end(self) -> dict[str, Status]:
        """Mend the clock, and come to rest; people tell the truth and let go what waits for them."""
        first = max(self.world.clock.now(), DUE) if self.world.clock.now() < CLOSES else self.world.clock.now()
        self.world.clock.move_to(min(max(first, NOON), CLOSES - timedelta(hours=1)))
        for _ in range(4):
            self.world.let(timedelta(minutes=14))
            for key, status in self.world.statuses().items():
                self._help(key, status)
        self._meet("in the end")
        return self.world.statuses()

    def _help(self, key: str, status: Status) -> None:
        delivery = self.world[key]
        if status is Status.needs_human:
            there = any((one.key, one.part) == (key, delivery.part) for one in self.network.out)
            resolve(self.world.app, key, url="https://example.org/seen" if there else None, who="tester")
        elif status in {Status.held, Status.missed}:
            assert delivery.reason, f"{key} is {status} without a word"
            retry(self.world.app, key, who="tester")


def calm(folder: Path) -> list[str]:
    """Return the moments of a delivery in which no clock jumps."""
    quiet = Jumping(folder, honest=True, then=Then.publish, thread=True)
    quiet.deliver("nothing", -1, mended=False)
    quiet.world.end()
    return quiet.moments


def test_a_clock_that_jumps(tmp_path: Path):
    """Each kind of jump, at chosen moments of a delivery: each part is out once, in its time; no state lacks words."""
    chance = random.Random(2038)
    moments = calm(tmp_path / "calm")
    assert {"before preparing", "before the call", "in the call"} < set(moments)
    calls = [number for number, what in enumerate(moments) if "call" in what]
    for number in range(JUMPS):
        name = NAMES[number % len(NAMES)]
        at = chance.choice(calls) if number % 3 == 0 else chance.randrange(len(moments))
        honest, mended, then = chance.random() < 0.6, chance.random() < 0.5, chance.choice(list(Then))
        where = f"jump {number}, {name}, at {at}: {moments[at]}, {honest=} {mended=} {then=}"
        jumping = Jumping(tmp_path / str(number), honest=honest, then=then, thread=True)
        try:
            jumping.deliver(name, at, mended=mended)
            ends = jumping.end()
        except BaseException as error:
            error.add_note(where)
            raise
        finally:
            jumping.world.end()
        assert set(ends.values()) == {Status.published}, f"{where}: {ends}"
        assert len(jumping.network.out) == 3, where
    tell("clock-jumps", "all", jumps=JUMPS, moments=len(moments))


def test_a_wrong_clock_for_a_moment(tmp_path: Path):
    """A clock that is decades off for a moment, between the intent and the call, puts nothing off for decades."""
    moments = calm(tmp_path / "calm")
    jumping = Jumping(tmp_path / "wrong", honest=True, then=Then.publish, thread=True)
    try:
        jumping.deliver("past 2038", moments.index("before the call") - 1, mended=True)
        assert set(jumping.end().values()) == {Status.published}
    finally:
        jumping.world.end()


def test_a_jump_between_the_intent_and_the_call(tmp_path: Path):
    """Whatever a clock does between the two, the call isn't made at a wrong time; in the end all is out, once."""
    moments = calm(tmp_path / "calm")
    for number, name in enumerate(NAMES):
        jumping = Jumping(tmp_path / str(number), honest=True, then=Then.publish, thread=False)
        try:
            jumping.deliver(name, moments.index("before the call") - 1, mended=False)
            assert set(jumping.end().values()) == {Status.published}, name
        finally:
            jumping.world.close()
