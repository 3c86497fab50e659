"""Bounds the body of a request to the API, in bytes and in time, before anything reads it."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from scheduler.web.api.problems import problem
from scheduler.web.forms import TooLargeError, TooSlowError, bounded
from scheduler.web.routing import SMALL

_SECONDS = 60.0


class Bounded:
    """Lets through what is small and comes soon."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            if int(Headers(scope=scope).get("content-length", "0")) > SMALL:
                raise TooLargeError
            async with asyncio.timeout(_SECONDS):
                body = await _read(bounded(receive, SMALL))
        except TooLargeError:
            await problem(413, f"send at most {SMALL} bytes")(scope, receive, send)
            return
        except (TooSlowError, TimeoutError):
            await problem(408, "the request took too long: send it again")(scope, receive, send)
            return
        given = False

        async def once() -> dict[str, object]:
            nonlocal given
            if given:
                return dict(await receive())
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, once, send)


async def _read(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)
