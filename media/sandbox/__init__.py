"""Where files from outside are opened: a child process without network, files or secrets, watched by its parent.

The parent keeps one warm child that has never seen a file (`media.sandbox.child`); it forks one process a job, which
gets the file, locks itself in, works and ends. Whatever becomes of that process, the parent gets an answer or a
`MediaError`.
"""

import os
import sys
import threading
from collections.abc import Sequence
from typing import Any, BinaryIO, Self

from media.errors import MediaError, Unfinished
from media.order import Cleaned, Region
from media.sandbox import answer as sandbox_answer
from media.sandbox import files as sandbox_files
from media.sandbox.parent import Limits, Warm

_PHOTO = Limits(seconds=10, memory=470 << 20, output=64 << 20)
_FILM = Limits(seconds=600, memory=470 << 20, output=256 << 20)

_OPEN = (
    "files from outside aren't opened here: this machine can't keep what opens them from files and network; "
    "use Linux on x86-64 or ARM64"
)


class Sandbox:
    """Opens photos and films, one at a time, in processes that can do nothing else. Safe to share between threads.

    Args:
        jobs: the module whose `JOBS` says what the child can do; tests name their own.
    """

    def __init__(self, *, jobs: str = "media.sandbox.jobs") -> None:
        self._jobs = jobs
        self._lock = threading.Lock()
        self._warm: Warm | None = None
        self._closed = False

    @property
    def confined(self) -> bool:
        """Whether the kernel keeps the child from files, network and programs; elsewhere only its limits hold."""
        with self._lock:
            return self._ready().confined

    @property
    def peak(self) -> int:
        """Bytes of memory the hungriest job had at a time since the child was started."""
        with self._lock:
            return self._ready().peak

    @property
    def busy(self) -> bool:
        """Whether a file is being opened at this moment."""
        return self._warm is not None and self._warm.working

    def photo(self, data: bytes, *, seconds: float = _PHOTO.seconds, **options: Any) -> Cleaned:
        """Return a photo made anew; see `media.clean.photo` for the options.

        Raises:
            MediaError: it is refused, or opening it took more than `seconds` or more memory than is allowed.
        """
        return sandbox_answer.photo(*self.run("photo", data, options, _PHOTO._replace(seconds=seconds)))

    def video(self, source: BinaryIO, *, seconds: float = _FILM.seconds, **options: Any) -> Cleaned:
        """Return a film made anew; see `media.video.clean` for the options. Raises as `photo` does."""
        return sandbox_answer.film(*self.run("video", source, options, _FILM._replace(seconds=seconds)))

    def look(self, source: BinaryIO, *, seconds: float = _PHOTO.seconds) -> float:
        """Return how many seconds a film lasts by its tables, once they say that it can be made anew.

        Raises as `video` does.
        """
        return sandbox_answer.seconds(*self.run("look", source, {}, _PHOTO._replace(seconds=seconds)))

    def faces(self, data: bytes, *, seconds: float = _PHOTO.seconds) -> tuple[Region, ...]:
        """Return where faces are in a photo, once it is upright. Raises as `photo` does."""
        return sandbox_answer.faces(*self.run("faces", data, {}, _PHOTO._replace(seconds=seconds)))

    def logo(self, data: bytes, *, seconds: float = _PHOTO.seconds) -> bytes:
        """Return a logo made anew: a PNG of at most 512 pixels, see-through where it was. Raises as `photo` does."""
        return sandbox_answer.logo(*self.run("logo", data, {}, _PHOTO._replace(seconds=seconds)))

    def run(
        self, job: str, source: bytes | BinaryIO, options: dict[str, Any], limits: Limits = _PHOTO
    ) -> tuple[dict[str, Any], Sequence[bytes]]:
        """Run one job of the table and return what it answered: values of JSON, and bytes. Raises MediaError."""
        if sys.platform != "linux":
            raise Unfinished("files from outside are opened on Linux only: run the program there")
        with sandbox_files.given(source) as inward, sandbox_files.taken() as outward, self._lock:
            warm = self._ready()
            if not warm.confined:
                raise Unfinished(_OPEN)
            try:
                warm.run(job, options, limits, (inward, outward))
            except MediaError:
                raise
            except (OSError, ValueError, KeyError, EOFError) as error:
                raise Unfinished from error
            finally:
                if not warm.alive:
                    self._stop()
            return sandbox_answer.read(outward, limits.output)

    def close(self) -> None:
        """End the child and all it started, a job included. The sandbox can't be used again."""
        self._closed = True
        if (warm := self._warm) is not None:
            warm.kill()  # whoever waits for its answer gets a refusal, and the lock is free
        with self._lock:
            self._stop()

    def _ready(self) -> Warm:
        if self._closed:
            raise Unfinished("no file is opened any more: the program is ending")
        if self._warm is not None and (self._warm.owner != os.getpid() or not self._warm.alive):
            self._stop()
        if self._warm is None:
            self._warm = Warm(self._jobs)
        return self._warm

    def _stop(self) -> None:
        if self._warm is not None:
            self._warm.close()
            self._warm = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
