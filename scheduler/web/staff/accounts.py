"""The accounts: whether each may publish, when it last did, what it still has to do, and a check on request."""

import threading
from dataclasses import dataclass

from starlette.responses import Response

from scheduler.gallery import words
from scheduler.operations.accounts import Verified, verify_one
from scheduler.store import Connection, Pause, calendar, controls
from scheduler.submission import May
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get, post
from scheduler.web.staff import frame, rows, telling

SECONDS = 20.0
"""How long a network may take to say whether an account works."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One account."""

    name: str
    platform: str
    language: str
    state: str  # blocked, paused or ok
    why: str
    last: rows.When | None
    next: rows.When | None
    left: int


def standing(ask: Ask, c: Connection) -> list[Line]:
    """Return every account of config.yaml, and those that are gone from it and still have something to publish."""
    known = ask.site.workspace.accounts
    found = calendar.accounts(c)
    pauses = controls.all_pauses(c)
    names = [*known, *sorted(name for name in found.keys() - known.keys() if found[name].left)]
    nothing = calendar.Standing(last_at=None, next_at=None, left=0)
    return [_line(ask, name, found.get(name, nothing), pauses) for name in names]


def _line(ask: Ask, name: str, stands: calendar.Standing, pauses: list[Pause]) -> Line:
    account = ask.site.workspace.accounts.get(name)
    mine = [one for one in pauses if one.scope == "all" or (one.scope, one.name) == ("account", name)]
    blocked = next((one for one in mine if one.kind == "blocked"), None)
    held = blocked or next(iter(mine), None)
    state, why = ("blocked" if blocked else "paused" if held else "ok"), held.why if held else ""
    if account is None:
        state, why = "blocked", ask._("It is gone from config.yaml: put it back there, or drop what it has to publish.")
    return Line(
        name=name,
        platform=words.platform(account.platform) if account else "",
        language=account.language if account else "",
        state=state,
        why=telling.plain(ask, why),
        last=rows.when(ask, stands.last_at) if stands.last_at else None,
        next=rows.when(ask, stands.next_at) if stands.next_at else None,
        left=stands.left,
    )


def show(ask: Ask) -> Response:
    """Show the accounts."""
    with ask.site.app.store.read() as c:
        lines = standing(ask, c)
    return frame.page(ask, "staff/schedule/accounts.html.jinja", accounts=lines, seconds=int(SECONDS))


def verify(ask: Ask) -> Response:
    """Ask an account's network whether its credentials work."""
    account = ask.site.workspace.accounts.get(ask.path["name"])
    if account is None:
        return pages.said(ask, 404, ask._("There is no such account"), ask._("It may be gone from config.yaml."))
    found: list[Verified] = []

    def look() -> None:
        found.append(verify_one(account, ask.site.workspace, ask.site.app.clock, ask=True))

    asking = threading.Thread(target=look, daemon=True)
    asking.start()
    asking.join(SECONDS)
    said = found[0] if found else None
    if said is None:
        text = ask._("{name}: its network didn't answer in time. Try again later.")
    elif said.ok:
        text = ask._("{name} works: its network knows it as {detail}.").replace("{detail}", said.detail)
    else:
        text = ask._("{name} doesn't work: {detail}").replace("{detail}", telling.plain(ask, said.detail))
    frame.say(ask, text.replace("{name}", account.name), wrong=said is None or not said.ok)
    return pages.go("/staff/accounts")


ROUTES: tuple[Route, ...] = (
    get("/staff/accounts", show, May.look),
    post("/staff/accounts/{name}/verify", verify, May.look, limit="10 per minute"),
)
