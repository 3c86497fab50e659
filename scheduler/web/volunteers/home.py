"""What the campaign asks for: the open actions, one action, and how to leave no traces."""

import re
from dataclasses import dataclass

from starlette.responses import Response

from scheduler import phases
from scheduler.model import Action
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import standing

_SOON = 14  # days before its end from which an action's page counts them


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An action as a page shows it."""

    key: str
    title: str
    language: str  # of the title, which may not be the page's
    phase: str
    state: str  # open, soon, closed
    when: str  # in words
    urgent: bool
    taking: bool


def home(ask: Ask) -> Response:
    """Show the actions: open ones first, then those to come, then those that are over."""
    everything = [shown(ask, action) for action in ask.site.campaign().actions]
    by_state = {state: [one for one in everything if one.state == state] for state in ("open", "soon", "closed")}
    by_state["open"].sort(key=lambda one: (not one.taking, not one.urgent))
    return pages.page(
        ask, "volunteers/home.html.jinja", open=by_state["open"], soon=by_state["soon"], closed=by_state["closed"]
    )


def action(ask: Ask) -> Response:
    """Show one action: what is asked, and the ways to help."""
    found = ask.site.action(ask.path["key"])
    if found is None:
        return no_action(ask)
    language, workspace = ask.words.language, ask.site.workspace
    link = found.link.in_language(language, workspace.language) if found.link else ""
    replies = [
        {
            "title": one.title.in_language(language, workspace.language),
            "text": one.text.in_language(language, workspace.language),
            "links": one.links,
        }
        for one in found.replies
    ]
    tags = {name: names for name, names in found.tags.items() if names and name != "outbox"}
    asked = _asked(ask, found)
    return pages.page(
        ask,
        "volunteers/action.html.jinja",
        action=found,
        one=shown(ask, found),
        link=link,
        replies=replies,
        tags=tags,
        asked=asked,
    )


def leave(ask: Ask) -> Response:
    """Say what the exit button does and doesn't, and how to clear a history."""
    return pages.page(ask, "volunteers/traces.html.jinja")


def no_action(ask: Ask) -> Response:
    """Say that there is no such action."""
    text = ask._("The address may be mistyped, or the action is over.")
    return pages.said(ask, 404, ask._("There is no such action"), text)


def shown(ask: Ask, one: Action) -> Shown:
    """Return an action as a page shows it now."""
    language, workspace = ask.words.language, ask.site.workspace
    stands, left = standing.state(ask, one), standing.days_left(ask, one)
    given = one.title.by_language
    return Shown(
        key=one.key,
        title=one.title.in_language(language, workspace.language),
        language=language if language in given or "" in given else workspace.language,
        phase=phases.label(one.phase, None, language),
        state=stands,
        when=standing.when(ask, one),
        urgent=stands == standing.OPEN and left is not None and left <= _SOON,
        taking=standing.is_taking(ask, one),
    )


def _asked(ask: Ask, one: Action) -> str:
    """Return what the first post that is out, or is to come first, says: what the action is about."""
    language, workspace = ask.words.language, ask.site.workspace
    first = next((post for post in one.posts if not post.submissions), None)
    if first is None:
        return ""
    said = first.text.in_language(language, workspace.language)
    return " ".join(re.sub(r"\{(link|tags|hashtags)\}", "", said).split())
