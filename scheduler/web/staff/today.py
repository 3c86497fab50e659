"""Today: what goes out in the next 24 hours, what needs a person, and whether anybody works at all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import Response

from scheduler.status import Status
from scheduler.store import Connection, calendar, controls, deliveries
from scheduler.submission import May
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get
from scheduler.web.staff import accounts, frame, needs, rows

MOST = 100
"""How many deliveries a list of this page shows."""

STUCK = timedelta(minutes=5)
"""How long after its time a delivery that isn't held should have gone out."""

_TO_GO = (
    *(Status.queued, Status.held, Status.claimed, Status.staged, Status.sending),
    *(Status.unknown, Status.needs_human),
)
_DONE = tuple(status for status in Status if status not in _TO_GO)


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether a daemon works on the queue."""

    daemons: int
    seen_at: datetime | None  # the last sign of life of any
    overdue: int  # deliveries whose time passed some minutes ago, and that nothing holds


def health(c: Connection, now: datetime) -> Health:
    """Return whether a daemon works on the queue."""
    seen = controls.beats(c)
    return Health(
        daemons=len(controls.alive(c, now)),
        seen_at=max(seen.values(), default=None),
        overdue=calendar.overdue(c, now - STUCK),
    )


def show(ask: Ask) -> Response:
    """Show what goes out today and in the next 24 hours."""
    zone = ask.site.workspace.timezone
    today = ask.now.astimezone(zone).date()
    begins = rows.start(today, zone)
    ends = max(rows.start(today + timedelta(days=1), zone), ask.now + timedelta(hours=24))
    with ask.site.app.store.read() as c:
        to_go = deliveries.between(c, begins, ends, statuses=_TO_GO, limit=MOST + 1)
        done = deliveries.between(c, begins, ends, statuses=_DONE, limit=MOST + 1)
        works = health(c, ask.now)
        asking = needs.counts(c)
        unreleased = calendar.unreleased(c)
        standing = accounts.standing(ask, c)
    named = rows.titles(ask)
    return frame.page(
        ask,
        "staff/schedule/today.html.jinja",
        now=rows.when(ask, ask.now),
        today=today,
        to_go=rows.rows(ask, to_go[:MOST]),
        done=rows.rows(ask, done[:MOST]),
        more=len(to_go) > MOST or len(done) > MOST,
        health=works,
        seen=rows.when(ask, works.seen_at) if works.seen_at else None,
        needs=needs.headings(ask, asking),
        unreleased=[(one, named.get(one.action, one.action), rows.when(ask, one.next_at)) for one in unreleased],
        accounts=standing,
    )


ROUTES: tuple[Route, ...] = (get("/staff", show, May.look),)
