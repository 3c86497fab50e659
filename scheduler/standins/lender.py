"""Lends files over loopback to the stand-ins of networks that fetch what they publish, as the web pages do."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

from scheduler.model import Medium
from scheduler.standins.faults import Answer
from scheduler.standins.loopback import LoopbackServer, Request


class _Server(LoopbackServer):
    endpoints: ClassVar = {"GET /lent/:id": "fetch"}

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(now=now)
        self.lent: dict[str, tuple[Medium, float]] = {}

    def fetch(self, request: Request) -> Answer:
        """GET /lent/NAME."""
        medium, until = self.lent.get(request.args[0], (None, 0.0))
        if medium is None or self.now() >= until:
            return Answer(404, b"", {"Content-Type": "text/plain"})
        return Answer(200, medium.path.read_bytes(), {"Content-Type": medium.mime})


class Lender:
    """A shelf on this machine: each file has one address that nobody can guess."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        """`now`: the time in seconds since 1970."""
        self._server = _Server(now)
        self._names: dict[Path, str] = {}

    def url(self, medium: Medium, *, until: datetime) -> str:
        """Return the address of a file, good until then."""
        name = self._names.setdefault(medium.path, secrets.token_urlsafe(24) + medium.path.suffix)
        self._server.lent[name] = medium, until.timestamp()
        return f"{self._server.url}/lent/{name}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
