"""Bytes handed to and from a job without a name or place: files that live in memory and pass as descriptors."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

_MOST = 300_000_001  # bytes: one more than the largest film, so that it is seen to be too large
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL


@contextmanager
def given(source: bytes | BinaryIO) -> Iterator[int]:
    """Yield a descriptor that reads `source` from its start and can't change it."""
    number = _of_file(source) if not isinstance(source, bytes) else None
    number = _copy(source) if number is None else number
    try:
        yield number
    finally:
        os.close(number)


@contextmanager
def taken() -> Iterator[int]:
    """Yield the descriptor of an empty file in memory that a job writes its answer to."""
    number = os.memfd_create("answer")
    try:
        yield number
    finally:
        os.close(number)


def _of_file(source: BinaryIO) -> int | None:
    """Open a real file anew for reading only: a long film isn't copied into memory."""
    try:
        number = source.fileno()
    except OSError:
        return None
    source.flush()  # what its writer hasn't written yet would be missed
    if not stat.S_ISREG(os.fstat(number).st_mode):
        return None
    return os.open(f"/proc/self/fd/{number}", os.O_RDONLY)


def _copy(source: bytes | BinaryIO) -> int:
    number = os.memfd_create("upload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(number, "wb", closefd=False) as file:
            if isinstance(source, bytes):
                file.write(source)
            else:
                source.seek(0)
                left = _MOST
                while left and (piece := source.read(min(left, 1 << 20))):
                    left -= file.write(piece)
        fcntl.fcntl(number, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(number, 0, os.SEEK_SET)
    except BaseException:
        os.close(number)
        raise
    return number
