"""Makes the disk fail for one process, when a test wants it to: by `strace`, or by hooks where it is missing.

`fail` runs in the process itself, before the command (see `tests.acceptance.stem`).
"""

import os
import sqlite3
import sys

from sqlalchemy import Engine, event

from scheduler.store.faults import explain
from tests.reliability.hooked import writes

KINDS = {
    "write": "write,pwrite64,writev,pwritev,ftruncate,fallocate,sendfile,copy_file_range",
    "sync": "fsync,fdatasync",
    "name": "rename,renameat2,mkdir,unlink,link,chmod",
}
"""The calls of the kernel that fail, by what they are for. `open` is the fourth: Python's own, of files in var/."""

_EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "shutil.copyfile"}


def fail(folder: str, points: list[int], code: int, log: str, statements: bool) -> None:  # noqa: FBT001
    """Let the first to the last of `points` fail: to open, make, rename or remove a file of `folder`.

    With `statements` those of the state too, for machines without strace. The points passed are counted in `log`.
    """
    passed = 0
    counted = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def hit() -> bool:
        nonlocal passed
        passed += 1
        os.write(counted, b"x\n")
        return points[0] <= passed <= points[1]

    def hook(name: str, given: tuple[object, ...]) -> None:
        if name in _EVENTS and str(given[0]).startswith(folder) and (name != "open" or writes(given)) and hit():
            raise OSError(code, os.strerror(code), str(given[0]))

    def statement(*_: object) -> None:
        if hit():
            problem = explain(sqlite3.OperationalError("database or disk is full"), folder)
            assert problem is not None
            raise problem

    sys.addaudithook(hook)
    if statements:
        event.listen(Engine, "before_cursor_execute", statement)
        event.listen(Engine, "commit", statement)
