"""One delivery: as its network shows it, where it comes from, every step it took, and what can be done about it now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from starlette.responses import Response

from scheduler import app as parts
from scheduler import rendering, renders
from scheduler.app import App
from scheduler.errors import UserError
from scheduler.gallery import segments
from scheduler.gallery.tiles import TONES, initials
from scheduler.model import Medium
from scheduler.operations.cancel import cancel
from scheduler.operations.release import approve
from scheduler.operations.resolve import resolve
from scheduler.operations.retry import retry
from scheduler.operations.withdraw import withdraw
from scheduler.status import MOVES, Status
from scheduler.store import Delivery, controls, deliveries
from scheduler.submission import May
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get, post
from scheduler.web.staff import frame, rows, telling


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a delivery's post stands in its file, and what to write there for another time."""

    file: str
    line: str
    series: bool  # one of many: its own time can't be changed alone
    example: str  # of a line of YAML


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the history."""

    when: rows.When
    seconds: str
    event: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A delivery as its network shows it."""

    initials: str
    tone: int
    text: list[segments.Segment]
    media: tuple[tuple[str, Medium], ...]  # with the address of each
    problem: str  # why there are no pictures
    length: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class Failed:
    """What somebody tried just now, and why it can't be done."""

    do: str = ""
    text: str = ""
    value: str = ""  # what stood in the field


def show(ask: Ask, *, status: int = 200, failed: Failed | None = None) -> Response:
    """Show one delivery."""
    with ask.site.app.store.read() as c:
        one = deliveries.by_key(c, ask.path["key"])
        steps = deliveries.history(c, one.id) if one else []
        tasks = [task for task in controls.open_tasks(c) if one and task.key == one.key]
    if one is None:
        return pages.said(ask, 404, ask._("There is no such delivery"), ask._("It may have another name by now."))
    return frame.page(
        ask,
        "staff/schedule/delivery.html.jinja",
        status=status,
        one=one,
        row=rows.row(ask, one, rows.titles(ask)),
        out=rows.when(ask, one.published_at) if one.published_at else None,
        shown=_shown(ask, one),
        place=place(ask, one),
        steps=[_step(ask, *step) for step in steps],
        may=deeds(one) if ask.may(May.edit) else frozenset(),
        tasks=tasks,
        failed=failed or Failed(),
        back=frame.back(ask.form) if "back" in ask.form else "",
    )


def deeds(one: Delivery) -> frozenset[str]:
    """Return what a person may do about a delivery as it stands."""
    found = set()
    if one.status is Status.held and one.needs_approval and not one.approved:
        found.add("approve")
    late = one.status is Status.held and one.hold in {"late", "budget"}
    put_off = one.status is Status.queued and one.not_before is not None
    ended = one.status in {Status.failed, Status.missed, Status.cancelled}
    if (late or put_off or ended) and not one.withdraw_wanted:
        found.add("retry")
    if Status.cancelled in MOVES[one.status] and one.status is not Status.missed:
        found.add("cancel")
    if one.status in {Status.unknown, Status.needs_human}:
        found |= {"published", "absent"}
    out = one.status in {Status.sending, Status.unknown, Status.needs_human, Status.published} or one.up
    if out and not one.withdraw_wanted:
        found.add("withdraw")
    if one.status in {Status.queued, Status.held, Status.failed, Status.missed} and not one.parts:
        found.add("reschedule")
    return frozenset(found)


def place(ask: Ask, one: Delivery) -> Place:
    """Return where a delivery's post stands, and how to give it another time."""
    file, _, rest = one.place.partition(":")
    zone = ask.site.workspace.timezone
    later = max(one.due_at, ask.now).astimezone(zone).date() + timedelta(days=1)
    return Place(
        file=file,
        line=rest.partition(":")[0],
        series=one.key.partition("@")[0].count("/") > 1,
        example=f'at: "{later} {one.due_at.astimezone(zone):%H:%M}"',
    )


def _step(ask: Ask, at: datetime, event: str, detail: str) -> Step:
    local = at.astimezone(ask.site.workspace.timezone)
    return Step(
        when=rows.when(ask, at),
        seconds=f"{local:%H:%M:%S}",
        event=telling.event(ask, event),
        detail=telling.detail(ask, detail),
    )


def _shown(ask: Ask, one: Delivery) -> Shown:
    workspace = ask.site.workspace
    account = workspace.accounts.get(one.account)
    publisher = parts.pure_publisher(account, workspace) if account else None
    media, problem = _media(ask, one)
    return Shown(
        initials=initials(one.account),
        tone=crc32(one.account.encode()) % TONES,
        text=segments.split(one.content.whole),
        media=tuple((rows.picture(one.key, number), medium) for number, medium in enumerate(media)),
        problem=telling.plain(ask, problem),
        length=max(map(publisher.measure, one.content.parts)) if publisher else 0,
        limit=publisher.text_limit() if publisher else 0,
    )


def _media(ask: Ask, one: Delivery) -> tuple[tuple[Medium, ...], str]:
    """Return a delivery's pictures as they were, or would be, handed over; or why there are none."""
    workspace = ask.site.workspace
    account = workspace.accounts.get(one.account)
    if one.frozen is not None or account is None:
        return one.frozen.media if one.frozen else (), ""
    try:
        return rendering.media(one.content, parts.pure_publisher(account, workspace).limits, workspace), ""
    except UserError as error:
        return (), str(error)


def picture(ask: Ask) -> Response:
    """Return one of the pictures of a delivery, and never any other file."""
    nothing = pages.said(ask, 404, ask._("There is no such picture"), ask._("It may have been taken back."))
    with ask.site.app.store.read() as c:
        one = deliveries.by_key(c, ask.path["key"])
    number = ask.path["number"]
    if one is None or not number.isdecimal():
        return nothing
    media, _problem = _media(ask, one)
    if int(number) >= len(media):
        return nothing
    medium = media[int(number)]
    path = renders.here(medium, rendering.sources(one.content), ask.site.workspace)
    if path is None or not path.resolve().is_relative_to(ask.site.workspace.var.resolve()):
        return nothing
    return pages.file(path, medium.mime)


# ── what can be done ────────────────────────────────────────────────────────────────────────────────────

_Deed = Callable[[App, str, str, Ask], Delivery]
_DEEDS: Mapping[str, _Deed] = {
    "approve": lambda app, key, who, ask: approve(
        app, key, who=who, seen=ask.form["seen"] or "nothing", user=ask.staff.id
    ),
    "retry": lambda app, key, who, _ask: retry(app, key, who=who),
    "cancel": lambda app, key, who, _ask: cancel(app, key, who=who),
    "withdraw": lambda app, key, who, _ask: withdraw(app, key, who=who),
    "published": lambda app, key, who, ask: resolve(app, key, url=ask.form["url"], who=who),
    "absent": lambda app, key, who, _ask: resolve(app, key, url=None, who=who),
}


def act(ask: Ask) -> Response:
    """Do what a person decided about one delivery."""
    key, do = ask.path["key"], ask.form["do"]
    if do not in _DEEDS:
        return show(ask, status=400, failed=Failed(do="?", text=ask._("Choose what is to be done.")))
    if do == "published" and not ask.form["url"]:
        return show(ask, status=400, failed=Failed(do=do, text=ask._("Paste the link of the post on its network.")))
    try:
        delivery = _DEEDS[do](ask.site.app, key, ask.staff.name, ask)
    except UserError as error:
        text = telling.plain(ask, str(error), key=key)
        return show(ask, status=409, failed=Failed(do=do, text=text, value=ask.form["url"]))
    frame.say(ask, _said(ask, do, delivery).replace("{key}", key))
    return pages.go(frame.back(ask.form, rows.address(key)))


def _said(ask: Ask, do: str, delivery: Delivery) -> str:
    if do == "approve" and delivery.status is Status.held:
        return ask._("{key} is approved. It stays held: {why}").replace("{why}", telling.why(ask, delivery))
    if do == "withdraw" and delivery.status is Status.cancelled:
        return ask._("{key} is dropped. It never went out.")
    return {
        "approve": ask._("{key} is approved. It goes out at its time."),
        "retry": ask._("{key} goes out as soon as it may."),
        "cancel": ask._("{key} is dropped. It doesn't go out, whatever its file says."),
        "withdraw": ask._(
            "{key} is taken down by the daemon, and looked at again. Copies of others can't be recalled."
        ),
        "published": ask._("{key} counts as published."),
        "absent": ask._("{key} was not out. It goes out as soon as it may."),
    }[do]


ROUTES: tuple[Route, ...] = (
    get("/staff/pictures/{number}/{key:path}", picture, May.look),
    get("/staff/deliveries/{key:path}", show, May.look),
    post("/staff/deliveries/{key:path}", act, May.edit),
)
