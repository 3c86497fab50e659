"""Getting into a network and staying in: `accounts login`, `accounts verify`, renewing; and where secrets stay."""

import logging
import os
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from scheduler import app as parts
from scheduler import publishers
from scheduler.cli import solidarity
from scheduler.clock import SimulatedClock
from scheduler.daemon import Daemon, run_once
from scheduler.errors import AccountBlocked, SchedulerError, TryLater, UsageError, UserError
from scheduler.operations import deliver, queue
from scheduler.operations.accounts import verify_one
from scheduler.operations.doctor import doctor
from scheduler.operations.renew import renew
from scheduler.publishers.base import Publisher
from scheduler.store import controls, deliveries
from tests import gate
from tests.acceptance.command import wait_for
from tests.gate import CANARY, Gate

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CONFIG = """\
name: N
timezone: UTC
languages: [en]
public_url: https://solidarity.example.org
accounts:
  one: {platform: gate, keys: ONE}
  two: {platform: gate, keys: TWO}
  folder: {platform: outbox}
"""
POSTS = """\
title: T
phase: ongoing
posts:
  - {id: p, at: 2026-11-20 12:00, text: Free them}
"""


class House:
    """A workspace with two accounts at the gate and one in a folder, and the command on it."""

    def __init__(self, folder: Path, network: Gate) -> None:
        self.folder, self.gate = folder, network
        self.said = ""
        (folder / "posts").mkdir(parents=True)
        (folder / "posts/act.yaml").write_text(POSTS)
        self.config(CONFIG)
        self.clock = SimulatedClock(NOW)

    def config(self, text: str) -> None:
        """Write config.yaml."""
        (self.folder / "config.yaml").write_text(text)

    def __call__(self, *args: str, typed: str = "") -> Result:
        """Give a command, and type answers; what it says is kept."""
        ran = CliRunner().invoke(solidarity, ["-C", str(self.folder), *args], input=typed, standalone_mode=False)
        self.said += ran.output
        return ran

    def app(self) -> parts.App:
        """Return the parts, as the daemon has them."""
        workspace, problems = parts.workspace(self.folder)
        assert not problems
        return parts.build(workspace, clock=self.clock)

    @property
    def env(self) -> str:
        """What stands in .env."""
        return (self.folder / ".env").read_text()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give a house at the gate, with nothing of its own in the environment."""
    for name in [name for name in os.environ if name.startswith(("ONE_", "TWO_"))]:
        monkeypatch.delenv(name)
    with gate.opened(tmp_path / "more") as network:
        yield House(tmp_path / "workspace", network)


def test_a_person_logs_in_over_a_terminal(house: House) -> None:
    """The address is in the question, secrets aren't shown, they stand in .env for its owner only, and it works."""
    ran = house("accounts", "login", "--account", "one", typed=f"12345\n{CANARY}-app\n")
    assert ran.return_value == 0, ran.output
    assert "Open https://gate.example/allow, allow it, and paste the code:" in ran.output
    assert "written into .env: ONE_TOKEN, ONE_APP_SECRET" in ran.output
    assert "one works: @one, 59 days left" in ran.output
    assert house.env == f"ONE_TOKEN={CANARY}-token-1\nONE_APP_SECRET={CANARY}-app\n"
    assert stat.S_IMODE((house.folder / ".env").stat().st_mode) == 0o600
    assert CANARY not in ran.output


def test_by_its_platform_an_account_is_chosen(house: House) -> None:
    """With several accounts there it asks which; with one it doesn't."""
    ran = house("accounts", "login", "gate", typed=f"three\ntwo\n12345\n{CANARY}-app\n")
    assert ran.return_value == 0, ran.output
    assert "Which account" in ran.output
    assert "TWO_TOKEN=" in house.env
    house.config(CONFIG.replace("  one: {platform: gate, keys: ONE}\n", ""))
    ran = house("accounts", "login", "gate", typed=f"12345\n{CANARY}-app\n")
    assert "Which account" not in ran.output
    assert house.env.count("TWO_TOKEN=") == 1


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        (("login",), UsageError, "say which account"),
        (("login", "--json", "--account", "one"), UsageError, "leave --json out"),
        (("verify", "gate"), UsageError, "go with login"),
        (("login", "--account", "nobody"), UsageError, r"no such account; config.yaml has: one \(gate\), two"),
        (("login", "mastodon"), UsageError, "no account on it"),
        (("login", "--account", "folder"), UserError, "folder needs no secrets"),
    ],
)
def test_what_cannot_be_logged_in(house: House, args: tuple[str, ...], error: type[Exception], said: str) -> None:
    """An account that there isn't, or that needs none, is told, and nothing is written."""
    ran = house("accounts", *args)
    assert isinstance(ran.exception, error)
    with pytest.raises(error, match=said):
        raise ran.exception
    assert not (house.folder / ".env").exists()


def test_without_keys_it_says_what_to_write(house: House) -> None:
    """Where the secrets would have no name, config.yaml is told first, before a person does anything."""
    house.config(CONFIG.replace("one: {platform: gate, keys: ONE}", "one: {platform: gate}"))
    ran = house("accounts", "login", "--account", "one")
    assert "add 'keys: ONE' to it in config.yaml, then log in again" in str(ran.exception)


def test_a_code_that_is_none_changes_nothing(house: House) -> None:
    """The network's no is said as it is; .env stays as it was."""
    (house.folder / ".env").write_text("ONE_TOKEN=old\n")
    ran = house("accounts", "login", "--account", "one", typed="99999\n")
    assert "doesn't know that code" in str(ran.exception)
    assert house.env == "ONE_TOKEN=old\n"


def test_giving_up_at_the_question_is_no_fault(house: House) -> None:
    """Ctrl-C, or the end of the line, ends it as it ends everything."""
    ran = house("accounts", "login", "--account", "one")
    assert isinstance(ran.exception, click.Abort)
    assert "fault" not in ran.output
    assert not (house.folder / ".env").exists()


def test_what_the_environment_holds_goes_first_and_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set elsewhere would hide what was just written."""
    monkeypatch.setenv("ONE_TOKEN", f"{CANARY}-elsewhere")
    ran = house("accounts", "login", "--account", "one", typed=f"12345\n{CANARY}-app\n")
    assert ran.return_value == 1
    assert "ONE_TOKEN is set in the environment to something else" in ran.output
    assert "one does not work: the gate refuses the token" in ran.output
    assert CANARY not in ran.output


def test_a_renewed_token_is_used_and_asked_for_again_in_time(house: House) -> None:
    """It is on the disk for its owner only; what the person gave stays in .env; the network isn't asked before time."""
    house("accounts", "login", "--account", "one", typed=f"12345\n{CANARY}-app\n")
    before, app, times = house.env, house.app(), {}
    renew(app, times)
    assert times == {"one": NOW + timedelta(days=50)}
    assert house.gate.given == 2
    file = house.folder / "var/tokens/one.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert app.publisher("one").verify() == "@one, 59 days left"
    renew(app, times)
    assert house.gate.given == 2
    house.clock.move_to(NOW + timedelta(days=50))
    renew(app, times)
    assert house.gate.given == 3
    assert house.env == before
    assert "gate      works" in house("accounts", "verify").output
    app.close()


def test_a_dead_token_holds_its_account_only_until_a_login(house: House) -> None:
    """The others go on; the reason says how to renew; after a new login the same daemon sends with it."""
    (house.folder / ".env").write_text(f"ONE_TOKEN={CANARY}-dead\nTWO_TOKEN={CANARY}-two\n")
    app = house.app()
    queue.apply(app, app.load_posts())
    house.gate.good = {f"{CANARY}-two"}
    renew(app, {})
    with app.store.read() as c:
        (held,) = controls.all_pauses(c)
    assert (held.scope, held.name, held.kind) == ("account", "one", "blocked")
    assert "solidarity accounts login --account one" in held.why
    renew(app, {})  # the first reason stays, and it is no fault
    while deliver.step(app):
        pass
    assert _statuses(app) == {"act/p@one": "held", "act/p@two": "published", "act/p@folder": "published"}
    ran = house("accounts", "login", "--account", "one", typed=f"12345\n{CANARY}-app\n")
    assert "one works again and is still held: `solidarity resume --account one` lets it go on" in ran.output
    assert "one works again and is still held" in house("accounts", "verify").output
    assert house("resume", "--account", "one").return_value == 0
    assert "still held" not in house("accounts", "verify").output
    assert house("retry", "act/p@one").return_value == 0
    while deliver.step(app):
        pass
    assert _statuses(app)["act/p@one"] == "published"
    app.close()


def _statuses(app: parts.App) -> dict[str, str]:
    with app.store.read() as c:
        return {one.key: str(one.status) for one in deliveries.in_status(c)}


@pytest.mark.parametrize("fault", [TryLater("the gate is closed"), RuntimeError(f"{CANARY} in a fault")], ids=repr)
def test_what_passes_is_tried_again(house: House, fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """A network that is away, or a fault, holds nothing: it is said, and tried again the next time."""
    (house.folder / ".env").write_text(f"ONE_TOKEN={CANARY}-one\nTWO_TOKEN={CANARY}-one\n")
    house.gate.good, house.gate.fault = {f"{CANARY}-one"}, fault
    app, times = house.app(), {}
    renew(app, times)
    assert times == {}
    assert caplog.text.count("was renewed: RuntimeError" if isinstance(fault, RuntimeError) else "tried again") == 2
    assert CANARY not in caplog.text
    with app.store.read() as c:
        assert controls.all_pauses(c) == []
    house.gate.fault = None
    renew(app, times)
    assert "one" in times
    app.close()


def test_from_cron_it_is_renewed_once_an_hour(house: House) -> None:
    """`run --once` every minute asks the network once an hour, also when the clock was set back."""
    (house.folder / ".env").write_text(f"ONE_TOKEN={CANARY}-one\n")
    house.gate.good = {f"{CANARY}-one"}
    app = house.app()
    for minutes, given in ((0, 1), (1, 1), (59, 1), (60, 2), (61, 2), (30, 3)):
        house.clock.move_to(NOW + timedelta(minutes=minutes))
        run_once(app)
        assert house.gate.given == given
    app.close()


def test_one_without_secrets_is_passed_over(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """What is missing is told by doctor and by its posts, not once an hour."""
    app = house.app()
    renew(app, {})
    assert caplog.text == ""
    app.close()


def test_a_network_that_hangs_keeps_no_post_waiting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a renewal gets no answer the daemon's lanes go on sending; it ends when the daemon does."""
    (house.folder / ".env").write_text(f"ONE_TOKEN={CANARY}-one\nTWO_TOKEN={CANARY}-one\n")
    house.gate.good = {f"{CANARY}-one"}
    asked, answer = threading.Event(), threading.Event()

    def hang(_publisher: Publisher) -> None:
        asked.set()
        assert answer.wait(60)

    monkeypatch.setattr(publishers.load("gate"), "renew", hang)
    app = house.app()
    queue.apply(app, app.load_posts())
    daemon = Daemon(app)
    daemon._crew.start()
    assert asked.wait(60)
    daemon._crew.ring()
    wait_for(lambda: set(_statuses(app).values()) == {"published"}, seconds=60)
    daemon._stopping.set()
    daemon._crew.ring()
    answer.set()
    for lane in daemon._crew.threads:
        lane.join(60)
    app.close()


def test_one_of_two_ways_in_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a network has two kinds of logins, either of them whole will do; of what is missing the first is named."""
    (tmp_path / "config.yaml").write_text(
        "name: N\ntimezone: UTC\nlanguages: [en]\naccounts: {one: {platform: x, keys: ONE}}\n"
    )
    workspace, _ = parts.workspace(tmp_path)
    account = workspace.accounts["one"]
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"ONE_{name}", CANARY)
    with pytest.raises(UserError, match="lacks ONE_API_KEY, ONE_API_SECRET, ONE_ACCESS_TOKEN, ONE_ACCESS_SECRET"):
        parts.secrets_of(account, workspace)
    monkeypatch.setenv("ONE_REFRESH_TOKEN", CANARY)
    assert set(parts.secrets_of(account, workspace)) == {"CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"}
    assert verify_one(account, workspace, SimulatedClock(NOW), ask=False).ok


def test_doctor_says_who_else_can_read_and_what_cannot_be_fetched(house: House) -> None:
    """Modes that let others in, and a network that fetches from nowhere, are found, each with its cure."""
    env, tokens = house.folder / ".env", house.folder / "var/tokens"
    house("accounts", "login", "--account", "one", typed=f"12345\n{CANARY}-app\n")
    app = house.app()
    renew(app, {})
    app.close()
    found = {one.name: one for one in doctor(house.folder, clock=house.clock)}
    assert (found["secrets"].ok, found["secrets"].detail) == (True, "readable by their owner only")
    assert (found["public address"].ok, "one, two" in found["public address"].detail) == (True, True)
    for path, mode in ((env, 0o640), (tokens, 0o755), (tokens / "one.json", 0o604)):
        right = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode)
        said = {one.name: one for one in doctor(house.folder, clock=house.clock)}["secrets"]
        assert (said.ok, f"chmod {right:o} {path}" in said.detail) == (False, True)
        path.chmod(right)
    house.config(CONFIG.replace("public_url: https://solidarity.example.org\n", ""))
    said = {one.name: one for one in doctor(house.folder, clock=house.clock)}["public address"]
    assert not said.ok
    assert "one, two fetch pictures from an address, and there is none: write public_url" in said.detail


def test_no_secret_is_anywhere_but_where_it_belongs(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through logins, looks, renewals and all their failures: only .env and var/tokens hold a secret's words."""
    caplog.set_level(logging.DEBUG)
    login = ("accounts", "login", "--account", "one")
    said = [str(house(*login, typed="99999\n").exception)]
    assert house(*login, typed=f"12345\n{CANARY}-app\n").return_value == 0
    (house.folder / ".env").write_text(house.env + f"TWO_TOKEN={CANARY}-dead\n")
    app = house.app()
    queue.apply(app, app.load_posts())
    renew(app, {})
    for fault in (TryLater("later"), AccountBlocked("no"), RuntimeError(f"{CANARY}"), SchedulerError("odd")):
        house.gate.fault = fault
        renew(app, {})
        said.append(str(house(*login).exception))
    house.gate.fault = None
    while deliver.step(app):
        pass
    monkeypatch.setattr(publishers.load("gate"), "verify", _quotes)
    for line in (["accounts"], ["accounts", "verify"], ["doctor"], ["status"], ["log", "act/p@one"]):
        house(*line)
    house("export", "--format", "csv")
    house("backup", str(house.folder / "copy.db"))
    app.close()
    held = [file for file in house.folder.rglob("*") if file.is_file() and CANARY.encode() in file.read_bytes()]
    assert sorted(str(file.relative_to(house.folder)) for file in held) == [".env", "var/tokens/one.json"]
    assert CANARY not in house.said + caplog.text + "".join(said)


def _quotes(publisher: Publisher) -> str:
    """Have a fault that quotes a secret."""
    raise RuntimeError(str(publisher._secrets))
