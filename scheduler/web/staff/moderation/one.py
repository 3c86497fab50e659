"""The page of one submission: what it shows and says, what was agreed, as it will go out, and what can be decided."""

from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import Response

from scheduler.errors import UsageError
from scheduler.gallery import words
from scheduler.model import Action, Risk
from scheduler.moderation import higher
from scheduler.operations import moderate
from scheduler.operations.moderate import Case
from scheduler.slots import takes_submissions
from scheduler.submission import May, Stage, Submission, Whereabouts
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get
from scheduler.web.staff import frame, telling
from scheduler.web.staff import rows as lines
from scheduler.web.staff.moderation import deciding, framing, placing, rows, said, within
from scheduler.web.staff.moderation.rows import Row

UTC = ZoneInfo("UTC")


def show(ask: Ask) -> Response:
    """Show one submission."""
    known, choice = within.actions(ask), within.asked(ask)
    found = moderate.case(ask.site.app, ask.path["ref"], ask.staff, passkey=within.with_passkey(ask))
    row, one = rows.row(ask, found, known), found.submission
    before, after = within.neighbours(ask, one.id, choice, known)
    return frame.page(
        ask,
        "staff/moderation/one.html.jinja",
        row=row,
        within=choice,
        before=before,
        after=after,
        stage=said.stage(ask, one.stage),
        reason_said=said.reason(ask, one.reason),
        agreed=said.agreed(ask, found.consent),
        contact=ask.site.app.vault.unseal(one.contact),
        whereabouts=places(ask, found.whereabouts),
        utc=UTC,
        keys=_keys(ask),
        undo=undone(ask),
        wrong=ask.query.get("wrong", ""),
        undoable=deciding.may_be_undone(found),
        **_choices(ask, row, known),
        **_outlook(ask, found, known),
    )


def _choices(ask: Ask, row: Row, known: dict[str, Action]) -> dict[str, Any]:
    """Return what can be decided."""
    one = row.case.submission
    open_ = one.stage in {Stage.pending, Stage.approved}
    action = known.get(one.action)
    return {
        "decidable": open_ and not row.own,
        "reasons": said.reasons(ask),
        "requests": said.requests(ask),
        "higher": [(str(level), said.risk(ask, level)) for level in Risk if higher(level, row.risk) is not row.risk],
        "at_times": action is not None and takes_submissions(action),
        "passkeys": ask.site.workspace.moderation.passkeys,
        "high_said": _high(ask),
    }


def _outlook(ask: Ask, found: Case, known: dict[str, Action]) -> dict[str, Any]:
    """Return when it would go out, and how each network would show it."""
    pending = found.submission.stage is Stage.pending
    slot = placing.next_free(ask, found, known) if pending else None
    tiles = []
    if found.submission.stage in {Stage.pending, Stage.approved}:
        tiles = framing.tiles(ask, found, known, framing.slot_of(ask, found, known, slot))
    return {
        "slot": slot,
        "confirm": placing.chosen(ask, found) if pending and found.approvals else "",
        "no_slot": "" if slot else placing.none_free(ask, found, known),
        "tiles": tiles,
        "no_tiles": placing.none_free(ask, found, known) if pending and not tiles else "",
    }


def places(ask: Ask, found: list[Whereabouts]) -> list[dict[str, str]]:
    """Return where the deliveries of a submission stand, in words."""
    return [
        {
            "platform": words.platform(one.platform),
            "said": telling.state(ask, one.status),
            "url": lines.link(one.url),
            "key": one.key,
            "task": one.task,
        }
        for one in found
    ]


def undone(ask: Ask) -> Submission | None:
    """Return the submission whose approval the page before this one ended with, if it can still be undone."""
    ref = ask.query.get("undo", "")
    if not ref:
        return None
    try:
        found = moderate.case(ask.site.app, ref, ask.staff, passkey=within.with_passkey(ask))
    except UsageError:
        return None
    return found.submission if deciding.may_be_undone(found) else None


def _high(ask: Ask) -> str:
    hours = round(ask.site.workspace.moderation.cooling_off.total_seconds() / 3600)
    told = ask._("Two different people have to say yes. After the last yes it waits {hours} before it may go out.")
    told = told.replace("{hours}", ask.many("{n} hour", "{n} hours", hours))
    return f"{told} {ask._('It bears no name and no place.')}"


def _keys(ask: Ask) -> list[tuple[str, str]]:
    return [
        ("j", ask._("the next one")),
        ("k", ask._("the one before")),
        ("a", ask._("approve to the next free slot")),
        ("r", ask._("reject: choose a reason")),
        ("c", ask._("cover a face")),
        ("s", ask._("ask for a second look")),
        ("z", ask._("undo the last approval")),
        ("u", ask._("back to the list")),
        ("?", ask._("show these keys")),
    ]


ROUTES: tuple[Route, ...] = (get("/staff/moderation/{ref}", show, May.moderate),)
