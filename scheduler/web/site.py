"""What all pages share: the App, the campaign as it stands in its files, the limits, and how cookies are named."""

import threading
from pathlib import Path

from scheduler import app as parts
from scheduler import posts
from scheduler.app import App
from scheduler.model import Action, Workspace
from scheduler.posts import Loaded
from scheduler.web import words
from scheduler.web.limits import Limits


class Site:
    """One running web process."""

    def __init__(self, app: App, *, locale: Path = words.FOLDER) -> None:
        self.app = app
        self.locale = locale
        self.limits = Limits()
        self._lock = threading.Lock()
        self._seen: object = None
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

    def _state(self) -> object:
        found = []
        for file in sorted((self.workspace.folder / "posts").glob("*")):
            try:
                stat = file.stat()
            except OSError:
                continue
            found.append((file.name, stat.st_mtime_ns, stat.st_size))
        return found
