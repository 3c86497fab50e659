"""Drives the command `solidarity` in a subprocess and holds every call to what all calls promise."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.acceptance.stem import Stem

COMMAND = [sys.executable, "-m", "scheduler"]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
CONFIG = """\
name: Test
timezone: UTC
languages: [en]
accounts:
  local: {platform: outbox}
"""


@dataclass(frozen=True)
class Ran:
    """What a call gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)

    @property
    def said(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a clean environment: no home of ours, no secrets; only what the measuring of coverage needs."""
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE")}
    return {**kept, "HOME": str(home), **(more or {})}


def ago(**length: float) -> str:
    """Return a time some while ago, as people write it in posts/ (in UTC)."""
    return f"{datetime.now(UTC) - timedelta(**length):%Y-%m-%d %H:%M:%S}"


def ahead(**length: float) -> str:
    """Return a time some while ahead."""
    return ago(**{name: -value for name, value in length.items()})


def wait_for(what: Callable[[], Any], *, seconds: float = 20) -> Any:
    """Return what `what` returns as soon as it is something."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"didn't come within {seconds} seconds"
        time.sleep(0.05)
    return found


class Campaign:
    """A workspace of one outbox account, and the command on it. Calling it runs a sub-command."""

    def __init__(self, folder: Path, home: Path, stem: Stem) -> None:
        self.folder, self.home, self._stem = folder, home, stem
        self.env: dict[str, str] = {}
        (folder / "posts").mkdir(parents=True)
        self.config(CONFIG)

    def config(self, text: str) -> None:
        """Write config.yaml."""
        (self.folder / "config.yaml").write_text(text, "utf-8")

    def write(self, *posts: str, action: str = "act", head: str = "") -> None:
        """Write an action's file: `posts` are the lines of one post each, in YAML's flow form."""
        lines = [f"title: {action}", "phase: ongoing", head, "posts:", *(f"  - {{{post}}}" for post in posts)]
        (self.folder / f"posts/{action}.yaml").write_text("\n".join(line for line in lines if line) + "\n", "utf-8")

    def __call__(self, *args: str | Path, code: int = 0) -> Ran:
        """Run a sub-command on the workspace; its exit code must be `code`."""
        whole = ["-C", str(self.folder), *map(str, args)]
        ran = Ran(*self._stem.call(whole, env=environment(self.home, self.env), cwd=self.home))
        return kept_its_promise(ran, whole, code)

    def start(self, *args: str | Path) -> subprocess.Popen[str]:
        """Start a sub-command and don't wait for it."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [*COMMAND, "-C", str(self.folder), *map(str, args)]
        return subprocess.Popen(command, env=environment(self.home, self.env), cwd=self.home, **pipes)

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[str]]:
        """Run the daemon; it must end by itself, within ten seconds, when it is told to."""
        process = self.start("run", "--verbose")
        try:
            lines = iter(process.stderr or ())
            assert any("running" in line for line in lines), "the daemon didn't start"
            yield process
        finally:
            stop(process, signal.SIGTERM)

    def statuses(self) -> dict[str, str]:
        """Return where every delivery stands, by its id without the account."""
        return {one["id"].partition("@")[0]: one["status"] for one in self("status", "--json").json["deliveries"]}

    def delivery(self, key: str) -> Any:
        """Return one delivery as `status` gives it."""
        (found,) = self("status", key, "--json").json["deliveries"]
        return found

    def events(self, key: str) -> list[str]:
        """Return the steps of a delivery."""
        return [step["event"] for step in self("log", key, "--json").json]

    def outbox(self) -> list[Path]:
        """Return the receipts of what is out; what a killed daemon was just making isn't."""
        return sorted((self.folder / "var/outbox/local").glob("[!.]*/receipt.json"))


def run(
    *args: str | Path, code: int = 0, home: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Ran:
    """Run the command as a person would, from nothing."""
    done = subprocess.run(
        [*COMMAND, *map(str, args)],
        env=environment(home, env),
        cwd=cwd or home,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=60,
        check=False,
    )
    return kept_its_promise(Ran(done.returncode, done.stdout, done.stderr), list(map(str, args)), code)


def kept_its_promise(ran: Ran, args: Sequence[str], code: int) -> Ran:
    """Return what a call gave, once it is what every call promises, with the exit code that was expected."""
    seen = f"{' '.join(args)}: {ran}"
    assert ran.code == code, seen
    assert "Traceback" not in ran.err + ran.out, seen
    assert "\x1b" not in ran.err + ran.out, seen
    if code == 2 and args and not ran.out:
        assert 1 <= len(ran.said) <= 2, seen
    if "--json" in args and code != 2:
        assert_plain(ran.json)
    return ran


def assert_plain(value: Any) -> None:
    """Make sure that every moment in a document is RFC 3339 in UTC."""
    if isinstance(value, dict):
        for name, part in value.items():
            # `broken_at` is the number of an entry, not a moment.
            if (name.endswith("_at") or name == "at") and name != "broken_at" and part is not None:
                assert MOMENT.fullmatch(part), (name, part)
            assert_plain(part)
    elif isinstance(value, list):
        for part in value:
            assert_plain(part)


def stop(process: subprocess.Popen[str], how: signal.Signals) -> str:
    """Tell a process to end; return what it said on standard error."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        _, err = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert "Traceback" not in err, err
    return err
