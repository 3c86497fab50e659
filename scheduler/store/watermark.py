"""How far a state has come, noted beside it: one that lost its newest changes, or an old copy in its place, is noticed.

The number grows with each sign of life of a daemon. It is noted once it stands in the state for good, so that a state
is behind its note only where it has gone back in time.
"""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler import files

if TYPE_CHECKING:
    from sqlalchemy import Connection

FACT = "watermark"
"""The fact of the state that holds the number."""


def raised(c: "Connection") -> int:
    """Raise the state's number, and return it."""
    from scheduler.store import controls

    number = reached(c) + 1
    controls.set_meta(c, FACT, str(number))
    return number


def reached(c: "Connection") -> int:
    """Return the state's number; 0 where no daemon has been at work on it."""
    from scheduler.store import controls

    return int(controls.get_meta(c, FACT) or 0)


def catch_up(c: "Connection", folder: Path) -> None:
    """Let a state that is put in the place of another be at least as far as the note says."""
    from scheduler.store import controls

    if (number := noted(folder)) > reached(c):
        controls.set_meta(c, FACT, str(number))


def note(folder: Path, number: int) -> None:
    """Note the number of the state of the workspace in `folder`, once it is committed. Raises MachineError."""
    files.write(_place(folder), f"{number}\n".encode(), private=False)


def noted(folder: Path) -> int:
    """Return the number that was noted last; 0 where none is."""
    with suppress(OSError, ValueError):
        return int(_place(folder).read_text("utf-8"))
    return 0


def _place(folder: Path) -> Path:
    return folder / "var" / "state.mark"
