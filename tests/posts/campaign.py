"""A workspace in a temporary folder, and the whole of an action's file, for the tests of reading."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from scheduler import config, posts
from scheduler.model import Workspace

NOW = datetime(2021, 9, 1, tzinfo=UTC)
PLATFORMS = frozenset({"x", "outbox"})
THEMES = frozenset({"candle", "poster"})

CONFIG = """\
name: Crisis and Tactical Round-Up, Fall 2021
timezone: America/Toronto
languages: [en, fr]
accounts:
  x-en: {platform: x, lang: en, keys: X_EN}
  x-fr: {platform: x, lang: fr, keys: X_FR}
  local: {platform: outbox}
"""

ACTION = """\
title: {en: Syria is not safe, fr: La Syrie n'est pas sûre}
phase: ongoing
opens: 2021-09-08
closes: 2021-12-31 18:00
release: manual
hashtags: [SyriaNotSafe]
tags: {x: [AmnestyNow], instagram: [AmnestyCanada], facebook: [AmnestyCanada]}
link: https://example.org/syria
accounts: [x-en, x-fr]
theme: candle
risk: elevated
late: {after: 2 hours, then: skip}
replies:
  - {title: {en: Help, fr: Aide}, text: {en: See, fr: Voir}, links: [https://example.org/help]}
posts:
  - id: report
    at: 2021-09-10 09:00
    text: {en: Hello, fr: Bonjour}
    text_for: {x-en: Hi}
    card: {message: {en: Safe?, fr: Sûr?}, theme: poster, photo: images/street.jpg}
    images: [{file: images/map.jpg, alt: {en: A map, fr: Une carte}}]
    video: {file: images/call.mp4, alt: A call}
    accounts: [x-en]
    approve: true
    thread: [{en: More, fr: Suite}]
    warning: {en: Violence, fr: Violence}
    late: {after: 10 minutes, then: skip}
  - id: reminder
    every: {days: [tue, thu], time: "12:00", from: 2021-09-14, until: 2021-10-28}
    text: Again
  - id: first-monday
    every: {rrule: "FREQ=MONTHLY;BYDAY=1MO", time: "09:00", from: 2021-09-01, until: 2021-12-31}
    text: Monday
"""

SMALL = "title: T\nphase: ongoing\nposts:\n  - {id: one, at: 2021-09-10 09:00, text: Hello}\n"


def make(folder: Path, *, config_text: str = CONFIG, **actions: str | bytes) -> Path:
    """Write a workspace: each keyword is an action's file, `_` in its name stands for `-`."""
    (folder / "posts" / "images").mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(config_text)
    for name in ("street.jpg", "map.jpg", "call.mp4"):
        (folder / "posts" / "images" / name).touch()
    for name, text in actions.items():
        raw = text.encode() if isinstance(text, str) else text
        (folder / "posts" / f"{name.replace('_', '-')}.yaml").write_bytes(raw)
    return folder


def workspace(folder: Path) -> Workspace:
    """Read the workspace, which must be without problems."""
    found, problems = config.load(folder, PLATFORMS, themes=THEMES)
    assert found is not None
    assert not problems
    return found


def load(folder: Path, files: Iterable[Path] | None = None) -> posts.Loaded:
    """Read the posts of the workspace."""
    listed = None if files is None else list(files)
    return posts.load(workspace(folder), now=NOW, themes=THEMES, files=listed)


def rules(loaded: posts.Loaded) -> list[str]:
    """Return the rules that are broken, in order of place."""
    return [problem.rule for problem in loaded.problems]
