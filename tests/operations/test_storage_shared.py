"""Private files that several machines share: a real server of a storage, on loopback, and two folders on one state."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
import pytest
import requests

from scheduler import blobs, erasure, rendering, sharing
from scheduler.app import App
from scheduler.blobs import AwayError
from scheduler.errors import TryLater
from scheduler.files import MachineError
from scheduler.operations import cover, deliver, intake, moderate
from scheduler.operations.put_away import put_away
from scheduler.operations.take_back import take_back
from scheduler.operations.tidy import tidy
from scheduler.status import Status
from scheduler.store import withdrawals
from tests.operations.shared import Machines, Showing, storage_server
from tests.web.site import CANARY
from tests.world import example_consent

SECONDS = timedelta(seconds=1)
DATABASES = ("postgresql",)  # without it there is one machine


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Give the address of a storage with a bucket."""
    with storage_server() as url:
        yield url


@pytest.fixture
def world(tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    """Give two machines."""
    monkeypatch.setenv("LENT_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("LENT_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(blobs, "_REST", 0.0)
    monkeypatch.setattr(obstore, "sign", _away)  # of nothing here an address is ever given
    made = Machines(tmp_path, s3)
    yield made
    made.close()


def test_what_one_takes_in_the_other_publishes(world: Machines) -> None:
    """Handed in on one, looked at and covered on the other, prepared on one, sent from the other to the byte."""
    found = world.hand_in(world.one)
    looked_at = blobs.upload(world.other.workspace, found.file)
    assert looked_at.read_bytes() == (world.one.workspace.var / "uploads" / found.file).read_bytes()
    found = moderate.cover(world.other, found.ref, user=world.moderator, boxes=[(0.1, 0.1, 0.3, 0.3)])
    assert looked_at.exists() is False
    key = world.approve_for_slot(found)
    world.clock.move_to(world.due - timedelta(minutes=1))
    assert deliver.stage_next(world.one)
    frozen = world[key].frozen
    assert frozen is not None
    world.clock.move_to(world.due)
    assert world.rendered(world.other) == set()
    assert deliver.send_next(world.other)
    assert world[key].status is Status.published
    assert Showing.shown == [frozen.media[0].path.read_bytes()]
    assert world.rendered(world.other) == world.rendered(world.one)


def test_before_it_is_handed_in_nothing_leaves_the_machine(world: Machines) -> None:
    """Neither the file as it came, nor what is made of it, nor what somebody gives up; and no name says what it is."""
    draft = intake.clean(world.one, world.begin(world.one).id)
    cover.cover(world.one, draft, [(0.1, 0.1, 0.2, 0.2)])
    assert world.there() == {}
    intake.abandon(world.one, draft)
    assert (world.there(), world.uploads(world.one)) == ({}, set())
    found = world.hand_in(world.one, seed=1)
    there = world.there()
    assert {name.split("/")[-2] for name in there} == {found.file, found.preview}
    assert all(name.startswith("private/uploads/") and found.sha256 not in name for name in there)
    assert not any(CANARY in data for data in there.values())
    assert {requests.get(f"{world.place()}/{name}", timeout=10).status_code for name in there} == {403}


def test_the_hash_of_a_photo_stands_in_no_name(world: Machines) -> None:
    """What is rendered lies under a keyed name, so that a list of names tells nobody whose picture it was."""
    found = world.hand_in(world.one)
    world.approve_for_slot(found)
    world.clock.move_to(world.due - timedelta(minutes=1))
    deliver.stage_next(world.one)
    names = " ".join(world.there())
    assert "private/rendered/theirs/" in names
    assert found.sha256 not in names
    assert not any(CANARY in data for data in world.there().values())


def test_a_draft_is_its_own_machines(world: Machines) -> None:
    """Another machine neither opens it nor calls it damaged; it can't be handed in there."""
    draft = world.begin(world.one)
    assert intake.unfinished(world.other) == []
    assert intake.unfinished(world.one) == [draft.id]
    assert intake.clean(world.other, draft.id).problem == ""
    clean = intake.clean(world.one, draft.id)
    described = intake.describe(world.one, clean, message="Hello", language="en")
    with pytest.raises(MachineError):
        cover.cover(world.other, described, [(0.1, 0.1, 0.2, 0.2)])
    with pytest.raises(MachineError):
        intake.hand_in(world.other, described, _consent(world))
    assert world.there() == {}


def _consent(world: Machines) -> Any:
    return example_consent(day=world.clock.now().date())


def staged(world: Machines) -> tuple[str, str]:
    """Return a submission and its delivery: prepared on one machine, seen on the other, which has copies too."""
    found = world.hand_in(world.one)
    key = world.approve_for_slot(found)
    world.clock.move_to(world.due - timedelta(minutes=1))
    deliver.stage_next(world.one)
    blobs.upload(world.other.workspace, found.file)
    blobs.upload(world.other.workspace, found.preview)
    rendering.at_hand(world[key], world.other.publisher("a"), world.other.workspace)
    assert world.rendered(world.other)
    return found.ref, key


def test_taken_back_on_one_it_is_gone_everywhere(world: Machines) -> None:
    """From the storage at once and with proof; from the other machine within a minute, without a question to it."""
    ref, key = staged(world)
    take_back(world.one, ref, who="volunteer")
    assert world[key].status is Status.cancelled
    assert world.there() == {}
    assert (world.uploads(world.one), world.rendered(world.one)) == (set(), set())
    assert world.uploads(world.other)
    world.clock.move_to(world.clock.now() + 60 * SECONDS)
    put_away(world.other, {})
    assert (world.uploads(world.other), world.rendered(world.other)) == (set(), set())
    with world.store.read() as c:
        assert withdrawals.unfinished(c) == []


def test_a_storage_that_is_away_keeps_no_withdrawal_from_being_known(
    world: Machines, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing goes out, every copy goes, it is said and stays open; and it is done once the storage answers."""
    ref, key = staged(world)
    with world.away():
        take_back(world.one, ref, who="volunteer")
        assert world[key].status is Status.cancelled
        assert (world.uploads(world.one), world.rendered(world.one)) == (set(), set())
        put_away(world.other, {})
        assert (world.uploads(world.other), world.rendered(world.other)) == (set(), set())
        for _ in range(3):
            assert not erasure.sweep(world.other)
        assert caplog.text.count(f"a file of {ref}, which is over, can't be deleted") == 1
        assert any("that are over not all is deleted" in one for one in sharing.look(world.one))
    assert world.there()
    assert erasure.sweep(world.other)
    assert world.there() == {}
    assert sharing.look(world.one) == []


def test_what_a_storage_keeps_although_it_was_told_to_delete_stays_open(
    world: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted is what is proven to be gone, whatever the storage answers."""
    found = world.hand_in(world.one)
    with monkeypatch.context() as patch:
        patch.setattr(obstore, "delete", lambda *_given: None)
        take_back(world.one, found.ref, who="volunteer")
        with world.store.read() as c:
            assert [one.ref for one in withdrawals.unfinished(c)] == [found.ref]
    assert erasure.sweep(world.one)
    assert world.there() == {}


def test_another_storage_in_the_settings_forgets_nothing(world: Machines) -> None:
    """Where config.yaml names another place, or none, what lies in the one before stays open, and doctor says so."""
    found = world.hand_in(world.one)
    settings = world.one.workspace.storage
    assert settings is not None
    was = world.one.workspace
    for private in ("", "s3://pictures/elsewhere"):
        world.one.workspace = replace(was, storage=replace(settings, private=private))
        take_back(world.one, found.ref, who="volunteer")
        assert not erasure.sweep(world.one)
        assert any("name it there again" in one for one in sharing.look(world.one))
    assert len(world.there()) == 2
    with pytest.raises(MachineError, match="name it there again"):
        world.begin(world.one, seed=2)
    world.one.workspace = was
    assert erasure.sweep(world.one)
    assert world.there() == {}


def test_a_machine_with_another_secret_takes_nothing_in(world: Machines) -> None:
    """A code given there would be known on no other machine: nobody could take the picture back there."""
    world.hand_in(world.one)
    (world.other.workspace.var / "secret.key").write_bytes(b"x" * 32)
    fresh = world.machine("third", world.other.workspace.folder)
    with pytest.raises(MachineError, match=r"secret\.key is another one"):
        world.begin(fresh, seed=1)
    assert world.uploads(fresh) == set()
    assert any("secret.key is another one" in one for one in sharing.look(fresh))


def test_a_picture_that_somebody_slipped_in_is_not_taken(world: Machines) -> None:
    """Who can write into the storage can't have a picture of theirs published: what came from there is proven."""
    found = world.hand_in(world.one)
    key = world.approve_for_slot(found)
    world.clock.move_to(world.due - timedelta(minutes=1))
    deliver.stage_next(world.one)
    frozen = world[key].frozen
    assert frozen is not None
    (facts,) = (world.one.workspace.var / "rendered").glob("*.json")
    false = b"another picture"
    about = json.loads(facts.read_bytes()) | {"sha256": hashlib.sha256(false).hexdigest(), "size": len(false)}
    for name in world.there():
        if "rendered" in name:
            data = json.dumps(about).encode() if ".json" in name else false
            world.put(name, data)
    before = world.other.workspace.var / "rendered" / frozen.media[0].path.name
    assert rendering.at_hand(world[key], world.other.publisher("a"), world.other.workspace) == frozen
    assert before.read_bytes() == frozen.media[0].path.read_bytes()
    for name in world.there():
        if "uploads" in name and "small" not in name:
            world.put(name, false)
    (world.other.workspace.var / "uploads" / found.file).unlink()
    before.unlink()
    with pytest.raises(TryLater, match="is another picture"):
        rendering.at_hand(world[key], world.other.publisher("a"), world.other.workspace)


def _away(*_given: object) -> None:
    raise AwayError


# ── how long copies are kept ────────────────────────────────────────────────────────────────────────────


def test_copies_are_dropped_after_a_day_and_fetched_again(world: Machines) -> None:
    """The storage is the truth; what only a machine has it gives before."""
    found = world.hand_in(world.one)
    blobs.delete(world.one.workspace, f"{blobs.UPLOADS}/{found.file}")  # as if it came before the storage was named
    assert any("on this machine alone" in one for one in sharing.look(world.one))
    world.clock.move_to(world.clock.now() + timedelta(days=1, hours=1))
    tidy(world.one)
    assert len(world.there()) == 2
    assert world.uploads(world.one) == set()
    assert blobs.upload(world.one.workspace, found.file).is_file()


def test_a_row_that_is_still_being_written_loses_no_file(world: Machines) -> None:
    """What was just written here may belong to nothing yet; half a minute later it does, or goes."""
    folder = world.one.workspace.var / "uploads"
    folder.mkdir(exist_ok=True)
    for name in ("a.jpg", "b"):
        (folder / name).write_bytes(b"x")
    put_away(world.one, {})
    assert world.uploads(world.one) == {"a.jpg", "b"}
    world.clock.move_to(world.clock.now() + 60 * SECONDS)
    put_away(world.one, {})
    assert world.uploads(world.one) == {"b"}
    world.clock.move_to(world.clock.now() + 300 * SECONDS)
    put_away(world.one, {})
    assert world.uploads(world.one) == set()


def test_a_film_goes_in_pieces(world: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never held whole; what lacks a piece isn't there at all, and is deleted with its pieces."""
    monkeypatch.setattr(blobs, "PIECE", 1000)
    film, back = tmp_path / "film", tmp_path / "back"
    film.write_bytes(bytes(range(256)) * 10)
    workspace = world.one.workspace
    blobs.put(workspace, "uploads/a.mp4", film)
    assert [name.rpartition("/")[2] for name in sorted(world.there())] == ["0-3", "1-3", "2-3"]
    assert blobs.fetch(workspace, "uploads/a.mp4", back)
    assert back.read_bytes() == film.read_bytes()
    blobs.delete(workspace, "uploads/a.mp4/1-3")
    blobs.delete(workspace, "uploads")
    assert world.there() == {}
    assert not blobs.fetch(workspace, "uploads/a.mp4", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_storage_that_has_just_not_answered_is_not_asked(world: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes next isn't kept waiting: for some seconds it counts as away."""
    monkeypatch.setattr(blobs, "_REST", 60.0)
    asked: list[object] = []
    with world.away():
        with pytest.raises(AwayError):
            blobs.require(world.one.workspace)
        monkeypatch.setattr(obstore, "list", lambda *given, **_options: asked.append(given))
        with pytest.raises(AwayError):
            blobs.require(world.one.workspace)
    assert asked == []
    blobs._silent.clear()


def test_on_one_machine_alone_nobody_is_asked(world: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place for private files, all that happens to a picture happens on this disk."""
    settings = world.one.workspace.storage
    assert settings is not None
    alone: App = world.machine("alone", world.one.workspace.folder)
    alone.workspace = replace(alone.workspace, storage=replace(settings, private=""))
    monkeypatch.setattr(blobs, "_asked", _away)
    found = world.hand_in(alone)
    moderate.cover(alone, found.ref, user=world.moderator, boxes=[(0.1, 0.1, 0.3, 0.3)])
    take_back(alone, found.ref, who="volunteer")
    tidy(alone)
    put_away(alone, {})
    assert (world.uploads(alone), world.there()) == (set(), {})
    assert sharing.look(alone) == []
