"""The draft of whoever asks: found by a cookie that only this browser has, and the questions in their order."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.responses import Response

from scheduler import moderation, receipts, slots
from scheduler.model import Action, Risk
from scheduler.operations import intake
from scheduler.submission import Box, Submission
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import standing
from scheduler.web.volunteers.cleaner import cleaner_of
from scheduler.web.volunteers.saying import why

DRAFT, WHERE = "draft", "where"
"""Names of the cookies: the draft's secret, and the networks that were ticked, until it is handed in."""

STEPS = ("add", "faces", "message", "preview", "name", "alt", "where", "consent")


def secret(ask: Ask) -> str:
    """Return the draft's secret; empty where there is none."""
    return ask.cookies.get(ask.site.cookie(DRAFT), "")


def mine(ask: Ask) -> Submission | None:
    """Return the draft of whoever asks."""
    return intake.draft(ask.site.app, secret(ask))


def action_of(ask: Ask, draft: Submission) -> Action | None:
    """Return a draft's action, while it is there and takes something in."""
    found = ask.site.action(draft.action)
    return found if found is not None and standing.is_taking(ask, found) else None


Page = Callable[[Ask, Submission, Action], Response]


def step(page: Page, *, covered: bool = True) -> Callable[[Ask], Response]:
    """Make a page of one that needs a draft which is clean, and `covered`; without one it says so, or waits."""

    def shown(ask: Ask) -> Response:
        draft = mine(ask)
        action = action_of(ask, draft) if draft else None
        if draft is None or action is None:
            return lost(ask)
        if not draft.file:
            return pages.go("/add/wait")
        if draft.to_cover is not None and (covered or not cleaner_of(ask.site.app).wait(draft.id, 0)):
            return pages.go("/add/faces/wait")
        try:
            return page(ask, _at_risk(ask, draft, action), action)
        except intake.RefusedError as error:
            if error.why is intake.Why.gone:  # another tab was faster
                return lost(ask)
            return pages.said(ask, 400, ask._("That can't be done"), why(ask, error))

    shown.__doc__ = page.__doc__
    return shown


def _at_risk(ask: Ask, draft: Submission, action: Action) -> Submission:
    """Return a draft at its action's risk, should that have been raised since: its volunteer must be told of it."""
    risk = moderation.risk(draft, action)
    return draft if risk is draft.risk else intake.raise_risk(ask.site.app, draft, risk)


def code(ask: Ask) -> str:
    """Return the code of what this browser's draft was handed in as; empty where it wasn't, or too long ago."""
    mine = secret(ask)
    found = receipts.code(ask.site.app.vault, mine) if receipts.is_shown(mine, ask.now) else ""
    return found if found and intake.by_code(ask.site.app, found) is not None else ""


def lost(ask: Ask) -> Response:
    """Say that there is no draft, or show the receipt of the one that was handed in."""
    if code(ask):
        return pages.go("/add/receipt")
    text = ask._("What you began is no longer here. It was handed in, or too much time has passed.")
    return pages.said(ask, 404, ask._("Let's begin again"), text)


def question(ask: Ask, which: str, draft: Submission, action: Action, *, status: int = 200, **values: Any) -> Response:
    """Return one question's page, which says how many there are."""
    order = [one for one in STEPS if not (one == "name" and draft.risk is Risk.high)]
    here = order.index(which)
    back = f"/add/{order[here - 1]}" if here > 1 else ""
    given: dict[str, Any] = {
        "draft": draft,
        "action": action,
        "step": here + 1,
        "steps": len(order),
        "back": back,
        "wrong": {},
    }
    return pages.page(ask, f"volunteers/{which}.html.jinja", status=status, **{**given, "wrong": {}, **values})


def keep(ask: Ask, answer: Response, name: str, value: str) -> Response:
    """Give a cookie to this browser alone, until it is closed."""
    answer.set_cookie(ask.site.cookie(name), value, path="/", httponly=True, samesite="strict", secure=ask.site.secure)
    return answer


def drop(ask: Ask, answer: Response, *names: str) -> Response:
    """Take cookies back."""
    for name in names:
        answer.delete_cookie(ask.site.cookie(name), path="/", httponly=True, samesite="strict", secure=ask.site.secure)
    return answer


def where(ask: Ask, action: Action) -> tuple[str, ...]:
    """Return the networks that were ticked, as far as the action goes there."""
    ticked = ask.cookies.get(ask.site.cookie(WHERE), "").split("-")
    return tuple(one for one in slots.networks(action, ask.site.workspace) if one in ticked)


def proposals(draft: Submission) -> list[Box]:
    """Return the places that may be covered: each face that was found, with room for hair and ears, and those added."""
    from media.faces import with_margin
    from media.order import Region

    found: Iterable[Box] = (rounded(tuple(with_margin(Region(*face)))) for face in draft.faces)
    wanted = draft.to_cover.boxes if draft.to_cover else ()
    return list(dict.fromkeys([*found, *(rounded(box) for box in (*draft.covers, *wanted))]))


def rounded(box: Iterable[float]) -> Box:
    """Return a box as it is written into a form."""
    left, top, right, bottom = (round(edge, 4) for edge in box)
    return (left, top, right, bottom)
