"""Who asks: a program with a token, within the token's rights and those of the person who made it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from scheduler.app import App
from scheduler.store import staff
from scheduler.store.staff import Token
from scheduler.submission import May, User
from scheduler.web.site import Site

_SCHEME = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token that a member of staff made on the page of their account. It does what its rights say, and no "
    "more than that person may.",
)
Shown = Annotated[HTTPAuthorizationCredentials | None, Security(_SCHEME)]


def site(request: Request) -> Site:
    """Return the site that the API belongs to."""
    found: Site = request.app.state.site
    return found


def app(request: Request) -> App:
    """Return the App."""
    return site(request).app


def _may(what: May) -> Callable[[Request, HTTPAuthorizationCredentials | None], User]:
    def caller(request: Request, shown: Shown) -> User:
        mine = app(request)
        found: Token | None = None
        if shown is not None:
            with mine.store.read() as c:
                found = staff.token(c, shown.credentials, now=mine.clock.now())
        if found is None:
            words = "show a token: `Authorization: Bearer …`" if shown is None else "this token has ended, or never was"
            raise HTTPException(401, words, {"WWW-Authenticate": "Bearer"})
        if what not in found.scopes or not found.user.may(what):
            raise HTTPException(403, f"this needs the right `{what}`")
        return found.user

    return caller


def may(what: May) -> Any:
    """Return the dependency that lets in who has a right, and gives the person in whose name it is."""
    return Depends(_may(what))


Parts = Annotated[App, Depends(app)]
Whole = Annotated[Site, Depends(site)]
Looker = Annotated[User, may(May.look)]
Pauser = Annotated[User, may(May.pause)]
Editor = Annotated[User, may(May.edit)]
Moderator = Annotated[User, may(May.moderate)]
Governor = Annotated[User, may(May.govern)]
