"""Keeps the queue true to posts/, config.yaml and the submissions while a daemon runs."""

import logging
import threading

from scheduler import app as parts
from scheduler import belonging, followed, remembered
from scheduler.app import App
from scheduler.operations import queue
from scheduler.operations.fill import fill
from scheduler.posts import Loaded
from scheduler.store import consented, controls

_LOG = logging.getLogger(__name__)


class PostsWatch:
    """Notices that a file of posts/ or a submission was changed, and brings the queue to what they say."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._one_at_a_time = threading.Lock()
        self._loaded: Loaded | None = None
        self._seen: object = None
        self._followed: object = None
        self._pictures: frozenset[str] = frozenset()
        self._config = self._config_state()
        remembered.as_started(app.workspace.timezone.key)
        self.__name__ = "posts"

    def look(self) -> None:
        """Read posts/ again if anything in it changed. A file that can't be read keeps its last good version.

        Slots that come near and that nobody has are filled from the pool.
        """
        with self._one_at_a_time:
            self._look()
            if self._loaded is not None:
                fill(self._app, self._loaded)

    def follow(self) -> None:
        """Bring the queue to what volunteers handed in, moderators decided, or somebody took back."""
        with self._one_at_a_time:
            handed_in = self._handed_in()
            if self._followed in {None, handed_in}:
                return
            if self._state() == self._seen:
                self._loaded = self._loaded or self._app.load_posts()
                self._apply(self._loaded)
            else:  # what was read is old by now: by it, what somebody else has queued since would be taken out
                self._look()
            self._followed = handed_in

    def _handed_in(self) -> object:
        """Return what is another whenever the queue may have to follow what no file says.

        That is: the submissions, and a copy of the state that was put back under a daemon that nobody saw.
        """
        with self._app.store.read() as c:
            return consented.state(c, self._app.clock.now()), controls.get_meta(c, "restored_at")

    def _look(self) -> None:
        if not self._adopt_config():
            return
        state = self._state()
        if state == self._seen:
            return
        handed_in = self._handed_in()  # before: what is handed in meanwhile is for the next time
        pictures = followed.known(self._app)
        if pictures is not None:
            _LOG.info("queue is as posts/ says")
            self._loaded, self._pictures, self._followed, self._seen = None, pictures, handed_in, state
            return
        loaded, mark = followed.load(self._app)
        for problem in loaded.problems:
            if problem.level == "error":
                _LOG.error("%s", problem)
        changes = self._apply(loaded, mark)
        self._loaded = loaded
        self._pictures = loaded.looked_at
        self._seen = None if changes.in_flight else state

    def _apply(self, loaded: Loaded, mark: str = "") -> queue.Changes:
        followed = self._handed_in()  # before: what is handed in meanwhile is for the next time
        changes = queue.apply(self._app, loaded, mark=mark)
        self._followed = followed
        _LOG.info(
            "queue brought up to date: %d added, %d changed, %d cancelled, %d too late to change",
            len(changes.add),
            len(changes.change),
            len(changes.cancel),
            len(changes.too_late),
        )
        for planned in changes.too_late if changes.in_flight else ():
            _LOG.warning(
                "%s: edited too late: it is in hand, or out; should it come back, the edit is heeded", planned.key
            )
        return changes

    def _adopt_config(self) -> bool:
        """Take over a changed config.yaml; False while it has errors: then nothing is planned anew by half of it."""
        state = self._config_state()
        if state == self._config:
            return True
        workspace, problems = parts.read_workspace(self._app.workspace.folder)
        errors = [problem for problem in problems if problem.level == "error"]
        for problem in errors:
            _LOG.error("%s", problem)
        if workspace is None or errors:
            return False
        belonging.require_outbox(self._app, workspace)
        self._app.adopt(workspace)
        self._config, self._seen = state, None
        _LOG.info("config.yaml read: %d accounts", len(workspace.accounts))
        return True

    def _config_state(self) -> object:
        try:
            stat = (self._app.workspace.folder / "config.yaml").stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _state(self) -> object:
        folder = self._app.workspace.folder
        found = []
        for file in [*sorted((folder / "posts").rglob("*")), *(folder / name for name in sorted(self._pictures))]:
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return found
