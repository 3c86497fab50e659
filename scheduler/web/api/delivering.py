"""Deliveries: each with its steps, and what people decide about it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from scheduler.errors import UsageError
from scheduler.operations import cancel, release, resolve, retry, status, withdraw
from scheduler.status import Status
from scheduler.store import deliveries
from scheduler.web.api import shapes
from scheduler.web.api.rights import Editor, Looker, Parts

router = APIRouter(prefix="/deliveries")
EVER, NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
Key = Annotated[
    str,
    Path(
        max_length=300,
        pattern=shapes.KEYED,
        description="ACTION/POST[/OCCURRENCE]@ACCOUNT; slashes may stand as they are",
    ),
]


class Wanted(BaseModel):
    """Which deliveries to list."""

    model_config = ConfigDict(extra="forbid")

    status: list[Status] = Field(default=[], max_length=20)
    action: str = Field("", max_length=200)
    account: str = Field("", max_length=200)
    offset: int = Field(0, ge=0, le=2**53)
    limit: int = Field(100, ge=1, le=1000)


@router.get("", tags=["deliveries"])
def deliveries_in_order(app: Parts, _who: Looker, wanted: Annotated[Wanted, Query()]) -> list[shapes.Delivery]:
    """List deliveries in the order of their times."""
    with app.store.read() as c:
        found = deliveries.between(
            c,
            EVER,
            NEVER,
            action=wanted.action,
            account=wanted.account,
            statuses=wanted.status,
            limit=wanted.limit,
            offset=wanted.offset,
        )
    return [shapes.Delivery.of(one) for one in found]


@router.get("/{id:path}/log", tags=["deliveries"])
def its_steps(id: Key, app: Parts, _who: Looker) -> list[shapes.Step]:  # noqa: A002 - the name in the address
    """List every step of a delivery."""
    return [shapes.Step(at=at, event=event, detail=detail) for at, event, detail in status.log(app, id)]


@router.get("/{id:path}", tags=["deliveries"])
def one_delivery(id: Key, app: Parts, _who: Looker) -> shapes.Delivery:  # noqa: A002
    """Show one delivery."""
    with app.store.read() as c:
        found = deliveries.by_key(c, id)
    if found is None:
        msg = f"{id}: no delivery of that name"
        raise UsageError(msg)
    return shapes.Delivery.of(found)


@router.post("/{id:path}/approve", tags=["decisions"])
def approve(id: Key, app: Parts, who: Editor) -> shapes.Delivery:  # noqa: A002
    """Approve a delivery that waits for it, as it stands."""
    return shapes.Delivery.of(release.approve(app, id, who=who.name))


@router.post("/{id:path}/retry", tags=["decisions"])
def put_back(id: Key, app: Parts, who: Editor) -> shapes.Delivery:  # noqa: A002
    """Put a delivery back that failed, was missed, cancelled or held for being late."""
    return shapes.Delivery.of(retry.retry(app, id, who=who.name))


@router.post("/{id:path}/cancel", tags=["decisions"])
def take_out(id: Key, app: Parts, who: Editor) -> shapes.Delivery:  # noqa: A002
    """Take a waiting delivery out."""
    return shapes.Delivery.of(cancel.cancel(app, id, who=who.name))


@router.post("/{id:path}/withdraw", tags=["decisions"])
def take_down(id: Key, app: Parts, who: Editor) -> shapes.Delivery:  # noqa: A002
    """Want a post gone, wherever it is; the daemon takes down what is out."""
    return shapes.Delivery.of(withdraw.withdraw(app, id, who=who.name))


@router.post("/{id:path}/resolve", tags=["decisions"])
def settle(id: Key, word: shapes.Resolved, app: Parts, who: Editor) -> shapes.Delivery:  # noqa: A002
    """Settle a delivery whose outcome is unknown."""
    return shapes.Delivery.of(resolve.resolve(app, id, url=word.published, who=who.name))
