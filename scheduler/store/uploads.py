"""The files of submissions, under var/uploads: random names, for this user alone, whole or not at all."""

import contextlib
import hmac
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import BinaryIO

from scheduler import files
from scheduler.errors import UserError
from scheduler.files import MachineError

_CHUNK = 1 << 20


class TooManyBytesError(UserError):
    """The file is too large: choose a smaller one."""


def quarantine(folder: Path, source: BinaryIO, mac: "hmac.HMAC") -> tuple[str, bytes]:
    """Write a file from outside down as it is, feeding `mac`; return its new name and its first bytes.

    Raises:
        TooManyBytesError: it is larger than any that we take.
        MachineError: it can't be written.
    """
    name, total, head = secrets.token_hex(16), 0, b""
    try:
        files.make_folder(folder)
        source.seek(0)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(folder / name, flags, 0o600), "wb") as out:
            while chunk := source.read(_CHUNK):
                head = head or chunk[:64]
                total += len(chunk)
                if total > files.LARGEST:
                    raise TooManyBytesError
                mac.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        files.sync_folder(folder)
    except BaseException as error:
        remove(folder, name)
        if isinstance(error, OSError):
            raise MachineError(f"{folder}: can't be written ({error.strerror})") from None
        raise
    return name, head


def is_photo(head: bytes) -> bool:
    """Tell by a file's first bytes whether it says that it is a photo; whatever else it is, films are looked for."""
    from media.errors import MediaError, NotAPicture
    from media.photos import header

    try:
        header.kind(head, "file")
    except NotAPicture:
        return False
    except MediaError:
        return True
    return True


def write(folder: Path, parts: Mapping[str, tuple[str, bytes]]) -> dict[str, str]:
    """Write what was made of one file: by column an ending and the bytes. Return the names, all of them or none.

    Raises:
        MachineError: one can't be written.
    """
    name = secrets.token_hex(16)
    names = {column: f"{name}{ending}" for column, (ending, _) in parts.items()}
    try:
        for column, (_, data) in parts.items():
            files.write(folder / names[column], data)
    except BaseException:
        remove(folder, *names.values())
        raise
    return names


def remove(folder: Path, *names: str) -> None:
    """Delete files; one that isn't there is gone already."""
    for name in names:
        if name:
            with contextlib.suppress(OSError):
                (folder / name).unlink()


def stamp(folder: Path, *names: str, day: date) -> None:
    """Let files bear a day instead of the minute in which somebody sat there."""
    midnight = datetime.combine(day, time(), UTC).timestamp()
    for name in filter(None, names):
        with contextlib.suppress(OSError):
            os.utime(folder / name, (midnight, midnight))
