"""Where everything stands on a card of any shape: pure geometry, drawn for left-to-right.

The canvas mirrors every box for a language that runs the other way, so there is one design.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from media.theme import Theme

_COLUMNS = frozenset({"flame", "figure"})


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


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The boxes of one card. `unit` is what sizes are parts of, in pixels; `art` is None without a column."""

    size: tuple[int, int]
    unit: int
    margin: int
    label: Box
    message: Box
    foot: Box  # the room of hashtag and brand; its bottom is where the lowest line ends
    band: Box | None
    art: Box | None = None
    steps: Box | None = None  # a row of bars at the top
    photo: Box | None = None
    scrim: bool = False  # the words lie on the photo
    wide: bool

    @property
    def small(self) -> float:
        """Size of the quiet lines (label, brand) in pixels."""
        return 0.036 * self.unit

    @property
    def tag(self) -> float:
        """Size of the hashtag in pixels."""
        return 0.052 * self.unit

    @property
    def logo(self) -> int:
        """Height of the logo in pixels; it may be twice as wide, white included."""
        return round(0.07 * self.unit)

    @property
    def smallest(self) -> float:
        """The smallest size of any text in pixels."""
        return 0.026 * self.unit

    def over_foot(self, *, stacked: bool) -> "Layout":
        """Return the same card with its message at a good distance from a foot of two lines, or of one."""
        lift = round((0.05 if stacked else -0.03) * self.unit)
        box = self.message
        return replace(self, message=box._replace(top=box.top - lift, bottom=box.bottom - lift))


def lay_out(theme: Theme, size: tuple[int, int], *, photo: bool, figure: bool) -> Layout:
    """Return the boxes of `theme` on a card of `size` pixels.

    Args:
        theme: the look.
        size: width and height.
        photo: whether there is a photo, which takes the place of drawn art.
        figure: whether there is a number for the art that shows one.
    """
    width, height = size
    unit = round(min(height, width * 0.95))
    margin = round(0.078 * min(width, height))
    band = None
    foot_bottom = height - margin
    if theme.foot.band:
        band = Box(0, height - round(0.145 * unit), width, height)
        foot_bottom = height - round(0.052 * unit)
    line = round(0.06 * unit)
    foot_height = line * 2 if theme.foot.arrangement == "stack" else line
    plan = Layout(
        size=size,
        unit=unit,
        margin=margin,
        label=Box(margin, margin, width - margin, margin + line),
        message=Box(margin, margin + 2 * line, width - margin, foot_bottom - foot_height - line * 3 // 4),
        foot=Box(margin, foot_bottom - foot_height, width - margin, foot_bottom),
        band=band,
        wide=width > 1.2 * height,
    )
    if band:
        slant = round(theme.foot.slant * width)
        plan = replace(plan, message=plan.message._replace(bottom=band.top - slant - line // 2))
    if figure and not photo and any(art.kind == "steps" for art in theme.art):
        plan = _with_steps(plan)
    if photo:
        return _with_scrim(plan) if theme.photo.kind == "scrim" else _with_split(plan)
    return _with_rule(_with_art(plan, theme, figure=figure), theme)


def _with_art(plan: Layout, theme: Theme, *, figure: bool) -> Layout:
    art = next((art for art in theme.art if art.kind in _COLUMNS and (art.kind != "figure" or figure)), None)
    if art is None:
        return plan
    width, height = plan.size
    stands = theme.foot.arrangement == "stack"  # nothing at the far side of the foot: it may reach the edge
    floor = height if stands else plan.foot.top - round(0.03 * plan.unit)
    foot, message, label = plan.foot, plan.message, plan.label
    if plan.wide:
        left = round(width * (1 - art.wide))
        box = Box(left, 0, width if stands else width - plan.margin, floor)
        edge = left - round(0.01 * width)
        message, label = message._replace(right=edge), label._replace(right=edge)
    else:
        top = round(height * (1 - art.tall)) if stands else floor - round(height * art.tall * 0.8)
        left = round(width * (0.5 if stands else 0.36))
        box = Box(left, top, width if stands else width - plan.margin, floor)
        message = message._replace(bottom=top - round(0.015 * height))
    if stands:
        foot = foot._replace(right=box.left if plan.wide else round(width * 0.68))
    return replace(plan, art=box, message=message, label=label, foot=foot)


def _with_steps(plan: Layout) -> Layout:
    """Make room for a row of bars over the label."""
    thick, down = round(0.012 * plan.unit), round(0.045 * plan.unit)
    return replace(
        plan,
        steps=plan.label._replace(bottom=plan.label.top + thick),
        label=plan.label._replace(top=plan.label.top + down, bottom=plan.label.bottom + down),
        message=plan.message._replace(top=plan.message.top + down),
    )


def _with_rule(plan: Layout, theme: Theme) -> Layout:
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


def _with_scrim(plan: Layout) -> Layout:
    """Put the words low on the photo: faces are in its upper part."""
    width, height = plan.size
    right = round(width * 0.74) if plan.wide else width - plan.margin
    top = round(height * (0.46 if plan.wide else 0.52))
    message = Box(plan.margin, top, right, plan.message.bottom)
    return replace(plan, message=message, photo=Box(0, 0, width, height), scrim=True)


def _with_split(plan: Layout) -> Layout:
    """Put the photo at the far side or above, the words on their own ground."""
    width, height = plan.size
    floor = plan.band.top if plan.band else height
    if plan.wide:
        left = round(width * 0.6)
        edge = left - plan.margin * 3 // 4
        narrower = replace(plan, message=plan.message._replace(right=edge), label=plan.label._replace(right=edge))
        if not plan.band:
            narrower = replace(narrower, foot=plan.foot._replace(right=edge))
        return replace(narrower, photo=Box(left, 0, width, floor))
    below = round(height * (0.4 if height > 1.1 * width else 0.36))
    lower = below + plan.margin * 2 // 3
    down = lower - plan.label.top
    label = plan.label._replace(top=lower, bottom=plan.label.bottom + down)
    message = plan.message._replace(top=plan.message.top + down)
    return replace(plan, label=label, message=message, photo=Box(0, 0, width, below))
