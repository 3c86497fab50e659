"""What the tests of the schedule's pages share: a queue in every state, and a way to count statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, insert

from scheduler.app import App
from scheduler.model import Content, Lateness, Planned
from scheduler.status import Status
from scheduler.store import Delivery, adding, deliveries
from scheduler.store.records import planned_values
from scheduler.store.tables import deliveries as table
from tests.web.site import Served

UNSENT = {"delays": 0, "attempts": 0, "looks": 0, "fence": 0}


def planned(key: str, due_at: datetime, *, text: str = "Hello", **values: Any) -> Planned:
    """Return a delivery that a plan could want: ACTION/POST@ACCOUNT."""
    action, _, rest = key.partition("/")
    post, _, account = rest.partition("@")
    content = values.pop("content", None) or Content(text=text, language="en")
    return Planned(
        key=key,
        action=action,
        post=post.partition("/")[0],
        account=account,
        platform="outbox",
        due_at=due_at,
        content=content,
        late=Lateness(),
        **values,
    )


def put(app: App, key: str, due_at: datetime, *, status: Status = Status.queued, **values: Any) -> Delivery:
    """Put one delivery into the queue as it would stand there."""
    columns = {name: values.pop(name) for name in ("hold", "reason", "url", "published_at", "looks") if name in values}
    with app.store.write() as c:
        one = planned(key, due_at, **values)
        adding.add(c, one, status=status, worker="test", now=app.clock.now(), **columns)
    return get(app, key)


def get(app: App, key: str) -> Delivery:
    """Return a delivery as it stands."""
    with app.store.read() as c:
        found = deliveries.by_key(c, key)
    assert found is not None, key
    return found


def fill(app: App, number: int, since: datetime, *, apart: timedelta) -> None:
    """Put many deliveries into the queue, one after the other."""
    rows = [
        {**planned_values(planned(f"salma/p{n}@{'en' if n % 2 else 'fr'}", since + n * apart)), "status": "queued"}
        for n in range(number)
    ]
    with app.store.write() as c:
        c.execute(insert(table), rows)


@contextmanager
def statements(served: Served) -> Iterator[list[str]]:
    """Give the list of what the database is asked meanwhile."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(served.app.store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(served.app.store.engine, "before_cursor_execute", note)
