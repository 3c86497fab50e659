"""A volunteer takes a photo back at every point of its way to every network: never sent after that, never left up.

The points are those before each transaction, and both ends of every request.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import event

from scheduler.operations.take_back import take_back
from scheduler.publishers.http_wire import Session
from scheduler.status import Status
from scheduler.store import controls, withdrawals
from tests.reliability.on_networks import MAY_ASK, NETWORKS, Killed, OnNetworks, killing, tell
from tests.world import NOON, post

STEP = int(os.environ.get("SOLIDARITY_KILL_STEP", "4"))
MOST = 1_000
HALF_AN_HOUR = timedelta(minutes=30)


class Handed(OnNetworks):
    """A world with one approved photo, which goes out on one network ten minutes after noon."""

    def __init__(self, folder: Path, platform: str) -> None:
        super().__init__(folder, platform, public_url="https://solidarity.example.org")
        self.platform = platform
        self.picture()
        self.write(post("p", at=NOON + timedelta(minutes=10), text="{message}", submissions=True))
        (slot,) = self.slots()
        self.ref = self.submit(slot, networks=(platform,), message="Unique words", width=1080, height=1080).ref
        self.queue()
        self.key = f"act/{slot.post}/{slot.occurrence}@{platform}"
        self.seen: set[str] = set()  # every post that was ever up

    def look(self) -> set[str]:
        """Note what is up; return it."""
        up = {str(one["id"]) for one in self.servers[self.platform].state()["posts"]}
        self.seen |= up
        return up

    def asked(self) -> bool:
        """Tell whether a person is asked to take it down."""
        with self.store.read() as c:
            return self.key in {one.key for one in controls.open_tasks(c)}

    def check(self, where: str) -> None:
        """Check that the photo is nowhere, or that a person has been asked to take it down."""
        up, status = self.look(), self[self.key].status
        assert len(self.seen) <= 1, f"{where}: out {len(self.seen)} times"
        assert not up or self.asked(), f"{where}: up, is {status}, and nobody was asked"
        assert up or status in {Status.withdrawn, Status.cancelled}, f"{where}: {status}"
        assert up or not self.asked(), f"{where}: gone, and somebody is asked to take it down"
        with self.store.read() as c:
            assert withdrawals.unfinished(c) == [], where


@contextmanager
def at_point(world: Handed, number: int, act: Callable[[], object]) -> Iterator[None]:
    """Let `act` happen at the `number`-th point from here; note what is up after each request."""
    passed, ask = 0, Session.request

    def point(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == number:
            act()

    def request(session: Session, *args: Any, **kwargs: Any) -> Any:
        point()
        answer = ask(session, *args, **kwargs)
        world.look()
        point()
        return answer

    event.listen(world.store.engine, "engine_connect", point)
    try:
        with patch.object(Session, "request", request):
            yield
    finally:
        event.remove(world.store.engine, "engine_connect", point)


@pytest.mark.parametrize("platform", NETWORKS)
def test_taken_back_at_every_point(tmp_path: Path, platform: str) -> None:
    """Sent afterwards only what was on the wire already; that comes down, or a person is asked to take it down."""
    counted: Counter[str] = Counter()
    for number in range(1, MOST, STEP):
        if not _taken_back(tmp_path / f"at-{number}", platform, number, counted):
            assert number > 12, f"only {number} points: the race has hardly any"
            assert counted["came down"] + counted["by hand"] > 0
            tell("withdrawal, every point", platform, **counted)
            return
    pytest.fail(f"a photo's way has more than {MOST} points")


def _taken_back(folder: Path, platform: str, number: int, counted: Counter[str]) -> bool:
    world = Handed(folder, platform)
    on_the_wire: list[bool] = []

    def act() -> None:
        on_the_wire.append(world[world.key].status in withdrawals.MAY_BE_OUT)
        take_back(world.daemon("web"), world.ref, who="volunteer")

    with at_point(world, number, act):
        world.let(HALF_AN_HOUR)
    if on_the_wire:
        where = f"taken back at point {number}"
        asked = world.settle()
        world.let(HALF_AN_HOUR)
        assert asked == 0 or platform in MAY_ASK
        assert on_the_wire[0] or not world.seen, f"{where}: it was sent afterwards"
        world.check(where)
        up = bool(world.look())
        counted.update({"points": 1, "came down": bool(world.seen) and not up, "by hand": up, "asked": asked})
    world.end()
    shutil.rmtree(folder)
    return bool(on_the_wire)


@pytest.mark.parametrize("platform", NETWORKS)
def test_killed_while_it_is_taken_down(tmp_path: Path, platform: str) -> None:
    """Wherever the program ends while it takes a photo down, what starts after it finishes that."""
    counted: Counter[str] = Counter()
    for at in range(1, MOST, STEP):
        world = Handed(tmp_path / f"at-{at}", platform)
        world.let(HALF_AN_HOUR)
        assert world[world.key].status is Status.published
        take_back(world.daemon("web"), world.ref, who="volunteer")
        killed = False
        with killing(world, at):
            try:
                world.let(timedelta(seconds=10))
            except Killed:
                killed = True
        world.app = world.daemon("second")
        world.let(HALF_AN_HOUR)
        world.check(f"killed at point {at} of taking it down")
        counted.update({"points": killed, "by hand": bool(world.look()), "came down": not world.look()})
        world.end()
        shutil.rmtree(world.workspace.folder)
        if not killed:
            assert at > 10
            tell("kill, taking down", platform, **counted)
            return
    pytest.fail(f"taking down has more than {MOST} points")
