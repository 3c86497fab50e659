"""Passwords of staff: argon2id, slow on purpose, and never so many at once that they would slow everything else."""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from scheduler.errors import UserError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST = 12
"""Characters of a password."""

_MOST = 1000
_ROUNDS, _KIB = 6, 19 * 1024  # about 60 ms and 19 MiB each on a server of two cores (November 2026)
_AT_ONCE, _WAITING = 2, 8
_WAIT = 5.0  # seconds
_ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn")
_WORDS = ("password", "passwort", "motdepasse", "letmein", "welcome", "bienvenue", "solidarity", "admin", "iloveyou")
_turns = threading.BoundedSemaphore(_AT_ONCE)
_queue = threading.BoundedSemaphore(_WAITING)


class BusyError(UserError):
    """Too many people sign in at this moment: wait a few seconds and try again."""


def hashed(password: str) -> str:
    """Return what is kept of a password.

    Raises:
        BusyError: too many are at work already.
    """
    with _turn():
        return _hasher().hash(_plain(password))


def matches(kept: str | None, password: str) -> bool:
    """Tell whether a password is the kept one. Nothing kept takes just as long as a wrong password.

    Raises:
        BusyError: too many are at work already.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    with _turn():
        try:
            found = _hasher().verify(kept or _nobodys(), _plain(password))
        except (VerificationError, InvalidHashError):
            return False
    return found and kept is not None


def is_dated(kept: str) -> bool:
    """Tell whether a kept hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(kept)


def weakness(password: str, name: str) -> str:
    """Return why a password is too easy to guess, in one word: short, long, name, common; empty when it isn't."""
    folded = _plain(password).casefold()
    if len(password) < LEAST:
        return "short"
    if len(password) > _MOST:
        return "long"
    core = "".join(letter for letter in folded if letter.isalnum())
    bare = core.strip("0123456789")
    own = "".join(letter for letter in name.casefold() if letter.isalnum())
    if own and bare.replace(own, "") == "" and own in core:
        return "name"
    return "common" if len(set(folded)) < 5 or bare in _WORDS or _is_row(core) or _repeats(core) else ""


def _is_row(core: str) -> bool:
    """Tell whether it runs along the alphabet or the keyboard, forwards or backwards, perhaps round and round."""
    return any(core in row * 4 or core in row[::-1] * 4 for row in _ROWS)


def _repeats(core: str) -> bool:
    """Tell whether it is a short piece again and again: `passpasspass`."""
    return any(core == (core[:size] * len(core))[: len(core)] for size in range(1, 7))


def _plain(password: str) -> str:
    """Return a password as it is on every keyboard: the same letters may be written with other code points."""
    return unicodedata.normalize("NFKC", password[: _MOST + 1])


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=_ROUNDS, memory_cost=_KIB, parallelism=1)


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody has this password")


@contextmanager
def _turn() -> Iterator[None]:
    if not _queue.acquire(blocking=False):
        raise BusyError
    try:
        if not _turns.acquire(timeout=_WAIT):
            raise BusyError
        try:
            yield
        finally:
            _turns.release()
    finally:
        _queue.release()
