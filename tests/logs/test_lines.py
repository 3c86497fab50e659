"""What a line of the log holds, and what it never holds."""

import io
import json
import logging
import os
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

from scheduler import logs
from scheduler.config.known import KnownSecrets
from scheduler.lines import Lines

LOG = logging.getLogger("scheduler.tests")
CANARY = "c4n4ry-7d1f3a-c4n4ry"


def said(*args: Any, level: int = logging.INFO, hidden: Any = tuple, **more: Any) -> dict[str, Any]:
    """Log one line and return it, read."""
    stream = io.StringIO()
    with logs.keeping(level=logging.DEBUG, stream=stream, hidden=hidden):
        LOG.log(level, *args, **more)
    (line,) = stream.getvalue().splitlines()
    read: dict[str, Any] = json.loads(line)
    return read


def test_a_line_is_one_object_with_its_fields() -> None:
    """Off a terminal a line is JSON: the moment in UTC, the level, the words, and what the caller tells besides."""
    told = said("%s: published", "act/p0@one", extra={"delivery": "act/p0@one", "account": "one", "worker": "w/1"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.pop("at"))
    assert told == {
        "level": "info", "event": "act/p0@one: published", "delivery": "act/p0@one", "account": "one", "worker": "w/1"
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"'authorization': 'Basic {CANARY}'",
        f'{{"access_token": "{CANARY}", "expires": 3}}',
        f"https://graph.example.org/me?access_token={CANARY}&fields=id",
        f"client_secret={CANARY}",
        f"X_EN_API_KEY={CANARY}",
        f"password: {CANARY}",
        f"Set-Cookie: {CANARY}; Path=/",
        f"oauth_signature%3D{CANARY}",
        f"postgresql+psycopg://solidarity:{CANARY}@db.example.org/state",
        f"got eyJhbGciOiJIUzI1NiJ9.{CANARY}.c2ln",
        f"of {CANARY}@example.org",
        f"known {CANARY} by its value",
        "known c4n4ry%2B7d1f3a by its form in an address",
    ],
)
def test_what_lets_somebody_in_is_blotted_out(text: str) -> None:
    """By its name, by its look, and by its value: nothing that is secret, and no e-mail address, comes through."""
    hidden = (CANARY, "c4n4ry+7d1f3a") if "known" in text else ()
    told = said("%s", text, hidden=lambda: hidden)
    assert "c4n4ry" not in told["event"]
    assert "7d1f3a" not in told["event"]


@pytest.mark.parametrize(
    "text",
    [
        "act/p0@x-en: published: https://social.example/@alice@remote.example/115",
        "queue brought up to date: 3 added, 1 changed, 0 cancelled, 0 too late to change",
        "posts/act.yaml:3:5: error: 'at' is missing [missing-key]",
        "one: its login could not be renewed yet and will be tried again: the network didn't answer",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Deliveries, addresses of posts, handles and places in files are for whoever looks after it."""
    assert said("%s", text)["event"] == text


def test_a_text_cannot_write_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line ends, a terminal's commands and marks that turn text around are written as what they are."""
    bad = 'held: "\n{"at": "x"}\r\x1b[2J\x9b1A\u2028\u202e\x00\ud800 é 漢 ✊🏾'
    line = said("%s", bad)["event"]
    assert line.endswith("é 漢 ✊🏾")
    assert not set(line) & set("\n\r\x1b\x9b\u2028\u202e\x00\ud800")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = _on_a_terminal("%s", bad)
    assert len(shown.splitlines()) == 1
    assert not set(shown.rstrip("\r\n")) & set("\n\r\x1b\x9b\u2028\u202e\x00")


def _on_a_terminal(*args: Any) -> str:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as stream:
        with logs.keeping(level=logging.DEBUG, stream=stream):
            LOG.info(*args)
        shown = os.read(ours, 10_000).decode()
    os.close(ours)
    return shown


def test_on_a_terminal_it_is_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time, a level and the words; colours unless NO_COLOR is set."""
    assert "\x1b[" in _on_a_terminal("running: %d accounts", 3)
    monkeypatch.setenv("NO_COLOR", "1")
    line = _on_a_terminal("running: %d accounts", 3)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[info\] running: 3 accounts *\r\n", line)


def _fault() -> BaseException:
    secret = {"password": CANARY}
    try:
        return secret["CANARY-" + CANARY]  # type: ignore[return-value]
    except KeyError as error:
        return error


def test_a_fault_is_a_kind_and_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own words may quote what somebody wrote; a traceback comes only for whoever mends the program."""
    fault = _fault()
    told = said("unexpected", exc_info=fault)
    assert re.fullmatch(r"KeyError at test_lines\.py:\d+", told["fault"])
    assert CANARY not in json.dumps(told)
    monkeypatch.setenv("SOLIDARITY_DEBUG", "1")
    told = said("unexpected", exc_info=fault, hidden=lambda: (CANARY,))
    assert "Traceback" in told["fault"]
    assert CANARY not in json.dumps(told)


def test_a_line_that_cannot_be_made_says_where_it_came_from(capfd: pytest.CaptureFixture[str]) -> None:
    """A mistake in a call of the log costs that line, no more; the standard library would print a traceback."""
    assert "scheduler.tests" in said("%d accounts", "three")["event"]
    assert capfd.readouterr().err == ""


def test_a_long_text_is_cut() -> None:
    """No line grows without bound, and it says what it left out."""
    assert said("%s", "a" * 100_000)["event"].endswith("… (96000 more)")


def test_what_libraries_say_is_kept_out(capfd: pytest.CaptureFixture[str]) -> None:
    """Addresses, tokens and warnings of libraries reach neither the log nor standard error."""
    stream = io.StringIO()
    with logs.keeping(level=logging.DEBUG, stream=stream):
        for name in ("urllib3.connectionpool", "tweepy", "apscheduler.scheduler", "uvicorn.access", "asyncio"):
            logging.getLogger(name).error("GET %s", CANARY)
        warnings.warn(CANARY, stacklevel=1)
    assert (stream.getvalue(), capfd.readouterr().err) == ("", "")


def test_a_thread_that_ends_by_a_fault_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    """Python would print its traceback, words and all."""
    stream = io.StringIO()
    with logs.keeping(level=logging.DEBUG, stream=stream):
        thread = threading.Thread(target=lambda: {}[CANARY], name="lane 3")
        thread.start()
        thread.join()
    told = json.loads(stream.getvalue())
    assert "lane 3" in told["event"]
    assert told["fault"].startswith("KeyError at")
    assert CANARY not in stream.getvalue() + capfd.readouterr().err


def test_afterwards_all_is_as_before() -> None:
    """What keeps the log leaves no trace once it ends."""
    before = (LOG.parent.handlers[:], LOG.parent.level, LOG.parent.propagate, logging.getLogger().handlers[:])  # type: ignore[union-attr]
    said("something")
    assert before == (
        LOG.parent.handlers[:], LOG.parent.level, LOG.parent.propagate, logging.getLogger().handlers[:]  # type: ignore[union-attr]
    )  # fmt: skip


# ── a log that can't be written ──


def _as_it_is(line: str, _lost: int) -> str:
    return line


def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    """Whatever is written to a full disk fails; nobody notices, and how many are missing is counted."""
    with Path("/dev/full").open("w") as stream:
        lines = Lines(stream, _as_it_is)
        for number in range(100):
            lines.add(str(number))
        lines.close()
    assert lines.lost == 100


def test_whoever_does_not_read_keeps_nothing_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that nobody empties is soon full: lines wait, then they are dropped, and the caller goes on at once."""
    monkeypatch.setattr("scheduler.lines._CLOSE_SECONDS", 0.1)
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        lines = Lines(stream, _as_it_is)
        for _ in range(11_000):
            lines.add("x" * 100)
        lines.close()
        assert 0 < lines.lost < 11_000
        os.close(reader)  # the writing thread ends, too: its pipe is broken
        lines._thread.join(30)
        assert not lines._thread.is_alive()


def test_what_was_lost_is_said_once_it_can_be() -> None:
    """When the log can be written again its first line says how many are missing; a torn line ends first."""
    stream = io.StringIO()
    with logs.keeping(level=logging.DEBUG, stream=stream):
        handler = LOG.parent.handlers[-1]  # type: ignore[union-attr]
        handler.lines._count(2)  # type: ignore[attr-defined]
        LOG.info("back")
    lines = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert lines == ["2 lines of the log were lost: it couldn't be written", "back"]


@pytest.mark.parametrize("where", ["/dev/full", "closed pipe", "closed"])
def test_a_process_ends_well_without_its_log(where: str, tmp_path: Path) -> None:
    """No exit code and no traceback tells that the log couldn't be written, not even at the very end."""
    program = (
        "import logging\nfrom scheduler import logs\n"
        "with logs.keeping(level=logging.DEBUG):\n"
        "    for _ in range(100): logging.getLogger('scheduler.x').error('a line')\n"
    )
    out = tmp_path / "out"
    redirect = {"/dev/full": "2>/dev/full", "closed pipe": "2> >(exec true)", "closed": "2>&-"}[where]
    command = ["bash", "-c", f'"$0" -c "$1" {redirect}', sys.executable, program]
    with out.open("w") as stream:
        done = subprocess.run(command, stdout=stream, stderr=stream, check=False, timeout=60)
    assert (done.returncode, out.read_text()) == (0, "")


# ── what is secret on this machine ──


def test_the_secrets_of_a_workspace_are_known(tmp_path: Path) -> None:
    """Those in .env and the environment, in the files these name, and renewed tokens; never a page's id."""
    (tmp_path / "token.txt").write_text("in-a-file\n")
    (tmp_path / ".env").write_text("ONE_API_KEY=in-env-file\nONE_PAGE_ID=1234567\nTWO_TOKEN_FILE=token.txt\n")
    (tmp_path / "var/tokens").mkdir(parents=True)
    environ = {"THREE_PASSWORD": "in-environ", "HOME": "/root", "PGPASSWORD": "pg"}
    known = KnownSecrets(tmp_path, tmp_path / "var", environ, every=0)
    assert known() == {"in-env-file", "in-a-file", "in-environ", "pg"}
    assert known() is known()
    (tmp_path / "var/tokens/one.json").write_text('{"access": "a-renewed-token-of-one", "expires": 3, "who": "one"}')
    assert "a-renewed-token-of-one" in known()
    (tmp_path / ".env").write_text("ONE_API_KEY=another-one\n")
    assert {"another-one", "in-env-file"} <= known(), "what was renewed may still be good"
    (tmp_path / ".env").write_text("this is no line\n")
    assert "another-one" in known()
