"""Which function answers which address, who may, and that a change really comes from one of our own pages.

Everything is refused that isn't declared: a route without `who` can't be written.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from scheduler.submission import May
from scheduler.web.ask import Ask

Handler = Callable[[Ask], Response]
SMALL = 100_000
"""Bytes of a form without files."""


class Anyone(StrEnum):
    """Who may ask where no right is needed."""

    anyone = "anyone"  # volunteers, and whoever passes by
    staff = "staff"  # everybody who is signed in


Who = Anyone | May
ANYONE, STAFF = Anyone.anyone, Anyone.staff


@dataclass(frozen=True, kw_only=True)
class Route:
    """One address. A GET changes nothing; whatever changes something is a POST."""

    path: str  # with {names} in it
    handler: Handler
    who: Who
    method: str = "GET"
    files: tuple[str, ...] = ()  # names of the form's files
    most: int = SMALL  # bytes of the whole body
    seconds: float = 30.0  # how long the body may take
    limit: str = ""  # how often one address may come, e.g. "10 per minute"
    signed: bool = False  # the address itself proves the right (a capability), so that `who` is anyone


def get(path: str, handler: Handler, who: Who, *, limit: str = "") -> Route:
    """Return a route that shows something."""
    return Route(path=path, handler=handler, who=who, limit=limit)


def post(
    path: str,
    handler: Handler,
    who: Who,
    *,
    files: Sequence[str] = (),
    most: int = SMALL,
    seconds: float = 30.0,
    limit: str = "",
) -> Route:
    """Return a route that changes something."""
    return Route(
        path=path, handler=handler, who=who, method="POST", files=tuple(files), most=most, seconds=seconds, limit=limit
    )


def is_ours(request: HTTPConnection, *, with_cookie: bool, public_url: str | None) -> bool:
    """Tell whether a change comes from a page of this very site: what a browser says of it can't be forged by a page.

    Sec-Fetch-Site is asked first, then Origin, then Referer. Nothing of the three means that it is no browser of this
    age: it may go on only where no cookie speaks for somebody.
    """
    headers = request.headers
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin") or headers.get("referer")
    if origin is None:
        return not with_cookie
    hosts = {headers.get("host", "").lower(), urlsplit(public_url or "").netloc.lower()} - {""}
    return urlsplit(origin).netloc.lower() in hosts
