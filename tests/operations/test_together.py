"""What several lanes ask for at the same moment is done in one transaction, and is each one's own all the same."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.app import App
from scheduler.operations import deliver
from scheduler.status import Status
from scheduler.store import Delivery, deliveries
from scheduler.together import Together
from tests.world import NOON, World, post

ACCOUNTS = tuple("abcdefgh")
MINUTE = timedelta(minutes=1)


def _all(world: World) -> list[Delivery]:
    with world.store.read() as c:
        return deliveries.in_status(c)


def _until(there: Callable[[], bool]) -> None:
    """Wait for something that other threads are about to do."""
    for _ in range(30_000):
        if there():
            return
        threading.Event().wait(0.001)
    pytest.fail("they didn't come")


def _at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all of it in threads; return what came of each, errors too."""
    found: list[Any] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            found[number] = acts[number]()
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return found


class Rounds:
    """Answers with a number's double; the first round waits until all the others are there."""

    def __init__(self, others: int, broken: tuple[int, ...] = ()) -> None:
        self.together = Together(self.answer)
        self.others, self.broken = others, broken
        self.asked: list[list[int]] = []

    def answer(self, asked: Sequence[int]) -> list[int]:
        """Note the round."""
        self.asked.append(list(asked))
        if len(self.asked) == 1:
            _until(lambda: len(self.together._waiting) == self.others)
        if set(asked) & set(self.broken):
            msg = "broken"
            raise ValueError(msg)
        return [2 * one for one in asked]


def test_who_comes_meanwhile_is_answered_together():
    """The first goes by itself, all the others in one round; each has its own answer."""
    rounds = Rounds(others=20)
    assert _at_once(*(lambda n=n: rounds.together.ask(n) for n in range(21))) == [2 * n for n in range(21)]
    assert [len(one) for one in rounds.asked] == [1, 20]
    assert rounds.together.ask(50) == 100


def test_whose_round_fails_is_answered_alone():
    """One that can't be answered spoils nobody else's answer, and its own error is its own."""
    rounds = Rounds(others=9, broken=(7,))
    found = _at_once(*(lambda n=n: rounds.together.ask(n) for n in range(10)))
    assert isinstance(found.pop(7), ValueError)
    assert found == [2 * n for n in range(10) if n != 7]
    assert rounds.together.ask(50) == 100


@contextmanager
def _gathered(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[list[int]]:
    """Let the first question wait until so many are there: they are a round of their own. Yield the rounds' sizes."""
    given, sizes = deliver._given, []

    def planted(app: App, asked: Sequence[Any]) -> list[Any]:
        rounds = app._rounds[planted]
        if not sizes:
            _until(lambda: len(rounds._waiting) == number - 1)
        sizes.append(len(asked))
        return given(app, asked)

    monkeypatch.setattr(deliver, "_given", planted)
    yield sizes


def _prepared(folder: Path, each: int = 1) -> World:
    world = World(folder, accounts=ACCOUNTS)
    world.write(*(post(f"p{number}", at=NOON + number * timedelta(seconds=1)) for number in range(each)))
    world.queue()
    while deliver.stage_next(world.app):
        pass
    world.clock.move_to(NOON + MINUTE)
    return world


def test_lanes_take_one_of_each_account_and_send_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Eight lanes at the same moment: one transaction, eight accounts, each account's posts in order, each once."""
    world = _prepared(tmp_path, each=3)
    with _gathered(monkeypatch, 8) as sizes:
        assert _at_once(*(lambda: deliver.send_next(world.app) for _ in range(8))) == [True] * 8
        assert sizes[0] == 1
        assert sizes[1] >= 7
    world.run()
    assert [one.status for one in _all(world)] == [Status.published] * 24
    assert Counter(one.key for one in world.network.out) == Counter(one.key for one in _all(world))
    for name in ACCOUNTS:
        sent = [one.key for one in world.network.out if one.account == name]
        assert sent == [f"act/p{number}@{name}" for number in range(3)]
    world.close()


def test_nobody_is_given_more_than_there_are_lanes(tmp_path: Path):
    """An intent is committed only for a lane that is there to make the call at once."""
    world = _prepared(tmp_path)
    given = deliver._given(world.app, [deliver.Wanted(send=True)] * 3)
    assert [one.status for one in given] == [Status.sending] * 3
    assert Counter(one.status for one in _all(world)) == {Status.sending: 3, Status.staged: 5}
    world.close()


def test_a_write_that_fails_takes_no_other_receipt_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of eight receipts in one transaction one can't be filed: the other seven are, and that one is looked up."""
    world = _prepared(tmp_path)
    sending = deliver._given(world.app, [deliver.Wanted(send=True)] * 8)
    file = deliveries.file_receipt

    def planted(c: Any, one: Any, *given: Any, **more: Any) -> bool:
        if one.account == "c":
            msg = "a fault nobody thought of"
            raise RuntimeError(msg)
        return file(c, one, *given, **more)

    monkeypatch.setattr(deliveries, "file_receipt", planted)
    with _gathered(monkeypatch, 8):
        found = _at_once(*(lambda one=one: deliver._send(world.app, one, time.monotonic()) for one in sending))
    assert sum(isinstance(one, Exception) for one in found) <= 1
    monkeypatch.setattr(deliveries, "file_receipt", file)
    stands = {one.account: one.status for one in _all(world)}
    assert stands == {name: Status.sending if name == "c" else Status.published for name in ACCOUNTS}
    world.clock.move_to(world.clock.now() + 10 * MINUTE)
    world.run()
    assert {one.status for one in _all(world)} == {Status.published}
    assert [world.network.times(one.key) for one in _all(world)] == [1] * 8
    world.close()
