"""The list of what waits for a yes, oldest first; several of low risk can be decided on in one go."""

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.model import Risk
from scheduler.moderation import OWN
from scheduler.operations import moderate
from scheduler.submission import May
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get, post
from scheduler.web.staff import frame
from scheduler.web.staff.moderation import deciding, one, posts, rows, said, within
from scheduler.web.staff.moderation.within import Within

_MOST = 200  # decided on in one go


def show(ask: Ask) -> Response:
    """Show what waits; to those who don't moderate, only the posts that wait for a yes."""
    known, choice = within.actions(ask), within.asked(ask)
    moderates = ask.may(May.moderate)
    after = within.number(ask.query.get("after", ""))
    cases = within.page(ask, choice, known, after=after) if moderates else []
    shown = [rows.row(ask, case, known) for case in cases[: within.PAGE]]
    more = len(cases) > within.PAGE
    waiting = len(within.everything(ask, choice, known)) if moderates else 0
    return frame.page(
        ask,
        "staff/moderation/queue.html.jinja",
        moderates=moderates,
        within=choice,
        rows=shown,
        waiting_said=ask.many("{n} waits for a decision", "{n} wait for a decision", waiting),
        bulk=any(row.bulk for row in shown),
        first=f"/staff/moderation{choice.query}" if after else "",
        next=f"/staff/moderation{choice.to(after=str(shown[-1].case.submission.id))}" if more else "",
        actions=[(key, rows.title(ask, key, known)) for key in known],
        risks=[(str(level), said.risk(ask, level)) for level in Risk],
        reasons=said.reasons(ask),
        posts=posts.waiting(ask, known),
        undo=one.undone(ask) if moderates else None,
        keys=_keys(ask),
        utc=one.UTC,
    )


def bulk(ask: Ask) -> Response:
    """Decide on the ticked ones: each by itself, and only those of low risk."""
    seen = [(ref, ask.form[f"seen:{ref}"]) for ref in dict.fromkeys(ask.form.all("ref"))][:_MOST]
    back = f"/staff/moderation{within.asked(ask).query}"
    try:
        if not seen:
            raise UserError(ask._("Tick the ones that you decide on."))
        done, refused = _decided(ask, seen)
    except UserError as error:
        frame.say(ask, ask._(str(error)), wrong=True)
        return pages.go(back)
    frame.say(ask, _told(ask, len(done), refused), wrong=bool(refused))
    return pages.go(back)


def _decided(ask: Ask, ticked: list[tuple[str, str]]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the references of those decided on, and of those that aren't, with why."""
    own = {one.ref for one in within.everything(ask, Within(), {}) if one.uploaded_by == ask.staff.id}
    seen = [one for one in ticked if one[0] not in own]
    done, refused = _together(ask, seen)
    return done, [*refused, *((ref, OWN) for ref, _ in ticked if ref in own)]


def _together(ask: Ask, seen: list[tuple[str, str]]) -> tuple[list[str], list[tuple[str, str]]]:
    app, user = ask.site.app, ask.staff
    if ask.form["do"] == "approve":
        return moderate.approve_many(app, seen, user=user, passkey=within.with_passkey(ask))
    if ask.form["do"] == "reject":
        return moderate.reject_many(app, seen, user=user, reason=deciding.chosen_reason(ask))
    raise UserError(ask._("Choose what to do with them."))


def _told(ask: Ask, done: int, refused: list[tuple[str, str]]) -> str:
    if ask.form["do"] == "approve":
        told = ask.many("{n} approved.", "{n} approved.", done)
    else:
        told = ask.many("{n} rejected.", "{n} rejected.", done)
    if not refused:
        return told
    left = ask.many("{n} still waits.", "{n} still wait.", len(refused))
    whys = "; ".join(f"{rows.short(ref)}: {ask._(why)}" for ref, why in refused[:10])
    return f"{told} {left} {whys}"


def _keys(ask: Ask) -> list[tuple[str, str]]:
    return [
        ("j", ask._("the next one")),
        ("k", ask._("the one before")),
        ("Enter", ask._("open it: there it can be decided on")),
        ("x", ask._("tick it, or untick it")),
        ("z", ask._("undo the last approval")),
        ("?", ask._("show these keys")),
    ]


ROUTES: tuple[Route, ...] = (
    get("/staff/moderation", show, May.look),
    post("/staff/moderation/bulk", bulk, May.moderate),
)
