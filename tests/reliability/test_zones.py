"""Every change of the clocks, everywhere, 2026 to 2030: all is due on its second, and `check` says what is odd."""

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler import occurrences, plan, posts, rules, slots
from scheduler.model import Account, Action, Phase, Place, Planned, Post, Quiet, Text, Workspace
from scheduler.status import Status
from tests.reliability.on_networks import tell
from tests.reliability.zones import Change, changes, shown
from tests.world import World

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BY_ZONE = [list(group) for _, group in groupby(changes(), key=lambda change: change.zone.key)]
DAYS = 2  # of a recurrence before and after a change


def moment(second: int) -> datetime:
    """Return a second of UTC as a moment."""
    return datetime.fromtimestamp(second, UTC)


def workspace(folder: Path, zone: ZoneInfo, **settings: object) -> Workspace:
    """Return a workspace in a zone."""
    values: dict[str, object] = {"languages": ("en",), "name": Text({"": "Test"}), **settings}
    accounts = {"home": Account(name="home", platform="outbox", language="en")}
    return Workspace(folder=folder, timezone=zone, accounts=accounts, **values)  # type: ignore[arg-type]


def read(folder: Path, zone: ZoneInfo, said: list[dict[str, object]], **head: object) -> posts.Loaded:
    """Write an action's file and read it as `check` does."""
    (folder / "posts").mkdir(exist_ok=True)
    action = {"title": "Act", "phase": "ongoing", **head, "posts": said}
    (folder / "posts/act.yaml").write_text(json.dumps(action), "utf-8")
    return posts.load(workspace(folder, zone), now=NOW)


def planned(loaded: posts.Loaded, folder: Path, zone: ZoneInfo) -> dict[str, Planned]:
    """Return what the queue should hold, by its name."""
    return {one.key: one for one in plan.deliveries(loaded.actions, workspace(folder, zone))}


def odd(loaded: posts.Loaded) -> dict[str, set[str]]:
    """Return by post what `check` says of the clocks."""
    found: dict[str, set[str]] = {}
    for problem in loaded.problems:
        if problem.rule in {"dst-gap", "dst-fold"}:
            found.setdefault((problem.post or "").rpartition("/")[2], set()).add(problem.rule)
    return found


def expected(change: Change, wall: datetime) -> set[str]:
    """Return what `check` has to say of a time, by the seconds that show it."""
    return {0: {"dst-gap"}, 1: set(), 2: {"dst-fold"}}[len(change.seconds(wall))]


def test_there_are_changes_of_every_kind():
    """The sweep meets what it is for: hours skipped and repeated, halves of hours, whole days of the year."""
    found = changes()
    moved = {change.after - change.before for change in found}
    assert {timedelta(hours=1), timedelta(hours=-1), timedelta(minutes=30), timedelta(minutes=-30)} <= moved
    assert len(found) > 200
    tell("zones", "all", changes=len(found), walls=sum(len(change.walls()) for change in found))


def test_a_time_is_the_second_that_shows_it():
    """A wall-clock time is turned into the very second; it is known which times are skipped, and which come twice."""
    for change in changes():
        for wall in change.walls():
            where, found = f"{change.zone.key} {wall}", change.seconds(wall)
            assert occurrences.to_utc(wall, change.zone) == moment(change.due(wall)), where
            assert occurrences.exists(wall, change.zone) == bool(found), where
            assert occurrences.comes_twice(wall, change.zone) == (len(found) == 2), where


@pytest.mark.parametrize("group", BY_ZONE, ids=lambda group: group[0].zone.key)
def test_what_check_says_and_what_is_planned(tmp_path: Path, group: list[Change]):
    """`check` refuses the times that are skipped, warns of those that come twice, and plans each on its second."""
    zone = group[0].zone
    times = [(change, wall) for change in group for wall in change.walls()]
    asked = {f"p{number}": time for number, time in enumerate(times)}
    said: list[dict[str, object]] = [
        {"id": name, "at": f"{wall:%Y-%m-%d %H:%M:%S}", "text": f"Text of {name}"} for name, (_, wall) in asked.items()
    ]
    loaded = read(tmp_path, zone, said)
    wrong = {name: found for name, (change, wall) in asked.items() if (found := expected(change, wall))}
    assert odd(loaded) == wrong
    shows = {name: change.due(wall) for name, (change, wall) in asked.items() if change.seconds(wall)}
    due = {f"act/{name}@home": moment(second) for name, second in shows.items()}
    assert {key: one.due_at for key, one in planned(loaded, tmp_path, zone).items()} == due


@pytest.mark.parametrize("group", BY_ZONE, ids=lambda group: group[0].zone.key)
def test_a_recurrence_keeps_its_wall_clock(tmp_path: Path, group: list[Change]):
    """What recurs keeps its hour on the wall and its names over a change; `check` says which of its times are odd."""
    zone = group[0].zone
    said: list[dict[str, object]] = []
    wanted: dict[str, datetime] = {}
    wrong: dict[str, set[str]] = {}
    for number, change in enumerate(group):
        for at, wall in enumerate(change.walls()):
            walls = [wall + timedelta(days=day) for day in range(-DAYS, DAYS + 1)]
            name = f"p{number}-{at}"
            days = {"from": f"{walls[0]:%Y-%m-%d}", "until": f"{walls[-1]:%Y-%m-%d}"}
            every = {"days": "daily", "time": f"{wall:%H:%M:%S}", **days}
            said.append({"id": name, "every": every, "text": f"Text of {name}"})
            if found := {rule for one in walls for rule in expected(change, one)}:
                wrong[name] = found
            if "dst-gap" not in found:
                wanted |= {f"act/{name}/{one:%Y-%m-%dT%H:%M}@home": moment(change.due(one)) for one in walls}
    loaded = read(tmp_path, zone, said)
    assert odd(loaded) == wrong
    assert {key: one.due_at for key, one in planned(loaded, tmp_path, zone).items()} == wanted


@pytest.mark.parametrize("group", BY_ZONE, ids=lambda group: group[0].zone.key)
def test_a_day_begins_and_ends_with_its_seconds(tmp_path: Path, group: list[Change]):
    """An action that opens or closes on the day of a change does so with its first second, or its last."""
    zone = group[0].zone
    for change in group:
        day = shown(change.second, zone).date()
        noon: dict[str, object] = {"id": "p", "at": f"{day} 12:00", "text": "Text"}
        loaded = read(tmp_path, zone, [noon], opens=str(day), closes=str(day))
        [action] = loaded.actions
        nights = [datetime.combine(one, time()) for one in (day, day + timedelta(days=1))]
        wanted = tuple(moment(change.from_then_on(night)) for night in nights)
        assert (action.opens_at, action.closes_at) == wanted, f"{zone.key} {day}"


def test_quiet_hours_end_on_the_second(tmp_path: Path):
    """What waits for the end of the quiet hours leaves on the first second that isn't quiet, and isn't late by that."""
    for change in changes():
        for wall in change.walls():
            if wall.second or not change.second - 43_200 < change.due(wall) < change.second + 43_200:
                continue
            since = (wall - timedelta(hours=5)).time()
            where = workspace(tmp_path, change.zone, quiet=Quiet(since=since, until=wall.time()))
            begin = change.due(wall) - 3 * 3600
            if not where.quiet or not where.quiet.covers(shown(begin, change.zone).time()):
                continue
            end = next(
                second
                for second in range(begin, begin + 6 * 3600, 60)
                if not where.quiet.covers(shown(second, change.zone).time())
            )
            found = rules.quiet_until(moment(begin), where)
            assert found is not None
            assert found.astimezone(UTC) == moment(end), f"{change.zone.key} quiet until {wall}"


def test_a_slot_by_hand_is_the_moment_that_was_said(tmp_path: Path):
    """A moderator's own time is that moment; the second of two that bear one name can't be had, and is refused."""
    post = Post(id="p", text=Text({"": "Text"}), place=Place(file="posts/act.yaml"), submissions=True)
    action = Action(key="act", title=Text({"": "Act"}), phase=Phase.ongoing, posts=(post,), file="posts/act.yaml")
    for change in changes():
        for wall in change.walls():
            for number, second in enumerate(change.seconds(wall)):
                given = partial(slots.at, action, workspace(tmp_path, change.zone), moment(second))
                if number:
                    with pytest.raises(ValueError, match="comes twice"):
                        given()
                else:
                    assert given().due_at == moment(second - wall.second)


@pytest.mark.parametrize("change", changes()[::29], ids=lambda change: f"{change.zone.key} {moment(change.second)}")
def test_each_leaves_on_its_second(tmp_path: Path, change: Change):
    """With the daemon at work over a change, nothing leaves a second early, and all of it on its second."""
    world = World(tmp_path)
    world.workspace = world.app.workspace = replace(world.workspace, timezone=change.zone)
    walls = [wall for wall in change.walls() if change.seconds(wall)]
    due: dict[int, set[str]] = {}
    for number, wall in enumerate(walls):
        due.setdefault(change.due(wall), set()).add(f"act/p{number}@a")
    world.clock.move_to(moment(min(due) - 600))
    place = Place(file="posts/act.yaml")
    made = [Post(id=f"p{at}", text=Text({"": f"Text {at}"}), place=place, at=wall) for at, wall in enumerate(walls)]
    world.write(*made)
    world.queue()
    out: set[str] = set()
    for second in sorted(due):
        for now in (second - 1, second):
            world.clock.move_to(moment(now))
            world.run()
            out |= due.get(now, set())
            assert {one.key for one in world.network.out} == out, f"{change.zone.key} at {moment(now)}"
    assert set(world.statuses().values()) == {Status.published}
    assert len(world.network.out) == len(walls)
    world.close()
