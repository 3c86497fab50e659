"""People drawn for the tests: no photo of anyone is needed, and a detector takes the drawn faces for real ones.

Every feature is an ellipse or a stroke with soft shading, drawn large and scaled down. Faces drawn from the same
seed are the same everywhere; what holds for them is a hint, not a proof, of what holds for people.
"""

import functools
import random
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from media.order import Region

Colour = tuple[int, int, int]
TONES: tuple[Colour, ...] = (
    (246, 214, 190), (233, 190, 158), (214, 165, 130), (190, 138, 102), (158, 108, 76), (122, 80, 54),
    (92, 58, 40), (66, 42, 30),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = ((28, 22, 20), (58, 38, 26), (98, 66, 40), (150, 120, 80), (150, 148, 146))
CLOTHES: tuple[Colour, ...] = (
    (52, 84, 120), (130, 44, 52), (60, 100, 76), (196, 160, 90), (88, 70, 110), (210, 206, 198), (40, 44, 56),
)  # fmt: skip
SIDE = 480  # of a head and its shoulders, in pixels, before it is scaled


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a drawn person looks like; `tilt` in degrees, `smile` -1 to 1, `turn` of the nose to a side, -1 to 1."""

    tone: Colour = TONES[1]
    hair: Colour = HAIRS[1]
    cloth: Colour = CLOTHES[0]
    style: str = "short"  # short, long, bald, scarf
    glasses: bool = False
    beard: bool = False
    smile: float = 0.5
    turn: float = 0.0
    tilt: float = 0.0
    long: float = 1.0  # the face's height beside the usual


def anyone(seed: int) -> Look:
    """Return a person of any tone, hair and mood; eight seeds in a row have eight tones."""
    pick = random.Random(seed)
    tone = seed * 3 % len(TONES)
    style = pick.choice(("short", "long", "scarf", "short", "long", "bald"))
    return Look(
        tone=TONES[tone],
        hair=pick.choice(HAIRS if tone < 3 else HAIRS[:2] + HAIRS[-1:]),
        cloth=pick.choice(CLOTHES),
        style=style,
        glasses=pick.random() < 0.2,
        beard=style in ("short", "bald") and pick.random() < 0.4,
        smile=pick.uniform(-0.2, 1),
        turn=pick.uniform(-0.4, 0.4),
        tilt=pick.uniform(-10, 10),
        long=pick.uniform(0.92, 1.1),
    )


def _mix(colour: Colour, other: Colour, part: float) -> Colour:
    return tuple(round(a + (b - a) * part) for a, b in zip(colour, other, strict=True))  # type: ignore[return-value]


class _Person:
    """One head being drawn, in the middle of a square of SIDE pixels."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.image = Image.new("RGBA", (SIDE, SIDE))
        self.inside: Image.Image | None = None  # where paint stays, if not everywhere
        self.dark = _mix(look.tone, (40, 16, 12), 0.45)
        self.x, self.y = SIDE / 2, SIDE * 0.42
        self.wide, self.high = SIDE * 0.175, SIDE * 0.235 * look.long

    def spot(self, box: tuple[float, float, float, float], colour: Colour, *, soft: float = 0, part: float = 1) -> None:
        """Paint an ellipse, its edge `soft` pixels wide, covering by `part`."""
        mask, left, top = self.patch(box, soft)
        shape = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
        ImageDraw.Draw(mask).ellipse(shape, fill=round(255 * part))
        self.lay(mask.filter(ImageFilter.GaussianBlur(max(soft, 0.8))), colour, (left, top))

    def patch(self, box: tuple[float, float, float, float], soft: float) -> tuple[Image.Image, int, int]:
        """Return an empty mask for a box and the softness around it, and where it begins: all else stays as it is."""
        out = 3 * max(soft, 0.8) + 3
        left, top = max(int(box[0] - out), 0), max(int(box[1] - out), 0)
        right, bottom = min(int(box[2] + out), SIDE), min(int(box[3] + out), SIDE)
        return Image.new("L", (max(right - left, 1), max(bottom - top, 1))), left, top

    def lay(self, mask: Image.Image, colour: Colour, at: tuple[int, int] = (0, 0)) -> None:
        """Paint a colour through a mask."""
        if self.inside:
            mask = ImageChops.multiply(mask, self.inside.crop((*at, at[0] + mask.width, at[1] + mask.height)))
        self.image.alpha_composite(Image.merge("RGBA", [*Image.new("RGB", mask.size, colour).split(), mask]), at)

    def around(self, x: float, y: float, wide: float, high: float) -> tuple[float, float, float, float]:
        """Return a box around a point given in halves of the face's width and height."""
        cx, cy = self.x + x * self.wide, self.y + y * self.high
        return cx - wide * self.wide, cy - high * self.high, cx + wide * self.wide, cy + high * self.high

    def stroke(self, points: list[tuple[float, float]], colour: Colour, width: float, *, soft: float = 1) -> None:
        """Draw a curve through points given in halves of the face's width and height."""
        at = [(self.x + x * self.wide, self.y + y * self.high) for x, y in points]
        thick = width * self.wide
        xs, ys = zip(*at, strict=True)
        mask, left, top = self.patch((min(xs) - thick, min(ys) - thick, max(xs) + thick, max(ys) + thick), soft)
        ImageDraw.Draw(mask).line([(x - left, y - top) for x, y in at], fill=255, width=round(thick), joint="curve")
        self.lay(mask.filter(ImageFilter.GaussianBlur(soft)), colour, (left, top))

    def draw(self) -> Image.Image:
        """Return the person, tilted."""
        tilt, neck = self.look.tilt, (self.x, self.y + self.high)
        self.behind()
        behind = self.image.rotate(tilt, Image.Resampling.BICUBIC, center=neck)
        self.image = Image.new("RGBA", (SIDE, SIDE))
        self.body()
        body, self.image = self.image, Image.new("RGBA", (SIDE, SIDE))
        self.skin()
        for side in (-1, 1):
            self.eye(side)
        self.nose()
        self.mouth()
        self.front()
        behind.alpha_composite(body)
        behind.alpha_composite(self.image.rotate(tilt, Image.Resampling.BICUBIC, center=neck))
        return behind

    def behind(self) -> None:
        """Draw the hair behind the head."""
        if self.look.style == "long":
            self.spot(self.around(0, 0.25, 1.42, 1.55), self.look.hair, soft=3)

    def body(self) -> None:
        """Draw neck and shoulders."""
        look = self.look
        self.spot((SIDE * 0.08, SIDE * 0.76, SIDE * 0.92, SIDE * 1.5), look.cloth, soft=2)
        neck = (self.x - 0.5 * self.wide, self.y + 0.5 * self.high, self.x + 0.5 * self.wide, self.y + 1.62 * self.high)
        self.spot(neck, _mix(look.tone, self.dark, 0.35), soft=3)
        if look.style == "scarf":
            mask = Image.new("L", (SIDE, SIDE))
            sides = [(self.x + at * self.wide, self.y + 0.5 * self.high) for at in (-1.1, 1.1)]
            ImageDraw.Draw(mask).polygon([*sides, (SIDE * 0.78, SIDE), (SIDE * 0.22, SIDE)], fill=255)
            self.lay(mask.filter(ImageFilter.GaussianBlur(5)), look.cloth)

    def skin(self) -> None:
        """Draw the face, lit from above, darker towards its edges."""
        look = self.look
        for side in (-1, 1):
            self.spot(self.around(1.0 * side, 0.02, 0.16, 0.24), _mix(look.tone, self.dark, 0.25), soft=1.5)
        if look.style in ("short", "long"):
            self.spot(self.around(0, -0.35, 1.14, 0.92), look.hair, soft=2)
        self.spot(self.around(0, 0, 1, 1), self.dark, soft=1.5)
        self.inside = Image.new("L", (SIDE, SIDE))
        ImageDraw.Draw(self.inside).ellipse(self.around(0, 0, 1, 1), fill=255)
        self.spot(self.around(0, -0.02, 0.95, 0.97), _mix(look.tone, self.dark, 0.35), soft=5)
        self.spot(self.around(0.05 * look.turn, -0.05, 0.82, 0.88), look.tone, soft=16)
        light = _mix(look.tone, (255, 246, 236), 0.35)
        self.spot(self.around(0.1 * look.turn, -0.55, 0.5, 0.2), light, soft=14, part=0.6)
        for side in (-1, 1):
            self.spot(self.around(0.5 * side, 0.22, 0.24, 0.18), light, soft=10, part=0.5)
            self.spot(self.around(0.78 * side, 0.55, 0.2, 0.35), self.dark, soft=14, part=0.35)
        self.inside = None

    def eye(self, side: int) -> None:
        """Draw an eye in its hollow, and its brow."""
        look, x = self.look, 0.42 * side + 0.12 * self.look.turn
        brow = _mix(look.hair if look.style != "bald" else HAIRS[1], look.tone, 0.15)
        self.spot(self.around(x, -0.16, 0.3, 0.14), self.dark, soft=8, part=0.55)
        self.spot(self.around(x, -0.14, 0.21, 0.075), (236, 230, 224), soft=1.5)
        self.spot(self.around(x + 0.03 * look.turn, -0.14, 0.1, 0.08), (44, 30, 24), soft=1.2)
        self.spot(self.around(x + 0.03 + 0.03 * look.turn, -0.165, 0.025, 0.018), (250, 250, 250), soft=0.8)
        lid = [(x - 0.23, -0.12), (x - 0.12, -0.205), (x + 0.02, -0.225), (x + 0.14, -0.2), (x + 0.23, -0.12)]
        self.stroke(lid, (34, 20, 18), 0.05, soft=1.2)
        self.stroke([(px, 2 * -0.14 - py + 0.005) for px, py in lid], self.dark, 0.03, soft=2)
        arch = [(x - 0.27 * side, -0.33), (x - 0.05 * side, -0.4), (x + 0.13 * side, -0.4), (x + 0.29 * side, -0.33)]
        self.stroke(arch, brow, 0.09, soft=2)
        if look.glasses:
            ring = Image.new("L", (SIDE, SIDE))
            ImageDraw.Draw(ring).ellipse(self.around(x, -0.13, 0.31, 0.21), outline=255, width=4)
            self.lay(ring.filter(ImageFilter.GaussianBlur(0.8)), (30, 30, 36))
            self.stroke([(x + 0.3 * side, -0.16), (1.0 * side, -0.2)], (30, 30, 36), 0.04)

    def nose(self) -> None:
        """Draw the nose: a light ridge, a shadow beside and under it, two nostrils."""
        look, shift = self.look, 0.2 * self.look.turn
        light = _mix(look.tone, (255, 246, 236), 0.4)
        self.stroke([(0.1 * look.turn, -0.2), (shift, 0.2)], light, 0.12, soft=6)
        side = -1 if look.turn > 0 else 1
        self.stroke([(0.13 * side, -0.1), (0.15 * side + shift, 0.22)], self.dark, 0.07, soft=6)
        self.spot(self.around(shift, 0.26, 0.2, 0.1), _mix(look.tone, light, 0.5), soft=5)
        self.spot(self.around(shift, 0.345, 0.2, 0.05), self.dark, soft=4, part=0.8)
        for at in (-1, 1):
            self.spot(self.around(0.1 * at + shift, 0.315, 0.06, 0.03), _mix(self.dark, (20, 8, 8), 0.6), soft=2)
        if look.glasses:
            self.stroke([(-0.12 + 0.12 * look.turn, -0.15), (0.12 + 0.12 * look.turn, -0.15)], (30, 30, 36), 0.04)

    def mouth(self) -> None:
        """Draw the lips, open on teeth in a broad smile, and the chin's shadow."""
        look, shift = self.look, 0.1 * self.look.turn
        lips = _mix(_mix(look.tone, (176, 62, 66), 0.55), (60, 20, 24), 0.15)
        curl = 0.07 * look.smile
        if look.beard:
            self.spot(self.around(shift, 0.66, 0.72, 0.36), look.hair, soft=9, part=0.85)
            self.stroke([(-0.3 + shift, 0.44), (shift, 0.4), (0.3 + shift, 0.44)], look.hair, 0.1, soft=3)
        corner = [(-0.36 + shift, 0.545 - curl), (-0.18 + shift, 0.555), (shift, 0.57 + curl / 3)]
        line = corner + [(2 * shift - x, y) for x, y in reversed(corner[:-1])]
        self.spot(self.around(shift, 0.525, 0.25, 0.05), lips, soft=3)
        self.spot(self.around(shift, 0.6, 0.23, 0.065), _mix(lips, (255, 220, 210), 0.15), soft=3)
        if look.smile > 0.6:
            self.spot(self.around(shift, 0.56, 0.24, 0.04), (240, 236, 228), soft=2)
        self.stroke(line, _mix(lips, (30, 8, 10), 0.7), 0.05, soft=1.5)
        self.spot(self.around(shift, 0.73, 0.2, 0.04), self.dark, soft=5, part=0.0 if look.beard else 0.5)

    def front(self) -> None:
        """Draw what lies over the forehead: a fringe or a scarf."""
        look = self.look
        if look.style in ("short", "long"):
            mask = Image.new("L", (SIDE, SIDE))
            draw = ImageDraw.Draw(mask)
            draw.ellipse(self.around(0, -0.38, 1.12, 0.86), fill=255)
            draw.ellipse(self.around(0.1, 0.18, 0.97, 0.86), fill=0)
            draw.rectangle((0, self.y - 0.1 * self.high, SIDE, SIDE), fill=0)
            self.lay(mask.filter(ImageFilter.GaussianBlur(3)), look.hair)
        elif look.style == "scarf":
            mask = Image.new("L", (SIDE, SIDE))
            draw = ImageDraw.Draw(mask)
            draw.ellipse(self.around(0, 0.02, 1.24, 1.24), fill=255)
            draw.ellipse(self.around(0, 0.06, 0.87, 0.88), fill=0)
            self.lay(mask.filter(ImageFilter.GaussianBlur(1.5)), look.cloth)
            self.stroke([(-0.8, -0.4), (-0.5, -0.72), (0, -0.84), (0.5, -0.72), (0.8, -0.4)],
                        _mix(look.cloth, (0, 0, 0), 0.3), 0.08, soft=5)  # fmt: skip


@functools.lru_cache(maxsize=64)
def person(look: Look) -> Image.Image:
    """Return a head and its shoulders, SIDE x SIDE pixels, RGBA; shared, so don't paint on it."""
    return _Person(look).draw()


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A drawn photo, and where its faces are."""

    image: Image.Image
    faces: tuple[Region, ...]


def ground(size: tuple[int, int], seed: int) -> Image.Image:
    """Return a place to stand in: a soft light, a horizon or a wall, some blurred things."""
    pick = random.Random(seed)
    width, height = size
    small = Image.new("RGB", (160, 120))
    draw = ImageDraw.Draw(small)
    above, below = pick.choice(
        (((150, 190, 225), (112, 128, 84)), ((214, 196, 170), (150, 120, 92)), ((176, 186, 190), (92, 98, 104)),
         ((236, 200, 150), (96, 84, 92)), ((120, 138, 150), (70, 80, 76)), ((226, 222, 212), (168, 158, 142))),
    )  # fmt: skip
    level = pick.randint(60, 95)
    for y in range(120):
        part = y / 119
        draw.line((0, y, 160, y), fill=_mix(_mix(above, (255, 255, 255), 0.25), above, part) if y < level else below)
    for _ in range(9):
        x, y, r = pick.randint(0, 160), pick.randint(10, 110), pick.randint(6, 22)
        colour = _mix(pick.choice((above, below)), pick.choice(((255, 240, 210), (30, 34, 40))), pick.uniform(0.1, 0.5))
        shape = draw.rectangle if pick.random() < 0.5 else draw.ellipse
        shape((x - r, y - r, x + r, y + r * pick.uniform(0.5, 2)), fill=colour)
    blurred = small.filter(ImageFilter.GaussianBlur(4)).resize(
        (max(width, 2), max(height, 2)), Image.Resampling.BICUBIC
    )
    return blurred.crop((0, 0, width, height))


def stand(scene: Scene, look: Look, at: tuple[float, float], side: float) -> Scene:
    """Return the scene with one more person, head and shoulders in a square of `side` pixels around `at`."""
    drawn = _Person(look)
    figure = person(look).resize((round(side), round(side)), Image.Resampling.LANCZOS)
    left, top = round(at[0] - side / 2), round(at[1] - side / 2)
    image = scene.image.copy()
    image.paste(figure, (left, top), figure)
    if (below := image.height - top - figure.height) > 0:
        lower = figure.crop((0, figure.height - 1, figure.width, figure.height)).resize((figure.width, below))
        image.paste(lower, (left, top + figure.height), lower)
    width, height = image.size
    scale = side / SIDE
    face = Region(
        max(left + (drawn.x - drawn.wide) * scale, 0) / width,
        max(top + (drawn.y - drawn.high) * scale, 0) / height,
        min(left + (drawn.x + drawn.wide) * scale, width) / width,
        min(top + (drawn.y + drawn.high) * scale, height) / height,
    )
    return Scene(image=image, faces=(*scene.faces, face))


def group(looks: list[Look], size: tuple[int, int], *, seed: int = 1, rows: int = 1) -> Scene:
    """Return people in rows, those behind higher up; each face is seen whole."""
    scene = Scene(image=ground(size, seed), faces=())
    width, height = size
    per_row = -(-len(looks) // rows)
    for row in range(rows):
        here = looks[row * per_row : (row + 1) * per_row]
        room = width / (len(here) + 0.5)
        side = min(room * 1.75, height * 1.5 / (rows + 1))
        middle = height - side * (0.48 + 0.58 * (rows - 1 - row))
        first = width / 2 - room * (len(here) - 1) / 2
        for at, look in enumerate(here):
            scene = stand(scene, look, (first + room * at, middle + (at % 2) * side * 0.05), side)
    return scene


def photo(seed: int, size: tuple[int, int] = (1600, 1200)) -> Scene:
    """Return a photo as a volunteer would send it: one to five people somewhere."""
    pick = random.Random(seed)
    count = pick.choice((1, 1, 1, 2, 2, 3, 4, 5))
    looks = [anyone(seed * 7 + at) for at in range(count)]
    if count > 1:
        return group(looks, size, seed=seed, rows=2 if count > 3 and size[0] < 1.5 * size[1] else 1)
    scene = Scene(image=ground(size, seed), faces=())
    side = min(size) * pick.uniform(0.7, 1.1)
    at = (size[0] * pick.uniform(0.36, 0.64), size[1] - side * pick.uniform(0.4, 0.5))
    return stand(scene, looks[0], at, side)
