"""Opening the database, and its transactions.

Three kinds of transactions: `reading` sees one moment; `writing` is alone, so that what it reads stays true until it
commits; `working` is a worker's step on what it has in hand. On SQLite the last two are one.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.engine import ExceptionContext

from scheduler.store import form, postgres, sqlite
from scheduler.store.faults import StateError, explain, explain_server

MOVED_TO = form.MOVED_TO
"""The fact of a state that says where it has moved; nobody works on it any more."""

_SHARED = {"writes": "shared"}
_ALONE = {"writes": "alone"}
_MOVED = f"SELECT value FROM meta WHERE name = '{MOVED_TO}'"  # noqa: S608 - ours
_UNHURRIED = "SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0"


def database_path(url: str, folder: Path) -> Path | None:
    """Return the file of a SQLite URL, relative ones under the workspace; None for another database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return (folder / parsed.database).resolve()


def open_engine(url: str, folder: Path, *, durable: bool = True, password: str | None = None) -> Engine:
    """Return an engine on the workspace's database.

    `durable=False` trades safety against a power cut for speed; only for rehearsals, whose state is thrown away.

    Raises:
        StateError: the URL is none that this version can use, or psycopg isn't installed.
    """
    parsed, path = _read(url, folder)
    if path is not None:
        engine, where = sqlite.engine_on(path, durable=durable), str(path)
    else:
        where = _where(parsed)
        try:
            engine = postgres.engine_on(parsed, durable=durable, password=password)
        except ModuleNotFoundError:
            msg = f"{where}: psycopg isn't installed: pip install 'solidarity-scheduler[postgres]'"
            raise StateError(msg) from None

    @event.listens_for(engine, "handle_error")
    def _explain(context: ExceptionContext) -> None:
        error = context.original_exception
        if context.is_pre_ping:  # the pool replaces what a restart has cut
            return
        meaning = explain(error, where) if path is not None else explain_server(error, where)
        if meaning is not None:
            raise meaning from error

    return engine


def _where(url: URL) -> str:
    return f"{url.host or 'localhost'}/{url.database}"


def _read(url: str, folder: Path) -> tuple[URL, Path | None]:
    try:
        parsed, path = make_url(url), database_path(url, folder)
    except Exception:
        parsed, path = None, None
    if parsed is None or (path is None and parsed.get_backend_name() != "postgresql"):
        msg = "database: this address can't be used: write sqlite:///var/state.db or postgresql+psycopg://HOST/NAME"
        raise StateError(msg)
    return parsed, path


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Give a connection that sees one consistent state and writes nothing."""
    return _reading(engine if is_sqlite(engine) else postgres.consistent(engine))


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose work is committed as a whole, or not at all, with nobody else's beside it."""
    with engine.connect() as plain:
        connection = plain.execution_options(**_ALONE)
        with connection.begin():
            yield connection
            if not is_sqlite(engine):
                postgres.announce(connection)


@contextmanager
def working(engine: Engine) -> Iterator[Connection]:
    """Give a connection for a worker's step on one delivery; other workers' steps may run beside it."""
    with engine.connect() as plain:
        connection = plain.execution_options(**_SHARED)
        with connection.begin():
            yield connection


def unhurried(c: Connection) -> None:
    """Let a transaction take its time: with a whole state it may be minutes, where a step takes milliseconds."""
    if c.dialect.name == "postgresql":
        for setting in _UNHURRIED:
            c.exec_driver_sql(setting)


def moved_to(c: Connection) -> str | None:
    """Return where a state has moved, None where it is still in use.

    Every change asks it: on SQLite past SQLAlchemy, which would take ten times as long as the answer.
    """
    if c.dialect.name == "sqlite":
        with suppress(sqlite3.Error):  # asked once more, it is explained
            found = c.connection.driver_connection.execute(_MOVED).fetchone()  # type: ignore[union-attr]
            return None if found is None else str(found[0])
    address = c.exec_driver_sql(_MOVED).scalar()
    return None if address is None else str(address)


@contextmanager
def listening(engine: Engine) -> Iterator[postgres.Line]:
    """Give a connection of its own that hears of changes by others.

    Raises:
        StateAwayError: the server doesn't answer, or ended it.
    """
    try:
        with postgres.line(engine) as line:
            yield line
    except Exception as error:
        meaning = explain_server(error, _where(engine.url))
        if meaning is None:
            raise
        raise meaning from error


def is_sqlite(engine: Engine) -> bool:
    """Tell whether the state is a file of SQLite's."""
    return engine.dialect.name == "sqlite"


def checkpoint(engine: Engine) -> None:
    """Let what was deleted be gone from the disk too, where that is for us to do."""
    _on_file(engine, sqlite.checkpoint)


def rewrite(engine: Engine) -> None:
    """Let nothing of what was deleted lie between what is still there, where that is for us to do."""
    _on_file(engine, sqlite.rewrite)


def _on_file(engine: Engine, work: Callable[[Engine], None]) -> None:
    if not is_sqlite(engine):
        return
    try:
        work(engine)
    except Exception as error:  # it goes past what explains the errors of statements
        meaning = explain(error, str(engine.url.database))
        if meaning is None:
            raise
        raise meaning from error
