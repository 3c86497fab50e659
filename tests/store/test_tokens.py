"""Renewed tokens at rest: whose they are, one refresher at a time in any process, and what a crash leaves."""

import json
import multiprocessing
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from scheduler.errors import TryLater
from scheduler.tokens import Tokens

FORK = multiprocessing.get_context("spawn")
SEED = "the person's own"


@pytest.fixture(autouse=True)
def open_mask():
    """Take the most careless umask there is."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_only_the_owner_reads_them(tmp_path):
    """The folder, the file and the lock are for this user alone, whatever the umask."""
    tokens = Tokens(tmp_path, "one")
    with tokens.turn():
        tokens.write({"token": "t", "until": 5}, seed=SEED)
    assert tokens.read(seed=SEED) == {"token": "t", "until": 5}
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "tokens", *tmp_path.glob("tokens/*")]}
    assert modes == {"tokens": 0o700, "one.json": 0o600, "one.lock": 0o600}


def test_a_new_seed_voids_what_was_renewed(tmp_path):
    """What a person gives anew counts; the file holds the old one's hash only."""
    tokens = Tokens(tmp_path, "one")
    with tokens.turn():
        tokens.write({"token": "t"}, seed=SEED)
    assert tokens.read(seed="another") == {}
    assert tokens.read() == {}
    assert SEED not in (tmp_path / "tokens/one.json").read_text()


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"text"', '{"token": "t"}', "\0", "\udcff"])
def test_what_cannot_be_read_counts_as_nothing(tmp_path, content):
    """A file that is cut, of another form, or somebody else's: the person's own secret still holds."""
    tokens = Tokens(tmp_path, "one")
    with tokens.turn():
        tokens.write({"token": "t"}, seed=SEED)
    (tmp_path / "tokens/one.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert tokens.read(seed=SEED) == {}
    with tokens.turn():
        tokens.write({"token": "new"}, seed=SEED)
    assert tokens.read(seed=SEED) == {"token": "new"}


def test_nothing_kept_is_nothing(tmp_path):
    """Before the first renewal, and after forgetting, there is nothing, and no folder is made for it."""
    tokens = Tokens(tmp_path, "one")
    assert tokens.read() == {}
    tokens.forget()
    assert not (tmp_path / "tokens").exists()
    with tokens.turn():
        tokens.write({"token": "t"})
    tokens.forget()
    assert tokens.read() == {}


@pytest.mark.parametrize("account", ["../../etc/passwd", "a/b", "ö", ".", "..", "a b", "a.lock", "x" * 300])
def test_no_name_leads_out_of_the_folder(tmp_path, account):
    """Whatever an account is called, its file lies in the folder, and is its own."""
    tokens, other = Tokens(tmp_path / "var", account), Tokens(tmp_path / "var", account + "2")
    with tokens.turn(), other.turn():
        tokens.write({"token": "t"})
        other.write({"token": "other"})
    assert tokens.read() == {"token": "t"}
    assert sorted(file.parent for file in tmp_path.rglob("*.*")) == [tmp_path / "var/tokens"] * 4


def test_a_folder_that_cannot_be_used_is_told(tmp_path):
    """Somebody put a file in its place: nothing was sent, and the message says where."""
    (tmp_path / "tokens").write_text("")
    tokens = Tokens(tmp_path, "one")
    with pytest.raises(TryLater, match=r"one\.json: can't be written"), tokens.turn():
        pass
    with pytest.raises(TryLater, match=r"one\.json: can't be written"):
        tokens.write({})


def test_a_full_disk_leaves_the_old_token(tmp_path, monkeypatch):
    """What can't be written whole isn't written at all."""
    tokens = Tokens(tmp_path, "one")
    with tokens.turn():
        tokens.write({"token": "old"})
        monkeypatch.setattr(os, "fsync", _full)
        with pytest.raises(TryLater, match="No space left"):
            tokens.write({"token": "new"})
    assert tokens.read() == {"token": "old"}


def _full(_number: int) -> None:
    raise OSError(28, "No space left on device")


def _renew(folder: Path, network: Path, times: int) -> None:
    """Use a token as publishers do: take what is newer, else renew at a network whose refresh tokens work once."""
    tokens = Tokens(folder, "one")
    mine = "0"
    for _ in range(times):
        with tokens.turn():
            kept = tokens.read(seed=SEED).get("token", "0")
            if kept != mine:
                mine = kept
                continue
            handle = os.open(network / f"used-{mine}", os.O_CREAT | os.O_EXCL)  # a second use ends it with an error
            os.close(handle)
            time.sleep(0.001)
            mine = str(int(mine) + 1)
            tokens.write({"token": mine}, seed=SEED)


def test_one_process_renews_at_a_time(tmp_path):
    """Four processes renew at once, with refresh tokens that work once: none is used twice, none is lost."""
    network = tmp_path / "network"
    network.mkdir()
    workers = [FORK.Process(target=_renew, args=(tmp_path, network, 25)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    used = sorted(int(file.name.removeprefix("used-")) for file in network.iterdir())
    assert used == list(range(len(used)))
    assert Tokens(tmp_path, "one").read(seed=SEED) == {"token": str(len(used))}
    assert not list((tmp_path / "tokens").glob(".*"))


def _die(folder: Path, where: str) -> None:
    """Hold the turn, and be killed at a place within writing."""

    def kill(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if where == "before the rename":
        Path.replace = kill  # type: ignore[method-assign, assignment]
    elif where == "while writing":
        os.fsync = kill  # type: ignore[assignment]
    tokens = Tokens(folder, "one")
    with tokens.turn():
        if where == "before writing":
            kill()
        tokens.write({"token": "new"}, seed=SEED)
        kill()


@pytest.mark.parametrize(
    ("where", "left"),
    [("before writing", "old"), ("while writing", "old"), ("before the rename", "old"), ("afterwards", "new")],
)
def test_a_kill_leaves_a_whole_token_and_no_lock(tmp_path, where, left):
    """Wherever it is killed the file is the old or the new one, the next has its turn, and no half token lies about."""
    tokens = Tokens(tmp_path, "one")
    with tokens.turn():
        tokens.write({"token": "old"}, seed=SEED)
    worker = FORK.Process(target=_die, args=(tmp_path, where))
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    assert tokens.read(seed=SEED) == {"token": left}
    for half in (tmp_path / "tokens").glob(".*"):
        assert stat.S_IMODE(half.stat().st_mode) == 0o600
    with tokens.turn():
        assert json.loads((tmp_path / "tokens/one.json").read_text())["token"] == left
    assert {file.name for file in (tmp_path / "tokens").iterdir()} == {"one.json", "one.lock"}
