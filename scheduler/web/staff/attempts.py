"""Guessing passwords is slow: each wrong one makes the next wait longer, and nobody is ever locked out by others.

A name is counted for each place it is tried from, and, far more generously, for all places together. A place from
which its owner signed in before waits only for its own mistakes. Passkeys don't wait. Nothing of it is written.
"""

import secrets
import threading
from datetime import datetime, timedelta
from hashlib import blake2b
from weakref import WeakKeyDictionary

from scheduler.web.ask import Ask
from scheduler.web.site import Site

_FREE_HERE, _FREE_EVERYWHERE = 5, 50
_MOST_HERE, _MOST_EVERYWHERE = timedelta(minutes=15), timedelta(seconds=20)
_FORGOTTEN = timedelta(hours=1)
_MOST_NAMES = 20_000


class Attempts:
    """Counts wrong passwords in this process's memory, under keyed hashes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._wrong: dict[str, tuple[int, datetime]] = {}
        self._known: dict[str, None] = {}

    def wait(self, name: str, place: str, now: datetime) -> timedelta:
        """Return how long nobody may try a password of `name` from `place`."""
        here, everywhere = self._keys(name, place)
        with self._lock:
            longest = self._left(here, _FREE_HERE, _MOST_HERE, now)
            if here not in self._known:
                longest = max(longest, self._left(everywhere, _FREE_EVERYWHERE, _MOST_EVERYWHERE, now))
            return longest

    def failed(self, name: str, place: str, now: datetime) -> None:
        """Count a wrong password."""
        with self._lock:
            for key in self._keys(name, place):
                self._wrong[key] = (self._count(key, now) + 1, now)
            if len(self._wrong) > _MOST_NAMES:
                self._forget(now)

    def succeeded(self, name: str, place: str) -> None:
        """Forget the mistakes of whoever has signed in from a place, and know the place."""
        here, _ = self._keys(name, place)
        with self._lock:
            self._wrong.pop(here, None)
            self._known[here] = None
            if len(self._known) > _MOST_NAMES:
                self._known.pop(next(iter(self._known)))

    def _left(self, key: str, free: int, most: timedelta, now: datetime) -> timedelta:
        over = self._count(key, now) - free
        if over < 0:
            return timedelta()
        delay = min(timedelta(seconds=2 ** min(over, 20)), most)
        return max(self._wrong[key][1] + delay - now, timedelta())

    def _count(self, key: str, now: datetime) -> int:
        count, last = self._wrong.get(key, (0, now))
        return count if now - last < _FORGOTTEN else 0

    def _forget(self, now: datetime) -> None:
        """Make room: what is old goes, then the older half."""
        kept = sorted(((key, one) for key, one in self._wrong.items() if now - one[1] < _FORGOTTEN), key=_last)
        self._wrong = dict(kept[-_MOST_NAMES // 2 :])

    def _keys(self, name: str, place: str) -> tuple[str, str]:
        folded = name.strip().casefold()[:200]
        return self._hash(f"{folded}\0{place}"), self._hash(folded)

    def _hash(self, text: str) -> str:
        return blake2b(text.encode("utf-8", "replace"), key=self._key, digest_size=16).hexdigest()


def _last(entry: tuple[str, tuple[int, datetime]]) -> datetime:
    return entry[1][1]


_of: WeakKeyDictionary[Site, Attempts] = WeakKeyDictionary()
_making = threading.Lock()


def attempts(ask: Ask) -> Attempts:
    """Return the counts of the site that is asked."""
    with _making:
        return _of.setdefault(ask.site, Attempts())
