"""The calendar for other tools, narrowed as the page that it was asked from."""

from datetime import UTC, datetime

from starlette.responses import Response

from scheduler.operations.export import as_csv, as_ics
from scheduler.store import Delivery, deliveries
from scheduler.submission import May
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get
from scheduler.web.staff import calendar

_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))


def ics(ask: Ask) -> Response:
    """Return an iCalendar file."""
    text = as_ics(_found(ask), ask.site.workspace, now=ask.now)
    return _file(text, "text/calendar; charset=utf-8", "calendar.ics")


def table(ask: Ask) -> Response:
    """Return a table for spreadsheets."""
    text = as_csv(_found(ask), ask.site.workspace)
    return _file(text, "text/csv; charset=utf-8", "calendar.csv")


def _found(ask: Ask) -> list[Delivery]:
    view = calendar.asked(ask)
    edges = view.edges(ask) if "view" in ask.query else list(_EVER)
    wanted = view.wanted
    with ask.site.app.store.read() as c:
        return deliveries.between(
            c, edges[0], edges[-1], action=wanted.action, account=wanted.account, statuses=wanted.statuses
        )


def _file(text: str, kind: str, name: str) -> Response:
    return Response(text.encode(), media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


ROUTES: tuple[Route, ...] = (
    get("/staff/export.ics", ics, May.look),
    get("/staff/export.csv", table, May.look),
)
