"""A film that somebody handed in, looked at before anything decodes it: what it is, how much of it, what else is in it.

The container is known by its own first bytes and then forced; ffmpeg never guesses, so that a playlist or a list of
other files named .mp4 is nothing to it.
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import av
import av.subtitles.stream  # PyAV loads it late, when the sandbox opens no file any more
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from media.errors import NotAVideo, VideoTooLarge, VideoTooLong
from media.film.input import recognise

MOST_BYTES = 300_000_000
MOST_SECONDS = 600
MOST_PIXELS = 9_000_000  # of a frame: 3840 x 2160 and a little
LEAST_SIDE = 32
SLOWED = 30  # pictures a second that are kept of a faster film
_FASTEST = 61
_MOST_TRACKS = 16
_MOST_FRAMES = 150_000  # ten minutes at 240 a second
# A still slide with a voice, 1080p at 30 a second, is packed into some 10,000 pixels a byte; a bomb into far more.
_FREE_PIXELS = 2_000_000_000
_PIXELS_A_BYTE = 16_000
_DECODERS = (
    "h264,hevc,vp8,vp9,av1,libdav1d,mpeg4,h263,mjpeg,prores,"
    "aac,alac,mp3float,mp3,opus,libopus,vorbis,flac,amrnb,amrwb,libopencore_amrnb,ac3,eac3,"
    "pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_u8"
)
_OPTIONS = {"codec_whitelist": _DECODERS, "max_pixels": str(MOST_PIXELS), "probesize": "5000000"}


@dataclass(frozen=True, kw_only=True)
class Film:
    """What is known of a film before it is decoded.

    Attributes:
        source: the file.
        form: the demuxer's name.
        frames: how many pictures the track holds.
        start: when the first is shown, in seconds of the file's clock.
        seconds: how long the track lasts.
        rate: pictures a second, on average.
        sound: whether there is a sound track.
        removed: what is in the file beside first picture and first sound track, in plain words.
    """

    source: BinaryIO
    form: str
    frames: int
    start: Fraction
    seconds: float
    rate: Fraction
    sound: bool
    removed: tuple[str, ...]

    @property
    def fast(self) -> bool:
        """Whether it has more pictures a second than networks take."""
        return self.rate > _FASTEST

    @property
    def kept_rate(self) -> Fraction:
        """How many pictures a second the cleaned film has, on average."""
        return Fraction(SLOWED) if self.fast else self.rate

    def open(self) -> InputContainer:
        """Open the file from its beginning."""
        return _open(self.source, self.form)


def look(source: BinaryIO) -> Film:
    """Look at a film in a seekable file, within the budgets above.

    Raises:
        NotAVideo: it isn't MP4, MOV or WebM, or has no track of pictures we can read.
        VideoTooLarge: it is over a budget.
        VideoTooLong: it lasts longer than `MOST_SECONDS`.
        DamagedVideo: it is cut off.
    """
    size = source.seek(0, io.SEEK_END)
    if size > MOST_BYTES:
        raise VideoTooLarge(f"the film takes {size:,} bytes, and {MOST_BYTES:,} are allowed: save it smaller")
    form, found = recognise(source, size)
    with _open(source, form) as container:
        if len(container.streams) > _MOST_TRACKS:
            raise VideoTooLarge(f"the film has {len(container.streams)} tracks, and {_MOST_TRACKS} are allowed")
        stream = picture_track(container)
        if max(container.duration or 0, 0) > MOST_SECONDS * 1_000_000:
            raise VideoTooLong
        _require_frame(stream)
        sound = sound_track(container) is not None
        found |= _extras(container)
        return _surveyed(source, form, container, stream, size, sound=sound, removed=tuple(sorted(found)))


def picture_track(container: InputContainer) -> VideoStream:
    """Return the first track of moving pictures that players show: others may hide what was cut; a cover is none."""
    for stream in sorted(container.streams.video, key=lambda one: not one.disposition & Disposition.default):
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None or stream.codec_context.name not in _DECODERS.split(","):
                raise NotAVideo("the film's pictures are coded in a form we don't read: save it as an MP4 (H.264)")
            return stream
    raise NotAVideo("there are no moving pictures in this file: choose a film")


def sound_track(container: InputContainer) -> AudioStream | None:
    """Return the first track of sound that players play: another may hold a voice that was replaced. None: silent."""
    for stream in sorted(container.streams.audio, key=lambda one: not one.disposition & Disposition.default):
        if stream.codec_context is None or stream.codec_context.name not in _DECODERS.split(","):
            raise NotAVideo("the film's sound is coded in a form we don't read: save it as an MP4 (AAC)")
        return stream
    return None


def _open(source: BinaryIO, form: str) -> InputContainer:
    def no_other_file(url: str, flags: int, options: object) -> object:  # noqa: ARG001
        raise PermissionError("a film may not name other files")

    source.seek(0)
    return av.open(source, "r", format=form, options=_OPTIONS, metadata_errors="replace", io_open=no_other_file)


def _require_frame(stream: VideoStream) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MOST_PIXELS:
        raise VideoTooLarge(f"the film has {width} x {height} pixels: save it at most 1920 wide")
    if not width or not height:
        raise NotAVideo("the film doesn't say how large its pictures are: save it as an MP4 (H.264) of 1920 pixels")
    if min(width, height) < LEAST_SIDE:
        raise NotAVideo(f"the film has {width} x {height} pixels, too few to see anything: choose another")


def _surveyed(
    source: BinaryIO,
    form: str,
    container: InputContainer,
    stream: VideoStream,
    size: int,
    *,
    sound: bool,
    removed: tuple[str, ...],
) -> Film:
    """Count the packets of the picture track: what a header says of itself may be a lie."""
    base = stream.time_base or Fraction(1, 1000)
    work = stream.codec_context.width * stream.codec_context.height
    frames, first, last, step = 0, None, 0, 0
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        if _see_through(packet):
            raise NotAVideo("the film has see-through parts: save it without transparency, as an MP4")
        when = _when(packet)
        if packet.is_discard or when is None:
            continue
        frames += 1
        if frames > _MOST_FRAMES or frames * work > _FREE_PIXELS + _PIXELS_A_BYTE * size:
            raise VideoTooLarge("the film has more pictures than a file of its size is worth: save it as an MP4 anew")
        first = when if first is None else min(first, when)
        last, step = max(last, when), packet.duration or step
    if first is None:
        raise NotAVideo("there is no picture in this film: choose another")
    seconds = float((last - first + step) * base)
    if seconds > MOST_SECONDS:
        raise VideoTooLong
    rate = Fraction(frames) / max((last - first + step) * base, Fraction(1, 1000))
    return Film(
        source=source,
        form=form,
        frames=frames,
        start=first * base,
        seconds=seconds,
        rate=min(max(rate, Fraction(1)), Fraction(1000)).limit_denominator(1001),
        sound=sound,
        removed=removed,
    )


def _when(packet: "Packet[VideoStream]") -> int | None:
    return packet.pts if packet.pts is not None else packet.dts


def _see_through(packet: "Packet[VideoStream]") -> bool:
    """Tell whether a WebM's block carries a mask (RFC 9559: BlockAddID 1): what it hides would come to light."""
    if not packet.has_sidedata("matroska_block_additional"):
        return False
    return bytes(packet.get_sidedata("matroska_block_additional"))[:8] == (1).to_bytes(8)


_TAGS = {
    "GPS position": ("location", "gps", "©xyz"),
    "device make and model": ("make", "model", "device", "android", "camera", "manufacturer"),
    "name of the program": ("encoder", "software", "writing"),
    "creation time": ("creation_time", "date", "datetimeoriginal"),
}
_PLAIN = frozenset(
    {
        "major_brand",
        "minor_version",
        "compatible_brands",
        "language",
        "handler_name",
        "vendor_id",
        "duration",
    }
)


def _extras(container: InputContainer) -> set[str]:
    """Return what else is in the file, in plain words."""
    found = set()
    for table in (container.metadata, *(stream.metadata for stream in container.streams)):
        for key in table:
            found |= _named(key.lower())
    if container.chapters():
        found.add("chapters")
    sounds = pictures = 0
    for stream in container.streams:
        if stream.type == "subtitle":
            found.add("subtitles")
        elif stream.type == "audio":
            sounds += 1
        elif stream.type == "video" and stream.disposition & Disposition.attached_pic:
            found.add("cover art")
        elif stream.type == "video":
            pictures += 1
        else:
            found.add("attached files" if stream.type == "attachment" else "data tracks")
    found |= {"other audio tracks"} if sounds > 1 else set()
    return found | ({"other picture tracks"} if pictures > 1 else set())


def _named(key: str) -> set[str]:
    found = {word for word, parts in _TAGS.items() if any(part in key for part in parts)}
    if found or key in _PLAIN:
        return found
    return {"title and tags"}
