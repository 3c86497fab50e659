"""Makes the disk fail for one process, when a test wants it to: by `strace`, or by hooks where it is missing.

`stop` and `fail` run in the process itself, before the command (see `tests.acceptance.stem`).
"""

import ctypes
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, event

from scheduler.store.database import explain
from tests.acceptance.stem import Started

KINDS = {
    "write": "write,pwrite64,writev,pwritev,ftruncate,fallocate,sendfile,copy_file_range",
    "sync": "fsync,fdatasync",
    "name": "rename,renameat2,mkdir,unlink,link,chmod",
}
"""The calls of the kernel that fail, by what they are for. `open` is the fourth: Python's own, of files in var/."""

_ANY_TRACER = 0x59616D61  # PR_SET_PTRACER, with PR_SET_PTRACER_ANY
_EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "shutil.copyfile"}


@cache
def can_trace() -> bool:
    """Tell whether strace is there and may trace."""
    if shutil.which("strace") is None:
        return False
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=exit_group", "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def stop() -> None:
    """Wait for a tracer, and let any process be it."""
    ctypes.CDLL(None).prctl(_ANY_TRACER, ctypes.c_ulong(2 ** (8 * ctypes.sizeof(ctypes.c_ulong)) - 1))
    os.kill(os.getpid(), signal.SIGSTOP)


def trace(process: Started, kind: str, log: Path, *, fault: str = "") -> "subprocess.Popen[bytes]":
    """Let a stopped process go on, traced; `fault`: such as `error=ENOSPC:when=3`. The calls stand in `log`."""
    calls = KINDS[kind]
    inject = ["-e", f"inject={calls}:{fault}"] if fault else []
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}", *inject, "-p", str(process.pid)]
    while _stat(process.pid) not in "tT":
        time.sleep(0.002)
    tracer = subprocess.Popen(command)
    while f"TracerPid:\t{tracer.pid}\n" not in Path(f"/proc/{process.pid}/status").read_text("ascii", "replace"):
        assert tracer.poll() is None, "strace has ended"
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGCONT)
    return tracer


def _stat(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]


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
        if name in _EVENTS and str(given[0]).startswith(folder) and (name != "open" or _writes(given)) and hit():
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


def _writes(given: tuple[object, ...]) -> bool:
    """Tell whether a file is opened to be changed."""
    flags = given[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
