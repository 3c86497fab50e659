"""A state's file put aside with what SQLite keeps beside it: the newest of what was done may stand only there."""

import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from scheduler.store.database import StateError, checkpoint, open_engine

_WITH_IT = ("", "-wal", "-shm")


def place_aside(path: Path, now: datetime) -> Path:
    """Return where what stands at `path` is to be kept."""
    return path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%S}")


def set_aside(path: Path, aside: Path) -> None:
    """Move a file that may still be open, with its write-ahead log. Raises OSError."""
    for suffix in _WITH_IT:
        present = path.with_name(path.name + suffix)
        if present.exists():
            present.replace(aside.with_name(aside.name + suffix))


def make_whole(aside: Path) -> None:
    """Bring a file's write-ahead log into it, as far as nobody reads it, so that the one file says everything."""
    engine = open_engine(f"sqlite:///{aside}", aside.parent)
    with suppress(StateError, sqlite3.Error):  # its log stays beside it
        checkpoint(engine)
    engine.dispose()
