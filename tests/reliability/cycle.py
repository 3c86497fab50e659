"""One publish cycle as `solidarity run --once` does it, killed at its k-th point: where no strace is to be had.

    python -m tests.reliability.cycle WORKSPACE K

A point is every statement and every commit of the state, and every write or rename of a file. It prints how many
points it passed, so that a test knows when it has had them all.
"""

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from scheduler import app as parts
from scheduler.daemon import PostsWatch, run_once

_FILE_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "socket.connect"}


def main(folder: Path, kill_at: int) -> int:
    """Run the cycle; return how many points it has."""
    passed = 0

    def point(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    workspace, _ = parts.workspace(folder)
    app = parts.build(workspace)
    event.listen(app.store.engine, "before_cursor_execute", point)
    event.listen(app.store.engine, "commit", point)
    sys.addaudithook(lambda name, _arguments: point() if name in _FILE_EVENTS else None)
    PostsWatch(app).look()
    run_once(app)
    app.close()
    return passed


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2])))
