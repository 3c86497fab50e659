"""A look at a state's file tells what the opened state tells, to the byte, and leaves every doubt to the opening."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler import cli
from scheduler.cli import solidarity
from scheduler.model import Staged
from scheduler.status import Status
from scheduler.store import glance, leases, records, sqlite, tables, watermark
from scheduler.store.form import HEAD, MOVED_TO

DATABASES = ("sqlite",)
CONFIG = "name: Test\ntimezone: America/Toronto\nlanguages: [en]\naccounts:\n"
CONFIG += "".join(f"  {status}: {{platform: outbox}}\n" for status in Status)
NOW = datetime.now(UTC)
LOOKS = [
    *([*words, *more] for words in (["status"], ["status", "post-held"]) for more in ([], ["--json"])),
    *(["log", f"act/post-{status}@{status}", *more] for status in Status for more in ([], ["--json"])),
    *(["status", "nosuch"], ["log", "act/nosuch@held"], ["export", "--format", "csv"]),
]


@dataclass(frozen=True)
class Said:
    """What a call of the command gave."""

    code: int
    out: str
    err: str
    error: str


def ask(folder: Path, *words: str) -> Said:
    """Run the command, and end as it ends."""
    ran = CliRunner().invoke(solidarity, ["-C", str(folder), *words], standalone_mode=False)
    error = ran.exception
    code = cli._explain(error) if isinstance(error, Exception) else int(ran.return_value or 0)
    return Said(code, ran.stdout, ran.stderr, f"{type(error).__name__}: {error}" if error else "")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a delivery in every status, pauses, tasks, a daemon that lives and one that is gone."""
    folder = tmp_path_factory.mktemp("known")
    (folder / "posts").mkdir()
    (folder / "config.yaml").write_text(CONFIG, "utf-8")
    posts = "".join(
        f"  - {{id: post-{status}, at: 2090-01-{number + 1:02} 12:00, accounts: [{status}], text: “We” ✊ {number}}}\n"
        for number, status in enumerate(Status)
    )
    (folder / "posts/act.yaml").write_text(f"title: Act\nphase: ongoing\nposts:\n{posts}", "utf-8")
    assert ask(folder, "queue").code == 0
    with closing(sqlite3.connect(folder / "var/state.db")) as c, c:
        for number, status in enumerate(Status):
            _bring(c, f"act/post-{status}@{status}", status, number)
        c.execute("INSERT INTO pauses VALUES ('all', '', 'pause', 'A quiet day', ?)", [records.to_micros(NOW)])
        c.execute("INSERT INTO pauses VALUES ('account', 'held', 'blocked', 'Refused', 5)")
        c.execute("INSERT INTO tasks (delivery_id, what, at) SELECT id, 'Look there', 7 FROM deliveries WHERE id < 4")
        c.execute("UPDATE tasks SET done_at = 8 WHERE id = 2")
        beats = [(leases.identity(), NOW + timedelta(days=1)), ("gone/1/2", NOW - timedelta(days=1))]
        c.executemany("INSERT INTO heartbeats VALUES (?, ?)", [(name, records.to_micros(at)) for name, at in beats])
    return folder


def _bring(c: sqlite3.Connection, key: str, status: Status, number: int) -> None:
    """Give a delivery the status, and what it leaves behind on the way there."""
    moment = records.to_micros(NOW) + number
    receipt = records.receipt_from(
        {"remote_id": "1", "url": "https://x/1", "ids": {"cid": "2"}, "published_at": moment}
    )
    values = {"status": str(status), "reason": f"why {status}\nand more", "hold": "pause" * (status is Status.held)}
    if number % 2:
        values |= {
            **dict.fromkeys(("not_before", "sending_at", "published_at", "lease_until", "closes_at"), moment),
            "remote_id": "1",
            "url": "https://x/1",
            "remote_ids": '{"cid":"2"}',
            "lease_owner": f"w{number}",
            "staged": records.staged_json(Staged({"media": "3"}, NOW)),
            "withdraw_wanted": 1,
            "attempts": 2,
            "parts": records.parts_json([records.Part(number=1, receipt=receipt, down=True)]),
        }
    given = ", ".join(f"{name} = ?" for name in values)
    c.execute(f"UPDATE deliveries SET {given}, approved_hash = fingerprint WHERE key = ?", [*values.values(), key])
    c.execute(
        "INSERT INTO events (delivery_id, at, event, detail, worker) SELECT id, ?, 'x', 'ünd', 'w' FROM deliveries"
        " WHERE key = ?",
        [moment, key],
    )


@contextmanager
def opening() -> Iterator[None]:
    """Let nothing be looked at before it is opened."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(glance, "_asked", lambda *_: None)
        yield


def test_the_columns_are_those_of_the_table():
    """A column that is new in the table isn't forgotten here."""
    assert set(glance.COLUMNS.split(", ")) == set(tables.deliveries.c.keys())


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_a_look_tells_what_the_opened_state_tells(known: Path, words: list[str]):
    """Every command that only looks prints the same both ways, for every status, as text and as JSON."""
    quick = ask(known, *words)
    with opening():
        assert ask(known, *words) == quick
    assert quick.code == (2 if any("nosuch" in word for word in words) else 0)


def test_it_is_a_look_and_leaves_nothing_behind(known: Path, monkeypatch: pytest.MonkeyPatch):
    """A state that is well isn't opened to be looked at, and stands there alone and unchanged afterwards."""
    before = (known / "var/state.db").read_bytes()
    monkeypatch.setattr("scheduler.app.open_state", lambda *_, **__: pytest.fail("it was opened"))
    assert "published" in ask(known, "status").out
    assert "ünd" in ask(known, "log", "act/post-held@held").out
    assert (known / "var/state.db").read_bytes() == before
    assert not [*(known / "var").glob("state.db-*")]


def test_what_a_daemon_is_writing_is_seen(known: Path):
    """What is committed, and stands in the write-ahead log only, is told; what isn't committed yet, is not."""
    path = known / "var/state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        c.execute("INSERT INTO pauses VALUES ('action', 'new', 'pause', 'Committed', 1)")
        c.execute("BEGIN IMMEDIATE")
        c.execute("INSERT INTO pauses VALUES ('action', 'newer', 'pause', 'On its way', 1)")
        told = ask(known, "status").out
        c.execute("ROLLBACK")
        c.execute("DELETE FROM pauses WHERE name = 'new'")
    assert "Committed" in told
    assert "On its way" not in told


def _run(*statements: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "var/state.db")) as c, c:
            for statement in statements:
                c.execute(statement)

    return change


def _configured(line: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "config.yaml").write_text(f"{CONFIG}{line}\n", "utf-8")

    return change


def _halved(folder: Path) -> None:
    path = folder / "var/state.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _linked_away(folder: Path) -> None:
    (folder / "var/state.db").rename(folder / "elsewhere.db")
    (folder / "var/state.db").symlink_to(folder / "nowhere/state.db")


DOUBTS = {
    "an older form": (_run("UPDATE alembic_version SET version_num = '0001'"), "run `solidarity upgrade`"),
    "a newer form": (_run(f"UPDATE alembic_version SET version_num = '{HEAD}9'"), "newer version of Solidarity"),
    "no form": (_run("DELETE FROM alembic_version"), "already exists"),
    "tables that aren't ours": (_run("DROP TABLE alembic_version"), "another program's database"),
    "a table is missing": (_run("DROP TABLE tasks"), "tables are missing"),
    "a column is missing": (_run("ALTER TABLE deliveries DROP COLUMN remote_ids"), "older form"),
    "moved": (_run(f"INSERT INTO meta VALUES ('{MOVED_TO}', 'sqlite:///x.db')"), "this state has moved"),
    "another workspace's": (_run("UPDATE meta SET value = 'other' WHERE name = 'workspace'"), "another workspace"),
    "nobody's": (_run("DELETE FROM meta WHERE name = 'workspace'"), "a new one was begun"),
    "gone": (lambda folder: (folder / "var/state.db").unlink(), "a new one was begun"),
    "empty": (lambda folder: (folder / "var/state.db").write_bytes(b""), "a new one was begun"),
    "behind its note": (lambda folder: watermark.note(folder, 9), "older than what was done"),
    "not a database": (lambda folder: (folder / "var/state.db").write_bytes(b"x" * 9999), "is damaged"),
    "half of it": (_halved, "is damaged"),
    "a folder": (lambda folder: [(folder / "var/state.db").unlink(), (folder / "var/state.db").mkdir()], "be opened"),
    "a link to nowhere": (_linked_away, "a new one was begun"),
    "no mark": (lambda folder: (folder / "var/workspace.id").unlink(), ""),
    "with settings of its own": (_configured("database: sqlite:///var/state.db?timeout=3"), ""),
    "a server that is away": (_configured("database: postgresql://127.0.0.1:1/x"), "doesn't answer"),
    "no address": (_configured("database: sqlite:///"), "this is not a database"),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_every_doubt_is_left_to_the_opening(known: Path, tmp_path: Path, name: str):
    """What is wrong with a state is said in the same words, with the same exit code, as where it is opened at once."""
    change, words = DOUBTS[name]
    folder = tmp_path / "here"
    found = []
    for way in (nullcontext, opening):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(known, folder)
        change(folder)
        with way():
            found.append(ask(folder, "status"))
    assert found[0] == found[1]
    assert words in f"{found[0].err}{found[0].error}"
    assert (found[0].code != 0) == bool(found[0].error)


def test_a_locked_state_is_said_to_be_locked(known: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The opening has the patience, and says in the end what to do."""
    monkeypatch.setattr(sqlite, "_BUSY_SECONDS", 0.05)
    shutil.copytree(known, tmp_path / "here")
    path = tmp_path / "here/var/state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        quick = ask(path.parents[1], "status")
        with opening():
            assert ask(path.parents[1], "status") == quick
    assert "keeps the state locked" in quick.error
    assert quick.code == 2
