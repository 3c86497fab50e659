"""The frame around every page of staff: where one can go, what waits, what is paused, and a word about what was done.

A page of staff is `frame.page(ask, "staff/….html.jinja", …)`; its template extends `staff/layout.html.jinja` and fills
the blocks `title` and `content`. After a form: `frame.say(ask, …)`, then `pages.go(…)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.store import attention, staff
from scheduler.store.attention import Attention, Paused
from scheduler.store.staff import Session
from scheduler.submission import May
from scheduler.web import pages, words
from scheduler.web.ask import Ask, Form

_SEEN = timedelta(minutes=1)
"""How exactly it is known when a session was last in use: one write a minute at most."""


_FORMS = (
    *(f"/staff/{name}" for name in ("account", "accounts", "audit", "calendar", "compose", "moderation", "needs")),
    *(f"/staff/{name}" for name in ("pauses", "people", "sign-in", "welcome")),
)
"""Pages with forms whose answer, where something is wrong, is a page again: it can't be opened by its own address."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """One entry of the navigation."""

    path: str
    name: str
    here: bool
    count: int = 0
    alarm: bool = False  # its count needs a person


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What the layout shows around a page."""

    places: tuple[Place, ...]
    paused: tuple[Paused, ...]
    pausable: tuple[tuple[str, str, str], ...]  # kind (action, account), the value of the choice, its name
    names: Mapping[str, str]  # of what may be paused, by the value of its choice
    said: str  # about what was just done
    secret: str  # to be copied now: it is shown once
    wrong: bool  # whether that went wrong
    languages: tuple[tuple[str, str, str], ...]  # tag, what it calls itself, address
    here: str  # to come back to


def page(ask: Ask, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page of staff in its frame."""
    waiting, said = Attention(submissions=0, needs=0), {}
    paused: tuple[Paused, ...] = ()
    if ask.session and ask.user:
        with ask.site.app.store.read() as c:
            waiting, paused = attention.attention(c), tuple(attention.paused(c))
        said = _said(ask, ask.session)
    pausable = _pausable(ask) if ask.user else ()
    frame = Frame(
        places=_places(ask, waiting),
        paused=paused,
        pausable=pausable,
        names={value: name for _, value, name in pausable},
        said=said.get("text", ""),
        secret=ask.site.app.vault.unseal(said.get("secret", "")),
        wrong=said.get("wrong", False),
        languages=_languages(ask),
        here=_with(ask),
    )
    return pages.page(ask, template, status=status, frame=frame, **values)


def say(ask: Ask, text: str, *, wrong: bool = False, secret: str = "") -> None:
    """Have a text shown once at the top of the next page that this browser opens; `secret` stands below it, to copy."""
    if ask.session:
        sealed = ask.site.app.vault.seal(secret)
        with ask.site.app.store.write() as c:
            said = {"text": text, "wrong": wrong, "secret": sealed}
            staff.touch_session(c, ask.session.token_hash, now=ask.now, said=said)


def _said(ask: Ask, session: Session) -> dict[str, Any]:
    """Return what is to be said, and forget it; note now and then that the session is in use."""
    said: dict[str, Any] | None = session.notes.get("said")
    if said or ask.now - session.seen_at > _SEEN:
        with ask.site.app.store.write() as c:
            staff.touch_session(c, session.token_hash, now=ask.now, **({"said": None} if said else {}))
    return said or {}


def back(form: Form, default: str = "/staff") -> str:
    """Return the page a form of the frame was sent from; only ever one of staff."""
    wanted = form["back"]
    return wanted if wanted == "/staff" or wanted.startswith(("/staff/", "/staff?")) else default


def scope(form: Form) -> tuple[str, str]:
    """Return what a form of the frame is to pause or resume: `all`, or `action:NAME`, `account:NAME` in one choice."""
    kind, _, name = form["scope"].partition(":")
    return kind, name or form["name"]


def _places(ask: Ask, waiting: Attention) -> tuple[Place, ...]:
    wanted: tuple[tuple[str, str, May | None, int], ...] = (
        ("/staff", ask._("Today"), May.look, 0),
        ("/staff/calendar", ask._("Calendar"), May.look, 0),
        ("/staff/needs", ask._("Needs a person"), May.look, waiting.needs),
        ("/staff/moderation", ask._("Moderation"), May.look, waiting.submissions if ask.may(May.moderate) else 0),
        ("/staff/accounts", ask._("Accounts"), May.look, 0),
        ("/staff/people", ask._("Staff"), May.govern, 0),
        ("/staff/audit", ask._("Audit"), May.govern, 0),
        ("/staff/account", ask._("My account"), None, 0),
    )
    return tuple(
        Place(
            path=path,
            name=name,
            here=ask.here == path or (path != "/staff" and ask.here.startswith(f"{path}/")),
            count=count,
            alarm=path == "/staff/needs",
        )
        for path, name, right, count in wanted
        if ask.user and (right is None or ask.may(right))
    )


def _pausable(ask: Ask) -> tuple[tuple[str, str, str], ...]:
    """Return what may be paused beside everything; an unreadable campaign leaves the accounts."""
    workspace = ask.site.workspace
    try:
        actions = ask.site.campaign().actions
    except UserError:
        actions = ()
    language = ask.words.language
    return (
        *(("action", f"action:{one.key}", one.title.in_language(language, workspace.language)) for one in actions),
        *(("account", f"account:{name}", name) for name in workspace.accounts),
    )


def _languages(ask: Ask) -> tuple[tuple[str, str, str], ...]:
    return tuple((tag, words.own_name(tag), _with(ask, lang=tag)) for tag in ask.site.languages)


def _with(ask: Ask, **more: str) -> str:
    """Return this page's address with its query; of a page that answers a form, the page where the form stands."""
    if ask.method == "POST":
        here = max((one for one in _FORMS if ask.here.startswith(one)), key=len, default="/staff")
        return f"{here}?{urlencode(more)}" if more else here
    query = {**{name: value for name, value in ask.query.items() if name != "lang"}, **more}
    return f"{ask.here}?{urlencode(query)}" if query else ask.here
