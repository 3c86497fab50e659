"""The pictures of a film, one after the other: upright, square pixels, 8 bits, BT.709, of one even size."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from PIL import Image

from media.errors import DamagedVideo, NotAVideo
from media.film.cover import fill
from media.film.encode import CLOCK
from media.film.source import LEAST_SIDE, MOST_PIXELS, SLOWED, Film
from media.order import Region

Most = int | Sequence[int]
"""How large a picture may be, in pixels: its longer side, or its width and its height."""

_LEAST_GAP = CLOCK // 90  # pictures that come in bursts
BT709, _BT601, _UNSPECIFIED, _LIMITED, _FULL = 1, 5, 2, 1, 2
_WIDE_PRIMARIES = (9, 11, 12)  # BT.2020, DCI-P3, Display P3
_HDR_CURVES = (16, 18)  # PQ, HLG
_THREADS = 2
# A phone's 4K film in HDR: its decoder alone takes half of the 512 MB we give, so that its pictures come out smaller.
_LARGE, _SMALLER = 4_000_000, 1280
_SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
# (a, b, c, d) of a display matrix, each -1, 0 or 1 -> what turns the pixels the same way
_TURNS: dict[tuple[int, int, int, int], tuple[tuple[str, str], ...]] = {
    (1, 0, 0, 1): (),
    (0, 1, -1, 0): (("transpose", "clock"),),
    (-1, 0, 0, -1): (("hflip", ""), ("vflip", "")),
    (0, -1, 1, 0): (("transpose", "cclock"),),
    (-1, 0, 0, 1): (("hflip", ""),),
    (1, 0, 0, -1): (("vflip", ""),),
    (0, 1, 1, 0): (("transpose", "cclock_flip"),),
    (0, -1, -1, 0): (("transpose", "clock_flip"),),
}


class Thinner:
    """Which pictures of a film are kept: in order of time, not too close to each other, not past the end."""

    def __init__(self, film: Film, limit: float) -> None:
        self._start = film.start
        self._fast = film.fast
        self._end = round(limit * CLOCK) - round(CLOCK / film.kept_rate)
        self._last: int | None = None
        self.over = False

    def when(self, frame: VideoFrame) -> int | None:
        """Return when the picture is shown, in ticks from the beginning; None if it is left out."""
        if frame.pts is None or frame.time_base is None:
            raise DamagedVideo
        when = max(round((frame.pts * frame.time_base - self._start) * CLOCK), 0)
        last, self._last = self._last, when
        if last is None:
            return when
        if when > self._end:
            self.over = True
        elif (when * SLOWED // CLOCK > last * SLOWED // CLOCK) if self._fast else (when - last >= _LEAST_GAP):
            return when
        self._last = last
        return None


class Upright:
    """Turns decoded pictures of one film into upright ones of one size."""

    def __init__(self, first: VideoFrame, shape: Fraction, most: Most, hidden: Sequence[Region] = ()) -> None:
        self._turns = _turns(first)
        self._hidden = [_as_stored(region, first) for region in hidden]
        swapped = any(name == "transpose" for name, _ in self._turns)
        deep = first.format.components[0].bits > 8 and first.width * first.height > _LARGE
        wide, high = (most, most) if isinstance(most, int) else most
        box = (high, wide) if swapped else (wide, high)
        self._size = _even(
            first.width, first.height, shape, tuple(min(side, _SMALLER) for side in box) if deep else box
        )
        self.size = self._size[::-1] if swapped else self._size
        self._graph: Graph | None = None
        self._shrinker = VideoReformatter()
        self._reformatter = VideoReformatter()  # kept: to build the table of an HDR film takes seconds

    def picture(self, frame: VideoFrame) -> VideoFrame:
        """Return the picture upright, in `self.size`, yuv420p of limited range, BT.709; what is hidden is plain."""
        fill(frame, self._hidden)
        plain = self._plain(frame)
        if not self._turns:
            return plain
        graph = self._graph or self._turner(plain)
        graph.vpush(plain)
        return graph.vpull()

    def _plain(self, frame: VideoFrame) -> VideoFrame:
        small = frame.height < 720 and frame.width < 1280
        space = frame.colorspace if frame.colorspace != _UNSPECIFIED else (_BT601 if small else BT709)
        full = frame.color_range == _FULL or frame.format.name.startswith("yuvj")
        wide = frame.color_primaries in _WIDE_PRIMARIES or frame.color_trc in _HDR_CURVES
        same = (frame.width, frame.height) == self._size and frame.format.name == "yuv420p"
        if same and space == BT709 and not full and not wide:
            frame.colorspace, frame.color_range = BT709, _LIMITED  # said, where it was only meant
            return frame
        if wide and frame.width > self._size[0]:
            # Made small first: swscale changes colours in whole pictures of 8 bytes a pixel.
            frame = self._shrinker.reformat(frame, *self._size, format="yuv420p10le", interpolation=_SCALING, threads=1)
        return self._reformatter.reformat(
            frame,
            *self._size,
            format="yuv420p",
            src_colorspace=space,
            dst_colorspace=BT709,
            src_color_range=_FULL if full else _LIMITED,
            dst_color_range=_LIMITED,
            dst_color_trc=ColorTrc.BT709 if wide else None,
            dst_color_primaries=ColorPrimaries.BT709 if wide else None,
            interpolation=_SCALING,
            threads=1,
        )

    def _turner(self, frame: VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        nodes = [
            graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, CLOCK))
        ]
        nodes += [graph.add(name, how) if how else graph.add(name) for name, how in self._turns]
        graph.link_nodes(*nodes, graph.add("buffersink")).configure()
        self._graph = graph
        return graph


def decoded(stream: VideoStream) -> None:
    """Make a track ready to be decoded, on as many threads as everything here."""
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    stream.thread_count = _THREADS
    stream.thread_type = "AUTO"


def check(frame: VideoFrame) -> None:
    """Refuse a picture that the decoder had to invent, or that can be seen through.

    Raises:
        DamagedVideo: a part of it was missing.
        NotAVideo: it has see-through parts: what they hide would come to light.
    """
    if frame.is_corrupt:
        raise DamagedVideo
    if frame.format.name.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya")):
        raise NotAVideo("the film has see-through parts: save it without transparency, as an MP4")


def _even(width: int, height: int, shape: Fraction, box: Sequence[int]) -> tuple[int, int]:
    """Return the size in square pixels, within `box`, both sides even; `shape` is a pixel's width by height."""
    wide = width * shape if shape > 1 else Fraction(width)
    high = height / shape if shape < 1 else Fraction(height)
    scale = min(Fraction(1), box[0] / wide, box[1] / high)
    return max(int(wide * scale) // 2 * 2, LEAST_SIDE), max(int(high * scale) // 2 * 2, LEAST_SIDE)


def _turns(frame: VideoFrame) -> tuple[tuple[str, str], ...]:
    """Return the filters that do to the pixels what the file's display matrix asks the player to do."""
    return _TURNS.get(_matrix(frame), ())


def _matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Return the signs of the file's display matrix (a, b, c, d)."""
    side: Any = frame.side_data.get("DISPLAYMATRIX")
    if side is None:
        return 1, 0, 0, 1
    a, b, _, c, d = struct.unpack("=9i", bytes(side)[:36])[:5]
    return _unit(a, b), _unit(b, a), _unit(c, d), _unit(d, c)


def _as_stored(region: Region, frame: VideoFrame) -> Region:
    """Return a place of the upright picture as a place of the picture as it is stored."""
    matrix = _matrix(frame)
    a, b, c, d = matrix if matrix in _TURNS else (1, 0, 0, 1)
    # Around the middle, the way back from a turn or mirror is the matrix with rows and columns exchanged.
    ends = [(x - 0.5, y - 0.5) for x, y in ((region.left, region.top), (region.right, region.bottom))]
    (x, y), (x_too, y_too) = ((0.5 + a * x + b * y, 0.5 + c * x + d * y) for x, y in ends)
    return Region(min(x, x_too), min(y, y_too), max(x, x_too), max(y, y_too))


def _unit(value: int, other: int) -> int:
    """Return the sign of a part of the matrix, 0 if its neighbour is larger."""
    return 0 if abs(value) < abs(other) or not value else (1 if value > 0 else -1)


def image(frame: VideoFrame) -> Image.Image:
    """Return a picture as Pillow's, RGB or grey."""
    made: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]
    return made


def frame_of(made: Image.Image, reformatter: VideoReformatter) -> VideoFrame:
    """Return Pillow's RGB picture as one for the encoder: yuv420p, limited range, BT.709."""
    whole: VideoFrame = VideoFrame.from_image(made)  # type: ignore[no-untyped-call]
    frame = reformatter.reformat(
        whole,
        format="yuv420p",
        dst_colorspace=BT709,
        src_color_range=_FULL,
        dst_color_range=_LIMITED,
        interpolation=_SCALING,
        threads=1,
    )
    frame.colorspace, frame.color_range = BT709, _LIMITED
    return frame
