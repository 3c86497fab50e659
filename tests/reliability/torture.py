"""Every reliability suite at the size of a release, in steps of an hour at most that can be resumed.

    python -m tests.reliability.torture [STEP…] [--minutes N] [--at-once N] [--list] [--table]

Without STEP everything runs that hasn't passed yet on the program and the tests that are there; with --minutes no step
begins after so many. Each step is a process, as many at once as there are processors. What is done stands in
tests/reliability/torture.json, to be committed, logs in build/torture/; the end is the table for docs/reliability.md.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from tests.reliability import torture_record as record
from tests.reliability.torture_record import KEPT, Found
from tests.reliability.torture_steps import ROOT, STEPS, Step

LAST_LINES = 25  # of the log of a step that failed


def run(step: Step) -> Found | None:
    """Run a step; return what came of it, or nothing where somebody stopped it."""
    figures, log = KEPT / f"{step.name}.jsonl", KEPT / f"{step.name}.log"
    figures.unlink(missing_ok=True)
    key, began = record.key(step), time.monotonic()
    words = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *step.paths]
    chosen = " and ".join(f"({one})" for one in (step.database, step.chosen) if one)
    env = {**os.environ, **step.environment, "SOLIDARITY_FIGURES": str(figures)}
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*words, *(["-k", chosen] if chosen else [])], cwd=ROOT, stdout=output, stderr=output, env=env
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode in {2, -2}:  # pytest's own for an interruption
        return None
    return Found(
        key=key,
        commit=record.commit(),
        passed=process.returncode == 0,
        changed=key != record.key(step),
        minutes=round((time.monotonic() - began) / 60, 1),
        processor=round((used.ru_utime + used.ru_stime) / 60, 1),
        figures=record.told(figures, log),
    )


class Runner:
    """Runs steps, several at once, and says how far it is."""

    def __init__(self, names: Sequence[str], minutes: float) -> None:
        self.names, self.began, self.end = names, time.monotonic(), time.monotonic() + 60 * minutes
        self.done = record.load()
        self.over = 0
        self.left_out: list[str] = []
        self.failed: list[str] = []
        self._lock = threading.Lock()

    def all(self, at_once: int) -> None:
        """Run them: those that want the machine for themselves one by one, then the others."""
        alone = [name for name in self.names if STEPS[name].alone]
        for name in alone:
            self.one(name)
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(self.one, [name for name in self.names if name not in alone]))

    def one(self, name: str) -> None:
        """Run one, where there is time for it, and keep what came of it."""
        if time.monotonic() > self.end:
            self.left_out.append(name)
            return
        self.say(f"{name} begins: {_described(STEPS[name])}")
        found = run(STEPS[name])
        with self._lock:
            self.over += 1
            if found is None:
                self.left_out.append(name)
                return
            self.done[name] = found
            record.save(self.done)
            size = ", ".join(f"{value:,} {figure.replace('_', ' ')}" for figure, value in found.figures.items())
            took = f"in {found.minutes} minutes, {found.processor} of a processor: {size}"
            if found.passed and found.changed:
                self.left_out.append(name)
                self.say(f"{name} counts for nothing: what it tests was changed while it ran")
                return
            self.say(f"{name} {'passed' if found.passed else 'FAILED'} {took}")
            if not found.passed:
                self.failed.append(name)
                self._show(name)

    def say(self, words: str) -> None:
        """Say something, with the time, how many are over, and for how long it has been going on."""
        gone = (time.monotonic() - self.began) / 60
        print(f"{datetime.now():%H:%M} [{self.over}/{len(self.names)}, {gone:.0f} min] {words}", flush=True)  # noqa: DTZ005

    @staticmethod
    def _show(name: str) -> None:
        log = KEPT / f"{name}.log"
        lines = log.read_text("utf-8", "replace").splitlines()
        print(*(f"    {line[:200]}" for line in lines[-LAST_LINES:]), f"    the whole: {log}", sep="\n", flush=True)


def _described(step: Step) -> str:
    sizes = ", ".join(f"{key.removeprefix('SOLIDARITY_')}={value}" for key, value in step.environment.items())
    return f"{step.suite} {step.what}, {step.database or 'its own database'}, {sizes or 'whole'}, ~{step.minutes:g} min"


def listed(names: Sequence[str], at_once: int) -> str:
    """Return the steps with what is done and how long they take about, and how long that is in sum."""
    done = record.load()
    lines = [f"{'done' if record.stands(done, name) else '    '} {name:24} {_described(STEPS[name])}" for name in names]
    left = [STEPS[name] for name in names if not record.stands(done, name)]
    alone = sum(step.minutes for step in left if step.alone)
    rest = sum(step.minutes for step in left if not step.alone)
    hours = (alone + rest / at_once) / 60
    lines.append(f"{len(left)} of {len(names)} are left: about {hours:.1f} hours with {at_once} at once")
    return "\n".join(lines)


def main() -> int:
    """Run what is asked for, or what is left; return 1 where something didn't pass."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__.partition("\n")[0])
    parser.add_argument("steps", nargs="*", metavar="STEP", help="only these, and anew; a beginning serves too")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no step after so many minutes")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1, help="so many steps at a time")
    parser.add_argument(
        "--list", action="store_true", help="name the steps, tell which are done and how long all takes"
    )
    parser.add_argument("--table", action="store_true", help="print the table of what has run on this content")
    given = parser.parse_args()
    KEPT.mkdir(parents=True, exist_ok=True)
    chosen = [name for name in STEPS if not given.steps or any(name.startswith(begin) for begin in given.steps)]
    if not chosen:
        print(f"no step of that name: {', '.join(STEPS)}", file=sys.stderr)
        return 2
    if given.list or given.table:
        print(record.table(record.current(record.load())) if given.table else listed(chosen, given.at_once))
        return 0
    done = record.load()
    runner = Runner([name for name in chosen if given.steps or not record.stands(done, name)], given.minutes)
    runner.all(given.at_once)
    print(record.table(record.current(runner.done)))
    if runner.left_out:
        print(f"{len(runner.left_out)} steps are left: say the same again to go on")
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
