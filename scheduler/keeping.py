"""Keeps a delivery in hand while it takes its time: a long film is rendered, or goes slowly to a storage."""

import contextvars
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Protocol

from scheduler import cleaning
from scheduler.app import App
from scheduler.store import Delivery, StateError, deliveries

LONGEST = timedelta(minutes=20)
"""How long rendering and giving a delivery to its network may take: from then on whoever does it counts as stuck.

What it waits for its turn isn't counted: each film before it has its own end.
"""

_STEP_SECONDS = 60.0
_ENDS_SECONDS = 30.0  # for a last word to the state


class Heard(Protocol):
    """Takes signs of life."""

    def seen(self) -> None:
        """Note that what it stands for is at work."""


MINE: contextvars.ContextVar[Heard | None] = contextvars.ContextVar("sign", default=None)
"""Who takes this thread's signs of life."""


class _Time:
    """How long something may take, by the time that it isn't waiting for its turn."""

    def __init__(self, most: timedelta) -> None:
        self._ends = time.monotonic() + most.total_seconds()
        self._waits = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Stop this clock."""
        begun, self._waits = time.monotonic(), True
        try:
            yield
        finally:
            self._ends += time.monotonic() - begun  # before it goes on: it never seems to be over in between
            self._waits = False

    @property
    def over(self) -> bool:
        """Whether it took too long."""
        return not self._waits and time.monotonic() >= self._ends


@contextmanager
def kept(app: App, delivery: Delivery, *, lease: timedelta) -> Iterator[None]:
    """Prolong a delivery's lease every minute, and give signs of life, while it is prepared; for `LONGEST` at most.

    Words alone are prepared well within a lease, or not at all: every call has its end.
    """
    if not delivery.content.has_media:
        yield
        return
    over = threading.Event()
    taken = _Time(LONGEST)

    def keep() -> None:
        mine = True
        while not over.wait(_STEP_SECONDS) and not taken.over:
            mine = mine and prolong(app, delivery, lease=lease)
            if (sign := MINE.get()) is not None:
                sign.seen()

    timer = threading.Thread(target=contextvars.copy_context().run, args=[keep], name="keeping", daemon=True)
    timer.start()
    token = cleaning.WAITING.set(taken.waiting)
    try:
        yield
    finally:
        cleaning.WAITING.reset(token)
        over.set()
        timer.join(_ENDS_SECONDS)


def prolong(app: App, delivery: Delivery, *, lease: timedelta) -> bool:
    """Prolong a lease unless another has the delivery, or it has gone on: to its sending above all."""
    with suppress(StateError), app.store.work() as c:
        return deliveries.keep(c, delivery, until=app.clock.now() + lease)
    return True  # as far as is known: it is tried again in a minute
