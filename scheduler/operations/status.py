"""Say where everything stands."""

from dataclasses import dataclass
from datetime import datetime

from scheduler.app import App
from scheduler.errors import UsageError
from scheduler.store import Delivery, Pause, Task, controls, deliveries


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where everything stands at one moment."""

    counts: dict[str, int]
    pauses: list[Pause]
    deliveries: list[Delivery]
    tasks: list[Task]
    alive: dict[str, datetime]  # the daemons that run, and their last sign of life


def status(app: App, post: str | None = None) -> Standing:
    """Return where everything, or one post (`ACTION/POST`, `POST` or a delivery's key), stands.

    Raises:
        UsageError: nothing of that name is in the queue.
    """
    with app.store.read() as c:
        found = deliveries.in_status(c)
        if post is not None:
            found = [one for one in found if post in {one.post, f"{one.action}/{one.post}", one.key, one.action}]
            if not found:
                msg = f"{post}: nothing of that name is in the queue: `solidarity queue` puts posts there"
                raise UsageError(msg)
        counted: dict[str, int] = {}
        for one in found:
            counted[one.status] = counted.get(one.status, 0) + 1
        return Standing(
            counts=counted,
            pauses=controls.all_pauses(c),
            deliveries=found,
            tasks=controls.open_tasks(c),
            alive=controls.alive(c, app.clock.now()),
        )


def log(app: App, key: str) -> list[tuple[datetime, str, str]]:
    """Return every step of one delivery: when, what, detail.

    Raises:
        UsageError: there is no such delivery.
    """
    with app.store.read() as c:
        delivery = deliveries.by_key(c, key)
        if delivery is None:
            msg = f"{key}: no delivery of that name; `solidarity status` lists them"
            raise UsageError(msg)
        return deliveries.history(c, delivery.id)
