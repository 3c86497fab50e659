"""What the daemon tells: over HTTP on this machine, and to the service manager by datagrams."""

import os
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from scheduler.daemon import listening
from scheduler.daemon.listening import Listener
from scheduler.daemon.signs import Signs
from scheduler.daemon.vitals import Vitals
from scheduler.errors import UsageError
from scheduler.store import controls
from scheduler.systemd import Supervisor
from tests.world import NOON, World, post


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world whose daemon lives."""
    made = World(tmp_path)
    with made.store.write() as c:
        controls.beat(c, made.app.worker, made.clock.now())
    yield made
    made.close()


@pytest.fixture
def listener(world: World) -> Iterator[Listener]:
    """Give a server that answers for the world."""
    made = Listener(0, Vitals(world.app, Signs()).answer)
    made.start()
    yield made
    made.stop()


def ask(listener: Listener, request: bytes) -> bytes:
    """Send bytes and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=60) as line:
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(65536), b""))


def test_health_and_figures_are_there(listener: Listener) -> None:
    """Both addresses answer; others don't, and no answer may be kept."""
    base = f"http://127.0.0.1:{listener.port}"
    with urllib.request.urlopen(f"{base}/healthz?now", timeout=60) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    with urllib.request.urlopen(f"{base}/metrics", timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{base}/", timeout=60)
    assert refused.value.code == 404
    refused.value.close()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"HEAD /healthz HTTP/1.1\r\n\r\n", 200),
        (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /healthz HTTP/1.1\r\nHost: [\r\n\r\n", 421),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 421),
        (b"POST /healthz HTTP/1.1\r\n\r\n", 501),
        (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", 404),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"\x16\x03\x01\x02 hello tls\r\n\r\n", 400),
    ],
)
def test_what_is_no_proper_request_is_refused(listener: Listener, request_: bytes, status: int) -> None:
    """Odd requests get a plain refusal, and a page in a browser can't ask by a name of its own."""
    answer = ask(listener, request_)
    assert answer.removeprefix(b"HTTP/1.0 ").startswith(f"{status} ".encode())
    assert b"Python" not in answer


def test_slow_clients_hold_up_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond eight are turned away, and whoever says nothing is cut off: then there is room again."""
    monkeypatch.setattr(listening._Request, "timeout", 0.2)
    listener = Listener(0, Vitals(world.app, Signs()).answer)
    listener.start()
    lines = [socket.create_connection(("127.0.0.1", listener.port), timeout=60) for _ in range(20)]
    for line in lines:  # each of them is cut off, sooner or later
        assert line.recv(100) == b""
        line.close()
    assert ask(listener, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")
    listener.stop()


def test_it_is_for_this_machine_only(listener: Listener) -> None:
    """It listens at the loopback address."""
    assert listener._server.server_address[0] == "127.0.0.1"


def test_a_port_that_is_taken_is_said() -> None:
    """The message names the option and the cure."""
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=rf"--health {port}: can't be listened at .*take another port"):
            Listener(port, lambda _path: None)


# ── the figures ──


def samples(vitals: Vitals) -> dict[tuple[str, ...], float]:
    """Return the figures by name and labels, as Prometheus' own parser reads them."""
    found = vitals.answer("/metrics")
    assert found is not None
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(found[2].decode())
        for sample in family.samples
    }


def test_the_figures_count_what_this_daemon_did(world: World) -> None:
    """What it published is counted once, with how late it was; what others did, or was done before, isn't."""
    world.write(
        post("early"), post("late", at=NOON + timedelta(minutes=1)), post("other", at=NOON + timedelta(hours=1))
    )
    world.queue()
    world.run()
    vitals = Vitals(world.app, Signs())
    assert samples(vitals)["solidarity_deliveries_ended_total", "published"] == 0
    world.clock.move_to(NOON + timedelta(minutes=1, seconds=2))
    world.run()
    for _ in range(2):
        found = samples(vitals)
        assert found["solidarity_deliveries_ended_total", "published"] == 1
        assert found["solidarity_deliveries", "published"] == 2
        assert (found["solidarity_lateness_seconds_bucket", "1.0"], found["solidarity_lateness_seconds_count",]) == (
            0,
            1,
        )
        assert found["solidarity_lateness_seconds_bucket", "2.5"] == 1
        assert found["solidarity_lateness_seconds_sum",] == pytest.approx(2)
    world.clock.move_to(NOON + timedelta(hours=1))
    world.run(world.daemon("second"))
    assert samples(vitals)["solidarity_deliveries_ended_total", "published"] == 1
    assert samples(vitals)["solidarity_deliveries", "published"] == 3
    assert found["process_resident_memory_bytes",] > 1_000_000


def test_no_key_is_in_a_label(world: World) -> None:
    """Labels are statuses and states of threads: no account, no delivery, no name."""
    world.write(post("canary-7d1f3a"))
    world.queue()
    world.run()
    vitals = Vitals(world.app, Signs())
    found = vitals.answer("/metrics")
    assert found is not None
    families = text_string_to_metric_families(found[2].decode())
    labels = {name for family in families for sample in family.samples for name in sample.labels}
    assert labels == {"status", "state", "le"}
    assert b"7d1f3a" not in found[2]


def test_figures_stay_when_the_state_does_not_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks while the state is away is told so, by both."""
    from scheduler.store import StateError

    def away() -> None:
        raise StateError("away")

    vitals = Vitals(world.app, Signs())
    monkeypatch.setattr(world.app.store, "read", away)
    found = samples(vitals)
    assert (found["solidarity_up",], found["solidarity_database_writable",]) == (0, 0)
    answer = vitals.answer("/healthz")
    assert answer is not None
    assert answer[0] == 503
    assert b"the state can't be read or written" in answer[2]


# ── the service manager ──


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_is_told(tmp_path: Path, *, abstract: bool) -> None:
    """One datagram a message, to a path or an abstract name; a status is one line."""
    name = f"@solidarity-{os.getpid()}-{threading.get_ident()}" if abstract else str(tmp_path / "n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1) if abstract else name)
        manager.settimeout(10)
        supervisor = Supervisor({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "60000000"})
        assert (supervisor.listens, supervisor.watchdog_seconds) == (True, 60)
        supervisor.ready("running:\n3 accounts")
        supervisor.alive("well")
        supervisor.say("lane 1 is stuck")
        supervisor.stopping()
        told = [manager.recv(4096).decode() for _ in range(4)]
    assert told == [
        "READY=1\nSTATUS=running: 3 accounts",
        "WATCHDOG=1\nSTATUS=well",
        "STATUS=lane 1 is stuck",
        "STOPPING=1",
    ]


def test_without_one_nothing_is_said(tmp_path: Path) -> None:
    """No socket, one that is gone, one that nobody reads any more, a watchdog for another process: no harm."""
    for environ in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}, {"WATCHDOG_USEC": "5"}):
        supervisor = Supervisor(environ)
        assert (supervisor.listens, supervisor.watchdog_seconds) == (False, None)
        supervisor.ready("x")
    name = str(tmp_path / "n")
    Supervisor({"NOTIFY_SOCKET": name}).ready("nobody is there")
    for more in ({"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "nonsense"}, {"WATCHDOG_USEC": "0"}):
        assert Supervisor({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "5", **more}).watchdog_seconds is None
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(name)
        for _ in range(2000):
            Supervisor({"NOTIFY_SOCKET": name}).alive("well")
