"""A real workspace, served by the real command, with the real daemon beside it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.acceptance.command import environment, stop

CONFIG = """\
name: {en: Winter campaign, fr: Campagne d’hiver}
timezone: UTC
languages: [en, fr]
brand: {name: {en: Solidarity Desk, fr: Bureau de solidarité}}
late: {after: 6 hours, then: publish}
accounts:
  desk-en: {platform: outbox, lang: en}
  desk-fr: {platform: outbox, lang: fr}
"""
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


def action(*, risk: str = "elevated", slot: datetime | None = None) -> str:
    """Return an action that takes photos, with slots every day,  or one at `slot` (UTC) alone."""
    today = datetime.now(UTC).date()
    days = f"from: {today + timedelta(days=1)}, until: {today + timedelta(days=60)}"
    when = f"at: {slot:%Y-%m-%d %H:%M:%S}" if slot else f'every: {{days: daily, time: "12:00", {days}}}'
    return f"""\
title: {{en: Unite for Afghanistan, fr: Unis pour l’Afghanistan}}
phase: ongoing
risk: {risk}
hashtags: [UniteForAfghanistan]
tags: {{x: [AmnestyNow]}}
link: {{en: "https://example.org/unite", fr: "https://example.org/fr/unite"}}
replies:
  - title: {{en: Someone asks us for help, fr: Une personne nous demande de l’aide}}
    text:
      en: We cannot take individual cases. Please see the official page.
      fr: Nous ne pouvons pas prendre de dossiers. Voyez la page officielle.
    links: [https://example.org/official]
posts:
  - id: hello
    at: {today + timedelta(days=2)} 12:00
    text: {{en: Stand with Afghanistan., fr: Soutenez l’Afghanistan.}}
    card: true
  - id: faces
    from: submissions
    {when}
    text: {{en: In solidarity., fr: En solidarité.}}
"""


class House:
    """One workspace and what runs on it."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        self.address = ""
        self.env: dict[str, str] = {}  # the secrets of its accounts
        (folder / "posts").mkdir(parents=True)
        home.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text(CONFIG, "utf-8")

    def write(self, text: str, name: str = "unite") -> None:
        """Write an action's file."""
        (self.folder / f"posts/{name}.yaml").write_text(text, "utf-8")

    def say(self, *args: str) -> str:
        """Run a sub-command and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "scheduler", "-C", str(self.folder), *args],
            env=environment(self.home, self.env),
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout

    @contextmanager
    def serving(self) -> Iterator["House"]:
        """Serve the pages; the process must end by itself when told to."""
        process = self._start("serve", "--port", "0")
        try:
            line = next(iter(process.stderr or ()), "")
            found = _ADDRESS.search(line)
            assert found, line
            self.address = f"http://127.0.0.1:{found[1]}"
            yield self
        finally:
            self.said = stop(process, signal.SIGTERM)

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Run the daemon beside it."""
        process = self._start("run", "--verbose")
        try:
            assert any("running" in line for line in iter(process.stderr or ())), "the daemon didn't start"
            yield
        finally:
            stop(process, signal.SIGTERM)

    def _start(self, *args: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "scheduler", "-C", str(self.folder), *args]
        return subprocess.Popen(
            command,
            env=environment(self.home, self.env),
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def outbox(self) -> list[Path]:
        """Return the folders of what is out, on both accounts."""
        return sorted(path.parent for path in (self.folder / "var/outbox").glob("*/*/receipt.json"))
