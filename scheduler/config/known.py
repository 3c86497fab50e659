"""Every secret that the program could come to know on this machine: for keeping them out of its log."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from scheduler.config.secrets import env_file, from_file
from scheduler.errors import UserError
from scheduler.redaction import is_secret

_PUBLIC = ("_ID", "_IDENTIFIER", "_URL", "_HOST", "_PORT", "_FILE")  # how the names of what isn't secret end
_SHORTEST_TOKEN = 16  # characters
_OPEN = ("did:", "http://", "https://")  # what stands beside tokens, and may be seen


class KnownSecrets:
    """The secrets of a workspace; called, it returns them: the same object until one of its files changes."""

    def __init__(
        self, folder: Path, var: Path, environ: Mapping[str, str] | None = None, *, every: float = 1.0
    ) -> None:
        """`every`: how often the files are looked at, in seconds."""
        self._folder, self._tokens = folder, var / "tokens"
        self._environ = dict(os.environ if environ is None else environ)
        self._every, self._next = every, 0.0
        self._seen: object = None
        self._found: frozenset[str] = frozenset()

    def __call__(self) -> frozenset[str]:
        """Return them. Never raises: a log is kept also while `.env` can't be read."""
        now = time.monotonic()
        if now < self._next:
            return self._found
        self._next = now + self._every
        seen = [(file, _state(file)) for file in (self._folder / ".env", *self._tokens.glob("*.json"))]
        if seen != self._seen:
            self._seen = seen
            found = {*self._named(), *self._renewed()}
            self._found = self._found | found  # what was a secret once may still be good somewhere
        return self._found

    def _named(self) -> set[str]:
        written: dict[str, str] = {}
        with suppress(UserError, OSError):
            written = env_file(self._folder)
        values = {**written, **self._environ}
        ours = [name for name in written if not name.endswith(_PUBLIC)]
        found = {values[name] for name in [*ours, *(name for name in self._environ if is_secret(name))]}
        for name in values:
            if name.endswith("_FILE") and (name in written or is_secret(name.removesuffix("_FILE"))):
                with suppress(UserError, OSError):
                    found.add(from_file(name, values, self._folder) or "")
        return found

    def _renewed(self) -> set[str]:
        found = set()
        with suppress(OSError, ValueError):
            for file in self._tokens.glob("*.json"):
                values = json.loads(file.read_bytes())
                for value in values.values() if isinstance(values, dict) else ():
                    if isinstance(value, str) and len(value) >= _SHORTEST_TOKEN and not value.startswith(_OPEN):
                        found.add(value)
        return found


def _state(path: Path) -> object:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
