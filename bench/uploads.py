"""Fifty uploads of 5 MB at once over slow lines, while other pages are asked for; and a long queue of moderators."""

import io
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

UPLOADS, RATE = 50, 500_000  # bytes a second of each line
_BOUNDARY = "x" * 24
_CONFIG = """\
name: Bench
timezone: UTC
languages: [en]
accounts:
  local: {platform: outbox}
"""
_ACTION = """\
title: Bench
phase: ongoing
posts:
  - id: people
    from: submissions
    every: {days: [mon, tue, wed, thu, fri, sat, sun], time: "12:00", from: 2020-01-01, until: 2020-12-31}
    text: "{name}: {message}"
"""
_TWO = """
import sys, time
from media import clean
data = open(sys.argv[1], "rb").read()
clean.photo(data, find_faces=True)
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
begun = time.perf_counter()
for _ in range(int(sys.argv[2])):
    clean.photo(data, find_faces=True)
print(time.perf_counter() - begun)
"""


def measure() -> Iterator[str]:
    """Yield how long pages took meanwhile, what memory the process had, and how fast files were made anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = [_photo(number) for number in range(4)]
        (folder / "photo.jpg").write_bytes(photos[0])
        rate = _library(folder / "photo.jpg")
        _workspace(folder / "w")
        with _Server(folder / "w") as server:
            yield from _loaded(server, photos, rate)
            _fill(folder / "w", 1000)
            yield _queue(server, folder / "w")


def _loaded(server: "_Server", photos: list[bytes], rate: float) -> Iterator[str]:
    server.page("/")
    before, ended, times = server.cleaned(), threading.Event(), []

    def ask() -> None:
        while not ended.is_set():
            for path in ("/", "/actions/bench", "/actions/bench/add", "/back"):
                begun = time.perf_counter()
                server.page(path)
                times.append(time.perf_counter() - begun)
                time.sleep(0.05)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    sending = [threading.Thread(target=server.upload, args=[photos[at % 4], at]) for at in range(UPLOADS)]
    begun = time.perf_counter()
    for thread in (*asking, *sending):
        thread.start()
    for thread in sending:
        thread.join()
    arrived = time.perf_counter() - begun
    while server.cleaned() - before < UPLOADS and time.perf_counter() - begun < 300:
        time.sleep(0.2)
    whole, after = time.perf_counter() - begun, server.cleaned()
    ended.set()
    for thread in asking:
        thread.join()
    times.sort()
    size = sum(map(len, photos)) / len(photos) / 1e6
    middle, slow = statistics.median(times) * 1000, times[int(len(times) * 0.95)] * 1000
    yield (
        f"{UPLOADS} uploads of {size:.1f} MB at once at {RATE / 1e6:.1f} MB/s each: answered within {arrived:.0f} s, "
        f"all clean after {whole:.0f} s; {len(times)} pages meanwhile: median {middle:.0f} ms, p95 {slow:.0f} ms; "
        f"the process {server.peak():.0f} MB"
    )
    ours = (after - before) / (begun + whole - min(server.sent))  # from the first file that was there as a whole
    yield f"cleaning meanwhile: {ours:.2f} photos a second, the library alone {rate:.2f} ({ours / rate:.2f}x)"


def _queue(server: "_Server", folder: Path) -> str:
    cookie = _session(folder)
    path, times = "/staff/moderation", []
    for _ in range(15):
        begun = time.perf_counter()
        status = server.page(path, f"Cookie: session={cookie}\r\n")
        times.append(time.perf_counter() - begun)
    return f"the moderators' queue with 1,000 submissions ({status}): {statistics.median(times) * 1000:.0f} ms"


class _Server:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sent: list[float] = []  # when each body had been sent as a whole

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "scheduler", "-C", str(self._folder), "serve", "--port", "0"]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        found = re.search(r":(\d+)$", (self._process.stderr or io.StringIO()).readline().strip())
        self._port = int(found[1]) if found else 0
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=30)

    def _ask(self, head: str, body: bytes = b"", rate: int = 0) -> tuple[int, bytes]:
        with socket.create_connection(("127.0.0.1", self._port), timeout=300) as line:
            line.sendall(head.encode() + b"\r\n")
            for at in range(0, len(body), max(1, rate // 10)):
                line.sendall(body[at : at + rate // 10])
                time.sleep(0.1)
            if body:
                self.sent.append(time.perf_counter())
            answer = b""
            while piece := line.recv(65536):
                answer += piece
        return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]

    def page(self, path: str, more: str = "") -> int:
        return self._ask(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{more}")[0]

    def upload(self, photo: bytes, number: int) -> None:
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="once"\r\n\r\nbench-{number}\r\n'
        head += f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        body = head.encode() + photo + bytes([number]) + f"\r\n--{_BOUNDARY}--\r\n".encode()
        status, _ = self._ask(
            f"POST /actions/bench/add HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nConnection: close\r\n"
            f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {len(body)}\r\n",
            body,
            RATE,
        )
        if status != 303:
            print(f"an upload was answered with {status}", file=sys.stderr)

    def cleaned(self) -> int:
        """Return how many files were made anew, each with its preview."""
        text = self._ask("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n")[1].decode()
        found = re.search(r"^solidarity_cleaning_seconds_count (\S+)", text, re.MULTILINE)
        return int(float(found[1])) // 2 if found else 0

    def peak(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _library(photo: Path) -> float:
    """Return how many photos a second plain processes clean, one a processor."""
    each, number = 6, os.cpu_count() or 1
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", _TWO, str(photo), str(each)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1"}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(number)]
    for process in processes:
        process.stdout.readline()
    taken = [float(process.communicate("go\n")[0]) for process in processes]
    return number * each / statistics.mean(taken)


def _photo(seed: int) -> bytes:
    """Return a 12-megapixel JPEG of about 5 MB, another one for each seed."""
    from bench.photos import _photo as drawn  # noqa: PLC0415

    made = drawn()
    return made + bytes(max(0, 5_000_000 - len(made))) + bytes([seed])


def _workspace(folder: Path) -> None:
    (folder / "posts").mkdir(parents=True)
    (folder / "config.yaml").write_text(_CONFIG, "utf-8")
    year = str(datetime.now(UTC).year + 1)
    (folder / "posts/bench.yaml").write_text(_ACTION.replace("2020", year), "utf-8")


def _fill(folder: Path, number: int) -> None:
    from scheduler.model import Risk  # noqa: PLC0415
    from scheduler.store import open_store, submissions  # noqa: PLC0415
    from scheduler.submission import Consent, NameMode, Stage  # noqa: PLC0415

    now = datetime.now(UTC)
    given = Consent(
        text_sha256="0" * 64, text_version="1", language="en", networks=("outbox",), name_mode=NameMode.none,
        guardian=False, adult=True, people=1, all_agreed=True, faces="shown", voice="none", place="none",
        risk=Risk.low, day=now.date(),
    )  # fmt: skip
    store = open_store("sqlite:///var/state.db", folder)
    with store.write() as c:
        for at in range(number):
            made = submissions.add(
                c, ref=f"bench{at}", action="bench", risk=Risk.low, now=now, message=f"Message {at}", language="en",
                mime="image/jpeg", file="a.jpg", preview="a-small.jpg", sha256=f"{at:064}", day=now.date(),
            )  # fmt: skip
            found = submissions.by_id(c, made)
            submissions.consent(c, found, given, code_hash=f"code{at}")
            submissions.change(c, submissions.by_id(c, made), to=Stage.pending)
    store.close()


def _session(folder: Path) -> str:
    from scheduler.store import open_store, staff  # noqa: PLC0415
    from scheduler.submission import Role  # noqa: PLC0415

    now = datetime.now(UTC)
    store = open_store("sqlite:///var/state.db", folder)
    with store.write() as c:
        user = staff.add_user(c, "Bench", Role.moderator, now=now)
        secret = staff.open_session(c, user=user, until=now + timedelta(hours=1), now=now)
    store.close()
    return secret
