"""Housekeeping drops what no one needs, and nothing else."""

import os
from pathlib import Path

from scheduler.operations.tidy import KEPT, tidy
from scheduler.status import Status
from scheduler.store import controls
from scheduler.store.leases import identity
from tests.world import NOON, World, post


def test_only_old_renders_and_dead_daemons_go(tmp_path: Path):
    """A fresh render, a living daemon, the queue and its history stay."""
    world = World(tmp_path)
    rendered = tmp_path / "var/rendered"
    rendered.mkdir()
    for name, age in (("old.jpg", KEPT.total_seconds() + 60), ("new.jpg", 60)):
        (rendered / name).write_bytes(b"picture")
        os.utime(rendered / name, (NOON.timestamp() - age,) * 2)
    machine = identity().partition("/")[0]
    with world.store.write() as c:
        controls.beat(c, f"{machine}/999999999/1", NOON)
        controls.beat(c, identity(), NOON)
    world.write(post())
    world.queue()
    world.run()
    before = world.history("act/p@a")
    assert tidy(world.app) == 1
    assert [file.name for file in rendered.iterdir()] == ["new.jpg"]
    with world.store.read() as c:
        assert list(controls.beats(c)) == [identity()]
    assert world["act/p@a"].status is Status.published
    assert world.history("act/p@a") == before
    world.close()
