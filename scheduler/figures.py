"""How the work goes on, as other programs read it: JSON, and figures for Prometheus."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from scheduler.operations.health import Health

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

TEXT = "text/plain; version=0.0.4; charset=utf-8"
"""The type of what Prometheus reads."""


def exposed(collect: "Callable[[], Iterable[Metric]]", *, process: bool = False) -> bytes:
    """Return figures as Prometheus reads them; with `process` also this process's memory, time and files."""
    from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
    from prometheus_client.registry import Collector

    class Once(Collector):
        def collect(self) -> "Iterator[Metric]":
            yield from collect()

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Once())
    if process:
        ProcessCollector(registry=registry)
    return generate_latest(registry)


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


def families(found: Health) -> "Iterator[Metric]":
    """Yield them for Prometheus. Their labels are statuses and nothing else: no key, no name."""
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
