"""A property machine over the real store and operations: whatever happens in whatever order, nothing goes twice.

The clock, the network and people are Hypothesis's to play: it edits, approves, pauses, withdraws, jumps the clock,
lets calls fail in every way and kills workers at any write, and then this file looks at what is out.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event

from scheduler.errors import UserError
from scheduler.model import Lateness, Outgoing, Post, Receipt, Then
from scheduler.operations import deliver, recover
from scheduler.operations.cancel import cancel
from scheduler.operations.pause import pause, resume
from scheduler.operations.release import approve, release
from scheduler.operations.resolve import resolve
from scheduler.operations.retry import retry
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from scheduler.store import controls, deliveries
from scheduler.testing import FAULTS, FakeNetwork
from tests.reliability.on_networks import tell
from tests.world import NOON, World, post

EXAMPLES = int(os.environ.get("SOLIDARITY_MACHINE_EXAMPLES", "1000"))
STEPS = int(os.environ.get("SOLIDARITY_MACHINE_STEPS", "50"))
SEED = os.environ.get("SOLIDARITY_MACHINE_SEED")  # for a run that can be had again; without it each is another
OF_A_SERVER = 1 if "SOLIDARITY_MACHINE_EXAMPLES" in os.environ else 8  # as many as on SQLite's file take too long
LANES = 8  # the examples are cut into this many tests, which run side by side
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
IDS = ("p", "q", "r")
ACCOUNTS = ("a", "b")
KEYS = tuple(f"act/{name}@{account}" for name in IDS for account in ACCOUNTS)
REST = ("and", "so on")
WAITS = st.lists(st.sampled_from([timedelta(), timedelta(seconds=30), timedelta(minutes=9)]), max_size=4)
LONGEST = timedelta(minutes=90)
MINUTES = st.integers(min_value=1, max_value=90).map(lambda number: timedelta(minutes=number))


class Killed(BaseException):
    """The worker's process ends here; no handler of the program may catch it."""


class WatchedNetwork(FakeNetwork):
    """A network that knows what must hold whenever something is put out."""

    machine: "Machine"

    def post(self, out: Outgoing) -> Receipt:
        """Put a post out, if everything that a person decided allows it."""
        self.machine.may_go(out)
        return super().post(out)


class Machine(RuleBasedStateMachine):
    """People, networks and crashes against one queue."""

    played: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY)
        self.posts: dict[str, Post] = {}
        self.down: set[str] = set()
        self.approved: dict[str, object] = {}  # what each delivery was when a person said yes to it
        self.accepted: dict[str, object] = {}  # likewise when a person said that it may go, however late
        self.worker = 0
        self.violations: list[str] = []

    @initialize(honest=st.booleans(), manual=st.sampled_from([False, False, True]), closes=st.sampled_from([None, 240]))
    def open(self, *, honest: bool, manual: bool, closes: int | None) -> None:
        """Make the world, with a network that can, or can't, prove that a post isn't there."""
        self.world = World(Path(self._folder.name), accounts=ACCOUNTS, honest=honest)
        network = WatchedNetwork(self.world.clock, honest=honest)
        network.machine = self
        self.world.network = network
        self.app = self.world.daemon("worker 0")
        self.action = {
            "manual_release": manual,
            "closes_at": None if closes is None else NOON + timedelta(minutes=closes),
        }
        for number, name in enumerate(IDS):
            self._write(name, 10 + 30 * number, Then.publish, approve=False, text="first", thread=name != "p")
        self.queue()

    # ── staff ──

    @rule(
        name=st.sampled_from(IDS),
        minute=st.integers(min_value=-40, max_value=300),
        then=st.sampled_from(list(Then)),
        approve=st.booleans(),
        text=st.sampled_from(["first", "second", "x" * 300]),
        thread=st.booleans(),
    )
    def put(self, name: str, minute: int, then: Then, *, approve: bool, text: str, thread: bool) -> None:
        """Write a post, or a thread of three parts, or edit it."""
        self._write(name, minute, then, approve=approve, text=text, thread=thread)
        self.queue()

    def _write(self, name: str, minute: int, then: Then, *, approve: bool, text: str, thread: bool) -> None:
        self.world.threads[name] = tuple(f"{name}: {text} {more}"[-280:] for more in REST) if thread else ()
        late = Lateness(after=timedelta(minutes=20), then=then)
        at = NOON + timedelta(minutes=minute)
        self.posts[name] = post(name, at=at, text=f"{name}: {text}", late=late, approve=approve)

    def queue(self) -> None:
        """Bring the queue to the file."""
        self.world.write(*self.posts.values(), **self.action)
        self.world.queue()

    @rule(key=st.sampled_from(KEYS))
    def say_yes(self, key: str) -> None:
        """Release the action, and approve."""
        with _refusals():
            release(self.app, "act", who="x")
        with _refusals():
            approve(self.app, key, who="x")
            self.approved[key] = self._as_it_is(key)

    @rule(key=st.sampled_from(KEYS), what=st.sampled_from(["remove", "cancel", "withdraw", "withdraw"]))
    def take_out(self, key: str, what: str) -> None:
        """Take a post out of its file, cancel one delivery, or want it gone wherever it is."""
        with _refusals():
            if what == "remove":
                self.posts.pop(key[4:5], None)
                self.queue()
            elif what == "cancel":
                cancel(self.app, key, who="x")
            else:
                withdraw(self.app, key, who="x")
                self.down.add(key)

    @rule(key=st.sampled_from(KEYS))
    def put_back(self, key: str) -> None:
        """Retry."""
        with _refusals():
            retry(self.app, key, who="x")
            self.accepted[key] = self._as_it_is(key)

    def _as_it_is(self, key: str) -> object:
        """Return what a person decides on when they look at a delivery."""
        delivery = self.world[key]
        return delivery.content, delivery.due_at, delivery.late

    @rule()
    def settle(self) -> None:
        """Look at the accounts and say what is there: people tell the truth."""
        for key, status in self.world.statuses().items():
            if status is Status.needs_human:
                wanted = (key, self.world[key].part)
                out = [one.token for one in self.world.network.out if (one.key, one.part) == wanted]
                resolve(self.app, key, url=f"https://example.org/{out[0]}" if out else None, who="x")
                self.accepted[key] = self._as_it_is(key)

    @rule(scope=st.sampled_from(["all", "action", "account"]), length=MINUTES)
    def hold(self, scope: str, length: timedelta) -> None:
        """Pause for a while with the daemon at work, and resume; nothing may leave by that alone."""
        name = {"all": "", "action": "act", "account": "a"}[scope]
        pause(self.app, scope=scope, name=name, why="crisis", who="x")
        self.world.let(length, self.app)
        resume(self.app, scope=scope, name=name, who="x")

    @rule()
    def pause_between_two_steps(self) -> None:
        """Pause after the next claim; what was claimed before must not leave either."""
        deliver.stage_next(self.app)
        pause(self.app, scope="all", name="", why="crisis", who="x")
        self.world.clock.move_to(self.world.clock.now() + timedelta(minutes=3))
        deliver.send_next(self.app)
        resume(self.app, scope="all", name="", who="x")

    @precondition(lambda self: self.action["closes_at"] is not None)
    @rule(thread=st.booleans())
    def sleep_over_the_end(self, *, thread: bool) -> None:
        """Let the posts be prepared just before the action closes, and their time come when it has."""
        self.world.clock.move_to(self.action["closes_at"] - timedelta(minutes=2))
        self._make_due(thread=thread)
        for _ in KEYS:
            deliver.stage_next(self.app)
        self.world.clock.move_to(self.action["closes_at"] + timedelta(minutes=1))
        self.world.run(self.app)

    @rule()
    def mend_accounts(self) -> None:
        """Lift what the network's refusals hold."""
        for name in ACCOUNTS:
            with _refusals():
                resume(self.app, scope="account", name=name, who="x")

    # ── the world ──

    @rule(length=MINUTES)
    def wait(self, length: timedelta) -> None:
        """Let time pass without a daemon: an outage."""
        self.world.clock.move_to(self.world.clock.now() + length)

    @rule(length=MINUTES)
    def clock_back(self, length: timedelta) -> None:
        """Set the clock back."""
        self.world.clock.move_to(self.world.clock.now() - length)

    @rule(length=MINUTES, faults=st.lists(st.sampled_from(FAULTS), max_size=6), waits=WAITS)
    def work(self, length: timedelta, faults: list[str], waits: list[timedelta]) -> None:
        """Let the daemon run for a while, with calls that end in these ways and preparations that take so long."""
        self.world.network.faults = list(faults)
        self.world.network.waits = list(waits)
        self.world.let(length, self.app)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=6), waits=WAITS, thread=st.booleans())
    def everything_at_once(self, faults: list[str], waits: list[timedelta], *, thread: bool) -> None:
        """Let all the posts be due now, in bad weather."""
        self._make_due(thread=thread)
        self.world.network.faults = list(faults)
        self.world.network.waits = list(waits)
        self.world.let(timedelta(minutes=2), self.app)

    @rule()
    def step(self) -> None:
        """Let the daemon take a single step."""
        deliver.step(self.app)

    def _make_due(self, *, thread: bool = False) -> None:
        """Give every post a text and a time of this minute; a new text is a new thing to say, under its old key."""
        minute = int((self.world.clock.now() - NOON).total_seconds() // 60)
        for name in IDS:
            self._write(name, minute + 1, Then.publish, approve=False, text=f"due at {minute}", thread=thread)
        self.queue()
        self.world.clock.move_to(self.world.clock.now() + timedelta(minutes=1))

    @rule(number=st.integers(min_value=1, max_value=150), write=st.booleans(), thread=st.booleans(), waits=WAITS)
    def crash(self, number: int, waits: list[timedelta], *, write: bool, thread: bool) -> None:
        """Kill the worker at one of its next writes; another takes its place."""
        self._make_due(thread=thread)
        self.world.network.waits = list(waits)
        with _killed_at(self.world, number, "commit" if write else "before_cursor_execute"):
            for _ in range(12 if thread else 4):
                recover.step(self.app)
                deliver.step(self.app)
        self._another()

    @rule(before=st.booleans(), part=st.sampled_from([1, 1, 2, 3]))
    def crash_in_the_call(self, part: int, *, before: bool) -> None:
        """Kill the worker in the visible call of a part, before or after the network took it."""
        self._make_due(thread=part > 1)
        network = self.world.network
        network.faults = []

        def die(out: Outgoing) -> Receipt:
            if out.part < part and out.rest:
                return WatchedNetwork.post(network, out)
            if not before:
                WatchedNetwork.post(network, out)
            raise Killed

        network.post = die  # type: ignore[method-assign]
        try:
            for _ in range(3 * part):
                deliver.step(self.app)
        except Killed:
            self._another()
        finally:
            del network.post

    @rule()
    def second_daemon(self) -> None:
        """Let another daemon work on the same state for a moment, then go on with the first."""
        self.world.run(self.world.daemon("the other one"))

    def _another(self) -> None:
        self.worker += 1
        self.app = self.world.daemon(f"worker {self.worker}")

    # ── what must hold ──

    def may_go(self, out: Outgoing) -> None:
        """Note every reason why this post must not leave at this moment."""
        now, delivery = self.world.clock.now(), self.world[out.key]
        with self.world.store.read() as c:
            pauses, released = controls.all_pauses(c), controls.released(c)
            in_hand = {one.key for one in deliveries.leased(c) if one.account == delivery.account}
        late = delivery.late.then is not Then.publish and now > delivery.due_at + delivery.late.after
        held = any(one.name in {"", delivery.action, delivery.account} for one in pauses)
        closes = self.action["closes_at"]
        texts = (delivery.content.text, *delivery.content.thread)
        wrong = {
            "a second time": self.world.network.times(out.key, out.part) > 0,
            "before the parts before it have their receipts": len(delivery.parts) != out.part - 1,
            "under a pause": held,
            "unapproved": delivery.needs_approval and self.approved.get(out.key) != self._as_it_is(out.key),
            "late against its rule": late and self.accepted.get(out.key) != self._as_it_is(out.key),
            "beside another of its account": in_hand != {out.key},
            "unreleased": bool(self.action["manual_release"]) and "act" not in released,
            "before its time": now < delivery.due_at,
            "after its window": closes is not None and now >= closes,
            "without being in the book": delivery.status is not Status.sending,
            "withdrawn": out.key in self.down,
            "too long": len(out.text) > 280,
            "with another text": out.text != texts[out.part - 1] or out.rest != texts[out.part :],
        }
        self.violations += [f"{out.key} went out {reason}" for reason, is_so in wrong.items() if is_so]

    @invariant()
    def nothing_wrong_went_out(self) -> None:
        """No post has left against a rule."""
        self.played["steps"] += 1
        assert self.violations == []
        if hasattr(self, "world"):
            assert self.world.network.complaints == []

    @precondition(lambda self: hasattr(self, "world"))
    @invariant()
    def the_book_is_true(self) -> None:
        """What is out is in the book as out, or as possibly out; what the book says is out, is."""
        network = self.world.network
        with self.world.store.read() as c:
            found = deliveries.in_status(c)
        for delivery in found:
            key, status = delivery.key, delivery.status
            booked = {one.number for one in delivery.parts}
            if status is Status.published or (status is Status.withdrawn and not booked):
                booked = set(range(1, delivery.length + 1))
            times = {part: network.times(key, part) for part in range(1, 4)}
            assert max(times.values()) <= 1, f"{key} is out more than once: {times}"
            for part in (part for part, count in times.items() if count and part not in booked):
                perhaps = status in {Status.sending, Status.unknown, Status.needs_human}
                assert perhaps, f"part {part} of {key} is out, and the book says {status}"
                assert part == delivery.part, f"part {part} of {key} is out, and the book waits for {delivery.part}"
            for part in booked:
                assert times[part], f"part {part} of {key} is not out, and the book says that it is"
            if status is Status.withdrawn:
                assert key not in network.live(), f"{key} is live, and the book says {status}"

    def teardown(self) -> None:
        """In calm weather everything comes to an end that a person can read; nothing is lost."""
        self.played["examples"] += 1
        try:
            if hasattr(self, "world"):
                self._come_to_rest()
        finally:
            if hasattr(self, "world"):
                self.world.end()
            self._folder.cleanup()

    def _come_to_rest(self) -> None:
        self.world.network.faults = []
        self.world.network.waits = []
        self._another()
        self.world.let(timedelta(days=3) + STEPS * LONGEST, self.app)  # each step may have set the clock back
        self.nothing_wrong_went_out()
        self.the_book_is_true()
        open_ends = {Status.claimed, Status.staged, Status.sending, Status.unknown, Status.queued}
        for key, status in self.world.statuses().items():
            assert status not in open_ends, f"{key} ends as {status}"
            delivery = self.world[key]
            assert status in {Status.published, Status.withdrawn} or delivery.reason, f"{key}: no reason"
            assert all(one.receipt.url in delivery.reason for one in delivery.up) or status is Status.published
            if delivery.withdraw_wanted:
                assert delivery.up == (), f"{key} is still up, as {status}"
                assert key not in self.world.network.live() or status is Status.needs_human


@contextmanager
def _refusals() -> Iterator[None]:
    """Let the program say no."""
    with suppress(UserError):
        yield


@contextmanager
def _killed_at(world: World, number: int, moment: str) -> Iterator[None]:
    """End the worker at the `number`-th statement or commit from here."""
    left = [number]

    def tick(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    event.listen(world.store.engine, moment, tick)
    try:
        yield
    except Killed:
        pass
    finally:
        event.remove(world.store.engine, moment, tick)


@pytest.mark.parametrize("lane", range(LANES))
def test_whatever_happens(lane: int, database: str):
    """Nothing goes twice, nothing is lost, whatever happens in whatever order."""
    one = type("Machine", (Machine,), {"played": Counter()})
    size = settings(
        max_examples=max(1, EXAMPLES // LANES // (1 if database == "sqlite" else OF_A_SERVER)),
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(seed(f"{SEED} {lane}")(one) if SEED else one, settings=size)
    tell("state machine", database, **one.played)
