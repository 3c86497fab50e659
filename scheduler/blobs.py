"""Where a workspace's private files lie: on this machine alone, or in a storage for several machines to share.

    on this machine    the folders under var/ are all there is; nothing here asks anybody anything
    in a storage       it is the truth, and the folders under var/ hold copies, for a while

A file lies there in pieces of a few megabytes, each an object of its own that is put whole: a film never fills the
memory, a request never takes long, and what a broken transfer left can be seen, and deleted like everything else.
"""

import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from scheduler import config, files, storage
from scheduler.errors import PublishError
from scheduler.files import MachineError
from scheduler.model import Account, Storage, Workspace

if TYPE_CHECKING:
    from obstore.store import S3Store

_Given = TypeVar("_Given")
UPLOADS = "uploads"
"""The folder of what was handed in, here under var/."""

PIECE = 4_000_000
"""Bytes of a file that go in one request."""

_LONGEST = 180.0  # seconds for a whole file; then the storage is taken to be away
_ANSWERS, _MOVES = timedelta(seconds=8), timedelta(seconds=30)  # one request: without a file's bytes, and with them
_REST = 15.0  # seconds in which a storage that didn't answer isn't asked again
_silent: dict[str, float] = {}  # by its place: until when it isn't asked again


class AwayError(MachineError):
    """The storage that the machines share doesn't answer now: try again in some minutes."""


def shared(workspace: Workspace) -> bool:
    """Tell whether the private files lie in a storage."""
    return workspace.storage is not None and bool(workspace.storage.private)


def place(workspace: Workspace) -> str:
    """Return where the private files lie, in words for people; empty where that is this machine."""
    settings = workspace.storage
    return f"{settings.private} at {storage.address(settings)}" if settings and settings.private else ""


def require(workspace: Workspace) -> None:
    """Make sure that the storage answers, where there is one.

    Raises:
        AwayError: it doesn't.
    """
    if shared(workspace):
        next(_pieces(workspace, "nothing"), None)


def prove(workspace: Workspace) -> None:
    """Put something into the storage, read it back, and delete it.

    Raises:
        AwayError: one of these can't be done.
        MachineError: this machine can't write a file.
    """
    with tempfile.TemporaryDirectory() as folder:
        sent, back = Path(folder) / "sent", Path(folder) / "back"
        sent.write_bytes(os.urandom(64))
        name = f"looked/{sent.read_bytes()[:16].hex()}"
        put(workspace, name, sent)
        try:
            if not fetch(workspace, name, back) or back.read_bytes() != sent.read_bytes():
                raise AwayError("the storage that the machines share doesn't give back what was put there")
        finally:
            delete(workspace, name)


def upload(workspace: Workspace, name: str) -> Path:
    """Return where a file that was handed in lies on this machine, once it is there; where it is nowhere it isn't.

    Raises:
        AwayError: it isn't here, and the storage doesn't answer.
    """
    path = workspace.var / UPLOADS / name
    if name and shared(workspace) and not path.is_file():
        fetch(workspace, f"{UPLOADS}/{name}", path)
    return path


def put(workspace: Workspace, name: str, path: Path, *, seconds: float = _LONGEST) -> None:
    """Have a file of this machine in the storage too, under `name` (FOLDER/FILE), within so many seconds.

    Raises:
        AwayError: the storage doesn't take it; parts of it may lie there, until they are swept.
        MachineError: the file isn't on this machine.
    """
    if not shared(workspace):
        return
    import obstore

    ends = time.monotonic() + seconds
    try:
        with path.open("rb") as file:
            total = max(1, -(-os.fstat(file.fileno()).st_size // PIECE))
            for number in range(total):
                data, piece = file.read(PIECE), f"{name}/{number}-{total}"

                def send(piece: str = piece, data: bytes = data) -> None:
                    obstore.put(_moving(workspace), piece, data, use_multipart=False)

                _asked(workspace, send, ends)
    except OSError as error:
        raise MachineError(f"{path.name}: isn't on this machine any more ({error.strerror})") from None


def fetch(workspace: Workspace, name: str, path: Path) -> bool:
    """Bring a file from the storage to `path`, whole or not at all; False where it isn't there as a whole.

    Raises:
        AwayError: the storage doesn't answer.
        MachineError: the file can't be written here.
    """
    if not shared(workspace):
        return False
    found = dict(_pieces(workspace, name))
    total = len(found)
    if not total or set(found) != {f"{number}-{total}" for number in range(total)}:
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, half = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                whole = _copied(workspace, name, total, file.write)
            if whole:
                Path(half).replace(path)
            return whole
        finally:
            Path(half).unlink(missing_ok=True)
    except OSError as error:
        raise MachineError(f"{path}: can't be written ({error.strerror})") from None


def _copied(workspace: Workspace, name: str, total: int, write: Callable[[bytes], object]) -> bool:
    import obstore

    ends, size = time.monotonic() + _LONGEST, 0
    for number in range(total):
        piece = f"{name}/{number}-{total}"

        def get(piece: str = piece) -> bytes | None:
            with suppress(FileNotFoundError):  # deleted meanwhile
                return bytes(obstore.get(_moving(workspace), piece).bytes())
            return None

        data = _asked(workspace, get, ends)
        size += len(data or b"")
        if data is None or size > files.LARGEST:
            return False
        write(data)
    return True


def read(workspace: Workspace, name: str) -> bytes | None:
    """Return a small object of the storage, in one question; None where there is none. Raises AwayError."""
    import obstore

    def get() -> bytes | None:
        with suppress(FileNotFoundError):
            return bytes(obstore.get(_asking(workspace), name).bytes())
        return None

    return _asked(workspace, get)


def write(workspace: Workspace, name: str, data: bytes) -> None:
    """Put a small object into the storage, in place of the one before. Raises AwayError."""
    import obstore

    _asked(workspace, lambda: obstore.put(_asking(workspace), name, data, use_multipart=False))


def delete(workspace: Workspace, name: str) -> None:
    """Delete a file, or a whole folder, from the storage; what isn't there is deleted. Read back as proof.

    Raises:
        AwayError: it doesn't answer, or the file is still there.
    """
    if not shared(workspace):
        return
    import obstore

    found = [f"{name}/{piece}" for piece, _ in _pieces(workspace, name)]
    if not found:
        return
    _asked(workspace, lambda: obstore.delete(_asking(workspace), found))
    if next(_pieces(workspace, name), None) is not None:
        raise AwayError("the storage that the machines share keeps what it was told to delete")


def listed(workspace: Workspace, folder: str) -> dict[str, datetime]:
    """Return the files of a folder of the storage, with when the last piece of each was put; none without one.

    Raises:
        AwayError: it doesn't answer.
    """
    if not shared(workspace):
        return {}
    found: dict[str, datetime] = {}
    for piece, at in _pieces(workspace, folder):
        name = piece.rpartition("/")[0]
        found[name] = max(at, found.get(name, at))
    return found


def _pieces(workspace: Workspace, name: str) -> Iterator[tuple[str, datetime]]:
    """Yield the objects below a name, by what stands after it, with when each was put there."""
    import obstore

    ends = time.monotonic() + _LONGEST
    stream = _asked(workspace, lambda: obstore.list(_asking(workspace), prefix=f"{name}/", chunk_size=1000))
    batches = iter(stream)
    for _ in itertools.count():
        batch = _asked(workspace, lambda: next(batches, None), ends)
        if batch is None:
            return
        for one in batch:
            yield one["path"].removeprefix(f"{name}/"), one["last_modified"]


def _asked(workspace: Workspace, work: Callable[[], _Given], ends: float | None = None) -> _Given:
    """Ask the storage, unless it has just not answered, or the time for a whole file is over."""
    where = place(workspace)
    now = time.monotonic()
    if _silent.get(where, now) > now or (ends is not None and now > ends):
        raise AwayError
    try:
        return storage.judged(work)
    except PublishError as error:
        _silent[where] = time.monotonic() + _REST
        said = AwayError(f"the storage that the machines share can't be used now: {error}")
    _connected.cache_clear()  # its keys may have been mended meanwhile
    raise said


def _asking(workspace: Workspace) -> "S3Store":
    return _connection(workspace, _ANSWERS)


def _moving(workspace: Workspace) -> "S3Store":
    return _connection(workspace, _MOVES)


def _connection(workspace: Workspace, timeout: timedelta) -> "S3Store":
    settings = workspace.storage
    assert settings is not None  # noqa: S101 - asked for only where the files are shared
    return _connected(settings, workspace.folder, timeout)


@lru_cache(maxsize=8)
def _connected(settings: Storage, folder: Path, timeout: timedelta) -> "S3Store":
    keys = Account(name="storage", platform="s3", language="", keys=settings.keys)
    given = config.secrets(keys, storage.SECRETS, folder=folder)
    return storage.connection(settings, settings.private, given, timeout=timeout)
