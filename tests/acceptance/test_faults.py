"""What is broken around the program: each fault is said in a line or two with the cure, and nothing is lost."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.command import CONFIG, Campaign, ago, ahead


@pytest.fixture
def queued(campaign: Campaign) -> Campaign:
    """Return a workspace with one post in the queue."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: A")
    campaign("queue")
    return campaign


@pytest.mark.parametrize(
    ("config", "part", "check"),
    [
        ("", "config.yaml:1:1: error: ", 2),
        (CONFIG + "  - [", "config.yaml:6:", 2),
        (CONFIG.replace("UTC", "Toronto/America"), "[bad-zone]", 2),
        (CONFIG.replace("outbox", "nowhere"), "[unknown-platform]", 1),
        (CONFIG + "  x-en: {platform: x, keys: X_EN, token: abcdefgh12345678abcd}", "[literal-secret]", 1),
        (CONFIG + "  x-en: {platform: x, keys: X_EN, base_url: 'http://example.org'}", "[bad-url]", 1),
    ],
)
def test_a_config_that_can_not_be_used(config: str, part: str, check: int, campaign: Campaign):
    """Its problems are said with their places, by `check` in both forms; nothing else starts."""
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: A")
    campaign.config(config)
    assert part in campaign("check", code=check).out
    ran = campaign("run", "--once", code=2)
    assert part in ran.err
    assert "abcdefgh" not in ran.err
    assert campaign.outbox() == []


def test_check_gives_its_document_also_of_a_config_that_can_not_be_read(campaign: Campaign):
    """`check --json` names the problems of config.yaml, with exit code 2, where nothing else can be looked at."""
    campaign.config(CONFIG + "  - [")
    ran = campaign("check", "--json", code=2).json
    assert (ran["posts"], ran["deliveries"]) == (0, 0)
    assert [(one["file"], one["rule"]) for one in ran["problems"]] == [("config.yaml", "yaml-syntax")]


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold the state as a copying program or a database browser might."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def test_a_locked_state_is_waited_for_and_then_said(queued: Campaign):
    """Reading goes on; writing waits a while and then names the cure; afterwards everything is as before."""
    queued.write(f"id: b, at: {ahead(days=1)}, text: B", action="more")
    with _locked(queued.folder / "var/state.db"):
        waiting = [queued.start(*args) for args in (["queue"], ["pause", "--why", "x"], ["run", "--once"])]
        assert queued.statuses() == {"act/a": "queued"}
        for process in waiting:
            _, said = process.communicate(timeout=40)
            assert process.returncode == 2
            assert "keeps the state locked" in said
            assert "Traceback" not in said
            assert len(said.splitlines()) == 1
    assert queued("queue", "--json").json["unchanged"] == 1
    assert queued("status", "--json").json["paused"] == []


def test_the_state_of_something_else(queued: Campaign, make: Callable[[str], Campaign]):
    """Another program's database, or another workspace's state, is left alone."""
    state = queued.folder / "var/state.db"
    other = make("other")
    other.config(CONFIG + f"database: sqlite:///{state}\n")
    assert "another workspace" in other("queue", code=2).err
    assert queued.statuses() == {"act/a": "queued"}
    foreign = make("foreign")
    (foreign.folder / "var").mkdir()
    with sqlite3.connect(foreign.folder / "var/state.db") as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    for command in ("status", "upgrade"):
        assert "another program's database" in foreign(command, code=2).err


def test_a_folder_that_can_not_be_written(campaign: Campaign):
    """A file in the place of var/, or of the outbox: said with its path; what was due waits, or has failed loudly."""
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: A")
    (campaign.folder / "var").write_text("I am no folder", "utf-8")
    for command, code in ((["status"], 2), (["run", "--once"], 2), (["rehearse"], 1)):
        assert str(campaign.folder / "var") in campaign(*command, code=code).err
    assert "1 post, 1 delivery: no errors" in campaign("check").out
    (campaign.folder / "var").unlink()
    (campaign.folder / "var").mkdir()
    (campaign.folder / "var/outbox").write_text("I am no folder", "utf-8")
    assert "put off" in campaign("run", "--once").out
    one = campaign.delivery("act/a@local")
    assert one["status"] == "queued"
    assert "var/outbox" in one["reason"]


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """Put a folder on a disk of its own that is nearly full, where one may mount."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nobody but root may mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _fill(path: Path) -> None:
    """Write until there is no more room."""
    with path.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(b"x" * 1024)
            except OSError:
                return


def test_a_full_disk_loses_nothing(campaign: Campaign):
    """Every command says that the disk is full; once there is room again, everything goes on where it stood."""
    (campaign.folder / "var").mkdir()
    with _small_disk(campaign.folder / "var"):
        campaign.write(f"id: a, at: {ahead(days=1)}, text: A")
        campaign("queue")
        fill = campaign.folder / "var/fill"
        _fill(fill)
        campaign.write(*(f"id: p{number}, at: {ahead(days=1)}, text: {'Text ' * 200}" for number in range(40)))
        assert "disk is full" in campaign("queue", code=2).err
        fill.unlink()
        assert campaign.statuses() == {"act/a": "queued"}
        campaign.write(f"id: a, at: {ahead(days=1)}, text: A, card: true")
        assert "1 changed" in campaign("queue").out


def test_a_copy_on_a_full_disk_is_no_copy(queued: Campaign):
    """A backup that doesn't fit is said and leaves nothing behind, also without the right to mount anything."""
    import resource

    target = queued.home / "copy.db"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    queued.write(*(f"id: p{number}, at: {ahead(days=1, hours=number)}, text: {'Text ' * 4000}" for number in range(20)))
    queued("queue")
    queued.env = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}  # what is measured is a file too
    # The limit on a file's size, which a process inherits, stands in for the end of the disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        process = queued.start("backup", target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    _, said = process.communicate(timeout=20)
    assert process.returncode in {1, 2}
    assert "Traceback" not in said
    assert str(target) in said
    assert not list(queued.home.iterdir())
    assert "queued" in queued.statuses().values()
