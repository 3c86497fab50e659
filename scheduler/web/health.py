"""What other programs ask: whether posts go out (`/healthz`), and figures for Prometheus (`/metrics`)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from scheduler.figures import TEXT, exposed, families, shown
from scheduler.operations.health import health
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import ANYONE, Route, get

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

    from scheduler.web.site import Site


def healthz(ask: Ask) -> Response:
    """Answer 200 where posts go out and 503 where they don't; the particulars are for whoever may look."""
    found = health(ask.site.app)
    told: dict[str, object] = {"ok": found.ok}
    if ask.trusted:
        told |= shown(found)
    return JSONResponse(told, status_code=200 if found.ok else 503)


def metrics(ask: Ask) -> Response:
    """Return the figures as Prometheus reads them: for this machine, and for tokens that may look."""
    if not ask.trusted:
        return pages.said(ask, 403, ask._("This isn't for you"), ask._("Ask an admin if you need it."))
    found, site = health(ask.site.app), ask.site
    return Response(exposed(lambda: [*families(found), *_requests(site)]), media_type=TEXT)


def _requests(site: "Site") -> "Iterator[Metric]":
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily

    from scheduler import cleaning

    answered = CounterMetricFamily("solidarity_web_requests", "Requests answered", labels=["route", "method", "status"])
    for (route, method, status), number in sorted(site.counts.requests().items()):
        answered.add_metric([route, method, str(status)], number)
    yield answered
    yield GaugeMetricFamily("solidarity_web_uploads", "Files that come in at this moment", value=site.counts.uploads)
    number, seconds = cleaning.taken()
    yield SummaryMetricFamily("solidarity_cleaning_seconds", "Files made anew", count_value=number, sum_value=seconds)


ROUTES: tuple[Route, ...] = (get("/healthz", healthz, ANYONE, limit="120 per minute"), get("/metrics", metrics, ANYONE))
