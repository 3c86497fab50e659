"""When an approved submission would go out: the next free slot of its action, or a time that a moderator gives."""

# ruff: noqa: RUF001 - what pages say is set with its own apostrophe

from datetime import datetime, timedelta

from scheduler import occurrences, rules, slots
from scheduler.errors import UserError
from scheduler.model import Action, Risk
from scheduler.operations.moderate import Case
from scheduler.slots import Slot
from scheduler.store import submissions
from scheduler.submission import Placing
from scheduler.web.ask import Ask
from scheduler.web.staff.moderation import within


def next_free(ask: Ask, case: Case, known: dict[str, Action]) -> Slot | None:
    """Return the next slot that a submission can have; None where no slot is free for it."""
    action = known.get(case.submission.action)
    if action is None or case.consent is None:
        return None
    with ask.site.app.store.read() as c:
        taken = submissions.taken_slots(c, action.key)
    found = slots.free(
        action,
        ask.site.workspace,
        taken=taken,
        now=ask.now,
        networks=frozenset(case.consent.networks),
        not_before=earliest(ask, case, known),
    )
    return found[0] if found else None


def earliest(ask: Ask, case: Case, known: dict[str, Action]) -> datetime:
    """Return the moment before which a submission can't go out: of high risk it has to cool off first."""
    high = within.risk(case.submission, known) is Risk.high
    return ask.now + (ask.site.workspace.moderation.cooling_off if high else timedelta())


def wanted(ask: Ask, case: Case, known: dict[str, Action]) -> tuple[Placing, Slot | None]:
    """Return when a form wants a submission to go out.

    Raises:
        UserError: it can't go out then.
    """
    said, one = ask.form["placing"], case.submission
    if said == "same" and one.placing is not None:  # what whoever said yes before has chosen
        own = Slot(
            action=one.action, post=one.post, occurrence=one.occurrence, due_at=one.due_at or ask.now, accounts=()
        )
        return one.placing, own if one.placing is Placing.at else next_free(ask, case, known)
    if said == Placing.at:
        return Placing.at, given(ask, case, known)
    if said == Placing.pool:
        return Placing.pool, None
    slot = next_free(ask, case, known)
    if slot is None:
        raise UserError(none_free(ask, case, known))
    return Placing.next, slot


def chosen(ask: Ask, case: Case) -> str:
    """Return in words what whoever said yes before has chosen; empty where nobody has."""
    one = case.submission
    if one.placing is Placing.at and one.due_at is not None:
        moment = ask.words.moment(one.due_at, ask.site.workspace.timezone)
        return ask._("Chosen before you: {moment}.").replace("{moment}", moment)
    return {
        None: "",
        Placing.next: ask._("Chosen before you: the next free slot."),
        Placing.pool: ask._("Chosen before you: the pool."),
        Placing.at: "",
    }[one.placing]


def given(ask: Ask, case: Case, known: dict[str, Action]) -> Slot:
    """Return the slot of the time that a form gives, on the workspace's clock.

    Raises:
        UserError: it is no time, or the submission can't go out then.
    """
    zone = ask.site.workspace.timezone
    action = known.get(case.submission.action)
    try:
        wall = datetime.fromisoformat(ask.form["when"])
    except ValueError:
        wall = None
    if wall is None or wall.tzinfo is not None or not 2000 <= wall.year <= 2100:
        raise UserError(ask._("Give a day and a time."))
    if action is None:
        raise UserError(ask._("The action’s file can’t be read now."))
    moment = occurrences.to_utc(wall.replace(second=0, microsecond=0), zone)
    soonest = earliest(ask, case, known)
    if moment < soonest:
        told = ask._("That is too early: give a time after {moment}.")
        raise UserError(told.replace("{moment}", ask.words.moment(soonest, zone)))
    if quiet_end := rules.quiet_until(moment, ask.site.workspace):
        told = ask._("Nothing goes out then: the quiet hours last until {moment}. Give that time, or a later one.")
        raise UserError(told.replace("{moment}", ask.words.moment(quiet_end, zone)))
    try:
        return slots.at(action, ask.site.workspace, moment)
    except ValueError:
        raise UserError(ask._("The action isn’t open at that time: give another one.")) from None


def none_free(ask: Ask, case: Case, known: dict[str, Action]) -> str:
    """Return why there is no slot."""
    action = known.get(case.submission.action)
    if action is None:
        return ask._("The action’s file can’t be read now.")
    if not slots.takes_submissions(action):
        return ask._("The action has no post for what people hand in any more.")
    return ask._("No slot of the action is free.")
