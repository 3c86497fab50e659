"""What a moderator presses: yes, no, a second look, better words, more care, taken back. Then on to the next one."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.model import Action, Risk
from scheduler.moderation import OWN, higher
from scheduler.operations import moderate, reconsider, take_back
from scheduler.operations.moderate import Case
from scheduler.status import Status
from scheduler.store import controls
from scheduler.store.submissions import ChangedMeanwhileError
from scheduler.submission import May, Stage
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, post
from scheduler.web.staff import frame
from scheduler.web.staff.moderation import placing, said, within
from scheduler.web.staff.moderation.within import Within


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done, in words, and where to go from there."""

    text: str
    on: bool = False  # to the next one that waits; back to the same one otherwise
    undo: str = ""  # the reference of what may be undone


_STILL = frozenset({Status.queued, Status.held, Status.cancelled})
"""The states of a delivery of which nothing has left this machine."""

Deed = Callable[[Ask, Case, dict[str, Action]], Done]


def decide(ask: Ask, deed: Deed, *, form: str = "") -> Response:
    """Do something with the submission as it was on the moderator's screen, say so, and go on.

    `form`: whose fields are marked where it can't be done.
    """
    known, choice, ref = within.actions(ask), within.asked(ask), ask.path["ref"]
    case = moderate.case(ask.site.app, ref, ask.staff, passkey=within.with_passkey(ask))
    if ask.form["seen"] != case.submission.content_hash:
        return stale(ask, choice)
    if case.submission.uploaded_by == ask.staff.id:
        raise UserError(ask._(OWN))
    after = within.neighbours(ask, case.submission.id, choice, known)[1]
    here = f"/staff/moderation/{ref}{choice.query}"
    try:
        done = deed(ask, case, known)
    except ChangedMeanwhileError:
        return stale(ask, choice)
    except UserError as error:
        frame.say(ask, ask._(str(error)), wrong=True)
        return pages.go(f"/staff/moderation/{ref}{choice.to(wrong=form)}")
    frame.say(ask, done.text)
    return pages.go(_following(after, choice, done) if done.on else here)


def stale(ask: Ask, choice: Within) -> Response:
    """Say that a submission has changed since somebody looked at it."""
    return frame.page(
        ask,
        "staff/moderation/stale.html.jinja",
        status=409,
        why=ask._("Somebody decided on it, or changed it, after you opened it."),
        again=f"/staff/moderation/{ask.path['ref']}{choice.query}",
    )


def _following(after: str, choice: Within, done: Done) -> str:
    query = choice.to(undo=done.undo)
    return f"/staff/moderation/{after}{query}" if after else f"/staff/moderation{query}"


# ── yes and no ──────────────────────────────────────────────────────────────────────────────────────────


def approve(ask: Ask) -> Response:
    """Say yes."""
    return decide(ask, _approve, form=ask.form["placing"])


def _approve(ask: Ask, case: Case, known: dict[str, Action]) -> Done:
    wanted, slot = placing.wanted(ask, case, known)
    ref, passkey = case.submission.ref, within.with_passkey(ask)
    found = moderate.approve(
        ask.site.app, ref, user=ask.staff, passkey=passkey, seen=ask.form["seen"], slot=slot, placing=wanted
    )
    return Done(text=_approved(ask, found), on=True, undo=ref if may_be_undone(found) else "")


def may_be_undone(found: Case) -> bool:
    """Tell whether one person's approval can be taken back as if it had never been: nothing has gone out yet."""
    approved = found.submission.stage is Stage.approved and found.needs == 1
    return approved and all(one.status in _STILL for one in found.whereabouts)


def undo(ask: Ask) -> Response:
    """Take an approval back."""
    return decide(ask, _undo)


def _undo(ask: Ask, case: Case, known: dict[str, Action]) -> Done:
    del known
    reconsider.reconsider(ask.site.app, case.submission.ref, user=ask.staff, seen=ask.form["seen"])
    return Done(text=ask._("The approval is taken back: it waits for a decision again."))


def _approved(ask: Ask, found: Case) -> str:
    one = found.submission
    if one.stage is not Stage.approved:
        left = found.needs - len(found.approvals)
        told = ask.many("{n} more person has to say yes.", "{n} more people have to say yes.", left)
        return f"{ask._('Your yes is kept.')} {told}"
    if one.due_at is None:
        return ask._("Approved: it waits in the pool.")
    moment = ask.words.moment(one.due_at, ask.site.workspace.timezone)
    return ask._("Approved: it goes out on {moment}.").replace("{moment}", moment)


def reject(ask: Ask) -> Response:
    """Say no."""
    return decide(ask, _reject, form="reject")


def _reject(ask: Ask, case: Case, known: dict[str, Action]) -> Done:
    del known
    reason = chosen_reason(ask)
    moderate.reject(ask.site.app, case.submission.ref, user=ask.staff, seen=ask.form["seen"], reason=reason)
    return Done(text=ask._("Rejected. Its picture is deleted in a few days."), on=True)


def chosen_reason(ask: Ask) -> str:
    """Return the reason that a form gives, as it is kept: the choice, and what was written beside it.

    Raises:
        UserError: none was chosen, or "something else" without a word.
    """
    choice, more = ask.form["reason"], " ".join(ask.form["more"].split())[:300]
    if choice not in dict(said.reasons(ask)) or (choice == "other" and not more and "more" in ask.form):
        raise UserError(ask._("Choose a reason, or write one."))
    return f"{choice}: {more}" if more else choice


# ── changes ─────────────────────────────────────────────────────────────────────────────────────────────


def describe(ask: Ask) -> Response:
    """Keep a better alt text."""
    return decide(ask, _describe, form="alt")


def _describe(ask: Ask, case: Case, known: dict[str, Action]) -> Done:
    del known
    moderate.describe(ask.site.app, case.submission.ref, user=ask.staff, alt=ask.form["alt"][:1000])
    return Done(text=ask._("The alt text is kept."))


def raise_risk(ask: Ask) -> Response:
    """Ask for more care."""
    return decide(ask, _raise)


def _raise(ask: Ask, case: Case, known: dict[str, Action]) -> Done:
    wanted = ask.form["to"]
    now = within.risk(case.submission, known)
    if wanted not in set(Risk) or higher(Risk(wanted), now) is now:
        raise UserError(ask._("Choose a higher risk."))
    moderate.set_risk(ask.site.app, case.submission.ref, user=ask.staff, risk=Risk(wanted))
    return Done(text=ask._("The risk is raised."))


def second_look(ask: Ask) -> Response:
    """Ask for a second pair of eyes."""
    return decide(ask, _second_look)


def _second_look(ask: Ask, case: Case, known: dict[str, Action]) -> Done:
    del known
    moderate.ask_second(ask.site.app, case.submission.ref, user=ask.staff)
    return Done(text=ask._("A second look is asked for: one more person has to say yes."), on=True)


def give_back(ask: Ask) -> Response:
    """Take a submission back because a person asked for it."""
    return decide(ask, _give_back, form="take-back")


def _give_back(ask: Ask, case: Case, known: dict[str, Action]) -> Done:
    del known
    if ask.form["reason"] not in dict(said.requests(ask)):
        raise UserError(ask._("Say who asked for it."))
    with ask.site.app.store.write() as c:
        detail = f"{case.submission.ref} {ask.form['reason']}"
        controls.note(c, "asked to take back", detail, who=ask.staff.name, now=ask.now)
    take_back.take_back(ask.site.app, case.submission.ref, who=ask.staff.name)
    return Done(text=ask._("Taken back. What is out is being taken down; see where it stands below."))


ROUTES: tuple[Route, ...] = (
    post("/staff/moderation/{ref}/approve", approve, May.moderate),
    post("/staff/moderation/{ref}/undo", undo, May.moderate),
    post("/staff/moderation/{ref}/reject", reject, May.moderate),
    post("/staff/moderation/{ref}/alt", describe, May.moderate),
    post("/staff/moderation/{ref}/risk", raise_risk, May.moderate),
    post("/staff/moderation/{ref}/second-look", second_look, May.moderate),
    post("/staff/moderation/{ref}/take-back", give_back, May.moderate),
)
