"""What posts cost is said before they go out, by account and month, beside what the account may spend."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler import prices, publishers
from scheduler.model import Account, Content, Lateness, Planned, Text, Workspace
from scheduler.publishers import outbox

HERE = Workspace(
    folder=Path("/nowhere"),
    name=Text({"": "Test"}),
    timezone=ZoneInfo("America/Toronto"),
    languages=("en",),
    accounts={
        "dear": Account(name="dear", platform="outbox", language="en", options={"budget": 1.5}),
        "free": Account(name="free", platform="outbox", language="en"),
    },
)


class Dear(outbox.Publisher):
    """A network that takes half a dollar a part, of accounts with a budget."""

    def price(self, content: Content) -> Decimal:
        """See the class."""
        return Decimal("0.5") * (1 + len(content.thread)) if "budget" in self.account.options else Decimal(0)


@pytest.fixture(autouse=True)
def dear(monkeypatch):
    """Let posts cost something."""
    monkeypatch.setattr(publishers, "load", lambda _: Dear)


def planned(account: str, *, day: int = 1, month: int = 9, thread: tuple[str, ...] = ()) -> Planned:
    """Return a delivery at two in the morning UTC: in Toronto that is the day before."""
    return Planned(
        key=f"act/{month}-{day}@{account}",
        action="act",
        post="p",
        account=account,
        platform="outbox",
        due_at=datetime(2027, month, day, 2, tzinfo=UTC),
        content=Content(text="Hello", language="en", thread=thread),
        late=Lateness(),
    )


def test_by_account_and_month_of_the_workspace():
    """Each part of a thread costs; the month is that of the workspace's wall clock; what costs nothing isn't listed."""
    (one,) = prices.estimates(
        [planned("dear"), planned("dear", day=2), planned("dear", day=3, thread=("More",)), planned("free")], HERE
    )
    assert (one.account, one.deliveries, one.estimate) == ("dear", 3, Decimal("2.0"))
    assert one.by_month == {"2027-08": Decimal("0.5"), "2027-09": Decimal("1.5")}
    assert (one.budget, one.over) == (Decimal("1.5"), ())


def test_a_month_over_the_budget_is_named():
    """The budget is one a month: a month that costs more is named, not the sum."""
    found = [planned("dear", day=day, month=month) for month in (9, 10) for day in (2, 3, 4)]
    assert prices.estimates(found, HERE)[0].over == ()
    assert prices.estimates([*found, planned("dear", day=5, month=10)], HERE)[0].over == ("2027-10",)


def test_an_account_with_a_budget_is_listed_without_posts():
    """Nothing planned costs nothing, and is said; an unknown network or account is passed over."""
    (one,) = prices.estimates([planned("gone"), replace(planned("free"), account="gone")], HERE)
    assert (one.account, one.deliveries, one.estimate) == ("dear", 0, 0)
