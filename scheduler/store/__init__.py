"""The state: every delivery, attempt, receipt, pause and release, in one database.

`Store` opens it and gives transactions; `deliveries` and `controls` are the steps one can take in them.
"""

import sqlite3
import uuid
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine

from scheduler.errors import WorkspaceError
from scheduler.store import claims, consented, controls, deliveries, schema, staff, submissions
from scheduler.store.controls import Pause, Task
from scheduler.store.database import StateError, checkpoint, database_path, explain, open_engine, reading, writing
from scheduler.store.records import Delivery

__all__ = [
    "Connection",
    "Delivery",
    "Pause",
    "StateError",
    "StateMovedError",
    "Store",
    "Task",
    "claims",
    "consented",
    "controls",
    "copy_database",
    "database_path",
    "deliveries",
    "open_store",
    "require_copy",
    "require_mark",
    "staff",
    "submissions",
]


class StateMovedError(StateError):
    """The state's file was deleted or replaced while it was in use."""


class Store:
    """One workspace's state."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self.engine = engine
        self.path = path  # of the SQLite file
        self._file: tuple[int, int] | None = None

    def require_in_place(self) -> None:
        """Make sure that the file is still the one that was opened: nobody else sees what is done in a deleted one.

        Raises:
            StateMovedError: it was deleted or replaced.
        """
        if self.path is None:
            return
        try:
            stat = self.path.stat()
            here: tuple[int, int] | None = (stat.st_dev, stat.st_ino)
        except OSError:
            here = None
        self._file = self._file or here
        if here is None or here != self._file:
            raise StateMovedError(f"{self.path}: was deleted or replaced while it was in use: start again")

    def read(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one consistent state."""
        return reading(self.engine)

    def write(self) -> AbstractContextManager[Connection]:
        """Give a connection whose work is committed as a whole, or not at all."""
        self.require_in_place()
        return writing(self.engine)

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the tables to this version's form; return the forms before and after."""
        return schema.upgrade(self.engine)

    def checkpoint(self) -> None:
        """Write what stands in the write-ahead log into the database, and empty the log."""
        checkpoint(self.engine)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_store(url: str, folder: Path, *, durable: bool = True, check: bool = True) -> Store:
    """Open the state of the workspace in `folder`, creating it where there is none.

    Args:
        url: as `database:` in config.yaml; relative files lie under `folder`.
        folder: the workspace.
        durable: False only for a rehearsal, whose state is thrown away.
        check: False opens tables of any form, to bring them to this version's.

    Raises:
        StateError: the state can't be opened, is damaged, of another form, or another workspace's.
    """
    path = database_path_or_refuse(url, folder)
    store = Store(open_engine(url, folder, durable=durable), path)
    try:
        if check:
            schema.require_current(store.engine)
            store.require_in_place()
            _belongs(store, folder)
    except BaseException:
        store.close()
        raise
    return store


def database_path_or_refuse(url: str, folder: Path) -> Path | None:
    """Return the database's file and make its folder."""
    path = database_path(url, folder)
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"{path.parent}: can't be made ({error.strerror}): give this user the right to write there"
            raise StateError(msg) from None
    return path


def copy_database(store: Store, target: Path) -> None:
    """Write a consistent copy of the state while others go on working with it."""
    try:
        copy = sqlite3.connect(target)
    except sqlite3.Error as error:
        raise explain(error, str(target)) or StateError(f"{target}: {error}") from None
    source = store.engine.raw_connection()
    try:
        source.driver_connection.backup(copy)  # type: ignore[union-attr]
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without companions
    except sqlite3.Error as error:
        raise explain(error, str(target)) or StateError(f"{target}: {error}") from None
    finally:
        copy.close()
        source.close()


def require_copy(source: Path) -> None:
    """Make sure that a file is a copy of a state that this version can use, without changing it.

    Raises:
        StateError: it is none, or a newer version wrote it.
    """
    try:
        connection = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            connection.execute("SELECT count(*) FROM deliveries")
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        msg = f"{source}: this is no copy of a state ({error})"
        raise StateError(msg) from None
    if found is None or found[0] > schema.HEAD:
        msg = f"{source}: a newer version of Solidarity wrote this copy: install that version"
        raise StateError(msg)


def require_mark(folder: Path, identity_of_copy: str, source: Path) -> None:
    """Make sure that a copy of a state is of the workspace in `folder`; one without a state takes any.

    Raises:
        StateError: it is another workspace's.
    """
    mine = _read_mark(folder / "var" / "workspace.id")
    if mine is None:
        write_mark(folder, identity_of_copy)
    elif mine != identity_of_copy:
        msg = f"{source}: is a copy of another workspace's state: restore it there"
        raise StateError(msg)


def _belongs(store: Store, folder: Path) -> None:
    """Refuse to work on the state of another workspace: its plan would cancel what isn't its own."""
    mark = folder / "var" / "workspace.id"
    mine = _read_mark(mark)
    with store.read() as c:
        theirs = controls.get_meta(c, "workspace")
    if theirs is None:
        theirs = mine or uuid.uuid4().hex
        with store.write() as c:
            controls.set_meta(c, "workspace", theirs)
        mine = theirs
        write_mark(folder, theirs)
    if mine is None and store.path is not None and store.path.is_relative_to(folder.resolve()):
        write_mark(folder, theirs)
        return
    if mine != theirs:
        msg = (
            f"{store.engine.url.database}: this state belongs to another workspace: give each workspace a "
            f"database of its own. If this is the same one, moved: write {theirs} into {mark}"
        )
        raise WorkspaceError(msg)


def _read_mark(mark: Path) -> str | None:
    try:
        return mark.read_text("utf-8").strip() or None
    except OSError:
        return None


def write_mark(folder: Path, identity: str) -> None:
    """Note in the workspace which state is its own."""
    mark = folder / "var" / "workspace.id"
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(identity + "\n", "utf-8")
    except OSError as error:
        msg = f"{mark}: can't be written ({error.strerror}): give this user the right to write there"
        raise StateError(msg) from None
