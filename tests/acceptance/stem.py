"""A process that has loaded the libraries and forks for every call of the command: the same, but sooner.

Every call is a process of its own with its own arguments, environment, folder and output, and ends as the command
ends. Only the second and a half of imports under load is spared. What is about starting itself doesn't go through here.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
LONGEST = 60  # seconds that a call may take
LASTING = 900  # and what is started and not waited for, should nobody end it
LIBRARIES = (
    "scheduler.cli",
    "scheduler.app",
    "scheduler.daemon",
    "scheduler.operations.check",
    "scheduler.operations.status",
    "scheduler.publishers.outbox",
    "scheduler.publishers.x",
    "scheduler.gallery",
    "scheduler.rehearsal",
    "scheduler.review",
    "scheduler.store.state",
    "alembic.command",
)


@dataclass(frozen=True)
class Started:
    """A call that nobody waits for."""

    pid: int
    out: Path
    err: Path
    _ask: Callable[..., int]

    @property
    def said(self) -> str:
        """What it has written to standard error so far."""
        return self.err.read_text("utf-8", "replace")

    def wait(self) -> int:
        """Wait for its end; return the exit code, negative the signal that ended it."""
        return self._ask(what="wait", pid=self.pid)

    def end(self, how: signal.Signals) -> int:
        """Send it a signal and wait for its end; return the exit code."""
        return self._ask(what="wait", pid=self.pid, signal=int(how))


class Stem:
    """The process, seen from the tests."""

    def __init__(self, folder: Path, env: Mapping[str, str], *more: str) -> None:
        """`more`: what else it loads ahead."""
        self._folder, self._started = folder, 0
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, "-m", "tests.acceptance.stem", *more]
        self._process = subprocess.Popen(command, env=dict(env), **pipes)

    def call(self, args: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> tuple[int, str, str]:
        """Run the command; return its exit code, standard output and standard error."""
        out, err = self._folder / "out", self._folder / "err"
        code = self._ask(what="call", args=list(args), env=dict(env), cwd=str(cwd), files=[str(out), str(err)])
        return code, out.read_bytes().decode(), err.read_bytes().decode()

    def start(self, args: Sequence[str], *, env: Mapping[str, str], cwd: Path, first: Sequence[object] = ()) -> Started:
        """Start the command and don't wait for it; `first`: a function to call there before, and what to give it."""
        self._started += 1
        out, err = (self._folder / f"{name}-{self._started}" for name in ("out", "err"))
        order = {"args": list(args), "env": dict(env), "cwd": str(cwd), "files": [str(out), str(err)]}
        err.touch()
        return Started(self._ask(what="start", first=list(first), **order), out, err, self._ask)

    def _ask(self, **order: Any) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process, and what it has started."""
        self._process.communicate()


def _become(order: Any) -> None:
    """Be a call of the command: never returns."""
    signal.alarm(LONGEST if order["what"] == "call" else LASTING)
    for number, name, mode in zip((0, 1, 2), (os.devnull, *order["files"]), (os.O_RDONLY, _WRITE, _WRITE), strict=True):
        os.dup2(os.open(name, mode, 0o600), number)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = ["solidarity", *order["args"]]
    from scheduler.cli import main

    if order.get("first"):
        name, *given = order["first"]
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)(*given)
    main()


def _serve(more: Sequence[str]) -> None:
    for name in (*LIBRARIES, *more):
        importlib.import_module(name)
    running: set[int] = set()
    for line in sys.stdin:
        order = json.loads(line)
        if order["what"] == "wait":
            child = order["pid"]
            if "signal" in order:
                os.kill(child, order["signal"])
        else:
            child = os.fork()
            if child == 0:
                _become(order)
            running.add(child)
        if order["what"] == "start":
            print(child, flush=True)
            continue
        _, status = os.waitpid(child, 0)
        running.discard(child)
        print(os.waitstatus_to_exitcode(status), flush=True)
    for child in running:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    _serve(sys.argv[1:])
