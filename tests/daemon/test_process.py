"""The daemon in a process of its own, as a service manager and a monitor see it."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from scheduler.cli.options import restarted
from scheduler.errors import SchedulerError, WorkspaceError
from scheduler.store import StateAwayError, StateError
from tests.acceptance.command import COMMAND, CONFIG, ago, environment, stop, wait_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a workspace of one outbox account, without posts."""
    made = tmp_path / "w"
    (made / "posts").mkdir(parents=True)
    (made / "config.yaml").write_text(CONFIG, "utf-8")
    return made


def write(folder: Path, *names: str) -> None:
    """Write posts that are due."""
    posts = "".join(f"  - {{id: {name}, at: {ago(seconds=1)}, text: Post {name}}}\n" for name in names)
    (folder / "posts/act.yaml").write_text(f"title: A\nphase: ongoing\nposts:\n{posts}", "utf-8")


def out(folder: Path) -> int:
    """Return how many posts are out."""
    return len(list((folder / "var/outbox/local").glob("*/receipt.json")))


@contextmanager
def running(
    folder: Path, *options: str, command: list[str] = COMMAND, stderr: int | IO[Any] = subprocess.PIPE, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """Let a daemon run."""
    env = environment(folder.parent, {"PYTHONPATH": str(Path(__file__).parents[2]), **more})
    line = [*command, "-C", str(folder), "run", *options]
    with subprocess.Popen(line, env=env, stderr=stderr, text=True, cwd=folder.parent) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until(process: subprocess.Popen[str], words: str) -> dict[str, Any]:
    """Return the first line of the log with these words."""
    for line in process.stderr or ():
        if words in line:
            read: dict[str, Any] = json.loads(line)
            return read
    raise AssertionError(f"it never said {words!r}")


def ask(base: str, path: str) -> tuple[int, str]:
    """Return what a monitor is answered."""
    try:
        with urllib.request.urlopen(f"{base}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_a_lane_that_hangs_starves_the_watchdog(folder: Path) -> None:
    """It says that it has started, and that it lives, until a network doesn't answer: then only what is wrong."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(60)

        def hear(what: Callable[[str], bool]) -> str:
            while not what(told := manager.recv(4096).decode()):
                pass
            return told

        hanging = [sys.executable, "-m", "tests.daemon.hanging"]
        tell = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "400000"}
        with running(folder, "--health", "0", command=hanging, **tell) as process:
            assert hear(lambda told: "READY=1" in told) == "READY=1\nSTATUS=running: 1 accounts"
            base = until(process, "health: ")["event"].split()[1].removesuffix("/healthz")
            hear(lambda told: told.startswith("WATCHDOG=1"))
            assert ask(base, "/healthz")[0] == 200
            write(folder, "p")
            assert "lane 1 is stuck" in hear(lambda told: "stuck" in told)
            assert not [told for told in (manager.recv(4096).decode() for _ in range(5)) if "WATCHDOG=1" in told]
            status, told = ask(base, "/healthz")
            assert (status, "lane 1 is stuck" in json.loads(told)["faults"][0]) == (503, True)
            assert 'solidarity_daemon_threads{state="stuck"} 1.0' in ask(base, "/metrics")[1]
            assert until(process, "lane 1 is stuck")["level"] == "error"
            process.send_signal(signal.SIGTERM)
            hear(lambda told: told == "STOPPING=1")
            assert process.wait(30) == 0
            assert "didn't answer in time" in process.stderr.read()  # type: ignore[union-attr]


def test_the_web_pages_tell_the_service_manager_too(folder: Path) -> None:
    """They say when they answer, that they live, and that they end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(60)
        env = environment(folder.parent, {"NOTIFY_SOCKET": str(folder / "notify")})
        line = [*COMMAND, "-C", str(folder), "serve", "--port", "0"]
        with subprocess.Popen(line, env=env, stderr=subprocess.PIPE, text=True) as process:
            told = [manager.recv(4096).decode() for _ in range(3)]
            assert sorted(set(told)) == [f"{word}=1\nSTATUS=serving the web pages" for word in ("READY", "WATCHDOG")]
            process.send_signal(signal.SIGTERM)
            while told[-1] != "STOPPING=1":
                told.append(manager.recv(4096).decode())
            stop(process, signal.SIGTERM)
            assert process.returncode == 0


def test_it_publishes_while_its_log_is_on_a_full_disk(folder: Path) -> None:
    """/dev/full as the log: posts go out, and it ends as it was told to."""
    write(folder, "a", "b")
    with Path("/dev/full").open("w") as full, running(folder, "--verbose", stderr=full) as process:
        wait_for(lambda: out(folder) == 2, seconds=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_it_publishes_while_nobody_reads_its_log(folder: Path) -> None:
    """A pipe that is full to the brim, whose reader stands still: posts go out, and it ends as it was told to."""
    write(folder, "a", "b")
    reader, writer = os.pipe()
    size = fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ)
    assert os.write(writer, b"x" * size) == size
    with os.fdopen(writer, "w") as stream, running(folder, "--verbose", stderr=stream) as process:
        wait_for(lambda: out(folder) == 2, seconds=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    os.close(reader)


def test_it_publishes_after_the_reader_of_its_log_has_gone(folder: Path) -> None:
    """A broken pipe ends no daemon."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream, running(folder, "--verbose", stderr=stream) as process:
        os.close(reader)
        write(folder, "a")
        wait_for(lambda: out(folder) == 1, seconds=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_every_line_of_its_log_is_json(folder: Path) -> None:
    """From the first to the last line, with the delivery in the lines about one; no secret of .env is among them."""
    (folder / ".env").write_text("SOME_TOKEN=c4n4ry-7d1f3a\n")
    write(folder, "a")
    with running(folder, "--verbose") as process:
        lines = [until(process, ": published")]
        text = stop(process, signal.SIGTERM)
    lines += [json.loads(line) for line in text.splitlines()]
    assert (lines[0]["delivery"], lines[0]["account"]) == ("act/a@local", "local")
    assert all({"at", "level", "event"} <= line.keys() for line in lines)
    assert "stopping (SIGTERM)" in lines[-1]["event"] + lines[-2]["event"]


def test_a_port_that_is_taken_ends_it_at_once(folder: Path) -> None:
    """Exit code 2 and one line: the unit isn't started again and again."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with running(folder, "--health", port) as process:
            assert process.wait(60) == 2
            assert f"--health {port}: can't be listened at" in process.stderr.read()  # type: ignore[union-attr]


def test_a_database_that_comes_up_later_needs_nobody() -> None:
    """Where the state is away for now the exit code isn't 2, after which a unit would stay down; else it is."""
    with pytest.raises(SchedulerError, match="is its server up") as ended, restarted():
        raise StateAwayError("the database doesn't answer: is its server up?")
    assert not isinstance(ended.value, WorkspaceError)
    with pytest.raises(WorkspaceError), restarted():
        raise StateError("the state's file is damaged")
