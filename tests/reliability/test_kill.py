"""Kill the program at every write of one publish cycle, against a strict X server; then let it recover.

With strace the kernel ends the process as it enters its k-th write, fsync, rename or send: nothing in the program can
know. On PostgreSQL what is sent to the database's server counts like a write. Where strace is missing, or may not
trace, the same cycle is killed at its k-th statement, commit or file event.
"""

import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.stem import Stem
from tests.reliability.kill import PARTS, copied, settled, sprout, workspace
from tests.reliability.on_networks import tell

LANES = 6  # the sweep is cut into this many tests, which run side by side
STEP = int(os.environ.get("SOLIDARITY_KILL_STEP", "0"))
STEPS = {"sqlite": {"post": 1, "thread": 4}, "postgresql": {"post": 12, "thread": 48}}
"""Every so many points, where nobody asks for another number: a thread has three times as many."""
TWICE = int(os.environ.get("SOLIDARITY_KILL_TWICE", "8"))
MOST = 3_000
FEWEST = 40  # a cycle with fewer writes than this isn't the one we mean
_LATEST = 60  # of the points of a recovery at which it is killed again
WAYS = ("strace", "hook")


@pytest.fixture(scope="module")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stem]:
    """Return what commands are forked from."""
    started = sprout(tmp_path_factory.mktemp("stem"))
    yield started
    started.close()


@pytest.mark.parametrize("lane", range(LANES))
@pytest.mark.parametrize("kind", PARTS)
def test_killed_at_every_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, stem: Stem, kind: str, lane: int, database: str
) -> None:
    """Wherever the cycle is killed, each part is out exactly once in the end, in order, and the state says so."""
    step = STEP or STEPS[database][kind]
    counted = sweep(tmp_path, monkeypatch, stem, kind, range(1 + lane * step, MOST, LANES * step))
    tell("kill at every write", database, **counted)


def sweep(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stem: Stem, kind: str, points: Iterable[int], *, way: str = "strace"
) -> Counter[str]:
    """Kill a cycle at each of these points, up to its end, and recover; return what was counted."""
    workspace(folder / "template", stem, kind)
    counted: Counter[str] = Counter()
    for point in points:
        with copied(folder / "template", folder / f"killed-at-{point}") as (cycle, server):
            killed = cycle.killed(stem, point, way)
            counted.update(points=int(killed))
            counted.update(settled(cycle, server, monkeypatch, kind, f"point {point}"))
            if not killed:
                assert point >= FEWEST, f"only {point} points: the sweep doesn't kill where it should"
                return counted
    pytest.fail(f"the cycle has more than {MOST} points")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", PARTS)
def test_killed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, stem: Stem, kind: str, way: str, database: str
) -> None:
    """Killed, and killed again at a point of the recovery: each part is out once in the end all the same."""
    wanted = max(1, TWICE // len(WAYS) // len(PARTS) // (1 if database == "sqlite" else 4))
    chance = random.Random(f"{kind} {way} {wanted}")
    workspace(tmp_path / "template", stem, kind)
    with copied(tmp_path / "template", tmp_path / "counted") as (cycle, _):
        assert not cycle.killed(stem, 0, way)
        points = len(cycle.points())
    counted: Counter[str] = Counter()
    while counted["double_kills"] < wanted:
        first, second = chance.randint(1, points), chance.randint(1, _LATEST)
        with copied(tmp_path / "template", tmp_path / "killed") as (cycle, server):
            # One run may have a few points less than another, and the recovery may leave something to look up later.
            again = cycle.killed(stem, first, way) and cycle.killed(stem, second, way, ends=(0, 1))
            where = f"point {first}, and at point {second} of the recovery"
            counted.update(settled(cycle, server, monkeypatch, kind, where), double_kills=again, recoveries=1)
        assert counted["recoveries"] < 9 + 9 * wanted, "hardly any recovery has so many points"
    tell("killed twice", database, **counted)
