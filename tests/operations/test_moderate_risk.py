"""High risk, and risk that changes: two people, a cooling-off time, no name, and what a second pair of eyes means."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler import moderation, placing, slots
from scheduler.errors import UserError
from scheduler.model import Moderation, Risk
from scheduler.operations import moderate
from scheduler.store import submissions
from scheduler.submission import NameMode, Placing, Role, Stage
from tests.operations.chamber import DAY, HOUR, Chamber, refused
from tests.world import NOON


@pytest.fixture
def chamber(tmp_path: Path) -> Iterator[Chamber]:
    """A world with one action of low risk."""
    world = Chamber(tmp_path)
    yield world
    world.close()


@pytest.fixture
def grave(tmp_path: Path) -> Iterator[Chamber]:
    """A world with one action of high risk."""
    world = Chamber(tmp_path, risk="high")
    yield world
    world.close()


def test_high_risk_needs_two_people_and_a_day(grave: Chamber):
    """Two different people; the slot comes after the cooling-off time, which runs from the last yes."""
    ref = grave.submit(approve=0, risk=Risk.high).ref
    made = grave.yes(ref)
    assert (made.submission.stage, made.needs, made.why_not) == (Stage.pending, 2, moderation.SAID_YES)
    assert refused(grave, ref) == moderation.SAID_YES
    grave.clock.move_to(NOON + 3 * HOUR)
    done = grave.yes(ref, "ben").submission
    assert done.stage is Stage.approved
    assert done.not_before == NOON + 3 * HOUR + DAY
    assert done.occurrence == "2026-03-04T12:00"
    grave.queue()
    grave.let(3 * DAY)
    assert [grave.network.times(key) for key in grave.statuses()] == [1]


def test_the_second_confirms_or_is_the_first(grave: Chamber):
    """Who chooses another time than the one before asks that one to look again."""
    ref = grave.submit(approve=0, risk=Risk.high).ref
    grave.yes(ref, "ana")
    slot = slots.at(grave.actions["act"], grave.workspace, NOON + 2 * DAY)
    made = grave.yes(ref, "ben", placing=Placing.at, slot=slot)
    assert ([one.who for one in made.approvals], made.submission.stage) == (["ben"], Stage.pending)
    assert grave.yes(ref, "ana", placing=Placing.at, slot=slot).submission.due_at == NOON + 2 * DAY


def test_one_person_can_change_their_mind_about_the_time(grave: Chamber):
    """The first may choose again; that is still one yes."""
    ref = grave.submit(approve=0, risk=Risk.high).ref
    grave.yes(ref)
    made = grave.yes(ref, placing=Placing.pool)
    assert ([one.who for one in made.approvals], made.submission.stage) == (["ana"], Stage.pending)


def test_a_given_time_may_come_too_near(grave: Chamber):
    """The cooling-off time runs from the last yes: a time that is then too early has to be chosen anew."""
    ref = grave.submit(approve=0, risk=Risk.high).ref
    slot = slots.at(grave.actions["act"], grave.workspace, NOON + 25 * HOUR)
    grave.yes(ref, placing=Placing.at, slot=slot)
    grave.clock.move_to(NOON + 2 * HOUR)
    assert refused(grave, ref, "ben", placing=Placing.at, slot=slot) == placing.TOO_EARLY


def test_the_passkey_rule(tmp_path: Path):
    """Where it is asked for, only somebody signed in with a passkey says yes at high risk; anybody says no."""
    grave = Chamber(tmp_path, risk="high", moderation=Moderation(cooling_off=DAY, passkeys=True))
    found = grave.submit(approve=0, risk=Risk.high)
    assert refused(grave, found.ref) == moderation.NO_PASSKEY
    assert len(grave.yes(found.ref, passkey=True).approvals) == 1
    seen = grave.look(found.ref).content_hash
    gone = moderate.reject(grave.app, found.ref, user=grave.user("ben"), seen=seen, reason="too close")
    assert gone.stage is Stage.rejected
    grave.close()


def test_an_action_that_became_dangerous(chamber: Chamber):
    """Its risk counts from when its file says so: a name goes, and what was approved by one waits again."""
    first = chamber.submit(approve=0, name="Mina", name_mode=NameMode.first).ref
    second = chamber.submit(approve=0).ref
    chamber.yes(second)
    chamber.act("high")
    assert moderate.case(chamber.app, first, chamber.user(), passkey=True).why_not == moderation.NAMED
    assert refused(chamber, first) == moderate.CHANGED
    named = chamber.look(first)
    assert (named.risk, named.name, named.name_mode) == (Risk.high, "", NameMode.none)
    assert refused(chamber, second, "ben") == moderate.CHANGED
    assert chamber.look(second).stage is Stage.pending
    assert chamber.yes(second, "ben").needs == 2


def test_risk_is_raised_by_all_and_lowered_by_few(chamber: Chamber):
    """Any moderator raises it; an admin lowers it, never of their own picture and never below the action's."""
    boss = chamber.user("boss", Role.admin)
    ref = chamber.submit(approve=0, name="Mina", name_mode=NameMode.full, uploaded_by=boss.id).ref
    raised = moderate.set_risk(chamber.app, ref, user=chamber.user(), risk=Risk.high)
    assert (raised.risk, raised.name) == (Risk.high, "")
    for user, why in ((chamber.user(), "Only an admin"), (boss, "somebody else has to decide")):
        with pytest.raises(UserError, match=why):
            moderate.set_risk(chamber.app, ref, user=user, risk=Risk.low)
    other = chamber.user("other boss", Role.admin)
    assert moderate.set_risk(chamber.app, ref, user=other, risk=Risk.low).risk is Risk.low
    chamber.act("elevated")
    moderate.set_risk(chamber.app, ref, user=other, risk=Risk.high)
    with pytest.raises(UserError, match="Only an admin"):
        moderate.set_risk(chamber.app, ref, user=other, risk=Risk.low)


def test_a_second_pair_of_eyes(chamber: Chamber):
    """Once somebody has asked for it two have to say yes, at whatever risk."""
    ref = chamber.submit(approve=0).ref
    moderate.ask_second(chamber.app, ref, user=chamber.user())
    assert chamber.yes(ref).needs == 2
    assert chamber.yes(ref, "ben").submission.stage is Stage.approved


def test_what_is_sent_back_needs_every_yes_anew(grave: Chamber):
    """At high risk one person can't send an approved one back and then approve it alone, on the other's old yes."""
    ref = grave.submit(approve=0, risk=Risk.high).ref
    grave.yes(ref, "ana")
    approved = grave.yes(ref, "ben").submission
    with grave.store.write() as c:
        submissions.change(c, approved, to=Stage.pending, placing=None, post="", occurrence="", due_at=None)
    made = grave.yes(ref, "ben")
    assert (made.submission.stage, [one.who for one in made.approvals]) == (Stage.pending, ["ben"])
