"""The pages of volunteers: what the campaign asks for, handing something in, taking it back, sharing."""

from starlette.responses import Response

from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import ANYONE, Route, get


def home(ask: Ask) -> Response:
    """Show the open actions."""
    return pages.page(ask, "volunteers/home.html.jinja", actions=ask.site.campaign().actions)


ROUTES: tuple[Route, ...] = (get("/", home, ANYONE),)
