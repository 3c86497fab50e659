"""Bugs of the kind that make a scheduler post twice, or not at all, to be planted: each replaces a function for a test.

Nothing in the program knows of them. A plant that finds nothing to replace any more says so: it would prove nothing.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest

from scheduler import occurrences, rendering, rules, settling
from scheduler.errors import Rejected, TryLater
from scheduler.model import Outgoing, Receipt
from scheduler.operations import copies, deliver, recover
from scheduler.publishers.base import Absent
from scheduler.status import Status
from scheduler.store import Delivery, StateError, claims, consented, deliveries
from scheduler.store.prepared import Plain
from scheduler.testing import FakePublisher

Plant = Callable[[pytest.MonkeyPatch], None]


# ── what a crash or a lost answer leaves open ───────────────────────────────────────────────────────────


def requeue_after_crash(patch: pytest.MonkeyPatch) -> None:
    """A delivery whose worker died while sending is simply sent again."""
    free = recover._free

    def planted(c: Any, app: Any, delivery: Any, now: Any) -> bool:
        if delivery.status is Status.sending:
            return deliveries.move(c, delivery, Status.queued, worker="", now=now)
        return free(c, app, delivery, now)

    patch.setattr(recover, "_free", planted)


def retry_after_timeout(patch: pytest.MonkeyPatch) -> None:
    """A call without an answer counts as not sent."""
    planted = lambda app, sending, error, publisher: settling.not_sent(app, sending, TryLater("?"))  # noqa: ARG005, E731
    patch.setattr(deliver, "_unknown", planted)


def no_answer_is_a_no(patch: pytest.MonkeyPatch) -> None:
    """An answer that can't be read counts as a refusal."""
    planted = lambda app, sending, error, publisher: settling.not_sent(app, sending, Rejected("?"))  # noqa: ARG005, E731
    patch.setattr(deliver, "_unknown", planted)


def assume_sent(patch: pytest.MonkeyPatch) -> None:
    """A call without an answer counts as sent."""

    def planted(app: Any, sending: Any, error: Any, publisher: Any) -> None:
        del error
        with app.store.write() as c:
            receipt = publisher.network.receipt(sending.frozen)
            deliveries.file_receipt(c, sending, receipt, worker="", now=app.clock.now(), detail="")

    patch.setattr(deliver, "_unknown", planted)


def not_found_is_absent(patch: pytest.MonkeyPatch) -> None:
    """A post that isn't seen counts as not there, and its network isn't waited for."""

    def planted(self: Any, out: Any, staged: Any, since: Any) -> Any:
        del staged, since
        seen = any(one.token == out.token for one in self.network.out[:-1])
        return self.network.receipt(out) if seen else Absent()

    patch.setattr(FakePublisher, "find", planted)


def receipt_before_the_call(patch: pytest.MonkeyPatch) -> None:
    """The receipt is committed first, and the call made after it."""

    def planted(app: Any, sending: Any, started: float) -> None:
        del started
        early = Receipt(remote_id=sending.token, url=None, published_at=app.clock.now())
        with app.store.write() as c:
            deliveries.file_receipt(c, sending, early, worker=app.worker, now=app.clock.now(), detail="")
        app.publisher(sending.account).publish(sending.next_of(sending.frozen), sending.staged)

    _there(deliver, "_publish")
    patch.setattr(deliver, "_publish", planted)


def disk_error_is_a_no(patch: pytest.MonkeyPatch) -> None:
    """A receipt that the disk doesn't take counts as a post that wasn't sent."""
    sent = deliver._sent

    def planted(app: Any, sending: Any, *rest: Any) -> None:
        try:
            sent(app, sending, *rest)
        except StateError:
            settling.not_sent(app, sending, TryLater("?"))

    patch.setattr(deliver, "_sent", planted)


def copy_taken_for_the_truth(patch: pytest.MonkeyPatch) -> None:
    """What was due since a copy of the state was made counts as not sent when the copy is put back."""
    _there(copies, "_doubt")
    patch.setattr(copies, "_doubt", lambda c, delivery_id, **more: False)  # noqa: ARG005


def lost_state_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether what comes into the queue after its time is out already."""
    _there(deliver, "_is_out_already")
    patch.setattr(deliver, "_is_out_already", lambda app, delivery, publisher, out: False)  # noqa: ARG005


# ── what clocks do ──────────────────────────────────────────────────────────────────────────────────────


def stood_still_unnoticed(patch: pytest.MonkeyPatch) -> None:
    """A machine that slept between the intent and the call makes the call all the same, however late it is."""
    _there(deliver, "_stood_still")
    patch.setattr(deliver, "_stood_still", lambda app, sending, started: False)  # noqa: ARG005


def second_of_two_hours(patch: pytest.MonkeyPatch) -> None:
    """A time that comes twice when the clocks go back is taken for the second one."""
    _there(occurrences, "to_utc")
    patch.setattr(occurrences, "to_utc", lambda wall, zone: wall.replace(tzinfo=zone, fold=1).astimezone(UTC))


# ── who may do what ─────────────────────────────────────────────────────────────────────────────────────


def no_fencing(patch: pytest.MonkeyPatch) -> None:
    """What a worker writes counts, though it overslept its lease and another has the delivery by now."""
    move = deliveries.move

    def planted(c: Any, delivery: Any, to: Status, **values: Any) -> bool:
        now_there = deliveries.by_id(c, delivery.id)
        stale = replace(delivery, status=now_there.status, fence=now_there.fence)
        over = deliveries.MOVES | {now_there.status: frozenset(Status)}
        with pytest.MonkeyPatch.context() as once:
            once.setattr(deliveries, "MOVES", over)
            return move(c, stale, to, **{**values, "fenced": False})

    patch.setattr(deliveries, "move", planted)


def lease_never_ends(patch: pytest.MonkeyPatch) -> None:
    """What a dead worker had in hand stays in its hands for years."""
    assert timedelta(hours=1) > deliver.LEASE
    patch.setattr(deliver, "LEASE", timedelta(days=3_650))


def two_at_one_account(patch: pytest.MonkeyPatch) -> None:
    """A worker takes a delivery though another one of the same account is in somebody's hands."""
    taken = claims._taken

    def planted(c: Any, *given: Any) -> Any:
        c.exec_driver_sql("DROP INDEX IF EXISTS one_in_hand")
        return taken(c, *given)

    for name in ("_TO_SEND", "_TO_STAGE"):
        _without(patch, name, claims._NONE_IN_HAND)
    patch.setattr(claims, "_taken", planted)


# ── what people decide ──────────────────────────────────────────────────────────────────────────────────


def consent_checked_too_early(patch: pytest.MonkeyPatch) -> None:
    """A volunteer's consent is asked for when their picture is prepared, and not when it leaves."""
    for name in ("_TO_SEND", "_SENDING"):
        _without(patch, name, consented.CONSENTED)
    _verdict_of_what_is_ready(patch, lambda delivery: replace(delivery, from_submission=False))
    patch.setattr(consented, "blocked", lambda c, now: [])  # noqa: ARG005


def pause_checked_too_early(patch: pytest.MonkeyPatch) -> None:
    """A pause is heeded when a post is prepared, and not when it leaves."""
    for name in ("_TO_SEND", "_SENDING"):
        _without(patch, name, f"NOT {claims._PAUSED}")
    _verdict_of_what_is_ready(patch, lambda delivery: delivery, pauses=[])
    patch.setattr(deliveries, "blocked_by_pause", lambda c, now: [])  # noqa: ARG005


def window_forgotten_at_send(patch: pytest.MonkeyPatch) -> None:
    """An action's end is looked at when a post is prepared, and not when it leaves."""
    _without(patch, "_SENDING", "(closes_at IS NULL OR closes_at > :now)")
    _verdict_of_what_is_ready(patch, lambda delivery: replace(delivery, closes_at=None))
    patch.setattr(deliveries, "past_window", lambda c, now: [])  # noqa: ARG005


def approval_survives_an_edit(patch: pytest.MonkeyPatch) -> None:
    """What a person approved stays approved when its words, its time or its picture change."""
    rewrite = deliveries.rewrite

    def planted(c: Any, delivery: Any, planned: Any, **values: Any) -> None:
        if delivery.approved:
            values["approved_hash"] = deliveries.fingerprint(planned)
            if values.get("hold") == "approval":
                values |= {"status": Status.queued, "hold": "", "reason": ""}
        rewrite(c, delivery, planned, **values)

    patch.setattr(deliveries, "rewrite", planted)


def withdrawn_goes_again(patch: pytest.MonkeyPatch) -> None:
    """What is withdrawn while it is on its way goes back into the queue, and out."""
    for name in ("_TO_SEND", "_TO_STAGE", "_SENDING"):
        _without(patch, name, "NOT d.withdraw_wanted" if name != "_SENDING" else "NOT withdraw_wanted")
    _there(deliveries, "_heed")
    patch.setattr(deliveries, "_heed", lambda c, delivery, worker, now: None)  # noqa: ARG005


def late_rule_ignored(patch: pytest.MonkeyPatch) -> None:
    """What is late goes all the same, whatever its rule says."""
    _there(rules, "_late")
    patch.setattr(rules, "_late", lambda delivery, now, workspace: None)  # noqa: ARG005


# ── what goes out ───────────────────────────────────────────────────────────────────────────────────────


def thread_begun_anew(patch: pytest.MonkeyPatch) -> None:
    """A thread that stopped halfway begins anew."""
    patch.setattr(Delivery, "next_of", lambda self, out: out)  # noqa: ARG005


def pending_taken_for_ready(patch: pytest.MonkeyPatch) -> None:
    """What a network is still preparing is sent."""
    begun = deliver._begun

    def planted(delivery: Any, publisher: Any, now: Any) -> Any:
        found = begun(delivery, publisher, now)
        return found and replace(found, again_at=None)

    patch.setattr(deliver, "_begun", planted)


def hashtags_lost(patch: pytest.MonkeyPatch) -> None:
    """The last thing before the call is to shorten the text, and the hashtags go."""
    freeze = rendering.freeze

    def planted(*given: Any) -> Outgoing:
        out = freeze(*given)
        return replace(out, text=re.sub(r"\s*#\w+", "", out.text))

    patch.setattr(rendering, "freeze", planted)


def due_a_minute_early(patch: pytest.MonkeyPatch) -> None:
    """What is prepared leaves as soon as its minute is near, not when it has come."""
    taken = claims.claim_to_send
    marked = claims.mark_sending
    early = timedelta(minutes=1)
    patch.setattr(claims, "claim_to_send", lambda c, *, now, **more: taken(c, now=now + early, **more))
    patch.setattr(claims, "mark_sending", lambda c, one, *, now, **more: marked(c, one, now=now + early, **more))


# ── how they are planted ────────────────────────────────────────────────────────────────────────────────


def _there(module: Any, name: str) -> None:
    """Make sure that what a plant replaces is still there."""
    assert callable(getattr(module, name)), f"{name} is somewhere else now: plant it there"


def _without(patch: pytest.MonkeyPatch, name: str, condition: str) -> None:
    """Take a condition out of a statement of the claims, for every database."""

    def cut(database: str) -> str:
        said: str = getattr(claims, name).text[database]
        asked = claims._one_by_one(condition, database) if name != "_SENDING" else condition
        assert asked in said, f"{name} doesn't ask for it any more: {asked}"
        return said.replace(asked, "TRUE")

    patch.setattr(claims, name, Plain(cut("sqlite"), postgresql=cut("postgresql")))


def _verdict_of_what_is_ready(patch: pytest.MonkeyPatch, seen: Callable[[Delivery], Delivery], **facts: Any) -> None:
    """Let the verdict on what is prepared see it otherwise."""
    verdict = settling.verdict

    def planted(delivery: Delivery, **given: Any) -> Any:
        ready = delivery.status is Status.staged
        return verdict(seen(delivery), **{**given, **facts}) if ready else verdict(delivery, **given)

    patch.setattr(settling, "verdict", planted)


PLANTS: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        requeue_after_crash,
        retry_after_timeout,
        no_answer_is_a_no,
        assume_sent,
        not_found_is_absent,
        receipt_before_the_call,
        no_fencing,
        lease_never_ends,
        two_at_one_account,
        consent_checked_too_early,
        pause_checked_too_early,
        window_forgotten_at_send,
        approval_survives_an_edit,
        withdrawn_goes_again,
        late_rule_ignored,
        thread_begun_anew,
        pending_taken_for_ready,
        hashtags_lost,
        due_a_minute_early,
        disk_error_is_a_no,
        copy_taken_for_the_truth,
        lost_state_forgotten,
        stood_still_unnoticed,
        second_of_two_hours,
    )
}
"""All of them, by name."""
