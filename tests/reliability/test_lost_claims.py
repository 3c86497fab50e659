"""A claim whose commit was lost, an answer that comes late, words no database takes: nothing twice, nothing lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.errors import Rejected
from scheduler.model import Receipt
from scheduler.operations import deliver
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from scheduler.store import Connection, StateAwayError, Store, deliveries
from scheduler.testing import FakePublisher
from tests.world import World, post

KEY = "act/p@a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a world with one post, prepared and due."""
    made = World(tmp_path)
    made.write(post())
    made.queue()
    assert deliver.stage_next(made.app)
    yield made
    made.close()


class Cut:
    """A state whose first step is rolled back, and the worker is told that the server is away."""

    def __init__(self, store: Store, meanwhile: Any) -> None:
        self._store, self._meanwhile, self._cut = store, meanwhile, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def work(self) -> Iterator[Connection]:
        if self._cut:
            with self._store.work() as c:
                yield c
            return
        self._cut = True
        with suppress(ZeroDivisionError), self._store.work() as c:
            yield c
            raise ZeroDivisionError
        self._meanwhile()
        raise StateAwayError("the database doesn't answer")


class Slow(FakePublisher):
    """Has put the post out, and waits."""

    out: threading.Event
    go_on: threading.Event

    def publish(self, *given: Any) -> Receipt:
        receipt = super().publish(*given)
        self.out.set()
        assert self.go_on.wait(30)
        return receipt


def test_a_claim_that_was_lost_is_not_taken_for_anothers(world: World):
    """The next worker's claim has the same number; what it has on the wire isn't put back into the queue."""
    Slow.out, Slow.go_on = threading.Event(), threading.Event()
    first, second = world.daemon("first"), world.daemon("second")
    second.factory = lambda account, *_: Slow(account, world.network)
    sender = threading.Thread(target=lambda: deliver.send_next(second))

    def meanwhile() -> None:
        sender.start()
        assert Slow.out.wait(30)

    first.store = Cut(world.store, meanwhile)  # type: ignore[assignment]
    with pytest.raises(StateAwayError):
        deliver.send_next(first)
    assert world[KEY].status is Status.sending
    world.run(world.daemon("third"))
    Slow.go_on.set()
    sender.join(30)
    world.let(timedelta(minutes=1))
    assert world[KEY].status is Status.published
    assert world.network.times(KEY, 1) == 1


@pytest.mark.parametrize("unwanted", [False, True])
def test_an_answer_that_comes_late_is_filed(world: World, *, unwanted: bool):
    """Given up, and queued again: once the network's word is there it is out, and what isn't wanted comes down."""

    class Late(FakePublisher):
        def publish(self, *given: Any) -> Receipt:
            with world.store.write() as c:  # somebody believes that it isn't out
                current = deliveries.by_id(c, world[KEY].id)
                deliveries.move(c, current, Status.queued, worker="other", now=world.clock.now(), fenced=False)
            if unwanted:
                withdraw(world.app, KEY, who="me")
            return super().publish(*given)

    app = world.daemon("late")
    app.factory = lambda account, *_: Late(account, world.network)
    deliver.send_next(app)
    assert world[KEY].status is Status.published
    world.let(timedelta(hours=1))
    assert world.network.times(KEY, 1) == 1
    assert world[KEY].status is (Status.withdrawn if unwanted else Status.published)


def test_words_that_no_database_takes(world: World):
    """A network that answers with a NUL and half a character is refused for good like any other."""

    class Garbled(FakePublisher):
        def publish(self, *_: Any) -> Receipt:
            raise Rejected("no\0way \ud83d")

    app = world.daemon("x")
    app.factory = lambda account, *_: Garbled(account, world.network)
    deliver.send_next(app)
    assert (world[KEY].status, world[KEY].reason) == (Status.failed, "noway ?")
