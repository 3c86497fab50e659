"""Writes lines of a log without ever waiting for whoever reads them, and without ever failing.

A full disk, a closed pipe, a terminal stopped with Ctrl-S: none of them may hold up a post. A thread of its own
writes; what it can't write, or has no room for, is counted and said once it can write again.
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TextIO, TypeVar

_MOST = 10_000  # lines that wait to be written
_CLOSE_SECONDS = 1.0  # how long the last lines may take


_Item = TypeVar("_Item")


class Lines(Generic[_Item]):
    """A stream that lines are written to."""

    def __init__(self, stream: TextIO | None, form: Callable[[_Item, int], str]) -> None:
        """Begin to write.

        Args:
            stream: None where the process was started without one; nothing is written then.
            form: makes lines of an item and of how many were lost before it. Called in the writing thread: whoever adds
                one may stand in the middle of a transaction.
        """
        self._form = form
        self._stream = stream
        self._file = _number(stream)
        self._waiting: deque[_Item] = deque()
        self._bell = threading.Condition()
        self._closing = False
        self._torn = False  # a line stands there by half
        self._unsaid = 0
        self.lost = 0
        """How many lines were never written."""
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads along."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream is not None and self._stream.isatty()
        return False

    def add(self, item: _Item) -> None:
        """Hand over a line; returns at once."""
        with self._bell:
            if len(self._waiting) < _MOST:
                self._waiting.append(item)
            else:
                self._count(1)
            self._bell.notify()

    def close(self) -> None:
        """Write what waits, for a second at most."""
        with self._bell:
            self._closing = True
            self._bell.notify()
        self._thread.join(_CLOSE_SECONDS)

    def _count(self, lines: int) -> None:
        self._unsaid += lines
        self.lost += lines

    def _work(self) -> None:
        while True:
            with self._bell:
                self._bell.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                item = self._waiting.popleft()
                unsaid, self._unsaid = self._unsaid, 0
            if not self._written(f"{self._form(item, unsaid)}\n"):
                with self._bell:
                    self.lost -= unsaid
                    self._count(unsaid + 1)

    def _written(self, line: str) -> bool:
        """Write a line; False where it can't be."""
        try:
            if self._stream is None:
                return False
            if self._file is None:
                self._stream.write(line)
                self._stream.flush()
                return True
            rest = memoryview((f"\n{line}" if self._torn else line).encode("utf-8", "backslashreplace"))
            while rest:
                count = os.write(self._file, rest)  # past Python's buffer, which would fail again at the very end
                self._torn = count < len(rest)
                rest = rest[count:]
        except (OSError, ValueError):
            return False
        return True


def _number(stream: TextIO | None) -> int | None:
    """Return the number of a stream's file; None where it has none, as in tests."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
            return stream.fileno()
    return None
