"""Pictures and films that volunteers handed in: their own draft for themselves, all others for moderators.

Only what was made anew is ever served; what was handed in never is. What is lent to a network that fetches what it
publishes is given to whoever has its address, as long as its post is in hand.
"""

from pathlib import Path

from starlette.responses import Response

from scheduler import blobs, shelf
from scheduler.files import MachineError
from scheduler.operations import intake
from scheduler.store import lent, submissions
from scheduler.submission import May, Stage, Submission
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import ANYONE, Route, get

DRAFT = "draft"
"""The name of the cookie that a volunteer's draft belongs to."""

_SEEN = frozenset({Stage.pending, Stage.approved, Stage.rejected})
"""What staff may still look at: a file that waits to be deleted is nobody's business any more."""

_JPEG = "image/jpeg"


def show(ask: Ask) -> Response:
    """Show moderators what was handed in, until it is taken back or has expired."""
    with ask.site.app.store.read() as c:
        found = submissions.find(c, ref=ask.path["ref"])
    return _file(ask, found if found is not None and found.stage in _SEEN else None, ask.path["kind"])


def show_draft(ask: Ask) -> Response:
    """Show a volunteer the draft that their cookie belongs to."""
    secret = ask.cookies.get(ask.site.cookie(DRAFT), "")
    return _file(ask, intake.draft(ask.site.app, secret) if secret else None, ask.path["kind"])


def lend(ask: Ask) -> Response:
    """Give a network the file that a delivery in hand lends it; to everything else there is one answer."""
    app, now = ask.site.app, ask.site.app.clock.now()
    answer = pages.plain("There is no such file.\n", status=404)
    sha256 = shelf.lent(app.vault, ask.path["token"], ask.path["name"], now=now)
    if sha256:
        with app.store.read() as c:
            medium = lent.in_hand(c, sha256, now=now)
        file = app.workspace.var / "rendered" / medium.path.name if medium else None
        if medium and file and file.is_file():
            answer = pages.file(file, medium.mime)
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _file(ask: Ask, submission: Submission | None, kind: str) -> Response:
    name, mime = _kinds(submission).get(kind, ("", "")) if submission is not None else ("", "")
    path = None
    if name and Path(name).name == name:
        try:
            path = blobs.upload(ask.site.workspace, name)
        except MachineError:
            return pages.missing(mime)
    if path is None or not path.is_file():
        return pages.said(ask, 404, ask._("There is no such page"), "")
    return pages.file(path, mime)


def _kinds(submission: Submission) -> dict[str, tuple[str, str]]:
    found = {"preview": (submission.preview, _JPEG)}
    if submission.film:
        return found | {"film": (submission.file, submission.mime), "poster": (submission.poster, _JPEG)}
    return found | {"photo": (submission.file, submission.mime)}


ROUTES: tuple[Route, ...] = (
    get("/media/{ref}/{kind}", show, May.moderate),
    get("/draft/{kind}", show_draft, ANYONE),
    Route(path=shelf.PATH, handler=lend, who=ANYONE, signed=True),
)
