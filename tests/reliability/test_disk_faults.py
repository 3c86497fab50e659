"""The n-th write, fsync, rename or opening of a file fails while a post goes to a strict X: none twice, none lost.

The disk is full, or answers with an error, once or from then on. With strace the kernel says so; where it is missing,
hooks do. What a person sees is looked at too: never a traceback, and the cure wherever a command gives up.
"""

import errno
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scheduler.standins.x import Server
from tests import databases
from tests.acceptance.command import Ran, environment
from tests.acceptance.stem import Stem
from tests.reliability import disk_faults, kill, traced
from tests.reliability.on_networks import tell

DATABASES = ("sqlite",)
POINTS = int(os.environ.get("SOLIDARITY_DISK_POINTS", "60"))
SHARES = {"post": 0.7, "thread": 0.3}  # of the points
LANES = {"post": 2, "thread": 1}  # each sweep is cut into this many tests, which run side by side
WAYS = [(ever, error) for error in (errno.ENOSPC, errno.EIO) for ever in (False, True)]
FEWEST = 20  # calls of a cycle: with fewer of them it isn't the one we mean
CURES = ("disk is full", "doesn't answer properly", "can't be written", "can't be made", "can't be read", "free some")
_HOOK = "tests.reliability.disk_faults:fail"
_EVER = 10**9


@dataclass(frozen=True)
class Point:
    """One call that fails."""

    kind: str
    number: int
    ever: bool  # and all that follow
    error: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}{' and all after it' if self.ever else ''}: {errno.errorcode[self.error]}"


class Cycle:
    """`solidarity run --once` on a workspace with one post, with a disk that fails."""

    def __init__(self, folder: Path, stem: Stem) -> None:
        self.folder, self._stem, self._log = folder, stem, folder.parent / "calls"
        self.env = {**environment(folder.parent), **kill.secrets()}

    def run(self, point: Point | None = None, *, kind: str = "open") -> Ran:
        """Run it to its end, with a fault, or counting the calls of a kind."""
        self._log.unlink(missing_ok=True)
        kind = point.kind if point else kind
        by_strace = kind != "open" and traced.can_trace()
        first, last = (point.number, _EVER if point.ever else point.number) if point else (_EVER, _EVER)
        hooks = [_HOOK, str(self.folder / "var"), [first, last], point.error if point else 0, str(self._log)]
        before = ["tests.reliability.traced:stop"] if by_strace else [*hooks, kind != "open"]
        arguments = ["-C", str(self.folder), "run", "--once"]
        started = self._stem.start(arguments, env=self.env, cwd=self.folder, first=before)
        if by_strace:
            when = f"{first}{'+' if point and point.ever else ''}"
            fault = f"error={errno.errorcode[point.error]}:when={when}" if point else ""
            with traced.trace(started, disk_faults.KINDS[kind], self._log, inject=fault):
                code = started.wait()
        else:
            code = started.wait()
        return Ran(code, started.out.read_text("utf-8", "replace"), started.said)

    def calls(self, kind: str) -> int:
        """Return how many calls of a kind the cycle makes."""
        assert self.run(kind=kind).code == 0
        return len(self._log.read_text("utf-8", "replace").splitlines())

    def ask(self, *words: str) -> Ran:
        """Run another command."""
        return Ran(*self._stem.call(["-C", str(self.folder), *words], env=self.env, cwd=self.folder))


def sprout(folder: Path, plant: str = "") -> Stem:
    """Return what starts commands sooner; with `plant` they have that bug."""
    more = ["tests.reliability.planted"] if plant else []
    modules = ["tests.reliability.disk_faults", "tests.reliability.traced", *more]
    return Stem(folder, {**os.environ, "SOLIDARITY_PLANT": plant}, *modules)


@pytest.fixture(scope="module")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stem]:
    """Return what starts commands sooner."""
    started = sprout(tmp_path_factory.mktemp("stem"))
    yield started
    started.close()


def _points(counted: Counter[str], number: int) -> list[Point]:
    """Return the points of the sweep, spread evenly over all calls: each may fail once or for good, full or broken.

    With fewer points than calls the ways take turns.
    """
    calls = [(kind, one) for kind, total in counted.items() for one in range(1, total + 1)]
    every = [Point(*calls[one % len(calls)], *WAYS[(one + one // len(calls)) % 4]) for one in range(4 * len(calls))]
    last = (len(calls) if number <= len(calls) else len(every)) - 1
    chosen = {round(one * last / max(1, number - 1)) for one in range(number)}
    return [every[one] for one in sorted(chosen)]


def _fair(ran: Ran, where: str) -> None:
    """Check what a person saw."""
    seen = f"{where}: {ran}"
    assert "Traceback" not in ran.out + ran.err, seen
    assert "a fault of the program" not in ran.err, seen
    assert ran.code in {0, 1, 2, 120}, seen  # 120: Python's own, where the last line couldn't be written
    if ran.code in {1, 2} and ran.err:
        assert any(cure in ran.err for cure in CURES), seen
        assert len(ran.said) <= 2, seen


def judge(cycle: Cycle, server: Server, point: Point, monkeypatch: pytest.MonkeyPatch, kind: str) -> int:
    """Let a call fail; look at what the person saw, and where the parts are then and in the end.

    Return how many were out at once.
    """
    ran = cycle.run(point)
    _fair(ran, str(point))
    out, there = len(server.state()["posts"]), kill.Cycle(cycle.folder, "")
    stands = cycle.ask("status", "--json")
    assert stands.code == 0, f"{point}: {stands}"
    (told,) = stands.json["deliveries"]
    where = f"{point}: {ran}, {out} out, then {told['status']}: {told['reason']}"
    assert told["status"] in {"queued", "claimed", "staged", "sending", "unknown", "published"}, where
    assert out == len(there.booked()) or told["status"] in {"sending", "unknown"}, where
    kill.settled(there, server, monkeypatch, kind, where)
    return out


@pytest.mark.parametrize(("kind", "lane"), [(kind, lane) for kind, lanes in LANES.items() for lane in range(lanes)])
def test_each_call_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stem: Stem, kind: str, lane: int):
    """Whichever call fails, each part is out once in the end, and both the state and the person know where it is."""
    template = tmp_path / "template"
    kill.workspace(template, stem, kind)
    counted = count_calls(template, tmp_path, stem)
    assert counted.total() >= FEWEST, counted
    points = _points(counted, round(POINTS * SHARES[kind]))[lane :: LANES[kind]]
    out_then: Counter[int] = Counter()
    for point in points:
        with copied(template, tmp_path / "failing", stem) as (cycle, server):
            out_then[judge(cycle, server, point, monkeypatch, kind)] += 1
    assert {0, kill.PARTS[kind]} <= out_then.keys(), "the sweep doesn't reach both sides of the visible call"
    tell("disk faults", "x", points=len(points), out_at_once=len(points) - out_then[0])


def count_calls(template: Path, folder: Path, stem: Stem) -> Counter[str]:
    """Return how many calls of each kind a cycle makes."""
    counted: Counter[str] = Counter()
    for kind in ("open", *disk_faults.KINDS):
        with copied(template, folder / f"counted-{kind}", stem) as (cycle, _):
            counted[kind] = cycle.calls(kind)
    return counted


@contextmanager
def copied(template: Path, folder: Path, stem: Stem) -> Iterator[tuple[Cycle, Server]]:
    """Give the workspace anew, on a server of its own."""
    shutil.copytree(template, folder)
    with Server() as server:
        kill.configure(folder, server.url, databases.state(template))
        yield Cycle(folder, stem), server
    shutil.rmtree(folder)
