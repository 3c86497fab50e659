"""Every network's secrets, through looks, renewals, posts and failures, stay in .env and var/tokens."""

import logging
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler import app as parts
from scheduler import publishers, standins
from scheduler.cli import solidarity
from scheduler.operations import deliver, queue, recover
from scheduler.operations.renew import renew
from scheduler.standins.loopback import LoopbackServer, Seat
from tests.acceptance.command import ago

NAMES = sorted(standins.names() & publishers.names())
FAULTS = ("html", "html_403", "redirect", "cut_json", "not_utf8", "json_list_400", "429", "500", "reset_after_commit")
NO_SECRETS = {"IDENTIFIER", "PAGE_ID", "USER_ID"}  # names of accounts, as the public sees them


def workspace(folder: Path, platform: str, server: LoopbackServer) -> set[str]:
    """Make a workspace of one account at a stand-in, with posts that are due; return its secrets."""
    seat: Seat = server.seat("one")
    options = {"base_url": seat.base_url, **seat.options}
    options |= {"timeout": 2} if "timeout" in publishers.load(platform).options else {}
    said = ", ".join(f"{name}: {value!r}" for name, value in options.items())
    (folder / "posts").mkdir(parents=True)
    (folder / "config.yaml").write_text(
        "name: N\ntimezone: UTC\nlanguages: [en]\npublic_url: http://127.0.0.1:1\n"
        f"accounts:\n  one: {{platform: {platform}, keys: ONE, {said}}}\n"
    )
    posts = "".join(f"  - {{id: p{n}, at: '{ago(minutes=n)}', text: Post {n}, card: true}}\n" for n in range(3))
    (folder / "posts/act.yaml").write_text(f"title: T\nphase: ongoing\nposts:\n{posts}")
    (folder / ".env").write_text("".join(f"ONE_{name}={value}\n" for name, value in seat.secrets.items()))
    return {value for name, value in seat.secrets.items() if name not in NO_SECRETS}


@pytest.mark.parametrize("platform", NAMES)
def test_secrets_stay_where_they_belong(
    platform: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a network answers, no line, log, row, export or copy shows what lets us in, nor what was renewed."""
    caplog.set_level(logging.DEBUG)
    for name in [name for name in os.environ if name.startswith("ONE_")]:
        monkeypatch.delenv(name)
    folder, said = tmp_path / "workspace", ""
    with standins.load(platform)() as server:
        secrets = workspace(folder, platform, server)
        ready, problems = parts.workspace(folder)
        assert not problems
        app = parts.build(ready)
        queue.apply(app, app.load_posts())
        for fault in ("", *FAULTS):
            if fault:
                server.fail("*", fault, times=9)
            said += _command(folder, "accounts", "verify")
            renew(app, {})
            for _ in range(9):
                if not (recover.step(app) or deliver.step(app)):
                    break
            server.clear()
            with app.store.write() as c:
                for key in [f"act/p{n}@one" for n in range(3)]:
                    _due_again(c, key)
        for line in (["accounts"], ["doctor"], ["status"], ["log", "act/p0@one"], ["export", "--format", "csv"]):
            said += _command(folder, *line)
        said += _command(folder, "backup", str(folder / "copy.db"))
        app.close()
    tokens = list((folder / "var/tokens").glob("*.json"))
    secrets |= {value for file in tokens for value in _texts(file)}
    assert len(secrets) >= 1
    for file in folder.rglob("*"):
        if file.is_file() and file.name != ".env" and file not in tokens:
            data = file.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in data], file
    assert not [secret for secret in secrets if secret in said]
    assert not [record for record in caplog.records if any(secret in record.getMessage() for secret in secrets)]


def _command(folder: Path, *args: str) -> str:
    ran = CliRunner().invoke(solidarity, ["-C", str(folder), *args], standalone_mode=False)
    return f"{ran.output}{ran.exception or ''}"


def _due_again(c, key: str) -> None:
    """Let a delivery that was put off, or is to be looked up later, be looked at now."""
    from scheduler.store import controls, deliveries

    found = deliveries.by_key(c, key)
    assert found is not None
    deliveries.set_columns(c, found, not_before=None, next_look_at=None)
    controls.resume(c, "account", "one")


def _texts(file: Path) -> set[str]:
    """Return what is secret in a file of tokens: its long texts."""
    import json

    values = json.loads(file.read_text())
    return {value for name, value in values.items() if name != "seed" and _is_secret(value)}


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and len(value) > 15 and not value.startswith(("did:", "http", "20"))
