"""Where the time comes from: the machine's clock, or in a rehearsal a simulated one. Always aware UTC."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits; the only two things the program does with time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(max(0.0, seconds))


class SimulatedClock:
    """A clock that stands still until it is told to move: rehearsals and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the simulated moment, aware, in UTC."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the simulated moment forward."""
        self._now += timedelta(seconds=max(0.0, seconds))

    def move_to(self, moment: datetime) -> None:
        """Set the simulated moment (backwards too: clocks are set back in real life)."""
        self._now = moment.astimezone(UTC)
