"""Where everything stands on a card of any shape: pure geometry, drawn for left-to-right.

The boxes are mirrored at the end for a language that runs the other way, so there is one design. What a photo
changes stands in `layout_photo`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from media.errors import BadSize
from media.theme import Theme

_COLUMNS = frozenset({"flame", "figure", "arch", "sun"})
_STORY = 1.6  # from this height to width on, apps draw their own controls over top and bottom
_STORY_TOP, _STORY_BOTTOM = 0.14, 0.20  # parts of the height Instagram and Facebook ask to keep free (2025)
_LEAST, _LONGEST = 240, 5  # pixels of the shorter side; the longer to the shorter


class Box(NamedTuple):
    """A rectangle in pixels; `right` and `bottom` are outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    def mirrored(self, width: int) -> "Box":
        """Return the same box on a card `width` pixels wide that runs the other way."""
        return Box(width - self.right, self.top, width - self.left, self.bottom)

    def grown(self, by: int) -> "Box":
        """Return the box with `by` more pixels on every side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def meets(self, other: "Box") -> bool:
        """Tell whether the two share a pixel."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: "Box") -> bool:
        """Tell whether `other` lies wholly inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


def around(boxes: Iterable[Box]) -> Box:
    """Return the smallest box that holds all of `boxes`, one at least."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return Box(min(lefts), min(tops), max(rights), max(bottoms))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The boxes of one card. `unit` is what sizes are parts of, in pixels; `art` is None without a column.

    `words` tells what the words lie on: the theme's own ground, or a photo, at its bottom, top or along a side.
    """

    size: tuple[int, int]
    unit: int
    margin: int
    safe: Box  # no word leaves it
    wide: bool
    label: Box
    message: Box
    foot: Box  # the room of hashtag and brand; its bottom is where the lowest line ends
    band: Box | None
    small: float  # sizes of the quiet lines in pixels: brand, label and hashtag
    caption: float
    tag: float
    logo: int  # height in pixels; it may be twice as wide, white included
    stacked: bool  # the brand stands over the hashtags, at the start
    art: Box | None = None
    steps: Box | None = None  # a row of bars at the top
    count: Box | None = None  # the days left beside the label, where a photo takes the room of the art
    photo: Box | None = None
    qr: Box | None = None
    words: Literal["ground", "bottom", "top", "column"] = "ground"
    aside: bool = False  # label, hashtags and brand in a column beside the message
    ample: float = 0.0  # the message keeps this part of its largest size, or another layout is better
    middle: float = 0.45  # where in its box the message stands, 0 (top) to 1 (bottom)

    @property
    def smallest(self) -> float:
        """The smallest size of any text in pixels."""
        return 0.026 * self.unit

    @property
    def quiet(self) -> int:
        """How far drawn art keeps from a QR code, in pixels."""
        return round(0.045 * min(self.size))

    @property
    def line(self) -> int:
        """The height that a quiet line takes, in pixels."""
        return round(0.06 * self.unit)


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What of a card takes room beside its message.

    `figure`: days are left. `stacked`: the brand stands over the hashtags; a QR code demands it.
    `qr`: its side in pixels.
    """

    label: bool = True
    stacked: bool = False
    figure: bool = False
    week: bool = False  # no more days are left than there are bars
    qr: int = 0


def unit_of(size: tuple[int, int]) -> int:
    """Return what the sizes on a card are parts of, in pixels.

    Raises:
        BadSize: nothing can be read on a card so small, or so long.
    """
    width, height = size
    if min(size) < _LEAST or max(size) > _LONGEST * min(size):
        raise BadSize(
            f"a card of {width} x {height} pixels can't be read: "
            f"make its shorter side {_LEAST} pixels or more, and the longer at most {_LONGEST} times that"
        )
    return round(min(height, width * 0.95))


def safe_area(size: tuple[int, int]) -> Box:
    """Return the part of a card where words may stand: inside the margins, on a story clear of the app's controls."""
    width, height = size
    margin = round(0.06 * min(size))
    if height < _STORY * width:
        return Box(margin, margin, width - margin, height - margin)
    return Box(margin, round(_STORY_TOP * height), width - margin, height - round(_STORY_BOTTOM * height))


def lay_out(theme: Theme, size: tuple[int, int], has: Contents) -> Iterator[Layout]:
    """Offer the boxes of `theme` on a card of `size` pixels (width, height) without a photo.

    The theme's own comes first; then, for who has much to say, the same without the art beside the words.
    """
    plan = bare(theme, size, has)
    plan = with_steps(plan, theme, has)
    yield with_rule(_with_art(plan, theme, figure=has.figure), theme)
    if any(art.kind in _COLUMNS for art in theme.art):
        yield with_rule(plan, theme)


def bare(theme: Theme, size: tuple[int, int], has: Contents) -> Layout:
    """Return the boxes that every card has: label, message, foot, band and QR code."""
    width, height = size
    unit, safe = unit_of(size), safe_area(size)
    margin, line = round(0.078 * min(size)), round(0.06 * unit)
    story = safe.top > margin
    top, bottom = (safe.top, safe.bottom - round(0.015 * unit)) if story else (margin, height - margin)
    stacked = has.stacked or bool(has.qr)
    high = round(1.5 * line) + line if stacked else line
    high = max(high, has.qr)
    band = None
    if theme.foot.band:
        bottom = safe.bottom - round(0.005 * unit)
        band = Box(0, bottom - high - round(0.045 * unit), width, height)
    foot = Box(margin, bottom - high, width - margin, bottom)
    start = top + 2 * line if has.label else top + line // 2
    message = Box(margin, start, width - margin, foot.top - line * 3 // 4)
    if band:
        message = message._replace(bottom=band.top - round(theme.foot.slant * width) - line // 2)
    plan = Layout(
        size=size,
        unit=unit,
        margin=margin,
        safe=safe,
        wide=width > 1.2 * height,
        label=Box(margin, top, width - margin, top + line),
        message=message,
        foot=foot,
        band=band,
        small=theme.foot.brand_size * unit,
        caption=theme.label.size * unit,
        tag=theme.foot.hashtag_size * unit,
        logo=round(theme.foot.logo_size * unit),
        stacked=stacked,
    )
    return with_qr(plan, has.qr)


def with_qr(plan: Layout, side: int) -> Layout:
    """Put a QR code of `side` pixels into the foot's far corner; hashtag and brand keep clear of it."""
    if not side:
        return plan
    foot, gap = plan.foot, round(0.035 * plan.unit)
    box = Box(foot.right - side, foot.bottom - side, foot.right, foot.bottom)
    return replace(plan, qr=box, foot=foot._replace(right=box.left - gap))


def _with_art(plan: Layout, theme: Theme, *, figure: bool) -> Layout:
    look = next((art for art in theme.art if art.kind in _COLUMNS and (art.kind != "figure" or figure)), None)
    if look is None:
        return plan
    width, height = plan.size
    stands = look.kind in {"flame", "sun"}  # it stands on the card's lower edge, and its light spreads
    above = plan.qr.top - plan.quiet if plan.qr else plan.foot.top - round(0.03 * plan.unit)
    floor = height if stands else above
    far = width if stands else width - plan.margin
    if look.kind == "flame" and plan.qr:  # it burns beside the code
        far = plan.qr.left - plan.quiet
    foot, message, label = plan.foot, plan.message, plan.label
    if plan.wide:
        left = round(width * (1 - look.wide)) - (width - far) // 4  # its light keeps its distance from the words
        box = Box(left, 0, far, floor)
        edge = left - round(0.01 * width)
        message, label = message._replace(right=edge), label._replace(right=edge)
    else:
        top = round(height * (1 - look.tall)) if stands else floor - round(height * look.tall * 0.8)
        if stands and plan.safe.top > plan.margin:  # on a story the foot stands high, and the art with it
            top = min(top, plan.foot.top - round(look.tall * 0.5 * height))
        box = Box(round(width * {"flame": 0.5, "sun": 0.62}.get(look.kind, 0.36)), top, far, floor)
        message = message._replace(bottom=top - round((0.03 if look.kind == "figure" else 0.015) * height))
    if stands:
        right = box.left if plan.wide or plan.qr or look.kind == "sun" else round(width * 0.68)
        foot = foot._replace(right=min(right, foot.right))
    if look.kind == "arch":
        box = box._replace(top=plan.safe.top) if plan.wide else box._replace(left=plan.margin)
    return replace(plan, art=box, message=message, label=label, foot=foot)


def with_steps(plan: Layout, theme: Theme, has: Contents) -> Layout:
    """Make room for a row of bars over the label, in the last week."""
    if not (has.week and any(art.kind == "steps" for art in theme.art)):
        return plan
    thick, down = round(0.012 * plan.unit), round(0.045 * plan.unit)
    return replace(
        plan,
        steps=plan.label._replace(bottom=plan.label.top + thick),
        label=plan.label._replace(top=plan.label.top + down, bottom=plan.label.bottom + down),
        message=plan.message._replace(top=plan.message.top + down),
    )


def with_rule(plan: Layout, theme: Theme) -> Layout:
    """Make room for an upright rule at the start."""
    if not any(art.kind == "rule" for art in theme.art):
        return plan
    inset = round(0.062 * plan.unit)
    return replace(
        plan,
        label=plan.label._replace(left=plan.label.left + inset),
        message=plan.message._replace(left=plan.message.left + inset),
        foot=plan.foot._replace(left=plan.foot.left + inset),
    )
