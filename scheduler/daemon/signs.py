"""Signs of life of the daemon's threads: of those that do the work, not only of one that ticks."""

import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine, event

from scheduler import keeping


class Sign:
    """What one thread, or one job that is done again and again, was last seen to do."""

    def __init__(self, name: str, *, allowed: float, always: bool, clock: Callable[[], float]) -> None:
        self.name, self.allowed = name, allowed
        self.thread: threading.Thread | None = None
        self._clock, self._always = clock, always
        self._since: float | None = None

    def busy(self) -> None:
        """Begin something, or get on with it."""
        self._since = self._clock()
        keeping.MINE.set(self)

    def seen(self) -> None:
        """Get on with what was begun, also as another thread says it; what has nothing to do stays so."""
        if self._since is not None:
            self._since = self._clock()

    def idle(self) -> None:
        """Have nothing to do."""
        keeping.MINE.set(None)
        if not self._always:
            self._since = None

    @property
    def seconds(self) -> float:
        """How long nothing was seen of it since it began; 0 while it has nothing to do."""
        since = self._since
        return 0.0 if since is None else max(0.0, self._clock() - since)

    @property
    def dead(self) -> bool:
        """Whether its thread has ended."""
        return self.thread is not None and self.thread.ident is not None and not self.thread.is_alive()

    @property
    def state(self) -> str:
        """Return how it stands: idle, busy, stuck, dead."""
        if self.dead:
            return "dead"
        if self.seconds > self.allowed:
            return "stuck"
        return "idle" if self._since is None else "busy"

    @property
    def fault(self) -> str | None:
        """Return what is wrong with it, in words that stay the same while it lasts."""
        if self.dead:
            return f"{self.name} has ended"
        return (
            f"{self.name} is stuck: no sign of life for {self.allowed:.0f} seconds" if self.state == "stuck" else None
        )


class Signs:
    """Those of all threads and jobs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.all: list[Sign] = []

    def new(self, name: str, *, allowed: float, always: bool = False) -> Sign:
        """Return the sign of something that begins to work.

        Args:
            name: for people.
            allowed: how many seconds it may go without being seen.
            always: whether it must be seen all the time, also when it has nothing to do.
        """
        sign = Sign(name, allowed=allowed, always=always, clock=self._clock)
        self.all.append(sign)
        return sign

    def faults(self) -> list[str]:
        """Return what is wrong; nothing where all are alive."""
        return [fault for sign in self.all if (fault := sign.fault) is not None]

    def heed(self, engine: Engine) -> None:
        """Take every commit for a sign of its thread: a long job that stores each of its steps isn't stuck."""
        event.listen(engine, "commit", _committed)

    def ignore(self, engine: Engine) -> None:
        """Heed no commits any more."""
        event.remove(engine, "commit", _committed)


def _committed(_connection: object) -> None:
    sign = keeping.MINE.get()
    if sign is not None:
        sign.seen()
