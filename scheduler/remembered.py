"""What `check` found, kept in a person's own cache, so that looking again is quick where nothing has changed.

Nothing hangs on it: an entry is believed only where all that its look hung on is proven to be the same, and one that
is missing, damaged, or somebody else's is as none. Of the files of posts/ and of config.yaml the bytes count, for they
are few and a time stamp may lie; of pictures and films, which are large, all that the system tells of them.
"""

import hashlib
import json
import os
import stat
import sys
import time
import zoneinfo
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import media
from scheduler import files
from scheduler.errors import UserError
from scheduler.model import Level, Place, Problem
from scheduler.reading import source

SETTLED = 2.0
"""Seconds for which a picture must have been as it is: some file systems can't tell apart what comes sooner."""

_LARGEST = 50_000_000  # bytes of an entry
_KEPT = 30 * 86_400  # seconds for which an entry is kept that nobody renews
_CONFIG = "config.yaml"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a look at a workspace gave."""

    posts: int
    deliveries: int
    problems: tuple[Problem, ...]
    usable: bool = True  # False where config.yaml can't be read: nothing else was looked at

    @property
    def errors(self) -> int:
        """How many problems keep a post from going out."""
        return sum(problem.level is Level.error for problem in self.problems)


class Memory:
    """What is known of one workspace, as one person sees it. `cache`: the folder that holds all of their entries."""

    def __init__(self, cache: Path, folder: Path) -> None:
        """Look at the workspace as it is now, before anything else does."""
        self._cache, self._folder = cache, folder
        self._file = cache / f"{_digest(os.path.realpath(folder))[:32]}.json"
        self._begun = time.time()
        self._key, self._program_is_fresh = "", False
        with suppress(OSError, ValueError):  # something is odd about a file: the careful look says what
            self._key, changed = _key(folder)
            self._program_is_fresh = self._is_fresh(changed)  # then what runs here may still be the one before

    def recall(self, now: datetime) -> Found | None:
        """Return what was found last time where the same would be found at `now`."""
        with suppress(OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            entry = json.loads(_whole(_own(self._file)))
            since, until = entry["since"], entry["until"]
            is_same = self._key != "" and entry["key"] == self._key
            in_time = datetime.fromisoformat(since) <= now and (until is None or now < datetime.fromisoformat(until))
            if is_same and in_time and all(_signs(self._folder / name) == was for name, was in entry["files"].items()):
                problems = tuple(map(_problem, entry["problems"]))
                return Found(posts=int(entry["posts"]), deliveries=int(entry["deliveries"]), problems=problems)
        return None

    def keep(self, found: Found, *, now: datetime, until: datetime | None, looked_at: Iterable[str], zone: str) -> None:
        """Keep what was found, unless something changed meanwhile; where it can't be kept, it isn't.

        Args:
            found: without problems of config.yaml, which may stand beside a secret.
            now: when it was found.
            until: from when on something else would be found, as the times of the posts pass.
            looked_at: the files that were looked at, or for, beside those of posts/: relative to the workspace.
            zone: the workspace's time zone.
        """
        names = {*looked_at, *(str(Path(folder) / zone) for folder in zoneinfo.TZPATH)}
        signs = {name: _signs(self._folder / name) for name in sorted(names)}
        fresh = self._program_is_fresh or any(len(one) > 1 and self._is_fresh(max(one[-2:])) for one in signs.values())
        if fresh or not self._is_as_it_was():
            return
        entry = {
            "key": self._key,
            "since": now.isoformat(),
            "until": until and until.isoformat(),
            "files": signs,
            "posts": found.posts,
            "deliveries": found.deliveries,
            "problems": [[*one.place, one.level, one.rule, one.message, one.post] for one in found.problems],
        }
        body = json.dumps(entry)
        with suppress(OSError, UserError):
            self._cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.write(self._file, f"{_digest(body)}\n{body}".encode(), durable=False)
            self._forget_old()

    def _is_as_it_was(self) -> bool:
        with suppress(OSError, ValueError):
            return _key(self._folder)[0] == self._key
        return False

    def _is_fresh(self, changed: int) -> bool:
        """Tell whether what changed then (nanoseconds since 1970) may have changed once more without a sign of it."""
        return changed > (self._begun - SETTLED) * 1e9

    def _forget_old(self) -> None:
        for one in self._cache.iterdir():
            if one.stat().st_mtime < self._begun - _KEPT:
                one.unlink(missing_ok=True)


class Basis:
    """The files of a workspace as they are when this is made, and the program that reads them: what a plan hangs on."""

    def __init__(self, folder: Path, zone: str) -> None:
        """Take the digest of config.yaml and posts/; `zone`: the workspace's time zone."""
        self._folder, self._begun = folder, time.time()
        self._program = as_started(zone)
        self._written = self._read()

    def digest(self, looked_at: Iterable[str]) -> str:
        """Return a digest of all that and of the pictures at `looked_at`; empty where one of them was changing."""
        signs = {name: _signs(self._folder / name) for name in sorted(looked_at)}
        changed = max((max(one[-2:]) for one in signs.values() if len(one) > 1), default=0)
        is_settled = changed <= (self._begun - SETTLED) * 1e9
        if self._written is None or self._read() != self._written or not is_settled:
            return ""
        return _digest(json.dumps([self._program, self._written, signs]))

    def _read(self) -> list[tuple[str, str]] | None:
        with suppress(OSError, ValueError):
            return _written(self._folder)
        return None


@cache
def as_started(zone: str) -> str:
    """Return a digest of the program, and of the rules of a time zone, as they were when this was first asked.

    What lies there later may be newer than what runs: a process that goes on for long asks at its start.
    """
    return _digest(json.dumps([_program_and_libraries()[0], [_signs(Path(one) / zone) for one in zoneinfo.TZPATH]]))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _problem(values: list[Any]) -> Problem:
    file, line, column, level, rule, message, post = values
    return Problem(
        place=Place(file=file, line=line, column=column), level=Level(level), rule=rule, message=message, post=post
    )


def _plain(path: Path, most: int) -> tuple[bytes, os.stat_result]:
    """Return what is in a plain file of `most` bytes, and what the system tells of it; links aren't followed.

    Raises:
        OSError, ValueError: it can't be read, is larger, or no plain file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            raise ValueError
        data = os.read(handle, about.st_size + 1)
    finally:
        os.close(handle)
    if len(data) != about.st_size:  # somebody writes it just now
        raise ValueError
    return data, about


def _own(path: Path) -> str:
    """Return what is in a plain file that only this user can have written.

    Raises:
        OSError, ValueError: it can't be read, is too large, somebody else's, or no text.
    """
    data, about = _plain(path, _LARGEST)
    if about.st_uid != os.geteuid() or about.st_mode & 0o022:
        raise ValueError
    return data.decode()


def _whole(text: str) -> str:
    """Return the body of an entry that is as it was written. Raises ValueError where it isn't."""
    digest, _, body = text.partition("\n")
    if digest != _digest(body):
        raise ValueError
    return body


def _signs(path: Path) -> list[Any]:
    """Return what changes when a file does, or its name comes to mean another: the times of changes come last."""
    try:
        at = os.stat(path)  # noqa: PTH116 - of hundreds of files
        real = os.path.realpath(path)
    except (OSError, ValueError) as error:
        return [type(error).__name__]
    return [real, at.st_dev, at.st_ino, at.st_mode, at.st_uid, at.st_size, at.st_mtime_ns, at.st_ctime_ns]


# ── what every look hangs on ────────────────────────────────────────────────────────────────────────────


def _key(folder: Path) -> tuple[str, int]:
    """Return a digest of the program, of who asks, of config.yaml and posts/, and when the program changed (ns).

    Raises:
        OSError, ValueError: one of the files can't be read, or is no plain file of the workspace.
    """
    program, changed = _program_and_libraries()
    return _digest(json.dumps([os.geteuid(), *program, _written(folder)])), changed


def _written(folder: Path) -> list[tuple[str, str]]:
    """Return config.yaml and the files of posts/, each with the digest of its bytes. Raises as `_key` does."""
    if (folder / source.POSTS).is_symlink():
        raise ValueError
    names = [folder / _CONFIG, *source.campaign(folder)]
    return [(str(path), hashlib.sha256(_plain(path, source.LARGEST)[0]).hexdigest()) for path in names]


def _program_and_libraries() -> tuple[list[Any], int]:
    """Return what there is of the program and of what it stands on, and when the program changed (ns)."""
    program = [*_program(Path(__file__).parent), *_program(Path(media.__file__).parent)]
    libraries = [name for path in sys.path for name in _libraries(path)]
    return [sys.version, zoneinfo.TZPATH, libraries, program], max(changed for *_, changed in program)


def _program(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield every file of a package of ours, so that another version, or a change to it, looks anew."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _program(Path(entry.path))
            else:
                about = entry.stat()
                yield entry.path, about.st_size, about.st_mtime_ns


def _libraries(path: str) -> list[str]:
    """Return the libraries in a folder of them, each named with its version."""
    try:
        return sorted(name for name in os.listdir(path) if name.endswith(".dist-info"))  # noqa: PTH208 - names alone
    except OSError:
        return []
