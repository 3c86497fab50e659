"""Files that people hand in, opened only where they can do no harm: a child process without network, files or secrets.

The one door through which outside pictures and films come in; what comes out of it was made anew.
"""

import atexit
import functools
import hashlib
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from media.order import Cleaned, Region
    from media.sandbox import Sandbox

_KEPT = 32  # cleaned pictures held in memory: a post on six accounts has its picture cleaned once
_LOCK = threading.Lock()
_started: list["Sandbox"] = []
_known: dict[tuple[str, int, int], "Cleaned"] = {}


@functools.cache
def _sandbox(_what: str = "photos") -> "Sandbox":
    """Return the sandbox for photos or for films: a film of minutes must not keep a photo waiting."""
    from media.sandbox import Sandbox

    sandbox = Sandbox()
    _started.append(sandbox)
    atexit.register(sandbox.close)
    return sandbox


def stop() -> None:
    """Give up the files that are being opened: each is refused as one that this machine can't open now."""
    _sandbox.cache_clear()
    while _started:
        _started.pop().close()


def confined() -> bool:
    """Tell whether the kernel keeps the process that opens files from other files, the network and programs."""
    return _sandbox().confined


def picture(data: bytes, *, max_side: int = 2400, max_bytes: int = 20_000_000) -> "Cleaned":
    """Return a staff picture made anew, with the places of its faces; the same one is cleaned once.

    Raises:
        MediaError: it is no picture, too large or damaged.
    """
    key = (hashlib.sha256(data).hexdigest(), max_side, max_bytes)
    with _LOCK:
        found = _known.get(key)
    if found is None:
        found = _sandbox().photo(data, max_side=max_side, max_bytes=max_bytes, find_faces=True, fine=True)
        with _LOCK:
            while len(_known) >= _KEPT:
                del _known[next(iter(_known))]
            _known[key] = found
    return found


def photo(
    data: bytes,
    *,
    max_side: int = 2048,
    max_bytes: int = 5_000_000,
    cover_faces: bool = False,
    cover: Sequence["Region"] = (),
    find_faces: bool = False,
) -> "Cleaned":
    """Return a photo made anew, see `media.clean.photo`. Raises MediaError."""
    return _sandbox().photo(
        data, max_side=max_side, max_bytes=max_bytes, cover_faces=cover_faces, cover=cover, find_faces=find_faces
    )


@functools.lru_cache(maxsize=4)
def logo(data: bytes) -> bytes:
    """Return a logo made anew: a PNG of at most 512 pixels, see-through where it was. Raises MediaError."""
    return _sandbox().logo(data)


def film(source: BinaryIO, *, cover_faces: bool = False, cover: Sequence["Region"] = ()) -> "Cleaned":
    """Return a film made anew, see `media.video.clean`. Raises MediaError."""
    return _sandbox("films").video(source, cover_faces=cover_faces, cover=cover)


def check_film(source: BinaryIO) -> None:
    """Make sure that a film can be made anew, without making it. Raises MediaError."""
    _sandbox("films").look(source)


def upload(source: BinaryIO, *, cover_faces: bool = False, cover: Sequence["Region"] = ()) -> "Cleaned":
    """Return what somebody handed in made anew, a photo or a film as its first bytes say. Raises MediaError."""
    from media.errors import NotAPicture, NotAVideo
    from media.photos import header as photo_header

    head = source.read(64)
    source.seek(0)
    try:
        photo_header.kind(head, "file")
    except NotAPicture:
        pass
    else:
        data = source.read(photo_header.MOST_BYTES + 1)
        return photo(data, cover_faces=cover_faces, cover=cover, find_faces=True)
    try:
        return film(source, cover_faces=cover_faces, cover=cover)
    except NotAVideo as error:
        if str(error) != str(NotAVideo()):  # it is a film, and the words say what is the matter with it
            raise
        kinds = ", ".join(photo_header.FORMATS)
        msg = f"it is neither a photo ({kinds}) nor a film (MP4, MOV, WebM) that we can read"
        raise NotAPicture(msg) from None
