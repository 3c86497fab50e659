"""Hands a hostile file to the sandbox and judges what becomes of it: refused in plain words, or cleaned and clean."""

import io
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

from media.errors import MediaError
from media.order import Cleaned
from media.sandbox import Sandbox
from tests.hostile import bases, oracles
from tests.hostile.case import Case
from tests.hostile.oracle_bytes import WORD

SECONDS = 2.0
MEMORY = 512 << 20
UNLIKE = 16.0  # of 255: a cleaned picture further from its original than this was spoilt
# A refusal is a sentence of ours with figures in it at most: no names, no paths, no bytes of the file.
_PLAIN = re.compile(r"[A-Za-z0-9 ,.:;()'/+-]{20,260}")
_FOREIGN = re.compile(r"errno|traceback|exception|0x[0-9a-f]|error|/tmp|\.py\b|/proc|none\b", re.IGNORECASE)


class Outcome(NamedTuple):
    """What became of one file: `said` by a refusal or `made` of it, in how many seconds, at how many bytes of memory.

    `peak` is that of the hungriest job of the sandbox so far; `more` says whether it is this one.
    """

    made: Cleaned | None
    said: str
    seconds: float
    peak: int
    more: bool


def attempt(sandbox: Sandbox, case: Case) -> Outcome:
    """Make the file of `case` and hand it in. What must be cleaned is given time: a busy machine isn't its fault."""
    data, before = case.make(), sandbox.peak
    seconds = 10.0 if case.fate == "cleaned" else SECONDS
    started = time.perf_counter()
    made, said = None, ""
    try:
        if case.kind == "photo":
            made = sandbox.photo(data, seconds=seconds)
        else:
            made = sandbox.video(io.BytesIO(data), seconds=seconds)
    except MediaError as error:
        said = str(error)
    spent = time.perf_counter() - started
    return Outcome(made=made, said=said, seconds=spent, peak=sandbox.peak, more=sandbox.peak > before)


def warmed(sandbox: Sandbox) -> Sandbox:
    """`sandbox` with its decoders loaded, so that the first hostile file doesn't pay for it."""
    sandbox.photo(bases.saved("JPEG"))
    sandbox.video(io.BytesIO(bases.film()))
    return sandbox


def faults(case: Case, outcome: Outcome) -> list[str]:
    """What is wrong with what became of `case`; empty where it is as it must be."""
    found = [f"it took {outcome.peak >> 20} MB"] if outcome.more and outcome.peak > MEMORY else []
    found += [f"it took {outcome.seconds:.1f} s"] if outcome.seconds > 2 * SECONDS and case.fate != "cleaned" else []
    if outcome.made is None:
        if case.fate == "cleaned":
            found.append(f"refused, and it is a proper file: {outcome.said}")
        return found + message_faults(outcome.said)
    if case.fate == "refused":
        found.append("it was opened")
    return found + made_faults(case, outcome.made)


def message_faults(said: str) -> list[str]:
    """What a refusal says beside plain words."""
    found = [] if _PLAIN.fullmatch(said) else [f"not in plain words: {said!r}"]
    found += [f"a program's words: {said!r}"] if _FOREIGN.search(said) else []
    return found + ([f"words of the file: {said!r}"] if WORD.decode() in said else [])


def made_faults(case: Case, made: Cleaned) -> list[str]:
    """What a cleaned file still holds, and whether it still shows what it showed."""
    found = oracles.faults(made.data, made.mime)
    if made.poster:
        found += [f"poster: {fault}" for fault in oracles.faults(made.poster, "image/jpeg")]
    if any(WORD.decode() in words for words in made.removed):
        found.append(f"tells what it removed in the file's own words: {made.removed}")
    if case.like:
        apart = bases.difference(bases.opened(made.data), case.like())
        found += [f"it doesn't look like its original: {apart:.0f}"] if apart > UNLIKE else []
    return found


def resident(process: int | str = "self") -> int:
    """Bytes of memory a process has now."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    """How many files this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
