"""A process of its own, followed by `strace`: its calls to the kernel are noted, fail, or end it.

The process stops before it begins (`stop`, see `tests.acceptance.stem`) and goes on when it is followed: nothing of
starting Python counts.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from functools import cache
from pathlib import Path

from tests.acceptance.stem import Started

_ANY_TRACER = 0x59616D61  # PR_SET_PTRACER, with PR_SET_PTRACER_ANY


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


def trace(process: Started, calls: str, log: Path, *, inject: str = "") -> "subprocess.Popen[bytes]":
    """Let a stopped process go on, followed; `inject`: such as `error=ENOSPC:when=3`. The calls stand in `log`."""
    fault = ["-e", f"inject={calls}:{inject}"] if inject else []
    command = ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}", *fault, "-p", str(process.pid)]
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
