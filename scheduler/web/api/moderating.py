"""What volunteers handed in, and the moderators' decisions.

A token isn't a passkey: where one is needed, a person decides on the page.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from scheduler import slots
from scheduler.errors import UsageError, UserError
from scheduler.operations import moderate, take_back
from scheduler.operations.moderate import Case
from scheduler.slots import Slot
from scheduler.submission import Placing, User
from scheduler.web.api import shapes
from scheduler.web.api.rights import Moderator, Parts, Whole
from scheduler.web.site import Site

router = APIRouter(prefix="/submissions")
Ref = Annotated[str, Path(max_length=100, pattern="^[A-Za-z0-9_-]+$")]


@router.get("", tags=["submissions"])
def what_waits(
    app: Parts,
    who: Moderator,
    action: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[int, Query(ge=0, le=2**53, description="the last `id` that was seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[shapes.Handed]:
    """List what waits for a decision, oldest first."""
    found = moderate.waiting(app, who, passkey=False, after=after, limit=limit, action=action)
    return [_shown(one) for one in found]


@router.get("/{ref}", tags=["submissions"])
def one_submission(ref: Ref, app: Parts, who: Moderator) -> shapes.Handed:
    """Show one submission, and where it is."""
    return _shown(moderate.case(app, ref, who, passkey=False))


@router.post("/{ref}/approve", tags=["decisions"])
def say_yes(ref: Ref, word: shapes.Approving, site: Whole, who: Moderator) -> shapes.Handed:
    """Say yes to what `seen` stands for; with the last yes that is needed it gets its place."""
    slot = _slot(site, ref, word, who)
    case = moderate.approve(site.app, ref, user=who, passkey=False, seen=word.seen, slot=slot, placing=word.placing)
    return _shown(case)


@router.post("/{ref}/reject", tags=["decisions"])
def say_no(ref: Ref, word: shapes.Rejecting, app: Parts, who: Moderator) -> shapes.Handed:
    """Say no, with the reason."""
    moderate.reject(app, ref, user=who, seen=word.seen, reason=word.reason)
    return one_submission(ref, app, who)


@router.post("/{ref}/cover", tags=["decisions"])
def cover(ref: Ref, word: shapes.Covering, app: Parts, who: Moderator) -> shapes.Handed:
    """Cover places for good. Whoever approved it has to look again."""
    moderate.cover(app, ref, user=who, boxes=word.boxes)
    return one_submission(ref, app, who)


@router.post("/{ref}/describe", tags=["decisions"])
def describe(ref: Ref, word: shapes.Describing, app: Parts, who: Moderator) -> shapes.Handed:
    """Write the words for those who can't see it. Whoever approved it has to look again."""
    moderate.describe(app, ref, user=who, alt=word.alt)
    return one_submission(ref, app, who)


@router.post("/{ref}/risk", tags=["decisions"])
def weigh(ref: Ref, word: shapes.Weighing, app: Parts, who: Moderator) -> shapes.Handed:
    """Say how dangerous it can be to be seen in it."""
    moderate.set_risk(app, ref, user=who, risk=word.risk)
    return one_submission(ref, app, who)


@router.post("/{ref}/second-look", tags=["decisions"])
def ask_another(ref: Ref, app: Parts, who: Moderator) -> shapes.Handed:
    """Ask for a second pair of eyes."""
    moderate.ask_second(app, ref, user=who)
    return one_submission(ref, app, who)


@router.post("/{ref}/take-back", tags=["decisions"])
def take_it_back(ref: Ref, app: Parts, who: Moderator) -> shapes.Handed:
    """Take it back in its volunteer's name: nothing of it goes out any more, what is out is taken down. For good."""
    take_back.take_back(app, ref, who=who.name)
    return one_submission(ref, app, who)


def _slot(site: Site, ref: str, word: shapes.Approving, who: User) -> Slot | None:
    if word.placing is not Placing.at:
        return None
    if word.at is None or word.at.tzinfo is None:
        msg = "with placing `at`, say when, with its offset: 2026-03-02T12:00:00Z"
        raise UserError(msg)
    action = site.action(moderate.case(site.app, ref, who, passkey=False).submission.action)
    if action is None or not slots.takes_submissions(action):
        msg = f"{ref}: its action takes nothing in any more"
        raise UsageError(msg)
    try:
        return slots.at(action, site.workspace, word.at)
    except (ValueError, OverflowError) as error:
        raise UserError(str(error)) from None


def _shown(case: Case) -> shapes.Handed:
    return shapes.Handed.of(
        case.submission,
        networks=case.consent.networks if case.consent else (),
        approvals=[one.who for one in case.approvals],
        needs=case.needs,
        why_not=case.why_not,
        whereabouts=case.whereabouts,
    )
