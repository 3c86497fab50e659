"""Where everything stands on a card with a photo: the photo under the words, beside or above them, or framed.

Each function offers its layouts in order of preference; who asks takes the first that shows every face.
"""

from collections.abc import Iterator
from dataclasses import replace

from media.drawing.layout import Box, Contents, Layout, bare
from media.theme import Theme

_MOSTLY = 0.6  # the least part of a framed photo that is shown, a little less on landscape cards
_COLUMNS = (0.3, 0.38, 0.46)  # of the width: what hashtags and brand may take beside a message
_BANNER = 0.25  # of the height: no more of the picture is given to a banner


def over(theme: Theme, size: tuple[int, int], has: Contents) -> Iterator[Layout]:
    """Offer layouts with the words on the photo: low first, where faces seldom are, then high, then along a side."""
    plan = bare(theme, size, has)
    plan = replace(plan, photo=Box(0, 0, *size), band=None, middle=1.0, words="bottom")
    width, height = size
    foot_top = plan.foot.bottom - max(round(plan.line * (2.5 if plan.stacked else 1)), has.qr)
    message = Box(plan.margin, 0, width - plan.margin, foot_top - round(0.025 * plan.unit))
    right = round(width * 0.76) if plan.wide else width - plan.margin
    for share in (0.34, 0.24, 0.15):
        most = round(share * (height if plan.safe.top <= plan.margin else plan.unit * 1.2))
        yield replace(plan, message=message._replace(top=message.bottom - most, right=right))
    label = plan.label._replace(bottom=plan.label.top + plan.line)
    start = label.bottom + plan.line if has.label else label.top
    high = Box(plan.margin, start, right, start + round(0.36 * plan.unit))
    yield replace(plan, message=high, label=label, words="top", middle=0.0)
    if plan.wide:
        edge = round(width * 0.5) - plan.margin // 2
        top = plan.safe.top + 2 * plan.line
        column = replace(plan, words="column", message=message._replace(top=top))
        yield _within(column, plan.margin, edge)
        yield _within(column, width - edge, width - plan.margin)


def beside(theme: Theme, size: tuple[int, int], has: Contents) -> Iterator[Layout]:
    """Offer layouts with the photo beside the words or above them, as suits the shape; then the other way."""
    plan = bare(theme, size, has)
    look, (width, height) = theme.photo, size
    if plan.wide:
        yield _aside(plan, theme, look.wide)
        yield _aside(plan, theme, 0.5)
        yield _above(plan, theme, 0.5)
    else:
        share = look.tall * 1.2 if plan.safe.top > plan.margin else look.tall  # a story has room to spare
        if height < 1.1 * width:  # a square hasn't
            share *= 0.85
            if look.inset:
                yield _aside(plan, theme, 0.46)  # one person stands upright
        yield _above(plan, theme, share)
        yield _above(plan, theme, share * 0.75)
        yield _above(plan, theme, min(share * 1.2, 0.52))
        yield _aside(plan, theme, 0.46)


def _aside(plan: Layout, theme: Theme, share: float) -> Layout:
    width, height = plan.size
    floor = plan.band.top if plan.band else height
    left = round(width * (1 - share))
    box = Box(left, 0, width, floor)
    if theme.photo.inset:
        top = max(plan.margin, plan.safe.top)
        box = Box(left, top, width - plan.margin, plan.foot.bottom)
    edge = left - plan.margin * 3 // 4
    if plan.band:
        message, label = plan.message._replace(right=edge), plan.label._replace(right=edge)
        return replace(plan, message=message, label=label, photo=box)
    return replace(_within(plan, plan.margin, edge), photo=box)


def _above(plan: Layout, theme: Theme, share: float) -> Layout:
    width, height = plan.size
    box = Box(0, 0, width, round(height * share))
    if theme.photo.inset:
        top = max(plan.margin, plan.safe.top)
        box = Box(plan.margin, top, width - plan.margin, round(height * share) + top // 2)
    down = box.bottom + plan.margin * 2 // 3 - plan.label.top
    label = plan.label._replace(top=plan.label.top + down, bottom=plan.label.bottom + down)
    return replace(plan, label=label, message=plan.message._replace(top=plan.message.top + down), photo=box)


def _within(plan: Layout, left: int, right: int) -> Layout:
    """Return the plan with its words between two edges."""
    qr, end = plan.qr, right
    if qr:
        end = right - qr.width - round(0.035 * plan.unit)
        qr = Box(right - qr.width, qr.top, right, qr.bottom)
    return replace(
        plan,
        label=plan.label._replace(left=left, right=right),
        message=plan.message._replace(left=left, right=right),
        foot=plan.foot._replace(left=left, right=end),
        qr=qr,
    )


def framed(theme: Theme, size: tuple[int, int], has: Contents, photo: tuple[int, int]) -> Iterator[Layout]:
    """Offer layouts that show the photo whole or nearly so, with the words as a banner under it or beside it.

    Args:
        theme: the look.
        size: width and height of the card.
        has: what takes room beside the message.
        photo: width and height of the upright photo.
    """
    plan = bare(theme, size, has)
    width, height = size
    story = plan.safe.top > plan.margin
    edge = plan.safe.bottom - round(0.22 * height) if story else height - round(_BANNER * height)
    top = thickness(plan)
    room = Box(0, top, width, edge)
    ratio, wanted = photo[0] / photo[1], room.width / room.height
    if min(ratio / wanted, wanted / ratio) >= (0.54 if plan.wide else _MOSTLY):
        yield from _banner(plan, has, room)
    elif ratio < wanted and plan.wide:
        left = width - round(min(height * ratio, 0.56 * width))
        yield replace(_within(plan, plan.margin, left - plan.margin * 3 // 4), photo=Box(left, top, width, height))
    elif ratio < wanted:
        yield from _banner(plan, has, _centred(room, ratio / _MOSTLY))
    else:
        yield from _banner(plan, has, room._replace(bottom=top + round(width / (ratio * 0.8))))
    low = room._replace(bottom=top + round(width / ratio))
    yield from _banner(plan, has, _centred(room, ratio) if ratio < wanted else low)
    for share in (0.66, 0.56, 0.48):  # much to say on a small card: the photo gives way, still uncovered
        smaller = room._replace(bottom=min(edge, round(share * height)))
        yield from _banner(plan, has, _centred(smaller, min(ratio / _MOSTLY, smaller.width / smaller.height)))
        yield from _banner(plan, has, _centred(smaller, ratio))


def thickness(plan: Layout) -> int:
    """Return how thick the line over a framed photo is, in pixels."""
    return max(3, round(0.014 * plan.unit))


def _centred(room: Box, ratio: float) -> Box:
    """Return the largest box of `ratio` (width to height) in `room`, in its middle."""
    wide, high = min(room.width, round(room.height * ratio)), min(room.height, round(room.width / ratio))
    left, top = room.left + (room.width - wide) // 2, room.top + (room.height - high) // 2
    return Box(left, top, left + wide, top + high)


def whole(plan: Layout, photo: tuple[int, int]) -> Layout:
    """Return the plan with its photo shown whole, in the middle of its place."""
    return replace(plan, photo=_centred(plan.photo, photo[0] / photo[1])) if plan.photo else plan


def _banner(plan: Layout, has: Contents, photo: Box) -> Iterator[Layout]:
    """Put the words under the photo: side by side where the banner is low, over each other where it is high."""
    height, pad = plan.size[1], round(0.034 * plan.unit)
    top, bottom = photo.bottom + pad, plan.foot.bottom if plan.safe.top > plan.margin else plan.safe.bottom
    zone = Box(plan.margin, top, plan.size[0] - plan.margin, bottom)
    low = zone.height < 0.2 * plan.size[0] and zone.height < 0.3 * height
    if has.qr > (height - photo.bottom - pad if low else zone.height):
        return  # no room for the code beside the photo
    if low:
        yield from (_columns(plan, has, photo, zone, share) for share in _COLUMNS)
        return
    down = top - plan.label.top
    foot = Box(zone.left, bottom - (max(plan.foot.height, has.qr)), zone.right, bottom)
    qr = None
    if has.qr:
        qr = Box(zone.right - has.qr, bottom - has.qr, zone.right, bottom)
        foot = foot._replace(right=qr.left - pad)
    label = plan.label._replace(top=top, bottom=top + plan.line)
    begin = round(top + 0.055 * plan.unit) if has.label else top
    message = Box(zone.left, begin, zone.right, foot.top - round(0.022 * plan.unit))
    if qr and down > 0 and message.height < 0.14 * height:
        message = message._replace(right=foot.right, bottom=bottom - 2 * plan.line - pad // 2)
    yield replace(plan, photo=photo, label=label, message=message, foot=foot, qr=qr, middle=0.4)


def _columns(plan: Layout, has: Contents, photo: Box, zone: Box, share: float) -> Layout:
    """Put the message at the start, everything else over each other at the end."""
    qr, right, pad = None, zone.right, round(0.036 * plan.unit)
    if has.qr:
        top = (photo.bottom + plan.size[1] - has.qr) // 2
        qr = Box(right - has.qr, top, right, top + has.qr)
        right = qr.left - pad
    foot = Box(right - round(share * plan.size[0]), zone.top, right, zone.bottom)
    message = zone._replace(right=foot.left - pad)
    return replace(
        plan, photo=photo, message=message, label=foot, foot=foot, qr=qr, aside=True, stacked=True, middle=0.5
    )
