"""Which of the waiting ones a moderator goes through, and which comes before and after one of them."""

from dataclasses import dataclass
from urllib.parse import urlencode

from scheduler import moderation
from scheduler.errors import UserError
from scheduler.model import Action, Risk
from scheduler.operations.moderate import Case
from scheduler.store import handed_in, submissions
from scheduler.store.handed_in import Waiting
from scheduler.submission import Approval, Consent, Stage, Submission
from scheduler.web.ask import Ask

PAGE = 50
"""How many a page of the list shows."""

_BATCH = 200  # read at once while those of one risk are looked for


@dataclass(frozen=True, kw_only=True)
class Within:
    """A choice among the waiting ones; empty words choose all."""

    action: str = ""
    risk: Risk | None = None

    @property
    def query(self) -> str:
        """Return it as the end of an address."""
        return self.to()

    def to(self, **more: str) -> str:
        """Return it, and `more`, as the end of an address."""
        words = {"action": self.action, "risk": str(self.risk or ""), **more}
        kept = {name: value for name, value in words.items() if value}
        return f"?{urlencode(kept)}" if kept else ""


def asked(ask: Ask) -> Within:
    """Return the choice that an address or a form carries."""
    action, level = (ask.form[name] if ask.method == "POST" else ask.query.get(name, "") for name in ("action", "risk"))
    return Within(action=action[:200], risk=Risk(level) if level in set(Risk) else None)


def actions(ask: Ask) -> dict[str, Action]:
    """Return the actions by their keys; none where their files can't be read."""
    try:
        return {one.key: one for one in ask.site.campaign().actions}
    except UserError:
        return {}


def everything(ask: Ask, within: Within, known: dict[str, Action]) -> list[Waiting]:
    """Return all that wait within the choice, oldest first, in short."""
    with ask.site.app.store.read() as c:
        found = handed_in.waiting(c, action=within.action)
    return [one for one in found if within.risk in {None, _risk(one, known)}]


def neighbours(ask: Ask, number: int, within: Within, known: dict[str, Action]) -> tuple[str, str]:
    """Return the references of the ones before and after a submission that this person can decide on, or ""."""
    others = [one for one in everything(ask, within, known) if one.uploaded_by != ask.staff.id]
    before = next((one.ref for one in reversed(others) if one.id < number), "")
    return before, next((one.ref for one in others if one.id > number), "")


def page(ask: Ask, within: Within, known: dict[str, Action], *, after: int) -> list[Case]:
    """Return a page of those that wait, and one more if there is another page, in a few statements altogether."""
    wanted, found, last = PAGE + 1, list[Submission](), after
    with ask.site.app.store.read() as c:
        while len(found) < wanted:
            limit = _BATCH if within.risk else wanted
            batch = submissions.in_stage(c, Stage.pending, action=within.action or None, after=last, limit=limit)
            found += [one for one in batch if within.risk in {None, risk(one, known)}]
            if len(batch) < limit:
                break
            last = batch[-1].id
        numbers = [one.id for one in found[:wanted]]
        consents, approvals = handed_in.consents(c, numbers), handed_in.approvals(c, numbers)
    return [_case(ask, one, consents.get(one.id), approvals.get(one.id, []), known) for one in found[:wanted]]


def _case(
    ask: Ask, one: Submission, consent: Consent | None, approvals: list[Approval], known: dict[str, Action]
) -> Case:
    action, workspace = known.get(one.action), ask.site.workspace
    return Case(
        submission=one,
        consent=consent,
        approvals=approvals,
        needs=moderation.needs(one, action),
        whereabouts=[],  # it waits: nothing of it is anywhere
        why_not=moderation.why_not(
            one,
            consent,
            approvals,
            action=action,
            user=ask.staff,
            passkey=with_passkey(ask),
            moderation=workspace.moderation,
            today=ask.now.astimezone(workspace.timezone).date(),
        ),
    )


def number(text: str) -> int:
    """Return the database's id that an address carries; 0 where it is none."""
    return int(text) if text.isdecimal() and len(text) <= 15 else 0


def with_passkey(ask: Ask) -> bool:
    """Tell whether whoever asks has signed in with a passkey."""
    return bool(ask.session and ask.session.passkey)


def risk(one: Submission, known: dict[str, Action]) -> Risk:
    """Return how dangerous being seen with a submission can be: its own risk or its action's."""
    return moderation.risk(one, known.get(one.action))


def _risk(one: Waiting, known: dict[str, Action]) -> Risk:
    action = known.get(one.action)
    return one.risk if action is None else moderation.higher(one.risk, action.risk)
