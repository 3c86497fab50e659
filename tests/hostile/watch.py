"""Sees whether anybody opens a file, by the kernel's own account (inotify)."""

import ctypes
import os
from pathlib import Path
from types import TracebackType
from typing import Self

_OPEN = 0x20


class Watch:
    """Counts how often `path` is opened while it is watched."""

    def __init__(self, path: Path) -> None:
        system = ctypes.CDLL(None, use_errno=True)
        self._number = system.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._number < 0 or system.inotify_add_watch(self._number, bytes(path), _OPEN) < 0:
            raise OSError(ctypes.get_errno(), "the file can't be watched")

    def opened(self) -> bool:
        """Whether it was opened since the last question."""
        try:
            return bool(os.read(self._number, 65_536))
        except BlockingIOError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        os.close(self._number)
