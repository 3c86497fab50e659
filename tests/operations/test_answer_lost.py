"""Where the answer to a COMMIT is lost, what the state may name stays; what a power cut emptied isn't shown."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scheduler.model import CardOrder, Text
from scheduler.operations import deliver, intake, moderate
from scheduler.publishers.outbox import Publisher
from scheduler.status import Status
from scheduler.store import Connection, StateAwayError, staff, submissions
from scheduler.submission import Role, User
from tests.operations.test_intake import begun, stored
from tests.world import World, post


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world of its own."""
    made = World(tmp_path)
    yield made
    made.close()


@contextmanager
def lost(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every commit go through, and its answer be lost."""
    real: Callable[[], Any] = world.store.write

    @contextmanager
    def write() -> Iterator[Connection]:
        with real() as c:
            yield c
        raise StateAwayError("cut in COMMIT")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "write", write)
        with pytest.raises(StateAwayError):
            yield


def _moderator(world: World) -> User:
    with world.store.write() as c:
        staff.add_user(c, "m", Role.moderator, now=world.clock.now())
        found = staff.user_named(c, "m")
    assert found is not None
    return found


def test_a_covered_picture_stays_that_the_state_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cover was stored, though nobody heard of it: the picture is there, and covered again it goes on."""
    world.write(post("p"))
    found, user = world.submit(approve=0), _moderator(world)
    with lost(world, monkeypatch):
        moderate.cover(world.app, found.ref, user=user, boxes=[(0.1, 0.1, 0.2, 0.2)])
    with world.store.read() as c:
        now = submissions.by_id(c, found.id)
    assert now.file != found.file
    assert {now.file, now.preview} <= stored(world)
    again = moderate.cover(world.app, found.ref, user=user, boxes=[(0.3, 0.3, 0.4, 0.4)])
    assert len(again.covers) == 2


def test_a_draft_stays_that_the_state_names(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the file as it came nor the clean one goes; sent again it is the same draft."""
    with lost(world, monkeypatch):
        begun(world)
    draft = begun(world).submission
    assert stored(world) == {draft.source}
    with lost(world, monkeypatch):
        intake.clean(world.app, draft.id)
    with world.store.read() as c:
        clean = submissions.by_id(c, draft.id)
    assert clean.source == ""
    assert {clean.file, clean.preview} <= stored(world)


@pytest.mark.parametrize("left", [b"", b"half of it"])
def test_what_a_power_cut_emptied_is_made_again(world: World, left: bytes) -> None:
    """A card that was prepared lies there empty after a power cut: the outbox shows it whole, once."""
    said = Text({"": "Hello"})
    world.write(post("p", card=CardOrder(message=said, theme=None, language="en", qr=False)))
    world.queue()
    var = world.workspace.var
    world.app.factory = lambda account, *_: Publisher(account, secrets={}, folder=var, clock=world.clock)
    world.app._local = threading.local()
    assert deliver.stage_next(world.app)
    (card,) = (var / "rendered").glob("*.jpg")
    whole = card.read_bytes()
    card.write_bytes(left)
    world.run()
    assert world["act/p@a"].status is Status.published
    assert [shown.read_bytes() for shown in (var / "outbox").rglob("*.jpg")] == [whole]
