"""What a mosaic of 400 photos costs, and looking for faces in one photo and in one frame of a film."""

import io
import statistics
import time
from collections.abc import Callable, Iterator

from PIL import Image

from media import collage, faces
from media.order import Card
from tests.media import drawn_faces

PHOTOS = 400
DIFFERENT = 12  # files; decoding doesn't get quicker by having seen the same bytes before
SIZES = ((1600, 1200), (4000, 3000))
CARD = Card(
    message="We stand with the women of Afghanistan.", hashtags=("UniteForAfghanistan",), brand="Your organisation"
)


def measure() -> Iterator[str]:
    """Yield how long a mosaic takes for photos of two sizes, and faces in a photo and a frame."""
    for size in SIZES:
        kinds = [_photo(seed, size) for seed in range(DIFFERENT)]
        photos = [kinds[at % DIFFERENT] for at in range(PHOTOS)]
        start, cpu = time.perf_counter(), time.process_time()
        made = collage.render(photos, CARD)
        wall, spent = time.perf_counter() - start, time.process_time() - cpu
        mean = statistics.mean(map(len, kinds)) / 1e6
        yield (
            f"mosaic of {PHOTOS} photos of {size[0]}x{size[1]} ({mean:.1f} MB each): {wall:.1f} s, "
            f"{spent:.1f} s of processor time, {len(made.data) / 1e3:.0f} kB"
        )
    scene = drawn_faces.group([drawn_faces.anyone(seed) for seed in range(12)], (4000, 3000), rows=2)
    frame = scene.image.resize((1920, 1080))
    ways: tuple[tuple[str, Callable[[], object]], ...] = (
        ("faces in a photo of 12 megapixels", lambda: faces.find(scene.image)),
        ("faces in a frame of 1080p, quick", lambda: faces.find(frame, quick=True)),
        ("12 faces covered in a photo of 12 megapixels", lambda: faces.cover(scene.image, scene.faces)),
        ("12 faces covered in a frame of 1080p", lambda: faces.cover(frame, scene.faces)),
    )
    for what, work in ways:
        yield f"{what}: {_median(work):.0f} ms"


def _photo(seed: int, size: tuple[int, int]) -> bytes:
    """Return a photo with as much grain as a telephone's."""
    image = drawn_faces.photo(seed, size).image
    grain = Image.effect_noise(size, 14).convert("RGB")
    out = io.BytesIO()
    Image.blend(image, grain, 0.25).save(out, "JPEG", quality=90)
    return out.getvalue()


def _median(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(7):
        start = time.process_time()
        work()
        taken.append((time.process_time() - start) * 1000)
    return statistics.median(taken)
