"""Two machines on one database: what one has written into its outbox, the other doesn't find, and may not write."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scheduler import app as parts
from scheduler import belonging, files
from scheduler.app import App
from scheduler.clock import SystemClock
from scheduler.daemon import Daemon, run_once
from scheduler.daemon.watch import PostsWatch
from scheduler.files import MachineError
from scheduler.operations import queue, recover
from scheduler.operations.doctor import doctor
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from scheduler.store import deliveries
from tests import databases

DATABASES = ("postgresql",)
WITH, WITHOUT = "{local: {platform: outbox}}", "{m: {platform: mastodon, keys: M, base_url: 'http://127.0.0.1:1'}}"


class Machine:
    """One machine's folder of the workspace."""

    def __init__(self, folder: Path, database: str, accounts: str = WITH) -> None:
        self.folder, self.database = folder, database
        (folder / "posts").mkdir(parents=True)
        self.write(accounts)
        self.app: App = parts.build(parts.workspace(folder)[0])

    def write(self, accounts: str) -> None:
        """Write config.yaml."""
        head = f"name: Test\ntimezone: UTC\nlanguages: [en]\ndatabase: {self.database}\n"
        (self.folder / "config.yaml").write_text(f"{head}accounts: {accounts}\n", "utf-8")

    def looks(self) -> str:
        """Return what `doctor` says of the outbox."""
        return next(one.detail for one in doctor(self.folder, clock=SystemClock()) if one.name == "outboxes")


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[list[Machine]]:
    """Give two machines; the first one has called `run --once`."""
    url = databases.state(tmp_path)
    made = [Machine(tmp_path / name, url) for name in ("one", "other")]
    assert run_once(made[0].app) == 0
    yield made
    for one in made:
        one.app.close()


def test_the_first_goes_on(machines: list[Machine]) -> None:
    """It finds its own mark, as often as it comes."""
    assert run_once(machines[0].app) == 0
    assert machines[0].looks() == "their posts lie on this machine, in var/outbox"


def test_another_ends_before_it_sends_anything(machines: list[Machine]) -> None:
    """Neither cron nor a daemon works there; each says what to do, and `doctor` too."""
    for work in (lambda: run_once(machines[1].app), lambda: Daemon(machines[1].app).run()):
        with pytest.raises(MachineError, match=r"lies on another machine.*share var/outbox between the machines"):
            work()
    assert "(local) have sent lies on another machine" in machines[1].looks()


def test_one_that_shares_the_folder_works(machines: list[Machine]) -> None:
    """The mark lies in the folder, and is shared with it."""
    (machines[1].folder / "var/outbox").symlink_to(machines[0].folder / "var/outbox")
    assert run_once(machines[1].app) == 0


def test_where_the_first_is_gone_for_good(machines: list[Machine]) -> None:
    """A person's word is enough."""
    (place := machines[1].folder / "var/outbox/.id").parent.mkdir(parents=True)
    place.write_text((machines[0].folder / "var/outbox/.id").read_text("utf-8"), "utf-8")
    assert run_once(machines[1].app) == 0


def test_without_such_an_account_it_works_until_one_is_added(machines: list[Machine]) -> None:
    """A running daemon goes on with the config.yaml that it had."""
    machines[1].write(WITHOUT)
    machines[1].app.adopt(parts.workspace(machines[1].folder)[0])
    belonging.require_outbox(machines[1].app)
    watch = PostsWatch(machines[1].app)
    machines[1].write(WITH)
    with pytest.raises(MachineError, match="lies on another machine"):
        watch.look()
    assert list(machines[1].app.workspace.accounts) == ["m"]


def test_to_look_takes_nothing(tmp_path: Path) -> None:
    """`doctor` on the second machine doesn't keep the first one from working."""
    url = databases.state(tmp_path)
    one, other = (Machine(tmp_path / name, url) for name in ("one", "other"))
    assert "lie on this machine" in other.looks()
    assert run_once(one.app) == 0
    assert "lies on another machine" in other.looks()
    for machine in (one, other):
        machine.app.close()


def test_two_that_come_at_once_to_one_folder_both_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second doesn't write its mark over that of the first, which the state knows already."""
    url, folder = databases.state(tmp_path), tmp_path / "shared"
    both = [Machine(tmp_path / name, url) for name in ("one", "other")]
    for machine in both:
        (machine.folder / "var").mkdir(exist_ok=True)
        (machine.folder / "var/outbox").symlink_to(folder)
    folder.mkdir()
    met, write = threading.Barrier(2), files.write
    first = threading.Event()

    def slow(path: Path, data: bytes, **more: Any) -> None:
        with suppress(threading.BrokenBarrierError):  # one that waits for its turn never comes here
            if met.wait(2) == 1:
                first.wait(5)
        write(path, data, **more)

    def work(machine: Machine) -> None:
        belonging.require_outbox(machine.app)
        first.set()

    monkeypatch.setattr(files, "write", slow)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, both)) == [None, None]
    for machine in both:
        belonging.require_outbox(machine.app)
        machine.app.close()


def test_what_lies_on_another_machine_is_not_taken_for_gone(machines: list[Machine]) -> None:
    """Taken down elsewhere it stays there, and is said to; the machine that has it takes it down."""
    one, other = machines
    post = f"{{id: p, at: {datetime.now(UTC):%Y-%m-%d %H:%M}, text: Hello}}"
    (one.folder / "posts/act.yaml").write_text(f"title: Act\nphase: ongoing\nposts:\n  - {post}\n", "utf-8")
    queue.apply(one.app, one.app.load_posts())
    with one.app.store.read() as c:
        (waiting,) = deliveries.in_status(c)
    assert run_once(one.app) > 0
    (folder,) = (one.folder / "var/outbox/local").glob("2*")
    wanted = withdraw(other.app, waiting.key, who="tester")
    assert "lies on another machine" in recover.take_down(other.app, wanted)
    assert folder.is_dir()
    with other.app.store.read() as c:
        wanted = deliveries.by_id(c, wanted.id)
    assert wanted.status is Status.published
    assert recover.take_down(one.app, wanted) == "taken down"
    assert not folder.exists()
