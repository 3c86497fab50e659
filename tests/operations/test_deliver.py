"""One delivery's way, step by step, and every way in which it doesn't go."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.model import Lateness, Quiet, Then
from scheduler.operations import deliver
from scheduler.operations.pause import pause, resume
from scheduler.operations.release import approve, release
from scheduler.operations.retry import retry
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from scheduler.store import StateMovedError, claims, controls, deliveries
from tests import databases
from tests.world import NOON, World, later, post

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
KEY = "act/p@a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a small world with one account."""
    made = World(tmp_path)
    yield made
    made.close()


def test_a_post_goes_at_its_second_and_once(world: World):
    """A due post is claimed, staged ahead, sent at its time, and never again."""
    world.write(post(at=NOON + HOUR))
    world.queue()
    world.let(HOUR - timedelta(seconds=1))
    assert world[KEY].status is Status.staged
    assert world.network.out == []
    world.let(timedelta(seconds=1))
    assert world[KEY].status is Status.published
    assert world[KEY].published_at == NOON + HOUR
    world.let(timedelta(days=2))
    assert world.network.times(KEY) == 1
    assert world.history(KEY) == ["queued", "claimed", "staged", "sending", "published"]


def test_one_step_is_one_step(world: World):
    """A step stages, the next one sends, and the third finds nothing to do."""
    world.write(post())
    world.queue()
    assert [deliver.step(world.app) for _ in range(3)] == [True, True, False]


def test_order_within_an_account_is_kept(world: World):
    """Deliveries of one account leave in the order of their times, whatever the order of the file."""
    world.write(*(post(f"p{n}", at=NOON + n * MINUTE, text=f"Text {n}") for n in (3, 1, 2)))
    world.queue()
    world.let(HOUR)
    assert [out.text for out in world.network.out] == ["Text 1", "Text 2", "Text 3"]


def test_a_refusal_fails_and_the_others_go_on(world: World):
    """A poisoned row fails with its reason; the next one of the account leaves."""
    world.network.faults = ["refused"]
    world.write(post("p"), post("q", at=NOON + MINUTE))
    world.queue()
    world.let(HOUR)
    assert world[KEY].status is Status.failed
    assert "says no" in world[KEY].reason
    assert world["act/q@a"].status is Status.published


def test_a_fault_while_preparing_fails_one_row_only(world: World):
    """Whatever breaks before anything left stops that delivery, not the daemon."""
    world.network.stage_faults = ["crash-before"]
    world.write(post("p"), post("q", at=NOON + MINUTE))
    world.queue()
    world.let(HOUR)
    assert world[KEY].status is Status.failed
    assert world["act/q@a"].status is Status.published


def test_a_busy_network_is_asked_again_later(world: World):
    """What is proven not to be sent is queued again and goes when the network takes it."""
    world.network.faults = ["later", "later"]
    world.write(post())
    world.queue()
    world.let(HOUR)
    assert world[KEY].status is Status.published
    assert world[KEY].attempts == 3
    assert world.network.times(KEY) == 1


def test_a_refused_account_is_held_with_all_its_deliveries(world: World):
    """A login that no longer works holds the account, says so, and sends nothing until a person resumes it."""
    world.network.faults = ["blocked"]
    world.write(post("p"), post("q", at=NOON + MINUTE))
    world.queue()
    world.let(5 * MINUTE)
    assert world[KEY].status is Status.held
    assert world["act/q@a"].status is Status.held
    assert world["act/q@a"].hold == "account"
    late = resume(world.app, scope="account", name="a", who="me")
    assert {one.key for one in late} == {KEY, "act/q@a"}
    world.let(HOUR)
    assert world.network.out == []
    retry(world.app, KEY, who="me")
    world.let(MINUTE)
    assert world.network.times(KEY) == 1


@pytest.mark.parametrize("fault", ["lost-after", "crash-after"])
def test_an_unknown_outcome_that_went_out_is_found(world: World, fault: str):
    """A time-out after the network took the post ends as published, without a second call."""
    world.network.faults = [fault]
    world.write(post())
    world.queue()
    deliver.step(world.app)
    deliver.step(world.app)
    assert world[KEY].status is Status.unknown
    world.let(HOUR)
    assert world[KEY].status is Status.published
    assert world.network.times(KEY) == 1


@pytest.mark.parametrize("fault", ["lost-before", "crash-before"])
def test_an_unknown_outcome_proven_absent_goes_again(world: World, fault: str):
    """Only a network that proves absence lets the post go again."""
    world.network.faults = [fault]
    world.write(post())
    world.queue()
    world.let(HOUR)
    assert world[KEY].status is Status.published
    assert world.network.times(KEY) == 1


def test_an_unknown_outcome_that_nobody_can_tell_waits_for_a_person(tmp_path: Path):
    """Where a network proves nothing, nothing is sent again: a person is asked."""
    world = World(tmp_path, honest=False)
    world.network.faults = ["lost-before"]
    world.write(post())
    world.queue()
    world.let(HOUR)
    assert world[KEY].status is Status.needs_human
    assert "solidarity resolve" in world[KEY].reason
    assert world.network.out == []
    world.close()


@pytest.mark.parametrize(
    ("then", "status"), [(Then.hold, Status.held), (Then.skip, Status.missed), (Then.publish, Status.published)]
)
def test_lateness_decides_after_an_outage(world: World, then: Then, status: Status):
    """After an outage nothing bursts out: the delivery's own rule decides."""
    world.write(post(at=NOON + MINUTE, late=Lateness(after=5 * MINUTE, then=then)))
    world.queue()
    world.clock.move_to(NOON + HOUR)
    world.run()
    assert world[KEY].status is status
    assert len(world.network.out) == (status is Status.published)


def test_within_its_lateness_a_post_still_goes(world: World):
    """A little late is not too late."""
    world.write(post(at=NOON + MINUTE, late=Lateness(after=5 * MINUTE, then=Then.skip)))
    world.queue()
    world.clock.move_to(NOON + 4 * MINUTE)
    world.run()
    assert world[KEY].status is Status.published


def test_nothing_goes_after_its_action_closed(world: World):
    """The end of the window is checked at the moment of sending, lateness or not."""
    world.write(post(at=NOON + MINUTE, late=Lateness(then=Then.publish)), closes_at=NOON + 2 * MINUTE)
    world.queue()
    world.clock.move_to(NOON + 2 * MINUTE)
    world.run()
    assert world[KEY].status is Status.missed
    assert "closed" in world[KEY].reason
    assert world.network.out == []


def test_a_held_delivery_is_missed_when_its_action_closes(world: World):
    """What waits for a person past the end of its window says so."""
    world.write(post(at=NOON + MINUTE, approve=True), closes_at=NOON + HOUR)
    world.queue()
    world.let(2 * HOUR)
    assert world[KEY].status is Status.missed


def test_quiet_hours_make_a_late_one_wait(tmp_path: Path):
    """A delivery that an outage pushed into the quiet hours leaves at their end."""
    start = (NOON + 5 * MINUTE).time()
    world = World(tmp_path, quiet=Quiet(since=start, until=(NOON + HOUR).time()))
    world.write(post(at=NOON + MINUTE, late=Lateness(after=2 * HOUR)))
    world.queue()
    world.clock.move_to(NOON + 6 * MINUTE)
    world.run()
    assert world.network.out == []
    world.let(2 * HOUR)
    assert world[KEY].published_at == NOON + HOUR
    world.close()


def test_a_pause_holds_and_a_resume_sends_nothing_by_itself(world: World):
    """What comes due under a pause is held; lifting it lists that and lets only later ones go."""
    pause(world.app, scope="all", name="", why="crisis", who="me")
    world.write(post("p", at=NOON + MINUTE), post("q", at=NOON + HOUR))
    world.queue()
    world.let(10 * MINUTE)
    assert world[KEY].hold == "pause"
    assert "crisis" in world[KEY].reason
    late = resume(world.app, scope="all", name="", who="me")
    assert [one.key for one in late] == [KEY]
    world.let(2 * HOUR)
    assert world[KEY].status is Status.held
    assert world["act/q@a"].status is Status.published


def test_a_pause_between_staging_and_sending_stops_the_post(world: World):
    """The pause is looked at in the statement that commits the intent to send."""
    world.write(post(at=NOON + MINUTE))
    world.queue()
    world.run()
    assert world[KEY].status is Status.staged
    pause(world.app, scope="action", name="act", why="stop", who="me")
    world.let(10 * MINUTE)
    assert world.network.out == []
    assert world[KEY].status is Status.held


def test_a_pause_of_one_account_leaves_the_others(tmp_path: Path):
    """A paused account doesn't hold its neighbours."""
    world = World(tmp_path, accounts=("a", "b"))
    pause(world.app, scope="account", name="a", why="login", who="me")
    world.write(post())
    world.queue()
    world.run()
    assert world.statuses() == {"act/p@a": Status.held, "act/p@b": Status.published}
    world.close()


def test_approval_holds_and_an_edit_voids_it(world: World):
    """A person approves what they saw: another text needs another approval."""
    world.write(post(at=NOON + HOUR, approve=True))
    world.queue()
    assert world[KEY].hold == "approval"
    approve(world.app, KEY, who="me")
    assert world[KEY].status is Status.queued
    world.write(post(at=NOON + HOUR, approve=True, text="Something else"))
    world.queue()
    assert world[KEY].hold == "approval"
    world.let(2 * HOUR)
    assert world.network.out == []


def test_release_opens_an_action(world: World):
    """A waiting action goes only by a person's word, and then at its time."""
    world.write(post(at=NOON + HOUR), manual_release=True)
    world.queue()
    assert world[KEY].hold == "release"
    assert release(world.app, "act", who="me") == 1
    world.let(2 * HOUR)
    assert world[KEY].published_at == NOON + HOUR


def test_release_and_approval_are_both_needed(world: World):
    """One person's word doesn't stand for the other's."""
    world.write(post(at=NOON + HOUR, approve=True), manual_release=True)
    world.queue()
    release(world.app, "act", who="me")
    assert world[KEY].hold == "approval"
    approve(world.app, KEY, who="me")
    world.let(2 * HOUR)
    assert world[KEY].status is Status.published


def test_what_was_staged_and_expired_is_staged_again(world: World):
    """Ids that the network has forgotten are fetched anew; the post goes once."""
    world.network.forgets = 1
    world.write(post(at=NOON + MINUTE))
    world.queue()
    world.let(HOUR)
    assert world.network.staged == 2
    assert world.network.times(KEY) == 1


def test_a_worker_that_slept_through_its_lease_changes_nothing(world: World):
    """The fencing number keeps a woken worker from overwriting what happened meanwhile."""
    world.write(post())
    world.queue()
    deliver.step(world.app)
    with world.store.write() as c:
        (stale,) = claims.claim_to_send(c, worker="asleep", now=world.clock.now(), lease=timedelta(seconds=1))
    world.clock.move_to(NOON + 5 * MINUTE)
    world.run(world.daemon("second"))
    assert world[KEY].status is Status.published
    with world.store.write() as c:
        assert claims.mark_sending(c, stale, now=world.clock.now(), lease=HOUR) is None
    assert world.network.times(KEY) == 1


def test_a_queued_past_post_looks_before_it_goes(world: World):
    """What is queued for the first time after its time may be out already, from a state that was lost."""
    world.write(post(at=NOON - MINUTE))
    world.queue()
    world.network.out.append(world[KEY].outgoing())
    world.run()
    assert world[KEY].status is Status.published
    assert world.network.times(KEY) == 1
    assert "sending" not in world.history(KEY)


def test_history_of_a_campaign_is_missed_not_sent(world: World):
    """Posts of long ago never burst out, even where the rule says publish."""
    world.write(post(at=NOON - timedelta(days=400), late=Lateness(then=Then.publish)))
    world.queue()
    world.let(HOUR)
    assert world[KEY].status is Status.missed
    assert world.network.out == []


def test_a_clock_set_back_sends_nothing_twice(world: World):
    """Published stays published, whatever the clock says."""
    world.write(post("p"), post("q", at=NOON + MINUTE))
    world.queue()
    world.let(HOUR)
    world.clock.move_to(NOON - timedelta(hours=2))
    world.let(5 * HOUR)
    assert [world.network.times(key) for key in (KEY, "act/q@a")] == [1, 1]


def test_held_accounts_are_named(world: World):
    """A held account stands among the pauses, with the network's words."""
    world.network.faults = ["blocked"]
    world.write(post())
    world.queue()
    world.run()
    with world.store.read() as c:
        held = controls.all_pauses(c)
    assert [(one.scope, one.name, one.kind) for one in held] == [("account", "a", "blocked")]
    assert "new login" in held[0].why


def test_moving_a_post_moves_its_delivery(world: World):
    """An edit of the time before the claim is followed."""
    one = post(at=NOON + HOUR)
    world.write(one)
    world.queue()
    world.write(later(one, HOUR))
    world.queue()
    world.let(3 * HOUR)
    assert world[KEY].published_at == NOON + 2 * HOUR


def test_a_lost_state_sends_nothing_again_after_an_approval(world: World):
    """A past post that waited for a person is looked for before it goes, like any other past post."""
    world.write(post(at=NOON - MINUTE, approve=True))
    world.queue()
    world.network.out.append(world[KEY].outgoing())
    approve(world.app, KEY, who="me")
    world.run()
    assert world[KEY].status is Status.published
    assert world.network.times(KEY) == 1


def test_a_lost_state_sends_nothing_again_after_a_retry(world: World):
    """What was long past when it was queued is looked for when a person puts it back."""
    world.write(post(at=NOON - timedelta(days=3)))
    world.queue()
    world.network.out.append(world[KEY].outgoing())
    retry(world.app, KEY, who="me")
    world.run()
    assert world[KEY].status is Status.published
    assert world.network.times(KEY) == 1


def test_a_resumed_account_lets_what_is_still_to_come_go(world: World):
    """A delivery held while it was prepared goes at its time once its account is mended."""
    world.network.stage_faults = ["blocked"]
    world.write(post(at=NOON + MINUTE))
    world.queue()
    world.run()
    assert world[KEY].hold == "account"
    assert resume(world.app, scope="account", name="a", who="me") == []
    world.let(2 * MINUTE)
    assert world[KEY].published_at == NOON + MINUTE


def test_waiting_for_the_morning_is_not_lateness(tmp_path: Path):
    """What an outage pushed into the quiet hours goes at their end, however long the night."""
    world = World(tmp_path, quiet=Quiet(since=(NOON + 5 * MINUTE).time(), until=(NOON + 9 * HOUR).time()))
    world.write(post(at=NOON + MINUTE, late=Lateness(after=10 * MINUTE, then=Then.skip)))
    world.queue()
    world.clock.move_to(NOON + HOUR)
    world.let(10 * HOUR)
    assert world[KEY].published_at == NOON + 9 * HOUR
    world.close()


def test_an_edit_does_not_let_a_held_late_one_go(world: World):
    """A correction of a letter isn't the decision to send late."""
    pause(world.app, scope="all", name="", why="crisis", who="me")
    world.write(post(at=NOON + MINUTE))
    world.queue()
    world.let(10 * MINUTE)
    resume(world.app, scope="all", name="", who="me")
    world.write(post(at=NOON + MINUTE, text="Hello!"))
    world.queue()
    world.let(HOUR)
    assert world[KEY].status is Status.held
    assert world[KEY].content.text == "Hello!"


def test_a_removal_in_flight_is_heeded_when_the_post_comes_back(world: World):
    """A post whose outcome is unknown and that is taken out of its file isn't sent when it proves not to be out."""
    world.network.faults = ["lost-before"]
    world.write(post())
    world.queue()
    deliver.step(world.app)
    deliver.step(world.app)
    assert world[KEY].status is Status.unknown
    world.write()
    world.queue()
    world.let(HOUR)
    assert world[KEY].status is Status.cancelled
    assert world.network.out == []


def test_a_withdrawal_during_a_call_that_was_put_off_cancels(world: World):
    """What a person wants gone doesn't wait in the queue for ever."""
    world.network.faults = ["later"]
    world.write(post())
    world.queue()
    deliver.step(world.app)
    with world.store.write() as c:
        deliveries.set_columns(c, world[KEY], withdraw_wanted=True)
    world.let(HOUR)
    assert world[KEY].status is Status.staged
    world.network.faults = []
    with world.store.write() as c:
        deliveries.move(c, world[KEY], Status.queued, worker="w", now=world.clock.now())
    assert world[KEY].status is Status.cancelled


def test_a_withdrawn_post_that_comes_back_in_its_file_stays_out(world: World):
    """Taken out of its file, withdrawn, and written again: a person's word isn't overruled."""
    world.write(post(at=NOON + HOUR))
    world.queue()
    world.write()
    world.queue()
    withdraw(world.app, KEY, who="me")
    world.write(post(at=NOON + HOUR))
    world.queue()
    world.let(2 * HOUR)
    assert world[KEY].status is Status.cancelled
    assert world.network.out == []


def test_the_same_words_under_another_name_are_held(world: World):
    """A renamed post whose text just went out isn't said twice by itself."""
    world.write(post("p", at=NOON + MINUTE))
    world.queue()
    world.let(5 * MINUTE)
    world.write(post("renamed", at=NOON + 10 * MINUTE))
    world.queue()
    world.let(HOUR)
    assert world["act/renamed@a"].status is Status.held
    assert "said the same" in world["act/renamed@a"].reason
    assert len(world.network.out) == 1


def test_a_post_is_prepared_before_its_action_opens(world: World):
    """A post due at the very opening is staged ahead, so that it goes at its second."""
    world.write(post(at=NOON + MINUTE), opens_at=NOON + MINUTE)
    world.queue()
    world.run()
    assert world[KEY].status is Status.staged
    world.let(MINUTE)
    assert world[KEY].published_at == NOON + MINUTE


@databases.only("sqlite")
def test_a_deleted_state_stops_the_work(world: World):
    """Nobody would see what is done in a file that is gone: nothing is sent from it."""
    world.write(post())
    world.queue()
    (world.workspace.folder / "var/state.db").unlink()
    with pytest.raises(StateMovedError):
        world.run()
    assert world.network.out == []
