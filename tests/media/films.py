"""Small films, made for the tests: pictures whose four corners are known, a tone, and whatever a phone adds."""

import io
import math
import struct
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw

CORNERS = (
    (200, 30, 30),
    (30, 180, 30),
    (40, 40, 220),
    (220, 220, 40),
)  # top left, top right, bottom right, bottom left
RATE = 30


def corners(size: tuple[int, int], _number: int = 0) -> Image.Image:
    """A picture of four colours, one in each quarter."""
    width, height = size
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    boxes = ((0, 0), (width // 2, 0), (width // 2, height // 2), (0, height // 2))
    for (left, top), colour in zip(boxes, CORNERS, strict=True):
        draw.rectangle((left, top, left + width // 2, top + height // 2), fill=colour)
    return image


def film(
    *,
    form: str = "mp4",
    codec: str = "libx264",
    size: tuple[int, int] = (160, 120),
    times: Iterable[Fraction] | None = None,
    picture: Callable[[tuple[int, int], int], Image.Image] = corners,
    options: Mapping[str, str] | None = None,
    kind: str = "yuv420p",
    colours: Mapping[str, int] | None = None,
    sounds: Iterable[bytes | None] = (None,),
    sound_codec: str = "aac",
    rotation: float | None = None,
    flipped: bool = False,
    metadata: Mapping[str, str] | None = None,
    more: Callable[[Any], None] | None = None,
) -> bytes:
    """A film of one second, or with a picture at each of `times`; `sounds` are tracks of `tone()`."""
    out = io.BytesIO()
    moments = [Fraction(number, RATE) for number in range(RATE)] if times is None else list(times)
    with av.open(out, "w", format=form) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=RATE, width=size[0], height=size[1], time_base=Fraction(1, 30_000))
        stream.codec_context.options = (
            {"preset": "ultrafast", **(options or {})} if "264" in codec else dict(options or {})
        )
        stream.pix_fmt = kind
        for key, value in (colours or {}).items():
            setattr(stream.codec_context, key, value)
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=flipped)
        tones = [(container.add_stream(sound_codec, rate=48_000), tone) for tone in sounds if tone is not None]
        if more:
            more(container)
        for number, moment in enumerate(moments):
            frame = VideoFrame.from_image(picture(size, number)).reformat(format=kind)
            frame.pts, frame.time_base = round(moment * 30_000), Fraction(1, 30_000)
            container.mux(stream.encode(frame))
        for track, tone in tones:
            for frame in blocks(tone):
                container.mux(track.encode(frame))
        for track in (stream, *(track for track, _ in tones)):
            container.mux(track.encode(None))
    return out.getvalue()


def tone(seconds: float = 1.0, *, begin: float = 0.0, pitch: float = 440.0) -> bytes:
    """A tone as 16-bit samples, silent until `begin`."""
    count = round(seconds * 48_000)
    values = (
        round(12_000 * math.sin(2 * math.pi * pitch * at / 48_000)) if at >= begin * 48_000 else 0
        for at in range(count)
    )
    return struct.pack(f"<{count}h", *values)


def blocks(samples: bytes) -> Iterable[AudioFrame]:
    """The blocks of 1,024 stereo samples that an encoder takes."""
    for at in range(0, len(samples) // 2, 1024):
        piece = samples[at * 2 : at * 2 + 2048].ljust(2048, b"\0")
        values = [value / 32_768 for value in struct.unpack("<1024h", piece)]
        frame = AudioFrame(format="fltp", layout="stereo", samples=1024)
        for plane in frame.planes:
            plane.update(struct.pack("<1024f", *values).ljust(plane.buffer_size, b"\0"))
        frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
        yield frame


def pictures(data: bytes) -> list[tuple[float, Image.Image]]:
    """When each picture of a film is shown, in seconds, and the picture."""
    with av.open(io.BytesIO(data)) as container:
        return [(float(frame.pts * frame.time_base), frame.to_image()) for frame in container.decode(video=0)]


def loudness(data: bytes, *, part: float = 0.01) -> list[float]:
    """How loud a film is in each hundredth of a second, 0 to 1."""
    values: list[float] = []
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(audio=0):
            begin = round(frame.pts * frame.time_base * 48_000)
            values.extend([0.0] * (begin - len(values)))
            values.extend(struct.unpack(f"<{frame.samples}f", bytes(frame.planes[0])[: frame.samples * 4]))
    step = round(part * 48_000)
    return [max(map(abs, values[at : at + step])) for at in range(0, len(values), step)]
