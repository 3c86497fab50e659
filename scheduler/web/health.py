"""What other programs ask: whether posts go out (`/healthz`), and figures for Prometheus (`/metrics`)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from scheduler.operations.health import Health, health
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
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.registry import Collector

    found, site = health(ask.site.app), ask.site

    class Once(Collector):
        def collect(self) -> "Iterator[Metric]":
            yield from _state(found)
            yield from _requests(site)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Once())
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")


def shown(found: Health) -> dict[str, object]:
    """Return what is known of the worker, for programs."""
    return {
        "ok": found.ok,
        "at": found.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "faults": list(found.faults),
        "heartbeat_seconds": found.heartbeat_seconds,
        "oldest_due_seconds": found.oldest_due_seconds,
        "stuck": found.stuck,
        "deliveries": found.statuses,
        "submissions_waiting": found.submissions,
        "tasks": found.tasks,
        "paused": found.paused,
        "blocked": found.blocked,
        "database_writable": found.writable,
        "disk_free_bytes": found.free_bytes,
    }


def _state(found: Health) -> "Iterator[Metric]":
    from prometheus_client.metrics_core import GaugeMetricFamily

    by_status = GaugeMetricFamily("solidarity_deliveries", "Deliveries by status", labels=["status"])
    for status, number in found.statuses.items():
        by_status.add_metric([status], number)
    yield by_status
    age = found.heartbeat_seconds
    for name, what, value in (
        ("up", "Whether posts go out", int(found.ok)),
        ("heartbeat_age_seconds", "Age of the daemon's last sign of life", float("nan") if age is None else age),
        ("oldest_due_seconds", "How long the oldest that could leave has been due", found.oldest_due_seconds),
        ("stuck", "Deliveries in the hand of a daemon past its lease", found.stuck),
        ("submissions_waiting", "Submissions that wait for moderators", found.submissions),
        ("tasks_open", "Tasks that only people can do", found.tasks),
        ("paused_scopes", "What people have paused", found.paused),
        ("accounts_blocked", "Accounts that their networks refuse", found.blocked),
        ("database_writable", "Whether the state can be written", int(found.writable)),
        ("disk_free_bytes", "Free space on the workspace's disk", found.free_bytes),
    ):
        yield GaugeMetricFamily(f"solidarity_{name}", what, value=value)


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
