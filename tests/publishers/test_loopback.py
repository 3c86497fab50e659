"""What every stand-in for a network has in common."""

import socket

from scheduler.standins.mastodon import Server
from tests.acceptance.command import wait_for

DATABASES = ("sqlite",)  # no state has a part in it


def test_a_request_that_is_cut_short_is_none() -> None:
    """A client that is killed while it sends has asked for nothing; a whole one beside it is answered."""
    with Server() as server:
        host, port = server.url.removeprefix("http://").split(":")
        head = "POST /api/v1/statuses HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n"
        for body in ("", '{"status": "Hel'):
            with socket.create_connection((host, int(port)), timeout=10) as client:
                client.sendall(f"{head}{body}".encode())
                client.shutdown(socket.SHUT_WR)
                assert client.recv(1000) == b""
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(f"{head}{'x' * 30}".encode())
            assert client.recv(1000).startswith(b"HTTP/1.1 4")
        wait_for(lambda: len(server.requests) == 1)
        assert server.errors == []
