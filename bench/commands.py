"""How soon the command answers, beside the interpreter's own start."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.figures import line, paired

ROUNDS = 15
_BOUNDS = {"--help": 5.0, "status": 10.0, "check": None, "log act/one@local": None, "plan": None}
_CONFIG = "name: Bench\ntimezone: UTC\nlanguages: [en]\naccounts:\n  local: {platform: outbox, lang: en}\n"
_NETWORKS = ("x", "facebook", "instagram", "threads", "bluesky", "mastodon")
_POSTS = "title: Bench\nphase: ongoing\nposts:\n  - {id: one, at: 2090-01-01 12:00, accounts: [local], text: One}\n"


def measure() -> Iterator[str]:
    """Yield how long commands on a small workspace take beside `python -c pass`; `status` also with every network."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # As it is once installed: with every module's bytecode there.
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        (folder / "posts").mkdir()
        (folder / "config.yaml").write_text(_CONFIG, "utf-8")
        (folder / "posts/act.yaml").write_text(_POSTS, "utf-8")
        _seconds([*_ours(folder), "queue"], env)
        for words, most in _BOUNDS.items():
            yield _beside(folder, words, env, most=most)
        accounts = "".join(f"  {one}: {{platform: {one}, keys: KEYS}}\n" for one in _NETWORKS)
        (folder / "config.yaml").write_text(_CONFIG + accounts, "utf-8")
        yield _beside(folder, "status", env, most=_BOUNDS["status"], of=" of seven networks")


def _ours(folder: Path) -> list[str]:
    return [sys.executable, "-m", "scheduler", "-C", str(folder)]


def _beside(folder: Path, words: str, env: Mapping[str, str], *, most: float | None, of: str = "") -> str:
    """Return how long one command takes beside the interpreter's start, after each was called once."""
    ours, bare = [*_ours(folder), *words.split()], [sys.executable, "-c", "pass"]
    for command in (ours, bare):
        _seconds(command, env)
    took, start, ratio = paired(ROUNDS, lambda: _seconds(ours, env), lambda: _seconds(bare, env))
    said = f"solidarity {words}{of}, {took * 1000:.0f} ms, beside python -c pass, {start * 1000:.0f} ms"
    return line(said, ratio, most=most)


def _seconds(command: list[str], env: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=env)
    return time.perf_counter() - begun
