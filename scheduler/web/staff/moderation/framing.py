"""A submission as each network will show it: the caption, and the framed picture, rendered when it is looked at.

What is rendered here stays in memory: nothing of a picture that isn't approved is left on the disk.
"""

import json
import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from starlette.responses import Response

from scheduler import app as parts
from scheduler import plan, rendering, slots
from scheduler.errors import UserError
from scheduler.gallery import segments, words
from scheduler.gallery.segments import Segment
from scheduler.model import Action, CardContent, Planned
from scheduler.operations import moderate
from scheduler.operations.moderate import Case
from scheduler.publishers.base import Limits
from scheduler.submission import Contribution, May, Placing
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get
from scheduler.web.staff.moderation import within

_KEPT = 48  # pictures in memory: a few hundred kilobytes each
_LOCK = threading.Lock()
_pictures: OrderedDict[str, tuple[bytes, str]] = OrderedDict()


@dataclass(frozen=True, kw_only=True)
class Tile:
    """What one account would publish."""

    account: str
    platform: str
    language: str
    direction: str
    text: list[Segment]
    length: int
    limit: int
    film: bool
    address: str  # of the framed picture; empty for a film
    width: int
    height: int
    alt: str
    findings: list[str]


def tiles(ask: Ask, case: Case, known: dict[str, Action], slot: tuple[str, str]) -> list[Tile]:
    """Return what each account would publish of a submission in a slot: its post, and its time by the wall clock."""
    return [_tile(ask, case, one, slot) for one in _planned(ask, case, known, slot)]


def slot_of(ask: Ask, case: Case, known: dict[str, Action], free: slots.Slot | None) -> tuple[str, str]:
    """Return the slot to show a submission in: its own, the next free one, or else any of its action."""
    one = case.submission
    if one.occurrence:
        return one.post, one.occurrence
    if free is not None:
        return free.post, free.occurrence
    action = known.get(one.action)
    found = slots.slots(action, ask.site.workspace) if action else []
    return (found[-1].post, found[-1].occurrence) if found else ("", "")


def _planned(ask: Ask, case: Case, known: dict[str, Action], slot: tuple[str, str]) -> list[Planned]:
    action = known.get(case.submission.action)
    if action is None or case.consent is None or not slot[1] or not case.submission.file:
        return []
    placed = replace(case.submission, post=slot[0], occurrence=slot[1], placing=Placing.at)
    try:
        contribution = Contribution(submission=placed, consent=case.consent)
        return plan.contributed([action], ask.site.workspace, [contribution])
    except ValueError:  # no time, in an address that somebody typed
        return []


def _tile(ask: Ask, case: Case, one: Planned, slot: tuple[str, str]) -> Tile:
    publisher = parts.pure_publisher(ask.site.workspace.accounts[one.account], ask.site.workspace)
    width, height = publisher.limits.card
    query = urlencode({"post": slot[0], "at": slot[1], "of": case.submission.content_hash[:16]})
    return Tile(
        account=one.account,
        platform=words.platform(one.platform),
        language=one.content.language,
        direction=segments.direction(one.content.language),
        text=segments.split(one.content.whole),
        length=publisher.measure(one.content.text),
        limit=publisher.text_limit(),
        film=one.content.card is None,
        address=f"/staff/moderation/{case.submission.ref}/framed/{one.account}?{query}" if one.content.card else "",
        width=width,
        height=height,
        alt=case.submission.alt or ask._("No alt text yet"),
        findings=[finding.message for finding in publisher.problems(one.content)],
    )


def framed(ask: Ask) -> Response:
    """Return the picture of a submission as one account would publish it."""
    known = within.actions(ask)
    case = moderate.case(ask.site.app, ask.path["ref"], ask.staff, passkey=within.with_passkey(ask))
    slot = (ask.query.get("post", ""), ask.query.get("at", ""))
    for one in _planned(ask, case, known, slot):
        if one.account == ask.path["account"] and one.content.card is not None:
            limits = parts.pure_publisher(ask.site.workspace.accounts[one.account], ask.site.workspace).limits
            data, mime = _rendered(ask, one.content.card, limits)
            return Response(data, media_type=mime)
    raise UserError(ask._("There is no such picture."))


def _rendered(ask: Ask, card: CardContent, limits: Limits) -> tuple[bytes, str]:
    """Return a card's bytes and MIME type, set once for the same content."""
    from media.card import render
    from media.errors import MediaError

    name = json.dumps([asdict(card), limits.card, limits.image_bytes], default=str)
    with _LOCK:
        if name in _pictures:
            _pictures.move_to_end(name)
            return _pictures[name]
    try:
        made = render(rendering.card(card, ask.site.workspace), size=limits.card, max_bytes=limits.image_bytes)
    except MediaError as error:
        raise UserError(str(error)) from None
    with _LOCK:
        _pictures[name] = made.data, made.mime
        while len(_pictures) > _KEPT:
            _pictures.popitem(last=False)
    return made.data, made.mime


ROUTES: tuple[Route, ...] = (get("/staff/moderation/{ref}/framed/{account}", framed, May.moderate),)
