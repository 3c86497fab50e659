"""Where an action stands for those who want to help: open, to come, or over."""

from datetime import timedelta

from scheduler import slots
from scheduler.model import Action
from scheduler.store import controls
from scheduler.web.ask import Ask

OPEN, SOON, CLOSED = "open", "soon", "closed"


def state(ask: Ask, action: Action) -> str:
    """Return where an action stands now: OPEN, SOON or CLOSED."""
    if action.closes_at is not None and ask.now >= action.closes_at:
        return CLOSED
    if action.opens_at is not None and ask.now < action.opens_at:
        return SOON
    if action.manual_release:
        with ask.site.app.store.read() as c:
            return OPEN if action.key in controls.released(c) else SOON
    return OPEN


def is_taking(ask: Ask, action: Action) -> bool:
    """Tell whether an action takes something in now."""
    return slots.takes_submissions(action) and state(ask, action) == OPEN


def days_left(ask: Ask, action: Action) -> int | None:
    """Return the days to an action's last one, 0 on it; None where it has none."""
    if action.closes_at is None:
        return None
    zone = ask.site.workspace.timezone
    last = (action.closes_at - timedelta(microseconds=1)).astimezone(zone).date()
    return max(0, (last - ask.now.astimezone(zone).date()).days)


def when(ask: Ask, action: Action) -> str:
    """Return until when, or from when, an action is open, in words; empty where there is no date."""
    zone, stands = ask.site.workspace.timezone, state(ask, action)
    if stands == SOON:
        if action.opens_at is None or action.opens_at <= ask.now:
            return ask._("Opens soon")
        return ask._("Opens on {day}").replace("{day}", ask.words.day(action.opens_at.astimezone(zone).date()))
    if action.closes_at is None:
        return ""
    if stands == CLOSED:
        last = (action.closes_at - timedelta(microseconds=1)).astimezone(zone).date()
        return ask._("Ended on {day}").replace("{day}", ask.words.day(last))
    left = days_left(ask, action)
    return ask.many("{n} day left", "{n} days left", left) if left else ask._("Last day")
