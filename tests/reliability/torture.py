"""Every reliability suite at the size of a release, in steps of an hour at most that can be resumed.

    python -m tests.reliability.torture [STEP…] [--minutes N] [--list] [--table]

Without STEP everything that hasn't passed yet at this commit runs; with --minutes no step begins after so many. What is
done stands in build/torture/ (which git ignores); the end is the table for docs/reliability.md.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build/torture"
HERE = "tests/reliability"
BOTH = ("sqlite", "postgresql")
LOST, DOUBLED = "lost", "doubled"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One suite, or a slice of it, on one database."""

    name: str
    suite: str  # R1 … R12
    what: str
    files: tuple[str, ...]
    size: str
    environment: dict[str, str] = field(default_factory=dict)
    database: str = ""  # empty: the suite has its own


def _on(bases: tuple[str, ...], name: str, suite: str, what: str, size: str, *files: str, **env: str) -> Iterator[Step]:
    given = {f"SOLIDARITY_{key}": value for key, value in env.items()}
    for base in bases:
        full = f"{name}-{base}" if base else name
        yield Step(
            name=full, suite=suite, what=what, size=size, files=files, environment=given, database=base
        )  # fmt: skip


def _all() -> Iterator[Step]:
    for number in range(20):
        examples = {"MACHINE_EXAMPLES": "2500", "MACHINE_STEPS": "100", "MACHINE_SEED": f"torture {number}"}
        yield from _on(BOTH, f"r1-{number:02}", "R1", "the state machine", "2,500 x 100", "test_machine.py", **examples)
    every = {"KILL_STEP": "1"}
    yield from _on(("",), "r2-strace", "R2", "kill at every write", "every point", "test_kill.py", **every)
    yield from _on(BOTH, "r2-networks", "R2", "kill at every point", "every point", "test_networks_killed.py", **every)
    kills = {"DAEMON_KILLS": "1000", "DAEMON_POSTS": "10000"}
    yield from _on(("",), "r3-daemon", "R3", "kill -9 of the daemon", "1,000", "test_daemon_killed.py", **kills)
    kills = {"SERVE_KILLS": "150"}
    yield from _on(("",), "r3-pages", "R3", "kill -9 of the pages", "150", "test_daemon_killed_web.py", **kills)
    kills = {"KILLS": "200", "KILLS_POSTS": "150"}
    yield from _on(("",), "r3-networks", "R3", "kill -9, all networks", "200", "test_networks_daemon.py", **kills)
    yield from _on(("",), "r4", "R4", "the disk fails", "500", "test_disk_faults.py", DISK_POINTS="500")
    weather = {"WEATHER": "400"}
    yield from _on(BOTH, "r5", "R5", "bad weather", "5,000 posts", "test_networks_weather.py", **weather)
    yield from _on(
        ("",), "r6", "R6", "zones and clocks", "all", "test_zones.py", "test_clock_jumps.py", CLOCK_JUMPS="500"
    )
    workers = {"WORKERS_POSTS": "1000"}
    yield from _on(BOTH, "r7", "R7", "workers that oversleep", "12,000", "test_networks_workers.py", **workers)
    yield from _on(BOTH, "r7-asleep", "R7", "asleep at every point", "every point", "test_overslept.py", **every)
    yield from _on(("",), "r8", "R8", "the state is lost", "all", "test_state_lost.py")
    races = ("test_withdrawal_races.py", "test_withdrawal_faults.py", "test_thread_races.py", "test_thread_faults.py")
    races += ("test_decided_late.py",)
    yield from _on(BOTH, "r9", "R9", "people against sending", "every point", *races)
    yield from _on(BOTH, "r9-networks", "R9", "taken back", "every point", "test_networks_withdrawn.py", **every)
    yield from _on(BOTH, "consent", "P1", "the consent machine", "25 x 15", "test_consent_machine.py")
    power = ("test_power_loss.py", "test_power_files.py")
    yield from _on(("",), "r12", "R12", "power fails", "1,000", *power, POWER_IMAGES="1000")
    yield from _on(("",), "teeth", "all", "planted bugs", "all", "test_teeth.py")


STEPS = {step.name: step for step in _all()}


def _commit() -> str:
    """Return the commit that is tested, with a mark where files differ from it."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _done(kept: Path) -> dict[str, Any]:
    return json.loads(kept.read_text("utf-8")) if kept.exists() else {}


def run(step: Step) -> dict[str, Any]:
    """Run a step; return what came of it."""
    figures = KEPT / f"{step.name}.jsonl"
    figures.unlink(missing_ok=True)
    files = [str(file.relative_to(ROOT)) for name in step.files for file in sorted((ROOT / HERE).glob(name))]
    words = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", *files]
    words += ["-k", step.database] if step.database else []
    env = {**os.environ, **step.environment, "SOLIDARITY_FIGURES": str(figures)}
    began = time.monotonic()
    with (KEPT / f"{step.name}.log").open("w", encoding="utf-8") as log:
        code = subprocess.run(words, cwd=ROOT, check=False, stdout=log, stderr=log, env=env).returncode
    return {"passed": code == 0, "minutes": round((time.monotonic() - began) / 60, 1), **_told(figures)}


def _told(figures: Path) -> dict[str, int]:
    """Return the sum of each figure that the tests of a step told."""
    total: Counter[str] = Counter()
    for line in figures.read_text("utf-8").splitlines() if figures.exists() else []:
        total.update({name: value for name, value in json.loads(line).items() if isinstance(value, int)})
    return dict(total)


def table(done: dict[str, Any]) -> str:
    """Return in Markdown what has run: its tests assert that nothing is lost or doubled."""
    head = ["suite", "database", "what", "size", LOST, DOUBLED, "asked a person", "minutes"]
    rows = [head, ["---"] * len(head)]
    for name, found in done.items():
        step = STEPS[name]
        none = "0" if found["passed"] else "**see its log**"
        rows.append([
            step.suite, step.database or "its own", step.what, step.size, none, none,
            str(found.get("asked", "–")), str(found["minutes"]),
        ])  # fmt: skip
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> int:
    """Run what is asked for, or what is left; return 1 where something didn't pass."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__.partition("\n")[0])
    parser.add_argument("steps", nargs="*", metavar="STEP", help="only these; a beginning of a name serves too")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no step after so many minutes")
    parser.add_argument("--list", action="store_true", help="name the steps, and tell which are done")
    parser.add_argument("--table", action="store_true", help="print the table of what has run")
    given = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = KEPT / f"{_commit()}.json"
    done = _done(kept)
    chosen = [one for one in STEPS if not given.steps or any(one.startswith(begin) for begin in given.steps)]
    if not chosen:
        print(f"no step of that name: {', '.join(STEPS)}", file=sys.stderr)
        return 2
    if given.list or given.table:
        print(
            table(done) if given.table else "\n".join(f"{'done' if _passed(done, n) else '    '} {n}" for n in chosen)
        )
        return 0
    left = [name for name in chosen if given.steps or not _passed(done, name)]
    end = time.monotonic() + given.minutes * 60
    for number, name in enumerate(left, 1):
        if time.monotonic() > end:
            print(f"{len(left) - number + 1} steps are left: say the same again to go on")
            break
        done[name] = run(STEPS[name])
        kept.write_text(json.dumps(done, indent=1), "utf-8")
        said = "passed" if done[name]["passed"] else f"FAILED, see {KEPT / name}.log"
        print(f"{number}/{len(left)} {name}: {said} in {done[name]['minutes']} minutes", flush=True)
    print(table(done))
    return 0 if all(one["passed"] for one in done.values()) else 1


def _passed(done: dict[str, Any], name: str) -> bool:
    return bool(done.get(name, {}).get("passed"))


if __name__ == "__main__":
    sys.exit(main())
