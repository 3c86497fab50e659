"""Needs a person: everything that waits for somebody's word or hand, one by one, with what can be done about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.operations.done import done
from scheduler.status import Status
from scheduler.store import Connection, Delivery, Pause, Task, calendar, controls
from scheduler.submission import May
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get, post
from scheduler.web.staff import frame, rows, telling
from scheduler.web.staff.delivery import Place, place

MOST = 50
"""How many deliveries each part of the page shows."""

Counts = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Heading:
    """One part of the page: its name and how many wait in it."""

    id: str
    name: str
    count: int
    alarm: bool  # whether nothing goes on before a person acts


@dataclass(frozen=True, kw_only=True)
class Item:
    """One delivery that waits, with what its buttons need."""

    row: rows.Row
    account_url: str  # where one looks whether it is there
    place: Place


_PARTS: Mapping[str, tuple[Status, str]] = {
    "outcome": (Status.needs_human, ""),
    "unknown": (Status.unknown, ""),
    "late": (Status.held, "late"),
    "failed": (Status.failed, ""),
    "approval": (Status.held, "approval"),
}
_ELSEWHERE = frozenset({"late", "approval", "release", "pause", "account"})


def counts(c: Connection) -> Counts:
    """Return how many wait in each part of the page."""
    found = calendar.asking(c)
    mine = {name: sum(n for (status, hold), n in found.items() if _is(status, hold, name)) for name in _PARTS}
    other = sum(n for (status, hold), n in found.items() if status is Status.held and hold not in _ELSEWHERE)
    blocked = sum(one.kind == "blocked" for one in controls.all_pauses(c))
    return {**mine, "other": other, "tasks": len(controls.open_tasks(c)), "accounts": blocked}


def _is(status: Status, hold: str, name: str) -> bool:
    wanted, by = _PARTS[name]
    return status is wanted and by in {"", hold}


def headings(ask: Ask, found: Counts) -> list[Heading]:
    """Return the parts of the page that aren't empty, the most urgent first."""
    named = {
        "outcome": (ask._("Did it go out? Nobody can tell"), True),
        "tasks": (ask._("To take down by hand"), True),
        "accounts": (ask._("Accounts that can't publish"), True),
        "late": (ask._("Late: send or drop"), True),
        "failed": (ask._("Refused by their network"), True),
        "approval": (ask._("Waiting for approval"), False),
        "other": (ask._("Held for another reason"), False),
        "unknown": (ask._("Being looked up"), False),
    }
    return [
        Heading(id=name, name=said, count=found[name], alarm=alarm)
        for name, (said, alarm) in named.items()
        if found[name]
    ]


def show(ask: Ask, *, status: int = 200, error: str = "") -> Response:
    """Show everything that waits for a person."""
    with ask.site.app.store.read() as c:
        found = counts(c)
        waiting = {name: calendar.waiting(c, *of, limit=MOST) for name, of in _PARTS.items()}
        waiting["other"] = calendar.waiting(c, Status.held, limit=MOST, but=_ELSEWHERE)
        tasks, pauses, unreleased = controls.open_tasks(c), controls.all_pauses(c), calendar.unreleased(c)
    named = rows.titles(ask)
    return frame.page(
        ask,
        "staff/schedule/needs.html.jinja",
        status=status,
        headings=headings(ask, found),
        items={name: [_item(ask, one, named) for one in each] for name, each in waiting.items()},
        tasks=[_task(ask, one) for one in tasks],
        blocked=[(one, telling.plain(ask, one.why), rows.when(ask, one.at)) for one in pauses if one.kind == "blocked"],
        unreleased=[(one, named.get(one.action, one.action), rows.when(ask, one.next_at)) for one in unreleased],
        most=MOST,
        error=error,
    )


def _item(ask: Ask, one: Delivery, named: Mapping[str, str]) -> Item:
    return Item(row=rows.row(ask, one, named), account_url=home(ask, one), place=place(ask, one))


def _task(ask: Ask, one: Task) -> tuple[Task, str, rows.When]:
    return one, rows.address(one.key), rows.when(ask, one.at)


def home(ask: Ask, one: Delivery) -> str:
    """Return a link to where a person looks for a delivery: its account's server where config.yaml names one."""
    homes = {
        "x": "https://x.com/home",
        "facebook": "https://www.facebook.com/",
        "instagram": "https://www.instagram.com/",
        "threads": "https://www.threads.net/",
        "bluesky": "https://bsky.app/",
    }
    account = ask.site.workspace.accounts.get(one.account)
    return rows.link(homes.get(one.platform) or (account.base_url if account else ""))


def finish(ask: Ask) -> Response:
    """Note that a person has taken down what the program couldn't."""
    number = ask.path["number"]
    try:
        known = number.isdecimal() and len(number) < 16
        delivery = done(ask.site.app, int(number) if known else 0, who=ask.staff.name)
    except UserError:
        return show(ask, status=409, error=ask._("Somebody has done this already."))
    frame.say(ask, ask._("{key} counts as taken down.").replace("{key}", delivery.key))
    return pages.go("/staff/needs")


ROUTES: tuple[Route, ...] = (
    get("/staff/needs", show, May.look),
    post("/staff/tasks/{number}", finish, May.edit),
)

__all__ = ["ROUTES", "Heading", "Pause", "counts", "headings"]
