"""The n-th write, fsync, rename or opening of a file fails while a post goes to a strict X: none twice, none lost.

The disk is full, or answers with an error, once or from then on. With strace the kernel says so; where it is missing,
hooks do. What a person sees is looked at too: never a traceback, and the cure wherever a command gives up.
"""

import errno
import itertools
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from scheduler.standins.x import Server
from scheduler.status import Status
from tests.acceptance.command import Ran, environment
from tests.acceptance.stem import Stem
from tests.reliability import disk_faults, test_kill
from tests.reliability.on_networks import tell
from tests.reliability.test_kill import PARTS

DATABASES = ("sqlite",)
POINTS = int(os.environ.get("SOLIDARITY_DISK_POINTS", "60"))
LANES = 3  # the sweep is cut into this many tests, which run side by side
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
        self.env = {**environment(folder.parent), **test_kill._environment()}

    def run(self, point: Point | None = None, *, kind: str = "open") -> Ran:
        """Run it to its end, with a fault, or counting the calls of a kind."""
        self._log.unlink(missing_ok=True)
        kind = point.kind if point else kind
        traced = kind != "open" and disk_faults.can_trace()
        first, last = (point.number, _EVER if point.ever else point.number) if point else (_EVER, _EVER)
        hooks = [_HOOK, str(self.folder / "var"), [first, last], point.error if point else 0, str(self._log)]
        before = ["tests.reliability.disk_faults:stop"] if traced else [*hooks, kind != "open"]
        arguments = ["-C", str(self.folder), "run", "--once"]
        started = self._stem.start(arguments, env=self.env, cwd=self.folder, first=before)
        if traced:
            when = f"{first}{'+' if point and point.ever else ''}"
            fault = f"error={errno.errorcode[point.error]}:when={when}" if point else ""
            with disk_faults.trace(started, kind, self._log, fault=fault):
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


@pytest.fixture(scope="module")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stem]:
    """Return what starts commands sooner."""
    started = Stem(tmp_path_factory.mktemp("stem"), dict(os.environ), "tests.reliability.disk_faults")
    yield started
    started.close()


def _points(counted: Counter[str]) -> list[Point]:
    """Return the points of the sweep: of each kind of call its share, once and for good, full and broken by turns."""
    ways = itertools.cycle(itertools.product((errno.ENOSPC, errno.EIO), (False, True)))
    found = []
    for kind, calls in counted.items():
        share = min(calls, max(1, round(POINTS * calls / counted.total())))
        for part in range(share):
            error, ever = next(ways)
            found.append(Point(kind, 1 + part * calls // share, ever, error))
    return found


def _fair(ran: Ran, where: str) -> None:
    """Check what a person saw."""
    seen = f"{where}: {ran}"
    assert "Traceback" not in ran.out + ran.err, seen
    assert "a fault of the program" not in ran.err, seen
    assert ran.code in {0, 1, 2, 120}, seen  # 120: Python's own, where the last line couldn't be written
    if ran.code in {1, 2} and ran.err:
        assert any(cure in ran.err for cure in CURES), seen
        assert len(ran.said) <= 2, seen


@pytest.mark.parametrize("lane", range(LANES))
def test_each_call_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stem: Stem, lane: int):
    """Whichever call fails, the post is out once in the end, and both the state and the person know where it is."""
    template = tmp_path / "template"
    test_kill._workspace(template, "http://127.0.0.1:1", "post")
    counted: Counter[str] = Counter()
    for kind in ("open", *disk_faults.KINDS):
        with _copy(template, tmp_path / f"counted-{kind}", stem) as (cycle, _):
            counted[kind] = cycle.calls(kind)
    assert counted.total() >= FEWEST, counted
    points = _points(counted)[lane::LANES]
    out_then: Counter[int] = Counter()
    for point in points:
        with _copy(template, tmp_path / "failing", stem) as (cycle, server):
            ran = cycle.run(point)
            _fair(ran, str(point))
            out = len(server.state()["posts"])
            out_then[out] += 1
            stands = cycle.ask("status", "--json")
            assert stands.code == 0, f"{point}: {stands}"
            (told,) = stands.json["deliveries"]
            where = f"{point}: {ran}, {out} out, then {told['status']}: {told['reason']}"
            assert told["status"] in {"queued", "claimed", "staged", "sending", "unknown", "published"}, where
            assert out == 0 or told["status"] in {"sending", "unknown", "published"}, where
            seen = test_kill._recover(cycle.folder, monkeypatch, server)
            assert len(server.state()["posts"]) == 1, where
            assert seen[-1] is Status.published, f"{where}, states {seen}"
            test_kill._whole(cycle.folder, PARTS["post"])
    assert out_then.keys() == {0, 1}, "the sweep doesn't reach both sides of the visible call"
    tell("disk faults", "x", points=len(points), out_at_once=out_then[1])


@contextmanager
def _copy(template: Path, folder: Path, stem: Stem) -> Iterator[tuple[Cycle, Server]]:
    """Give the workspace anew, on a server of its own."""
    shutil.copytree(template, folder)
    with Server() as server:
        (folder / "config.yaml").write_text(test_kill.CONFIG.format(url=server.url), "utf-8")
        yield Cycle(folder, stem), server
    shutil.rmtree(folder)
