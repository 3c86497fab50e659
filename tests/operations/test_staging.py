"""Preparing in steps: what a network has given is on the disk before it is asked again, and nobody waits in a lane."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import event

from scheduler.model import Lateness, Picture, Place, Staged, Text, Then
from scheduler.operations import deliver
from scheduler.operations.cancel import cancel
from scheduler.operations.retry import retry
from scheduler.status import Status
from scheduler.store import claims, deliveries, lent
from tests.world import NOON, World, post

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
AT_ONCE = timedelta()
KEY = "act/p@a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a world with one post, due at noon."""
    made = World(tmp_path)
    made.write(post())
    made.queue()
    yield made
    assert made.network.complaints == []
    made.close()


def _steps(world: World) -> list[int]:
    return [step for _, step in world.network.steps]


def test_steps_without_waiting_are_taken_in_one_claim(world: World):
    """Each step gets what the one before gave; the book knows of one preparation."""
    world.network.waits = [AT_ONCE, -MINUTE, AT_ONCE]
    assert deliver.step(world.app)
    assert _steps(world) == [0, 1, 2, 3]
    assert world[KEY].status is Status.staged
    assert world[KEY].staging_since is None
    assert world.history(KEY) == ["queued", "claimed", "staged"]


def test_each_step_is_on_the_disk_before_the_next(world: World):
    """A worker that is killed between two requests leaves the ids of the first to the next worker."""
    world.network.waits = [AT_ONCE] * 5
    seen = []

    def stored(*_: object) -> None:
        if world.network.steps:
            with world.store.read() as c:
                found = deliveries.by_key(c, KEY)
            assert found is not None
            seen.append(found.staged.ids["step"] if found.staged else 0)

    stage = world.app.publisher("a").stage

    def watched(out, begun=None):
        stored()
        return stage(out, begun)

    world.app.publisher("a").stage = watched  # type: ignore[method-assign]
    deliver.step(world.app)
    assert seen == [1, 2, 3, 4, 5]


def test_what_takes_its_time_goes_back_until_then(world: World):
    """The delivery waits in the queue, the lane is free, and the same preparation goes on at its moment."""
    world.network.waits = [30 * SECOND, 45 * SECOND]
    assert deliver.step(world.app)
    found = world[KEY]
    assert (found.status, found.not_before, found.lease_owner) == (Status.queued, NOON + 30 * SECOND, None)
    assert found.reason == "its network is preparing what it was given"
    assert not deliver.step(world.app)
    with world.store.read() as c:
        assert claims.next_moment(c, now=NOON, ahead=timedelta()) == NOON + 30 * SECOND
    world.let(MINUTE)
    assert _steps(world) == [0, 1]
    world.let(MINUTE)
    assert _steps(world) == [0, 1, 2]
    assert world[KEY].published_at == NOON + 75 * SECOND
    assert world.history(KEY) == ["queued", "claimed", "queued", "staged", "sending", "published"]


def test_others_of_the_account_go_meanwhile(world: World):
    """A film in the making keeps no other post from leaving at its time."""
    world.network.waits = [10 * MINUTE]
    world.write(post(), post("q", at=NOON + MINUTE))
    world.queue()
    world.let(HOUR)
    assert world["act/q@a"].published_at == NOON + MINUTE
    assert world[KEY].published_at == NOON + 10 * MINUTE


def test_what_is_ready_too_late_is_held_by_its_rule(world: World):
    """A film that is ready after the time that its rule allows waits for a person, and isn't begun anew by then."""
    world.network.waits = [20 * MINUTE, 20 * MINUTE]
    world.let(HOUR)
    assert world[KEY].hold == "late"
    assert world.network.out == []
    retry(world.app, KEY, who="me")
    world.let(MINUTE)
    assert world.network.times(KEY) == 1


@pytest.mark.parametrize("change", ["text", "cancel"])
def test_an_edit_in_between_begins_anew(world: World, change: str):
    """What was begun for other words is dropped; what was cancelled and put back goes on with what is its own."""
    world.network.waits = [5 * MINUTE]
    world.run()
    if change == "text":
        world.write(post(text="Other words"))
        world.queue()
    else:
        cancel(world.app, KEY, who="me")
        retry(world.app, KEY, who="me")
    world.let(10 * MINUTE)
    assert _steps(world) == ([0, 0] if change == "text" else [0, 1])
    assert world.network.out[0].text == ("Other words" if change == "text" else "Hello")


def test_an_old_preparation_is_never_taken_for_that_of_new_words(world: World):
    """Killed between freezing new words and staging them, the next worker doesn't use what was staged before."""
    world.network.waits = [5 * MINUTE]
    world.run()
    world.write(post(text="Other words"))
    world.queue()
    world.clock.move_to(NOON + MINUTE)

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> Staged:
        raise Killed

    dying = world.daemon("dies")
    dying.publisher("a").stage = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        deliver.step(dying)
    assert world[KEY].status is Status.claimed
    world.let(10 * MINUTE)
    assert _steps(world) == [0, 0]
    assert world[KEY].status is Status.published


def test_a_killed_worker_s_steps_are_gone_on_with(world: World):
    """After a kill at any statement of staging nothing is begun twice that the book knows of."""
    world.network.waits = [AT_ONCE] * 3

    class Killed(BaseException):
        pass

    left = [6]

    def tick(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    event.listen(world.store.engine, "commit", tick)
    with pytest.raises(Killed):
        deliver.step(world.daemon("dies"))
    event.remove(world.store.engine, "commit", tick)
    stored = world[KEY].staged
    assert stored is not None
    world.let(10 * MINUTE)
    assert _steps(world)[len(_steps(world)) - 1] >= int(str(stored.ids["step"]))
    assert world.network.times(KEY) == 1


def test_a_step_that_fails_begins_anew(world: World):
    """A network that can't go on gets everything again, after a while."""
    world.network.waits = [AT_ONCE]
    world.network.stage_faults = ["ok", "later"]
    world.let(HOUR)
    assert _steps(world) == [0, 0]
    assert world.network.times(KEY) == 1


def test_a_network_that_never_comes_to_an_end_does_not_spin(world: World):
    """Step upon step without waiting ends after a hundred; then it is put off as whatever fails."""
    world.network.waits = [AT_ONCE] * 150
    assert deliver.step(world.app)
    assert len(world.network.steps) == 100
    assert world[KEY].not_before == NOON + 20 * SECOND
    assert "100 steps" in world[KEY].reason
    world.let(HOUR)
    assert world.network.times(KEY) == 1


def test_a_network_that_is_asked_too_soon_is_asked_a_second_later(world: World):
    """A moment that is all but now doesn't keep the lane turning."""
    world.network.waits = [timedelta(microseconds=1)]
    deliver.step(world.app)
    assert world[KEY].not_before == NOON + SECOND


def test_after_an_hour_it_is_begun_anew(tmp_path: Path):
    """What a network never gets ready is given to it again, where its rule lets it go so late."""
    world = World(tmp_path)
    world.write(post(late=Lateness(then=Then.publish)))
    world.queue()
    world.network.waits = [25 * MINUTE] * 4
    world.let(3 * HOUR)
    assert _steps(world) == [0, 1, 2, 0, 1]
    assert world.network.times(KEY) == 1
    world.close()


def test_what_is_pending_is_never_published(world: World):
    """Should a delivery be prepared by name only, it is prepared again instead of sent."""
    deliver.stage_next(world.app)
    staged = world[KEY].staged
    assert staged is not None
    with world.store.write() as c:
        deliveries.set_columns(c, world[KEY], **deliveries.staged_column(replace(staged, again_at=NOON)))
    world.let(MINUTE)
    assert _steps(world) == [0, 0]
    assert world.network.times(KEY) == 1


def test_each_part_of_a_thread_is_prepared_by_itself(world: World):
    """A part whose preparation takes its time holds the thread, and is never mixed up with another's."""
    world.threads["p"] = ("two",)
    world.queue()
    world.network.waits = [AT_ONCE, MINUTE]
    world.let(HOUR)
    assert [one.text for one in world.network.out] == ["Hello", "two"]
    assert _steps(world) == [0, 1, 2, 0]


def test_what_an_edit_puts_off_is_prepared_anew_and_no_longer_lent(tmp_path: Path):
    """A post that was being prepared and gets another time: what the network gave is dropped, its picture not lent."""
    Image.new("RGB", (64, 48), "red").save(tmp_path / "a.jpg")
    world = World(tmp_path)
    picture = Picture(file="a.jpg", alt=Text({"": "Red"}), place=Place(file="posts/act.yaml"))
    world.write(post(images=(picture,)))
    world.queue()
    world.network.waits = [10 * MINUTE]
    assert deliver.step(world.app)
    found = world[KEY]
    assert (found.status, found.staged is not None) == (Status.queued, True)
    assert found.frozen is not None
    (shown,) = found.frozen.media

    def lent_out() -> bool:
        with world.store.read() as c:
            return lent.in_hand(c, shown.sha256, now=world.clock.now()) is not None

    assert lent_out()
    world.write(post(images=(picture,), at=NOON + timedelta(days=9)))
    assert len(world.queue().change) == 1
    assert world[KEY].staged is None
    assert not lent_out()
    world.let(timedelta(days=10))
    assert _steps(world) == [0, 0]
    assert world.network.times(KEY) == 1
    world.close()
