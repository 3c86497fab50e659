"""An MP4 made of pictures and sound: H.264 and AAC, index first, nothing in it that tells where it comes from."""

import io
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import TypeVar

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.codec.context import Flags
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media.errors import TooManyBytes, VideoTooLarge
from media.film.verify import index_first

T = TypeVar("T")
CLOCK = 90_000  # ticks a second
SAMPLES = 48_000  # a second
BLOCK = 1024  # samples of one AAC frame
_SOUND_BITS = 128_000  # a second
_MOST_BITS = 20_000_000  # a second, of pictures; Instagram and X take 25 million
_LEAST_BITS = 150_000
_THREADS = 2  # fixed: x264's result depends on their number
_LONG = 250_000_000  # pixels in all: from about four seconds of 1080p on a second thread is worth its price
_BT709, _LIMITED = 1, 1


class Overflow(Exception):  # noqa: N818
    """At this quality the film takes more bytes than it may: it must be written again, within bounds."""


def within_bounds(write: Callable[[bool], T]) -> T:
    """Return what `write` makes freely, or within bounds where that is too large.

    x264 keeps to a rate the same way every time on one thread only: with more, how far the others are decides (1 film
    of 25 came out different, measured). So bounds are for the few films that need them.
    """
    with suppress(Overflow):
        return write(False)
    return write(True)  # outside, so that the first film is let go of


class Writer:
    """One film being written in memory. It raises Overflow as soon as a film that isn't bounded grows too large."""

    def __init__(
        self,
        size: tuple[int, int],
        *,
        rate: Fraction,
        seconds: float,
        max_bytes: int,
        sound: bool,
        bounded: bool,
        crf: int = 23,
        preset: str = "veryfast",
    ) -> None:
        self._max_bytes = max_bytes
        bits = _bits(max_bytes, seconds, sound=sound)
        self._room = None if bounded else bits * (seconds + 1) / 8
        self._step = round(CLOCK / rate)
        self._file = io.BytesIO()
        self._container = av.open(
            self._file, "w", format="mp4", container_options={"fflags": "+bitexact"}, io_open=_no_other_file
        )
        self._pictures = self._container.add_stream(
            "libx264", rate=rate, width=size[0], height=size[1], time_base=Fraction(1, CLOCK)
        )
        self._pictures.codec_context.options = {
            "preset": preset,
            "crf": str(crf),
            **_x264(rate, bits if bounded else None, _threads(size, rate * Fraction(seconds), preset)),
        }
        context = self._pictures.codec_context
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        self._sound = self._sound_track() if sound else None
        for stream in self._container.streams:
            stream.codec_context.flags |= Flags.bitexact
        self._container.start_encoding()
        # x264 signs its work with its name and settings in a message of its own (SEI, type 6).
        self._unsigned = BitStreamFilterContext("filter_units=remove_types=6", in_stream=self._pictures)

    def _sound_track(self) -> AudioStream:
        stream = self._container.add_stream("aac", rate=SAMPLES, bit_rate=_SOUND_BITS)
        stream.codec_context.layout = "stereo"
        return stream

    def picture(self, frame: VideoFrame, when: int) -> None:
        """Add a picture (yuv420p, the film's size) shown `when` ticks after the beginning."""
        frame.pts, frame.time_base = when, Fraction(1, CLOCK)
        frame.pict_type = 0  # the foreign film's own choice of key frames is not ours
        try:
            packets = self._pictures.encode(frame)
        except FFmpegError as error:  # the pictures are ours: what x264 lacks is memory
            raise VideoTooLarge from error
        self._put(packets)

    def sound(self, frame: AudioFrame) -> None:
        """Add sound: 48 kHz, stereo, floating point, at most `BLOCK` samples."""
        if self._sound is not None:
            self._container.mux(self._sound.encode(frame))

    def finish(self) -> bytes:
        """Return the film.

        Raises:
            TooManyBytes: it can't be made as small as asked.
        """
        self._put(self._pictures.encode(None))
        if self._sound is not None:
            self._container.mux(self._sound.encode(None))
        self._container.close()
        data = index_first(self._file.getbuffer())
        if len(data) > self._max_bytes:
            raise TooManyBytes(
                f"the film takes {len(data):,} bytes at the least, and {self._max_bytes:,} are allowed: cut it shorter"
            )
        return data

    def _put(self, packets: "list[Packet[VideoStream]]") -> None:
        for packet in packets:
            for unsigned in self._unsigned.filter(packet):
                if self._room is not None:
                    self._room -= unsigned.size
                    if self._room < 0:
                        raise Overflow
                unsigned.stream = self._pictures
                unsigned.duration = self._step
                self._container.mux(unsigned)


def _threads(size: tuple[int, int], pictures: Fraction, preset: str) -> int:
    """Return how many threads write a film: one gives the same bytes always, two once in a while give others."""
    return _THREADS if preset == "veryfast" and size[0] * size[1] * pictures > _LONG else 1


def _x264(rate: Fraction, bits: int | None, threads: int) -> dict[str, str]:
    bounds = {"threads": str(threads)} if bits is None else {"threads": "1", "maxrate": str(bits), "bufsize": str(bits)}
    return {
        **bounds,
        "profile": "high",
        "g": str(max(round(rate * 2), 1)),
        "x264-params": "cpu-independent=1",  # the same bytes whatever the processor can do
        "rc-lookahead": "6",  # of 10: saves 30 MB of a 1080p film's memory
        "a53cc": "0",  # no captions carried over
    }


def _bits(max_bytes: int, seconds: float, *, sound: bool) -> int:
    """Return how many bits a second the pictures may take: the whole, less sound, tables and one second in reserve."""
    whole = max_bytes * 8 * 0.97 / (seconds + 1)
    return int(min(max(whole - (_SOUND_BITS * 1.1 if sound else 0), _LEAST_BITS), _MOST_BITS))


def _no_other_file(url: str, flags: int, options: object) -> object:  # noqa: ARG001
    raise PermissionError("a film is written in memory")
