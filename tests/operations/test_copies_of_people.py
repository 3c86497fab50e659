"""A copy of the state put back brings nothing back that volunteers took back, moderators rejected or staff closed."""

from pathlib import Path

import pytest

from scheduler.operations import audit, moderate, recover
from scheduler.operations.copies import backup, restore
from scheduler.operations.pause import resume
from scheduler.operations.take_back import take_back, whereabouts
from scheduler.status import Status
from scheduler.store import controls, refused, staff, submissions
from scheduler.submission import NameMode, Placing, Role, Stage
from tests import databases
from tests.operations.chamber import DAY, HOUR, Chamber, traces
from tests.world import NOON

WORDS = {"name": "Mina Canary", "name_mode": NameMode.full, "message": "canary words", "alt": "canary face"}


def back(chamber: Chamber, copy: Path, *, damaged: bool = False) -> Chamber:
    """Put a copy back and return the world as it is then: the same network, the same moment."""
    chamber.close()
    if damaged:
        databases.lose(chamber.workspace.folder)
    restore(chamber.workspace, copy, clock=chamber.clock, who="me")
    again = Chamber(chamber.workspace.folder, honest=chamber.network.honest)
    again.clock.move_to(chamber.clock.now())
    again.network.out = chamber.network.out
    again.network.taken_down = chamber.network.taken_down
    return again


def go_on(chamber: Chamber) -> None:
    """Look up what is in doubt, lift the pause of the restore, and let a while pass."""
    chamber.let(HOUR)
    resume(chamber.app, scope="all", name="", who="me")
    chamber.queue()
    chamber.let(12 * DAY)


def test_what_was_taken_back_since_stays_back(tmp_path: Path):
    """It doesn't go out, its words and its code's day are as they were, and its file is refused still."""
    chamber = Chamber(tmp_path)
    ref = chamber.submit(approve=0, file_hash="hash", **WORDS).ref
    chamber.yes(ref)
    chamber.queue()
    backup(chamber.app, tmp_path / "copy.db")
    take_back(chamber.app, ref, who="volunteer")
    chamber = back(chamber, tmp_path / "copy.db")
    found = chamber.look(ref)
    assert (found.stage, found.name, found.file) == (Stage.withdrawn, "", "")
    with chamber.store.read() as c:
        assert refused.holds(c, "hash")
        consent = submissions.consent_of(c, found)
        assert consent is not None
        assert consent.withdrawn_on == NOON.date()
    go_on(chamber)
    assert chamber.network.out == []
    assert set(chamber.statuses().values()) == {Status.cancelled}
    chamber.store.checkpoint()
    kept = [one for one in traces(tmp_path / "var", "anary") if "before" not in one]
    assert kept == []
    chamber.close()


def test_what_went_out_since_can_still_be_taken_down(tmp_path: Path):
    """Somebody who handed in after the copy was made keeps the code, and the program the way to the post."""
    chamber = Chamber(tmp_path)
    backup(chamber.app, tmp_path / "copy.db")
    first, second = (chamber.submit(approve=0, **WORDS).ref for _ in range(2))
    for ref in (first, second):
        chamber.yes(ref)
    chamber.queue()
    chamber.let(7 * HOUR)
    take_back(chamber.app, first, who="volunteer")
    chamber = back(chamber, tmp_path / "copy.db")
    with chamber.store.read() as c:
        assert submissions.by_code(c, second) is not None  # its code's hash is its reference here
    assert [one.status for one in whereabouts(chamber.app, first)] == [Status.published]
    chamber.run()
    assert [one.status for one in whereabouts(chamber.app, first)] == [Status.withdrawn]
    go_on(chamber)
    assert sorted(chamber.statuses().values()) == [Status.published, Status.withdrawn]
    assert len(chamber.network.out) == 2
    take_back(chamber.app, second, who="volunteer")
    chamber.run()
    assert len(chamber.network.taken_down) == 2
    chamber.close()


def test_decisions_since_are_kept(tmp_path: Path):
    """A no stays a no; a cover stays on, with its file; a yes that was given since counts."""
    chamber = Chamber(tmp_path)
    no, covered, yes = (chamber.submit(approve=0).ref for _ in range(3))
    for ref in (no, covered):
        chamber.yes(ref)
    chamber.queue()
    backup(chamber.app, tmp_path / "copy.db")
    ana = chamber.user()
    moderate.reject(chamber.app, no, user=ana, seen=chamber.look(no).content_hash, reason="not ours")
    box = (0.25, 0.25, 0.75, 0.75)
    made = moderate.cover(chamber.app, covered, user=ana, boxes=[box])
    chamber.yes(yes, placing=Placing.pool)
    chamber = back(chamber, tmp_path / "copy.db")
    assert chamber.look(no).stage is Stage.rejected
    assert (chamber.look(covered).stage, chamber.look(covered).covers) == (Stage.pending, (box,))
    assert chamber.look(covered).file == made.file
    assert chamber.look(yes).stage is Stage.approved
    go_on(chamber)
    assert chamber.network.out == []
    assert audit.verify(chamber.app).ok
    assert any("reject submission" in line for line in chamber.audit())
    chamber.close()


def test_who_was_shown_the_door_stays_out(tmp_path: Path):
    """Who was removed since isn't on staff again, no session ended since opens again, and names can move on."""
    chamber = Chamber(tmp_path)
    gone, stays = chamber.user("gone", Role.admin), chamber.user("stays")
    with chamber.store.write() as c:
        secrets = [staff.open_session(c, user=one.id, until=NOON + DAY, now=NOON) for one in (gone, stays, stays)]
        staff.set_user(c, gone.id, password="old hash")
    backup(chamber.app, tmp_path / "copy.db")
    chamber.clock.move_to(NOON + HOUR)
    with chamber.store.write() as c:
        staff.remove_user(c, gone.id, now=NOON)
        staff.add_user(c, "gone", Role.moderator, now=chamber.clock.now())
        staff.close_session(c, staff.hashed(secrets[2]))
    chamber = back(chamber, tmp_path / "copy.db")
    with chamber.store.read() as c:
        there = {one.name: one.role for one in staff.all_users(c)}
        sessions = [staff.session(c, secret, now=NOON) for secret in secrets]
    assert there == {"gone": Role.moderator, "stays": Role.moderator}
    assert [one is not None for one in sessions] == [False, True, False]
    chamber.close()


def test_where_the_replaced_state_is_lost_people_look_first(tmp_path: Path):
    """Nothing goes out on what the copy says; what has no files any more was taken back; everybody signs in anew."""
    chamber = Chamber(tmp_path)
    here, gone, high = (chamber.submit(approve=0).ref for _ in range(3))
    for ref in (here, gone, high):
        chamber.yes(ref)
    chamber.queue()
    ana = chamber.user()
    with chamber.store.write() as c:
        staff.open_session(c, user=ana.id, until=NOON + DAY, now=NOON)
    chamber.let(7 * HOUR)
    backup(chamber.app, tmp_path / "copy.db")
    (published,) = (key for key, status in chamber.statuses().items() if status is Status.published)
    assert "photos" in published
    take_back(chamber.app, here, who="volunteer")  # it is out, and will be taken down
    take_back(chamber.app, gone, who="volunteer")
    chamber = back(chamber, tmp_path / "copy.db", damaged=True)
    assert [chamber.look(ref).stage for ref in (here, gone, high)] == [Stage.withdrawn, Stage.withdrawn, Stage.pending]
    with chamber.store.read() as c:
        assert c.exec_driver_sql("SELECT COUNT(*) FROM sessions").scalar() == 0
    go_on(chamber)
    assert (len(chamber.network.out), len(chamber.network.taken_down)) == (1, 1)
    assert audit.verify(chamber.app).ok
    chamber.close()


def test_a_moderator_who_looked_lets_it_go(tmp_path: Path):
    """After the loss one new yes, of the same person too, is enough."""
    chamber = Chamber(tmp_path)
    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.queue()
    backup(chamber.app, tmp_path / "copy.db")
    chamber.clock.move_to(NOON + HOUR / 2)
    chamber = back(chamber, tmp_path / "copy.db", damaged=True)
    resume(chamber.app, scope="all", name="", who="me")
    chamber.queue()
    chamber.clock.move_to(NOON + HOUR)
    chamber.yes(ref)
    chamber.queue()
    chamber.let(12 * DAY)
    assert len(chamber.network.out) == 1
    chamber.close()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_state_that_was_begun_anew_meanwhile(tmp_path: Path, *, damaged: bool):
    """What came in while an empty state stood in its place isn't lost where it can be read."""
    chamber = Chamber(tmp_path)
    old = chamber.submit(approve=0, file_hash="old").ref
    chamber.yes(old)
    backup(chamber.app, tmp_path / "copy.db")
    chamber.close()
    databases.forget(tmp_path)
    fresh = Chamber(tmp_path)
    with fresh.store.write() as c:
        controls.set_meta(c, "workspace", (tmp_path / "var/workspace.id").read_text().strip())
    new = fresh.submit(approve=0)
    with fresh.store.write() as c:
        c.exec_driver_sql("UPDATE submissions SET ref = 'new'")
    fresh.yes("new", "ben")
    chamber = back(fresh, tmp_path / "copy.db", damaged=damaged)
    assert chamber.look(old).stage is Stage.pending
    with chamber.store.read() as c:
        assert (submissions.find(c, ref="new") is None) == damaged
    assert new.action == "act"
    recover.step(chamber.app)
    assert audit.verify(chamber.app).ok
    chamber.close()
