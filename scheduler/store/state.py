"""The state, opened: `Store` gives transactions on it; copies of it, and whose it is."""

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from scheduler import files
from scheduler.errors import WorkspaceError
from scheduler.store import aside, controls, schema, transfer, watermark
from scheduler.store.database import (
    MOVED_TO,
    checkpoint,
    database_path,
    is_sqlite,
    listening,
    moved_to,
    open_engine,
    reading,
    rewrite,
    unhurried,
    working,
    writing,
)
from scheduler.store.faults import StateAwayError, StateError, explain, is_damage
from scheduler.store.postgres import Line

__all__ = [
    "MOVED_TO",
    "Connection",
    "StateAwayError",
    "StateError",
    "StateMovedError",
    "Store",
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


_SOON = 1.0  # seconds


class StateMovedError(StateError):
    """The state was moved, deleted, replaced or brought to another form, perhaps while it was in use."""


class Store:
    """One workspace's state."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self.engine = engine
        self.path = path  # of the SQLite file
        self.begun_anew = False  # in a workspace that had a state before
        self._file: tuple[int, int] | None = None
        self._folder: Path | None = None  # of the workspace for which it is in use
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
        self._folder = folder

    def require_here(self) -> None:
        """Make sure, without a change, that nobody has put the state elsewhere.

        Raises:
            StateMovedError: somebody has.
        """
        self.require_in_place()
        with self.read() as c:
            require_not_moved(c)

    def beat(self, worker: str, now: datetime) -> None:
        """Say that a daemon is alive, and note how far the state has come.

        Raises:
            MachineError: it can't be noted.
        """
        with self.write() as c:
            controls.beat(c, worker, now)
            number = watermark.raised(c)
        if self._folder is not None and self.path is not None:  # a server sees to its own log
            watermark.note(self._folder, number)

    def _require_here(self, c: Connection) -> None:
        """Make sure, before a change, that nobody has put the state elsewhere while one waited for one's turn."""
        self.require_in_place()
        if self._folder is not None:
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

    def rewrite(self) -> None:
        """Write a small state anew: of what was deleted nothing is left between its rows. It takes a moment."""
        rewrite(self.engine)

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
    if path is not None and check:
        aside.require_whole(path)
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
    """Write a consistent copy of the state, a file of SQLite's, while others go on working with it: whole, or none.

    Raises:
        StateError: it can't be written, or the state can't be read.
    """
    partial = target.with_name(f".{target.name}.partial")
    try:
        _copy(store, partial)
        partial.replace(target)
        files.sync_folder(target.absolute().parent)
    except StateError as error:
        raise StateError(str(error).replace(str(partial), str(target))) from None
    except OSError as error:
        msg = f"{target}: can't be written ({error.strerror}): make room there for a copy of the state"
        raise StateError(msg) from None
    finally:
        partial.unlink(missing_ok=True)


def _copy(store: Store, target: Path) -> None:
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
    mine, noted = _read_mark(mark), watermark.noted(folder)
    with store.read() as c:
        require_not_moved(c)
        theirs, reached = controls.get_meta(c, "workspace"), watermark.reached(c)
    begun = theirs is None
    if theirs is None:
        theirs = _claimed(store, folder, mine)
        if mine is None:
            write_mark(folder, theirs)
            return
    if mine is None and (store.path is None or store.path.is_relative_to(folder.resolve())):
        write_mark(folder, theirs)  # of a server's database: another machine of the same workspace
        return
    if (mine or _soon(mark)) != theirs:
        msg = (
            f"{store.engine.url.database}: this state belongs to another workspace: give each workspace a "
            f"database of its own. If this is the same one, moved: write {theirs} into {mark}"
        )
        raise WorkspaceError(msg)
    if not begun and store.path is not None and reached < noted:
        msg = (
            f"{store.path}: this state is older than what was done with it: its newest changes lay in "
            f"{store.path.name}-wal, which is gone, or somebody put an old copy there. If you have both files, put "
            f"them back. Else `solidarity restore {store.path}` starts it paused, and looks up what may be out"
        )
        raise StateError(msg)


def _claimed(store: Store, folder: Path, mine: str | None) -> str:
    """Note in a new state whose it is, and return that: of two who open it at once, the first's."""
    with store.write() as c:
        theirs = controls.get_meta(c, "workspace")
        if theirs is None:
            theirs = mine or uuid.uuid4().hex
            controls.set_meta(c, "workspace", theirs)
            watermark.catch_up(c, folder)
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


def _soon(mark: Path) -> str | None:
    """Return the mark that a program which has just begun the state may be about to write."""
    end = time.monotonic() + _SOON
    while (found := _read_mark(mark)) is None and time.monotonic() < end:
        time.sleep(_SOON / 20)
    return found


def write_mark(folder: Path, identity: str) -> None:
    """Note in the workspace which state is its own."""
    mark = folder / "var" / "workspace.id"
    try:
        files.write(mark, f"{identity}\n".encode(), private=False)
    except files.MachineError as error:
        raise StateError(str(error)) from None
