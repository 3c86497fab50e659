"""What an account may cost a month: what is too dear is held, and goes when it fits or a person says so."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler import budget
from scheduler.errors import AccountBlocked
from scheduler.model import Account, Lateness, Then
from scheduler.operations.cancel import cancel
from scheduler.operations.retry import retry
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from tests.world import NOON, World, post

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEY = "act/p@a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a world whose account may cost five cents a month, where a post costs two."""
    made = World(tmp_path)
    made.network.price = Decimal("0.02")
    _allow(made, "0.05")
    yield made
    made.close()


def _allow(world: World, amount: object) -> None:
    """Write another budget into config.yaml."""
    accounts = {
        name: replace(account, options={"budget": amount} if amount is not None else {})
        for name, account in world.workspace.accounts.items()
    }
    world.workspace = replace(world.workspace, accounts=accounts)
    world.app.adopt(world.workspace)


def _posts(world: World, count: int, **settings: object) -> None:
    world.write(*(post(f"p{n}", at=NOON + n * MINUTE, text=f"Text {n}", **settings) for n in range(count)))
    world.queue()


def _held(world: World) -> list[str]:
    return [key for key, status in world.statuses().items() if status is Status.held]


def test_what_does_not_fit_is_held_with_figures_and_cure(world: World):
    """Two posts fit into five cents; the third says what the month has cost."""
    _posts(world, 3)
    world.let(HOUR)
    assert len(world.network.out) == 2
    assert _held(world) == ["act/p2@a"]
    reason = world["act/p2@a"].reason
    assert reason.startswith(
        "budget: a may cost $0.05 a month; $0.04 of it is used in 2026-03, and this would cost $0.02: raise its budget"
    )
    assert "`solidarity retry act/p2@a` sends it all the same" in reason


def test_what_is_prepared_at_the_same_time_counts(world: World):
    """Posts that are prepared together don't pass the budget together."""
    world.write(*(post(f"p{n}", at=NOON + MINUTE, text=f"Text {n}") for n in range(4)))
    world.queue()
    world.let(HOUR)
    assert len(world.network.out) == 2


def test_a_person_can_send_it_all_the_same(world: World):
    """`retry` stands above the budget."""
    _posts(world, 3)
    world.let(HOUR)
    retry(world.app, "act/p2@a", who="me")
    world.let(MINUTE)
    assert len(world.network.out) == 3


def test_a_higher_budget_lets_it_go(world: World):
    """What was held goes by itself as soon as config.yaml allows it."""
    _posts(world, 4)
    world.let(10 * MINUTE)
    assert len(_held(world)) == 2
    _allow(world, 0.07)
    world.let(MINUTE)
    assert len(world.network.out) == 3
    assert _held(world) == ["act/p3@a"]
    _allow(world, None)
    world.let(MINUTE)
    assert _held(world) == []


def test_the_next_month_has_a_budget_of_its_own(world: World):
    """What was held in March goes in April, where its lateness rule allows it."""
    _posts(world, 3, late=Lateness(then=Then.publish))
    world.let(29 * DAY)
    assert _held(world) == ["act/p2@a"]
    world.let(2 * DAY)
    assert _held(world) == []
    assert len(world.network.out) == 3


def test_one_that_is_late_by_then_is_held_as_late(world: World):
    """The budget's end is no way around the lateness rule."""
    _posts(world, 3)
    world.let(31 * DAY)
    assert world["act/p2@a"].hold == "late"


def test_what_may_be_out_counts_and_what_is_taken_down_too(world: World):
    """Money that was spent doesn't come back; what was refused costs nothing."""
    world.network.faults = ["ok", "refused"]
    _posts(world, 2)
    world.let(10 * MINUTE)
    withdraw(world.app, "act/p0@a", who="me")
    world.let(MINUTE)
    assert world["act/p0@a"].status is Status.withdrawn
    world.write(post("p0"), post("p1"), *(post(f"q{n}", at=NOON + HOUR + n * MINUTE, text=f"Q {n}") for n in range(2)))
    world.queue()
    world.let(2 * HOUR)
    assert [one.key for one in world.network.out] == ["act/p0@a", "act/q0@a"]


def test_a_thread_counts_by_its_parts(world: World):
    """A thread that is too dear doesn't begin; of one that stopped, the parts that are out are counted."""
    world.threads["p"] = ("two", "three")
    world.write(post())
    world.queue()
    world.let(MINUTE)
    assert world[KEY].hold == "budget"
    assert "this would cost $0.06" in world[KEY].reason
    _allow(world, "0.06")
    world.network.faults = ["ok", "refused"]
    world.let(MINUTE)
    assert world[KEY].status is Status.failed
    cancel(world.app, KEY, who="me")
    _allow(world, "0.05")
    world.write(post(), post("q", at=NOON + HOUR, text="Q"), post("r", at=NOON + HOUR, text="R"))
    world.queue()
    world.let(2 * HOUR)
    assert [one.key for one in world.network.out] == [KEY, "act/q@a"]


def test_a_thread_that_has_begun_is_brought_to_its_end(world: World):
    """A budget that is cut while part 2 waits stops no thread in its middle."""
    world.threads["p"] = ("two",)
    world.network.faults = ["ok", "later"]
    world.write(post())
    world.queue()
    world.run()
    assert world.network.times(KEY) == 1
    _allow(world, 0)
    world.let(HOUR)
    assert world.network.times(KEY, 2) == 1


def test_a_budget_of_nothing_holds_what_costs_something(world: World):
    """Zero is a budget; what costs nothing goes all the same."""
    _allow(world, 0)
    world.network.price = Decimal(0)
    _posts(world, 1)
    world.let(MINUTE)
    assert len(world.network.out) == 1


@pytest.mark.parametrize("wrong", ["much", "-1", "NaN", True, [5]])
def test_a_budget_that_is_no_amount_holds_the_account(world: World, wrong: object):
    """Nothing is spent on a budget that nobody understands."""
    with pytest.raises(AccountBlocked, match="is no amount"):
        budget.of(Account(name="a", platform="fake", language="en", options={"budget": wrong}))
    _allow(world, wrong)
    _posts(world, 1)
    world.let(MINUTE)
    assert world["act/p0@a"].hold == "account"
    assert world.network.out == []


def test_a_month_is_one_of_the_wall_clock():
    """It begins at midnight where the workspace is, also in December and over a change of the clocks."""
    zone = ZoneInfo("America/Toronto")
    begin, end = budget.month(NOON, zone)
    assert (begin.isoformat(), end.isoformat()) == ("2026-03-01T00:00:00-05:00", "2026-04-01T00:00:00-04:00")
    begin, end = budget.month(NOON.replace(month=12, day=31), zone)
    assert (begin.month, end.year, end.month) == (12, 2027, 1)
