"""Posts on all networks while every one of them fails in every way: each is out once, or not out and said so."""

import os
import random
import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.model import Lateness, Then
from scheduler.operations import deliver, recover
from scheduler.operations.renew import renew
from scheduler.publishers.http_wire import Session
from scheduler.standins.faults import FAULTS
from scheduler.status import Status
from tests.reliability.on_networks import MAY_ASK, NETWORKS, OnNetworks, tell
from tests.world import NOON, post

ROUNDS = int(os.environ.get("SOLIDARITY_WEATHER", "24"))
DROPPED = {"POST /api/v1/statuses: 200_without_doing"}
"""The answers by which a network has a person asked that else knows by itself: Mastodon's yes to what it drops."""

HANGS = {"timeout_before_commit", "timeout_after_commit", "drip"}
EVERY = timedelta(days=4)
SETTLED = {Status.published, Status.failed, Status.held, Status.missed}


@pytest.mark.parametrize("platform", NETWORKS)
@pytest.mark.parametrize("seed", range(2))
def test_random_weather(tmp_path: Path, platform: str, seed: int) -> None:
    """Random faults at random requests: nothing twice, nothing lost, and what the state says is so."""
    Weather(tmp_path, f"{platform} {seed}", platform).passes()


def test_random_weather_everywhere(tmp_path: Path) -> None:
    """Six networks at once, each with troubles of its own: those of one are never another's."""
    Weather(tmp_path, "everywhere", *NETWORKS).passes()


class Weather:
    """A world with a post on each network every fourth day, each in other troubles."""

    def __init__(self, folder: Path, seed: str, *platforms: str) -> None:
        self.chance = random.Random(seed)
        # The other login on Instagram ends after sixty days, whatever a program does.
        self.world = OnNetworks(folder, *platforms, renewable=("instagram",))
        self.ordered: dict[str, list[str]] = {name: [] for name in platforms}  # the faults, by delivery
        self.renewals: dict[str, datetime] = {}
        picture = self.world.picture()
        self.times = [NOON + EVERY * number for number in range(ROUNDS)]
        self.world.write(
            *(post(f"p{n}", at=at, text=f"Word{n} and more", images=(picture,)) for n, at in enumerate(self.times))
        )
        self.world.queue()

    def passes(self) -> None:
        """Let it all happen, and look what came of it."""
        world = self.world
        for number, at in enumerate(self.times):
            world.clock.move_to(at - timedelta(minutes=3))
            hangs = [self._trouble(platform, number) for platform in world.servers]
            world.weather(0.2 if any(hangs) else 10.0)
            renew(world.app, self.renewals)
            world.let(timedelta(minutes=10))
            for server in world.servers.values():
                server.clear()
            world.weather(10.0)
            world.settle()
        for platform in world.servers:
            self._check(platform)
        world.close()

    def _trouble(self, platform: str, number: int) -> bool:
        """Order faults of a network; tell whether one of them keeps a client waiting."""
        server, chance = self.world.servers[platform], self.chance
        faults = chance.choices(sorted({*FAULTS, *server.refusals}), k=chance.randint(1, 2))
        for fault in faults:
            endpoint, times, after = chance.choice(sorted(server.endpoints)), chance.randint(1, 2), chance.randint(0, 1)
            server.fail(endpoint, fault, times=times, after=after)
            key, trouble = f"act/p{number}@{platform}", f"{endpoint}: {fault}"
            self.ordered.setdefault(key, []).append(trouble)
            self.world.may_ask |= {key} if trouble in DROPPED else set()
        return bool(HANGS & set(faults))

    def _check(self, platform: str) -> None:
        out, statuses = self.world.out(platform), Counter[str]()
        for number in range(ROUNDS):
            one = self.world[f"act/p{number}@{platform}"]
            seen = sum(count for text, count in out.items() if text.split()[0] == f"Word{number}")
            history = self.world.history(one.key)
            told = f"{one.key}: out {seen} times, {one.status} {one.reason} {history} {self.ordered[one.key]}"
            assert one.status in SETTLED, told
            assert seen == (1 if one.status is Status.published else 0), told
            assert platform in MAY_ASK or one.key in self.world.may_ask or "needs-human" not in history, told
            statuses.update({"posts": 1, one.status: 1, "asked": "needs-human" in history})
        tell("weather" if len(self.world.servers) == 1 else "weather, six at once", platform, **statuses)


def test_a_network_that_names_a_far_year(tmp_path: Path) -> None:
    """A limit said to last for years mutes an account for a day: then its network is asked again."""
    world = OnNetworks(tmp_path, "mastodon", late=Lateness(then=Then.publish))
    world.write(post("p", at=NOON, text="Word0 and more", images=(world.picture(),)))
    world.queue()
    world.servers["mastodon"].fail("POST /api/v2/media", "429_reset")
    world.let(timedelta(hours=23))
    assert world["act/p@mastodon"].status is Status.queued
    world.let(timedelta(hours=2))
    assert world["act/p@mastodon"].status is Status.published
    assert sum(world.out("mastodon").values()) == 1
    world.close()


@pytest.mark.parametrize("platform", NETWORKS)
def test_a_worker_that_overslept_in_its_call(tmp_path: Path, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker is stopped as its visible call leaves; another one takes over and looks; then the first wakes up.

    Where the network has a key for it the post is out once whatever happens; elsewhere nobody sends it again unasked.
    """
    world = OnNetworks(tmp_path, platform)
    world.write(post("p", at=NOON + timedelta(minutes=10), text="Word0 and more", images=(world.picture(),)))
    world.queue()
    while world[f"act/p@{platform}"].status is not Status.staged:
        world.let(timedelta(seconds=30))
    world.clock.move_to(NOON + timedelta(minutes=10))
    asleep, awake, ask = threading.Event(), threading.Event(), Session.request

    def request(session: Session, *args: object, **kwargs: object) -> object:
        if threading.current_thread() is sleeper and not asleep.is_set():
            asleep.set()
            assert awake.wait(60)
        return ask(session, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "request", request)
    sleeper = threading.Thread(target=deliver.send_next, args=[world.app])
    sleeper.start()
    assert asleep.wait(30)
    other = world.daemon("second")
    for _ in range(60):
        world.clock.move_to(world.clock.now() + timedelta(minutes=1))
        while recover.step(other) or deliver.step(other):
            pass
    awake.set()
    sleeper.join(60)
    assert not sleeper.is_alive()
    world.settle()
    assert sum(world.out(platform).values()) == 1, world.history(f"act/p@{platform}")
    assert world[f"act/p@{platform}"].status is Status.published
    world.close()
