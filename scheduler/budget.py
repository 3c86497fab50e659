"""What an account may cost in a calendar month, and what it has cost: by each network's own prices.

Stands beside the operations: one that prepares a post asks it, and one that recovers frees what fits again.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from scheduler.app import App
from scheduler.errors import AccountBlocked, UserError
from scheduler.model import Account
from scheduler.publishers.base import Publisher
from scheduler.status import Status
from scheduler.store import Connection, Delivery, deliveries

_PAID = frozenset({Status.sending, Status.unknown, Status.needs_human, Status.published, Status.withdrawn})
_AHEAD = frozenset({Status.claimed, Status.staged})


def exceeded(c: Connection, app: App, delivery: Delivery, publisher: Publisher) -> str:
    """Return in words why a delivery doesn't fit into what its account may cost this month; empty where it does.

    A person's word (`retry`) stands above it, and a thread that has begun is brought to its end.

    Raises:
        AccountBlocked: the budget in config.yaml is no amount.
    """
    budget = of(app.workspace.accounts[delivery.account])
    if budget is None or not applies(app, delivery):
        return ""
    now = app.clock.now()
    begin, end = month(now, app.workspace.timezone)
    price = publisher.price(delivery.content)
    found = deliveries.of_account(c, delivery.account, begin=begin, end=end)
    spent = sum((_cost(one, publisher, begin, end) for one in found if one.id != delivery.id), Decimal(0))
    if price == 0 or spent + price <= budget:
        return ""
    return (
        f"budget: {delivery.account} may cost ${budget:f} a month; ${spent:f} of it is used in "
        f"{now.astimezone(app.workspace.timezone):%Y-%m}, and this would cost ${price:f}: raise its budget in "
        f"config.yaml, `solidarity retry {delivery.key}` sends it all the same, `solidarity cancel {delivery.key}` "
        "drops it"
    )


def applies(app: App, delivery: Delivery) -> bool:
    """Tell whether what a delivery costs is looked at.

    Raises:
        AccountBlocked: the budget in config.yaml is no amount.
    """
    told = delivery.late_accepted or delivery.parts
    return not told and of(app.workspace.accounts[delivery.account]) is not None


def of(account: Account) -> Decimal | None:
    """Return what an account may cost a month, in US dollars; None where nothing is said.

    Raises:
        AccountBlocked: what is said is no amount.
    """
    said = account.options.get("budget")
    if said is None:
        return None
    try:
        budget = Decimal(str(said))
    except InvalidOperation:
        budget = Decimal("NaN")
    if not budget.is_finite() or budget < 0:
        msg = f"{account.name}: budget {said} is no amount of US dollars a month: correct it in config.yaml"
        raise AccountBlocked(msg)
    return budget


def month(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the beginning of the calendar month of a moment in a zone, and that of the next one."""
    begin = now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    year, number = (begin.year + 1, 1) if begin.month == 12 else (begin.year, begin.month + 1)
    return begin, begin.replace(year=year, month=number)


def _cost(one: Delivery, publisher: Publisher, begin: datetime, end: datetime) -> Decimal:
    """Return what a delivery has cost, or is about to cost, in a month; of a thread that stopped, its parts."""
    sent = one.sending_at or one.published_at
    if one.status not in _AHEAD and (sent is None or not begin <= sent < end):
        return Decimal(0)
    if one.status in _PAID | _AHEAD:
        return publisher.price(one.content)
    if one.parts:
        return publisher.price(replace(one.content, thread=one.content.thread[: len(one.parts) - 1]))
    return Decimal(0)


def free(app: App) -> bool:
    """Put back what was held for its account's budget and fits into it now; tell whether there was any."""
    with app.store.read() as c:
        held = deliveries.held_for(c, "budget")
    return any(_free(app, one) for one in held)


def _free(app: App, held: Delivery) -> bool:
    try:
        publisher = app.publisher(held.account)
        with app.store.write() as c:
            one = deliveries.by_id(c, held.id)
            if one.fence != held.fence or one.status is not Status.held or exceeded(c, app, one, publisher):
                return False
            detail = "its account's budget has room for it"
            return deliveries.move(c, one, Status.queued, worker=app.worker, now=app.clock.now(), detail=detail)
    except (AccountBlocked, UserError):
        return False  # it stays held; whoever mends the account sees why
