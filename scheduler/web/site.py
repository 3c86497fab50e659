"""What all pages share: the App, the campaign as it stands in its files, the limits, and how cookies are named."""

import logging
import threading
import time
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler import app as parts
from scheduler import blobs, posts, sharing
from scheduler.app import App
from scheduler.errors import SchedulerError
from scheduler.model import Action, Workspace
from scheduler.posts import Loaded
from scheduler.store import StateError, StateMovedError
from scheduler.web import words
from scheduler.web.counts import Counts
from scheduler.web.limits import Limits

if TYPE_CHECKING:
    from anyio import CapacityLimiter

_LOG = logging.getLogger(__name__)
_SWEEP_SECONDS, _LIGHTEN_SECONDS = 10.0, 3600.0
_WRITING, _TAKING = 4, 64  # threads for uploads; pages have others, so that no upload keeps one waiting


class Site:
    """One running web process."""

    def __init__(self, app: App, *, locale: Path = words.FOLDER, hosts: Collection[str] = ()) -> None:
        self.app = app
        self.locale = locale
        self.hosts = frozenset(hosts)  # names it is known under, beside public_url's and this machine's
        self.debug = False  # lets faults come through as they are, for tests
        self.limits = Limits()
        self.counts = Counts()
        self.ended: StateMovedError | None = None
        self._config = self._config_state()
        self._lock = threading.Lock()
        self._seen: object = None
        self._sweeps_at = 0.0
        self._lightens_at = time.monotonic() + _LIGHTEN_SECONDS / 60  # not while it starts
        self._loaded: Loaded | None = None

    @property
    def workspace(self) -> Workspace:
        """What config.yaml says."""
        return self.app.workspace

    @property
    def secure(self) -> bool:
        """Whether people come by https, so that cookies may say so."""
        return (self.workspace.public_url or "").startswith("https:")

    def cookie(self, name: str) -> str:
        """Return the whole name of a cookie; the prefix makes browsers hold it to this very host."""
        return f"__Host-{name}" if self.secure else name

    @property
    def languages(self) -> list[str]:
        """The languages of the interface."""
        return words.languages(self.locale)

    def campaign(self) -> Loaded:
        """Return the actions and posts as their files say now; they are read again only when one has changed."""
        state = self._state()
        with self._lock:
            if self._loaded is None or state != self._seen:
                parts.require_posts(self.workspace)
                self._loaded = posts.load(self.workspace, now=self.app.clock.now(), themes=parts.themes())
                self._seen = state
            return self._loaded

    def action(self, key: str) -> Action | None:
        """Return an action that can be read."""
        return next((one for one in self.campaign().actions if one.key == key), None)

    @cached_property
    def writing(self) -> "CapacityLimiter":
        """The threads that write down what comes in."""
        from anyio import CapacityLimiter

        return CapacityLimiter(_WRITING)

    @cached_property
    def taking(self) -> "CapacityLimiter":
        """The threads of pages that take a file in, and may wait for it to be made anew."""
        from anyio import CapacityLimiter

        return CapacityLimiter(_TAKING)

    @property
    def uploads(self) -> Path:
        """Where files lie on their way in: on the workspace's disk, readable by its user alone."""
        folder = self.workspace.var / "uploads"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def end(self, error: StateMovedError) -> None:
        """Stop: nobody would see what is done in a state that isn't there any more."""
        self.ended = error

    def look(self) -> None:
        """Take over a changed config.yaml that has no errors, and notice a state that was replaced."""
        try:
            self._require_state()
            self._adopt()
            self._let_go()
        except StateMovedError as error:
            self.end(error)
        except SchedulerError as error:
            _LOG.error("%s", error)

    def _require_state(self) -> None:
        """Make sure that the state is still here; one that can't be read now is said by whatever needs it."""
        try:
            self.app.store.require_here()
        except StateMovedError:
            raise
        except StateError:
            return

    def _let_go(self) -> None:
        """Where this machine shares its files, delete its copies of what is over; once an hour, give what it alone has.

        The latter in a thread of its own: the storage may keep it waiting.
        """
        now = time.monotonic()
        if not blobs.shared(self.workspace) or now < self._sweeps_at:
            return
        self._sweeps_at = now + _SWEEP_SECONDS
        sharing.sweep_here(self.app)
        if now >= self._lightens_at:
            self._lightens_at = now + _LIGHTEN_SECONDS
            threading.Thread(target=self._lighten, daemon=True).start()

    def _lighten(self) -> None:
        try:
            sharing.lighten(self.app)
        except SchedulerError as error:
            _LOG.error("the copies of files can't be looked after: %s", error)

    def _adopt(self) -> None:
        state = self._config_state()
        if state == self._config:
            return
        self._config = state
        workspace, problems = parts.read_workspace(self.workspace.folder)
        errors = [problem for problem in problems if problem.level == "error"]
        for problem in errors:
            _LOG.error("%s", problem)
        if workspace is not None and not errors:
            with self._lock:
                self.app.adopt(workspace)
                self._loaded = None

    def _config_state(self) -> object:
        try:
            stat = (self.workspace.folder / "config.yaml").stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _state(self) -> object:
        found = []
        for file in sorted((self.workspace.folder / "posts").glob("*")):
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((file.name, stat.st_mtime_ns, stat.st_size))
        return found
