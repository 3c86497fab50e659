"""The way in: every request is weighed here before a page's function sees it.

gate (host, size) -> whose session -> a limit -> may this person -> is the change from our own page -> the form
"""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from anyio import to_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as Path

from scheduler.errors import SchedulerError, UserError, WorkspaceError
from scheduler.files import MachineError
from scheduler.store import StateMovedError, staff
from scheduler.submission import May
from scheduler.web import forms, pages, words
from scheduler.web.ask import Ask, Form
from scheduler.web.gate import HERE, ROUTE, Gate
from scheduler.web.routing import Anyone, Route, is_ours

if TYPE_CHECKING:
    from scheduler.web.site import Site

SESSION = "session"
"""The name of the cookie of staff."""

LANGUAGE = "lang"
_THREADS = 24
_UPLOADS_EACH, _UPLOADS = 20, 100
"""How many files may come in at a time: from one address, which a whole camp may share, and from all together."""

_LITTLE_SPACE = 200_000_000  # bytes on the disk that aren't given to uploads
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
    app = Starlette(routes=[*paths, *mounts], lifespan=lifespan or threads, middleware=[Middleware(Gate, site=site)])
    app.router.redirect_slashes = False
    app.add_exception_handler(HTTPException, Entrance(site, {}).refused)
    return app


@asynccontextmanager
async def threads(_app: Starlette) -> AsyncIterator[None]:
    """Set how many pages are made at a time."""
    to_thread.current_default_thread_limiter().total_tokens = _THREADS
    yield


class Entrance:
    """Answers one address."""

    def __init__(self, site: "Site", methods: Mapping[str, Route]) -> None:
        self._site = site
        self._methods = methods

    async def answer(self, request: Request) -> Response:
        """Weigh a request, then let its page's function answer it in a thread."""
        route = self._methods["GET" if request.method == "HEAD" else request.method]
        request.scope[ROUTE] = route.path
        ask = await run_in_threadpool(self._ask, request)
        refusal = self._refusal(request, route, ask)
        if refusal is not None:
            return self._spoken(refusal, ask)
        try:
            answer = await self._answer(request, route, ask)
        except (ClientDisconnect, StateMovedError):
            raise
        except (SchedulerError, forms.NoFormError, forms.TooLargeError, forms.TooSlowError) as error:
            answer = await run_in_threadpool(_explained, ask, error)
        return answer if route.signed else self._spoken(answer, ask)

    async def _answer(self, request: Request, route: Route, ask: Ask) -> Response:
        if route.method != "POST":
            return await run_in_threadpool(route.handler, ask)
        if not route.files:
            return await self._with_form(request, route, ask)
        each = _UPLOADS if request.scope.get(HERE) else _UPLOADS_EACH
        with self._site.counts.upload(ask.client, each=each, most=_UPLOADS) as fits:
            if not fits:
                return _busy(ask)
            if shutil.disk_usage(self._site.uploads).free < _LITTLE_SPACE + route.most:
                text = ask._("We have no room for more pictures at this moment. Please try again later.")
                return pages.said(ask, 503, ask._("Not just now"), text)
            return await self._with_form(request, route, ask)

    async def _with_form(self, request: Request, route: Route, ask: Ask) -> Response:
        data = await forms.read(request, route, self._site.uploads, self._site.writing)
        try:
            asked = replace(ask, form=forms.form(data, route.files))
            # What comes with a file may wait for the file to be opened; pages have threads of their own.
            limiter = self._site.taking if route.files else None
            return await to_thread.run_sync(partial(route.handler, asked), limiter=limiter)
        finally:
            await data.close()

    async def refused(self, request: Request, error: Exception) -> Response:
        """Answer what no page answers: an unknown address, another method."""
        ask = await run_in_threadpool(self._ask, request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        title = ask._("There is no such page") if status in {404, 405} else ask._("That can't be done")
        text = ask._("The address may be mistyped, or what stood here is gone.")
        answer = pages.said(ask, status, title, text)
        for name, value in (getattr(error, "headers", None) or {}).items():
            answer.headers[name] = value
        return self._spoken(answer, ask)

    # ── before the page ──

    def _ask(self, request: Request) -> Ask:
        site, now = self._site, self._site.app.clock.now()
        secret = request.cookies.get(site.cookie(SESSION))
        bearer = request.headers.get("authorization", "")
        session, token = None, None
        if secret or bearer:
            with site.app.store.read() as c:
                session = staff.session(c, secret, now=now) if secret else None
                token = staff.token(c, bearer[7:], now=now) if bearer[:7].lower() == "bearer " else None
        looks = token is not None and May.look in token.scopes and token.user.may(May.look)
        if session is not None and session.user is not None:
            looks = looks or session.user.may(May.look)
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
            address=site.workspace.public_url or f"{request.url.scheme}://{request.url.netloc}",
            trusted=bool(request.scope.get(HERE) or looks),
            now=now,
        )

    def _refusal(self, request: Request, route: Route, ask: Ask) -> Response | None:
        # Uploads from this very machine, through no proxy, are its own user's: nobody is to be held off.
        limited = route.limit and not (route.files and request.scope.get(HERE))
        if limited and not self._site.limits.allows(route.limit, route.path, ask.client):
            return _busy(ask)
        if not isinstance(route.who, Anyone) or route.who is Anyone.staff:
            if ask.user is None:
                asked = f"/staff/sign-in?to={quote(ask.here)}"
                return pages.go(asked) if route.method == "GET" else self._forbidden(ask)
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

    # ── after the page ──

    def _spoken(self, answer: Response, ask: Ask) -> Response:
        wanted = ask.query.get(LANGUAGE)
        if wanted and wanted in self._site.languages:
            answer.set_cookie(LANGUAGE, wanted, max_age=30 * 86400, samesite="lax", secure=self._site.secure)
        return answer


def _busy(ask: Ask) -> Response:
    text = ask._("Please wait a few minutes, then try again. Nothing was lost.")
    return pages.said(ask, 429, ask._("That was a lot at once"), text)


def _explained(ask: Ask, error: Exception) -> Response:
    """Say what went wrong and what to do. What concerns the machine, with its paths, is for staff only."""
    if isinstance(error, forms.TooLargeError):
        return pages.said(ask, 413, ask._("That is too large"), ask._("Send a smaller file."))
    if isinstance(error, forms.TooSlowError):
        return pages.said(ask, 408, ask._("That took too long"), ask._("Check your connection and try again."))
    if isinstance(error, forms.NoFormError):
        return pages.said(ask, 400, ask._("That can't be done"), ask._("Open the page here and try again."))
    if isinstance(error, UserError) and not isinstance(error, (WorkspaceError, MachineError)):
        return pages.said(ask, 400, ask._("That can't be done"), str(error))
    text = str(error) if ask.user else ask._("Please wait a few minutes, then try again. Nothing was lost.")
    return pages.said(ask, 503, ask._("Not just now"), text)


__all__ = ["LANGUAGE", "SESSION", "Entrance", "application", "threads"]
