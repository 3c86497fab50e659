"""One submission with every word and figure that a page of moderation shows of it."""

from dataclasses import dataclass

from scheduler.gallery import words
from scheduler.model import Action, Risk
from scheduler.operations.moderate import Case
from scheduler.web.ask import Ask
from scheduler.web.staff.moderation import said, within


@dataclass(frozen=True, kw_only=True)
class Row:
    """A submission, in words."""

    case: Case
    short: str  # the beginning of its reference
    risk: Risk  # its own or its action's
    risk_said: str
    action: str
    language: str
    networks: str
    people: str
    named: str
    covers: str
    waited: str
    own: bool  # whoever looks has handed it in
    bulk: bool  # it may be decided on with others in one go


def row(ask: Ask, case: Case, known: dict[str, Action]) -> Row:
    """Return a submission in words."""
    one, level = case.submission, within.risk(case.submission, known)
    own = one.uploaded_by == ask.staff.id
    return Row(
        case=case,
        short=short(one.ref),
        risk=level,
        risk_said=said.risk(ask, level),
        action=title(ask, one.action, known),
        language=words.language_name(one.language) if one.language else ask._("No language"),
        networks=said.networks(case.consent),
        people=said.people(ask, one, case.consent),
        named=said.named(ask, one),
        covers=said.covers(ask, one),
        waited=_waited(ask, case),
        own=own,
        bulk=level is Risk.low and case.needs == 1 and not case.why_not,
    )


def short(ref: str) -> str:
    """Return what people call a submission: the beginning of its reference."""
    return ref[:8]


def title(ask: Ask, action: str, known: dict[str, Action]) -> str:
    """Return what an action is called; its key where its file can't be read."""
    if action not in known:
        return action
    return known[action].title.in_language(ask.words.language, ask.site.workspace.language)


def _waited(ask: Ask, case: Case) -> str:
    day = case.submission.day
    days = 0 if day is None else (ask.now.astimezone(ask.site.workspace.timezone).date() - day).days
    return ask.many("{n} day", "{n} days", days) if days > 0 else ask._("today")
