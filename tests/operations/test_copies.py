"""A copy of the state put back: what may have gone out is looked up, and no decision since is forgotten."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from scheduler import app, belonging
from scheduler.app import App
from scheduler.errors import TryLater, UserError
from scheduler.files import MachineError
from scheduler.model import Receipt, Workspace
from scheduler.operations import recover
from scheduler.operations.cancel import cancel
from scheduler.operations.copies import backup, restore
from scheduler.operations.pause import pause, resume
from scheduler.operations.release import approve
from scheduler.operations.retry import retry
from scheduler.operations.withdraw import withdraw
from scheduler.publishers.base import Deleted, NeedsHand
from scheduler.status import Status
from scheduler.store import controls, transfer
from scheduler.store.database import open_engine, reading, writing
from scheduler.store.tables import metadata
from scheduler.testing import FakePublisher
from tests import databases
from tests.world import NOON, World, post

HOUR = timedelta(hours=1)
KEY = "act/p@a"


def back(world: World, copy: Path) -> World:
    """Put a copy back and return the world as it is then: the same network, the same moment."""
    workspace: Workspace = world.workspace
    world.close()
    restore(workspace, copy, clock=world.clock, who="me")
    again = World(workspace.folder, honest=world.network.honest)
    again.clock.move_to(world.clock.now())
    again.network.out = world.network.out
    again.actions = world.actions
    return again


def resumed(world: World) -> None:
    """Look up what is in doubt, lift the pause of the restore, and let a while pass."""
    world.let(HOUR)
    resume(world.app, scope="all", name="", who="me")
    world.queue()
    world.let(2 * HOUR)


def test_what_went_out_since_the_copy_is_not_sent_again(tmp_path: Path):
    """The replaced state's receipts are taken over."""
    world = World(tmp_path, honest=False)
    world.write(post(at=NOON + HOUR, approve=True))
    world.queue()
    backup(world.app, tmp_path / "copy.db")
    approve(world.app, KEY, who="me")
    world.let(2 * HOUR)
    assert world.network.times(KEY) == 1
    world = back(world, tmp_path / "copy.db")
    assert world[KEY].status is Status.published
    resumed(world)
    assert world.network.times(KEY) == 1
    world.close()


def test_without_the_replaced_state_it_is_looked_up(tmp_path: Path):
    """Where the state since the copy is lost, what may be out is found, and never sent on a guess."""
    world = World(tmp_path, honest=False)
    world.write(post("p", at=NOON + HOUR, approve=True), post("q", at=NOON + HOUR, text="Another"))
    world.queue()
    backup(world.app, tmp_path / "copy.db")
    approve(world.app, KEY, who="me")
    world.let(2 * HOUR)
    world.store.close()
    databases.lose(tmp_path)
    world = back(world, tmp_path / "copy.db")
    assert world[KEY].status is Status.unknown
    resumed(world)
    assert [world[key].status for key in (KEY, "act/q@a")] == [Status.published, Status.published]
    assert [world.network.times(key) for key in (KEY, "act/q@a")] == [1, 1]
    world.close()


def test_a_restored_state_is_paused_and_keeps_decisions(tmp_path: Path):
    """What was cancelled, withdrawn or paused after the copy stays so."""
    world = World(tmp_path)
    world.write(post("p", at=NOON + HOUR), post("q", at=NOON + HOUR, text="Another"))
    world.queue()
    backup(world.app, tmp_path / "copy.db")
    cancel(world.app, KEY, who="me")
    withdraw(world.app, "act/q@a", who="me")
    pause(world.app, scope="action", name="act", why="crisis", who="me")
    world = back(world, tmp_path / "copy.db")
    with world.store.read() as c:
        assert {one.scope for one in controls.all_pauses(c)} == {"all", "action"}
    resume(world.app, scope="action", name="act", who="me")
    resumed(world)
    assert set(world.statuses().values()) == {Status.cancelled}
    assert world.network.out == []
    world.close()


def test_a_withdrawn_post_stays_withdrawn(tmp_path: Path):
    """A post that was taken down after the copy was made isn't sent again."""
    world = World(tmp_path)
    world.write(post(at=NOON + HOUR))
    world.queue()
    backup(world.app, tmp_path / "copy.db")
    world.let(2 * HOUR)
    recover.take_down(world.app, withdraw(world.app, KEY, who="me"))
    assert world[KEY].status is Status.withdrawn
    world = back(world, tmp_path / "copy.db")
    assert world[KEY].status is Status.withdrawn
    resumed(world)
    assert world.network.times(KEY) == 1
    world.close()


@pytest.mark.parametrize("length", [1, 3])
@pytest.mark.parametrize("down", ["by hand", "not yet", "partly", "yes"])
def test_what_was_out_already_is_still_wanted_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int, down: str
):
    """A post that the copy knows to be out, and that is wanted down since: so it stays, with its task, until it is."""
    world = World(tmp_path)
    world.threads["p"] = ("two", "three")[: length - 1]
    world.write(post(text="one"))
    world.queue()
    world.let(timedelta(minutes=1))
    assert world[KEY].status is Status.published
    backup(world.app, tmp_path / "copy.db")
    told: list[str] = []

    def delete(_self: FakePublisher, receipt: Receipt) -> Deleted | NeedsHand:
        told.append(receipt.remote_id)
        if down == "not yet" or (down == "partly" and len(told) == length):
            raise TryLater("away")
        return NeedsHand("delete it there") if down == "by hand" else Deleted()

    with monkeypatch.context() as patch:
        patch.setattr(FakePublisher, "delete", delete)
        withdraw(world.app, KEY, who="me")
        world.run()
    assert (world[KEY].status is Status.withdrawn) is (down == "yes")
    there, asked = world[KEY], tasks(world)
    assert bool(asked) is (down != "yes")
    world = back(world, tmp_path / "copy.db")
    world.threads["p"] = ("two", "three")[: length - 1]
    assert (world[KEY].status, world[KEY].up) == (there.status, there.up)
    assert tasks(world) == asked
    world.let(HOUR)
    assert world[KEY].status is Status.withdrawn
    assert tasks(world) == []
    assert "withdrawn" in world.history(KEY)
    assert sum(world.network.times(KEY, part) for part in range(1, length + 1)) == length
    world.close()


def tasks(world: World) -> list[str]:
    """Return what people still have to do."""
    with world.store.read() as c:
        return [one.what for one in controls.open_tasks(c)]


def test_what_was_taken_down_since_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A task of the copy that is done since doesn't come back with it."""
    world = World(tmp_path)
    world.write(post())
    world.queue()
    world.run()
    with monkeypatch.context() as patch:
        patch.setattr(FakePublisher, "delete", lambda *_: NeedsHand("delete it there"))
        withdraw(world.app, KEY, who="me")
        world.run()
        backup(world.app, tmp_path / "copy.db")
    recover.take_down(world.app, world[KEY])
    assert (world[KEY].status, tasks(world)) == (Status.withdrawn, [])
    world = back(world, tmp_path / "copy.db")
    world.run()
    assert (world[KEY].status, tasks(world)) == (Status.withdrawn, [])
    world.close()


@databases.only("postgresql")
def test_the_outbox_stays_where_it_is(tmp_path: Path):
    """A copy from before the first daemon doesn't give the outbox to another machine, which would write it anew."""
    url = databases.state(tmp_path)
    one, other = (_with_outbox(tmp_path / name, url) for name in ("one", "other"))
    backup(one, tmp_path / "copy.db")
    belonging.require_outbox(one)
    restore(one.workspace, tmp_path / "copy.db", clock=one.clock, who="me")
    with pytest.raises(MachineError, match="lies on another machine"):
        belonging.require_outbox(other)
    belonging.require_outbox(one)
    for machine in (one, other):
        machine.close()


def _with_outbox(folder: Path, url: str) -> App:
    """Return a machine's App on a workspace with one outbox account."""
    (folder / "posts").mkdir(parents=True)
    lines = ("name: Test", "timezone: UTC", "languages: [en]", f"database: {url}", "accounts: {o: {platform: outbox}}")
    (folder / "config.yaml").write_text("\n".join(lines), "utf-8")
    return app.build(app.workspace(folder)[0])


def test_a_state_of_an_older_form_is_not_replaced_unread(tmp_path: Path):
    """What people cancelled and paused in it would be forgotten: it is upgraded first."""
    world = World(tmp_path)
    backup(world.app, tmp_path / "copy.db")
    with writing(world.store.engine) as c:
        c.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    world.close()
    before = _kept(world)
    with pytest.raises(UserError, match="solidarity upgrade"):
        restore(world.workspace, tmp_path / "copy.db", clock=world.clock, who="me")
    assert _kept(world) == before


def _kept(world: World) -> list[str]:
    """Return the hash of each table."""
    engine = open_engine(world.workspace.database, world.workspace.folder)
    with reading(engine) as c:
        found = [transfer.digest(c, table) for table in metadata.sorted_tables]
    engine.dispose()
    return found


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("withdrawn", [False, True])
def test_the_parts_of_a_thread_since_the_copy_are_known(tmp_path: Path, parts: int, *, withdrawn: bool):
    """Receipts of parts are taken over with what was taken down of them; the thread goes on where it was."""
    world = World(tmp_path)
    world.threads["p"] = ("two", "three")
    world.write(post(text="one"))
    world.queue()
    backup(world.app, tmp_path / "copy.db")
    world.network.faults = ["ok"] * parts + ["refused"]
    world.let(timedelta(minutes=1))
    if withdrawn:
        withdraw(world.app, KEY, who="me")
        world.run()
    threads = world.threads
    world = back(world, tmp_path / "copy.db")
    world.threads = threads
    assert len(world[KEY].parts) == parts
    world.let(timedelta(minutes=1))
    resume(world.app, scope="all", name="", who="me")
    world.let(timedelta(minutes=1))
    if withdrawn:
        assert world[KEY].status is Status.withdrawn
        assert len(world.network.out) == parts
    elif parts < 3:
        retry(world.app, KEY, who="me")
        world.let(HOUR)
    assert [world.network.times(KEY, part) for part in (1, 2, 3)] == [
        1 if part <= parts or not withdrawn else 0 for part in (1, 2, 3)
    ]
    assert world.network.complaints == []
    world.close()
