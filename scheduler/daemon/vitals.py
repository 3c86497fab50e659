"""What the daemon tells of itself on this machine: `/healthz` and `/metrics`.

The state says whether posts go out; only the process itself knows whether its threads still move.
"""

import json
import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scheduler import figures
from scheduler.app import App
from scheduler.daemon.signs import Signs
from scheduler.operations.health import Health, health
from scheduler.store import StateError, pulse

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_LATE = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
_WINDOW = 2000  # steps: on PostgreSQL a step may be committed after one with a higher number
_COUNTED = ("published", "failed", "unknown", "needs-human", "missed")


class Tally:
    """Counts what this daemon brought to its end since it started, from the state, when it is asked to."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._first: int | None = None
        self._last = 0
        self._seen: deque[int] = deque(maxlen=_WINDOW)
        self.ended: Counter[str] = Counter()
        self.late: Counter[int] = Counter()  # by the bucket
        self.late_seconds = 0.0

    def update(self) -> None:
        """Count what came since; the first time there is nothing to count.

        Raises:
            StateError: the state can't be read.
        """
        with self._lock, self._app.store.read() as c:
            if self._first is None:
                self._first = self._last = pulse.last_step(c)
                return
            seen = set(self._seen)
            after = max(self._first, self._last - _WINDOW)
            for one in pulse.settled(c, worker=self._app.worker, after=after):
                if one.id not in seen:
                    self._count(one)

    def _count(self, one: pulse.Settled) -> None:
        self._last = max(self._last, one.id)
        self._seen.append(one.id)
        self.ended[one.status] += 1
        if one.status == "published" and one.late_seconds is not None:
            self.late[bisect_left(_LATE, one.late_seconds)] += 1
            self.late_seconds += max(0.0, one.late_seconds)

    def buckets(self) -> list[tuple[str, float]]:
        """Return how many were published at most so many seconds after their time."""
        found, total = [], 0
        for number, edge in enumerate((*_LATE, float("inf"))):
            total += self.late[number]
            found.append(("+Inf" if edge == float("inf") else str(edge), float(total)))
        return found


class Vitals:
    """Answers for one daemon."""

    def __init__(self, app: App, signs: Signs) -> None:
        self._app, self._signs = app, signs
        self.tally = Tally(app)

    def answer(self, path: str) -> tuple[int, str, bytes] | None:
        """Return the status, the type and the body for an address; None where there is nothing."""
        if path == "/healthz":
            return self._healthz()
        if path == "/metrics":
            return 200, figures.TEXT, figures.exposed(self._families, process=True)
        return None

    def _healthz(self) -> tuple[int, str, bytes]:
        found, stuck = health(self._app), self._signs.faults()
        told: dict[str, Any] = figures.shown(found)
        told |= {"ok": found.ok and not stuck, "faults": [*stuck, *found.faults]}
        told["threads"] = [
            {"name": sign.name, "state": sign.state, "seconds": round(sign.seconds, 3)} for sign in self._signs.all
        ]
        return 200 if told["ok"] else 503, "application/json", json.dumps(told).encode()

    def _families(self) -> "Iterator[Metric]":
        found, stuck = health(self._app), self._signs.faults()
        for family in figures.families(found):
            if family.name == "solidarity_up":
                family.samples = [family.samples[0]._replace(value=int(found.ok and not stuck))]
            yield family
        yield from self._threads()
        yield from self._ended(found)

    def _threads(self) -> "Iterator[Metric]":
        from prometheus_client.metrics_core import GaugeMetricFamily

        states = Counter(sign.state for sign in self._signs.all)
        threads = GaugeMetricFamily("solidarity_daemon_threads", "The daemon's threads by state", labels=["state"])
        for state in ("idle", "busy", "stuck", "dead"):
            threads.add_metric([state], states[state])
        yield threads
        longest = max((sign.seconds for sign in self._signs.all), default=0.0)
        what = "The longest that a thread with work in hand gave no sign of life"
        yield GaugeMetricFamily("solidarity_daemon_silence_seconds", what, value=longest)

    def _ended(self, found: Health) -> "Iterator[Metric]":
        from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily

        try:
            if found.writable:  # else it was just tried
                self.tally.update()
        except StateError:
            return
        ended = CounterMetricFamily(
            "solidarity_deliveries_ended", "Deliveries that this daemon brought to an end", labels=["status"]
        )
        for status in _COUNTED:
            ended.add_metric([status], self.tally.ended[status])
        yield ended
        yield HistogramMetricFamily(
            "solidarity_lateness_seconds",
            "How long after its time each was published",
            buckets=self.tally.buckets(),
            sum_value=self.tally.late_seconds,
        )
