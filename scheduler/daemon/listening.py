"""Answers a few addresses over HTTP, for programs on this machine and nobody else."""

import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from scheduler.errors import UsageError

Answer = Callable[[str], tuple[int, str, bytes] | None]
_HOST = "127.0.0.1"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MOST = 8  # requests at once
_PAUSE_SECONDS = 3.0  # that a client may be silent
_WHOLE_SECONDS = 10.0  # that a request may take on the whole


class Listener:
    """A server on loopback. It logs no request."""

    def __init__(self, port: int, answer: Answer) -> None:
        """`port`: 0 takes any that is free.

        Raises:
            UsageError: the port can't be had.
        """
        try:
            self._server = _Server((_HOST, port), answer)
        except OSError as error:
            msg = f"--health {port}: can't be listened at ({error.strerror}): take another port, or 0 for any"
            raise UsageError(msg) from None
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Answer from now on, in threads of its own."""
        threading.Thread(target=self._server.serve_forever, name="health", daemon=True).start()

    def stop(self) -> None:
        """Answer no more; to be called once it has been started."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], answer: Answer) -> None:
        self.answer = answer
        self._room = threading.BoundedSemaphore(_MOST)
        super().__init__(address, _Request)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a request, unless too many are in hand: none of them may hold up the daemon."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a request; whoever takes too long over it is cut off."""
        end = threading.Timer(_WHOLE_SECONDS, _cut, [request])
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: it is the client that went away."""


class _Request(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PAUSE_SECONDS
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=utf-8"

    def do_GET(self) -> None:
        """Answer with a body."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Answer without."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        if not _is_ours(self.headers.get_all("Host") or []):
            self.send_error(421)
            return
        found = self.server.answer(self.path.partition("?")[0])
        if found is None:
            self.send_error(404)
            return
        status, kind, content = found
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind),
            ("Content-Length", str(len(content))),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def version_string(self) -> str:
        """Return what the server calls itself: nobody needs its version."""
        return "solidarity"

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def _is_ours(hosts: list[str]) -> bool:
    """Tell whether it is this machine that was asked: a page in a browser may come by a name of its own."""
    try:
        return {urlsplit(f"//{host}").hostname for host in hosts} <= _LOOPBACK
    except ValueError:
        return False


def _cut(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
