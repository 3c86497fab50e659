"""Tell whether posts go out: the truth about the daemon, not about whoever asks."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.app import App
from scheduler.status import Status
from scheduler.store import StateError, controls, deliveries, pulse, submissions
from scheduler.submission import Stage

LATE = timedelta(minutes=2)
"""How long something that could leave may be due. A delivery goes at its second; a network that hangs takes longer."""

LITTLE_SPACE = 200_000_000
"""Bytes."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the work goes on at one moment."""

    at: datetime
    faults: tuple[str, ...]  # what is wrong, in words; none: all is well
    heartbeat_seconds: float | None = None  # age of the daemon's last sign of life; None: none runs
    oldest_due_seconds: float = 0.0  # how long the oldest that could have left has been due
    stuck: int = 0
    statuses: dict[str, int]  # deliveries by status
    submissions: int = 0  # that wait for moderators
    tasks: int = 0
    paused: int = 0
    blocked: int = 0
    writable: bool = False
    free_bytes: int = 0

    @property
    def ok(self) -> bool:
        """Whether posts go out."""
        return not self.faults


def health(app: App) -> Health:
    """Look at the state and the disk; never raises for what it finds."""
    now = app.clock.now()
    free = shutil.disk_usage(app.workspace.folder).free
    try:
        with app.store.read() as c:
            found, counts = pulse.pulse(c, now), deliveries.counts(c)
            waiting = submissions.counts(c).get(Stage.pending, 0)
        with app.store.write() as c:
            pulse.touch(c)
    except StateError:
        return Health(at=now, faults=("the state can't be read or written",), statuses={}, free_bytes=free)
    age = None if found.heartbeat_at is None else (now - found.heartbeat_at).total_seconds()
    due = 0.0 if found.oldest_due_at is None else (now - found.oldest_due_at).total_seconds()
    return Health(
        at=now,
        faults=tuple(_faults(age, due, found.stuck, free)),
        heartbeat_seconds=age,
        oldest_due_seconds=due,
        stuck=found.stuck,
        statuses={str(status): counts.get(str(status), 0) for status in Status},
        submissions=waiting,
        tasks=found.tasks,
        paused=found.paused,
        blocked=found.blocked,
        writable=True,
        free_bytes=free,
    )


def _faults(age: float | None, due: float, stuck: int, free: int) -> list[str]:
    found = []
    if age is None:
        found.append("no daemon runs: start `solidarity run`")
    elif age > controls.ALIVE.total_seconds():
        found.append(f"the daemon gave no sign of life for {age:.0f} seconds")
    if due > LATE.total_seconds():
        found.append(f"what was due {due:.0f} seconds ago hasn't left")
    if stuck:
        found.append(f"{stuck} in the hand of a daemon that went silent")
    if free < LITTLE_SPACE:
        found.append(f"only {free // 1_000_000} MB are free on the disk")
    return found
