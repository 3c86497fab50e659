"""A storage of several machines that is slow, away, or tampered with: what people are told, and what stays."""

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler import blobs, rehearsal, sharing
from scheduler.app import open_state
from scheduler.blobs import AwayError
from scheduler.model import Account
from scheduler.operations import copies, deliver, intake, moderate
from scheduler.operations.doctor import doctor
from scheduler.operations.put_away import put_away
from scheduler.operations.take_back import take_back
from scheduler.posts import Loaded
from scheduler.status import Status
from scheduler.store import StateError, deliveries, submissions
from scheduler.submission import Stage
from tests import databases
from tests.operations.shared import NOWHERE, Machines
from tests.operations.test_storage_shared import DATABASES, s3, world
from tests.world import example_consent

__all__ = ["DATABASES", "s3", "world"]
SECONDS = timedelta(seconds=1)


def _consent(world: Machines) -> Any:
    return example_consent(day=world.clock.now().date())


def test_nothing_is_taken_in_while_the_storage_is_away(world: Machines) -> None:
    """It is said before anything is stored."""
    with world.away(), pytest.raises(AwayError):
        world.begin(world.one)
    assert world.uploads(world.one) == set()
    with world.store.read() as c:
        assert submissions.in_stage(c, Stage.draft) == []


def test_what_cannot_be_given_is_not_handed_in(world: Machines) -> None:
    """The draft stays as it was, and goes on once the storage is back; what was given of it is taken out again."""
    draft = intake.clean(world.one, world.begin(world.one).id)
    draft = intake.describe(world.one, draft, message="Hello", language="en")
    with world.away(), pytest.raises(AwayError):
        intake.hand_in(world.one, draft, _consent(world))
    assert (world.there(), len(world.uploads(world.one))) == ({}, 2)
    handed, code = intake.hand_in(world.one, draft, _consent(world), secret="s" * 43)
    assert (handed.stage, len(world.there())) == (Stage.pending, 2)
    take_back(world.one, handed.ref, who="volunteer")
    assert intake.hand_in(world.one, draft, _consent(world), secret="s" * 43)[1] == code
    assert world.there() == {}  # asked again, nothing comes back


def test_what_is_refused_in_the_last_step_is_taken_out_again(world: Machines) -> None:
    """It was given to the storage, and nobody agreed to it after all."""
    draft = intake.clean(world.one, world.begin(world.one).id)
    draft = intake.describe(world.one, draft, message="Hello", language="en")
    with pytest.raises(intake.RefusedError):
        intake.hand_in(world.one, replace(draft, message="Another"), _consent(world))
    assert world.there() == {}


@pytest.mark.parametrize("known", [True, False])
def test_staging_waits_for_what_it_has_not(world: Machines, *, known: bool) -> None:
    """A machine that has the photo prepares its post without the storage; one that hasn't tries again later."""
    found = world.hand_in(world.one)
    key = world.approve_for_slot(found)
    world.clock.move_to(world.due - timedelta(minutes=1))
    with world.away():
        assert deliver.stage_next(world.one if known else world.other)
    assert world[key].status is (Status.staged if known else Status.queued)
    if not known:
        assert "put off: the storage that the machines share can't be used now" in (world[key].reason or "")
        world.clock.move_to(world.clock.now() + 30 * SECONDS)
        assert deliver.stage_next(world.other)
        assert world[key].status is Status.staged


def test_a_cover_that_cannot_be_given_changes_nothing(world: Machines) -> None:
    """The picture stays as it was; the moderator is told to try again."""
    found = world.hand_in(world.one)
    before = world.there()
    with world.away(), pytest.raises(AwayError):
        moderate.cover(world.one, found.ref, user=world.moderator, boxes=[(0.1, 0.1, 0.3, 0.3)])
    assert world.there() == before
    assert world.uploads(world.one) == {found.file, found.preview}
    with world.store.read() as c:
        assert submissions.by_id(c, found.id).file == found.file


def test_an_uncovered_picture_that_could_not_be_deleted_is_a_stray(
    world: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cover holds; what lay there before is deleted by the next look, a quarter of an hour old at most."""
    found = world.hand_in(world.one)
    with monkeypatch.context() as patch:
        patch.setattr(blobs, "delete", _away)
        covered = moderate.cover(world.one, found.ref, user=world.moderator, boxes=[(0.1, 0.1, 0.3, 0.3)])
    assert len(world.there()) == 4
    world.clock.move_to(datetime.now(UTC) + sharing.STRAY + 2 * SECONDS)  # the storage's clock has gone on
    assert any("belong to nothing" in one for one in sharing.look(world.one))
    put_away(world.other, {})
    assert {name.split("/")[-2] for name in world.there()} == {covered.file, covered.preview}


def _away(*_given: object) -> None:
    raise AwayError


def test_another_picture_of_the_same_name_is_not_sent(world: Machines) -> None:
    """What a machine rendered otherwise isn't shown in place of what was prepared: it is prepared anew."""
    found = world.hand_in(world.one)
    key = world.approve_for_slot(found)
    world.clock.move_to(world.due - timedelta(minutes=1))
    deliver.stage_next(world.one)
    frozen = world[key].frozen
    assert frozen is not None
    wrong = replace(frozen, media=tuple(replace(one, sha256="0" * 64) for one in frozen.media))
    with world.store.write() as c:
        deliveries.set_columns(c, world[key], **deliveries.frozen_column(wrong))
    world.clock.move_to(world.due)
    assert deliver.send_next(world.other)
    assert (world[key].status, world.network.times(key)) == (Status.queued, 0)
    world.run(world.other)
    assert (world[key].status, world.network.times(key)) == (Status.published, 1)


def test_a_storage_that_never_answers_keeps_nobody_waiting(
    world: Machines, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It takes the connection and no more: each question ends, and says that it is away."""
    monkeypatch.setattr(blobs, "_ANSWERS", timedelta(seconds=0.2))
    monkeypatch.setattr(blobs, "_MOVES", timedelta(seconds=0.2))
    (tmp_path / "file").write_bytes(b"x")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = "http://{}:{}".format(*silent.getsockname())
        with world.away(address):
            workspace = world.one.workspace
            for ask in (
                lambda: blobs.require(workspace),
                lambda: blobs.put(workspace, "uploads/a", tmp_path / "file"),
                lambda: blobs.fetch(workspace, "uploads/a", tmp_path / "back"),
                lambda: blobs.delete(workspace, "uploads/a"),
            ):
                with pytest.raises(AwayError):
                    ask()
    assert not (tmp_path / "back").exists()


def test_what_may_have_been_handed_in_stays(world: Machines) -> None:
    """Where the database went away in the commit nobody knows whether it was done; what wasn't is a stray."""
    draft = intake.clean(world.one, world.begin(world.one).id)
    with pytest.raises(StateError), sharing.given(world.one, draft):
        raise StateError
    assert len(world.there()) == 2
    world.clock.move_to(datetime.now(UTC) + sharing.STRAY + 2 * SECONDS)  # the storage's clock has gone on
    put_away(world.other, {})
    assert world.there() == {}


@pytest.mark.parametrize("answers", [True, False])
def test_a_copy_of_the_state_put_back_on_a_machine_without_copies(
    world: Machines, tmp_path: Path, *, answers: bool
) -> None:
    """What lies in the storage isn't taken for taken back; while that can't be told, nothing is put back."""
    found = world.hand_in(world.one)
    copies.backup(world.one, tmp_path / "copy.db")
    world.close()
    folder = world.one.workspace.folder
    databases.lose(folder)
    for file in (folder / "var/uploads").iterdir():
        file.unlink()
    if answers:
        copies.restore(world.one.workspace, tmp_path / "copy.db", clock=world.clock, who="me")
    else:
        with world.away(), pytest.raises(AwayError):
            copies.restore(world.one.workspace, tmp_path / "copy.db", clock=world.clock, who="me")
        return
    store = open_state(world.one.workspace)
    with store.read() as c:
        assert submissions.by_id(c, found.id).stage is Stage.pending
    store.close()


def test_a_rehearsal_gives_nothing_away(world: Machines, tmp_path: Path) -> None:
    """A machine without copies fetches what it shows; what it renders for itself stays there."""
    found = world.hand_in(world.one, networks=("outbox",))
    world.approve(found, world.slots()[0])
    before = world.there()
    accounts = {"a": Account(name="a", platform="outbox", language="en")}
    workspace = replace(world.other.workspace, accounts=accounts)
    loaded = Loaded(actions=tuple(world.actions.values()), problems=())
    assert rehearsal.rehearse(workspace, loaded, out=tmp_path / "out").count("published") == 1
    assert world.there() == before
    assert world.uploads(world.other) == {found.file}


def test_doctor_looks_at_the_storage(world: Machines, tmp_path: Path) -> None:
    """It answers, keeps what is put there and gives it back; or what is the matter is said, with the cure."""
    settings = world.one.workspace.storage
    assert settings is not None
    config = "name: N\ntimezone: UTC\nlanguages: [en]\naccounts: {a: {platform: outbox}}\n"
    config += f"database: '{world.one.workspace.database}'\n"
    for endpoint, well in ((settings.endpoint, True), (NOWHERE, False)):
        places = f"bucket: '{settings.bucket}', private: '{settings.private}', endpoint: '{endpoint}', keys: LENT"
        (tmp_path / "one/config.yaml").write_text(f"{config}storage: {{{places}}}\n")
        found = {one.name: one for one in doctor(tmp_path / "one", clock=world.clock)}["private files"]
        assert found.ok is well, found.detail
        assert (settings.private if well else "can't be used now") in found.detail
    assert world.there() == {}
