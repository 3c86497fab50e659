"""Where everything stands on a card with a photo: the photo under the words, beside or above them, or framed.

Each function offers its layouts in order of preference; who asks takes the first that shows every face.
"""

from collections.abc import Iterator
from dataclasses import replace

from media.drawing.layout import Box, Contents, Layout, bare, with_steps
from media.theme import Theme

_MOSTLY = 0.6  # the least part of a framed photo that is shown, a little less on landscape cards
_COLUMNS = (0.3, 0.38, 0.46)  # of the width: what hashtags and brand may take beside a message
_AMPLE = 0.7  # of its largest size: words that keep it can spare the photo room
_LEAST = 0.4  # of its largest size: where only so a photo's heads have room
_BANNER = 0.25  # of the height: no more of the picture is given to a banner


def over(theme: Theme, size: tuple[int, int], has: Contents) -> Iterator[Layout]:
    """Offer layouts with the words low on the photo, where faces seldom are."""
    yield from _over(theme, size, has, low=True)


def over_elsewhere(theme: Theme, size: tuple[int, int], has: Contents) -> Iterator[Layout]:
    """Offer layouts with the words high on the photo, then along a side: a veil lies over much of it."""
    yield from _over(theme, size, has, low=False)


def _over(theme: Theme, size: tuple[int, int], has: Contents, *, low: bool) -> Iterator[Layout]:
    plan = bare(theme, size, has)
    plan = replace(plan, photo=Box(0, 0, *size), band=None, middle=1.0, words="bottom")
    width, height = size
    foot_top = plan.foot.bottom - max(round(plan.line * (2.5 if plan.stacked else 1)), has.qr)
    message = Box(plan.margin, 0, width - plan.margin, foot_top - round(0.025 * plan.unit))
    right = round(width * 0.76) if plan.wide else width - plan.margin
    for share in (0.34, 0.24, 0.15) if low else ():
        most = round(share * (height if plan.safe.top <= plan.margin else plan.unit * 1.2))
        yield replace(plan, message=message._replace(top=message.bottom - most, right=right))
    if low:
        return
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


def beside(theme: Theme, size: tuple[int, int], has: Contents, *, group: bool = False) -> Iterator[Layout]:
    """Offer layouts with the photo beside the words or above them, as suits the shape; then the other way.

    Where few words need little room, the photo takes more. A `group` of people stands over the words' whole width.
    """
    if has.figure and any(art.kind == "figure" for art in theme.art):
        for figure in (True, False):
            plans = _beside(theme, size, has, group=group)
            yield from (_counted(plan, theme, has, figure=figure) for plan in plans)
    yield from _beside(theme, size, has, group=group)


def _counted(plan: Layout, theme: Theme, has: Contents, *, figure: bool) -> Layout:
    """Show the days left beside the label, the bars over both; under a photo as wide as the card the bars alone."""
    if plan.aside and plan.photo:
        thick, down = round(0.012 * plan.unit), round(0.03 * plan.unit) if has.week else 0
        bars = Box(plan.margin, plan.photo.bottom + thick, plan.size[0] - plan.margin, plan.photo.bottom + 2 * thick)
        message, foot = plan.message, plan.foot
        message, foot = message._replace(top=message.top + down), foot._replace(top=foot.top + down)
        return replace(plan, steps=bars if has.week else None, message=message, foot=foot, label=foot)
    plan = with_steps(plan, theme, has)
    if not figure:
        return plan
    label, high = plan.label, round(0.15 * plan.unit)
    count = Box(label.left, label.top, label.left + round(0.24 * plan.unit), label.top + high)
    message = plan.message._replace(top=max(plan.message.top, count.bottom + round(0.055 * plan.unit)))
    return replace(plan, count=count, label=label._replace(left=count.right + plan.line // 2), message=message)


def _beside(theme: Theme, size: tuple[int, int], has: Contents, *, group: bool) -> Iterator[Layout]:
    plan = bare(theme, size, has)
    look, (width, height) = theme.photo, size
    if plan.wide:
        if group:
            yield from _topped(plan, theme, has)
        yield replace(_aside(plan, theme, max(look.wide, 0.48)), ample=_AMPLE)
        yield _aside(plan, theme, look.wide)
        yield _aside(plan, theme, 0.5)
        if not group:
            yield from _topped(plan, theme, has)
    else:
        for most, ample in ((0.6, _AMPLE), (0.54, _AMPLE), (0.48, _AMPLE), (0.42, 0.6)):
            yield replace(_above(plan, theme, most), ample=ample)
        share = look.tall * 1.2 if plan.safe.top > plan.margin else look.tall  # a story has room to spare
        if height < 1.1 * width:  # a square hasn't
            share *= 0.85
            if look.inset:
                yield _aside(plan, theme, 0.46)  # one person stands upright
        yield _above(plan, theme, share)
        yield _above(plan, theme, share * 0.75)
        yield _above(plan, theme, min(share * 1.2, 0.52))
        yield from (replace(_above(plan, theme, most), ample=_LEAST) for most in (0.54, 0.6))
        yield _aside(plan, theme, 0.46)
        yield replace(_aside(plan, theme, 0.56), ample=_LEAST)


def _topped(plan: Layout, theme: Theme, has: Contents) -> Iterator[Layout]:
    """Offer landscape layouts with the photo over the words, as wide as the card."""
    yield replace(_above(plan, theme, 0.56), ample=_AMPLE)
    if not plan.band:
        (width, height), edge = plan.size, plan.margin if theme.photo.inset else 0
        for share in (0.7, 0.6):
            yield from _banner(plan, has, Box(edge, edge, width - edge, round(share * height)))
    yield _above(plan, theme, 0.5)


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
    """Return the plan with its photo shown whole, in its place, with the card's margin at every outer edge."""
    if not plan.photo:
        return plan
    (width, _), box, gap = plan.size, plan.photo, plan.margin
    top = max(box.top, gap, plan.safe.top if plan.safe.top > plan.margin else 0)
    bottom = min(box.bottom, plan.band.top - gap) if plan.band else min(box.bottom, plan.size[1] - gap)
    room = Box(max(box.left, gap if box.left == 0 else 0), top, min(box.right, width - gap), bottom)
    return replace(plan, photo=_centred(room, photo[0] / photo[1]))


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
