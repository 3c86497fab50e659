"""When an approved submission goes out: the slot that a moderator wishes for, and the one that comes of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler import rules, slots
from scheduler.errors import UserError
from scheduler.model import Action, Workspace
from scheduler.slots import Slot
from scheduler.store import Connection, submissions
from scheduler.submission import Consent, Placing, Submission

NO_SLOT = "No slot of its action is free: choose a time, or the pool."
TAKEN = "Another one has that time: choose another."
TOO_EARLY = "That time has passed, or comes before it may go out: choose a later one."
NOWHERE = "At that time it would reach no network that was agreed to: choose another."
QUIET = "That time lies in the quiet hours, in which nothing goes out: choose one after they end."
REASONS = (NO_SLOT, TAKEN, TOO_EARLY, NOWHERE, QUIET)
"""Every reason why a wish can't be granted, whole sentences, so that a page can say them in its own language."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a moderator wishes: the next free slot (`slot`, where that is free), that very slot, or the pool."""

    placing: Placing
    slot: Slot | None = None

    def is_of(self, found: Submission) -> bool:
        """Tell whether it is what a submission has been given already."""
        if self.placing is Placing.at:
            return self.slot is not None and (found.placing, found.post, found.occurrence) == (
                Placing.at,
                self.slot.post,
                self.slot.occurrence,
            )
        return found.placing is self.placing


@dataclass(frozen=True, kw_only=True)
class Place:
    """All that decides on a submission's slot."""

    action: Action
    workspace: Workspace
    consent: Consent
    now: datetime
    earliest: datetime  # it may go out

    def chosen(self, c: Connection, found: Submission, wish: Wish) -> dict[str, Any]:
        """Return the columns of a wish. Only a given time takes its slot at once.

        Raises:
            UserError: it can't go at that time.
        """
        if wish.placing is not Placing.at:
            return {"placing": wish.placing, "post": "", "occurrence": "", "due_at": None}
        slot = wish.slot
        if slot is None or slot.due_at < self.earliest:
            raise UserError(TOO_EARLY)
        if rules.quiet_until(slot.due_at, self.workspace) is not None:
            raise UserError(QUIET)
        accounts = self.workspace.accounts
        if not any(accounts[name].platform in self.consent.networks for name in slot.accounts if name in accounts):
            raise UserError(NOWHERE)
        own = (found.post, found.occurrence) == (slot.post, slot.occurrence)
        if not own and (slot.post, slot.occurrence) in submissions.taken_slots(c, found.action):
            raise UserError(TAKEN)
        return {"placing": Placing.at, **_columns(slot)}

    def found(self, c: Connection, placed: Submission, wish: Wish) -> dict[str, Any]:
        """Return the columns of the slot of one that is approved now. What has one that will do keeps it.

        The transaction is the only one that writes: what is free now is free until it ends.

        Raises:
            UserError: the given time has come too near, or no slot is free.
        """
        if placed.due_at is not None and placed.due_at >= self.earliest:
            return {}
        if placed.placing is Placing.at:
            raise UserError(TOO_EARLY)
        if placed.placing is Placing.pool:
            return {"post": "", "occurrence": "", "due_at": None}
        free = slots.free(
            self.action,
            self.workspace,
            taken=submissions.taken_slots(c, placed.action),
            now=self.now,
            networks=frozenset(self.consent.networks),
            not_before=self.earliest,
        )
        if not free:
            raise UserError(NO_SLOT)
        return _columns(wish.slot if wish.slot is not None and wish.slot in free else free[0])


def _columns(slot: Slot) -> dict[str, Any]:
    return {"post": slot.post, "occurrence": slot.occurrence, "due_at": slot.due_at}
