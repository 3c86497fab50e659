"""What the posts that are still to go out cost, on networks that ask for money. Pure: nothing is asked of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from scheduler import publishers
from scheduler.model import Account, Planned, Workspace
from scheduler.publishers.base import Publisher

CURRENCY = "USD"


@dataclass(frozen=True, kw_only=True)
class Price:
    """What the posts of one account cost, as far as its network says."""

    account: str
    deliveries: int
    by_month: Mapping[str, Decimal] = field(default_factory=dict)  # 2027-09 -> US dollars
    budget: Decimal | None = None  # US dollars a month

    @property
    def estimate(self) -> Decimal:
        """All of it, in US dollars."""
        return sum(self.by_month.values(), Decimal(0))

    @property
    def over(self) -> tuple[str, ...]:
        """The months in which it costs more than the account may spend."""
        if self.budget is None:
            return ()
        return tuple(month for month, cost in sorted(self.by_month.items()) if cost > self.budget)


def estimates(planned: Iterable[Planned], workspace: Workspace) -> list[Price]:
    """Return what `planned` costs, for each account that costs anything or has a budget, in their order."""
    costs: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    counts: Counter[str] = Counter()
    built: dict[str, Publisher] = {}
    for one in planned:
        account = workspace.accounts.get(one.account)
        if account is None or account.platform not in publishers.names():
            continue
        if account.name not in built:
            built[account.name] = publishers.load(account.platform)(account, secrets={}, folder=workspace.var)
        month = f"{one.due_at.astimezone(workspace.timezone):%Y-%m}"
        costs[account.name][month] += built[account.name].price(one.content)
        counts[account.name] += 1
    found = [
        Price(
            account=account.name, deliveries=counts[account.name], by_month=costs[account.name], budget=_budget(account)
        )
        for account in workspace.accounts.values()
    ]
    return [one for one in found if one.estimate or one.budget is not None]


def _budget(account: Account) -> Decimal | None:
    budget = account.options.get("budget")
    return None if budget is None else Decimal(str(budget))
