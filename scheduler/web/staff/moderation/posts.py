"""Posts of the staff that wait for a yes (`approve: true` in their file): as each network shows them."""

# ruff: noqa: RUF001 - what pages say is set with its own apostrophe

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.gallery import segments, words
from scheduler.gallery.segments import Segment
from scheduler.model import Action, Content
from scheduler.operations import release
from scheduler.status import Status
from scheduler.store import Delivery, deliveries
from scheduler.submission import May
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, post
from scheduler.web.staff import frame
from scheduler.web.staff import rows as lines
from scheduler.web.staff.moderation import rows

_MOST = 60  # shown at once; the calendar has the others


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture or film of a post."""

    address: str
    alt: str
    film: bool
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True)
class Post:
    """A delivery that waits for a yes."""

    id: int
    key: str
    fingerprint: str
    title: str
    due_at: datetime
    account: str
    platform: str
    language: str
    direction: str
    text: list[Segment]
    pictures: list[Picture]
    place: str


def waiting(ask: Ask, known: dict[str, Action]) -> list[Post]:
    """Return the posts that wait for a person's yes, those of staff alone, in the order of their times."""
    with ask.site.app.store.read() as c:
        held = deliveries.in_status(c, Status.held)
    wanted = [one for one in held if one.needs_approval and not one.approved and not one.from_submission]
    return [_post(ask, one, known) for one in wanted[:_MOST]]


def _post(ask: Ask, one: Delivery, known: dict[str, Action]) -> Post:
    return Post(
        id=one.id,
        key=one.key,
        fingerprint=one.fingerprint,
        title=rows.title(ask, one.action, known),
        due_at=one.due_at,
        account=one.account,
        platform=words.platform(one.platform),
        language=one.content.language,
        direction=segments.direction(one.content.language),
        text=segments.split(one.content.whole),
        pictures=_pictures(one.key, one.content),
        place=one.place,
    )


def _pictures(key: str, content: Content) -> list[Picture]:
    alts = [*([content.card.message] if content.card else []), *(image.alt for image in content.images)]
    found = [Picture(address=lines.picture(key, number), alt=alt, film=False) for number, alt in enumerate(alts)]
    if content.video:
        found.append(Picture(address=lines.picture(key, len(found)), alt=content.video.alt, film=True))
    return found


def approve(ask: Ask) -> Response:
    """Approve one post as it stood on the screen."""
    number = ask.path["number"]
    try:
        with ask.site.app.store.read() as c:
            held = {str(one.id): one for one in deliveries.in_status(c, Status.held)}
        if number not in held:
            raise UserError(ask._("This post doesn’t wait for a yes any more."))
        done = release.approve(ask.site.app, held[number].key, who=ask.staff.name, seen=ask.form["seen"] or "nothing")
    except UserError as error:
        frame.say(ask, str(error), wrong=True)
    else:
        frame.say(ask, ask._("{post} is approved.").replace("{post}", done.key))
    return pages.go("/staff/moderation#posts-title")


ROUTES: tuple[Route, ...] = (post("/staff/approvals/{number}", approve, May.edit),)
