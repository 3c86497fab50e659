"""The ways a network can fail, as a server on loopback acts them out.

Each fault says whether the request takes effect first (`commits`): that is what the tests hold against the
error a publisher raises.
"""

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

LONGEST_HANG = 60.0


@dataclass(frozen=True)
class Answer:
    """What a server says: the body as bytes."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def wire(self, length: int | None = None) -> bytes:
        """Return the bytes that travel; `length` lies about how many there are."""
        size = len(self.body) if length is None else length
        lines = {"Content-Type": "application/json; charset=utf-8", **self.headers, "Content-Length": str(size)}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {self.status} Whatever\r\n{head}\r\n".encode() + self.body


Act = Callable[[BaseHTTPRequestHandler, Answer], None]


class Fault(NamedTuple):
    """One way to fail: does the request take effect, and what the other side sees."""

    commits: bool
    act: Act
    before_body: bool = False  # acts before the body of the request is read
    late: bool = False  # takes effect when the test says so (`LoopbackServer.finish`), after the client gave up


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Cut the connection with a TCP reset, as a crash or a firewall does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(handler.connection.detach())
    handler.close_connection = True


def send(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    """Send bytes and close the connection afterwards; an HTTP answer says that it will be closed."""
    first, line, rest = data.partition(b"\r\n")
    closing = b"Connection: close\r\n" if first.startswith(b"HTTP/1.1 ") else b""
    handler.connection.sendall(first + line + closing + rest)
    handler.close_connection = True


def _hang(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    """Say nothing until the other side gives up."""
    until = time.monotonic() + LONGEST_HANG
    while time.monotonic() < until:
        readable, _, _ = select.select([handler.connection], [], [], 0.05)
        if readable and not handler.connection.recv(1):
            break
    handler.close_connection = True


def _reset_mid_body(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    handler.rfile.read(int(handler.headers.get("Content-Length") or 0) // 2)
    reset(handler)


def _reset_mid_reply(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    data = answer.wire()
    send(handler, data[: len(data) - len(answer.body) // 2 - 1])
    reset(handler)


def _drip(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    """Answer a byte at a time, each well within any time-out for one piece."""
    for byte in answer.wire():
        handler.connection.sendall(bytes([byte]))
        time.sleep(0.05)
    handler.close_connection = True


def _endless(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    """Answer at full speed and never stop."""
    handler.connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        handler.connection.sendall(b" " * 100_000)


def _say(change: Callable[[Answer], bytes]) -> Act:
    return lambda handler, answer: send(handler, change(answer))


def _instead(status: int, body: bytes, **headers: str) -> Act:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _say(lambda _: Answer(status, body, named).wire())


_PAGE = b"<!doctype html><title>Welcome to the hotel</title><p>Please log in to use the network."

FAULTS: dict[str, Fault] = {
    "timeout_before_commit": Fault(False, _hang),
    "timeout_after_commit": Fault(True, _hang),
    "reset_mid_body": Fault(False, _reset_mid_body, before_body=True),
    "reset_before_commit": Fault(False, lambda handler, _: reset(handler)),
    "reset_after_commit": Fault(True, lambda handler, _: reset(handler)),
    "reset_mid_reply": Fault(True, _reset_mid_reply),
    "closed_without_reply": Fault(True, _say(lambda _: b"")),
    "cut_reply": Fault(True, _say(lambda answer: answer.wire(len(answer.body) + 50))),
    "cut_json": Fault(True, _say(lambda answer: Answer(answer.status, answer.body[:-3]).wire())),
    "drip": Fault(True, _drip),
    "endless": Fault(True, _endless),
    "html": Fault(False, _instead(200, _PAGE, Content_Type="text/html")),
    "html_after_commit": Fault(True, _instead(200, _PAGE, Content_Type="text/html")),
    "html_403": Fault(False, _instead(403, _PAGE, Content_Type="text/html")),
    "html_404": Fault(False, _instead(404, _PAGE, Content_Type="text/html")),
    "html_502_after_commit": Fault(True, _instead(502, _PAGE, Content_Type="text/html")),
    "empty": Fault(True, _instead(200, b"")),
    "no_id": Fault(True, _instead(200, b'{"data": {}}')),
    "bare_object": Fault(True, _instead(200, b"{}")),
    "odd_id": Fault(True, _instead(201, b'{"data": {"id": "../1", "text": ""}}')),
    "json_list": Fault(True, _instead(200, b"[1, 2]")),
    "json_list_400": Fault(True, _instead(400, b"[1, 2]")),
    "not_utf8": Fault(True, _instead(200, b"\xff\xfe\xfa{}")),
    "deep_json": Fault(True, _instead(200, b"[" * 200_000)),
    "false_gzip": Fault(True, _instead(200, b"{}", Content_Encoding="gzip")),
    "not_http": Fault(True, _say(lambda _: b"220 mail.example ESMTP\r\n")),
    "two_lengths": Fault(True, _say(lambda a: a.wire().replace(b"\r\n", b"\r\nContent-Length: 7\r\n", 1))),
    "redirect": Fault(False, _instead(302, b"", Location="/elsewhere")),
    "redirect_307": Fault(False, _instead(307, b"", Location="?again=1")),
    "redirect_308_after_commit": Fault(True, _instead(308, b"", Location="?again=1")),
    "408": Fault(False, _instead(408, b'{"title": "Request Timeout", "status": 408}')),
    "409": Fault(False, _instead(409, b'{"title": "Conflict", "status": 409}')),
    "413": Fault(False, _instead(413, b'{"title": "Payload Too Large", "status": 413}')),
    "429": Fault(False, _instead(429, b"Too Many Requests")),
    "500": Fault(False, _instead(500, b'{"title": "Internal Server Error", "status": 500}')),
    "500_after_commit": Fault(True, _instead(500, b'{"title": "Internal Server Error", "status": 500}')),
    "503": Fault(False, _instead(503, b"Service Unavailable")),
    "503_after_commit": Fault(True, _instead(503, b"Service Unavailable")),
}
"""Those any network can show. A server adds the refusals in its network's own words."""

_NO_HEADER = b"\r\nthis line is no header\r\n\r\n"
RARE: dict[str, Fault] = {
    "commits_late": Fault(False, _hang, late=True),
    "malformed_header": Fault(True, _say(lambda answer: answer.wire().replace(b"\r\n\r\n", _NO_HEADER, 1))),
}
"""Those of which the outcome isn't told by `commits` alone: not for suites that go through all of them."""


@dataclass
class Order:
    """A fault asked for: on which endpoint, after how many good calls, and how often."""

    endpoint: str
    fault: str
    times: int = 1
    after: int = 0

    def takes(self, endpoint: str) -> bool:
        """Count one call of `endpoint`; tell whether this order makes it fail."""
        if self.times <= 0 or self.endpoint not in {endpoint, "*"}:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True

    @classmethod
    def read(cls, order: Mapping[str, Any]) -> "Order":
        """Return the order a control request asks for."""
        times, after = int(order.get("times", 1)), int(order.get("after", 0))
        return cls(str(order["endpoint"]), str(order["fault"]), times, after)
