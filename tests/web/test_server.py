"""The server in its own process: slow, broken and hostile clients, stopping, and what it writes down."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.store import MOVED_TO, controls, open_store
from scheduler.submission import Stage
from tests import databases
from tests.acceptance.command import environment, wait_for
from tests.web.server import Server, parts, posting, read, serving, workspace
from tests.web.site import CANARY, spoiled

ADD = "/actions/salma/add"
AGENT = "CanaryBrowser-7d1f3a"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give one server to all the tests that leave it alive."""
    with serving(workspace(tmp_path_factory.mktemp("serve") / "w")) as made:
        yield made


def files(folder: Path) -> set[str]:
    """The files in the uploads folder."""
    return {file.name for file in (folder / "var/uploads").glob("*")}


def test_it_says_where_it_listens_and_answers_there(running: Server) -> None:
    """The line on standard error is an address that answers; nothing tells what software it is."""
    answer = running.get("/")
    assert answer.status == 200
    assert not answer.header("server")
    assert "from another device" not in running.said


def test_at_every_address_it_says_how_to_come(tmp_path: Path) -> None:
    """0.0.0.0 is no address to type on a phone: a second line says what is."""
    with serving(workspace(tmp_path / "w"), "--host", "0.0.0.0") as made:
        wait_for(lambda: f"from another device: http://ADDRESS:{made.port}," in made.said, seconds=10)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /static/%2e%2e/%2e%2e/config.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"GET /static/../../config.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /" + b"a" * 4000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 30000 + b"\r\n\r\n", 431),
        (b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello tls\r\n\r\n", 400),
    ],
    ids=lambda value: value[:30].decode("latin-1") if isinstance(value, bytes) else str(value),
)
def test_what_is_no_proper_request_is_refused(running: Server, request_: bytes, status: int) -> None:
    """Odd addresses, hosts, methods and heads get a plain 4xx, and the server lives on."""
    assert running.ask(request_).status == status
    assert running.process.poll() is None


def test_head_has_no_body(running: Server) -> None:
    """HEAD answers as GET does, without the page."""
    answer = running.ask(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.status == 200
    assert not answer.body


def test_a_head_that_never_ends_loses_its_place(running: Server) -> None:
    """Whoever sends a little of the head now and then is closed after ten seconds; so is whoever sends nothing."""
    begun = time.monotonic()
    slow, silent = running.connect(), running.connect()
    with slow, silent:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        slow.settimeout(1)
        answer, at = b"", 0
        while time.monotonic() - begun < 20:
            try:
                slow.sendall(b"X-%d: y\r\n" % at)
                piece = slow.recv(1000)
            except TimeoutError:
                at += 1
                continue
            except OSError:
                break
            answer += piece
            if not piece:
                break
        assert 8 < time.monotonic() - begun < 14
        assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
        silent.settimeout(5)
        assert silent.recv(1000) == b""


def test_a_body_that_drips_is_ended(running: Server) -> None:
    """A byte a second is no upload: it gets 408, and nothing is kept."""
    before = files(running.folder)
    with running.connect() as line:
        line.sendall(posting(running.port, ADD, b"", length=100_000) + parts(b"")[:120])
        line.settimeout(1)
        begun, answer = time.monotonic(), b""
        while time.monotonic() - begun < 40 and not answer:
            try:
                line.sendall(b"x")
                answer = line.recv(4000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408"), answer[:100]
        assert time.monotonic() - begun < 35
    assert files(running.folder) == before


def test_what_is_too_large_is_refused_before_it_is_read(running: Server) -> None:
    """A body that says it is too large gets 413 at once; so does one that says nothing and goes on and on."""
    said = running.ask(posting(running.port, ADD, b"", length=10**12))
    assert said.status == 413
    with running.connect() as line:
        head = posting(running.port, "/back", b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        line.sendall(head.replace(b"multipart/form-data", b"application/x-www-form-urlencoded"))
        with contextlib.suppress(OSError):
            for _ in range(40):
                line.sendall(b"2710\r\na=" + b"x" * 9_997 + b"&\r\n")
        assert read(line).status == 413


def test_a_client_that_goes_away_leaves_nothing(running: Server) -> None:
    """An upload that breaks off in the middle is forgotten: no file, no row, no complaint."""
    before, body = files(running.folder), parts(spoiled(seed=9))
    with running.connect() as line:
        line.sendall(posting(running.port, ADD, body) + body[: len(body) // 2])
    assert running.get("/").status == 200
    assert files(running.folder) == before
    assert "fault" not in running.said


def test_nothing_about_a_person_is_written_down(running: Server) -> None:
    """Address, browser, referrer, file name and metadata are in no file of the workspace, and in no log."""
    body = parts(spoiled(seed=3), once="log", name="CANARYNAME-7d1f3a.jpg")
    told = (
        f"User-Agent: {AGENT}",
        "Referer: http://127.0.0.1/CANARYREFERRER-7d1f3a",
        "X-Forwarded-For: 203.0.113.77",
        "Connection: close",
    )
    answer = running.ask(posting(running.port, ADD, body, *told) + body)
    assert answer.status in {303, 200}, answer.body[:500]
    running.get("/CANARYPATH-7d1f3a?q=CANARYQUERY-7d1f3a", *told)
    elsewhere = posting(running.port, ADD, body, *told).replace(b"Origin: http://127.0.0.1", b"Origin: http://evil")
    assert running.ask(elsewhere + body).status == 403
    running.ask(b"CANARYLINE-7d1f3a\r\n\r\n")
    wait_for(lambda: all(file.stat().st_size for file in (running.folder / "var/uploads").glob("*")))
    found = {
        (file.name, word)
        for file in running.folder.rglob("*")
        if file.is_file()
        for word in (CANARY, b"7d1f3a", b"203.0.113.77", AGENT.encode())
        if word in file.read_bytes()
    }
    assert not found
    assert "127.0.0.1" not in running.said.replace(f"http://127.0.0.1:{running.port}", "")


def test_a_retry_completes_what_a_kill_cut_off(tmp_path: Path) -> None:
    """The process is killed while a photo comes in; sent again with the same token, there is exactly one draft."""
    folder = workspace(tmp_path / "w")
    body = parts(spoiled(seed=4), once="the-same")
    with serving(folder) as first, first.connect() as line:
        line.sendall(posting(first.port, ADD, body) + body[: len(body) // 2])
        wait_for(lambda: first.get("/healthz").status)
        first.process.kill()
        first.process.wait()
    assert not files(folder)  # what came in so far had no name on the disk
    with serving(folder) as second:
        for _ in range(2):
            answer = second.ask(posting(second.port, ADD, body, "Connection: close") + body)
            assert answer.status == 303, answer.body[:500]
        assert second.stop() == 0
    from scheduler.store import open_store, submissions

    store = open_store("sqlite:///var/state.db", folder)
    with store.read() as c:
        assert submissions.counts(c) == {Stage.draft: 1}
    store.close()


def test_an_upload_under_way_is_finished_when_it_stops(tmp_path: Path) -> None:
    """Told to stop, it takes in what has begun to come, answers, and ends with 0."""
    body = parts(spoiled(seed=5), once="last")
    with serving(workspace(tmp_path / "w")) as made, made.connect() as line:
        line.sendall(posting(made.port, ADD, body) + body[: len(body) // 2])
        assert made.get("/healthz").status == 503
        made.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not _accepts(made))
        line.sendall(body[len(body) // 2 :])
        assert read(line).status == 303
        assert made.process.wait(12) == 0


def _accepts(made: Server) -> bool:
    try:
        made.connect().close()
    except OSError:
        return False
    return True


def test_it_ends_as_it_is_told(tmp_path: Path) -> None:
    """SIGTERM is a good end, 0; Ctrl-C is 130; a client that holds a connection open doesn't keep it."""
    folder = workspace(tmp_path / "w")
    for how, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        with serving(folder) as made, made.connect():
            assert made.stop(how) == code


def test_a_state_that_has_moved_ends_it(tmp_path: Path) -> None:
    """It ends with 2 within seconds, though nobody changes anything: what it would show is no longer so."""
    folder = workspace(tmp_path / "w")
    with serving(folder) as made:
        with contextlib.closing(open_store(databases.state(folder), folder)) as store, store.write() as c:
            controls.set_meta(c, MOVED_TO, "postgresql+psycopg://db.example.org/w")
        assert made.process.wait(15) == 2
        assert "this state has moved: write postgresql+psycopg://db.example.org/w into config.yaml" in made.said


def test_a_state_that_is_replaced_ends_it(tmp_path: Path) -> None:
    """Nobody would see what is done in a state that is gone: it stops with 2, and says so."""
    folder = workspace(tmp_path / "w")
    with serving(folder) as made:
        (folder / "var/state.db").rename(folder / "var/old.db")
        assert made.process.wait(20) == 2
        assert "deleted or replaced" in made.said


def test_a_changed_config_is_taken_over(tmp_path: Path) -> None:
    """A new public_url counts within seconds; one with an error doesn't, and the last good one stays."""
    folder = workspace(tmp_path / "w")
    config = (folder / "config.yaml").read_text("utf-8")
    with serving(folder) as made:
        assert made.get("/", "Host: solidarity.example.org").status == 421
        (folder / "config.yaml").write_text(config + "public_url: https://solidarity.example.org\n", "utf-8")
        wait_for(lambda: made.get("/", "Host: solidarity.example.org").status == 200)
        (folder / "config.yaml").write_text(config + "public_url: 7\n", "utf-8")
        wait_for(lambda: "config.yaml" in made.said)
        assert made.get("/", "Host: solidarity.example.org").status == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "no-such-host.invalid"], "no such address"),
        (["--host", "203.0.113.7"], "no such address"),
        (["--port", "{taken}"], "another program uses this port"),
    ],
    ids=["no name", "not ours", "taken"],
)
def test_where_it_cannot_listen_it_says_so(tmp_path: Path, options: list[str], words: str) -> None:
    """One line that says what to do instead, and exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "scheduler", "-C", str(workspace(tmp_path / "w")), "serve"]
        asked = [option.replace("{taken}", port) for option in options]
        ran = subprocess.run(
            [*command, *asked], capture_output=True, text=True, env=environment(tmp_path), timeout=60, check=False
        )
    assert ran.returncode == 2
    assert words in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_it_listens_at_ipv6(tmp_path: Path) -> None:
    """An IPv6 address is said in brackets, and answers under that name."""
    with serving(workspace(tmp_path / "w"), "--host", "::1") as made:
        assert f"http://[::1]:{made.port}" in made.said
        with socket.create_connection(("::1", made.port), timeout=20) as line:
            line.sendall(f"GET /healthz HTTP/1.1\r\nHost: [::1]:{made.port}\r\nConnection: close\r\n\r\n".encode())
            assert read(line).status == 503
