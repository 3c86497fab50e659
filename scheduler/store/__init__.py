"""The state: every delivery, attempt, receipt, pause and release, in one database.

`Store` opens it and gives transactions; `deliveries` and `controls` are the steps one can take in them.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from scheduler import files
from scheduler.errors import WorkspaceError
from scheduler.store import aside, claims, consented, controls, deliveries, schema, staff, submissions, transfer
from scheduler.store.controls import Pause, Task
from scheduler.store.database import (
    MOVED_TO,
    StateAwayError,
    StateError,
    checkpoint,
    database_path,
    explain,
    is_damage,
    is_sqlite,
    listening,
    moved_to,
    open_engine,
    reading,
    unhurried,
    working,
    writing,
)
from scheduler.store.postgres import Line
from scheduler.store.records import Delivery

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
    "aside",
    "claims",
    "consented",
    "controls",
    "copy_database",
    "database_path",
    "deliveries",
    "is_damage",
    "is_sqlite",
    "open_store",
    "require_copy",
    "require_mark",
    "require_not_moved",
    "staff",
    "submissions",
    "transfer",
    "unhurried",
]


class StateMovedError(StateError):
    """The state was moved, deleted, replaced or brought to another form, perhaps while it was in use."""


class Store:
    """One workspace's state."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self.engine = engine
        self.path = path  # of the SQLite file
        self.begun_anew = False  # in a workspace that had a state before
        self._file: tuple[int, int] | None = None
        self._in_use = False  # for its workspace, not to be looked after
        # SQLite lets one writer in at a time, and who waits sleeps longer and longer. A lock wakes the next at once.
        self._turn: AbstractContextManager[object] = threading.RLock() if is_sqlite(engine) else nullcontext()

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

    def belong(self, folder: Path) -> None:
        """Go to work on it for the workspace in `folder`; from now on each change makes sure that it is still here.

        Raises:
            WorkspaceError: it is another workspace's, or has moved.
        """
        self.require_in_place()
        _belongs(self, folder)
        self._in_use = True

    def _require_here(self, c: Connection) -> None:
        """Make sure, before a change, that nobody has put the state elsewhere while one waited for one's turn."""
        self.require_in_place()
        if self._in_use:
            require_not_moved(c)

    def require_form(self) -> None:
        """Make sure that nobody has brought the tables to another form since they were opened.

        Raises:
            StateMovedError: somebody has.
        """
        try:
            schema.require_same(self.engine)
        except schema.FormError as error:
            raise StateMovedError(str(error)) from None

    def read(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees one consistent state."""
        return reading(self.engine)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection whose work is committed as a whole, or not at all."""
        self.require_in_place()
        with self._turn, writing(self.engine) as connection:
            self._require_here(connection)
            yield connection

    @contextmanager
    def work(self) -> Iterator[Connection]:
        """Give a connection for a worker's step on the delivery in its hand; others' steps may run beside it."""
        self.require_in_place()
        with self._turn, working(self.engine) as connection:
            self._require_here(connection)
            yield connection

    def drift(self, now: datetime) -> timedelta:
        """Return how far this machine's clock is ahead of the state's; none where the state is a file."""
        if is_sqlite(self.engine):
            return timedelta()
        with self.read() as c:
            there: datetime = c.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return now - there

    @property
    def tells(self) -> bool:
        """Whether others' changes are told of: `line` hears them. Where they aren't one has to look."""
        return not is_sqlite(self.engine)

    def line(self) -> AbstractContextManager[Line]:
        """Give what hears of others' changes, where the state `tells`."""
        return listening(self.engine)

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the tables to this version's form; return the forms before and after."""
        return schema.upgrade(self.engine)

    def checkpoint(self) -> None:
        """Write what stands in the write-ahead log into the database, and empty the log."""
        checkpoint(self.engine)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def open_store(
    url: str, folder: Path, *, durable: bool = True, check: bool = True, password: str | None = None
) -> Store:
    """Open the state of the workspace in `folder`, creating it where there is none.

    Args:
        url: as `database:` in config.yaml; relative files lie under `folder`.
        folder: the workspace.
        durable: False only for a rehearsal, whose state is thrown away.
        check: False opens tables of any form, to bring them to this version's.
        password: of a server's database.

    Raises:
        StateError: the state can't be opened, is damaged, of another form, or another workspace's.
    """
    path = database_path_or_refuse(url, folder)
    store = Store(open_engine(url, folder, durable=durable, password=password), path)
    try:
        if check:
            schema.require_current(store.engine)
            store.belong(folder)
    except BaseException:
        store.close()
        raise
    return store


def database_path_or_refuse(url: str, folder: Path) -> Path | None:
    """Return the database's file and make its folder."""
    path = database_path(url, folder)
    if path is not None:
        try:
            files.make_folder(path.parent)
        except OSError as error:
            msg = f"{path.parent}: can't be made ({error.strerror}): give this user the right to write there"
            raise StateError(msg) from None
    return path


def copy_database(store: Store, target: Path) -> None:
    """Write a consistent copy of the state, a file of SQLite's, while others go on working with it."""
    if not is_sqlite(store.engine):
        _copy_rows(store, target)
        return
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


def _copy_rows(store: Store, target: Path) -> None:
    copy = open_store(f"sqlite:///{target.absolute()}", target.absolute().parent, check=False)
    try:
        copy.upgrade()
        with store.read() as source, copy.write() as c:
            unhurried(source)
            transfer.copy_rows(source, c)
        copy.checkpoint()
        raw = copy.engine.raw_connection()
        raw.cursor().execute("PRAGMA journal_mode=DELETE")  # one file, without companions
        raw.close()
    finally:
        copy.close()


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
        require_not_moved(c)
        theirs = controls.get_meta(c, "workspace")
    if theirs is None:
        theirs = _claimed(store, mine)
        if mine is None:
            write_mark(folder, theirs)
            return
    if mine is None and (store.path is None or store.path.is_relative_to(folder.resolve())):
        write_mark(folder, theirs)  # of a server's database: another machine of the same workspace
        return
    if mine != theirs:
        msg = (
            f"{store.engine.url.database}: this state belongs to another workspace: give each workspace a "
            f"database of its own. If this is the same one, moved: write {theirs} into {mark}"
        )
        raise WorkspaceError(msg)


def _claimed(store: Store, mine: str | None) -> str:
    """Note in a new state whose it is, and return that: of two who open it at once, the first's."""
    with store.write() as c:
        theirs = controls.get_meta(c, "workspace")
        if theirs is None:
            theirs = mine or uuid.uuid4().hex
            controls.set_meta(c, "workspace", theirs)
            store.begun_anew = mine is not None
    return theirs


def require_not_moved(c: Connection) -> None:
    """Make sure that a state is the one to work on.

    Raises:
        StateMovedError: it was copied to another place.
    """
    moved = moved_to(c)
    if moved is not None:
        msg = f"{c.engine.url.database}: this state has moved: write {moved} into config.yaml under database"
        raise StateMovedError(msg)


def _read_mark(mark: Path) -> str | None:
    try:
        return mark.read_text("utf-8").strip() or None
    except OSError:
        return None


def write_mark(folder: Path, identity: str) -> None:
    """Note in the workspace which state is its own."""
    mark = folder / "var" / "workspace.id"
    try:
        files.write(mark, f"{identity}\n".encode(), private=False)
    except files.MachineError as error:
        raise StateError(str(error)) from None
