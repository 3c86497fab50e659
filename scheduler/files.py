"""Files of people: read whole and within bounds, written whole or not at all, and never one in place of another."""

import errno
import hashlib
import io
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from scheduler.errors import UsageError, UserError

LARGEST = 300_000_000
"""Bytes. No photo or film that we take is larger."""


class MachineError(UserError):
    """This machine can't do it now; the file itself is well."""


def open_plain(path: Path) -> io.BufferedReader:
    """Open a plain file of at most LARGEST bytes. A pipe or device, which may never end, isn't even waited for.

    Raises:
        UserError: it is another kind of thing, too large, or can't be read.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: can't be read ({getattr(error, 'strerror', None) or error})") from None
    try:
        about = os.fstat(number)
        if not stat.S_ISREG(about.st_mode):
            raise UserError(f"{path}: is no plain file: name a photo or film")
        if about.st_size > LARGEST:
            raise UserError(f"{path}: has more than {LARGEST // 1_000_000} MB: save it smaller")
    except BaseException:
        os.close(number)
        raise
    return os.fdopen(number, "rb")


def read(path: Path) -> bytes:
    """Return what is in a plain file. Raises as `open_plain` does."""
    with open_plain(path) as file:
        return _bounded(file, path)


def digest(path: Path) -> str:
    """Return the SHA-256 of a plain file in hexadecimal. Raises as `open_plain` does."""
    with open_plain(path) as file:
        try:
            return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise UserError(f"{path}: can't be read ({error.strerror})") from None


def _bounded(file: BinaryIO, path: Path) -> bytes:
    try:
        data = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror})") from None
    if len(data) > LARGEST:
        raise UserError(f"{path}: has more than {LARGEST // 1_000_000} MB: save it smaller")
    return data


def check_targets(targets: list[Path], originals: list[Path]) -> None:
    """Make sure that files can be written at `targets`, and that none stands in the place of an original.

    Raises:
        UsageError: a folder is missing, a target is no plain file, an original, or named twice.
    """
    for number, target in enumerate(targets):
        if not target.absolute().parent.is_dir():
            raise UsageError(f"{target.absolute().parent}: there is no such folder: make it, or name another file")
        if target.is_dir():
            raise UsageError(f"{target}: is a folder: name the file to write")
        if target.exists() and not target.is_file():
            raise UsageError(f"{target}: is no plain file: name another one to write")
        if any(_same(target, other) for other in originals):
            raise UsageError(f"{target}: is an original, which stays as it is: name another file")
        if any(_same(target, other) for other in targets[:number]):
            raise UsageError(f"{target}: is to be written twice: name another file")


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))


def write(path: Path, data: bytes, *, private: bool = True, half: str = ".new-", durable: bool = True) -> None:
    """Write a file whole or not at all; `durable`: on the disk when this returns, also should the power fail then.

    `private`: for this user alone, whatever the umask. `half` begins the name that it has until it is whole.

    Raises:
        MachineError: it can't be written.
    """
    try:
        if durable:
            make_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=half)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                if not private:
                    os.fchmod(file.fileno(), 0o666 & ~_umask())
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            Path(name).replace(path)
            if durable:
                sync_folder(path.parent)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MachineError(f"{path}: can't be written ({error.strerror}): {_cure(error)}") from None


def make_folder(path: Path, *, mode: int = 0o777) -> None:
    """Make a folder, and those above it, where it is missing; it is still there should the power fail then.

    Raises:
        OSError: it can't be made.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True, mode=mode)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk. Raises OSError."""
    number = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _cure(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "free some space"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "give this user the right to write there"
    return "name another file"


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
