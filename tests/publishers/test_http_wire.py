"""The wire that all networks share, against answers that no honest server gives."""

import gzip
import logging
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scheduler.errors import PublishError
from scheduler.publishers import http_wire
from scheduler.publishers.http_wire import Fault, Trouble, Verdict, Waits, Wire
from scheduler.standins.faults import Answer
from tests.publishers.harness import harnesses

FIRST, SECOND, THIRD = (Answer(200, b'{"n": %d}' % number).wire() for number in (1, 2, 3))
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
SECRET = "canary-in-an-address"

Open = Callable[..., Wire]


@pytest.fixture
def answering() -> Iterator[Open]:
    """Return what makes a wire to a server that gives these answers, one list a connection: one item a request.

    An item of several pieces is sent piece by piece, a moment between two.
    """
    made, threads = [], []

    def wire(*connections: list[bytes | tuple[bytes, ...]]) -> Wire:
        server = socket.create_server(("127.0.0.1", 0))
        made.append(server)
        threads.append(threading.Thread(target=_serve, args=(server, connections)))
        threads[-1].start()
        return Wire(
            name="N",
            base=f"http://127.0.0.1:{server.getsockname()[1]}",
            waits=Waits(5, 5),
            judge=lambda answer: Trouble(Verdict.unclear, str(answer.status)),
        )

    yield wire
    for server in made:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join(5)


def _serve(server: socket.socket, connections: Iterable[list[bytes | tuple[bytes, ...]]]) -> None:
    for answers in connections:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                for item in answers:
                    if not connection.recv(65536):
                        break
                    for piece in [item] if isinstance(item, bytes) else item:
                        connection.sendall(piece)
                        threading.Event().wait(0 if isinstance(item, bytes) else 0.1)


@pytest.mark.parametrize("hints", [HINTS, PROCESSING, HINTS * 3 + PROCESSING])
@pytest.mark.parametrize("alone", [True, False])
def test_what_comes_before_the_answer_is_no_answer(answering: Open, hints: bytes, *, alone: bool) -> None:
    """Any number of interim answers may come first; the final one is what counts, for each request its own."""
    wire = answering([hints + FIRST, SECOND]) if not alone else answering([hints + FIRST], [SECOND])
    assert wire.look("POST", "/first", alone=alone).body == {"n": 1}
    assert wire.look("POST", "/second", alone=alone).body == {"n": 2}


def test_a_late_answer_is_never_the_next_ones(answering: Open) -> None:
    """Where the final answer comes long after the interim one it is waited for, and answers its own request."""
    wire = answering([(HINTS, FIRST), SECOND])
    assert [wire.look("GET", "/").body, wire.look("GET", "/").body] == [{"n": 1}, {"n": 2}]


def test_interim_answers_without_end_are_given_up(answering: Open) -> None:
    """A server that never comes to its answer can't keep us: the bound of an answer's size holds for all of it."""
    wire = answering([HINTS * (9_000_000 // len(HINTS))])
    with pytest.raises(Fault) as fault:
        wire.look("GET", "/")
    assert fault.value.trouble.verdict is Verdict.unclear


def test_a_switch_of_protocols_ends_the_connection(answering: Open) -> None:
    """An answer that makes something else of the connection is none, and nothing more is asked over it."""
    wire = answering([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + FIRST], [SECOND])
    with pytest.raises(Fault):
        wire.look("GET", "/first")
    assert wire.look("GET", "/second").body == {"n": 2}


@pytest.mark.parametrize("left", [b"x", SECOND, SECOND * 2])
def test_bytes_behind_an_answer_answer_nothing(answering: Open, left: bytes) -> None:
    """What a server sends beyond the length of its answer is never taken for the next one."""
    wire = answering([FIRST + left], [THIRD])
    assert wire.look("GET", "/first").body == {"n": 1}
    try:
        assert wire.look("GET", "/second").body == {"n": 3}
    except Fault:
        assert wire.look("GET", "/third").body == {"n": 3}


@pytest.mark.parametrize("size", [9_000_000, 60_000_000])
def test_an_answer_is_bounded_unpacked_too(answering: Open, size: int) -> None:
    """A few kilobytes that unpack to many megabytes are given up before they are there."""
    packed = gzip.compress(b'{"a": "' + b"x" * size + b'"}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    wire = answering([head + packed])
    tracemalloc.start()
    with pytest.raises(Fault) as fault:
        wire.look("GET", "/")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert fault.value.trouble.verdict is Verdict.unclear
    assert peak < 3 * http_wire._LARGEST_ANSWER


def test_a_packed_answer_is_read(answering: Open) -> None:
    """Some servers pack whatever is asked."""
    packed = gzip.compress(b'{"n": 1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    assert answering([head + packed]).look("GET", "/").body == {"n": 1}


@pytest.mark.parametrize("bad", [b"this line is no header", b" folded: at once", b"nothing: \r\nno colon"])
def test_an_address_is_never_in_the_log(answering: Open, caplog: pytest.LogCaptureFixture, bad: bytes) -> None:
    """Addresses hold secrets at some networks; a header that can't be read makes libraries quote them."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3.connection").setLevel(logging.DEBUG)
    wire = answering([FIRST.replace(b"\r\n\r\n", b"\r\n" + bad + b"\r\n\r\n", 1)])
    with suppress(Fault):
        wire.look("GET", f"/?secret={SECRET}")
    assert SECRET not in caplog.text


@pytest.mark.parametrize("network", [name for name in harnesses() if name != "outbox"])
def test_no_network_s_address_is_in_the_log(network: str, tmp_path: Path) -> None:
    """The whole way of a post, every answer with a header that can't be read: the log, which is watched, is clean."""
    with harnesses()[network](tmp_path).running() as running:
        publisher, out = running.publisher(), running.out("Sans trace")
        for endpoint in running.server.endpoints:
            running.server.fail(endpoint, "malformed_header", times=1000)
        with suppress(PublishError):
            publisher.verify()
            running.publisher().publish(out, publisher.stage(out))
        assert running.server.requests
