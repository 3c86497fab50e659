"""The warm child: loads the decoders once, then forks one process for each file; it never looks into a file itself."""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any

from media.sandbox import answer as sandbox_answer
from media.sandbox import lock as sandbox_lock
from media.sandbox.jobs import Job

_MESSAGE = 65536
_STOP = b"stop"


def main(jobs: str, number: int) -> None:
    """Serve the parent at the other end of socket `number` until it hangs up."""
    os.environ.clear()
    table: Mapping[str, Job] = importlib.import_module(jobs).JOBS
    loaded: set[str] = set()
    own = os.getpid()
    with socket.socket(fileno=number) as parent:
        parent.send(json.dumps({"confined": _try_the_lock()}).encode())
        while True:
            message, files, _, _ = socket.recv_fds(parent, _MESSAGE, 2)
            if not message:
                return
            if message == _STOP:
                continue  # it was meant for a job that had just ended by itself
            request = json.loads(message)
            if request["job"] not in loaded:
                table[request["job"]].load()
                loaded.add(request["job"])
                gc.collect()
                gc.freeze()  # what every job inherits is then never written to, so never copied
            pid = os.fork()
            if not pid:
                _work(table[request["job"]], request, files, own)
            for file in files:
                os.close(file)
            parent.send(b"{}")
            status, peak = _watch(pid, parent)
            parent.send(json.dumps({"status": status, "peak": peak}).encode())


def _watch(pid: int, parent: socket.socket) -> tuple[int, int]:
    """Wait until the job ends; kill it when the parent says so or is gone.

    Returns:
        Its wait status, and the most memory it had at a time in bytes.
    """
    number = os.pidfd_open(pid)
    try:
        ready = select.select([number, parent.fileno()], [], [])[0]
        if number not in ready:
            parent.recv(_MESSAGE)
            os.kill(pid, signal.SIGKILL)
        _, status, used = os.wait4(pid, 0)
        return status, used.ru_maxrss * 1024
    finally:
        os.close(number)


def _work(job: Job, request: dict[str, Any], files: list[int], parent: int) -> None:
    status = 1
    try:
        source, answer = files
        limits = (request["seconds"], request["memory"], request["output"])
        if not sandbox_lock.lock(*limits, parent=parent, keep=files):
            raise PermissionError("this kernel has no filter we know")
        with os.fdopen(source, "rb") as inward, os.fdopen(answer, "wb") as outward:
            sandbox_answer.write(outward, lambda: job.run(inward, request["options"]))
        status = 0
    finally:
        os._exit(status)


def _try_the_lock() -> bool:
    """Return whether the lock can be turned on this machine."""
    own = os.getpid()
    pid = os.fork()
    if not pid:
        confined = False
        with contextlib.suppress(BaseException):
            confined = sandbox_lock.lock(1, 1 << 30, 1 << 20, parent=own, keep=[])
        os._exit(0 if confined else 1)
    return os.waitpid(pid, 0)[1] == 0


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
