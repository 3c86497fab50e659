"""Moderators decide on what volunteers hand in: yes, no, a second pair of eyes, a cover, better words.

A yes is a yes to what a content hash stands for: the picture, its words, the name, the networks, the risk, and the
time where a moderator gave one; and to the captions that its action's file gives it at that moment. Whatever changes
one of these makes every yes void. Where two have to say yes the
first chooses when it goes; the second confirms exactly that, or chooses anew and is then the first.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scheduler import app as parts
from scheduler import covering, erasure, moderation, plan, posts, sharing
from scheduler.app import App
from scheduler.errors import UsageError, UserError
from scheduler.model import Action, Risk
from scheduler.placing import Place, Wish
from scheduler.slots import Slot
from scheduler.store import Connection, StateError, consented, controls, submissions, withdrawals
from scheduler.submission import (
    Approval,
    Box,
    Consent,
    May,
    NameMode,
    Placing,
    Role,
    Stage,
    Submission,
    User,
    Whereabouts,
)

CHANGED = "It was changed meanwhile: look at it again."
IS_OUT = "It is out, or on its way out: take it down first."
NO_REASON = "Say why, in some words."
NOT_LOW = "Only what is of low risk can be decided on together: look at this one by itself."
NOT_LOWER = "Only an admin may lower a risk, and never below its action's."
MOST_REASON = 500
_DRAFTS = frozenset({Stage.pending, Stage.approved})


@dataclass(frozen=True, kw_only=True)
class Case:
    """A submission as a moderator sees it."""

    submission: Submission
    consent: Consent | None
    approvals: list[Approval]  # of the submission as it is now
    needs: int  # how many different people have to say yes
    whereabouts: list[Whereabouts]
    why_not: str  # why this user may not say yes, one of `moderation.REASONS`; empty when they may


# ── what waits ──────────────────────────────────────────────────────────────────────────────────────────


def waiting(
    app: App, user: User, *, passkey: bool, after: int = 0, limit: int = 50, action: str | None = None
) -> list[Case]:
    """Return what waits for a decision, oldest first; `after` is the id of the last one seen."""
    with app.store.read() as c:
        found = submissions.in_stage(c, Stage.pending, action=action, after=after, limit=limit)
        actions = {key: _action(app, key) for key in {one.action for one in found}}
        return [_case(c, app, one, actions[one.action], user, passkey=passkey) for one in found]


def case(app: App, ref: str, user: User, *, passkey: bool) -> Case:
    """Return one submission.

    Raises:
        UsageError: there is none.
    """
    with app.store.read() as c:
        found = _found(c, ref)
        return _case(c, app, found, _action(app, found.action), user, passkey=passkey)


def count(app: App) -> int:
    """Return how many submissions wait for a decision."""
    with app.store.read() as c:
        return submissions.counts(c).get(Stage.pending, 0)


def _case(c: Connection, app: App, submission: Submission, action: Action | None, user: User, *, passkey: bool) -> Case:
    consent, approvals = submissions.consent_of(c, submission), submissions.approvals_of(c, submission)
    return Case(
        submission=submission,
        consent=consent,
        approvals=approvals,
        needs=moderation.needs(submission, action),
        whereabouts=submissions.whereabouts(c, submission),
        why_not=moderation.why_not(
            submission,
            consent,
            approvals,
            action=action,
            user=user,
            passkey=passkey,
            moderation=app.workspace.moderation,
            today=app.clock.now().date(),
        ),
    )


# ── yes ─────────────────────────────────────────────────────────────────────────────────────────────────


def approve(app: App, ref: str, *, user: User, passkey: bool, seen: str, slot: Slot | None, placing: Placing) -> Case:
    """Say yes to what `seen`, the content hash on the moderator's screen, stands for.

    With the last yes that is needed it is approved: it has its slot (the next free one, `slot` if that is free; or
    the given time) or waits in the pool, at high risk not before the cooling-off time is over. The same yes twice
    counts once.

    Raises:
        UserError: somebody else has to decide, it has changed, or it can't go at that time.
    """
    with app.store.read() as c:
        action = _action(app, _found(c, ref).action)
    _catch_up(app, ref, action)
    with app.store.write() as c:
        before = _case(c, app, _found(c, ref), action, user, passkey=passkey)
        if not _has_said(before, user):
            _say_yes(c, app, before, action, Wish(placing=placing, slot=slot), user=user, seen=seen)
        return _case(c, app, _found(c, ref), action, user, passkey=passkey)


def _has_said(before: Case, user: User) -> bool:
    """Tell whether it is approved as it is, and this person's yes is one of those."""
    return before.submission.stage is Stage.approved and any(one.user == user.id for one in before.approvals)


def _say_yes(
    c: Connection, app: App, before: Case, action: Action | None, wish: Wish, *, user: User, seen: str
) -> None:
    now, found = app.clock.now(), before.submission
    chooses_anew = before.why_not == moderation.SAID_YES and not wish.is_of(found)
    if action is None or before.consent is None or (before.why_not and not chooses_anew):
        raise UserError(before.why_not or moderation.NO_CONSENT)
    if seen != found.content_hash:
        raise UserError(CHANGED)
    high = moderation.risk(found, action) is Risk.high
    not_before = now + app.workspace.moderation.cooling_off if high else None
    place = Place(
        action=action, workspace=app.workspace, consent=before.consent, now=now, earliest=max(now, not_before or now)
    )
    placed = found if wish.is_of(found) else submissions.change(c, found, **place.chosen(c, found, wish))
    submissions.approve(c, placed, user=user.id, now=now)
    said = plan.captions(action, app.workspace, placed, now=now)
    consented.say_yes_to(c, placed, said, user=user.id, now=now)
    controls.note(c, "approve submission", f"{placed.ref} {placed.content_hash}", who=user.name, now=now)
    if len(submissions.approvals_of(c, placed)) >= before.needs:
        slot = place.found(c, placed, wish)
        submissions.change(c, placed, to=Stage.approved, decided_at=now, not_before=not_before, **slot)


def _catch_up(app: App, ref: str, action: Action | None) -> None:
    """Give a submission the risk of its action, should that have been raised since: the database goes by its own."""
    with app.store.write() as c:
        found = _found(c, ref)
        raised = found.stage in _DRAFTS and moderation.risk(found, action) is not found.risk
        if raised and not _is_out(c, found):
            _changed(c, app, found, **_at_risk(moderation.risk(found, action)))


def approve_many(
    app: App, seen: Iterable[tuple[str, str]], *, user: User, passkey: bool, placing: Placing = Placing.next
) -> tuple[list[str], list[tuple[str, str]]]:
    """Say yes to several of low risk, (ref, content hash) each; return those done, and those refused with why."""
    done, refused = [], []
    for ref, content_hash in seen:
        try:
            _require_low(app, ref, user)
            approve(app, ref, user=user, passkey=passkey, seen=content_hash, slot=None, placing=placing)
            done.append(ref)
        except UserError as error:
            refused.append((ref, str(error)))
    return done, refused


def reject_many(
    app: App, seen: Iterable[tuple[str, str]], *, user: User, reason: str
) -> tuple[list[str], list[tuple[str, str]]]:
    """Say no to several of low risk; return those done, and those refused with why."""
    done, refused = [], []
    for ref, content_hash in seen:
        try:
            _require_low(app, ref, user)
            reject(app, ref, user=user, seen=content_hash, reason=reason)
            done.append(ref)
        except UserError as error:
            refused.append((ref, str(error)))
    return done, refused


def _require_low(app: App, ref: str, user: User) -> None:
    found = case(app, ref, user, passkey=False)
    if moderation.risk(found.submission, _action(app, found.submission.action)) is not Risk.low or found.needs > 1:
        raise UserError(NOT_LOW)


# ── no ──────────────────────────────────────────────────────────────────────────────────────────────────


def reject(app: App, ref: str, *, user: User, seen: str, reason: str) -> Submission:
    """Say no: nothing of it goes out, what is out is taken down. Its picture is deleted within seven days.

    Raises:
        UserError: it is decided already, has changed, or there is no reason.
    """
    now, words = app.clock.now(), _line(reason)[:MOST_REASON]
    if not words:
        raise UserError(NO_REASON)
    with app.store.write() as c:
        found = _open(c, ref, user)
        if seen != found.content_hash:
            raise UserError(CHANGED)
        controls.note(c, "reject submission", f"{ref} {found.content_hash}", who=user.name, now=now)
        withdrawals.block(c, found, why="rejected by a moderator", worker=app.worker, now=now)
        return submissions.no(c, found, reason=words, now=now)


# ── changes, each of which makes every yes void ─────────────────────────────────────────────────────────


def cover(app: App, ref: str, *, user: User, boxes: Sequence[Box]) -> Submission:
    """Burn further covers into the picture, a new file; the old one is deleted. A cover can't be taken off.

    Raises:
        UserError: it is decided already, is out, or this machine can't do it now.
    """
    with app.store.read() as c:
        found = _open(c, ref, user)
        _require_not_out(c, found)
    if not boxes:
        return found
    made = covering.covered(app, found, boxes)
    new = [str(made[name]) for name in submissions.FILES if made.get(name)]
    try:
        with sharing.giving(app, new), app.store.write() as c:
            current = _open(c, ref, user)
            if current.version != found.version:
                raise UserError(CHANGED)
            _require_not_out(c, current)
            changed = _changed(c, app, current, covers=(*current.covers, *boxes), **made)
            _note(c, app, "cover submission", changed, user)
    except StateError:  # nobody knows whether it was done: a file that is nobody's goes as a stray
        raise
    except Exception:
        erasure.delete_here(app, new)
        raise
    with app.store.read() as c:
        before = withdrawals.of(c, found)
    erasure.delete_old(app, [name for name in erasure.names(found) if name not in new], before, found.sha256)
    return changed


def describe(app: App, ref: str, *, user: User, alt: str) -> Submission:
    """Write what is to be seen, for those who don't see it.

    Raises:
        UserError: it is decided already, or is out.
    """
    return _change(app, ref, user, "describe submission", alt=_line(alt)[:1000])


def set_risk(app: App, ref: str, *, user: User, risk: Risk) -> Submission:
    """Raise the risk, which any moderator may; or lower it, which only an admin may. High risk takes the name off.

    Raises:
        UserError: it is decided already, is out, or this user may not lower its risk.
    """
    with app.store.read() as c:
        found = _open(c, ref, user)
    if moderation.higher(found.risk, risk) is not risk:
        action = _action(app, found.action)
        below = action is None or moderation.higher(action.risk, risk) is not risk
        if user.role is not Role.admin or below:
            raise UserError(NOT_LOWER)
    return _change(app, ref, user, f"risk {risk}", **_at_risk(risk))


def ask_second(app: App, ref: str, *, user: User) -> Submission:
    """Ask for a second pair of eyes: from now on two different people have to say yes.

    Raises:
        UserError: it is decided already, or is out.
    """
    return _change(app, ref, user, "second look", second_look=True)


def _at_risk(risk: Risk) -> dict[str, Any]:
    name = {"name": "", "name_mode": NameMode.none} if risk is Risk.high else {}
    return {"risk": risk, **name}


def _change(app: App, ref: str, user: User, what: str, **values: Any) -> Submission:
    with app.store.write() as c:
        found = _open(c, ref, user)
        if all(getattr(found, name) == value for name, value in values.items()):
            return found
        _require_not_out(c, found)
        changed = _changed(c, app, found, **values)
        _note(c, app, what, changed, user)
        return changed


def _changed(c: Connection, app: App, found: Submission, **values: Any) -> Submission:
    """Change a submission. An approved one waits for the moderators again, and every yes to it is void for good."""
    withdrawals.put_back(c, found, worker=app.worker, now=app.clock.now())
    return submissions.change(c, found, to=Stage.pending, decided_at=None, not_before=None, **values)


def _note(c: Connection, app: App, what: str, changed: Submission, user: User) -> None:
    detail = f"{changed.ref} {changed.content_hash}"
    controls.note(c, what, detail, who=user.name, now=app.clock.now())


def _require_not_out(c: Connection, found: Submission) -> None:
    if _is_out(c, found):
        raise UserError(IS_OUT)


def _is_out(c: Connection, found: Submission) -> bool:
    return any(one.status in withdrawals.MAY_BE_OUT for one in withdrawals.of(c, found))


# ── finding ─────────────────────────────────────────────────────────────────────────────────────────────


def _found(c: Connection, ref: str) -> Submission:
    found = submissions.find(c, ref=ref)
    if found is None or found.stage is Stage.draft:
        msg = f"{ref}: there is no such photo or film"
        raise UsageError(msg)
    return found


def _open(c: Connection, ref: str, user: User) -> Submission:
    """Return a submission on which a decision can still be made."""
    found = _found(c, ref)
    if not user.may(May.moderate):
        raise UserError(moderation.NO_MODERATOR)
    if found.uploaded_by == user.id:
        raise UserError(moderation.OWN)
    if found.stage not in _DRAFTS:
        raise UserError(moderation.TAKEN_BACK if found.stage is Stage.withdrawn else moderation.DECIDED)
    return found


def _action(app: App, key: str) -> Action | None:
    """Return an action as its file says now; None when it can't be read."""
    for file in sorted((app.workspace.folder / "posts").glob("*.y*ml")):
        if file.stem == key:
            loaded = posts.load(app.workspace, now=app.clock.now(), themes=parts.themes(), files=[file])
            return next((one for one in loaded.actions if one.key == key), None)
    return None


def _line(text: str) -> str:
    """Return a text in one line, without what can't be seen."""
    plain = unicodedata.normalize("NFC", text)
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in plain).split())
