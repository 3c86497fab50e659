"""The state is old, gone, damaged, or of another form: each is said with its cure, and nothing goes out twice.

On an outbox and on a strict X, by the command as a person has it.
"""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command

from scheduler.standins.x import USERS, Server
from scheduler.store import schema
from scheduler.store.database import open_engine, writing
from tests.acceptance.command import Campaign, ago, ahead, environment, wait_for
from tests.acceptance.stem import Started, Stem

DATABASES = ("sqlite",)
OUT = {"act/out@local", "act/out@x"}
CONFIG = """\
name: Test
timezone: UTC
languages: [en]
late: {{after: 2 hours, then: publish}}
accounts:
  local: {{platform: outbox}}
  x: {{platform: x, keys: X, base_url: "{url}"}}
"""


class Lost(Campaign):
    """A campaign on two accounts with a post that is out, one that waits, and one that a person has cancelled."""

    def __init__(self, folder: Path, home: Path, stem: Stem, server: Server) -> None:
        super().__init__(folder, home, stem)
        self.server = server
        self.state, self.copy = folder / "var/state.db", home / "copy.db"
        self.env = {f"X_{name}": value for name, value in USERS[0].secrets.items()}
        self.config(CONFIG.format(url=server.url))
        self.write(
            f"id: out, at: {ago(minutes=1)}, text: It goes first",
            f"id: waits, at: {ahead(days=1)}, text: It goes tomorrow",
            f"id: stopped, at: {ahead(days=1)}, text: It stays here",
        )
        self("queue")

    def go_out(self) -> None:
        """Let what is due go out, and let a person stop another."""
        assert "2 published" in self("run", "--once").out
        for account in ("local", "x"):
            self("cancel", f"act/stopped@{account}")

    def stands(self) -> dict[str, str]:
        """Return the status of each delivery by its id."""
        return {one["id"]: one["status"] for one in self("status", "--json").json["deliveries"]}

    def once(self) -> None:
        """Check that what is out is out once, on both."""
        assert [path.parent.name.split("-")[3:6] for path in self.outbox()] == [["act", "out", "local"]]
        assert [post["text"] for post in self.server.state()["posts"]] == ["It goes first"]

    def goes_on(self) -> None:
        """Let cron call it twice, whatever comes of it."""
        for _ in range(2):
            self._stem.call(
                ["-C", str(self.folder), "run", "--once"], env=environment(self.home, self.env), cwd=self.home
            )

    def started(self) -> Started:
        """Start the daemon; it is at work on return."""
        daemon = self._stem.start(["-C", str(self.folder), "run"], env=environment(self.home, self.env), cwd=self.home)
        wait_for(lambda: "running" in daemon.said, seconds=60)
        return daemon


@pytest.fixture(scope="module")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stem]:
    """Return what starts commands sooner."""
    started = Stem(tmp_path_factory.mktemp("stem"), dict(os.environ))
    yield started
    started.close()


@pytest.fixture
def lost(tmp_path: Path, stem: Stem) -> Iterator[Lost]:
    """Return the campaign, with nothing out yet."""
    (tmp_path / "home").mkdir()
    with Server() as server:
        yield Lost(tmp_path / "w", tmp_path / "home", stem, server)


def _forget(state: Path) -> None:
    for file in state.parent.glob("state.db*"):
        file.unlink()


def test_a_stale_copy_put_back(lost: Lost):
    """What went out and what was stopped since is known from the state it replaces; it starts paused, and says so."""
    lost("backup", lost.copy)
    lost.go_out()
    said = lost("restore", lost.copy).out
    assert "everything is paused" in said
    assert "solidarity resume" in said
    told = lost("status", "--json").json
    assert [pause["scope"] for pause in told["paused"]] == ["all"]
    assert "everything is paused: a copy of the state was put back" in lost("status").out
    lost.goes_on()
    lost("resume")
    lost.goes_on()
    stands = lost.stands()
    assert {stands[key] for key in OUT} == {"published"}
    assert {stands[f"act/stopped@{account}"] for account in ("local", "x")} == {"cancelled"}
    assert "known from the state that was replaced" in lost("log", "act/out@x").out
    lost.once()


def test_a_stale_copy_put_back_where_the_state_is_gone(lost: Lost):
    """What may have gone out since is looked up and found, never sent; until then it is `unknown`, with the reason."""
    lost("backup", lost.copy)
    lost.go_out()
    _forget(lost.state)
    said = lost("restore", lost.copy).out
    assert "2 deliveries may have gone out since that copy was made: `solidarity run` looks them up" in said
    assert "2 unknown" in lost("status").out
    assert "may have gone out after the copy" in lost.delivery("act/out@x")["reason"]
    lost.goes_on()
    assert {lost.stands()[key] for key in OUT} == {"published"}
    lost("resume")
    lost.goes_on()
    lost.once()
    assert lost.events("act/out@x")[-1] == "published"


def test_the_state_deleted_while_nobody_works_with_it(lost: Lost):
    """A new one is begun, and that is said; what is out is found by looking, and not sent again."""
    lost.go_out()
    _forget(lost.state)
    said = lost("status").err
    assert "a new one was begun" in said
    assert "solidarity restore FILE" in said
    assert "a new one was begun" not in lost("queue").err
    lost.goes_on()
    stands = lost.stands()
    assert {stands[key] for key in OUT} == {"published"}
    assert "was out already" in lost("log", "act/out@x").out
    assert stands["act/waits@x"] == "queued"
    lost.once()


@pytest.mark.parametrize("replaced", [False, True])
def test_the_state_deleted_under_the_daemon(lost: Lost, *, replaced: bool):
    """The daemon ends with 2 and says what happened; it writes nothing into a state that nobody else sees."""
    lost("backup", lost.copy)
    lost.go_out()
    daemon = lost.started()
    _forget(lost.state)
    if replaced:
        shutil.copy(lost.copy, lost.state)
    assert daemon.wait() == 2, daemon.said
    assert f"{lost.state}: was deleted or replaced while it was in use: start again" in daemon.said
    assert "Traceback" not in daemon.said
    lost.goes_on()
    lost.once()


def _refused(
    lost: Lost, *cures: str, commands: tuple[str, ...] = ("status", "queue", "run --once", "backup B")
) -> None:
    """Check that every command ends with 2 and names the cure, and that nothing is sent or changed."""
    before = lost.state.read_bytes() if lost.state.is_file() else b""
    for words in commands:
        said = lost(*words.split(), code=2).err
        assert any(cure in said for cure in cures), said
        assert str(lost.state) in said
    assert before == (lost.state.read_bytes() if lost.state.is_file() else b"")
    lost.once()


def test_a_state_of_an_older_form(lost: Lost):
    """Nothing works with it but `upgrade`, which every message names; then all is as it was."""
    lost.go_out()
    older = lost.home / "older.db"
    engine = open_engine(f"sqlite:///{older}", lost.home)
    with writing(engine) as c:
        command.upgrade(schema._config(c), "0003")
    engine.dispose()
    _fill(older, lost.state)
    _forget(lost.state)
    older.rename(lost.state)
    _refused(lost, "run `solidarity upgrade`")
    assert "was 0003" in lost("upgrade").out
    lost.goes_on()
    assert {lost.stands()[key] for key in OUT} == {"published"}
    assert lost.stands()["act/stopped@x"] == "cancelled"
    lost.once()


def _fill(older: Path, state: Path) -> None:
    """Copy into tables of an older form what they have columns for."""
    with closing(sqlite3.connect(older)) as c:
        c.execute("ATTACH ? AS now", (str(state),))
        for (name,) in c.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            if name in {"alembic_version", "sqlite_sequence"}:
                continue
            columns = ", ".join(f'"{row[1]}"' for row in c.execute(f"PRAGMA main.table_info({name})"))
            c.execute(f"DELETE FROM main.{name}")
            c.execute(f"INSERT INTO main.{name} ({columns}) SELECT {columns} FROM now.{name}")
        c.commit()


def test_a_state_of_a_newer_form(lost: Lost):
    """After a rollback of the program it is left alone, and the message says what to install."""
    lost.go_out()
    with closing(sqlite3.connect(lost.state)) as c:
        c.execute("UPDATE alembic_version SET version_num = '9999'")
        c.commit()
    _refused(lost, "written by a newer version", commands=("status", "queue", "run --once", "upgrade"))


def test_the_state_of_another_workspace(lost: Lost, tmp_path: Path, stem: Stem):
    """Neither the file itself nor a copy of it is taken for this one's."""
    lost.go_out()
    with Server() as server:
        other = Lost(tmp_path / "other", lost.home, stem, server)
        other("backup", lost.home / "theirs.db")
        other.server = lost.server
    before = lost.stands()
    assert "copy of another workspace's state" in lost("restore", lost.home / "theirs.db", code=2).err
    assert lost.stands() == before
    kept = lost.state.rename(lost.home / "kept.db")
    for file in lost.state.parent.glob("state.db-*"):
        file.unlink()
    shutil.copy(lost.home / "theirs.db", lost.state)
    with closing(sqlite3.connect(lost.state)) as c:
        c.execute("PRAGMA journal_mode=WAL")  # as every state has it: else to open it is to change it
    _refused(lost, "belongs to another workspace")
    _forget(lost.state)
    kept.rename(lost.state)
    assert lost.stands() == before


def _half(state: Path) -> None:
    """As a copy that was broken off."""
    os.truncate(state, state.stat().st_size // 2)


def _tail(state: Path) -> None:
    os.truncate(state, state.stat().st_size - 5000)


def _zeroed(state: Path) -> None:
    """As after a power cut on a disk that lies: pages in the middle are empty."""
    with state.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(state.stat().st_size - 8192))


def _headless(state: Path) -> None:
    with state.open("r+b") as file:
        file.write(b"this is no database, and never was one. " * 3)


def _words(state: Path) -> None:
    state.write_text("A page that a proxy sent in its place.\n" * 300, "utf-8")


def _folder(state: Path) -> None:
    state.unlink()
    state.mkdir()


@pytest.mark.parametrize("damage", [_half, _tail, _zeroed, _headless, _words, _folder], ids=lambda one: one.__name__)
def test_a_damaged_state(lost: Lost, damage: Callable[[Path], None]):
    """It is said with the way out, nothing is sent, and a copy put back finds what is out by looking."""
    lost("backup", lost.copy)
    lost.go_out()
    for file in lost.state.parent.glob("state.db-*"):
        file.unlink()
    damage(lost.state)
    _refused(lost, "solidarity restore FILE", "can't be opened", commands=("status", "queue", "run --once"))
    assert "database" in [one["name"] for one in lost("doctor", "--json", code=1).json["checks"] if not one["ok"]]
    lost("restore", lost.copy)
    lost.goes_on()
    lost("resume")
    lost.goes_on()
    assert {lost.stands()[key] for key in OUT} == {"published"}
    lost.once()


def test_an_empty_file_in_its_place(lost: Lost):
    """It is a state that is gone: a new one is begun, what is out is found."""
    lost.go_out()
    _forget(lost.state)
    lost.state.touch()
    assert "a new one was begun" in lost("queue").err
    lost.goes_on()
    assert {lost.stands()[key] for key in OUT} == {"published"}
    lost.once()


@pytest.mark.parametrize("damage", ["cut", "garbled", "shm gone"])
def test_its_log_is_damaged(lost: Lost, damage: str):
    """Killed with work in its write-ahead log, which then suffers: nothing goes out twice."""
    log = lost.state.with_name("state.db-wal")
    lost.write(f"id: out, at: {ahead(seconds=2)}, text: It goes first", f"id: waits, at: {ahead(days=1)}, text: Later")
    daemon = lost.started()
    wait_for(lambda: len(lost.outbox()) + len(lost.server.state()["posts"]) == 2, seconds=60)
    daemon.end(signal.SIGKILL)
    assert log.stat().st_size
    if damage == "cut":
        os.truncate(log, log.stat().st_size // 2)
    elif damage == "garbled":
        log.write_bytes(os.urandom(log.stat().st_size))
    lost.state.with_name("state.db-shm").unlink()
    lost.goes_on()
    lost.once()


def test_a_file_that_is_no_copy(lost: Lost):
    """`restore` refuses what isn't a copy, or is half of one, and leaves the state as it is."""
    lost("backup", lost.copy)
    lost.go_out()
    before = lost.stands()
    half = lost.home / "half.db"
    shutil.copy(lost.copy, half)
    _half(half)
    words = lost.home / "words.db"
    words.write_text("no database" * 500, "utf-8")
    for file in (half, words, lost.home / "missing.db", lost.home):
        said = lost("restore", file, code=2).err
        assert str(file) in said
        assert lost.stands() == before
    lost.once()
