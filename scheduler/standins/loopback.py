"""A real HTTP server on loopback that stands in for a network; the networks' own files say what it answers."""

import argparse
import json
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

from scheduler.standins import faults
from scheduler.standins.faults import FAULTS, RARE, Answer, Fault, Order


@dataclass(frozen=True)
class Request:
    """One request as it came in. `args` are what stood in the place of `:id` and the like."""

    method: str
    url: str  # scheme, host and path as the client asked for them
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    endpoint: str
    args: tuple[str, ...]
    fault: str = ""
    port: int = 0  # the client's end of the connection


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What a configuration needs to speak for one account here: `secrets` by their names, `options` of the account."""

    base_url: str
    secrets: Mapping[str, str]
    options: Mapping[str, object] = field(default_factory=dict)


class LoopbackServer:
    """Answers, remembers, and fails on command. Use it as a context manager or with start and stop."""

    endpoints: ClassVar[Mapping[str, str]] = {}  # "POST /2/things/:id" -> name of the method that answers it
    refusals: ClassVar[Mapping[str, Fault]] = {}  # faults in the network's own words

    def __init__(
        self,
        *,
        port: int = 0,
        log: Path | None = None,
        now: Callable[[], float] = time.time,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`log`: a file that gets a JSON line for every event; `tls`: speak https."""
        self.now = now
        self.requests: list[Request] = []
        self.errors: list[str] = []  # what went wrong in here: must stay empty
        self.reads_after = 0.0  # seconds to wait before a request's body is read: a slow line
        self.counts = True  # whether it refuses more requests than its network takes in a span of time
        self.unfinished: list[Request] = []  # given up by the client, still worked on
        self._orders: list[Order] = []
        self._lock = threading.RLock()
        self._log = log
        self._port = port
        self._tls = tls
        self._http: ThreadingHTTPServer | None = None

    # ── life ──

    @property
    def url(self) -> str:
        """Where it listens (or did, while the port is closed)."""
        return f"{self.scheme}://127.0.0.1:{self._port}"

    @property
    def scheme(self) -> str:
        """Return http or https."""
        return "https" if self._tls else "http"

    def start(self) -> Self:
        """Open the port."""
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Http(("127.0.0.1", self._port), handler)
        self._port = self._http.server_address[1]
        if self._tls:  # the handshake comes with the first read, in the handler's own thread
            self._http.socket = self._tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """Close the port: from now on a connection is refused; `start` opens the same one again."""
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ── for the tests ──

    def fail(self, endpoint: str, fault: str, *, times: int = 1, after: int = 0) -> None:
        """Make `times` calls of an endpoint fail, once `after` calls of it went well."""
        known = {*self.endpoints, "*"}
        if endpoint not in known or fault not in {*FAULTS, *RARE, *self.refusals}:
            raise KeyError(f"{endpoint} / {fault}")
        with self._lock:
            self._orders.append(Order(endpoint, fault, times, after))

    def clear(self) -> None:
        """Forget the faults that were asked for and have not come yet."""
        with self._lock:
            self._orders.clear()

    def finish(self) -> None:
        """Do what was asked by the requests that were given up while they were still worked on (`commits_late`)."""
        with self._lock:
            given_up, self.unfinished = self.unfinished, []
            for request in given_up:
                self.answer(request)

    def asked(self, endpoint: str) -> list[Request]:
        """Return the requests an endpoint got."""
        return [request for request in self.requests if request.endpoint == endpoint]

    def state(self) -> dict[str, Any]:
        """Return what the network holds, as JSON values."""
        raise NotImplementedError

    def seat(self, account: str, options: Mapping[str, object] = MappingProxyType({})) -> Seat:
        """Let an account take part: return where and with which secrets it speaks for itself."""
        raise NotImplementedError

    def note(self, kind: str, **facts: object) -> None:
        """Write an event to the log file, where there is one."""
        if self._log:
            with self._lock, self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"at": self.now(), "kind": kind, **facts}, ensure_ascii=False) + "\n")

    # ── for the handler ──

    def match(self, method: str, path: str) -> tuple[str, tuple[str, ...]]:
        """Return the endpoint of a path and its arguments; an unknown one is its own endpoint."""
        parts = path.split("/")
        for endpoint in self.endpoints:
            verb, _, pattern = endpoint.partition(" ")
            wanted = pattern.split("/")
            if verb == method and len(parts) == len(wanted):
                pairs = list(zip(wanted, parts, strict=True))
                if all(want == part or want.startswith(":") for want, part in pairs):
                    return endpoint, tuple(part for want, part in pairs if want.startswith(":"))
        return f"{method} {path}", ()

    def take(self, endpoint: str) -> tuple[str, Fault | None]:
        """Return the fault this call of an endpoint has to show."""
        with self._lock:
            name = next((order.fault for order in self._orders if order.takes(endpoint)), "")
        return name, {**FAULTS, **RARE, **self.refusals}.get(name)

    def answer(self, request: Request) -> Answer:
        """Do what the request asks and return the answer. One request at a time."""
        with self._lock:
            method = self.endpoints.get(request.endpoint)
            return getattr(self, method)(request) if method else self.unknown(request)

    def unknown(self, _request: Request) -> Answer:
        """Answer a path that the network does not have."""
        return Answer(404, b'{"title": "Not Found", "type": "about:blank", "status": 404, "detail": "Not Found"}')

    def control(self, verb: str, order: Mapping[str, Any]) -> Answer:
        """Do what another process asks of the server itself."""
        if verb == "fail":
            asked = Order.read(order)
            self.fail(asked.endpoint, asked.fault, times=asked.times, after=asked.after)
        elif verb == "clear":
            self.clear()
        elif verb == "close":
            threading.Thread(target=self._close_for, args=(float(order["seconds"]),), daemon=True).start()
        elif verb == "slow":
            self.reads_after = float(order["seconds"])
        elif verb == "uncounted":
            self.counts = False
        elif verb == "seat":
            return Answer(200, json.dumps(vars(self.seat(str(order["account"])))).encode())
        elif verb != "state":
            return Answer(404, b'{"error": "no such control"}')
        return Answer(200, json.dumps(self.state()).encode())

    def _close_for(self, seconds: float) -> None:
        self.stop()
        time.sleep(seconds)
        self.start()


class _Http(ThreadingHTTPServer):
    request_queue_size = 128

    def shutdown(self) -> None:
        """End the loop at once: it looks twice a second whether it is to, and at every connection."""
        ending = threading.Thread(target=super().shutdown, daemon=True)
        ending.start()
        while ending.is_alive():
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.server_port), timeout=1).close()
            ending.join(0.005)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing here: the handler keeps what went wrong."""


class _Handler(BaseHTTPRequestHandler):
    owner: LoopbackServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = faults.LONGEST_HANG

    def _serve(self) -> None:
        try:
            with suppress(ConnectionError):
                self._act()
        except Exception as error:
            self.owner.errors.append(repr(error))
            raise

    do_GET = do_POST = do_DELETE = do_PUT = _serve  # noqa: N815

    def _act(self) -> None:
        split = urlsplit(self.path)
        if split.path.startswith("/_control/"):
            order = json.loads(self._body() or b"{}")
            answer = self.owner.control(split.path.removeprefix("/_control/"), order)
            faults.send(self, answer.wire())
            return
        endpoint, args = self.owner.match(self.command, split.path)
        name, fault = self.owner.take(endpoint)
        body = b"" if fault and fault.before_body else self._body()
        url = f"{self.owner.scheme}://{self.headers.get('Host', '')}{split.path}"
        query = tuple(parse_qsl(split.query, keep_blank_values=True))
        request = Request(
            self.command, url, query, dict(self.headers), body, endpoint, args, name, self.client_address[1]
        )
        self.owner.requests.append(request)
        answer = self.owner.answer(request) if fault is None or fault.commits else Answer(500)
        self.owner.note("request", endpoint=endpoint, status=answer.status, fault=name)
        if fault:
            if fault.late:
                self.owner.unfinished.append(request)
            fault.act(self, answer)
        else:
            self.connection.sendall(answer.wire())

    def _body(self) -> bytes:
        """Return the whole body. Raises ConnectionError where the client ended before: it has asked for nothing."""
        time.sleep(self.owner.reads_after)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionAbortedError
        return body

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def main(kind: Callable[..., LoopbackServer], **more: Any) -> None:
    """Serve in a process of its own until a signal comes; say the address in one line of JSON.

    Args:
        kind: the server.
        more: further options of the command line, as argparse takes them, by the names of the server's own arguments.
    """
    parser = argparse.ArgumentParser()
    for name, about in {"port": {"type": int, "default": 0}, "log": {"type": Path}, **more}.items():
        parser.add_argument(f"--{name}", **about)
    given = vars(parser.parse_args())
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # in the server's threads too: only the wait below takes them
    with kind(**given) as server:
        print(json.dumps({"url": server.url}), flush=True)
        signal.sigwait(ends)
