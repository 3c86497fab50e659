"""The way in: every request is weighed here before a page's function sees it, and every answer gets its headers.

host and size -> whose session -> a limit -> may this person -> is the change from our own page -> the form
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as Path
from starlette.types import Message, Receive

from scheduler.errors import UserError
from scheduler.store import staff
from scheduler.web import pages, words
from scheduler.web.ask import Ask, Form, Upload
from scheduler.web.routing import Anyone, Route, is_ours

if TYPE_CHECKING:
    from scheduler.web.site import Site

_LOG = logging.getLogger(__name__)
SESSION = "session"
"""The name of the cookie of staff."""

LANGUAGE = "lang"
_THREADS = 24
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def application(
    site: "Site", routes: Sequence[Route], *, mounts: Sequence[Mount] = (), lifespan: Lifespan | None = None
) -> Starlette:
    """Return the whole site as an ASGI application."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in routes:
        by_path.setdefault(route.path, {})[route.method] = route
    paths: list[BaseRoute] = [
        Path(path, Entrance(site, methods).answer, methods=sorted(methods)) for path, methods in by_path.items()
    ]
    app = Starlette(routes=[*paths, *mounts], lifespan=lifespan or _threads)
    app.add_exception_handler(HTTPException, Entrance(site, {}).refused)
    return app


async def _threads_of(_app: Starlette) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = _THREADS
    yield


def _threads(app: Starlette) -> AbstractAsyncContextManager[None]:
    from contextlib import asynccontextmanager

    return asynccontextmanager(_threads_of)(app)


class TooSlowError(Exception):
    """The body took longer than its route allows."""


class TooLargeError(Exception):
    """The body has more bytes than its route allows."""


class Entrance:
    """Answers one address."""

    def __init__(self, site: "Site", methods: Mapping[str, Route]) -> None:
        self._site = site
        self._methods = methods

    async def answer(self, request: Request) -> Response:
        """Weigh a request, then let its page's function answer it in a thread."""
        route = self._methods["GET" if request.method == "HEAD" else request.method]
        ask = await run_in_threadpool(self._ask, request)
        refusal = self._refusal(request, route, ask)
        if refusal is not None:
            return self._dressed(refusal, ask)
        form: FormData | None = None
        try:
            if route.method == "POST":
                form = await self._form(request, route)
                ask = _with_form(ask, form)
            answer = await run_in_threadpool(route.handler, ask)
        except UserError as error:
            answer = pages.said(ask, 400, ask._("That can't be done"), str(error))
        except TooLargeError:
            answer = pages.said(ask, 413, ask._("That is too large"), ask._("Send a smaller file."))
        except TooSlowError:
            answer = pages.said(ask, 408, ask._("That took too long"), ask._("Check your connection and try again."))
        finally:
            if form is not None:
                await form.close()
        return self._dressed(answer, ask)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Answer what no page answers: an unknown address, another method."""
        ask = await run_in_threadpool(self._ask, request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        title = ask._("There is no such page") if status in {404, 405} else ask._("That can't be done")
        text = ask._("The address may be mistyped, or what stood here is gone.")
        return self._dressed(pages.said(ask, status, title, text), ask)

    # ── before the page ──

    def _ask(self, request: Request) -> Ask:
        site, now = self._site, self._site.app.clock.now()
        secret = request.cookies.get(site.cookie(SESSION))
        session = None
        if secret:
            with site.app.store.read() as c:
                session = staff.session(c, secret, now=now)
        own = session.user.language if session and session.user else ""
        asked = (request.query_params.get(LANGUAGE), request.cookies.get(LANGUAGE), own)
        return Ask(
            site=site,
            words=words.choose((*asked, request.headers.get("accept-language")), site.locale),
            path=dict(request.path_params),
            query=dict(request.query_params),
            form=Form(),
            cookies=dict(request.cookies),
            method=request.method,
            here=request.url.path,
            client=request.client.host if request.client else "",
            session=session,
            now=now,
        )

    def _refusal(self, request: Request, route: Route, ask: Ask) -> Response | None:
        if route.limit and not self._site.limits.allows(route.limit, route.path, ask.client):
            text = ask._("Please wait a few minutes, then try again. Nothing was lost.")
            return pages.said(ask, 429, ask._("That was a lot at once"), text)
        if not isinstance(route.who, Anyone) or route.who is Anyone.staff:
            if ask.user is None:
                return pages.go("/staff/sign-in") if route.method == "GET" else self._forbidden(ask)
            if not isinstance(route.who, Anyone) and not ask.may(route.who):
                return self._forbidden(ask)
        # A draft's cookie speaks for nobody but its own browser, and browsers don't send it from elsewhere.
        if route.method == "POST" and not is_ours(
            request, with_cookie=ask.session is not None, public_url=self._site.workspace.public_url
        ):
            return pages.said(
                ask, 403, ask._("This came from another page"), ask._("Open the page here and try again.")
            )
        return None

    def _forbidden(self, ask: Ask) -> Response:
        return pages.said(ask, 403, ask._("This isn't for you"), ask._("Ask an admin if you need it."))

    async def _form(self, request: Request, route: Route) -> FormData:
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > route.most:
            raise TooLargeError
        request._receive = _bounded(request.receive, route.most)  # noqa: SLF001 - the one place a body passes
        try:
            async with asyncio.timeout(route.seconds):
                return await request.form(max_files=max(len(route.files), 0), max_fields=200, max_part_size=SMALL_PART)
        except TimeoutError:
            raise TooSlowError from None

    # ── after the page ──

    def _dressed(self, answer: Response, ask: Ask) -> Response:
        for name, value in pages.SAFE.items():
            answer.headers.setdefault(name, value)
        if self._site.secure:
            answer.headers["Strict-Transport-Security"] = "max-age=31536000"
        wanted = ask.query.get(LANGUAGE)
        if wanted and wanted in self._site.languages:
            answer.set_cookie(LANGUAGE, wanted, max_age=30 * 86400, samesite="lax", secure=self._site.secure)
        return answer


SMALL_PART = 60_000
"""Bytes of one field of a form."""


def _bounded(receive: Receive, most: int) -> Callable[[], Awaitable[Message]]:
    """Return a `receive` that ends a body which is larger than it may be, whatever it said of its length."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise TooLargeError
        return message

    return bounded


def _with_form(ask: Ask, form: FormData) -> Ask:
    from dataclasses import replace

    values: dict[str, tuple[str, ...]] = {}
    files: dict[str, Upload] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if value.size:
                files[name] = Upload(value.file, value.size)
        else:
            values[name] = (*values.get(name, ()), value)
    return replace(ask, form=Form(values=values, files=files))


__all__ = ["LANGUAGE", "SESSION", "ClientDisconnect", "Entrance", "application"]
