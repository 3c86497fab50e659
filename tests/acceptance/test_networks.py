"""An X account on a stand-in of X: secrets, an unreachable network, an outcome that nobody knows."""

import signal
from collections.abc import Iterator

import pytest

from scheduler.standins.x import USERS, Server
from tests.acceptance.command import CONFIG, Campaign, ago, stop, wait_for

USER = USERS[0]


@pytest.fixture
def x() -> Iterator[Server]:
    """Return a server that plays X."""
    with Server() as server:
        yield server
    assert not server.errors


@pytest.fixture
def both(campaign: Campaign, x: Server) -> Campaign:
    """Return a workspace with an account on X beside the outbox, and X's secrets in the environment."""
    campaign.config(f"{CONFIG}  x-en: {{platform: x, keys: X_EN, base_url: '{x.url}'}}\n")
    campaign.env = {f"X_EN_{name}": secret for name, secret in USER.secrets.items()}
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: Hello")
    return campaign


def test_missing_secrets_hold_their_account_and_no_other(both: Campaign, x: Server):
    """Without secrets the account is held with the cure; once they are there, `resume` and `retry` send its posts."""
    secrets, both.env = both.env, {}
    listed = {one["account"]: one for one in both("accounts", "--json").json}
    assert set(listed["x-en"]) == {"account", "platform", "ok", "detail"}
    assert (listed["local"]["ok"], listed["x-en"]["ok"]) == (True, False)
    assert "X_EN_API_KEY" in listed["x-en"]["detail"]
    ran = both("run", "--once", code=1)
    assert "1 published, 1 held" in ran.out
    (paused,) = both("status", "--json").json["paused"]
    assert (paused["scope"], paused["name"]) == ("account", "x-en")
    assert "X_EN_API_KEY" in paused["why"]
    both.env = secrets
    both("resume", "--account", "x-en")
    both("retry", "act/a@x-en")
    assert "1 published" in both("run", "--once").out
    assert [post["text"] for post in x.state()["posts"]] == ["Hello"]


def test_accounts_verify_asks_the_networks(both: Campaign, x: Server):
    """`verify` says of each account whether it works, and ends with 1 when one doesn't; secrets are never shown."""
    found = both("accounts", "verify", "--json").json
    assert [(one["account"], one["ok"]) for one in found] == [("local", True), ("x-en", True)]
    x.stop()
    ran = both("accounts", "verify", code=1)
    assert "does not work" in ran.out
    assert not any(secret in ran.out + ran.err for secret in USER.secrets.values())
    x.start()


def test_an_unreachable_network_puts_off_and_loses_nothing(both: Campaign, x: Server):
    """A server that isn't there leaves its deliveries queued with the reason, and the other accounts alone."""
    x.stop()
    ran = both("run", "--once")
    assert "put off" in ran.out
    assert both.delivery("act/a@x-en")["status"] == "queued"
    assert both.delivery("act/a@local")["status"] == "published"
    x.start()


def test_a_network_that_hangs_does_not_keep_the_daemon(both: Campaign, x: Server):
    """SIGTERM ends the daemon within ten seconds also while a network gives no answer; nothing is sent again."""
    both.write(f"id: a, at: {ago(minutes=1)}, text: Hello, accounts: [x-en]")
    x.fail("POST /2/tweets", "timeout_after_commit")
    with both.daemon() as process:
        wait_for(lambda: x.asked("POST /2/tweets"))
        assert "didn't answer in time" in stop(process, signal.SIGTERM)
        assert process.returncode == 0
    assert both.delivery("act/a@x-en")["status"] == "sending"
    assert "1 unknown" in both("run", "--once", code=1).out
    assert len(x.state()["posts"]) == 1


def test_a_person_settles_what_nobody_knows(both: Campaign, x: Server):
    """An answer that got lost leaves the outcome unknown; it is never sent again, until a person says how it stands."""
    both.write(
        f"id: a, at: {ago(minutes=2)}, text: Hello, accounts: [x-en]",
        f"id: b, at: {ago(minutes=1)}, text: World, accounts: [x-en]",
    )
    x.fail("POST /2/tweets", "reset_after_commit")
    x.fail("POST /2/tweets", "reset_before_commit")
    both("run", "--once", code=1)
    assert both.delivery("act/a@x-en")["status"] == both.delivery("act/b@x-en")["status"] == "unknown"
    assert "never sent again on a guess" in both("retry", "act/a@x-en", code=1).err
    (out,) = x.state()["posts"]
    url = f"https://x.com/i/status/{out['id']}"
    assert "no link" in both("resolve", "act/a@x-en", "--published", "nonsense", code=1).err
    settled = both("resolve", "act/a@x-en", "--published", url, "--json").json
    assert (settled["status"], settled["url"], settled["remote_id"]) == ("published", url, out["id"])
    assert both("resolve", "act/b@x-en", "--not-published").out == "act/b@x-en is queued\n"
    both("run", "--once")
    assert sorted(post["text"] for post in x.state()["posts"]) == ["Hello", "World"]
