"""A machine on another state, and the storage of everybody: it gives nothing there and deletes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler import belonging, sharing
from scheduler.app import App
from scheduler.files import MachineError
from scheduler.needs import Kind, Need
from scheduler.operations.put_away import put_away
from scheduler.operations.tidy import tidy
from scheduler.store import controls, copy_database, needs, open_store
from tests.operations.shared import Machines
from tests.operations.test_storage_shared import DATABASES, s3, world

__all__ = ["DATABASES", "s3", "world"]
ANOTHER = "belong to another state of this workspace"
HOUR = timedelta(hours=1)


@contextmanager
def third(world: Machines, folder: Path, *, state: Path | None = None, same: bool = True) -> Iterator[App]:
    """Give a machine with the same settings on a state of its own: a new one, or a copy."""
    (folder / "var").mkdir(parents=True, exist_ok=True)
    for name in ("secret.key", *(["workspace.id"] if same else [])):
        (folder / "var" / name).write_bytes((world.one.workspace.var / name).read_bytes())
    store = open_store(f"sqlite:///{state or folder / 'var/state.db'}", folder)
    try:
        yield replace(world.machine("third", folder), store=store)
    finally:
        store.close()


def refuses(world: Machines, app: App, why: str) -> None:
    """Let a machine do all that it does by itself, and take something in; the storage stays as it is."""
    before = world.there()
    world.clock.move_to(world.clock.now() + HOUR)
    put_away(app, {})
    assert _asks(app)
    tidy(app)
    with pytest.raises(MachineError, match=why):
        sharing.sweep_there(app)
    with pytest.raises(MachineError, match=why), sharing.giving(app, ["a.jpg"]):
        pytest.fail("given")
    with pytest.raises(MachineError, match=why):
        world.begin(app, seed=9)
    assert any(why in one for one in sharing.look(app))
    assert world.there() == before


def _asks(app: App) -> bool:
    with app.store.read() as c:
        return Need(kind=Kind.storage) in needs.needs(c, app.clock.now())


def word(app: App, said: str) -> Path:
    """Say what a message told to say."""
    file: Path = app.workspace.var / "storage.id"
    file.write_text(f"{said}\n")
    return file


def asked(app: App) -> str:
    """Return what the message tells to say."""
    with pytest.raises(MachineError) as error:
        sharing.sweep_there(app)
    return str(error.value).partition(" write ")[2].partition(" ")[0]


def test_another_workspace_on_the_same_storage_empties_nothing(world: Machines, tmp_path: Path) -> None:
    """The settings were copied, the state is a new one: it keeps its hands off, and doctor says why."""
    world.hand_in(world.one)
    with third(world, tmp_path / "third", same=False) as app:
        refuses(world, app, "another workspace's private files")
    assert sharing.sweep_there(world.other) == 0


def test_a_state_begun_anew_empties_nothing(world: Machines, tmp_path: Path) -> None:
    """It has the workspace's mark in its folder, and knows of none of the files."""
    world.hand_in(world.one)
    with third(world, tmp_path / "third") as app:
        refuses(world, app, ANOTHER)


def test_a_copy_of_the_state_empties_nothing(world: Machines, tmp_path: Path) -> None:
    """Restored for a trial while the real one goes on: what was handed in since isn't known to it, and stays."""
    world.hand_in(world.one)
    copy = tmp_path / "copy.db"
    copy_database(world.store, copy)
    found = world.hand_in(world.one, seed=1)
    with third(world, tmp_path / "third", state=copy) as app:
        refuses(world, app, ANOTHER)
    assert any(found.file in name for name in world.there())


def test_a_state_takes_the_place_of_one_that_is_gone_by_a_persons_word(world: Machines, tmp_path: Path) -> None:
    """The word counts while the other is silent, and no longer; after it the other one keeps its hands off."""
    world.hand_in(world.one)
    with third(world, tmp_path / "third") as app:
        said = word(app, asked(app))
        sharing.sweep_there(world.one)
        refuses(world, app, ANOTHER)
        word(app, asked(app))
        assert sharing.sweep_there(app) == 2
        assert (said.exists(), world.there()) == (False, {})
        assert sharing.sweep_there(app) == 0
    refuses(world, world.one, ANOTHER)


def test_after_a_copy_was_put_back_a_person_says_so(world: Machines) -> None:
    """A restored state knows no mark; by the word it goes on with its files."""
    found = world.hand_in(world.one)
    with world.store.write() as c:
        controls.set_meta(c, belonging.MARKS, "[]")
    refuses(world, world.other, ANOTHER)
    word(world.other, asked(world.other))
    world.hand_in(world.other, seed=1)
    assert sharing.sweep_there(world.one) == 0
    assert any(found.file in name for name in world.there())


def test_what_lay_there_before_is_nobodys_to_delete(world: Machines) -> None:
    """Without a mark, files of which the state knows none are left alone, until a person says that they may go."""
    world.put("private/uploads/a.jpg/0-1", b"x")
    refuses(world, world.one, "of which this state knows none")
    word(world.one, asked(world.one))
    assert sharing.sweep_there(world.one) == 1


def test_most_of_what_is_there_goes_by_a_persons_word_alone(
    world: Machines, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state that knows nothing of most files is in doubt itself; a few strays need nobody."""
    monkeypatch.setattr(sharing, "_PLAUSIBLE", 3)
    world.hand_in(world.one)
    for number in range(4):
        world.put(f"private/uploads/{number}.jpg/0-1", b"x")
    world.clock.move_to(world.clock.now() + HOUR)
    put_away(world.one, {})
    why = "of 6 files in the storage 4 belong to nothing"
    assert why in caplog.text
    assert any(why in one for one in sharing.look(world.one))
    assert (len(world.there()), _asks(world.one)) == (6, True)
    word(world.one, asked(world.one))
    put_away(world.one, {})
    assert not _asks(world.one)
    assert len(world.there()) == 2
    world.put("private/uploads/a.jpg/0-1", b"x")
    world.clock.move_to(world.clock.now() + HOUR)
    assert sharing.sweep_there(world.one) == 1
