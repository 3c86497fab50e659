"""An occurrence is named by its minute: two never share a name, and to edit the seconds makes no other post of it."""

from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler import occurrences
from scheduler.model import Every, Place, Post, Text
from scheduler.posts import recurrence
from scheduler.reading.report import Wrong
from scheduler.status import Status
from tests.world import NOON, World

DAYS = st.lists(st.sampled_from(recurrence.WEEK), min_size=1, max_size=7, unique=True).map(",".join)
RULES = st.one_of(
    st.just("FREQ=DAILY"),
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 9)),
    st.builds("FREQ=WEEKLY;BYDAY={}".format, DAYS),
    st.builds("FREQ=MONTHLY;BYDAY={}".format, DAYS),
    st.builds("FREQ=MONTHLY;BYMONTHDAY={},-1".format, st.integers(1, 31)),
    st.builds("FREQ=YEARLY;BYYEARDAY={}".format, st.integers(1, 366)),
    st.builds("FREQ=YEARLY;BYMONTH={};BYDAY={}".format, st.integers(1, 12), DAYS),
)


def _every(rule: str, at: time) -> Post:
    found = Every(rrule=recurrence.rule(rule), time=at, since=date(2026, 3, 1), until=date(2028, 3, 1))
    return Post(id="p", text=Text({"": "Again"}), place=Place(file="posts/act.yaml"), every=found)


@settings(max_examples=60, deadline=None)
@given(rule=RULES, at=st.times().map(lambda one: one.replace(microsecond=0)))
def test_no_two_occurrences_share_a_name(rule: str, at: time) -> None:
    """Whatever rule can be written, with whatever time of day."""
    named = list(occurrences.walls(_every(rule, at)))
    assert len({name for name, _ in named}) == len({wall for _, wall in named}) == len(named)


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=DAILY;BYSECOND=0,30"])
def test_nothing_recurs_within_a_minute(rule: str) -> None:
    """The rules by which it could are refused, so that the minute is name enough."""
    with pytest.raises(Wrong):
        recurrence.rule(rule)


def test_to_edit_the_seconds_sends_nothing_again(tmp_path: Path) -> None:
    """What is out stays what is out, and what waits gets its new second, under the names they had."""
    world = World(tmp_path)
    world.write(_every("FREQ=DAILY", time(12, 30)))
    world.queue()
    world.let(NOON.replace(hour=13) - NOON)
    world.write(_every("FREQ=DAILY", time(12, 30, 45)))
    changes = world.queue()
    assert (changes.add, changes.cancel) == ([], [])
    today, tomorrow = "act/p/2026-03-02T12:30@a", "act/p/2026-03-03T12:30@a"
    assert world[tomorrow].due_at.second == 45
    world.let(NOON.replace(day=4) - world.clock.now())
    assert {world[key].status for key in (today, tomorrow)} == {Status.published}
    assert [world.network.times(key) for key in (today, tomorrow)] == [1, 1]
    world.close()
