"""A storage that fails at each of its points, before or after it has done what it was asked: nothing is lost or left.

`SOLIDARITY_STORAGE_POINTS` is how many points are passed over at a time: 1 before a release.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from scheduler import blobs, erasure, sharing
from scheduler.blobs import AwayError
from scheduler.files import MachineError
from scheduler.operations import deliver, intake, moderate
from scheduler.operations.put_away import put_away
from scheduler.operations.take_back import take_back
from scheduler.status import Status
from tests.operations.shared import HOUR, Machines, storage_server
from tests.world import example_consent, post

DATABASES = ("postgresql",)  # without it there is one machine
STEP = int(os.environ.get("SOLIDARITY_STORAGE_POINTS", "7"))
_Given = TypeVar("_Given")


class Failing:
    """The storage's door: the n-th question fails, in turns before and after it is answered."""

    def __init__(self, asked: Callable[..., Any]) -> None:
        self._asked = asked
        self.count = 0
        self.at = 0

    def __call__(self, workspace: Any, work: Callable[[], _Given], ends: float | None = None) -> _Given:
        """Ask, or fail."""
        self.count += 1
        if self.count == self.at and self.at % 2:
            raise AwayError
        done: _Given = self._asked(workspace, work, ends)
        if self.count == self.at:
            raise AwayError
        return done


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    """Give two machines."""
    monkeypatch.setenv("LENT_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("LENT_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(blobs, "_REST", 0.0)
    with storage_server() as url:
        made = Machines(tmp_path, url)
        yield made
        made.close()


def again(work: Callable[[], _Given]) -> _Given:
    """Do what a person does who is told to try again."""
    try:
        return work()
    except MachineError:
        return work()


def handed_in(world: Machines, seed: int) -> Any:
    """Hand in on one machine, cover on the other."""
    draft = again(lambda: world.begin(world.one, seed))
    draft = intake.clean(world.one, draft.id)
    draft = intake.describe(world.one, draft, message="We see you", language="en", alt="A hand.")
    given = example_consent(day=world.clock.now().date())
    found, _ = again(lambda: intake.hand_in(world.one, draft, given, secret=f"{seed:043}"))
    boxes = [(0.1, 0.1, 0.3, 0.3)]
    return again(lambda: moderate.cover(world.other, found.ref, user=world.moderator, boxes=boxes))


def published(world: Machines, found: Any, seed: int) -> str:
    """Approve it for a slot of its own; prepare on one machine, send from the other."""
    due = world.clock.now().replace(minute=0, second=0) + 2 * HOUR
    world.write(post(f"v{seed}", at=due, text="They say: {message}", submissions=True))
    world.approve(found, world.slots()[0])
    world.queue()
    (key,) = (one for one in world.statuses() if f"/v{seed}/" in one)
    world.clock.move_to(due - timedelta(minutes=1))
    for _ in range(10):
        deliver.stage_next(world.one)
        if world[key].status is Status.staged:
            break
        world.clock.move_to(world.clock.now() + timedelta(seconds=21))
    world.clock.move_to(max(due, world.clock.now()))
    for _ in range(10):
        deliver.step(world.other)
        if world[key].status is Status.published:
            break
        world.clock.move_to(world.clock.now() + timedelta(seconds=21))
    return key


def gone(world: Machines, ref: str, key: str) -> None:
    """Take it back, and let the machines go on for a while."""
    take_back(world.one, ref, who="volunteer")
    world.clock.move_to(world.clock.now() + timedelta(seconds=60))
    for app in (world.one, world.other):
        put_away(app, {})
        assert not world.uploads(app) or app is world.one
        assert not world.rendered(app)
        assert world.uploads(app) == set()
    erasure.sweep(world.other)
    world.run(world.one)
    assert world[key].status is Status.withdrawn
    world.clock.move_to(world.clock.now() + sharing.STRAY + timedelta(minutes=6))
    for app in (world.one, world.other):
        put_away(app, {})


def test_a_fault_at_each_point(world: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes out once, is taken down, and nothing of it lies anywhere, whichever question wasn't answered."""
    failing = Failing(blobs._asked)
    monkeypatch.setattr(blobs, "_asked", failing)
    seed, last = 0, 0
    while seed == 0 or failing.at + STEP <= last:
        failing.count, failing.at = 0, failing.at + STEP if seed else 0
        found = handed_in(world, seed)
        key = published(world, found, seed)
        assert (world[key].status, world.network.times(key)) == (Status.published, 1)
        gone(world, found.ref, key)
        last = last or failing.count
        failing.at, at = 0, failing.at
        assert world.there() == {}, at
        failing.at = at
        seed += 1
    assert last >= 40
    assert seed >= last // STEP
