"""The style sheets and scripts: few, small, our own, and kept by browsers until they change."""

import mimetypes

from starlette.responses import FileResponse, Response

from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import ANYONE, Route, get

FOLDER = pages.HERE / "static"


def serve(ask: Ask) -> Response:
    """Return a file of `static/`; a name that isn't there is no page."""
    names = {file.name for file in FOLDER.iterdir()}
    name = ask.path["name"]
    if name not in names:
        return pages.said(ask, 404, ask._("There is no such page"), "")
    answer = FileResponse(FOLDER / name, media_type=mimetypes.guess_type(name)[0])
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


ROUTES: tuple[Route, ...] = (get("/static/{name}", serve, ANYONE),)
