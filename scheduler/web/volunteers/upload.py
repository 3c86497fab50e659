"""The first question: which photo or video? The file is made anew while its volunteer waits, or nearly so."""

import secrets

from starlette.responses import Response

from scheduler.blobs import AwayError
from scheduler.errors import UserError
from scheduler.model import Action
from scheduler.operations import cover, intake
from scheduler.submission import Submission
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import draft as drafts
from scheduler.web.volunteers import home, standing
from scheduler.web.volunteers.cleaner import cleaner_of
from scheduler.web.volunteers.saying import problem, why

MOST = 301_000_000
"""Bytes of the form: a film of 300 MB, and the little around it."""

SECONDS = 1800.0
"""How long it may take to come in: 300 MB at 1.4 Mbit/s."""

LIMIT = "300 per hour"
"""Files from one address: at a rally, in a camp or on a mobile network hundreds of people share one."""

_PATIENCE = 8.0  # seconds in which a photo is nearly always clean


def ask_for_file(ask: Ask) -> Response:
    """Ask for the photo or video."""
    action = ask.site.action(ask.path["key"])
    if action is None:
        return home.no_action(ask)
    return _form(ask, action)


def take(ask: Ask) -> Response:
    """Take the file in, and wait a moment until it has been made anew."""
    action = ask.site.action(ask.path["key"])
    if action is None:
        return home.no_action(ask)
    file = ask.form.files.get("file")
    if file is None:
        return _form(ask, action, wrong=ask._("Choose a photo or a video first."), status=422)
    if not standing.is_taking(ask, action):
        return _form(ask, action)
    app, by = ask.site.app, ask.user.id if ask.user else None
    once = ask.form["once"][:100] or secrets.token_hex(16)
    try:
        begun = intake.begin(
            app,
            action=action,
            source=file.file,
            size=file.size,
            once=once,
            group=ask.form["who"] == "group",
            uploaded_by=by,
        )
    except AwayError:
        raise  # a page of its own: nothing was stored
    except UserError as error:
        return _form(ask, action, wrong=why(ask, error), status=422)
    cleaner = cleaner_of(app)
    cleaner.submit(begun.submission.id)
    done = cleaner.wait(begun.submission.id, _PATIENCE)
    found = intake.draft(app, begun.secret)
    if done and found is not None and found.problem:
        return _refused(ask, found, action)
    answer = pages.go("/add/faces" if found is not None and found.file else "/add/wait")
    return drafts.keep(ask, answer, drafts.DRAFT, begun.secret)


def wait(ask: Ask) -> Response:
    """Say that the file is being made safe, until it is."""
    found = drafts.mine(ask)
    action = drafts.action_of(ask, found) if found else None
    if found is None or action is None:
        return drafts.lost(ask)
    if found.problem:
        return _refused(ask, found, action)
    if found.file:
        return pages.go("/add/faces")
    cleaner = cleaner_of(ask.site.app)
    failure = cleaner.failed(found.id)
    if failure is None and cleaner.wait(found.id, 0):
        cleaner.submit(found.id)  # a restart came between
    return _waiting(ask, found, failure)


def wait_for_covers(ask: Ask) -> Response:
    """Say that faces are being covered, until they are; where that failed, or never ends, ask once more."""
    found = drafts.mine(ask)
    if found is None:
        return drafts.lost(ask)
    app = ask.site.app
    cleaner = cleaner_of(app)
    if cleaner.failed(found.id):
        return pages.go("/add/faces")
    if found.to_cover is None:
        return pages.go("/add/message")
    if cleaner.wait(found.id, 0) and not cover.is_waited_for(app, found):
        return pages.go("/add/faces")
    return _waiting(ask, found, None)


def again(ask: Ask) -> Response:
    """Try once more to make a file anew that this machine couldn't open."""
    found = drafts.mine(ask)
    if found is None:
        return drafts.lost(ask)
    cleaner_of(ask.site.app).submit(found.id)
    return pages.go("/add/wait")


def stop(ask: Ask) -> Response:
    """Forget what was begun."""
    found = drafts.mine(ask)
    if found is not None:
        intake.abandon(ask.site.app, found)
    to = f"/actions/{found.action}" if found is not None else "/"
    return drafts.drop(ask, pages.go(to), drafts.DRAFT, drafts.WHERE)


def _waiting(ask: Ask, found: Submission, failure: UserError | None) -> Response:
    said = why(ask, failure) if failure else ""
    return pages.page(ask, "volunteers/wait.html.jinja", film=found.film, failure=said)


def _refused(ask: Ask, found: Submission, action: Action) -> Response:
    """Say why a file was refused, and forget all of it."""
    intake.abandon(ask.site.app, found)
    answer = _form(ask, action, wrong=problem(ask, found.problem), status=422)
    return drafts.drop(ask, answer, drafts.DRAFT, drafts.WHERE)


def _form(ask: Ask, action: Action, *, wrong: str = "", status: int = 200) -> Response:
    open_now = standing.is_taking(ask, action)
    return pages.page(
        ask,
        "volunteers/add.html.jinja",
        status=status,
        action=action,
        one=home.shown(ask, action),
        open=open_now,
        once=secrets.token_hex(16),
        wrong=wrong,
        group=ask.form["who"] == "group",
        step=1,
        steps=len(drafts.STEPS) - (action.risk == "high"),
    )
