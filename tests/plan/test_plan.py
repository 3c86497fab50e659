"""Planning is a pure function: idempotent, independent of order, true to the wall clock."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler import occurrences, plan
from scheduler.model import Account, Action, Every, Phase, Place, Post, Text, Workspace

HERE = Place(file="posts/act.yaml")
ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix", "right"))
)


def workspace(zone: str, *accounts: str) -> Workspace:
    """Return a workspace in a zone."""
    return Workspace(
        folder=Path("/nowhere"),
        name=Text({"": "Test"}),
        timezone=ZoneInfo(zone),
        languages=("en",),
        accounts={name: Account(name=name, platform="outbox", language="en") for name in accounts},
    )


def action(*posts: Post, key: str = "act", **settings: object) -> Action:
    """Return an action with these posts."""
    values = {"title": Text({"": "Act"}), "phase": Phase.ongoing, "file": "posts/act.yaml", **settings}
    return Action(key=key, posts=posts, **values)  # type: ignore[arg-type]


def every(rrule: str, at: time, since: date, until: date) -> Post:
    """Return a recurring post."""
    return Post(id="r", text=Text({"": "x"}), place=HERE, every=Every(rrule=rrule, time=at, since=since, until=until))


posts = st.lists(
    st.builds(
        lambda name, at, text: Post(id=name, text=Text({"": text}), place=HERE, at=at.replace(second=0, microsecond=0)),
        st.from_regex(r"[a-z]{1,8}", fullmatch=True),
        st.datetimes(min_value=datetime(2021, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001 - wall clock
        st.text(max_size=40),
    ),
    unique_by=lambda one: one.id,
    max_size=6,
)


@given(posts=posts, data=st.data())
def test_the_order_of_files_and_posts_changes_nothing(posts: list[Post], data: st.DataObject):
    """The same posts in any order give the same deliveries, and so does asking twice."""
    here = workspace("America/Toronto", "a", "b")
    mixed = data.draw(st.permutations(posts))
    first = plan.deliveries([action(*posts), action(*posts, key="other")], here)
    assert first == plan.deliveries([action(*mixed, key="other"), action(*mixed)], here)
    assert first == sorted(first, key=lambda one: (one.due_at, one.key))


@given(posts=posts)
def test_keys_are_unique(posts: list[Post]):
    """No two deliveries bear one key, and each post has one delivery an account."""
    planned = plan.deliveries([action(*posts)], workspace("UTC", "a", "b"))
    assert len({one.key for one in planned}) == len(planned) == 2 * len(posts)


@settings(max_examples=300, deadline=None)
@given(zone=st.sampled_from(ZONES), hour=st.integers(0, 23), year=st.integers(2020, 2031))
def test_a_recurrence_keeps_the_wall_clock_in_every_zone(zone: str, hour: int, year: int):
    """Noon stays noon over every change of the clocks, in every zone, unless the clocks skip noon itself."""
    here = ZoneInfo(zone)
    daily = every("FREQ=DAILY", time(hour, 30), date(year, 1, 1), date(year, 12, 31))
    walls = [wall for _, wall in occurrences.walls(daily)]
    assert len(walls) == (date(year, 12, 31) - date(year, 1, 1)).days + 1
    for wall in walls:
        if occurrences.exists(wall, here):
            shown = occurrences.to_utc(wall, here).astimezone(here)
            assert shown.replace(tzinfo=None) == wall


@given(zone=st.sampled_from(ZONES), wall=st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1)))  # noqa: DTZ001
def test_a_time_that_comes_twice_means_the_first(zone: str, wall: datetime):
    """Of two moments with the same name the earlier one is meant."""
    here = ZoneInfo(zone)
    moment = occurrences.to_utc(wall, here)
    if occurrences.comes_twice(wall, here) and occurrences.exists(wall, here):
        second = wall.replace(tzinfo=here, fold=1).astimezone(UTC)
        assert moment <= second


def test_weekdays_by_an_rfc_5545_rule():
    """The first Monday of each month, by a rule of the standard."""
    post = every("FREQ=MONTHLY;BYDAY=1MO", time(9), date(2021, 9, 1), date(2021, 12, 31))
    assert [wall.date().isoformat() for _, wall in occurrences.walls(post)] == [
        "2021-09-06",
        "2021-10-04",
        "2021-11-01",
        "2021-12-06",
    ]


def test_the_last_day_of_a_recurrence_is_included():
    """`until` names the last day on which it still goes."""
    post = every("FREQ=WEEKLY;BYDAY=TU,TH", time(12), date(2021, 9, 14), date(2021, 9, 16))
    assert [name for name, _ in occurrences.walls(post)] == ["2021-09-14T12:00", "2021-09-16T12:00"]


def test_nothing_is_planned_outside_the_window():
    """Occurrences before an action opens, and at or after its end, aren't wanted."""
    post = every("FREQ=DAILY", time(12), date(2021, 9, 1), date(2021, 9, 30))
    opens, closes = datetime(2021, 9, 10, 12, tzinfo=UTC), datetime(2021, 9, 12, 12, tzinfo=UTC)
    planned = plan.deliveries([action(post, opens_at=opens, closes_at=closes)], workspace("UTC", "a"))
    assert [one.due_at for one in planned] == [opens, opens + timedelta(days=1)]


def test_accounts_of_post_action_and_workspace():
    """A post's own accounts win over its action's, and those over the workspace's."""
    at = datetime(2021, 9, 1, 12)  # noqa: DTZ001 - wall clock
    plain = Post(id="p", text=Text({"": "x"}), place=HERE, at=at)
    own = Post(id="q", text=Text({"": "x"}), place=HERE, at=at, accounts=("c",))
    planned = plan.deliveries([action(plain, own, accounts=("a", "b"))], workspace("UTC", "a", "b", "c", "d"))
    assert [one.key for one in planned] == ["act/p@a", "act/p@b", "act/q@c"]
    assert len(plan.deliveries([action(plain)], workspace("UTC", "a", "b", "c", "d"))) == 4


def test_keys_name_action_post_occurrence_and_account():
    """A recurrence's deliveries bear the wall-clock time in their key."""
    assert plan.key("act", "p", "", "a") == "act/p@a"
    assert plan.key("act", "p", "2021-09-14T12:00", "a") == "act/p/2021-09-14T12:00@a"
