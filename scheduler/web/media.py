"""Pictures and films that volunteers handed in: their own draft for themselves, all others for moderators.

Only what was made anew is ever served; what was handed in never is.
"""

from pathlib import Path

from starlette.responses import Response

from scheduler.operations import intake
from scheduler.store import submissions
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


def _file(ask: Ask, submission: Submission | None, kind: str) -> Response:
    name, mime = _kinds(submission).get(kind, ("", "")) if submission is not None else ("", "")
    folder = ask.site.uploads
    if not name or Path(name).name != name or not (folder / name).is_file():
        return pages.said(ask, 404, ask._("There is no such page"), "")
    return pages.file(folder / name, mime)


def _kinds(submission: Submission) -> dict[str, tuple[str, str]]:
    found = {"preview": (submission.preview, _JPEG)}
    if submission.film:
        return found | {"film": (submission.file, submission.mime), "poster": (submission.poster, _JPEG)}
    return found | {"photo": (submission.file, submission.mime)}


ROUTES: tuple[Route, ...] = (
    get("/media/{ref}/{kind}", show, May.moderate),
    get("/draft/{kind}", show_draft, ANYONE),
)
