"""No room, or no right to write: under the daemon, while a card is drawn, after the visible call, in the log.

Nothing goes twice, nothing is lost, and the work goes on by itself once there is room again.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scheduler.standins.x import USERS, Server
from tests.acceptance.command import COMMAND, Campaign, ago, ahead, environment, wait_for
from tests.acceptance.stem import Stem

DATABASES = ("sqlite",)
ON_X = """\
name: Test
timezone: UTC
languages: [en]
accounts: {{x: {{platform: x, keys: X, base_url: "{url}"}}}}
"""


READ_ONLY = ("give this user the right to write", "can't be written", "may this user write there?")


@pytest.fixture(scope="module")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stem]:
    """Return what starts commands sooner."""
    started = Stem(tmp_path_factory.mktemp("stem"), dict(os.environ))
    yield started
    started.close()


@pytest.fixture
def campaign(tmp_path: Path, stem: Stem) -> Campaign:
    """Return a workspace with one outbox account."""
    (tmp_path / "home").mkdir()
    return Campaign(tmp_path / "w", tmp_path / "home", stem)


class Disk:
    """A small disk of its own, on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, leave: int = 0) -> None:
        """Leave no more room than this."""
        with (self.folder / "fill").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1024))
            except OSError:
                os.truncate(self.folder / "fill", max(0, file.tell() - leave))

    def free(self) -> None:
        """Make room again."""
        (self.folder / "fill").unlink()

    def remount(self, how: str) -> None:
        """Let it be read only, or not."""
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.folder)], check=True)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Disk]:
    """Put a folder on a disk of so much room, where one may mount."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nobody but root may mount a small disk")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_daemon_outlives_a_full_disk(campaign: Campaign, stem: Stem):
    """It says so, stays alive, and goes on by itself once there is room: each post is out once."""
    with small_disk(campaign.folder / "var", 6000) as disk:
        campaign.write(f"id: a, at: {ahead(days=1)}, text: A")
        campaign("queue")
        environ = environment(campaign.home)
        daemon = stem.start(["-C", str(campaign.folder), "run"], env=environ, cwd=campaign.home)
        wait_for(lambda: "running" in daemon.said, seconds=60)
        disk.fill()
        campaign.write(*(f"id: p{number}, at: {ago(seconds=5)}, text: {'Text ' * 200}" for number in range(10)))
        wait_for(lambda: "disk is full" in daemon.said, seconds=60)
        assert campaign("status").code == 0
        assert campaign.outbox() == []
        disk.free()
        wait_for(lambda: len(campaign.outbox()) == 10, seconds=120)
        wait_for(lambda: list(campaign.statuses().values()).count("published") == 10, seconds=60)
        assert daemon.end(signal.SIGTERM) == 0, daemon.said
        assert "Traceback" not in daemon.said
        told = [one for one in campaign("status", "--json").json["deliveries"] if one["status"] == "published"]
        assert len({one["remote_id"] for one in told}) == len(campaign.outbox()) == 10


def test_no_room_to_draw_a_card(campaign: Campaign):
    """What goes wrong before the visible call is put off, with what to do; the post goes once there is room."""
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: We stand with you, card: true")
    campaign("queue")
    with small_disk(campaign.folder / "var/rendered", 8):
        said = campaign("run", "--once").out
        assert "put off" in said
        one = campaign.delivery("act/a@local")
        assert one["status"] == "queued"
        assert "free some" in one["reason"], one["reason"]
        assert "put off" in campaign("log", "act/a@local").out
        assert campaign.outbox() == []
    campaign("retry", "act/a@local")
    assert "1 published" in campaign("run", "--once").out
    assert len(campaign.outbox()) == 1


def test_no_room_for_the_receipt(campaign: Campaign, monkeypatch: pytest.MonkeyPatch):
    """The post is out and its receipt can't be filed: it is said, and later looked up, never sent again."""
    create = Server.create
    with Server() as server, small_disk(campaign.folder / "var", 6000) as disk:
        campaign.env = {f"X_{name}": value for name, value in USERS[0].secrets.items()}
        campaign.config(ON_X.format(url=server.url))
        campaign.write(f"id: a, at: {ago(minutes=1)}, text: We stand with you")
        campaign("queue")

        def full(self: Server, request: Any) -> Any:
            answer = create(self, request)
            disk.fill()
            return answer

        monkeypatch.setattr(Server, "create", full)
        said = campaign("run", "--once", code=2).err
        assert "disk is full" in said
        assert "free some space" in said
        assert len(server.state()["posts"]) == 1
        disk.free()
        assert campaign.delivery("act/a@x")["status"] in {"sending", "unknown"}
        campaign._stem.call(
            ["-C", str(campaign.folder), "run", "--once"],
            env=environment(campaign.home, campaign.env),
            cwd=campaign.home,
        )
        one = campaign.delivery("act/a@x")
        assert one["status"] in {"published", "unknown"}, one
        assert one["status"] == "published" or "is being looked up" in one["reason"]
        assert len(server.state()["posts"]) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_log_that_can_not_be_written(campaign: Campaign):
    """The daemon's work doesn't hang on its log; a command whose result can't be printed says so by its exit code."""
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: A")
    command = [*COMMAND, "-C", str(campaign.folder), "run", "--verbose"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        daemon = subprocess.Popen(command, env=environment(campaign.home), cwd=campaign.home, stdout=full, stderr=full)
        try:
            wait_for(campaign.outbox, seconds=60)
            wait_for(lambda: campaign.statuses() == {"act/a": "published"}, seconds=60)
            assert daemon.poll() is None
        finally:
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(30) == 0
        campaign.write(f"id: b, at: {ago(minutes=1)}, text: B")
        once = [sys.executable, "-m", "scheduler", "-C", str(campaign.folder), "run", "--once"]
        environ = environment(campaign.home)
        done = subprocess.run(once, env=environ, cwd=campaign.home, stdout=full, stderr=subprocess.PIPE, check=False)
        assert done.returncode, done
        assert b"Traceback" not in done.stderr
    assert campaign.statuses() == {"act/a": "published", "act/b": "published"}
    assert len(campaign.outbox()) == 2


def test_a_disk_that_became_read_only(campaign: Campaign):
    """As after an error of the disk: every command says what to do, and nothing leaves unrecorded."""
    with small_disk(campaign.folder / "var", 6000) as disk:
        campaign.write(f"id: a, at: {ago(minutes=1)}, text: A")
        campaign("queue")
        disk.remount("ro")
        for words in (["queue"], ["run", "--once"], ["pause", "--why", "x"]):
            said = campaign(*words, code=2).err
            assert any(cure in said for cure in READ_ONLY), said
        assert campaign.outbox() == []
        disk.remount("rw")
        assert "1 published" in campaign("run", "--once").out
        assert len(campaign.outbox()) == 1
