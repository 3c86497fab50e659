"""Kill the program at every point of a delivery on every network: in the end it is out exactly once.

The points are the statements and commits of the state, both ends of every request, and both ends of writing a file for
good. Only X and Facebook, which can't prove what isn't there, may end with a person being asked.
"""

import os
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.operations.renew import renew
from scheduler.status import Status
from tests.reliability.on_networks import MAY_ASK, NETWORKS, THREADING, Killed, OnNetworks, killing, tell
from tests.world import NOON, post

LANES = 2  # each sweep is cut into this many tests, which run side by side
STEP = int(os.environ.get("SOLIDARITY_KILL_STEP", "4"))
MOST = 3_000
THREAD = ("First words", "Second words", "Third words")
RENEWED = {
    "bluesky": timedelta(minutes=100),
    "instagram": timedelta(days=8),
    "threads": timedelta(days=8),
    "x": timedelta(minutes=110),
}
"""The networks whose logins run out, and when after the first one a renewal is due."""


@pytest.mark.parametrize("platform", NETWORKS)
@pytest.mark.parametrize("lane", range(LANES))
def test_killed_at_every_point(tmp_path: Path, platform: str, lane: int) -> None:
    """Wherever the program ends, what starts after it brings the post out exactly once, and the state says so."""
    _sweep("kill, post", tmp_path, platform, lane, ("Unique words",))


@pytest.mark.parametrize("platform", THREADING)
@pytest.mark.parametrize("lane", range(LANES))
def test_a_thread_killed_at_every_point(tmp_path: Path, platform: str, lane: int) -> None:
    """Wherever the program ends each part comes out once, in order, and answers the one before."""
    _sweep("kill, thread", tmp_path, platform, lane, THREAD)


def _sweep(suite: str, folder: Path, platform: str, lane: int, parts: tuple[str, ...]) -> None:
    counted: Counter[str] = Counter()
    for at in range(1 + lane, MOST, LANES * STEP):
        if not _killed(folder / f"at-{at}", platform, at, parts, counted):
            assert at > 40, f"only {at} points: the sweep doesn't kill where it should"
            tell(suite, platform, **counted)
            return
    pytest.fail(f"a delivery has more than {MOST} points")


def _killed(folder: Path, platform: str, at: int, parts: tuple[str, ...], counted: Counter[str]) -> bool:
    world = OnNetworks(folder, platform)
    world.threads["p"] = parts[1:]
    world.write(post("p", at=NOON + timedelta(minutes=10), text=parts[0], images=(world.picture(),)))
    world.queue()
    killed = False
    with killing(world, at):
        try:
            world.let(timedelta(minutes=30))
        except Killed:
            killed = True
    before = sum(world.out(platform).values())
    delivery = world[f"act/p@{platform}"]
    booked = len(delivery.parts) if len(parts) > 1 else int(delivery.status is Status.published)
    world.app = world.daemon("second")
    world.let(timedelta(minutes=30))
    asked = world.settle()
    delivery = world[delivery.key]
    where = f"killed at point {at}, {before} out and {booked} booked then: {delivery.status} {delivery.reason}"
    out = world.servers[platform].state()["posts"]
    assert [one["text"] for one in out] == list(parts), where
    assert [one["reply_to"] for one in out] == [None, *(one["id"] for one in out)][: len(out)], where
    assert len(out[0]["media"]) == 1, where
    assert delivery.status is Status.published, where
    assert asked == 0 or platform in MAY_ASK, where
    counted.update(killed=killed, posts=len(out), asked=asked, out_and_not_booked=before > booked)
    world.end()
    shutil.rmtree(folder)
    return killed


@pytest.mark.parametrize("platform", RENEWED)
def test_a_login_renewed_and_killed_at_every_point(tmp_path: Path, platform: str) -> None:
    """Wherever a renewal ends, the post after it comes out exactly once, or its account says what a person does.

    Only X may hold it: what renews a login there serves once, and may be gone with the answer that nobody read.
    """
    counted: Counter[str] = Counter()
    for at in range(1, MOST):
        if not _killed_renewing(tmp_path / f"at-{at}", platform, at, counted):
            assert at > 6, f"only {at} points: nothing was renewed"
            tell("kill, login renewed", platform, **counted)
            return
    pytest.fail(f"a renewal has more than {MOST} points")


def _killed_renewing(folder: Path, platform: str, at: int, counted: Counter[str]) -> bool:
    world = OnNetworks(folder, platform, renewable=("instagram", "x"))
    renew(world.app, {})
    world.clock.move_to(NOON + RENEWED[platform])
    killed = False
    with killing(world, at):
        try:
            renew(world.app, {})
        except Killed:
            killed = True
    world.app = world.daemon("second")
    renew(world.app, {})
    at_last = world.clock.now() + timedelta(minutes=10)
    world.write(post("p", at=at_last, text="Unique words", images=(world.picture(),)))
    world.queue()
    world.let(timedelta(minutes=30))
    delivery = world[f"act/p@{platform}"]
    held = delivery.status is Status.held
    where = f"killed at point {at}: {delivery.status} {delivery.reason}"
    assert not held or (platform == "x" and "accounts login" in delivery.reason), where
    assert held or delivery.status is Status.published, where
    assert sum(world.out(platform).values()) == (0 if held else 1), where
    counted.update(killed=killed, posts=not held, held=held)
    world.end()
    shutil.rmtree(folder)
    return killed
