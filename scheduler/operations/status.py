"""Say where everything stands.

Each question is answered twice: `status` and `log` ask an opened state; `status_at_once` and `log_at_once` look at its
file, in half the time, and answer None where it has to be opened. A test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from scheduler.errors import UsageError
from scheduler.model import Workspace
from scheduler.store import Delivery, Pause, Task, glance

if TYPE_CHECKING:
    from scheduler.app import App

Step = tuple[datetime, str, str]
"""One step of a delivery: when, what, detail."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where everything stands at one moment."""

    counts: dict[str, int]
    pauses: list[Pause]
    deliveries: list[Delivery]
    tasks: list[Task]
    alive: dict[str, datetime]  # the daemons that run, and their last sign of life


def status(app: "App", post: str | None = None) -> Standing:
    """Return where everything, or one post (`ACTION/POST`, `POST` or a delivery's key), stands.

    Raises:
        UsageError: nothing of that name is in the queue.
    """
    from scheduler.store import controls, deliveries

    with app.store.read() as c:
        return _standing(
            glance.Seen(
                deliveries=deliveries.in_status(c),
                pauses=controls.all_pauses(c),
                tasks=controls.open_tasks(c),
                alive=controls.alive(c, app.clock.now()),
            ),
            post,
        )


def status_at_once(workspace: Workspace, post: str | None = None, *, now: datetime) -> Standing | None:
    """Return the same of a state that isn't opened; None where it has to be.

    Raises:
        UsageError: nothing of that name is in the queue.
    """
    seen = glance.everything(workspace.database, workspace.folder, now)
    return None if seen is None else _standing(seen, post)


def _standing(seen: glance.Seen, post: str | None) -> Standing:
    found = seen.deliveries
    if post is not None:
        found = [one for one in found if post in {one.post, f"{one.action}/{one.post}", one.key, one.action}]
        if not found:
            msg = f"{post}: nothing of that name is in the queue: `solidarity queue` puts posts there"
            raise UsageError(msg)
    counted: dict[str, int] = {}
    for one in found:
        counted[one.status] = counted.get(one.status, 0) + 1
    return Standing(counts=counted, pauses=seen.pauses, deliveries=found, tasks=seen.tasks, alive=seen.alive)


def log(app: "App", key: str) -> list[Step]:
    """Return every step of one delivery.

    Raises:
        UsageError: there is no such delivery.
    """
    from scheduler.store import deliveries

    with app.store.read() as c:
        delivery = deliveries.by_key(c, key)
        if delivery is None:
            msg = f"{key}: no delivery of that name; `solidarity status` lists them"
            raise UsageError(msg)
        return deliveries.history(c, delivery.id)


def log_at_once(workspace: Workspace, key: str) -> list[Step] | None:
    """Return the same of a state that isn't opened; None where it has to be, or has no such delivery."""
    return glance.history(workspace.database, workspace.folder, key)
