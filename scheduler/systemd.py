"""Tells systemd how the program does: that it has started, that it lives, that it ends. Elsewhere it does nothing.

The protocol is one datagram of lines NAME=VALUE to the socket that the environment names (sd_notify(3)).
"""

import contextlib
import os
import socket
from collections.abc import Mapping

_LONGEST = 200  # characters of a status


class Supervisor:
    """The service manager that started this process, if one did."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        values = os.environ if environ is None else environ
        name = values.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name if name.startswith("/") else ""
        self.watchdog_seconds = _watchdog(values) if self._address else None
        """How often a sign of life is expected; None where none is."""

    @property
    def listens(self) -> bool:
        """Whether anybody wants to know."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """Say that the program has started."""
        self._tell("READY=1", _status(status))

    def alive(self, status: str) -> None:
        """Give a sign of life. Whoever stops giving them is ended, and started again."""
        self._tell("WATCHDOG=1", _status(status))

    def say(self, status: str) -> None:
        """Say how it goes, without a sign of life."""
        self._tell(_status(status))

    def stopping(self) -> None:
        """Say that the program ends."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # Whoever doesn't listen, or not now, keeps nothing waiting.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)


def _status(text: str) -> str:
    return "STATUS=" + " ".join(text.split())[:_LONGEST]


def _watchdog(values: Mapping[str, str]) -> float | None:
    """Return the seconds between two signs of life; None where they aren't wanted from this very process."""
    if values.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        seconds = int(values.get("WATCHDOG_USEC", "0")) / 1_000_000
    except ValueError:
        return None
    return seconds if seconds > 0 else None
