"""PostgreSQL: any number of daemons and web pages on one state. psycopg is imported only where a state is there.

People's changes run one at a time, as on SQLite: each takes an advisory lock that lasts as long as its transaction. The
steps of workers take the same lock shared: side by side with each other (claims skip locked rows, and every write
carries its fencing number), and never beside a change of a person. So a pause that has returned holds for everybody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

_CHANGES = 0x501D_0001
_CHANNEL = "solidarity"
_SESSION = {
    # Longer than a program that stands still in the middle of a transaction may keep its locks: nobody fails by it.
    "lock_timeout": "40s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
}
_WIRE = {
    # A server that vanishes is noticed within half a minute.
    "connect_timeout": 10,
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "solidarity",
}
# A worker's step takes milliseconds: one that stands still in it gives way sooner than a person's change.
_WORKS = f"""SELECT pg_advisory_xact_lock_shared({_CHANGES}),
    set_config('idle_in_transaction_session_timeout', '10s', true)"""
_CHANGES_ALL = f"SELECT pg_advisory_xact_lock({_CHANGES})"


def engine_on(url: URL, *, durable: bool, password: str | None = None) -> Engine:
    """Return an engine on a database; connections that a restart of the server has cut are replaced."""
    settings = _SESSION | {"synchronous_commit": "on" if durable else "off"}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    engine = create_engine(
        url.set(drivername="postgresql+psycopg", password=password or url.password),
        connect_args={**_WIRE, "options": options},
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=40,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("writes")
        if kind:
            connection.exec_driver_sql(_WORKS if kind == "shared" else _CHANGES_ALL)

    return engine


def consistent(engine: Engine) -> Engine:
    """Return the engine whose transactions see one moment, and write nothing."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def announce(connection: Connection) -> None:
    """Tell every daemon, once this transaction is committed, that a person has changed something."""
    connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")


class Line:
    """A connection of its own on which a daemon hears of changes."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def heard(self, seconds: float) -> bool:
        """Wait for a change, at most so long; tell whether there was one."""
        return any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))


@contextmanager
def line(engine: Engine) -> Iterator[Line]:
    """Open such a connection; its listening ends with it."""
    raw = engine.dialect.connect(*engine.dialect.create_connect_args(engine.url)[0], **_arguments(engine))
    try:
        raw.autocommit = True
        raw.execute(f"LISTEN {_CHANNEL}")
        yield Line(raw)
    finally:
        raw.close()


def _arguments(engine: Engine) -> dict[str, Any]:
    return {**engine.dialect.create_connect_args(engine.url)[1], **_WIRE}
