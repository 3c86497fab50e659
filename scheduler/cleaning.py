"""Files that people hand in, opened only where they can do no harm: a child process without network, files or secrets.

The one door through which outside pictures and films come in; what comes out of it was made anew.
"""

import atexit
import contextvars
import functools
import hashlib
import heapq
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from media.order import Cleaned, Region
    from media.sandbox import Sandbox

_KEPT = 32  # cleaned pictures held in memory: a post on six accounts has its picture cleaned once
MOST_BYTES = 20_000_000  # of a picture at its best
_CHANGED = threading.Condition()
_known: dict[tuple[str, int, int], "Cleaned"] = {}
_opening: set[tuple[str, int, int]] = set()  # whoever needs one of these too waits for it
_WHAT = ("photos", "films")
WAITING: contextvars.ContextVar[Callable[[], AbstractContextManager[None]]] = contextvars.ContextVar(
    "waiting", default=nullcontext
)
"""What goes round a wait for one's turn, by whoever measures how long this thread takes."""

_STAFF, _VOLUNTEERS = 0, 1  # who is served first: a page with a post's picture doesn't wait for fifty uploads


class _Pool:
    """Some sandboxes, each opening one file at a time; those who wait are served in the order in which they came."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._turns = threading.Condition()
        self._waiting: list[tuple[int, int]] = []
        self._numbers = itertools.count()
        self.done, self.seconds = 0, 0.0
        self._reset()

    def _reset(self) -> None:
        self._free: list[Sandbox | None] = [None] * self._size  # None: not started yet
        self._started: list[Sandbox] = []

    @contextmanager
    def turn(self, rank: int = _STAFF) -> Iterator["Sandbox"]:
        """Wait for a sandbox that is free, and give it back afterwards; a lower `rank` goes first."""
        box = self._take(rank)
        begun = time.monotonic()
        try:
            yield box
        finally:
            with self._turns:
                self.done, self.seconds = self.done + 1, self.seconds + time.monotonic() - begun
                if box in self._started:  # else it was stopped meanwhile
                    self._free.append(box)
                self._turns.notify_all()

    def _take(self, rank: int) -> "Sandbox":
        with self._turns:
            ticket = (rank, next(self._numbers))
            heapq.heappush(self._waiting, ticket)
            with WAITING.get()():
                self._turns.wait_for(lambda: self._free and self._waiting[0] == ticket)
            heapq.heappop(self._waiting)
            box = self._free.pop() or self._start()
            self._turns.notify_all()
            return box

    def _start(self) -> "Sandbox":
        from media.sandbox import Sandbox

        box = Sandbox()
        self._started.append(box)
        return box

    def stop(self) -> None:
        """End what runs: it is refused. Whoever waits, and whoever comes later, gets a fresh sandbox."""
        with self._turns:
            ended = self._started
            self._reset()
            self._turns.notify_all()
        for box in ended:
            box.close()


@functools.cache
def _pool(what: str) -> _Pool:
    """Return the sandboxes for photos, one a processor, or the one for films: a film of minutes lets photos pass."""
    made = _Pool(1 if what == "films" else os.cpu_count() or 1)
    atexit.register(made.stop)
    return made


def stop() -> None:
    """Give up the files that are being opened: each is refused as one that this machine can't open now."""
    for what in _WHAT:
        _pool(what).stop()


def taken() -> tuple[int, float]:
    """Return how many files this process has had opened, and how many seconds that took."""
    pools = [_pool(what) for what in _WHAT]
    return sum(pool.done for pool in pools), sum(pool.seconds for pool in pools)


def confined() -> bool:
    """Tell whether the kernel keeps the process that opens files from other files, the network and programs."""
    with _pool("photos").turn() as sandbox:
        return sandbox.confined


def picture(data: bytes, *, max_side: int = 2400, max_bytes: int = MOST_BYTES) -> "Cleaned":
    """Return a staff picture made anew, with the places of its faces; the same one is cleaned once.

    One that is within the bytes of several networks at its best is the same for all of them.

    Raises:
        MediaError: it is no picture, too large or damaged.
    """
    best = _picture(data, max_side, MOST_BYTES)
    return best if len(best.data) <= max_bytes else _picture(data, max_side, max_bytes)


def expect(pictures: Iterable[Callable[[], bytes]]) -> None:
    """Begin to clean staff's pictures, one a processor at a time; `picture` then waits for its own alone.

    Each is read by a function; what can't be read or cleaned is left for `picture` to tell.
    """
    wanted, processors = list(itertools.islice(pictures, _KEPT)), os.cpu_count() or 1

    def clean(mine: Sequence[Callable[[], bytes]]) -> None:
        for read in mine:
            with suppress(Exception):
                picture(read())

    for at in range(min(processors, len(wanted)) if processors > 1 else 0):
        threading.Thread(target=clean, args=[wanted[at::processors]], name="cleaning", daemon=True).start()


def _picture(data: bytes, max_side: int, max_bytes: int) -> "Cleaned":
    key = (hashlib.sha256(data).hexdigest(), max_side, max_bytes)
    with _CHANGED:
        with WAITING.get()():
            _CHANGED.wait_for(lambda: key not in _opening)
        if key in _known:
            return _known[key]
        _opening.add(key)
    try:
        with _pool("photos").turn() as sandbox:
            found = sandbox.photo(data, max_side=max_side, max_bytes=max_bytes, find_faces=True, fine=True)
        with _CHANGED:
            while len(_known) >= _KEPT:
                del _known[next(iter(_known))]
            _known[key] = found
        return found
    finally:
        with _CHANGED:
            _opening.discard(key)
            _CHANGED.notify_all()


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
    with _pool("photos").turn() as sandbox:
        return sandbox.photo(
            data, max_side=max_side, max_bytes=max_bytes, cover_faces=cover_faces, cover=cover, find_faces=find_faces
        )


def small(data: bytes, *, side: int = 480) -> "Cleaned":
    """Return a small picture of a photo, for previews. Raises MediaError."""
    with _pool("photos").turn(_VOLUNTEERS) as sandbox:
        return sandbox.photo(data, max_side=side)


@functools.lru_cache(maxsize=4)
def logo(data: bytes) -> bytes:
    """Return a logo made anew: a PNG of at most 512 pixels, see-through where it was. Raises MediaError."""
    with _pool("photos").turn() as sandbox:
        return sandbox.logo(data)


def film(source: BinaryIO, *, cover_faces: bool = False, cover: Sequence["Region"] = (), **limits: Any) -> "Cleaned":
    """Return a film made anew, within the `limits` of `media.video.clean`: see there. Raises MediaError."""
    with _pool("films").turn() as sandbox:
        return sandbox.video(source, cover_faces=cover_faces, cover=cover, **limits)


def film_seconds(source: BinaryIO) -> float:
    """Return how long a film lasts, once it is sure that it can be made anew; it isn't made. Raises MediaError."""
    with _pool("films").turn() as sandbox:
        return sandbox.look(source)


def upload(
    source: BinaryIO, *, cover_faces: bool = False, cover: Sequence["Region"] = (), max_side: int = 2048
) -> "Cleaned":
    """Return what somebody handed in made anew, a photo or a film as its first bytes say. Raises MediaError.

    Args:
        source: where the file is read from, from its start.
        cover_faces: whether to cover what looks like a face.
        cover: more places to cover.
        max_side: the longest side of a photo, in pixels.
    """
    from media.errors import NotAPicture, NotAVideo
    from media.photos import header as photo_header

    head = source.read(64)
    source.seek(0)
    try:
        photo_header.kind(head, "file")
    except NotAPicture:
        pass
    else:
        with _pool("photos").turn(_VOLUNTEERS) as sandbox:
            data = source.read(photo_header.MOST_BYTES + 1)  # not before its turn: fifty wait without filling memory
            return sandbox.photo(data, max_side=max_side, cover_faces=cover_faces, cover=cover, find_faces=True)
    try:
        return film(source, cover_faces=cover_faces, cover=cover)
    except NotAVideo as error:
        if str(error) != str(NotAVideo()):  # it is a film, and the words say what is the matter with it
            raise
        kinds = ", ".join(photo_header.FORMATS)
        msg = f"it is neither a photo ({kinds}) nor a film (MP4, MOV, WebM) that we can read"
        raise NotAPicture(msg) from None
