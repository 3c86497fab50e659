"""Taking something back: with its code alone, without an account, without a reason."""

from collections import Counter

from starlette.responses import Response

from scheduler import consents
from scheduler.consents import codes
from scheduler.operations import intake, take_back
from scheduler.status import Status
from scheduler.submission import Stage, Submission, Whereabouts
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import draft as drafts
from scheduler.web.words import own_name

LIMIT = "120 per minute"
"""Codes from one address, which may stand for a whole camp, or a whole mobile network, that has to take everything
back on the same evening. There are 2^60 codes: at that pace nobody finds one in ten thousand years. There is no limit
for all addresses together: by it, whoever has many could keep everybody from taking anything back."""


def ask_code(ask: Ask) -> Response:
    """Ask for the code. A link brings it behind `#`, which no server and no log ever sees."""
    return pages.page(ask, "volunteers/back.html.jinja", wrong="", code="")


def look(ask: Ask) -> Response:
    """Show what a code belongs to, and ask once."""
    found = intake.by_code(ask.site.app, ask.form["code"])
    if found is None:
        return _unknown(ask)
    return _shown(ask, found, done=False)


def confirm(ask: Ask) -> Response:
    """Take it back."""
    found = intake.by_code(ask.site.app, ask.form["code"])
    if found is None:
        return _unknown(ask)
    if found.stage is Stage.draft:
        intake.abandon(ask.site.app, found)
    elif found.stage is not Stage.withdrawn:
        found = take_back.take_back(ask.site.app, found.ref, who="volunteer")
    return drafts.drop(ask, _shown(ask, found, done=True), drafts.DRAFT, drafts.WHERE)


def _unknown(ask: Ask) -> Response:
    wrong = ask._("We don't find this code. Check each letter and figure. There are twelve.")
    return pages.page(
        ask, "volunteers/back.html.jinja", status=422, wrong=wrong, code=codes.normalised(ask.form["code"])[:40]
    )


def _shown(ask: Ask, found: Submission, *, done: bool) -> Response:
    there = take_back.whereabouts(ask.site.app, found.ref)
    on = Counter(one.platform for one in there)
    places = [
        {
            "network": _network(ask, one, apart=on[one.platform] > 1),
            "state": _state(ask, one),
            "url": one.url if one.status is Status.published and (one.url or "").startswith("https://") else "",
        }
        for one in there
    ]
    return pages.page(
        ask,
        "volunteers/found.html.jinja",
        done=done or found.stage is Stage.withdrawn,
        places=places,
        stage=_stage(ask, found),
        code=codes.normalised(ask.form["code"]),
        film=found.film,
    )


def _stage(ask: Ask, found: Submission) -> str:
    return {
        Stage.draft: ask._("It isn't handed in yet."),
        Stage.pending: ask._("Our team hasn't decided yet. It hasn't appeared anywhere."),
        Stage.approved: ask._("Our team said yes."),
        Stage.rejected: ask._("Our team didn't take it. It won't appear."),
        Stage.withdrawn: ask._("It has been taken back."),
        Stage.expired: ask._("It was kept long enough and has been deleted."),
    }[found.stage]


def _network(ask: Ask, one: Whereabouts, *, apart: bool) -> str:
    """Return what a network is called, with its account's language where it has several accounts."""
    name = consents.network_name(one.platform, ask.words.language)
    account = ask.site.workspace.accounts.get(one.key.rpartition("@")[2])
    return f"{name} ({own_name(account.language)})" if apart and account else name


def _state(ask: Ask, one: Whereabouts) -> str:
    """Return where one of its posts stands, in words that anybody understands."""
    if one.status is Status.withdrawn:
        return ask._("Taken down.")
    if one.status in {Status.cancelled, Status.missed, Status.failed}:
        return ask._("Stopped. It didn't appear.")
    if one.task:
        return ask._("It is out. One of us has to take it down by hand, and has been told.")
    if one.status is Status.published:
        return ask._("It is being taken down.") if one.wanted_down else ask._("It is out.")
    if one.status in {Status.sending, Status.unknown, Status.needs_human}:
        return ask._("It may be out. We are looking, and take it down if it is.")
    return ask._("It waits. It hasn't appeared yet.")
