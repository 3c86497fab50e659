"""A state's file put aside with what SQLite keeps beside it: the newest of what was done may stand only there."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from scheduler import files
from scheduler.store.database import checkpoint, open_engine
from scheduler.store.faults import StateError

_WITH_IT = ("", "-wal", "-shm")


def place_aside(path: Path, now: datetime) -> Path:
    """Return where what stands at `path` is to be kept; where `now` has something already, by a later second's name."""
    while True:
        place = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}")
        if not any(place.with_name(place.name + suffix).exists() for suffix in _WITH_IT):
            return place
        now += timedelta(seconds=1)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Let nobody else replace a state's file meanwhile. Its folder is locked: the file may be missing, or damaged.

    Raises:
        StateError: somebody else is replacing it, or the folder can't be written.
    """
    try:
        files.make_folder(path.parent)
        lock = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        msg = f"{path.parent}: can't be written ({error.strerror}): give this user the right to write there"
        raise StateError(msg) from None
    try:
        with suppress(OSError):  # a file system that has no locks
            _lock(lock, path.parent)
        yield
    finally:
        os.close(lock)


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        msg = f"{folder}: another `restore` or `copy-state` is at work there: wait until it has ended, then look anew"
        raise StateError(msg) from None


def set_aside(path: Path, aside: Path) -> None:
    """Move a file that may still be open, with its write-ahead log. Raises OSError."""
    for suffix in _WITH_IT:
        present = path.with_name(path.name + suffix)
        if present.exists():
            present.replace(aside.with_name(aside.name + suffix))


def swap(fresh: Path, path: Path, kept: Path) -> None:
    """Put `fresh` in the place of a state's file, which is `kept`. Raises OSError.

    What is under way is noted beside it: broken off, it is undone by `undo_swap`, and until then nobody works there.
    """
    note = _note(path)
    files.write(note, kept.name.encode(), private=False)
    set_aside(path, kept)
    files.sync_folder(path.parent)  # no log of the old one beside the new one, whatever comes
    fresh.replace(path)
    files.sync_folder(path.parent)
    note.unlink()


def undo_swap(path: Path) -> None:
    """Put back what a broken-off `swap` had put aside, with its log. Raises OSError."""
    note = _note(path)
    if not note.exists():
        return
    if not path.exists():
        kept = path.with_name(note.read_text("utf-8"))
        for suffix in reversed(_WITH_IT):  # the file itself last: where it is, all is
            present = kept.with_name(kept.name + suffix)
            if present.exists():
                present.replace(path.with_name(path.name + suffix))
        files.sync_folder(path.parent)
    note.unlink()


def require_whole(path: Path) -> None:
    """Make sure that there is no state in two pieces here, of which an empty one in its place would know nothing.

    Raises:
        StateError: a `swap` was broken off.
    """
    if _note(path).exists() and not path.exists():
        msg = f"{path}: to put a copy back was broken off halfway: run `solidarity restore FILE` once more"
        raise StateError(msg)


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.swapping")


def make_whole(aside: Path) -> None:
    """Bring a file's write-ahead log into it, as far as nobody reads it, so that the one file says everything."""
    engine = open_engine(f"sqlite:///{aside}", aside.parent)
    with suppress(StateError, sqlite3.Error):  # its log stays beside it
        checkpoint(engine)
    engine.dispose()
