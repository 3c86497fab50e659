"""The JSON API: what the pages and the command line can do, for programs, described by OpenAPI 3.1.

It stands at /api/v1. A program shows a token of a member of staff; cookies are not looked at. An error is a problem of
RFC 9457. The description is at /api/v1/openapi.json.
"""

from typing import TYPE_CHECKING

from starlette.routing import Mount

if TYPE_CHECKING:
    from fastapi import FastAPI

    from scheduler.web.site import Site

PREFIX = "/api/v1"


def mount(site: "Site") -> Mount:
    """Return the API, to be hung into the site."""
    return Mount(PREFIX, app=application(site))


def application(site: "Site") -> "FastAPI":
    """Return the API as an application of its own."""
    from fastapi import Depends, FastAPI

    from scheduler.web.api import delivering, governing, moderating, problems, standing
    from scheduler.web.api.body import Bounded

    api = FastAPI(
        title="Solidarity",
        summary="Where a campaign's posts stand, and the decisions of people about them.",
        version="1",
        # Their pages would fetch scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=problems.COMMON,
        dependencies=[Depends(problems.only_described)],
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
    )
    api.state.site = site
    for module in (standing, delivering, moderating, governing):
        api.include_router(module.router)
    problems.handle(api)
    api.add_middleware(Bounded)
    return api
