"""Stopping and going on: pauses, what would go out late after one, and actions that wait to be released."""

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.operations.pause import late_after, pause, resume
from scheduler.operations.release import release
from scheduler.status import Status
from scheduler.store import attention, calendar, controls
from scheduler.submission import May
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get, post
from scheduler.web.staff import frame, rows, telling

MOST = 100
"""How many deliveries a list of these pages shows."""


def show(ask: Ask, *, status: int = 200, error: str = "") -> Response:
    """Show what is paused, and let people stop everything, an action or an account."""
    with ask.site.app.store.read() as c:
        by_people, every = attention.paused(c), controls.all_pauses(c)
    who = {(one.pause.scope, one.pause.name): one.who for one in by_people}
    return frame.page(
        ask,
        "staff/schedule/pauses.html.jinja",
        status=status,
        pauses=[
            (one, telling.plain(ask, one.why), who.get((one.scope, one.name), ""), rows.when(ask, one.at))
            for one in every
        ],
        titles=rows.titles(ask),
        error=error,
        why=ask.form["why"],
        chosen=ask.form["scope"],
    )


def stop(ask: Ask) -> Response:
    """Hold everything, an action or an account, from this moment on."""
    scope, name = frame.scope(ask.form)
    scope, name = (scope or "all", name) if scope != "all" else ("all", "")
    known = {"all": {""}, "account": set(ask.site.workspace.accounts), "action": _actions(ask)}
    if scope not in known or name not in known[scope]:
        return show(ask, status=400, error=ask._("Choose what to stop: everything, an action or an account."))
    why = ask.form["why"][:200] or ask._("Stopped from the pages; no reason was given yet.")
    if pause(ask.site.app, scope=scope, name=name, why=why, who=ask.staff.name):
        frame.say(ask, ask._("{name} is paused. Nothing of it goes out.").replace("{name}", _named(ask, scope, name)))
    else:
        frame.say(ask, ask._("{name} was paused already.").replace("{name}", _named(ask, scope, name)))
    return pages.go(frame.back(ask.form, "/staff/pauses"))


def _actions(ask: Ask) -> set[str]:
    files = (ask.site.workspace.folder / "posts").glob("*.yaml")
    with ask.site.app.store.read() as c:
        return {file.stem for file in files} | calendar.actions(c)


def _named(ask: Ask, scope: str, name: str) -> str:
    return ask._("Everything") if scope == "all" else rows.titles(ask).get(name, name) if scope == "action" else name


def before_resume(ask: Ask) -> Response:
    """Show what would stay held as late once a pause is lifted."""
    return _before_resume(ask, ask.query.get("scope", ""), ask.query.get("name", ""))


def _before_resume(ask: Ask, scope: str, name: str, *, status: int = 200, error: str = "") -> Response:
    with ask.site.app.store.read() as c:
        found = next((one for one in controls.all_pauses(c) if (one.scope, one.name) == (scope, name)), None)
    late = late_after(ask.site.app, scope=scope, name=name)
    return frame.page(
        ask,
        "staff/schedule/resume.html.jinja",
        status=status if found or error else 404,
        pause=found,
        why=telling.plain(ask, found.why) if found else "",
        name=_named(ask, scope, name),
        late=rows.rows(ask, late[:MOST]),
        count=len(late),
        error=error,
    )


def go_on(ask: Ask) -> Response:
    """Lift a pause. What came due in the meantime stays held; nothing goes out by this."""
    scope, name = frame.scope(ask.form)
    try:
        late = resume(ask.site.app, scope=scope, name=name, who=ask.staff.name)
    except UserError:
        return _before_resume(ask, scope, name, status=409, error=ask._("It isn't paused any more."))
    said = ask._("{name} goes on.").replace("{name}", _named(ask, scope, name))
    if late:
        said += " " + ask.many(
            "{n} delivery came due in the meantime and waits for your decision below.",
            "{n} deliveries came due in the meantime and wait for your decision below.",
            len(late),
        )
    frame.say(ask, said)
    return pages.go("/staff/needs" if late else "/staff/pauses")


# ── releasing an action ─────────────────────────────────────────────────────────────────────────────────


def before_release(ask: Ask, *, error: str = "", status: int = 200) -> Response:
    """Show what a release would free."""
    action = ask.path.get("action") or ask.form["action"]
    with ask.site.app.store.read() as c:
        waiting = calendar.of_action(c, action, Status.held, "release", limit=MOST)
        count = sum(one.deliveries for one in calendar.unreleased(c) if one.action == action)
        opened = action in controls.released(c)
    known = bool(waiting) or opened or action in _declared(ask)
    return frame.page(
        ask,
        "staff/schedule/release.html.jinja",
        status=status if known else 404,
        action=action,
        title=rows.titles(ask).get(action, action),
        rows=rows.rows(ask, waiting),
        count=count,
        opened=opened,
        known=known,
        error=error,
    )


def let_go(ask: Ask) -> Response:
    """Open an action that waits for a person's word."""
    action = ask.form["action"]
    try:
        free = release(ask.site.app, action, who=ask.staff.name, declared=_declared(ask))
    except UserError as error:
        return before_release(ask, status=409, error=telling.plain(ask, str(error), key=action))
    said = ask.many(
        "{name} is released. {n} delivery goes out at its time.",
        "{name} is released. {n} deliveries go out at their times.",
        free,
    )
    frame.say(ask, said.replace("{name}", rows.titles(ask).get(action, action)))
    return pages.go("/staff")


def _declared(ask: Ask) -> set[str]:
    return {one.key for one in ask.site.campaign().actions if one.manual_release}


ROUTES: tuple[Route, ...] = (
    get("/staff/pauses", show, May.look),
    get("/staff/pausing", show, May.look),
    post("/staff/pause", stop, May.pause),
    get("/staff/resume", before_resume, May.edit),
    post("/staff/resume", go_on, May.edit),
    get("/staff/release/{action}", before_release, May.edit),
    post("/staff/release", let_go, May.edit),
)
