"""The still that stands for a film until it plays: of some early pictures the one with most to see."""

from av.video.frame import VideoFrame
from PIL import ImageStat

from media import jpeg
from media.film.encode import CLOCK
from media.film.picture import image

_LOOKS = 5
_BETWEEN = CLOCK // 2
_MOST_BYTES = 1_000_000


class Poster:
    """Looks at one picture every half second, five in all, and keeps the most contrasted."""

    def __init__(self) -> None:
        self._best: VideoFrame | None = None
        self._contrast = -1.0
        self._looks = 0

    def offer(self, frame: VideoFrame, when: int) -> None:
        """Consider a picture of the film as it will be shown, covers included."""
        if self._looks >= _LOOKS or when < self._looks * _BETWEEN:
            return
        self._looks += 1
        contrast = _contrast(frame)
        if contrast > self._contrast:
            self._best, self._contrast = frame, contrast

    def jpeg(self) -> bytes:
        """Return the still as a JPEG of the film's size."""
        if self._best is None:
            return b""
        return jpeg.encode(image(self._best), _MOST_BYTES)


def _contrast(frame: VideoFrame) -> float:
    """Return how far the brightness of a picture spreads, in levels of 255."""
    return float(ImageStat.Stat(image(frame.reformat(64, 64, format="gray8"))).stddev[0])
