"""Several workers on one state send to six networks at once, while some oversleep in the middle of a call.

One that oversleeps loses its lease: another takes over, looks, and goes on. Then the first wakes up and its request
leaves after all. Where the network has a key of its own for a post nothing comes of that; on X and Facebook nobody
sends again what may be on its way, unless a person says so.
"""

import os
import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.app import App
from scheduler.model import Lateness, Then
from scheduler.operations import deliver, recover
from scheduler.publishers.http_wire import Session
from scheduler.status import Status
from scheduler.store import open_store
from tests.reliability.on_networks import MAY_ASK, NETWORKS, OnNetworks, tell
from tests.world import NOON, post

POSTS = int(os.environ.get("SOLIDARITY_WORKERS_POSTS", "8"))
OVERSLEEPS = 0.08
LONGER_THAN_A_LEASE = timedelta(minutes=4)
AWAKE_AFTER = 0.15  # seconds that the others have


class Sleepers:
    """Lets requests of the workers be late, at random, by more than a lease."""

    def __init__(self, world: OnNetworks, seed: int) -> None:
        self.world = world
        self.slept = 0
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._ask = Session.request
        self._never = threading.Event()

    def request(self, session: Session, *args: Any, **kwargs: Any) -> Any:
        """Send a request, perhaps much too late."""
        with self._lock:
            sleeps = self._chance.random() < OVERSLEEPS
            if sleeps:
                self.slept += 1
                self.world.clock.move_to(self.world.clock.now() + LONGER_THAN_A_LEASE)
        if sleeps:
            self._never.wait(AWAKE_AFTER)
        return self._ask(session, *args, **kwargs)


@pytest.mark.parametrize(("workers", "seed"), [(2, 0), (4, 1)])
def test_workers_that_oversleep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int, seed: int) -> None:
    """Each post is out once on each network, whoever sent it and however late; only X and Facebook ask a person."""
    world = OnNetworks(tmp_path, *NETWORKS, late=Lateness(then=Then.publish))
    picture = world.picture()
    times = [NOON + timedelta(minutes=10 * number) for number in range(1, POSTS + 1)]
    world.write(*(post(f"p{n}", at=at, text=f"Word{n} and more", images=(picture,)) for n, at in enumerate(times)))
    world.queue()
    sleepers = Sleepers(world, seed)

    def request(session: Session, *args: Any, **kwargs: Any) -> Any:
        return sleepers.request(session, *args, **kwargs)

    monkeypatch.setattr(Session, "request", request)
    apps = [_worker(world, f"worker {number}") for number in range(workers)]
    faults: list[BaseException] = []
    for at in times:
        world.clock.move_to(max(world.clock.now(), at - timedelta(minutes=2)))
        _work(apps, faults)
        world.clock.move_to(max(world.clock.now(), at))
        _work(apps, faults)
    monkeypatch.undo()
    for app in apps:
        app.close()
    assert faults == []
    assert sleepers.slept > 0
    asked = _settled(world)
    tell(f"{workers} workers", "all six", posts=POSTS * len(NETWORKS), overslept=sleepers.slept, asked=asked)


def _worker(world: OnNetworks, name: str) -> App:
    """Return an App with a connection of its own to the state."""
    app = world.daemon(name)
    app.store = open_store(world.workspace.database, world.workspace.folder, durable=False)
    return app


def _work(apps: list[App], faults: list[BaseException]) -> None:
    """Let all work at once until nothing is left for them."""

    def work(app: App) -> None:
        try:
            while recover.step(app) or deliver.step(app):
                pass
        except BaseException as fault:  # a thread's faults are the test's
            faults.append(fault)

    threads = [threading.Thread(target=work, args=[app]) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()


def _settled(world: OnNetworks) -> int:
    """Bring everything to its end and check it; return how often a person was asked."""
    asked = world.settle()
    for platform in NETWORKS:
        out = world.out(platform)
        for number in range(POSTS):
            delivery = world[f"act/p{number}@{platform}"]
            told = f"{delivery.key}: {delivery.status} {delivery.reason} {world.history(delivery.key)}"
            assert delivery.status is Status.published, told
            assert out[f"Word{number} and more"] == 1, told
            assert platform in MAY_ASK or "needs-human" not in world.history(delivery.key), told
    world.close()
    return asked
