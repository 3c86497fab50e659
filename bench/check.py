"""`check` of a large campaign, beside PyYAML's C loader merely parsing the same files; again, unchanged; its memory.

Seconds are of processor time, so that a busy machine changes little.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import line, memory, paired

FILES, POSTS = 1_000, 10  # a file
ROUNDS = 3
_CONFIG = """\
name: Bench
timezone: Europe/London
languages: [en, fr]
accounts:
  x-en: {platform: x, lang: en, keys: X}
  mastodon-fr: {platform: mastodon, lang: fr, keys: M, base_url: "https://mastodon.example"}
  bluesky-en: {platform: bluesky, lang: en, keys: B}
"""
_HEAD = """\
title: {{en: Action number {number} for people in prison, fr: Action numéro {number} pour des prisonniers}}
phase: ongoing
opens: 2090-01-01
closes: 2090-12-31
hashtags: [FreeThem, Action{number}]
link: https://www.amnesty.org/en/action-{number}/
tags:
  x: [AmnestyOnline]
posts:
"""
_POST = """\
  - id: post-{post}
    at: 2090-{month:02}-{day:02} {hour:02}:30
    text:
      en: >-
        Day {post} of action {number}: they did nothing but speak, and they are still in prison. Write to the
        government today, and tell them that we have not forgotten anyone.
      fr: >-
        Jour {post} de la campagne {number} : leur seul « crime » est la parole. Écrivez au gouvernement
        dès maintenant, et dites-lui que nous gardons tout le monde en mémoire.
    late: {{after: 1 hour, then: hold}}
"""


def workspace(folder: Path, *, files: int = FILES, posts: int = POSTS) -> None:
    """Write a campaign of as many files and posts; no two say the same."""
    (folder / "posts").mkdir(parents=True)
    (folder / "config.yaml").write_text(_CONFIG, "utf-8")
    for number in range(files):
        text = _HEAD.format(number=number)
        for post in range(posts):
            month, day, hour = 1 + number % 12, 1 + (number // 12 + post) % 28, 8 + post
            text += _POST.format(number=number, post=post, month=month, day=day, hour=hour)
        (folder / f"posts/action-{number}.yaml").write_text(text, "utf-8")


def measure() -> Iterator[str]:
    """Yield how long it takes beside the bare parse, the first time and again, and the memory at its peak."""
    with tempfile.TemporaryDirectory() as name:
        workspace(Path(name))
        first: list[Any] = []

        def ours() -> float:
            first.append(_child("_ours", name))
            return float(first[-1]["first"])

        mine, parse, ratio = paired(ROUNDS, ours, lambda: float(_child("_parse", name)["seconds"]))
    again, peak = min(one["again"] for one in first), max(one["memory"] for one in first)
    what = f"check of {FILES * POSTS:,} posts in {FILES:,} files ({first[0]['said']})"
    yield f"{what}: {mine:.2f} s, CSafeLoader alone {parse:.2f} s, again unchanged {again:.3f} s (best of {ROUNDS})"
    yield line("  check beside CSafeLoader", ratio, most=3)
    yield line("  again with nothing changed, beside the first time", again / mine, most=0.1)
    yield line("  memory at its peak", peak, most=200, unit=" MB")


def _child(work: str, folder: str) -> Any:
    command = [sys.executable, "-c", f"from bench import check; check.{work}({folder!r})"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _ours(name: str) -> None:
    """Check twice; what both sides load once, like the parser itself, is loaded before."""
    import yaml  # noqa: F401, PLC0415

    from scheduler import app, posts, review  # noqa: F401, PLC0415
    from scheduler.clock import SystemClock  # noqa: PLC0415
    from scheduler.operations import check as operation  # noqa: PLC0415

    folder, clock, taken = Path(name), SystemClock(), []
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(2):
            begun = time.process_time()
            found = operation.look(folder, clock=clock, cache=Path(cache))
            taken.append(time.process_time() - begun)
    said = f"{found.deliveries:,} deliveries, {len(found.problems)} problems"
    print(json.dumps({"first": taken[0], "again": taken[1], "memory": memory(), "said": said}))


def _parse(name: str) -> None:
    """Parse every file with the fastest loader that PyYAML has (`pip install pyyaml`)."""
    import yaml  # type: ignore[import-untyped]  # noqa: PLC0415

    begun = time.process_time()
    for file in sorted((Path(name) / "posts").iterdir()):
        yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    print(json.dumps({"seconds": time.process_time() - begun}))
