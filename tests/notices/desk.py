"""A server on loopback that takes what Apprise sends, and answers as its path says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Desk:
    """What came in; and addresses of it, each with secrets."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.arrived = threading.Event()
        self.closing = threading.Event()

    def address(self, path: str = "ok", more: str = "") -> str:
        """Return an address for Apprise; `path` is ok, away (302), no (404), broken (500) or slow (no answer)."""
        return f"json://canaryuser:canarypass@127.0.0.1:{self.port}/{path}/canarypath?-token=canarytoken{more}"

    def bodies(self) -> list[str]:
        """Return the messages that were taken."""
        return [given["message"] for path, given in self.got if "/ok/" in path]


@contextmanager
def desk() -> Iterator[Desk]:
    """Open one."""
    answers = {"ok": 200, "away": 302, "no": 404, "broken": 500}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            here.got.append((self.path, given))
            here.arrived.set()
            kind = self.path.split("/")[1]
            if kind == "slow":
                here.closing.wait(60)
                return
            self.send_response(answers[kind])
            self.send_header("Location", "/ok/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        here = Desk(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield here
        finally:
            here.closing.set()
            server.shutdown()
            thread.join()
