"""The calendar: a month, a week, a day or a list of deliveries, narrowed by action, account and state."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from scheduler.status import Status
from scheduler.store import calendar, deliveries
from scheduler.store.calendar import Span, Wanted
from scheduler.submission import May
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get
from scheduler.web.staff import frame, rows, telling

VIEWS = ("month", "week", "list", "day")
A_PAGE = 50
"""How many deliveries a page of the list shows."""

_IN_A_DAY = 4  # of the month; the rest is a number
_IN_A_COLUMN = 150  # of the week
_YEARS = range(1971, 2199)


@dataclass(frozen=True, kw_only=True)
class View:
    """What the address asks for."""

    view: str
    at: date
    wanted: Wanted
    page: int
    given: str = ""  # the word for the state, as the form has it

    @property
    def days(self) -> list[date]:
        """Every day that is shown, and the day after the last."""
        if self.view == "month":
            first = self.at.replace(day=1)
            monday = first - timedelta(days=first.weekday())
            last = _month(first, 1) - timedelta(days=1)
            return _days(monday, last + timedelta(days=7 - last.weekday()))
        if self.view == "week":
            monday = self.at - timedelta(days=self.at.weekday())
            return _days(monday, monday + timedelta(days=7))
        return _days(self.at, self.at + timedelta(days=1) if self.view == "day" else _month(self.at, 1))

    def edges(self, ask: Ask) -> list[datetime]:
        """Return the first moment of each day, and the end of the last."""
        return [rows.start(day, ask.site.workspace.timezone) for day in self.days]

    def address(self, path: str = "/staff/calendar", **other: object) -> str:
        """Return the address of this view, or of one that differs from it."""
        values = {
            "view": self.view,
            "at": self.at.isoformat(),
            "action": self.wanted.action,
            "account": self.wanted.account,
            "state": self.given,
            **other,
        }
        return f"{path}?{urlencode({name: value for name, value in values.items() if value})}"

    def beside(self, steps: int) -> date:
        """Return the day that stands for the month, week or day before or after."""
        if self.view in {"month", "list"}:
            return _month(self.at, steps)
        return self.at + timedelta(days=steps * (7 if self.view == "week" else 1))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One day of the calendar."""

    day: date
    name: str  # in words
    weekday: str
    number: str
    today: bool
    outside: bool  # of the month
    changes: bool  # whether the clocks change on it
    span: Span
    entries: list[rows.Small]
    states: list[tuple[str, str, int]]  # each state, its word, how many
    href: str  # of the day itself

    @property
    def bare(self) -> bool:
        """Whether a phone, which shows the month as a list, leaves it out."""
        return self.outside or not self.span.total


def asked(ask: Ask) -> View:
    """Return what the address asks for; what can't be meant is left out."""
    query = ask.query
    view = query.get("view", "month")
    today = ask.now.astimezone(ask.site.workspace.timezone).date()
    try:
        at = date.fromisoformat(query.get("at", ""))
    except ValueError:
        at = today
    page = query.get("page", "1")
    given = query.get("state", "")
    return View(
        view=view if view in VIEWS else "month",
        at=at if at.year in _YEARS else today,
        wanted=Wanted(action=query.get("action", ""), account=query.get("account", ""), statuses=_statuses(given)),
        page=max(1, int(page)) if page.isdecimal() and len(page) < 7 else 1,
        given=given if _statuses(given) else "",
    )


def _statuses(given: str) -> tuple[Status, ...]:
    groups = {
        "to-go": (Status.queued, Status.held, Status.claimed, Status.staged, Status.sending),
        "asking": calendar.ASKING,
    }
    return groups.get(given) or tuple(status for status in Status if status == given)


def show(ask: Ask) -> Response:
    """Show a part of the calendar."""
    view = asked(ask)
    named = rows.titles(ask)
    shared: dict[str, Any] = {
        "view": view,
        "heading": _heading(ask, view),
        "places": _places(ask, view),
        "choices": _choices(ask, view, named),
        "states": {str(status): telling.state(ask, status) for status in Status},
    }
    if view.view in {"month", "week"}:
        return frame.page(ask, f"staff/schedule/{view.view}.html.jinja", **shared, **_grid(ask, view, named))
    return frame.page(ask, "staff/schedule/list.html.jinja", **shared, **_list(ask, view))


# ── a month, a week ─────────────────────────────────────────────────────────────────────────────────────


def _grid(ask: Ask, view: View, named: Mapping[str, str]) -> dict[str, Any]:
    most = _IN_A_DAY if view.view == "month" else _IN_A_COLUMN
    with ask.site.app.store.read() as c:
        found = calendar.spans(c, view.edges(ask), view.wanted, most=most)
    cells = [_cell(ask, view, day, span, named) for day, span in zip(view.days, found, strict=False)]
    if view.view == "month":
        return {"weeks": [cells[at : at + 7] for at in range(0, len(cells), 7)]}
    return {"cells": cells, "hours": _hours(cells)}


def _cell(ask: Ask, view: View, day: date, span: Span, named: Mapping[str, str]) -> Cell:
    from babel.dates import format_date

    zone = ask.site.workspace.timezone
    return Cell(
        day=day,
        name=ask.words.day(day, form="full"),
        weekday=format_date(day, "EEEE", locale=ask.words.language).capitalize(),
        number=str(day.day),
        today=day == ask.now.astimezone(zone).date(),
        outside=view.view == "month" and day.month != view.at.month,
        changes=rows.changes(day, zone),
        span=span,
        entries=[rows.small(ask, one, named) for one in span.first],
        states=[(str(status), telling.state(ask, status), n) for status, n in sorted(span.counts.items())],
        href=view.address(view="day", at=day.isoformat()),
    )


def _hours(cells: list[Cell]) -> list[tuple[str, list[list[rows.Small]]]]:
    """Return the hours in which anything is due, each with what each day has in it."""
    clocks = sorted({one.when.clock[:2] for cell in cells for one in cell.entries})
    return [
        (f"{hour}:00", [[one for one in cell.entries if one.when.clock[:2] == hour] for cell in cells])
        for hour in clocks
    ]


# ── a list ──────────────────────────────────────────────────────────────────────────────────────────────


def _list(ask: Ask, view: View) -> dict[str, Any]:
    edges, wanted = view.edges(ask), view.wanted
    with ask.site.app.store.read() as c:
        counted = calendar.counts(c, edges[0], edges[-1], wanted)
        found = deliveries.between(
            c,
            edges[0],
            edges[-1],
            action=wanted.action,
            account=wanted.account,
            statuses=wanted.statuses,
            limit=A_PAGE,
            offset=(view.page - 1) * A_PAGE,
        )
    total = sum(counted.values())
    last = max(1, -(-total // A_PAGE))
    return {
        "rows": rows.rows(ask, found),
        "total": total,
        "counts": [(str(status), telling.state(ask, status), n) for status, n in sorted(counted.items())],
        "page": view.page,
        "pages": last,
        "before": view.address(page=view.page - 1) if view.page > 1 else "",
        "after": view.address(page=view.page + 1) if view.page < last else "",
    }


# ── around it ───────────────────────────────────────────────────────────────────────────────────────────


def _heading(ask: Ask, view: View) -> str:
    if view.view == "month":
        from babel.dates import format_skeleton

        month = format_skeleton("yMMMM", view.at, locale=ask.words.language)
        return month[:1].upper() + month[1:]
    first, last = view.days[0], view.days[-2]
    if first == last:
        return ask.words.day(first, form="full")
    return f"{ask.words.day(first, form='medium')} – {ask.words.day(last, form='medium')}"  # noqa: RUF001 - an en dash


def _places(ask: Ask, view: View) -> dict[str, Any]:
    today = ask.now.astimezone(ask.site.workspace.timezone).date()
    named = {"month": ask._("Month"), "week": ask._("Week"), "list": ask._("List"), "day": ask._("Day")}
    return {
        "views": [(name, named[name], view.address(view=name), name == view.view) for name in VIEWS],
        "before": view.address(at=view.beside(-1).isoformat()),
        "after": view.address(at=view.beside(1).isoformat()),
        "today": view.address(at=today.isoformat()),
        "ics": view.address("/staff/export.ics"),
        "csv": view.address("/staff/export.csv"),
    }


def _choices(ask: Ask, view: View, named: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Return what the form offers, and whatever the address asks for besides."""
    workspace = ask.site.workspace
    actions = sorted(((key, title) for key, title in named.items()), key=lambda one: one[1].casefold())
    names = list(workspace.accounts)
    if view.wanted.action not in {"", *named}:
        actions.append((view.wanted.action, view.wanted.action))
    if view.wanted.account not in {"", *names}:
        names.append(view.wanted.account)
    groups = [("to-go", ask._("Still to go")), ("asking", ask._("May need a person"))]
    return {
        "actions": actions,
        "accounts": [(name, name) for name in names],
        "states": [*groups, *((str(status), telling.state(ask, status)) for status in Status)],
    }


def _days(first: date, end: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((end - first).days + 1)]


def _month(day: date, steps: int) -> date:
    """Return the same day some months later, or that month's last one."""
    number = day.year * 12 + day.month - 1 + steps
    first = date(number // 12, number % 12 + 1, 1)
    following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    return first.replace(day=min(day.day, (following - first).days))


ROUTES: tuple[Route, ...] = (get("/staff/calendar", show, May.look),)
