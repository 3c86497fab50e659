"""The audit: what people did, and whether the record of it is whole."""

from typing import Annotated

from fastapi import APIRouter, Query

from scheduler.operations import audit
from scheduler.web.api import shapes
from scheduler.web.api.rights import Governor, Parts

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("")
def what_people_did(
    app: Parts,
    _who: Governor,
    after: Annotated[int, Query(ge=0, le=2**53, description="the last id that was seen; 0: from the newest")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[shapes.Entry]:
    """List what people did, newest first."""
    return [shapes.Entry.of(one) for one in audit.entries(app, after, limit)]


@router.get("/verify")
def whether_it_is_whole(app: Parts, _who: Governor) -> shapes.Verified:
    """Compute the chain of hashes again."""
    return shapes.Verified.of(audit.verify(app))
