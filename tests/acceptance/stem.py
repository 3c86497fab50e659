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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
LONGEST = 60  # seconds that a call may take
LIBRARIES = (
    "scheduler.cli",
    "scheduler.app",
    "scheduler.daemon",
    "scheduler.operations.check",
    "scheduler.operations.status",
    "scheduler.publishers.outbox",
    "scheduler.publishers.x",
    "scheduler.rehearsal",
    "alembic.command",
)


class Stem:
    """The process, seen from the tests."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([sys.executable, "-m", "tests.acceptance.stem"], env=dict(env), **pipes)

    def call(self, args: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> tuple[int, str, str]:
        """Run the command; return its exit code, standard output and standard error."""
        out, err = self._folder / "out", self._folder / "err"
        order = {"args": list(args), "env": dict(env), "cwd": str(cwd), "files": [str(out), str(err)]}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return code, out.read_bytes().decode(), err.read_bytes().decode()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _become(order: Any) -> None:
    """Be a call of the command: never returns."""
    signal.alarm(LONGEST)
    for number, name, mode in zip((0, 1, 2), (os.devnull, *order["files"]), (os.O_RDONLY, _WRITE, _WRITE), strict=True):
        os.dup2(os.open(name, mode, 0o600), number)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv = ["solidarity", *order["args"]]
    from scheduler.cli import main

    main()


def _serve() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
