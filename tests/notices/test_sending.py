"""Apprise itself, against a server on loopback: what is taken, how long it waits, and what it never says."""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scheduler.cli import solidarity
from scheduler.daemon import Daemon, run_once
from scheduler.model import Notify
from scheduler.notices import Message, Outcome, Sender, addresses
from scheduler.operations.notify import notify
from tests.acceptance.command import ago, ahead
from tests.notices.desk import Desk, desk
from tests.world import World, post

CANARIES = ("canaryuser", "canarypass", "canarypath", "canarytoken", "canarywords")


@pytest.fixture
def here() -> Iterator[Desk]:
    """A desk that takes messages."""
    with desk() as found:
        yield found


def message(url: str) -> Message:
    """Return a message of two lines."""
    return Message(url=url, title="Somebody", body="- one\n- two `solidarity` <b>é</b>")


def test_each_address_has_an_outcome_of_its_own(here: Desk) -> None:
    """One call sends to all; what was taken came whole, and what wasn't says why in words of ours."""
    urls = [here.address(path) for path in ("ok", "no", "broken", "away")]
    found = Sender().send([message(url) for url in (*urls, "json://127.0.0.1:1/canarypath", "canarypass", "slack://a")])
    assert [(one.ok, one.service) for one in found] == [(True, "JSON"), *[(False, "JSON")] * 4, *[(False, "")] * 2]
    assert [one.detail for one in found[1:]] == [
        "it answered 404",
        "it answered 500",
        "it answered 302",  # a redirect might lead the secrets elsewhere
        "it can't be reached, or didn't take it",
        "this is no address that Apprise knows",
        "this is no address that Apprise knows",
    ]
    assert sorted(path.split("/")[1] for path, _ in here.got) == ["away", "broken", "no", "ok"]
    [(_, taken)] = [one for one in here.got if "/ok/" in one[0]]
    assert (taken["title"], taken["message"]) == ("Somebody", "- one\n- two `solidarity` <b>é</b>")
    assert "apprise" not in str(taken).lower()


def test_no_wait_is_longer_than_ours(here: Desk) -> None:
    """An address that asks for an hour's patience doesn't get it, and the others are taken meanwhile."""
    begun = time.monotonic()
    found = Sender(seconds=6).send([message(here.address("slow", "&rto=3600&cto=3600")), message(here.address())])
    assert found == [Outcome(ok=False, service="JSON", detail="no answer in time"), Outcome(ok=True, service="JSON")]
    assert time.monotonic() - begun < 36


def test_a_daemon_that_ends_does_not_wait_for_an_answer(here: Desk) -> None:
    """`stop` ends the call in flight, and every later one at once."""
    sender = Sender()
    stopper = threading.Thread(target=lambda: (here.arrived.wait(60), sender.stop()))
    stopper.start()
    found = sender.send([message(here.address("slow", "&rto=3600")), message("canarypass")])
    assert found[0] is None
    assert found[1] in (None, Outcome(ok=False, detail="this is no address that Apprise knows"))
    stopper.join()
    begun = time.monotonic()
    assert sender.send([message(here.address())]) == [None]
    assert time.monotonic() - begun < 1
    assert here.bodies() == []


def test_addresses_stand_one_a_line() -> None:
    """Or apart by spaces, as in a line of .env; a # begins a line that is none."""
    assert addresses("# who\n json://a/b \n\nslack://x  mailto://y\n") == ("json://a/b", "slack://x", "mailto://y")
    assert addresses(" \n# json://a\n") == ()


def world_of(here: Desk, folder: Path, *paths: str) -> World:
    """Return a world that tells the desk, with a post that was refused."""
    world = World(folder, notify=Notify(to="DESK"), database="sqlite:///var/state.db")
    (folder / ".env").write_text("DESK_URLS='" + " ".join(here.address(path) for path in paths) + "'\n")
    world.write(post("p", text="canarywords"))
    world.queue()
    world.network.faults = ["refused"]
    world.run()
    return world


def test_two_daemons_send_one_message(here: Desk, tmp_path: Path) -> None:
    """Through Apprise, at the same moment, on one state; and what a target that failed gets, it gets later."""
    world = world_of(here, tmp_path, "ok", "no")
    threads = [
        threading.Thread(target=notify, args=[app], kwargs={"send": Sender().send, "free": lambda _: 10**12})
        for app in (world.app, world.daemon("second"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(here.got) == 2
    [body] = here.bodies()
    assert body.startswith("- Refused for good: act/p@a.")
    world.clock.move_to(world.clock.now() + timedelta(minutes=1))
    notify(world.app, send=Sender().send, free=lambda _: 10**12)
    assert [path.split("/")[1] for path, _ in here.got].count("no") == 2
    world.close()


def test_a_daemon_and_a_call_from_cron_tell(here: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each after its other work; neither writes an address, or a word of a post, into its log or the state."""
    caplog.set_level(logging.DEBUG)
    world = world_of(here, tmp_path, "ok", "no")
    run_once(world.app)
    assert len(here.bodies()) == 1
    world.clock.move_to(world.clock.now() + timedelta(hours=7))
    daemon = Daemon(world.app)
    daemon._tell()
    assert len(here.bodies()) == 2
    world.close()
    with sqlite3.connect(tmp_path / "var/state.db") as state:
        kept = str(
            state.execute("SELECT * FROM notices").fetchall() + state.execute("SELECT * FROM notice_targets").fetchall()
        )
    state.close()
    sent = str([given for _, given in here.got])
    for canary in CANARIES:
        assert canary not in sent + kept + caplog.text
    assert "target 2 (JSON): it answered 404" in caplog.text


CONFIG = "name: Test\ntimezone: UTC\nlanguages: [fr]\nnotify: {to: DESK}\naccounts:\n  local: {platform: outbox}\n"


def command(folder: Path, *words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(solidarity, ["-C", str(folder), *words], standalone_mode=False)


def workspace(folder: Path, *urls: str) -> None:
    """Make a workspace that tells these addresses, with a post that waits for a yes and one that is due."""
    (folder / "posts").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "desk").write_text("\n".join(urls))
    (folder / ".env").write_text("DESK_URLS_FILE=desk\n")
    (folder / "posts/act.yaml").write_text(
        "title: T\nphase: ongoing\nposts:\n"
        f"  - {{id: due, at: '{ago(minutes=1)}', text: canarywords}}\n"
        f"  - {{id: asks, at: '{ahead(hours=3)}', text: canarywords, approve: true}}\n"
    )


def test_the_command_tries_each_address_and_shows_no_secret(here: Desk, tmp_path: Path) -> None:
    """Which was taken and which wasn't, by its number and the kind of service; exit code 1 where one wasn't."""
    workspace(tmp_path, here.address(), here.address("no"), "nonsense://canarypass@x")
    tried = command(tmp_path, "notify", "--test")
    assert tried.return_value == 1
    assert [line.split()[:3] for line in tried.stdout.splitlines()[1:]] == [
        ["1", "JSON", "taken"],
        ["2", "JSON", "not"],
        ["3", "?", "not"],
    ]
    assert here.bodies() == ["Ceci est un essai : Solidarity dira ici quand quelqu’un doit intervenir."]
    said = tried.output + command(tmp_path, "notify", "--test", "--json").output + command(tmp_path, "doctor").output
    assert not [canary for canary in CANARIES if canary in said]


def test_the_command_shows_what_would_be_told(here: Desk, tmp_path: Path) -> None:
    """It tells nobody; `run --once` then does, with the same words."""
    workspace(tmp_path, here.address())
    assert command(tmp_path, "queue").return_value == 0
    assert command(tmp_path, "run", "--once").return_value == 0
    [told] = here.bodies()
    shown = command(tmp_path, "notify")
    assert shown.stdout.strip() == told
    assert "act/asks@local" in told
    assert len(here.got) == 1


def test_a_workspace_that_tells_nobody_says_so(tmp_path: Path) -> None:
    """`notify --test` and `doctor` say what to add; that isn't a fault of the workspace."""
    workspace(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG.replace("notify: {to: DESK}\n", ""))
    assert "notify: {to: NOTIFY}" in str(command(tmp_path, "notify", "--test").exception)
    assert "notify: {to: NOTIFY}" in command(tmp_path, "doctor").output
