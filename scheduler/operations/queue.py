"""Bring the queue to what posts/*.yaml asks for. Idempotent; what has left, or is leaving, is never touched."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from scheduler import followed, moderation, plan, review
from scheduler.app import App
from scheduler.garbage import uncollected
from scheduler.model import Planned
from scheduler.posts import Loaded
from scheduler.rules import waits_for_person
from scheduler.status import IN_HAND, WAITING, Status
from scheduler.store import Connection, Delivery, consented, controls, deliveries, records, submissions
from scheduler.store.adding import Newcomers

LONG_PAST = timedelta(days=1)
"""What is queued for the first time later than this after its time is history: it is missed, whatever its rule."""

SAME_THING = timedelta(hours=12)
"""The same text on the same account within this is taken for the same post under another name."""

IN_FLIGHT = frozenset({Status.claimed, Status.staged, Status.sending, Status.unknown, Status.needs_human})
_AGAIN = frozenset({Status.held, Status.failed, Status.missed, Status.cancelled})


@dataclass(kw_only=True)
class Changes:
    """What the queue needs; `too_late` names edits of deliveries that a worker has in hand or that went out."""

    add: list[Planned] = field(default_factory=list)
    change: list[Planned] = field(default_factory=list)
    cancel: list[Delivery] = field(default_factory=list)
    too_late: list[Planned] = field(default_factory=list)
    drop: list[Delivery] = field(default_factory=list)  # gone from, or back in, their files while on their way
    ahead: list[Planned] = field(default_factory=list)  # what is still to go out, once all this is done
    in_flight: bool = False  # whether an edit may still be heeded, should its delivery come back
    unchanged: int = 0


def find_changes(app: App, loaded: Loaded) -> Changes:
    """Compare what staff wrote, and what volunteers handed in, with the queue; change nothing."""
    wanted = plan.deliveries(loaded.actions, app.workspace)
    with app.store.read() as c:
        return _compare(c, app, wanted, loaded)[0]


def apply(app: App, loaded: Loaded, *, since: datetime | None = None, mark: str = "") -> Changes:
    """Bring the queue to what staff wrote and volunteers handed in, in one transaction; return what was done.

    With `since` what is due before it is left out (a rehearsal that begins in the middle of a campaign). `mark` is that
    of what was `loaded`, where that is known (`followed`).
    """
    with uncollected():
        return _apply(app, loaded, since, mark)


def _apply(app: App, loaded: Loaded, since: datetime | None, mark: str) -> Changes:
    wanted = plan.deliveries(loaded.actions, app.workspace)
    with app.store.read() as c:
        changes, _ = _compare(c, app, wanted, loaded, since)
        before = followed.noted(c), deliveries.newest_event(c)
    if not (changes.add or changes.change or changes.cancel or changes.drop):
        if mark and not changes.in_flight and before[0] != mark:
            _note(app, mark, before)
        return changes
    now = app.clock.now()
    with app.store.write() as c:
        changes, shown = _compare(c, app, wanted, loaded, since)
        facts = _Facts(now=now, released=controls.released(c), restored=_restored(c), shown=shown)
        _add(c, app, changes.add, facts)
        for planned in changes.change:
            _change(c, app, planned, facts)
        for delivery in changes.cancel:
            _cancel(c, app, delivery, now)
        for delivery in changes.drop:
            deliveries.set_columns(c, delivery, dropped=not delivery.dropped)
        followed.note(c, "" if changes.in_flight else mark)  # an edit may still have to be heeded
    return changes


def _note(app: App, mark: str, before: tuple[str, int]) -> None:
    """Note what the queue was found to be at, unless something has happened since; the note before is as true as ever.

    Nobody may send while this has the state to itself, so nothing is compared again.
    """
    with app.store.write() as c:
        if (followed.noted(c), deliveries.newest_event(c)) == before:
            followed.note(c, mark)


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """What volunteers handed in, as far as it may go out: read in the transaction that acts on it."""

    planned: list[Planned]
    yes: frozenset[int]  # submissions to which enough people have said it
    renewed: frozenset[int]  # those to which they did so after all that the queue has taken over of them
    worded: frozenset[tuple[int, str]]  # the captions, by their hashes, that they looked at
    linked: Mapping[int, int]  # the submission of a delivery

    def is_renewed(self, planned: Planned) -> bool:
        """Tell whether the last yes was to a delivery as it is planned now."""
        number = planned.submission_id
        return number in self.renewed and (number, records.wording(planned.content)) in self.worded


def _shown(c: Connection, app: App, loaded: Loaded) -> _Shown:
    by_key = {action.key: action for action in loaded.actions}
    today = app.clock.now().date()
    placed = [one for one in submissions.placed(c) if not moderation.has_run_out(one.consent, today)]
    planned = plan.contributed(loaded.actions, app.workspace, placed)
    given, noted, worded = (consented.given(c), consented.noted(c), consented.worded(c)) if placed else ({}, {}, {})
    needs = {one.submission.id: moderation.needs(one.submission, by_key.get(one.submission.action)) for one in placed}
    enough = {number for number in needs if number in given and given[number].people >= needs[number]}
    return _Shown(
        planned=[one for one in planned if not review.refusals(one, app.workspace)],
        yes=frozenset(enough),
        # What was queued before was another caption, time or picture than the one that is queued now.
        renewed=frozenset(one for one in enough if one not in noted or given[one].at > noted[one]),
        worded=frozenset(what for what, people in worded.items() if people >= needs.get(what[0], people + 1)),
        linked=consented.linked(c),
    )


def _keeps(loaded: Loaded) -> Callable[[Delivery], bool]:
    """Return a test for what stays because its file, or its post, can't be read now: its last good version."""
    return lambda one: one.action in loaded.broken or (one.action, one.post) in loaded.broken_posts


def _compare(
    c: Connection, app: App, wanted: Iterable[Planned], loaded: Loaded, since: datetime | None = None
) -> tuple[Changes, _Shown]:
    changes, seen, keeps, now = Changes(), set(), _keeps(loaded), app.clock.now()
    shown = _shown(c, app, loaded)
    present = {one.key: one for one in deliveries.in_status(c)}
    for planned in [one for one in (*wanted, *shown.planned) if since is None or one.due_at >= since]:
        seen.add(planned.key)
        found = present.get(planned.key)
        if _is_ahead(found, planned, now):
            changes.ahead.append(planned)
        if found is None:
            changes.add.append(planned)
        elif _is_same(found, planned, shown):
            changes.unchanged += 1
        elif _may_change(found, planned, shown):
            changes.change.append(planned)
        else:
            changes.too_late.append(planned)
            changes.in_flight = changes.in_flight or found.status in IN_FLIGHT
    gone = [one for key, one in present.items() if key not in seen]
    changes.drop = [one for one in gone if one.status in IN_FLIGHT - IN_HAND and not one.dropped and not keeps(one)]
    changes.drop += [one for key, one in present.items() if key in seen and one.dropped]
    changes.cancel = [one for one in gone if one.status in WAITING | IN_HAND and not keeps(one)]
    return changes, shown


def _is_ahead(found: Delivery | None, planned: Planned, now: datetime) -> bool:
    """Tell whether a delivery is still to go out: it costs what its network asks."""
    if found is not None and found.status in WAITING | IN_HAND:
        return True
    again = found is None or (found.status in _AGAIN and found.cancelled_by != "person")
    return again and planned.due_at >= now - (LONG_PAST if found is None else timedelta())


def _is_same(found: Delivery, planned: Planned, shown: _Shown) -> bool:
    brought_back = found.status is Status.cancelled and found.cancelled_by == "plan"
    other = shown.linked.get(found.id) != planned.submission_id
    if deliveries.fingerprint(planned) != found.fingerprint or brought_back or other:
        return False
    if planned.submission_id is None or found.status not in WAITING:
        return True
    voided = found.approved and planned.submission_id not in shown.yes
    renewed = not found.approved and shown.is_renewed(planned)
    return not (voided or renewed or found.hold == "consent")


def _may_change(found: Delivery, planned: Planned, shown: _Shown) -> bool:
    if found.status not in WAITING | _AGAIN or found.parts:  # of a thread that has begun nothing changes any more
        return False
    # Another picture in a slot whose first one may have been seen would be a second post under one name.
    return found.attempts == 0 or shown.linked.get(found.id) == planned.submission_id


@dataclass(frozen=True, kw_only=True)
class _Facts:
    now: datetime
    released: frozenset[str]
    restored: datetime | None
    shown: _Shown


def _restored(c: Connection) -> datetime | None:
    value = controls.get_meta(c, "restored_at")
    return None if value is None else datetime.fromisoformat(value)


def _first_state(planned: Planned, facts: _Facts) -> dict[str, Any]:
    """Return the columns with which a delivery starts, or starts again after an edit.

    What comes into the queue after its time may be out already, from a state that was lost: it is looked for first.
    """
    return {"look_first": planned.due_at <= facts.now, **_status(planned, facts)}


def _status(planned: Planned, facts: _Facts) -> dict[str, Any]:
    if planned.due_at < facts.now - LONG_PAST:
        return {"status": Status.missed, "reason": "its time was long past when it was queued", "hold": ""}
    if facts.restored is not None and planned.due_at <= facts.restored:
        reason = "may have gone out after the copy that was put back was made, is being looked up"
        return {"status": Status.unknown, "reason": reason, "hold": "", "next_look_at": facts.now}
    judged = waits_for_person(
        planned.key,
        planned.action,
        approval=planned.needs_approval and not facts.shown.is_renewed(planned),
        release=planned.needs_release and planned.action not in facts.released,
        submission=planned.submission_id is not None,
    )
    if judged is not None:
        return {"status": Status.held, "hold": judged.hold, "reason": judged.reason}
    return {"status": Status.queued, "hold": "", "reason": ""}


def _add(c: Connection, app: App, wanted: list[Planned], facts: _Facts) -> None:
    new = Newcomers(c, wanted, within=SAME_THING)
    for planned in wanted:
        state = _first_state(planned, facts)
        twin = new.twin(planned)
        if twin is not None and state["status"] is Status.queued:
            cure = f"`solidarity retry {planned.key}` sends it too"
            said = f"late: {twin} said the same on {planned.account} already: {cure}"
            state |= {"status": Status.held, "hold": "late", "reason": said}
        new.begin(planned, **state, **_approval(planned, facts))
    numbers = new.add(c, worker=app.worker, now=facts.now)
    for planned in wanted:
        if planned.submission_id is not None:
            consented.bind(c, numbers[planned.key], planned)


def _approval(planned: Planned, facts: _Facts) -> dict[str, Any]:
    """Return the columns of an approval that the moderators gave already."""
    if planned.submission_id is None:
        return {}
    return {"approved_hash": deliveries.fingerprint(planned) if facts.shown.is_renewed(planned) else None}


def _change(c: Connection, app: App, planned: Planned, facts: _Facts) -> None:
    """Give a waiting delivery its new content and time; one that had ended starts again if its time is to come."""
    found = deliveries.by_key(c, planned.key)
    if found is None:
        return
    if facts.shown.linked.get(found.id) != planned.submission_id:
        found = _emptied(c, found)
    values = _first_state(planned, facts)
    ended = found.status not in WAITING
    waits_for_word = found.hold in {"late", "pause", "account"}
    if ((ended or waits_for_word) and planned.due_at <= facts.now) or found.cancelled_by == "person":
        values = {"status": found.status, "hold": found.hold, "reason": found.reason}
    values |= _approval(planned, facts)
    deliveries.rewrite(c, found, planned, worker=app.worker, now=facts.now, **values)
    consented.bind(c, found.id, planned)


def _emptied(c: Connection, found: Delivery) -> Delivery:
    """Take what was decided on one picture off a slot that another one has now; nothing of the first ever left."""
    deliveries.set_columns(c, found, cancelled_by=None, withdraw_wanted=False, frozen=None, staged=None)
    return replace(found, cancelled_by=None, withdraw_wanted=False)


def _cancel(c: Connection, app: App, delivery: Delivery, now: datetime) -> None:
    reason = "its photo or film isn't to go out any more" if delivery.from_submission else "taken out of its file"
    deliveries.move(
        c, delivery, Status.cancelled, worker=app.worker, now=now, reason=reason, cancelled_by="plan", fenced=False
    )
