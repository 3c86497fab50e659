"""The database's server is restarted, or can't be used: what a person is told, and that work goes on where it was."""

import os
import signal
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy

from scheduler import app as parts
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.status import Status
from scheduler.store import StateAwayError, StateError, claims, controls, faults, open_store
from scheduler.testing import FakePublisher
from tests import databases
from tests.world import NOON, World, post

DATABASES = ("postgresql",)
HOWS = [signal.SIGINT, signal.SIGQUIT]
KEY = "act/p@a"
LEASE = timedelta(minutes=3)
STEP = int(os.environ.get("SOLIDARITY_KILL_STEP", "3"))


def _world(folder: Path) -> World:
    """Return a world on a network that can't prove what isn't there: it never needs to, where all goes well."""
    world = World(folder, honest=False)
    world.store.close()
    world.store = open_store(world.workspace.database, folder)  # a crash takes nothing that is committed
    world.app = world.daemon("first")
    world.write(post("p", at=NOON + timedelta(seconds=30)))
    world.queue()
    return world


@pytest.mark.parametrize("how", HOWS)
def test_restarted_between_transactions(tmp_path: Path, how: signal.Signals):
    """Nobody notices: a connection that was cut is replaced before it is used."""
    world = _world(tmp_path)
    databases.server().restart(how)
    assert world[KEY].status is Status.queued
    databases.server().restart(how)
    world.let(timedelta(minutes=1))
    assert world[KEY].status is Status.published
    world.close()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("kind", ["read", "work", "write"])
def test_restarted_inside_a_transaction(tmp_path: Path, how: signal.Signals, kind: str):
    """What had begun is undone as a whole, one line says why, and the next one works."""
    world = _world(tmp_path)

    def act() -> None:
        with getattr(world.store, kind)() as c:
            if kind == "work":
                claims.claim_to_stage(c, worker="w", now=NOON, ahead=timedelta(hours=1), lease=LEASE)
            databases.server().restart(how)
            c.exec_driver_sql("SELECT 1")

    with pytest.raises(StateAwayError, match=r"the database doesn't answer \(.*\): is its server up") as raised:
        act()
    assert "\n" not in str(raised.value)
    assert world[KEY].status is Status.queued
    with world.store.write() as c:
        controls.set_meta(c, "it", "works")
    world.close()


class Cut(FakePublisher):
    """A publisher in whose hands the database's server is restarted."""

    at = ""

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Prepare."""
        self._restart("stage")
        return super().stage(out, begun)

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Put it out."""
        self._restart("publish")
        return super().publish(out, staged)

    def _restart(self, here: str) -> None:
        if self.at == here:
            Cut.at = ""
            server = databases.server()
            server.stop(signal.SIGQUIT)
            back = threading.Timer(0.2, server.start)
            back.start()
            self.network.returns.append(back)  # type: ignore[attr-defined]


@pytest.mark.parametrize("at", ["stage", "publish"])
def test_restarted_during_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str):
    """What the network was asked meanwhile counts: nothing fails for it, and nothing is asked twice."""
    world = _world(tmp_path)
    world.network.returns = []  # type: ignore[attr-defined]
    world.app.factory = lambda account, _workspace, _clock: Cut(account, world.network)
    monkeypatch.setattr(Cut, "at", at)
    monkeypatch.setattr(world.clock, "sleep", lambda _seconds: [one.join() for one in world.network.returns])  # type: ignore[attr-defined]
    _check_it_goes_out(world)
    world.close()


def _check_it_goes_out(world: World, key: str = KEY) -> None:
    """Let a daemon work that goes on after each fault of the state; all is over before a lease could end."""
    for _ in range(12):
        with suppress(StateAwayError):
            world.let(timedelta(seconds=5))
            if world[key].status is Status.published:
                break
        world.clock.move_to(world.clock.now() + timedelta(seconds=1))
    assert world[key].status is Status.published, f"{world[key].status} {world.history(key)}"
    assert world.network.times(key) == 1
    assert "unknown" not in world.history(key), "nobody knows better than the worker whether it called"
    assert "failed" not in world.history(key)


@pytest.mark.parametrize("done", [True, False])
def test_a_connection_that_dies_in_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, done: bool):
    """Whether or not a commit was done whose answer never came: out once, without a look and without a lease's wait."""
    world = _world(tmp_path)
    commit = world.store.engine.dialect.do_commit
    for number in range(1, 200, STEP):
        world.write(post(f"p{number}", at=world.clock.now() + timedelta(seconds=10), text=f"Word {number}"))
        world.queue()
        left = [number]

        def lost(connection: Any, left: list[int] = left) -> None:
            left[0] -= not connection.driver_connection.read_only
            if left[0] or done:
                commit(connection)
            if left[0] or connection.driver_connection.read_only:
                return
            connection.driver_connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

        with monkeypatch.context() as patched:
            patched.setattr(world.store.engine.dialect, "do_commit", lost)
            _check_it_goes_out(world, f"act/p{number}@a")
        if left[0] > 0:
            assert number > 6, "a delivery has hardly any commits"
            break
    else:
        pytest.fail("a delivery has very many commits")
    world.close()


# ── what a person is told ──


def _told(url: str, folder: Path, **more: Any) -> str:
    with pytest.raises(StateError) as raised:
        open_store(url, folder, **more)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_no_server(tmp_path: Path):
    """A server that isn't there, by its number and by its name."""
    for host in ("127.0.0.1", "localhost"):
        said = _told(f"postgresql+psycopg://me@{host}:1/state", tmp_path)
        assert said.startswith(f"{host}/state: the database doesn't answer (")
        assert said.endswith("is its server up?")


def test_a_password(tmp_path: Path):
    """One that is missing or wrong is asked for, and never said; the right one comes from .env."""
    server, url = databases.server(), databases.state(tmp_path)
    file = Path(server._data) / "pg_hba.conf"
    before = file.read_text("utf-8")
    file.write_text(f"host all asked 127.0.0.1/32 scram-sha-256\n{before}", "utf-8")
    server.run("DROP ROLE IF EXISTS asked")
    server.run("CREATE ROLE asked LOGIN SUPERUSER PASSWORD 'the-right-one'")
    server.run("SELECT pg_reload_conf()")
    try:
        asked = url.replace("solidarity@", "asked@")
        assert "put DATABASE_PASSWORD into .env" in _told(asked, tmp_path)
        said = _told(asked, tmp_path, password="the-wrong-one")
        assert "is the password right?" in said
        assert "the-wrong-one" not in said
        assert "the-wrong-one" not in _told(url.replace("solidarity@", "asked:the-wrong-one@"), tmp_path)
        open_store(asked, tmp_path, password="the-right-one").close()
        (tmp_path / "posts").mkdir()
        config = f"name: T\ntimezone: UTC\nlanguages: [en]\naccounts: {{o: {{platform: outbox}}}}\ndatabase: {asked}\n"
        (tmp_path / "config.yaml").write_text(config, "utf-8")
        (tmp_path / ".env").write_text("DATABASE_PASSWORD=the-right-one\n", "utf-8")
        (tmp_path / ".env").chmod(0o600)
        parts.open_state(parts.workspace(tmp_path)[0]).close()
    finally:
        file.write_text(before, "utf-8")
        server.run("SELECT pg_reload_conf()")


def test_a_database_or_a_right_that_is_missing(tmp_path: Path):
    """Each is named, with the cure."""
    server = databases.server()
    gone = server.url("never_made")
    assert "there is no such database, user or table" in _told(gone, tmp_path)
    assert "there is no such database, user or table" in _told(gone.replace("solidarity@", "nobody_here@"), tmp_path)
    empty = databases.nothing(tmp_path)
    server.run("DROP ROLE IF EXISTS guest")
    server.run("CREATE ROLE guest LOGIN")
    assert "grant it the rights" in _told(empty.replace("solidarity@", "guest@"), tmp_path)


def test_a_server_with_no_connection_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is said what to raise, and what had to be done is tried again."""
    world = _world(tmp_path)
    error = psycopg.OperationalError("connection failed: FATAL:  sorry, too many clients already")
    with monkeypatch.context() as full:

        def refuse(*_: object, **__: object) -> None:
            raise error

        world.store.engine.dispose()
        full.setattr(world.store.engine.dialect, "connect", refuse)
        with pytest.raises(StateAwayError, match="raise its max_connections"), world.store.read():
            pass
    world.let(timedelta(minutes=1))
    assert world[KEY].status is Status.published
    world.close()


def test_a_plan_that_was_made_before_the_tables_changed(tmp_path: Path):
    """What is asked again and again is prepared by the server; a column more doesn't make it fail."""
    world = _world(tmp_path)
    for _ in range(8):
        world.run()
        world.statuses()
    with world.store.write() as c:
        c.execute(sqlalchemy.text("ALTER TABLE deliveries ADD COLUMN of_a_newer_version TEXT"))
    world.let(timedelta(minutes=1))
    assert world[KEY].status is Status.published
    world.close()


def test_errors_of_our_own_are_no_absence():
    """Only what the server's absence explains is taken for it."""
    assert not faults.is_away(psycopg.errors.UniqueViolation("duplicate key"))
    assert not faults.is_away(psycopg.errors.SyntaxError("syntax error"))
    assert faults.is_away(psycopg.errors.AdminShutdown("terminating connection"))
    assert faults.is_away(psycopg.errors.IdleInTransactionSessionTimeout("terminating connection"))
