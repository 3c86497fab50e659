"""The gate around the whole site: who really asks, and whether the request is one at all.

Every answer passes it too, so that none says more than it should: pages, files, the API, refusals, what goes wrong.
"""

import ipaddress
import logging
import re
import secrets
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scheduler.logs import scrubbed
from scheduler.store import StateMovedError
from scheduler.web import pages
from scheduler.web.wire import is_here

if TYPE_CHECKING:
    from scheduler.web.site import Site

_LOG = logging.getLogger(__name__)
ROUTE = "solidarity.route"
"""Where in a request's scope the pattern of its address is noted, for the counts."""

HERE = "solidarity.here"
"""Where in a request's scope it is noted that it comes from this very machine, through no proxy."""

FAULT = "solidarity.fault"
"""Where in a request's scope the number of a fault is noted."""

LONGEST = 2000  # characters of an address with its query
MOST_HEADERS, HEADERS = 100, 16_384
"""Of one request: how many, and their bytes."""

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HIDDEN = re.compile(rb"%(?:0[0-9a-f]|1[0-9a-f]|7f)|%2e%2e(?:/|$)|%5c", re.IGNORECASE)
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-real-ip")


class Gate:
    """Weighs each request before anything else reads it, and dresses each answer."""

    def __init__(self, app: ASGIApp, *, site: "Site") -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(self._site, scope, send)
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _told(scope, *refusal)(scope, receive, answer.send)
            return
        scope["client"] = (_client(scope, headers), 0)
        scope[HERE] = is_here(scope["client"][0]) and not any(name in headers for name in _FORWARDED)
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            return
        except Exception as error:
            if self._site.debug:
                raise
            await self._fault(error, scope, receive, answer)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        raw = scope.get("raw_path") or scope["path"].encode()
        if len(raw) + len(scope["query_string"]) > LONGEST:
            return 414, "That address is too long.\n"
        if len(scope["headers"]) > MOST_HEADERS or sum(len(a) + len(b) for a, b in scope["headers"]) > HEADERS:
            return 431, "The request has too many headers.\n"
        if _HIDDEN.search(raw) or "\\" in scope["path"] or "%00" in scope["query_string"].decode("latin-1"):
            return 400, "That is no address of this site.\n"
        length = headers.get("content-length")
        if length is not None and not (length.isascii() and length.isdigit() and len(length) < 16):
            return 400, "The request doesn't say properly how long it is.\n"
        if not self._is_ours(headers.getlist("host"), scope):
            return 421, "This site isn't known under that name. Its public_url stands in config.yaml.\n"
        return None

    def _is_ours(self, hosts: list[str], scope: Scope) -> bool:
        """Tell whether a request is for this site: another's name that points here could read it in a browser."""
        if len(hosts) != 1:
            return False
        name = host_name(hosts[0])
        server = scope.get("server") or ("", None)
        known = {urlsplit(self._site.workspace.public_url or "").hostname, *self._site.hosts, server[0]}
        return bool(name) and (name in _LOOPBACK or name in known)

    async def _fault(self, error: Exception, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """Say that something went wrong, here and in the log, with a number and nothing of what was asked."""
        number = scope.setdefault(FAULT, secrets.token_hex(4))
        _LOG.error("fault %s: %s", number, scrubbed(error))
        if isinstance(error, StateMovedError):
            self._site.end(error)
        if answer.begun and not answer.ended:
            raise _CutError from None
        if not answer.begun:
            text = f"Something went wrong on our side. Nothing was lost. Its number in our log: {number}\n"
            await _told(scope, 500, text)(scope, receive, answer.send)


class _CutError(Exception):
    """An answer broke off after its beginning had left."""


class _Answer:
    """Sends an answer, with the headers that every answer has, and counts it."""

    def __init__(self, site: "Site", scope: Scope, send: Send) -> None:
        self._site, self._scope, self._send = site, scope, send
        self.begun = self.ended = False

    async def send(self, message: Message) -> None:
        """Send a piece of the answer."""
        if message["type"] == "http.response.start":
            self.begun = True
            self._dress(message)
            self._site.counts.add(pattern(self._scope), self._scope["method"], message["status"])
        self.ended = message["type"] == "http.response.body" and not message.get("more_body")
        await self._send(message)

    def _dress(self, message: MutableMapping[str, Any]) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in pages.SAFE.items():
            headers.setdefault(name, value)
        if self._site.secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"


def pattern(scope: Scope) -> str:
    """Return the pattern of a request's address, never the address: it may hold what is secret."""
    found = scope.get(ROUTE)
    if found is None and hasattr(scope.get("route"), "path"):
        found = scope.get("root_path", "") + scope["route"].path
    return str(found or "none")


def _told(scope: Scope, status: int, text: str) -> Response:
    """Return a short answer as whoever asks reads it: a program of the API gets a problem of RFC 9457."""
    if not scope["path"].startswith("/api/"):
        return PlainTextResponse(text, status_code=status)
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": text.strip()}
    return JSONResponse({**said, "errors": []}, status_code=status, media_type="application/problem+json")


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port; empty where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    return "" if name is None or parts.path or parts.query or parts.username else name


def _client(scope: Scope, headers: Headers) -> str:
    """Return the address a request comes from; a proxy on this machine is asked for whom it speaks."""
    peer = scope["client"][0] if scope.get("client") else ""
    if not is_here(peer):
        return str(peer)
    last = headers.getlist("x-forwarded-for")[-1:]
    said = last[0].rpartition(",")[2].strip() if last else ""
    try:
        return str(ipaddress.ip_address(said))
    except ValueError:
        return str(peer)
