"""The parent's hold on the warm child: starts it, sends it jobs, stops those that take too long, ends it for good."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from media.errors import Unfinished

_START_SECONDS = 60.0  # a cold disk on a busy machine
_STOP_SECONDS = 2.0
_MESSAGE = 65536
_UNPREPARED = "what opens photos and films can't be started on this machine: install the program again"


class Limits(NamedTuple):
    """What one job may take: seconds by the wall clock, bytes of memory, bytes of answer."""

    seconds: float
    memory: int
    output: int


class Warm:
    """One warm child.

    Attributes:
        owner: the process that started it.
        alive: turns False when it must be replaced.
        confined: whether the kernel filters what its jobs call.
        working: whether a job runs at this moment.
        peak: bytes of memory the hungriest of its jobs had at a time.
    """

    def __init__(self, jobs: str) -> None:
        self.owner = os.getpid()
        self.alive = True
        self.working = False
        self.peak = 0
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._child = _start(jobs, theirs.fileno())
            except OSError as error:
                self._socket.close()
                raise Unfinished(_UNPREPARED) from error
        try:
            self.confined = bool(self._receive(_START_SECONDS)["confined"])
        except (OSError, ValueError, KeyError) as error:
            self.close()
            raise Unfinished(_UNPREPARED) from error

    def run(self, job: str, options: dict[str, Any], limits: Limits, files: tuple[int, int]) -> None:
        """Have one job done; its answer is then in the second of `files`. Raises Unfinished, OSError, ValueError."""
        request = json.dumps({"job": job, "options": options, **limits._asdict()}).encode()
        ended = False
        try:
            socket.send_fds(self._socket, [request], list(files))
            self._loaded()
            self.working = True
            try:
                end = self._receive(limits.seconds)
            except TimeoutError:
                self._socket.send(b"stop")
                end = {**self._receive(_STOP_SECONDS), "late": True}
            ended = True
        finally:
            self.working = False
            self.alive = ended
        self.peak = max(self.peak, int(end["peak"]))
        if "late" in end:
            raise Unfinished(_slow(limits.seconds))
        if end["status"]:
            raise Unfinished

    def _loaded(self) -> None:
        """Wait until what the job needs is loaded, and its own process is there."""
        try:
            self._receive(_START_SECONDS)
        except (OSError, ValueError) as error:
            raise Unfinished(_UNPREPARED) from error

    def kill(self) -> None:
        """End the child and whatever it runs, from any thread; `close` waits for it."""
        self.alive = False
        if self.owner == os.getpid() and self._child.returncode is None:  # else the number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the child and whatever it runs, and wait until it is gone."""
        self.kill()
        self._socket.close()
        if self.owner == os.getpid():  # in a fork of the parent the child isn't ours to wait for
            self._child.wait()

    def _receive(self, seconds: float) -> dict[str, Any]:
        self._socket.settimeout(seconds)
        message = self._socket.recv(_MESSAGE)
        if not message:
            raise ConnectionResetError
        return dict(json.loads(message))


def _slow(seconds: float) -> str:
    return f"the file takes more than {seconds:g} seconds to open: save it smaller, or in another program"


def _start(jobs: str, number: int) -> "subprocess.Popen[bytes]":
    here = str(Path(__file__).resolve().parents[2])
    path = [here, *(entry for entry in sys.path if Path(entry).is_absolute() and entry != here)]
    return subprocess.Popen(
        [sys.executable, "-s", "-S", "-P", "-B", "-m", "media.sandbox.child", jobs, str(number)],
        env={"PYTHONPATH": os.pathsep.join(path), "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(number,),
        start_new_session=True,
    )
