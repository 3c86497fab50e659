"""A person has done what only a person could do: a post is down that the network wouldn't delete for a program."""

from scheduler.app import App
from scheduler.errors import UsageError
from scheduler.status import MOVES, Status
from scheduler.store import Delivery, controls, deliveries, withdrawals


def done(app: App, task: int, *, who: str) -> Delivery:
    """Close a task; once nothing is left to do about its post, the post counts as taken down.

    Raises:
        UsageError: there is no such task, or it is done already.
    """
    now = app.clock.now()
    with app.store.write() as c:
        number = controls.done_task(c, task, now=now)
        if number is None:
            msg = "somebody has done this already"
            raise UsageError(msg)
        delivery = deliveries.by_id(c, number)
        controls.note(c, "task-done", delivery.key, who=who, now=now)
        left = any(one.key == delivery.key for one in controls.open_tasks(c))
        out = delivery.status is Status.published or delivery.up
        if out and Status.withdrawn in MOVES[delivery.status] and not left:
            detail = f"taken down by hand, says {who}"
            deliveries.move(
                c, delivery, Status.withdrawn, worker=app.worker, now=now, detail=detail, fenced=False, reason=""
            )
        over, found = withdrawals.settle(c, number), deliveries.by_id(c, number)
    if over:
        app.store.checkpoint()
    return found
