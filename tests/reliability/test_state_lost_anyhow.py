"""The state is lost at a random moment, wherever deliveries are, after faults, kills and people's decisions.

Single posts and a thread on two accounts; a copy is made, life goes on, and then the state is gone, damaged, or the
copy is put in its place. Nothing goes out twice, what is known to be stopped stays stopped, nothing ends in silence.
"""

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from scheduler.errors import UserError
from scheduler.model import Lateness, Then
from scheduler.operations import deliver, recover
from scheduler.operations.cancel import cancel
from scheduler.operations.copies import backup, restore
from scheduler.operations.pause import pause, resume
from scheduler.operations.resolve import resolve
from scheduler.operations.retry import retry
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from scheduler.store import controls, deliveries
from scheduler.testing import FAULTS
from tests import databases
from tests.reliability.on_networks import tell
from tests.reliability.test_withdrawal_races import Killed
from tests.world import NOON, World, post

CASES = int(os.environ.get("SOLIDARITY_LOST_CASES", "16"))
LANES = 2  # the cases are cut into this many tests, which run side by side
MINUTE = timedelta(minutes=1)
LATE = Lateness(after=timedelta(hours=20), then=Then.publish)
REST = ("and", "so on")
STOPPED = {Status.cancelled, Status.withdrawn}
ENDS = {Status.published, Status.failed, *STOPPED}


class Losing:
    """A world whose state is lost."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.chance = random.Random(seed)
        self.world = World(folder, accounts=("a", "b"), honest=self.chance.random() < 0.7)
        self.copy = folder / "copy.db"
        self.world.threads["q"] = REST
        times = {name: NOON + MINUTE * self.chance.randint(1, 40) for name in ("p", "q", "r", "s")}
        self.world.write(*(post(name, at=at, text=f"{name} says", late=LATE) for name, at in times.items()))
        self.world.queue()

    def live(self, minutes: int) -> None:
        """Let time pass, with networks that fail, workers that die, and people who decide."""
        for _ in range(minutes):
            self.world.network.faults = self.chance.choices([*FAULTS, *["ok"] * 8], k=2)
            if self.chance.random() < 0.2:
                self._killed()
            elif self.chance.random() < 0.2:
                self._decide()
            self.world.let(MINUTE * self.chance.choice((1, 1, 3)))
        self.world.network.faults = []

    def _killed(self) -> None:
        """Let a worker die at one of its next statements or commits; another takes its place."""
        left = [self.chance.randint(1, 40)]
        moment = self.chance.choice(("before_cursor_execute", "commit"))

        def tick(*_: object) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

        engine = self.world.store.engine
        event.listen(engine, moment, tick)
        with suppress(Killed):
            for _ in range(6):
                recover.step(self.world.app)
                deliver.step(self.world.app)
        event.remove(engine, moment, tick)
        self.world.app = self.world.daemon(f"worker {self.chance.random()}")

    def _decide(self) -> None:
        """Let somebody cancel, withdraw, put back, pause or resume."""
        key = self.chance.choice(sorted(self.world.statuses()))
        app, decide = self.world.app, self.chance.choice(("cancel", "withdraw", "retry", "pause", "resume"))
        with suppress(UserError):
            if decide in {"pause", "resume"}:
                more = {"why": "crisis"} if decide == "pause" else {}
                {"pause": pause, "resume": resume}[decide](app, scope="action", name="act", who="me", **more)
            else:
                {"cancel": cancel, "withdraw": withdraw, "retry": retry}[decide](app, key, who="me")

    def lose(self, way: Callable[["Losing"], None]) -> None:
        """Lose the state in this way, and open what is there then."""
        self.world.store.close()
        self.world.clock.move_to(self.world.clock.now() + MINUTE * self.chance.randint(0, 30))
        way(self)
        self.world.store = databases.opened(self.world.workspace.folder, self.world.workspace.database)
        self.world.app = self.world.daemon("after it")
        self.world.queue()

    def come_to_rest(self) -> int:
        """Let a day pass; people resume, look, tell the truth, and put back what waits. Return how often one looked."""
        asked = 0
        for _ in range(6):
            self.world.let(timedelta(hours=2))
            with self.world.store.read() as c:
                pauses = controls.all_pauses(c)
            for one in pauses:
                resume(self.world.app, scope=one.scope, name=one.name, who="me")
            for key, status in self.world.statuses().items():
                delivery = self.world[key]
                if status is Status.needs_human:
                    asked += 1
                    out = [one for one in self.world.network.out if (one.key, one.part) == (key, delivery.part)]
                    url = f"https://example.org/{out[0].token}" if out else None
                    resolve(self.world.app, key, url=url, who="me")
                elif status in {Status.held, Status.missed}:
                    assert delivery.reason, f"{key} is {status} without a word"
                    with suppress(UserError):
                        retry(self.world.app, key, who="me")
        return asked

    def check(self, stopped: dict[str, set[int]]) -> None:
        """No part is out twice or out of order; what is booked is out; what was stopped stays as it was."""
        network, found = self.world.network, self.world.statuses()
        assert network.complaints == []
        for key, status in found.items():
            history = self.world.history(key)
            delivery = self.world[key]
            times = [network.times(key, part) for part in range(1, 1 + delivery.length)]
            said = f"{key}: out {times}, {status} {delivery.reason} {history}"
            assert max(times) <= 1, said
            assert status in ENDS, said
            assert status is not Status.failed or delivery.reason, said
            assert (status is not Status.published) or min(times) == 1, said
            if key in stopped:
                out = {part for part in range(1, 1 + delivery.length) if network.times(key, part)}
                assert out <= stopped[key], f"stopped before the state was lost: {said}"


def _deleted(losing: Losing) -> None:
    """The state is gone, and a new one is begun."""
    databases.forget(losing.world.workspace.folder)
    there = databases.state(losing.world.workspace.folder)
    losing.world.workspace = replace(losing.world.workspace, database=there)


def _damaged(losing: Losing) -> None:
    """The state is beyond reading, and the copy is put in its place."""
    databases.lose(losing.world.workspace.folder)
    _put_back(losing)


def _replaced(losing: Losing) -> None:
    """The copy is put in place of a living state."""
    _put_back(losing)


def _put_back(losing: Losing) -> None:
    restore(losing.world.workspace, losing.copy, clock=losing.world.clock, who="me")


WAYS = (_deleted, _damaged, _replaced)


def case(folder: Path, number: int) -> Counter[str]:
    """Lose one state; return what was counted."""
    losing = Losing(folder, f"lost {number}")
    way = WAYS[number % len(WAYS)]
    losing.live(losing.chance.randint(0, 20))
    backup(losing.world.app, losing.copy)
    losing.live(losing.chance.randint(0, 20))
    with losing.world.store.read() as c:
        known = {one.key: one for one in deliveries.in_status(c)}
    over = {key: one for key, one in known.items() if one.status in STOPPED or one.withdraw_wanted}
    network = losing.world.network
    parts_out = {key: {one.part for one in network.out if one.key == key} for key in over}
    states = Counter(f"lost as {one.status}".replace("-", " ") for one in known.values())
    try:
        losing.lose(way)
        asked = losing.come_to_rest()
        losing.check(parts_out if way is _replaced else {})
    except BaseException as error:
        error.add_note(f"case {number}: {way.__name__}, {dict(states)}")
        raise
    losing.world.end()
    return Counter({"cases": 1, "asked": asked, **states})


@pytest.mark.parametrize("lane", range(LANES))
def test_lost_in_any_state(tmp_path: Path, lane: int, database: str) -> None:
    """Wherever deliveries are when the state is lost, no part goes out twice, and each ends where a person can read."""
    counted: Counter[str] = Counter()
    for number in range(lane, CASES if database == "sqlite" else max(LANES, CASES // 4), LANES):
        counted.update(case(tmp_path / str(number), number))
    tell("state lost", database, **counted)
