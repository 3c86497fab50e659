"""Who a worker is, and whether it is certain that it no longer lives.

A lease ends by its time. A worker that started anew on the same machine needn't wait for that: a process that
is gone can't wake up.
"""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

ALIVE = timedelta(seconds=60)
"""How old a daemon's last sign of life may be."""


@cache
def _machine() -> str:
    """Return a name for this boot of this machine and this process table."""
    import socket

    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        table = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        import uuid

        return f"{socket.gethostname()}-{uuid.getnode():x}"
    return f"{socket.gethostname()}-{boot[:8]}-{table.strip('pid:[]')}"


def _started(pid: int) -> str | None:
    """Return when a process started, in the kernel's ticks; None when there is none or one can't tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else fields[19]


def identity() -> str:
    """Return a name for this process that no other process, earlier or later, bears."""
    import uuid

    pid = os.getpid()
    return f"{_machine()}/{pid}/{_started(pid) or uuid.uuid4().hex}"


def is_gone(worker: str) -> bool:
    """Tell whether it is certain that a worker's process has ended."""
    machine, _, rest = worker.partition("/")
    pid, _, started = rest.partition("/")
    started = started.partition("#")[0]
    if machine != _machine() or not pid.isdigit() or not Path("/proc/self/stat").exists():
        return False
    return _started(int(pid)) != started


def alive(beats: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """Return which of these daemons run, as far as one can tell by their last signs of life."""
    return {name: at for name, at in beats.items() if now - at < ALIVE and not is_gone(name)}
