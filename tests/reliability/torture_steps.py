"""The steps of `make torture`: which suite, on which database, how large, and how long it takes about."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = "tests/reliability"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One suite, or a slice of it, on one database, in one process.

    Attributes:
        name: what people call it by.
        suite: R1 … R12.
        what: in words, the same for all slices of a suite.
        paths: its tests.
        minutes: how long it takes about, from the processor time of a slice on a busy machine: a quiet one needs less.
        counts: of the figures that its tests tell, those that are its size.
        environment: its size, as its tests ask for it.
        database: empty where the suite has its own.
        chosen: which of the tests, in pytest's words.
        alone: it keeps all processors busy by itself.
    """

    name: str
    suite: str
    what: str
    paths: tuple[str, ...]
    minutes: float
    counts: tuple[str, ...] = ("tests",)
    environment: dict[str, str] = field(default_factory=dict)
    database: str = ""
    chosen: str = ""
    alone: bool = False

    def files(self) -> list[Path]:
        """Return the modules of its tests."""
        found = [ROOT / path.partition("::")[0] for path in self.paths]
        return [file for path in found for file in (sorted(path.rglob("test_*.py")) if path.is_dir() else [path])]

    def size(self, total: Counter[str]) -> str:
        """Return its size as it was counted."""
        return ", ".join(f"{total[name]:,} {name.replace('_', ' ')}" for name in self.counts)


def _step(name: str, suite: str, what: str, *files: str, on: str = "", minutes: float, **more: object) -> Step:
    """Return a step; names in capitals are environment variables of ours."""
    given = {f"SOLIDARITY_{key}": str(value) for key, value in more.items() if key.isupper()}
    rest = {key: value for key, value in more.items() if not key.isupper()}
    return Step(
        name=f"{name}-{on}" if on else name,
        suite=suite,
        what=what,
        paths=tuple(file if "/" in file else f"{HERE}/{file}" for file in files),
        minutes=minutes,
        environment=given,
        database=on,
        **rest,  # type: ignore[arg-type]
    )


def _daemons() -> Iterator[Step]:
    """Steps that keep the machine busy by themselves, or wait most of the time: they come first."""
    herd = {"DAEMONS": 8, "DAEMONS_POSTS": 20_000, "DAEMONS_SECONDS": 900, "DAEMONS_RESTART": "5-40"}
    counts = ("posts", "before", "killed", "stopped", "restarts")
    for base, minutes in (("postgresql", 30), ("sqlite", 8)):
        posts = herd if base == "postgresql" else {**herd, "DAEMONS_POSTS": 5_000, "DAEMONS_SECONDS": 300}
        yield _step(
            "r7-daemons", "R7", "8 daemons, stopped and killed", "test_many_daemons.py", on=base, minutes=minutes,
            counts=counts, alone=True, **posts,
        )  # fmt: skip
    for base, kills, posts, minutes in (("sqlite", 1_000, 10_000, 20), ("postgresql", 100, 1_000, 4)):
        yield _step(
            "r3-daemon", "R3", "kill -9 of the daemon", "test_daemon_killed.py", on=base, minutes=minutes,
            counts=("kills", "posts"), DAEMON_KILLS=kills, DAEMON_POSTS=posts,
        )  # fmt: skip
    yield _step(
        "r3-pages", "R3", "kill -9 of the pages", "test_daemon_killed_web.py", on="sqlite", minutes=6,
        counts=("kills",), SERVE_KILLS=150,
    )  # fmt: skip
    yield _step(
        "r3-networks", "R3", "kill -9, all networks", "test_networks_daemon.py", on="sqlite", minutes=8,
        counts=("kills", "posts"), KILLS=100, KILLS_POSTS=60,
    )  # fmt: skip


def _kills() -> Iterator[Step]:
    for base, step, minutes in (("sqlite", 1, 11), ("postgresql", 2, 9)):
        yield _step(
            "r2-strace", "R2", "kill at every write, and twice", "test_kill.py", on=base, minutes=minutes,
            counts=("points", "double_kills"), KILL_STEP=step, KILL_TWICE=300,
        )  # fmt: skip
    for base, step, minutes in (("sqlite", 2, 8), ("postgresql", 4, 7)):
        yield _step(
            "r2-networks", "R2", "kill at every point, six networks", "test_networks_killed.py", on=base,
            minutes=minutes, counts=("killed",), KILL_STEP=step,
        )  # fmt: skip


def _machine_and_networks() -> Iterator[Step]:
    yield _step(
        "r4", "R4", "the disk fails", "test_disk_faults.py", on="sqlite", minutes=11,
        counts=("points",), DISK_POINTS=500,
    )  # fmt: skip
    yield _step("r4-full", "R4", "the disk is full", "test_disk_full.py", on="sqlite", minutes=1)
    for base, rounds, minutes in (("sqlite", 220, 10), ("postgresql", 60, 6)):
        yield _step(
            "r5", "R5", "random weather", "test_networks_weather.py", on=base, minutes=minutes,
            counts=("posts",), WEATHER=rounds,
        )  # fmt: skip
    for base, number, minutes in (("sqlite", 500, 2), ("postgresql", 100, 3)):
        yield _step(
            "r6", "R6", "zones, and clocks that jump", "test_zones.py", "test_clock_jumps.py", on=base,
            minutes=minutes, counts=("changes", "jumps"), CLOCK_JUMPS=number,
        )  # fmt: skip
    for base, posts, minutes in (("sqlite", 150, 4), ("postgresql", 50, 4)):
        yield _step(
            "r7-workers", "R7", "workers that oversleep", "test_networks_workers.py", "test_overslept.py", on=base,
            minutes=minutes, counts=("posts", "overslept"), WORKERS_POSTS=posts, KILL_STEP=1,
        )  # fmt: skip


def _people_and_power() -> Iterator[Step]:
    yield _step("r8", "R8", "the state is lost", "test_state_lost.py", on="sqlite", minutes=2)
    for base, minutes in (("sqlite", 1), ("postgresql", 2)):
        yield _step(
            "r8-anyhow", "R8", "the state is lost, in any state", "test_state_lost_anyhow.py", on=base,
            minutes=minutes, counts=("cases",), LOST_CASES=100,
        )  # fmt: skip
    races = ("test_withdrawal_races.py", "test_withdrawal_faults.py", "test_thread_races.py", "test_thread_faults.py")
    for base, step, minutes in (("sqlite", 1, 9), ("postgresql", 4, 12)):
        yield _step(
            "r9", "R9", "people against sending", *races, "test_decided_late.py", "test_networks_withdrawn.py",
            "test_lost_claims.py", on=base, minutes=minutes, counts=("races", "points"), KILL_STEP=step,
        )  # fmt: skip
    for base, minutes in (("sqlite", 1), ("postgresql", 2)):
        yield _step(
            "r10", "R10", "a year", "test_year.py", on=base, minutes=minutes, counts=("sent", "kills"), YEAR_SEED=2027,
        )  # fmt: skip
    for base, examples, minutes in (("sqlite", 250, 2), ("postgresql", 50, 1)):
        yield _step(
            "consent", "P1", "the consent machine", "test_consent_machine.py", on=base, minutes=minutes,
            counts=("examples",), CONSENT_EXAMPLES=examples,
        )  # fmt: skip
    hostile = ("tests/hostile", "tests/web/test_uploads.py", "tests/web/volunteers/test_adversaries.py")
    hostile += ("tests/web/volunteers/test_metadata.py", "tests/web/volunteers/test_canaries.py")
    yield _step(
        "r11", "R11", "hostile files", *hostile, minutes=10, counts=("tests", "examples"),
        HOSTILE_SEEDS=280, HOSTILE_EXAMPLES=1_000, chosen="not postgresql",
    )  # fmt: skip
    power = ("test_power_loss.py", "test_power_files.py")
    yield _step(
        "r12", "R12", "power fails", *power, on="sqlite", minutes=12, counts=("lived", "images"), POWER_IMAGES=1_000
    )
    yield _step("teeth", "all", "planted bugs", "test_teeth.py", minutes=2)


R1 = {"sqlite": (24, 2_000, 12.0), "postgresql": (4, 500, 15.0)}
"""Of the state machine, for each database: slices, examples of 100 steps in each, and minutes a slice."""


def _state_machine() -> Iterator[Step]:
    """The largest of all: 50,000 examples in sum, most of them where five times as many fit into the same time."""
    for base, (slices, examples, minutes) in R1.items():
        for number in range(slices):
            yield _step(
                f"r1-{number:02}", "R1", "the state machine", "test_machine.py", on=base, minutes=minutes,
                counts=("examples", "steps"), MACHINE_EXAMPLES=examples, MACHINE_STEPS=100,
                MACHINE_SEED=f"torture {number}",
            )  # fmt: skip


STEPS = {
    step.name: step
    for steps in (_daemons(), _kills(), _machine_and_networks(), _people_and_power(), _state_machine())
    for step in steps
}
"""All of them, in the order in which they run: those that take a machine for themselves first, the largest last."""
