"""A copy of the state made in the middle of a thread, put back after the state was lost: no part goes out twice."""

from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.operations import deliver, recover
from scheduler.operations.copies import backup, restore
from scheduler.operations.pause import resume
from scheduler.operations.resolve import resolve
from scheduler.operations.retry import retry
from scheduler.status import Status
from scheduler.store import open_store
from tests.reliability.on_networks import THREADING, OnNetworks
from tests.world import World, post

DATABASES = ("sqlite",)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
REST = ("two", "three")


def _put_back(world: World, copy: Path) -> None:
    """Lose the state and put the copy in its place, ten minutes on."""
    world.store.close()
    for file in world.workspace.var.glob("state.db*"):
        file.unlink()
    world.clock.move_to(world.clock.now() + 10 * MINUTE)
    restore(world.workspace, copy, clock=world.clock, who="me")
    world.store = open_store("sqlite:///var/state.db", world.workspace.folder, durable=False)
    world.app = world.daemon("second")


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("platform", THREADING)
def test_a_copy_from_the_middle_of_a_thread_sends_no_part_twice(tmp_path: Path, platform: str, parts: int):
    """The copy knows of its first parts only, and the state that knew the rest is lost: what is out is found."""
    key = f"act/p@{platform}"
    world = OnNetworks(tmp_path / "w", platform)
    world.threads["p"] = REST
    world.write(post(text="one"))
    world.queue()
    while len(world[key].parts) < parts:
        assert deliver.step(world.app) or recover.step(world.app)
    copy = tmp_path / "copy.db"
    backup(world.app, copy)
    world.let(5 * MINUTE)
    before = world.out(platform)
    assert set(before.values()) == {1}
    assert len(before) == 3
    _put_back(world, copy)
    world.let(5 * MINUTE)
    resume(world.app, scope="all", name="", who="me")
    world.let(HOUR)
    if world[key].status is Status.held:  # it came due under the pause of the restore: a person lets it go on
        retry(world.app, key, who="me")
        world.let(HOUR)
    assert world.out(platform) == before
    if world[key].status is Status.needs_human:  # a network that can't tell
        url = world.servers[platform].state()["posts"][-1]["id"]
        resolve(world.app, key, url=f"https://x.com/i/status/{url}", who="me")
        world.let(HOUR)
    assert world[key].status is Status.published, world[key].reason
    assert world.out(platform) == before
    world.close()
