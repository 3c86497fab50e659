"""One connection: the deadlines that uvicorn doesn't have, so that no slow or silent client holds a place for long."""

import asyncio
import ipaddress
from collections import Counter
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""For a whole request head, from the connection's first moment on; also how long one may stay silent."""

LINGER_SECONDS = 5.0  # for what a client still sends after it was answered, so that it gets to read the answer
READ_SECONDS = 60.0  # for a client that doesn't take what it asked for
MOST_EACH = 100
"""Connections of one address. Programs on this machine, such as a proxy, aren't counted."""


class Wire(H11Protocol):
    """An HTTP/1.1 connection that ends when its client is too slow."""

    _open: ClassVar[Counter[str]] = Counter()
    transport: asyncio.Transport

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._reader: asyncio.TimerHandle | None = None
        self._counted = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless the client has too many connections already."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        if not is_here(host):
            self._counted = host
            self._open[host] += 1
            if self._open[host] > MOST_EACH:
                transport.abort()
                return
        self._within(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        for timer in (self._deadline, self._reader):
            if timer is not None:
                timer.cancel()
        if self._counted:
            self._open[self._counted] -= 1
            if not self._open[self._counted]:
                del self._open[self._counted]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; once the head is there, its page sees to the body's own deadline."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of a body that nobody wants, and no longer than that."""
        unread = self.conn.their_state is h11.SEND_BODY
        super().on_response_complete()
        if self.cycle.response_complete:  # else the next request was there already
            self._within(LINGER_SECONDS if unread else HEAD_SECONDS + self.timeout_keep_alive)

    def pause_writing(self) -> None:
        """Stop writing to a client that doesn't read, and end it when it goes on like that."""
        super().pause_writing()
        self._reader = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Write on."""
        super().resume_writing()
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def _within(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._end)

    def _end(self) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is None and self.conn.trailing_data[0]:  # it began to ask, and never came to the end
            self.transport.write(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()


def is_here(host: str) -> bool:
    """Tell whether an address is of this very machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
