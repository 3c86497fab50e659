"""PostgreSQL under many hands: claims, pauses, the line on which daemons hear of changes, and locks."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy

from scheduler.app import App
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.operations import deliver
from scheduler.operations.pause import pause
from scheduler.status import Status
from scheduler.store import StateAwayError, Store, claims, controls, deliveries, open_store, postgres, transfer
from scheduler.testing import FakePublisher
from tests import databases
from tests.world import NOON, World, post

DATABASES = ("postgresql",)
WORKERS = 6
ACCOUNTS = tuple("abcdef")
POSTS = 6  # on each account
LEASE = timedelta(minutes=3)


class Busy(FakePublisher):
    """A publisher whose visible calls take a moment; it sees whether an account has two of them at once."""

    calls: ClassVar[Counter[str]] = Counter()
    two_at_once: ClassVar[list[str]] = []
    lock = threading.Lock()

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Put a post out, slowly."""
        with self.lock:
            self.calls[out.account] += 1
            if self.calls[out.account] > 1:
                self.two_at_once.append(out.key)
        time.sleep(0.002)  # a call takes its time
        with self.lock:
            self.calls[out.account] -= 1
            return super().publish(out, staged)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a world with some accounts and the same number of posts on each, all due."""
    found = World(tmp_path, accounts=ACCOUNTS)
    found.write(*(post(f"p{number}", at=NOON + timedelta(seconds=number)) for number in range(POSTS)))
    found.queue()
    found.clock.move_to(NOON + timedelta(minutes=1))
    yield found
    found.close()


def _worker(world: World, number: int) -> App:
    app = world.daemon(f"worker {number}")
    app.factory = lambda account, _workspace, _clock: Busy(account, world.network)
    return app


def _at_once(*work: Callable[[], object]) -> list[Any]:
    """Do all at the same moment; return what came of each."""
    barrier, found = threading.Barrier(len(work)), []

    def one(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            found.append(act())
        except BaseException as fault:  # a thread's faults are the test's
            found.append(fault)

    threads = [threading.Thread(target=one, args=[act]) for act in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return found


def test_workers_side_by_side(world: World):
    """Each goes out once, in the order of its account, and an account has never two calls at once."""
    Busy.calls, Busy.two_at_once = Counter(), []

    def work(app: App) -> Callable[[], int]:
        def steps() -> int:
            while deliver.step(app):
                pass
            return 0

        return steps

    assert set(_at_once(*(work(_worker(world, number)) for number in range(WORKERS)))) == {0}
    world.run()  # what the last of them left as others held its account
    assert Busy.two_at_once == []
    for account in ACCOUNTS:
        out = [one.key for one in world.network.out if one.account == account]
        assert out == [f"act/p{number}@{account}" for number in range(POSTS)]
    assert set(world.statuses().values()) == {Status.published}


@pytest.mark.parametrize("account", ["one", "all"])
def test_claims_at_the_same_moment(tmp_path: Path, account: str):
    """Of one account only one is ever taken, whoever asks at the same moment, and always the first of them."""
    names = ACCOUNTS if account == "all" else ("a",)
    world = World(tmp_path, accounts=names)
    world.write(*(post(f"p{number}", at=NOON + timedelta(seconds=number)) for number in range(WORKERS)))
    world.queue()
    ahead = timedelta(minutes=5)

    def claim(number: int) -> Callable[[], str]:
        def act() -> str:
            for _ in range(len(names) + 2):  # whoever finds a row locked goes on to another account
                try:
                    with world.store.work() as c:
                        taken = claims.claim_to_stage(c, worker=f"w{number}", now=NOON, ahead=ahead, lease=LEASE)
                except claims.TakenError:
                    continue
                if taken:
                    return taken[0].key
            return ""

        return act

    for _ in range(8):
        taken = Counter(_at_once(*(claim(number) for number in range(WORKERS))))
        assert {one: times for one, times in taken.items() if one} == {f"act/p0@{name}": 1 for name in names}
        with world.store.write() as c:
            for one in deliveries.leased(c):
                deliveries.move(c, one, Status.queued, worker="w", now=NOON)
    world.close()


def test_the_index_stops_a_second_one(world: World):
    """Should two take two of one account after all, the database refuses the second, and nothing is changed."""
    first, second = world["act/p0@a"], world["act/p1@a"]
    take = sqlalchemy.text("UPDATE deliveries SET lease_owner = 'w', status = 'claimed' WHERE id = :id")
    with world.store.write() as c:
        c.execute(take, {"id": first.id})
    with pytest.raises(sqlalchemy.exc.IntegrityError), world.store.work() as c:
        c.execute(take, {"id": second.id})
    assert world["act/p1@a"].status is Status.queued


def test_nothing_is_marked_after_a_pause_has_returned(world: World):
    """From the moment at which `pause` returns nothing of the account is about to leave that wasn't already."""
    while deliver.stage_next(world.app):
        pass
    seen: dict[str, int] = {}

    def sent(account: str) -> int:
        with world.store.read() as c:
            return sum(one.attempts for one in deliveries.in_status(c) if one.account == account)

    def stop() -> int:
        for account in ACCOUNTS:
            pause(world.daemon("web"), scope="account", name=account, why="crisis", who="me")
            seen[account] = sent(account)
        return 0

    def work(app: App) -> Callable[[], int]:
        def steps() -> int:
            while any(one not in seen for one in ACCOUNTS) or deliver.step(app):
                deliver.step(app)
            return 0

        return steps

    assert set(_at_once(stop, *(work(_worker(world, number)) for number in range(WORKERS - 1)))) == {0}
    assert {account: sent(account) for account in ACCOUNTS} == seen


# ── the line ──


def test_a_change_is_heard_at_once(world: World):
    """A daemon that listens is woken by what a person commits, also by what came while it did something else."""
    with world.store.line() as line:
        assert line is not None
        assert not line.heard(0.05)
        heard: list[float] = []

        def listen() -> None:
            assert line.heard(20)
            heard.append(time.monotonic())

        listener = threading.Thread(target=listen)
        listener.start()
        with world.store.write() as c:
            controls.note(c, "y", "z", who="x", now=NOON)
        told = time.monotonic()
        listener.join(20)
        assert heard
        assert heard[0] - told < 5  # where nobody tells, it takes the whole of twenty seconds
        with world.store.write() as c:
            controls.note(c, "y", "z", who="x", now=NOON)
        assert line.heard(5)


def test_what_is_taken_back_is_not_told(world: World):
    """Only what is committed wakes anybody, and a worker's own step wakes nobody."""
    with world.store.line() as line:
        assert line is not None
        with pytest.raises(ZeroDivisionError), world.store.write():
            raise ZeroDivisionError
        with world.store.work() as c:
            assert claims.claim_to_stage(c, worker="w", now=NOON, ahead=timedelta(hours=1), lease=LEASE)
        assert not line.heard(0.2)


def test_a_line_that_dies_is_told(world: World):
    """Whoever hears nothing any more knows it, and opens another."""

    def dies() -> None:
        with world.store.line() as line:
            assert line is not None
            databases.server().run(f"SELECT pg_terminate_backend({line._connection.info.backend_pid})")
            line.heard(5)

    with pytest.raises(StateAwayError, match="doesn't answer"):
        dies()


# ── locks ──


def _another(world: World) -> closing[Store]:
    return closing(open_store(world.workspace.database, world.workspace.folder))


def test_a_state_that_somebody_keeps(world: World, monkeypatch: pytest.MonkeyPatch):
    """Who waits too long for another's change is told what to do; afterwards all goes on."""
    monkeypatch.setitem(postgres._SESSION, "lock_timeout", "100ms")
    with _another(world) as other:
        with world.store.write(), pytest.raises(StateAwayError, match="keeps the state locked"), other.work():
            pass
        with world.store.work(), pytest.raises(StateAwayError, match="keeps the state locked"), other.write():
            pass
        with world.store.work(), other.work():
            pass
        with other.write():
            pass


@pytest.mark.parametrize("kind", ["work", "write"])
def test_one_that_stands_still(world: World, monkeypatch: pytest.MonkeyPatch, kind: str):
    """A program that stands still in the middle of a transaction loses its locks, and changes nothing when it wakes."""
    monkeypatch.setitem(postgres._SESSION, "idle_in_transaction_session_timeout", "100ms")
    monkeypatch.setattr(postgres, "_WORKS", postgres._WORKS.replace("10s", "100ms"))
    with _another(world) as other:

        def stands_still() -> None:
            with getattr(other, kind)() as c:
                controls.set_meta(c, "asleep", "yes")
                with world.store.write() as awake:  # waits until the other has lost its lock
                    controls.set_meta(awake, "awake", "yes")
                controls.set_meta(c, "asleep", "still")

        with pytest.raises(StateAwayError):
            stands_still()
    with world.store.read() as c:
        assert (controls.get_meta(c, "asleep"), controls.get_meta(c, "awake")) == (None, "yes")


def test_who_reads_while_all_is_replaced_sees_what_was_there(world: World) -> None:
    """An empty state would be taken at its word: everybody's files would belong to nothing."""
    with closing(open_store(world.workspace.database, world.workspace.folder)) as another:
        with another.read() as before:
            known = len(deliveries.in_status(before))
            seen: list[int] = []

            def read() -> None:
                with world.store.read() as c:
                    seen.append(len(deliveries.in_status(c)))

            with suppress(ZeroDivisionError), another.write() as c:
                transfer.clear(c)
                transfer._go_on_counting(c)
                assert deliveries.in_status(c) == []
                reading = threading.Thread(target=read)
                reading.start()
                reading.join(5)
                raise ZeroDivisionError  # nothing of it stays
        reading.join()
        assert seen == [known] == [len(ACCOUNTS) * POSTS]
        with another.read() as c:
            assert len(deliveries.in_status(c)) == known
        with another.write() as c:  # nor is what comes next numbered like what is there
            deliveries.record(c, deliveries.in_status(c)[0].id, "looked", "", worker="w", now=NOON)
    with pytest.raises(sqlalchemy.exc.DBAPIError), world.store.write() as c:
        c.execute(sqlalchemy.text("DELETE FROM events"))
