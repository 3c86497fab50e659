"""The real program: `solidarity serve` in a process of its own, asked through raw sockets."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import databases
from tests.acceptance.command import environment
from tests.web.site import ACTION, CONFIG


@dataclass
class Answer:
    """What came back."""

    status: int
    head: str
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's value; empty where there is none."""
        found = re.search(rf"^{name}: (.*)$", self.head, re.IGNORECASE | re.MULTILINE)
        return found[1].strip() if found else ""


class Server:
    """One running `solidarity serve`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "scheduler", "-C", str(folder), "serve", "--port", "0", *options]
        self.log = folder / f"serve-{len(list(folder.glob('serve-*')))}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=environment(folder))
        self.port = self._ready()

    def _ready(self) -> int:
        end = time.monotonic() + 60
        while not (found := re.findall(r"^http://\S+:(\d+)$", self.said, re.MULTILINE)):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.05)
        return int(found[-1])

    @property
    def said(self) -> str:
        """Everything on its standard error and output."""
        return self.log.read_text("utf-8", "replace")

    def connect(self) -> socket.socket:
        """Return a connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask(self, request: bytes) -> Answer:
        """Send bytes as they are and read the whole answer, until the other end closes."""
        with self.connect() as line:
            line.sendall(request)
            return read(line)

    def get(self, path: str, *headers: str) -> Answer:
        """Ask for a page."""
        more = "".join(f"{header}\r\n" for header in headers)
        host = f"Host: 127.0.0.1:{self.port}\r\n" if not any(one.startswith("Host:") for one in headers) else ""
        return self.ask(f"GET {path} HTTP/1.1\r\n{host}Connection: close\r\n{more}\r\n".encode("latin-1"))

    def stop(self, how: signal.Signals = signal.SIGTERM, *, seconds: float = 15) -> int:
        """Tell it to end; return the exit code."""
        self.process.send_signal(how)
        return self.process.wait(seconds)


def workspace(folder: Path) -> Path:
    """Make a workspace with an open action."""
    (folder / "posts").mkdir(parents=True)
    url = databases.state(folder)
    (folder / "var").mkdir(exist_ok=True)
    more = "" if url.startswith("sqlite") else f"database: {url}\n"
    (folder / "config.yaml").write_text(CONFIG + more, "utf-8")
    text = ACTION.replace("2026-03-", "2036-03-").replace("opens: 2036-03-01", "opens: 2020-03-01")
    (folder / "posts/salma.yaml").write_text(text.replace("2026-04", "2036-04"), "utf-8")
    return folder


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Server]:
    """Give a running server."""
    made = Server(folder, *options)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


def read(line: socket.socket) -> Answer:
    """Read an answer until the other end closes, or as long as it says."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(65536)
        if not piece:
            break
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    while found is None or len(body) < int(found[1]):
        piece = line.recv(65536)
        if not piece:
            break
        body += piece
    status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0
    return Answer(status, head.decode("latin-1"), body)


BOUNDARY = "x" * 20


def parts(photo: bytes, *, once: str = "", name: str = "IMG_0001.jpg") -> bytes:
    """Return the body of a form with a photo."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="once"\r\n\r\n{once}\r\n'
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head += "Content-Type: image/jpeg\r\n\r\n"
    return head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


def posting(port: int, path: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    """Return the head of a request that brings a form from our own page."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Origin: http://127.0.0.1:{port}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode()
