"""Who is on staff, and the record of what people did."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from scheduler.errors import UserError
from scheduler.operations import audit, staff
from scheduler.store import controls
from scheduler.submission import Role
from tests import databases
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a small world."""
    made = World(tmp_path)
    yield made
    made.close()


def test_a_name_is_one_persons_whatever_its_case(world: World) -> None:
    """Names are compared without case, and freed when somebody leaves."""
    staff.add_user(world.app, " Ada  L ", Role.admin, who="x")
    with pytest.raises(staff.NameTakenError, match="on staff already"):
        staff.add_user(world.app, "ada l", Role.editor, who="x")
    staff.add_user(world.app, "Bea", Role.admin, who="x")
    staff.remove_user(world.app, "ADA L", who="x")
    staff.add_user(world.app, "ada l", Role.editor, who="x")
    assert [one.name for one in staff.users(world.app)] == ["ada l", "Bea"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\x00b", "a\u202eb"])
def test_a_name_can_be_read(world: World, name: str) -> None:
    """Empty, endless and invisible names are refused: the audit must be readable."""
    with pytest.raises(UserError, match="characters"):
        staff.add_user(world.app, name, Role.editor, who="x")


def test_the_last_admin_is_kept(world: World) -> None:
    """Removing or demoting the last admin changes nothing, and says what to do first."""
    staff.add_user(world.app, "Ada", Role.admin, who="x")
    with pytest.raises(staff.LastAdminError, match="make somebody else an admin first"):
        staff.remove_user(world.app, "Ada", who="x")
    with pytest.raises(staff.LastAdminError):
        staff.set_role(world.app, "Ada", Role.editor, who="x")
    assert [one.role for one in staff.users(world.app)] == [Role.admin]
    assert staff.set_role(world.app, "Ada", Role.admin, who="x").role is Role.admin


def test_an_admin_who_never_came_in_is_no_other_admin(world: World) -> None:
    """Who can sign in doesn't hand over to somebody who can't yet; the other way round goes."""
    ada, _ = staff.add_user(world.app, "Ada", Role.admin, who="x")
    staff.add_user(world.app, "Bea", Role.admin, who="x")
    staff.set_password(world.app, ada.id, "correct horse battery")
    with pytest.raises(staff.LastAdminError):
        staff.remove_user(world.app, "Ada", who="x")
    staff.remove_user(world.app, "Bea", who="x")


def test_whoever_left_can_be_given_nothing(world: World) -> None:
    """A form that was open while somebody was removed changes nothing."""
    user, _ = staff.add_user(world.app, "Bea", Role.editor, who="x")
    staff.remove_user(world.app, "Bea", who="x")
    with pytest.raises(UserError, match="no longer on staff"):
        staff.set_password(world.app, user.id, "correct horse battery")
    with pytest.raises(UserError, match="nobody on staff"):
        staff.invite(world.app, "Bea", who="x")
    assert staff.check_password(world.app, "Bea", "correct horse battery") is None


def test_the_audit_is_whole_and_says_where_it_isnt(world: World) -> None:
    """A change, a gap and an entry put in between are each found at their place."""
    now = world.clock.now()
    assert audit.verify(world.app) == audit.Verified(ok=True, entries=0, head="", broken_at=None)
    with world.store.write() as c:
        for number in range(5):
            controls.note(c, "retry", f"key {number}", who="Ada", now=now)
    whole = audit.verify(world.app)
    assert (whole.ok, whole.entries, whole.broken_at) == (True, 5, None)
    with pytest.raises(Exception, match="append"), world.store.write() as c:
        c.execute(text("UPDATE audit SET who = 'Bea' WHERE id = 3"))
    with world.store.write() as c:
        databases.unguard(c, "audit")
    breaks = ("UPDATE audit SET who = 'Bea' WHERE id = 3", "DELETE FROM audit WHERE id = 2")
    for broken_at, statement in ((3, breaks[0]), (3, breaks[1])):
        with world.store.write() as c:
            c.execute(text(statement))
        found = audit.verify(world.app)
        assert (found.ok, found.broken_at) == (False, broken_at)
    assert audit.verify(world.app).head != whole.head


def test_the_newest_entries_come_first(world: World) -> None:
    """Pages of entries follow one another without a gap."""
    with world.store.write() as c:
        for number in range(5):
            controls.note(c, "retry", f"key {number}", who="Ada", now=world.clock.now())
    first = audit.entries(world.app, limit=2)
    second = audit.entries(world.app, first[-1].id, limit=2)
    assert [one.detail for one in (*first, *second)] == ["key 4", "key 3", "key 2", "key 1"]
    assert audit.entries(world.app, who="Bea") == []
    assert audit.kinds(world.app) == (["Ada"], ["retry"])
