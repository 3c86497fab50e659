"""One publish cycle as `solidarity run --once` does it, killed at its k-th point: where no strace is to be had.

    python -m tests.reliability.cycle WORKSPACE K [PLANT]

A point is every statement and every commit of the state, and every write or rename of a file. It prints which of the
points were calls and how many there were, so that a test knows when it has had them all. With PLANT a bug of
`plants.py` is in the program.
"""

import os
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import event

from scheduler import app as parts
from scheduler.daemon import PostsWatch, run_once
from tests.reliability.plants import PLANTS

_FILE_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "socket.connect"}


def main(folder: Path, kill_at: int, plant: str = "") -> int:
    """Run the cycle; return how many points it has."""
    if plant:
        PLANTS[plant](pytest.MonkeyPatch())
    passed = 0

    def point(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(name: str, _arguments: object) -> None:
        if name in _FILE_EVENTS:
            point()
        if name == "socket.connect":
            print("connect", passed, flush=True)

    workspace, _ = parts.workspace(folder)
    app = parts.build(workspace)
    event.listen(app.store.engine, "before_cursor_execute", point)
    event.listen(app.store.engine, "commit", point)
    sys.addaudithook(audited)
    PostsWatch(app).look()
    run_once(app)
    app.close()
    return passed


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
