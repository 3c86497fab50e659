"""Slots are the times of posts from submissions; what is free depends on window, networks, and who was first."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from scheduler import examples, plan, slots
from scheduler.model import Account, CardOrder, Every, Text
from scheduler.submission import Placing
from tests.plan.test_plan import HERE, action, workspace
from tests.world import post

EVERY = Every(rrule="FREQ=DAILY", time=time(17), since=date(2021, 9, 14), until=date(2021, 9, 16))
VOICES = replace(post("voices", submissions=True, text="{name|Somebody}: {message}"), at=None, every=EVERY, place=HERE)
TORONTO = workspace("America/Toronto", "a", "b")
NOW = datetime(2021, 9, 14, 12, tzinfo=UTC)


def named(found):
    """Return the occurrences of slots."""
    return [slot.occurrence for slot in found]


def test_slots_are_the_times_inside_the_window():
    """A slot is named by its wall clock; what falls outside the window is none."""
    act = action(VOICES, post("other"), closes_at=datetime(2021, 9, 16, tzinfo=UTC))
    found = slots.slots(act, TORONTO)
    assert named(found) == ["2021-09-14T17:00", "2021-09-15T17:00"]
    assert found[0].due_at == datetime(2021, 9, 14, 21, tzinfo=UTC)
    assert found[0].accounts == ("a", "b")


def test_a_single_time_is_a_slot_with_a_name():
    """A post `at` a time has one slot, named like those of a recurrence."""
    act = action(replace(VOICES, every=None, at=datetime(2021, 9, 14, 9)))  # noqa: DTZ001 - wall clock
    assert named(slots.slots(act, TORONTO)) == ["2021-09-14T09:00"]


def test_what_is_free():
    """Past, taken and too early slots aren't free, nor those that reach no network of the consent."""
    act = action(VOICES)
    outbox = frozenset({"outbox"})
    assert len(slots.free(act, TORONTO, taken=frozenset(), now=NOW, networks=outbox)) == 3
    taken = frozenset({("voices", "2021-09-14T17:00")})
    free = slots.free(act, TORONTO, taken=taken, now=NOW, networks=outbox)
    assert named(free) == ["2021-09-15T17:00", "2021-09-16T17:00"]
    later = slots.free(act, TORONTO, taken=taken, now=NOW, networks=outbox, not_before=free[0].due_at)
    assert later == free
    past = free[0].due_at
    assert named(slots.free(act, TORONTO, taken=frozenset(), now=past, networks=outbox)) == ["2021-09-16T17:00"]
    assert slots.free(act, TORONTO, taken=frozenset(), now=NOW, networks=frozenset({"x"})) == []


def test_networks_are_those_of_its_accounts():
    """A volunteer can agree to the networks that its posts from submissions reach, and to no other."""
    here = workspace("UTC", "a")
    here = replace(here, accounts={**here.accounts, "x-en": Account(name="x-en", platform="x", language="en")})
    assert slots.networks(action(VOICES), here) == ("outbox", "x")
    assert slots.networks(action(replace(VOICES, accounts=("a",))), here) == ("outbox",)
    assert slots.networks(action(post("other")), here) == ()
    assert slots.takes_submissions(action(VOICES))
    assert not slots.takes_submissions(action(post("other")))


def test_a_time_of_its_own():
    """A moderator's time is cut to the minute, and must lie in the window of an action that takes submissions."""
    act = action(VOICES, closes_at=datetime(2021, 9, 16, tzinfo=UTC))
    slot = slots.at(act, TORONTO, datetime(2021, 9, 14, 13, 30, 40, tzinfo=UTC))
    assert (slot.post, slot.occurrence) == ("voices", "2021-09-14T09:30")
    assert slot.due_at == datetime(2021, 9, 14, 13, 30, tzinfo=UTC)
    with pytest.raises(ValueError, match="isn't open"):
        slots.at(act, TORONTO, datetime(2021, 9, 17, tzinfo=UTC))
    with pytest.raises(ValueError, match="no post"):
        slots.at(action(post("other")), TORONTO, NOW)


def contribution(act, **values):
    """Return a made-up submission to an action's first post, with these values."""
    made = examples.contribution(act, act.posts[0], examples.LONG, TORONTO)
    return replace(made, submission=replace(made.submission, **values))


def test_a_submission_becomes_one_delivery_an_account():
    """Its slot, its consent's networks, its own words and picture; each waits for the moderators' yes."""
    act = action(VOICES)
    one = contribution(act, id=7, alt="A hand.", sha256="ab", file="x.jpg", language="fr")
    found = plan.deliveries([act], TORONTO, [one])
    assert [planned.key for planned in found] == [f"act/voices/2021-09-14T17:00@{name}" for name in "ab"]
    assert {planned.submission_id for planned in found} == {7}
    assert all(planned.needs_approval for planned in found)
    card = found[0].content.card
    assert card is not None
    assert (card.theme, card.photo, card.photo_sha256) == ("frame", "var/uploads/x.jpg", "ab")
    assert (card.language, card.alt) == ("fr", "A hand.")
    assert found[0].content.text == f"Marie-Claire Tremblay: {one.submission.message}"
    assert found[0].content.language == "en"


def test_the_theme_of_its_own_card_is_used():
    """`card: {theme: …}` chooses; the action's theme is for its own cards."""
    for theme, order in (("frame", None), ("portrait", CardOrder(theme="portrait")), ("frame", CardOrder(qr=True))):
        act = action(replace(VOICES, card=order), theme="poster", link=Text({"": "https://example.org"}))
        card = plan.deliveries([act], TORONTO, [contribution(act)])[0].content.card
        assert card is not None
        assert card.theme == theme


@pytest.mark.parametrize("values", [{"occurrence": ""}, {"post": "gone"}, {"occurrence": "2021-09-14T18:00"}])
def test_without_a_slot_there_is_no_delivery(values):
    """Without a slot, or with one that the file doesn't have any more, nothing is planned."""
    act = action(VOICES)
    assert plan.deliveries([act], TORONTO, [contribution(act, **values)]) == []


def test_a_time_of_its_own_needs_no_line():
    """A time that a moderator gave is planned though no line of the file has it."""
    act = action(VOICES)
    one = contribution(act, occurrence="2021-09-14T18:00", placing=Placing.at)
    assert plan.deliveries([act], TORONTO, [one])[0].due_at == datetime(2021, 9, 14, 22, tzinfo=UTC)
    closed = replace(act, closes_at=datetime(2021, 9, 14, 22, tzinfo=UTC) - timedelta(hours=1))
    assert plan.deliveries([closed], TORONTO, [one]) == []
