"""The threads that do the work: lanes, which deliver, and keepers, which do the rest now and then."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from scheduler.app import App
from scheduler.daemon.guard import Guard
from scheduler.daemon.signs import Sign, Signs
from scheduler.operations import deliver

REST_SECONDS = 1.0
"""After a step that failed, so that a full disk isn't asked a thousand times a second."""

_MOST = 64  # lanes
_MOST_ON_A_SERVER = 32  # which has as many connections for all its programs together
_KEEPER_SECONDS = 900.0  # how long a keeper may give no sign of life: what it asks may be slow, and many


@dataclass(frozen=True, kw_only=True)
class Keeper:
    """Something done every so many seconds, in a thread of its own: a network that hangs holds up nothing else.

    The job ends, or commits something, within a quarter of an hour; one that waits for news returns now and then.
    """

    name: str
    job: Callable[[], object]
    seconds: float
    at_once: bool = True  # at the start, too


class Crew:
    """The daemon's threads. All end once `stopping` is set and they are rung for."""

    def __init__(self, app: App, guard: Guard, signs: Signs, stopping: threading.Event) -> None:
        self._app, self._guard, self._signs, self._stopping = app, guard, signs, stopping
        self._bells: list[threading.Event] = []
        self.threads: list[threading.Thread] = []

    def add_lanes(self, after: Callable[[], None]) -> None:
        """Add as many lanes as are of use; `after` is called whenever one of them has done what there was."""
        most = _MOST_ON_A_SERVER if self._app.store.tells else _MOST
        for number in range(1, max(1, min(most, len(self._app.workspace.accounts))) + 1):
            bell = threading.Event()
            self._bells.append(bell)
            self._add(f"lane {number}", deliver.LEASE.total_seconds(), self._lane, bell, after)

    def add_keepers(self, *keepers: Keeper) -> None:
        """Add a thread for each."""
        for keeper in keepers:
            self._add(keeper.name, _KEEPER_SECONDS, self._keep, keeper)

    def _add(self, name: str, allowed: float, work: Callable[..., None], *given: object) -> None:
        sign = self._signs.new(name, allowed=allowed)
        sign.thread = threading.Thread(target=work, args=[sign, *given], name=name, daemon=True)
        self.threads.append(sign.thread)

    def start(self) -> None:
        """Set them all to work."""
        for thread in self.threads:
            thread.start()

    def ring(self) -> None:
        """Call the lanes: there is something to do."""
        for bell in self._bells:
            bell.set()

    def _lane(self, sign: Sign, bell: threading.Event, after: Callable[[], None]) -> None:
        """Wait to be called; then take one step after the other while something is due."""
        while not self._stopping.is_set():
            bell.wait()
            bell.clear()
            done: bool | None = False
            worked = False
            while not self._stopping.is_set() and (done := self._guard.run(sign, self._step)):
                worked = True
            if done is None:  # it failed: once it works again, that is to be known
                self._stopping.wait(REST_SECONDS)
                bell.set()
            elif worked:  # what was finished may have freed its account for the next one in line
                self._guard.run(sign, after)

    def _step(self) -> bool:
        return deliver.step(self._app)

    def _keep(self, sign: Sign, keeper: Keeper) -> None:
        if not keeper.at_once:
            self._stopping.wait(keeper.seconds)
        while not self._stopping.is_set():
            self._guard.run(sign, keeper.job)
            self._stopping.wait(keeper.seconds)
