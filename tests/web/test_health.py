"""What other programs are told of the worker: the truth, and no more than they may know."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scheduler.operations import queue
from scheduler.store import controls
from scheduler.submission import May, Role
from tests.web.site import NOON, Served

TOMORROW = NOON + timedelta(days=1, hours=6)


@pytest.fixture
def here(served: Served) -> Iterator[Served]:
    """Give a site whose queue holds its posts."""
    queue.apply(served.app, served.site.campaign())
    return served


def beat(served: Served, worker: str = "") -> None:
    """Let a daemon give a sign of life."""
    with served.app.store.write() as c:
        controls.beat(c, worker or served.app.worker, served.clock.now())


def told(served: Served) -> dict:
    """What whoever may look is told."""
    return served.staff(Role.editor).get("/healthz").json()


def test_a_working_daemon_is_well(here: Served) -> None:
    """A daemon that gave a sign of life, and nothing overdue: 200."""
    beat(here)
    answer = here.client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert told(here)["heartbeat_seconds"] == 0


def test_without_a_daemon_it_is_not(here: Served) -> None:
    """The pages live, the daemon doesn't: 503, whoever asks."""
    answer = here.client().get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"ok": False})
    assert "no daemon runs" in told(here)["faults"][0]


def test_a_daemon_that_went_silent_is_not_well(here: Served) -> None:
    """A minute without a sign of life is a fault."""
    beat(here)
    here.clock.move_to(NOON + timedelta(seconds=61))
    assert "no sign of life for 61 seconds" in told(here)["faults"][0]


def test_what_is_overdue_tells(here: Served) -> None:
    """The daemon beats, but nothing leaves: that is no health. What people paused is no fault."""
    here.clock.move_to(TOMORROW)
    beat(here)
    found = told(here)
    assert not found["ok"]
    assert found["oldest_due_seconds"] > 3600
    with here.app.store.write() as c:
        controls.pause(c, "all", "", why="a reason", now=here.clock.now())
    found = told(here)
    assert found["ok"]
    assert (found["oldest_due_seconds"], found["paused"]) == (0, 1)


def test_what_is_stuck_tells(here: Served) -> None:
    """A delivery in the hand of a worker past its lease is counted."""
    from scheduler.store import claims

    here.clock.move_to(TOMORROW)
    with here.app.store.write() as c:
        ahead, lease = timedelta(minutes=2), timedelta(seconds=60)
        assert claims.claim_to_stage(c, worker="w", now=here.clock.now(), ahead=ahead, lease=lease)
    here.clock.move_to(TOMORROW + timedelta(seconds=61))
    assert told(here)["stuck"] == 1


def test_a_state_that_cannot_be_written_tells(tmp_path: Path) -> None:
    """A database that somebody else holds is no health."""
    import sqlite3

    served = Served(tmp_path)
    beat(served)
    with sqlite3.connect(tmp_path / "var/state.db", isolation_level=None) as other:
        other.execute("PRAGMA query_only=OFF")
        other.execute("BEGIN EXCLUSIVE")
        answer = served.client().get("/healthz")
        other.execute("ROLLBACK")
    assert answer.status_code == 503
    served.close()


def test_the_particulars_are_not_for_strangers(here: Served) -> None:
    """Strangers learn yes or no; staff, this machine and tokens that may look learn more; a proxy doesn't."""
    beat(here)
    admin = here.user(Role.admin)
    looks = {"Authorization": f"Bearer {here.token(admin, May.look)}"}
    pauses = {"Authorization": f"Bearer {here.token(admin, May.pause)}"}
    local = here.client(client=("127.0.0.1", 1))
    for client, headers, trusted in (
        (here.client(), {}, False),
        (here.client(), looks, True),
        (here.client(), pauses, False),
        (here.client(), {"Authorization": "Bearer nonsense"}, False),
        (here.staff(Role.moderator), {}, True),
        (local, {}, True),
        (local, {"X-Forwarded-For": "198.51.100.9"}, False),
        (local, {"X-Real-IP": "127.0.0.1"}, False),
    ):
        assert ("deliveries" in client.get("/healthz", headers=headers).json()) is trusted
        assert client.get("/metrics", headers=headers).status_code == (200 if trusted else 403)


def test_the_figures_can_be_read(here: Served) -> None:
    """Prometheus' own parser reads them; requests are counted by pattern, never by address."""
    client = here.client(client=("127.0.0.1", 1))
    client.get("/actions/salma?x=CANARY-7d1f3a")
    client.get("/CANARY-7d1f3a")
    client.get("/api/v1/deliveries/CANARY-7d1f3a")
    text = client.get("/metrics").text
    assert "7d1f3a" not in text
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["solidarity_deliveries", "queued"] > 0
    assert samples["solidarity_web_requests_total", "/actions/{key}", "200", "GET"] == 1
    assert samples["solidarity_web_requests_total", "/api/v1/deliveries/{id:path}", "401", "GET"] == 1
    assert samples["solidarity_web_requests_total", "404", "GET", "none"] == 1
    assert samples["solidarity_disk_free_bytes",] > 0
    assert samples["solidarity_database_writable",] == 1
