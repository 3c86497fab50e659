"""Faces in a film: looked for in every picture, two at a time, in a small copy of each."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from media import faces
from media.film.picture import image
from media.film.reel import Picture, play
from media.film.source import Film
from media.order import Region

_LOOK = 480  # the longer side of the pictures that are searched, in pixels: as large as `faces.find(quick=True)` looks
_AT_ONCE = 2  # the detector lets go of Python's lock
_WAITING = 8  # pictures kept in memory


def seen(film: Film, limit: float) -> list[tuple[Region, ...]]:
    """Return the faces of every picture the cleaned film will have. Raises as `reel.play`, and NoDetector."""
    reformatter = VideoReformatter()
    found: list[tuple[Region, ...]] = []
    waiting: deque[Future[tuple[Region, ...]]] = deque()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for frame in _small(film, limit):
            rgb = image(reformatter.reformat(frame, format="rgb24", threads=1))
            waiting.append(pool.submit(faces.find, rgb, quick=True))
            if len(waiting) > _WAITING:
                found.append(waiting.popleft().result())
        found += [one.result() for one in waiting]
    return found


def _small(film: Film, limit: float) -> Iterator[VideoFrame]:
    """Yield every picture upright and small; made small first, it is turned and coloured at little cost."""
    for item in play(film, limit=limit, max_side=_LOOK, sound=False):
        if isinstance(item, Picture):
            yield item.frame
