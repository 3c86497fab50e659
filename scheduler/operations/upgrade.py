"""Bring the state's tables to this version's form, as a whole or not at all; a copy of how it was stays beside it."""

from dataclasses import dataclass
from pathlib import Path

from scheduler.app import open_state
from scheduler.clock import Clock
from scheduler.errors import UserError
from scheduler.model import Workspace
from scheduler.store import Connection, controls, copy_database, schema


@dataclass(frozen=True, kw_only=True)
class Upgraded:
    """What was done."""

    before: str | None  # the form; None where there was no state
    after: str
    copy: Path | None  # of the state as it was: of a file that had an older form


def upgrade(workspace: Workspace, *, clock: Clock) -> Upgraded:
    """Bring the state to this version's form. Where anything fails all is as it was.

    Raises:
        UserError: a daemon runs on it, the copy can't be written, or this version doesn't know the state's form.
    """
    store = open_state(workspace, check=False)
    place = None if store.path is None else store.path.with_name(f"{store.path.name}.before-{schema.HEAD}")
    made: list[Path] = []

    def first(c: Connection) -> None:
        if controls.alive(c, clock.now()):
            msg = "a daemon is running on this state: stop it first, then upgrade"
            raise UserError(msg)
        if place is not None:
            copy_database(store, place)
            made.append(place)

    try:
        before, after = schema.upgrade(store.engine, first=first)
    except BaseException:
        for file in made:  # the state itself is still what it holds
            file.unlink(missing_ok=True)
        raise
    finally:
        store.close()
    return Upgraded(before=before, after=after, copy=made[0] if made else None)
