"""The harmless pictures and films that hostile ones are made from, and whether a clean one looks like its original."""

import functools
import io
import math
import struct
from fractions import Fraction

import av
import pillow_heif
from PIL import Image, ImageChops, ImageDraw, ImageStat

from tests.hostile.pieces import box, boxes, edited

pillow_heif.register_heif_opener()
SIDE = (96, 64)
RATE = 12


@functools.cache
def picture(size: tuple[int, int] = SIDE) -> Image.Image:
    """A picture that looks different upside down and mirrored, with colour and grey."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(image)
    wide, high = size
    draw.rectangle((0, 0, wide // 3, high // 2), fill="#c03020")
    draw.rectangle((wide // 2, high // 2, wide, high), fill="#2040b0")
    draw.ellipse((wide // 2, 2, wide * 3 // 4, high // 2), fill="#f0e0a0")
    return image


@functools.cache
def saved(kind: str, **options: object) -> bytes:
    """The bytes of `picture()` as a file of `kind`: JPEG, PNG, WEBP, GIF, TIFF, AVIF or HEIF."""
    return written(picture(), kind, **options)


def written(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of `image` as a file of `kind`."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@functools.cache
def film(
    *,
    kind: str = "mp4",
    codec: str = "libx264",
    sound: str = "aac",
    frames: int = 18,
    size: tuple[int, int] = SIDE,
    rate: int = RATE,
    quiet: bool = False,
) -> bytes:
    """A film of a second and a half: a square wanders over `picture()`, with a tone. `quiet`: no names of programs."""
    images = tuple(_wandered(at / max(1, frames), size) for at in range(frames))
    return of(images, kind=kind, codec=codec, sound=sound, rate=rate, quiet=quiet)


def _wandered(way: float, size: tuple[int, int]) -> Image.Image:
    image = picture(size).copy()
    left = int(way * (size[0] - 12))
    image.paste("#30c060", (left, size[1] // 2, left + 12, size[1] // 2 + 12))
    return image


def of(
    images: tuple[Image.Image, ...],
    *,
    kind: str = "mp4",
    codec: str = "libx264",
    sound: str = "",
    rate: int = RATE,
    quiet: bool = True,
) -> bytes:
    """A film of `images`, one after the other."""
    out = io.BytesIO()
    options = {"fflags": "+bitexact"} if quiet else {}
    with av.open(out, "w", format=kind, options=options) as file:
        video = file.add_stream(codec, rate=rate, options={"threads": "1"})
        video.width, video.height, video.pix_fmt = *images[0].size, "yuv420p"
        audio = file.add_stream(sound, rate=48_000) if sound else None
        if quiet:
            for stream in filter(None, (video, audio)):
                stream.codec_context.flags |= av.codec.context.Flags.bitexact
        packets = _seen(video, images)
        if quiet and codec == "libx264":  # its settings stand in an SEI of every film it makes
            strip = av.BitStreamFilterContext("filter_units=remove_types=6", video)
            packets = [kept for packet in packets for kept in strip.filter(packet)]
        for packet in [*packets, *(_heard(audio, len(images) / rate) if audio else ())]:
            file.mux(packet)
    return edited(out.getvalue(), (b"moov",), _without_udta) if quiet else out.getvalue()


def _without_udta(moov: bytes) -> bytes:
    return b"".join(box(kind, payload) for kind, payload in boxes(moov) if kind != b"udta")


def _seen(stream: av.VideoStream, images: tuple[Image.Image, ...]) -> list[av.Packet]:
    packets = [packet for image in images for packet in stream.encode(av.VideoFrame.from_image(image))]
    return [*packets, *stream.encode(None)]


def _heard(stream: av.AudioStream, seconds: float) -> list[av.Packet]:
    packets = []
    for block in range(int(seconds * 48_000) // 1024):
        frame = av.AudioFrame(format="flt", layout="stereo", samples=1024)
        frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), block * 1024
        tone = [math.sin((block * 1024 + at) / 17) / 8 for at in range(1024)]
        frame.planes[0].update(struct.pack("<2048f", *(value for value in tone for _ in range(2))))
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]


def opened(data: bytes) -> Image.Image:
    """The picture in `data`, as RGB; a film's first frame."""
    if (data[4:8] == b"ftyp" and data[8:12] not in {b"avif", b"heic", b"mif1"}) or data[:4] == b"\x1aE\xdf\xa3":
        with av.open(io.BytesIO(data)) as file:
            return next(file.decode(video=0)).to_image()
    return Image.open(io.BytesIO(data)).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """How unlike two pictures are, both made small: 0 is alike, 255 black against white."""
    pair = [image.convert("RGB").resize((24, 16), Image.Resampling.BOX) for image in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*pair)).mean) / 3
