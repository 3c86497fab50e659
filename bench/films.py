"""What it costs to clean a film, beside PyAV's bare transcode of the same file; its poster; a short film of a card."""

import io
import math
import statistics
import struct
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw

from media import clip, video
from media.film.poster import Poster
from media.order import Card

SECONDS, RATE = 20, 30
WIDTH, HEIGHT = 1920, 1080
_TURNS = 3
_HUM = struct.pack("<1024f", *(0.3 * math.sin(2 * math.pi * 9 * at / 1024) for at in range(1024)))


def measure() -> Iterator[str]:
    """Yield the time of a clean beside a bare transcode of a 20 s 1080p clip, run by turns, and of the poster."""
    source = film()
    bare, clean = [], []
    for _ in range(_TURNS):
        bare.append(_taken(lambda: transcode(source)))
        clean.append(_taken(lambda: video.clean(io.BytesIO(source))))
    (wall, cpu), (bare_wall, bare_cpu) = _medians(clean), _medians(bare)
    yield (
        f"a {SECONDS} s 1080p clip of {len(source) / 1e6:.0f} MB cleaned: {wall:.1f} s, "
        f"{wall / bare_wall:.2f} x a bare veryfast transcode ({bare_wall:.1f} s); "
        f"processor {cpu:.1f} s, {cpu / bare_cpu:.2f} x"
    )
    frames = _early(source)
    yield f"its poster: {statistics.median(_taken(lambda: _poster(frames))[0] for _ in range(5)) * 1000:.0f} ms"
    card = Card(message="We stand with the women of Afghanistan. Their rights are not negotiable.", hashtags=("Unite",))
    made = clip.render(card, size=(1080, 1920))
    taken, _ = _taken(lambda: clip.render(card, size=(1080, 1920)))
    yield f"a {clip.reading(card):g} s film of a card, 1080 x 1920: {taken:.1f} s, {len(made.data) / 1e6:.1f} MB"


def film(seconds: float = SECONDS, size: tuple[int, int] = (WIDTH, HEIGHT)) -> bytes:
    """Return a clip as a phone would make it: a textured scene, the camera moving, noise, and a tone."""
    out = io.BytesIO()
    width, height = size
    scene = (
        Image.effect_noise((width * 2, height * 2), 60)
        .resize((width // 8, height // 8))
        .resize((width * 3 // 2, height * 3 // 2))
    )
    noise = [Image.effect_noise(size, 20) for _ in range(4)]
    with av.open(out, "w", format="mp4") as container:
        pictures = container.add_stream("libx264", rate=RATE, width=width, height=height)
        pictures.codec_context.options = {"preset": "ultrafast", "crf": "24"}
        sound = container.add_stream("aac", rate=48_000)
        for number in range(round(seconds * RATE)):
            left = number * (width // 2) // round(seconds * RATE)
            image = scene.crop((left, left // 2, left + width, left // 2 + height))
            image = Image.blend(image, noise[number % 4], 0.2).convert("RGB")
            ImageDraw.Draw(image).ellipse((left, height // 3, left + height // 3, height * 2 // 3), fill=(220, 60, 70))
            container.mux(pictures.encode(VideoFrame.from_image(image)))
        for block in range(round(seconds * 48_000 / 1024)):
            frame = AudioFrame(format="fltp", layout="stereo", samples=1024)
            frame.sample_rate, frame.pts, frame.time_base = 48_000, block * 1024, Fraction(1, 48_000)
            for plane in frame.planes:
                plane.update(_HUM)
            container.mux(sound.encode(frame))
        for stream in (pictures, sound):
            container.mux(stream.encode(None))
    return out.getvalue()


def transcode(data: bytes) -> bytes:
    """Return what PyAV makes of a clip with nothing around it, on as many threads as `media.video`."""
    out = io.BytesIO()
    with av.open(io.BytesIO(data)) as source, av.open(out, "w", format="mp4") as target:
        seen, heard = source.streams.video[0], source.streams.audio[0]
        seen.thread_type, seen.thread_count = "AUTO", 2
        pictures = target.add_stream("libx264", rate=RATE, width=seen.width, height=seen.height)
        pictures.codec_context.options = {"preset": "veryfast", "threads": "2"}
        sound = target.add_stream("aac", rate=48_000)
        for packet in source.demux(seen, heard):
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    frame.pict_type = 0
                    target.mux(pictures.encode(frame))
                else:
                    target.mux(sound.encode(frame))
        for stream in (pictures, sound):
            target.mux(stream.encode(None))
    return out.getvalue()


def _early(data: bytes) -> list[VideoFrame]:
    with av.open(io.BytesIO(data)) as source:
        return [frame for frame, _ in zip(source.decode(video=0), range(70), strict=False)]


def _poster(frames: list[VideoFrame]) -> bytes:
    poster = Poster()
    for number, frame in enumerate(frames):
        poster.offer(frame, number * 3000)
    return poster.jpeg()


def _taken(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _medians(taken: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(one[0] for one in taken), statistics.median(one[1] for one in taken)
