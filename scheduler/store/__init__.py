"""The state: every delivery, attempt, receipt, pause and release, in one database.

`Store` opens it and gives transactions; `deliveries` and `controls` are the steps one can take in them. Both stand on
SQLAlchemy, which takes longer to start than a small workspace to check, so that it is imported once they are needed.
"""

from typing import TYPE_CHECKING, Any

from scheduler.store.entries import Pause, Task
from scheduler.store.records import Delivery

if TYPE_CHECKING:
    from scheduler.store.state import (
        MOVED_TO,
        Connection,
        StateAwayError,
        StateError,
        StateMovedError,
        Store,
        copy_database,
        database_path,
        is_damage,
        is_sqlite,
        open_store,
        require_copy,
        require_mark,
        require_not_moved,
        unhurried,
    )

__all__ = [
    "MOVED_TO",
    "Connection",
    "Delivery",
    "Pause",
    "StateAwayError",
    "StateError",
    "StateMovedError",
    "Store",
    "Task",
    "copy_database",
    "database_path",
    "is_damage",
    "is_sqlite",
    "open_store",
    "require_copy",
    "require_mark",
    "require_not_moved",
    "unhurried",
]


def __getattr__(name: str) -> Any:
    """Return what is defined in `state`, imported at its first use."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from scheduler.store import state

    globals()[name] = found = getattr(state, name)
    return found
