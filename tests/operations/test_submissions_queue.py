"""What volunteers hand in becomes deliveries, and only while somebody agrees and the moderators' yes holds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import slots
from scheduler.errors import UserError
from scheduler.model import Every, Risk, Text
from scheduler.operations import deliver, queue
from scheduler.operations.cancel import cancel
from scheduler.operations.release import approve
from scheduler.operations.retry import retry
from scheduler.posts import Loaded
from scheduler.status import Status
from scheduler.store import claims, staff, submissions
from scheduler.submission import Placing, Role, Stage
from tests.world import NOON, World, post

HOUR = timedelta(hours=1)
KEY = "act/v/2026-03-02T13:00@a"


@pytest.fixture
def world(tmp_path):
    """A campaign whose one action has one slot, in an hour."""
    found = World(tmp_path)
    found.write(post("v", at=NOON + HOUR, text="{name|Somebody} says: {message}", submissions=True))
    yield found
    found.close()


def loaded(world):
    """Return the files as they are."""
    return Loaded(actions=tuple(world.actions.values()), problems=(), broken=frozenset())


def change(world, submission, **values):
    """Change a submission behind the queue's back, as a page does."""
    with world.store.write() as c:
        return submissions.change(c, submissions.by_id(c, submission.id), **values)


def take_back(world, submission):
    """Withdraw a consent behind the queue's back."""
    with world.store.write() as c:
        submissions.take_back(c, submission, day=world.clock.now().date())


def test_slots_without_submissions_are_no_deliveries(world):
    """A post from submissions plans nothing by itself."""
    assert world.queue().add == []
    world.let(2 * HOUR)
    assert world.network.out == []


def test_an_approved_photo_goes_out_framed_in_its_slot(world):
    """Caption, message, alt text and picture are the volunteer's; it goes at the slot's time, once."""
    world.submit(world.slots()[0], name="Ana", name_mode="first")
    world.queue()
    assert world[KEY].status is Status.queued
    world.let(2 * HOUR)
    (out,) = world.network.out
    assert out.text == "Ana says: We see you"
    assert out.media[0].alt.startswith("A hand with a candle. Card with the words: “We see you”.")
    assert world[KEY].published_at == NOON + HOUR


def test_a_film_goes_out_as_a_film(world):
    """A film isn't put on a card."""
    world.submit(world.slots()[0], mime="video/mp4")
    (planned,) = world.queue().add
    assert planned.content.card is None
    assert planned.content.video is not None
    assert planned.content.video.alt == "A hand with a candle."


def test_the_queue_is_the_same_when_asked_again(world):
    """Nothing is queued twice, and nothing changes by looking."""
    world.submit(world.slots()[0])
    assert len(world.queue().add) == 1
    again = world.queue()
    assert (again.add, again.change, again.cancel, again.unchanged) == ([], [], [], 1)


def test_only_networks_that_were_consented_to(tmp_path):
    """No delivery is planned for a network that nobody agreed to."""
    world = World(tmp_path)
    other = replace(world.workspace.accounts["a"], name="b", platform="other")
    world.workspace = replace(world.workspace, accounts={**world.workspace.accounts, "b": other})
    world.app = world.daemon("first")
    world.write(post("v", at=NOON + HOUR, submissions=True))
    world.submit(world.slots()[0], networks=["other"])
    assert [one.account for one in world.queue().add] == ["b"]
    world.close()


@pytest.mark.parametrize("approve", [0, 1])
def test_high_risk_takes_two_people(world, approve):
    """With too few yeses a picture of high risk waits, whatever its stage says."""
    world.approve(world.submit(approve=0, risk=Risk.high), world.slots()[0], people=approve)
    world.queue()
    assert (world[KEY].status, world[KEY].hold) == (Status.held, "approval")
    world.let(2 * HOUR)
    assert world.network.out == []


def test_high_risk_with_two_yeses_goes(world):
    """Two different people's yes lets a picture of high risk go."""
    world.submit(world.slots()[0], approve=2, risk=Risk.high)
    world.queue()
    world.let(2 * HOUR)
    assert len(world.network.out) == 1


def test_the_risk_of_the_action_counts(world):
    """An action that becomes one of high risk voids approvals by a single person."""
    world.submit(world.slots()[0])
    world.queue()
    world.write(*world.actions["act"].posts, risk=Risk.high)
    world.queue()
    assert (world[KEY].status, world[KEY].hold) == (Status.held, "approval")
    assert world.queue().unchanged == 1


def test_a_caption_edited_after_the_approval_is_approved_again(world):
    """Another caption than the moderators saw is held, says why, and goes once a person approves it."""
    world.submit(world.slots()[0])
    world.queue()
    world.clock.move_to(NOON + HOUR / 2)
    world.write(post("v", at=NOON + HOUR, text="Quite another thing", submissions=True))
    world.queue()
    assert (world[KEY].status, world[KEY].hold) == (Status.held, "approval")
    assert "solidarity approve" in world[KEY].reason
    assert world.queue().unchanged == 1
    assert approve(world.app, KEY, who="somebody").status is Status.queued
    assert world.queue().unchanged == 1
    world.let(2 * HOUR)
    assert [one.text for one in world.network.out] == ["Quite another thing"]


def test_approving_again_takes_two_where_it_took_two(world):
    """The command line can't stand for two moderators, nor one of them for two; two of them can."""
    world.submit(world.slots()[0], approve=2, risk=Risk.high)
    world.queue()
    world.clock.move_to(NOON + HOUR / 2)
    world.write(post("v", at=NOON + HOUR, text="Quite another thing", submissions=True))
    world.queue()
    with world.store.write() as c:
        one, other = (staff.user_named(c, f"moderator {number}").id for number in (0, 1))
        editor = staff.add_user(c, "editor", Role.editor, now=NOON)
    for user in (None, editor):
        with pytest.raises(UserError, match="two moderators"):
            approve(world.app, KEY, who="somebody", user=user)
    assert approve(world.app, KEY, who="one", user=one).status is Status.held
    assert approve(world.app, KEY, who="one", user=one).status is Status.held
    assert approve(world.app, KEY, who="other", user=other).status is Status.queued


def test_nobody_approves_again_what_they_handed_in(world):
    """Whoever handed it in can't approve an edited caption either."""
    with world.store.write() as c:
        own = staff.add_user(c, "own", Role.moderator, now=NOON)
    world.submit(world.slots()[0], uploaded_by=own)
    world.queue()
    world.clock.move_to(NOON + HOUR / 2)
    world.write(post("v", at=NOON + HOUR, text="Quite another thing", submissions=True))
    world.queue()
    with pytest.raises(UserError, match="somebody else"):
        approve(world.app, KEY, who="own", user=own)


def test_an_approval_again_needs_an_approved_picture(world):
    """`approve` isn't a way around the moderators."""
    found = world.submit(world.slots()[0])
    world.queue()
    world.clock.move_to(NOON + HOUR / 2)
    world.write(post("v", at=NOON + HOUR, text="Quite another thing", submissions=True))
    world.queue()
    change(world, found, to=Stage.pending)
    with pytest.raises(UserError, match="moderators have to decide"):
        approve(world.app, KEY, who="somebody")


def test_another_alt_text_is_approved_anew(world):
    """What goes back to the moderators is taken out of the queue, and comes back with their new yes."""
    found = world.submit(world.slots()[0])
    world.queue()
    world.clock.move_to(NOON + HOUR / 4)
    found = change(world, found, to=Stage.pending, alt="Another thing.")
    assert [one.key for one in world.queue().cancel] == [KEY]
    assert world[KEY].status is Status.cancelled
    world.clock.move_to(NOON + HOUR / 2)
    world.approve(found, world.slots()[0])
    world.queue()
    assert world[KEY].status is Status.queued
    world.let(HOUR)
    (out,) = world.network.out
    assert out.media[0].alt.startswith("Another thing.")


def test_changed_and_approved_between_two_looks(world):
    """The queue needn't have seen the way back to the moderators: a new yes is newer than what it had."""
    found = world.submit(world.slots()[0])
    world.queue()
    world.clock.move_to(NOON + HOUR / 2)
    world.approve(change(world, found, to=Stage.pending, alt="Another thing."), world.slots()[0])
    world.queue()
    assert world[KEY].status is Status.queued


@pytest.mark.parametrize("stage", [Stage.pending, Stage.rejected, Stage.expired])
def test_what_is_decided_otherwise_is_taken_out(world, stage):
    """A submission that isn't approved any more has no delivery."""
    found = world.submit(world.slots()[0])
    world.queue()
    change(world, found, to=stage)
    world.queue()
    assert world[KEY].status is Status.cancelled
    world.let(2 * HOUR)
    assert world.network.out == []


@pytest.mark.parametrize("seconds", [0, 3595, 3600])
def test_withdrawn_behind_the_queues_back(world, seconds):
    """Queued, prepared or due: what was taken back isn't sent, is held, and says why."""
    found = world.submit(world.slots()[0])
    world.queue()
    world.let(timedelta(seconds=min(seconds, 3599)))
    take_back(world, found)
    world.let(2 * HOUR)
    assert world.network.out == []
    assert (world[KEY].status, world[KEY].hold) == (Status.held, "consent")
    assert "taken back" in world[KEY].reason
    with pytest.raises(UserError, match="taken back"):
        retry(world.app, KEY, who="somebody")


def test_withdrawn_between_the_claim_and_the_intent(world):
    """The statement that commits the intent asks for the consent itself."""
    found = world.submit(world.slots()[0])
    world.queue()
    world.let(timedelta(minutes=59, seconds=30))
    assert world[KEY].status is Status.staged
    world.clock.move_to(NOON + HOUR)
    with world.store.write() as c:
        (taken,) = claims.claim_to_send(c, worker="first", now=NOON + HOUR, lease=deliver.LEASE)
    take_back(world, found)
    with world.store.write() as c:
        assert claims.mark_sending(c, taken, now=NOON + HOUR, lease=deliver.LEASE) is None


def test_what_may_not_go_does_not_keep_the_daemon_awake(world):
    """Held for consent, a delivery gives no next moment."""
    found = world.submit(world.slots()[0])
    world.queue()
    take_back(world, found)
    world.let(2 * HOUR)
    with world.store.read() as c:
        assert claims.next_moment(c, now=world.clock.now(), ahead=world.workspace.stage_ahead) is None


def test_a_consent_that_runs_out(world):
    """Its last day is its own: the day after nothing goes."""
    world.write(post("v", at=NOON + timedelta(days=2), submissions=True))
    found = world.submit(world.slots()[0])
    world.queue()
    with world.store.write() as c:
        c.exec_driver_sql("UPDATE consents SET expires_on = '2026-03-03'")
    world.let(timedelta(days=3))
    assert world.network.out == []
    (key,) = world.statuses()
    assert world[key].hold == "consent"
    assert "run out" in world[key].reason
    assert found.stage is Stage.approved
    world.queue()
    assert world[key].status is Status.cancelled


def test_the_last_day_of_a_consent_counts(world):
    """A consent holds to the end of its last day."""
    world.submit(world.slots()[0])
    with world.store.write() as c:
        c.exec_driver_sql("UPDATE consents SET expires_on = '2026-03-02'")
    world.queue()
    world.let(2 * HOUR)
    assert len(world.network.out) == 1


def test_cooling_off(world):
    """Until the cooling-off time has passed nothing goes; then it does, if it isn't too late by its rule."""
    world.submit(world.slots()[0], not_before=NOON + HOUR + timedelta(minutes=20))
    world.queue()
    world.let(HOUR + timedelta(minutes=19))
    assert world.network.out == []
    world.let(timedelta(minutes=5))
    assert len(world.network.out) == 1


def test_another_slot_ends_the_first(world):
    """A submission that was given another time goes at that time, and not at the first as well."""
    world.write(post("v", at=NOON + HOUR, submissions=True), post("w", at=NOON + 2 * HOUR, submissions=True))
    found = world.submit(world.slots()[0])
    world.queue()
    world.let(timedelta(minutes=59))
    later = world.slots()[1]
    change(world, found, post=later.post, occurrence=later.occurrence, due_at=later.due_at)
    world.let(timedelta(minutes=30))
    assert world[KEY].hold == "consent"
    assert "another time" in world[KEY].reason
    world.queue()
    assert world[KEY].status is Status.cancelled


def test_a_time_that_a_moderator_gave(world):
    """An ad-hoc slot needs no line in the file, and goes at its time."""
    slot = slots.at(world.actions["act"], world.workspace, NOON + 3 * HOUR + timedelta(seconds=20))
    assert slot.due_at == NOON + 3 * HOUR
    world.submit(slot, placing=Placing.at)
    world.queue()
    world.let(4 * HOUR)
    assert world["act/v/2026-03-02T15:00@a"].published_at == NOON + 3 * HOUR


def test_cancelled_by_a_person_stays_out(world):
    """Whoever cancels a delivery of a submission isn't overruled by the plan."""
    world.submit(world.slots()[0])
    world.queue()
    cancel(world.app, KEY, who="somebody")
    world.queue()
    world.let(2 * HOUR)
    assert world.network.out == []


def test_a_slot_may_become_an_ordinary_post(world):
    """A post that doesn't take submissions any more sends its own words, not a volunteer's."""
    every = Every(rrule="FREQ=DAILY", time=(NOON + HOUR).time(), since=NOON.date(), until=NOON.date())
    recurring = replace(post("v", submissions=True), at=None, every=every)
    world.write(recurring)
    world.submit(world.slots()[0])
    world.queue()
    world.write(replace(recurring, submissions=False, text=Text({"": "Our own words"})))
    world.queue()
    world.let(2 * HOUR)
    assert [one.text for one in world.network.out] == ["Our own words"]
    assert not world[KEY].from_submission


# ── what the rest of the program sees ───────────────────────────────────────────────────────────────────


def test_find_changes_tells_what_would_be_queued(world):
    """`solidarity plan` sees submissions too, and changes nothing."""
    world.submit(world.slots()[0])
    assert [one.key for one in queue.find_changes(world.app, loaded(world)).add] == [KEY]
    assert world.statuses() == {}
