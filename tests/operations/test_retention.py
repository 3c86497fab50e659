"""What volunteers hand in is kept for as long as docs/safety.md says, and then it is gone to the last byte."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.operations import moderate
from scheduler.operations.tidy import DRAFT, REJECTED, UNDECIDED, tidy
from scheduler.status import Status
from scheduler.store import controls, staff, submissions
from scheduler.submission import NameMode, Stage, Submission
from tests import databases
from tests.operations.chamber import DAY, HOUR, Chamber, traces
from tests.world import NOON

SECOND = timedelta(seconds=1)
WORDS = {"name": "Mina Canary", "name_mode": NameMode.full, "message": "canary words", "alt": "canary face"}


@pytest.fixture
def chamber(tmp_path: Path) -> Iterator[Chamber]:
    """A world with one action."""
    world = Chamber(tmp_path)
    yield world
    world.close()


def draft(chamber: Chamber) -> Submission:
    """Return a draft that was just touched, with a file."""
    found = chamber.submit(approve=0, draft_hash="hash", **WORDS)
    with chamber.store.write() as c:
        databases.unguard(c, "consent_networks", "consents")
        for table in ("consent_networks", "consents"):  # nobody has agreed to anything yet
            c.exec_driver_sql(f"DELETE FROM {table}")
        c.exec_driver_sql("UPDATE submissions SET stage = 'draft'")
    return found


def left(chamber: Chamber, found: Submission) -> list[str]:
    """Return what is left of a submission in any file of the workspace."""
    return traces(chamber.workspace.var, "anary", found.file)


def test_a_draft_that_nobody_goes_on_with(chamber: Chamber):
    """It is dropped two hours after its last step, with its files; not a moment earlier."""
    found = draft(chamber)
    chamber.clock.move_to(NOON + DRAFT)
    tidy(chamber.app)
    assert len(left(chamber, found)) > 1
    chamber.clock.move_to(NOON + DRAFT + SECOND)
    tidy(chamber.app)
    assert left(chamber, found) == []
    with chamber.store.read() as c:
        assert submissions.counts(c) == {}


def test_what_nobody_decides_on(chamber: Chamber):
    """After thirty days it has expired, and nothing personal is left of it but the evidence of the consent."""
    found = chamber.submit(approve=0, **WORDS)
    chamber.clock.move_to(NOON + UNDECIDED)
    tidy(chamber.app)
    assert chamber.look(found.ref).stage is Stage.pending
    chamber.clock.move_to(NOON + UNDECIDED + DAY)
    tidy(chamber.app)
    assert chamber.look(found.ref).stage is Stage.expired
    assert left(chamber, found) == []
    with chamber.store.read() as c:
        assert submissions.consent_of(c, found) is not None
    assert chamber.audit()[-1] == f"solidarity | expire submission | {found.ref}: nobody decided in time"


def test_what_was_rejected(chamber: Chamber):
    """Its picture and words are kept for a week, should it have been a mistake, and then are gone."""
    found = chamber.submit(approve=0, **WORDS)
    reason = "The canary is a child"
    moderate.reject(chamber.app, found.ref, user=chamber.user(), seen=found.content_hash, reason=reason)
    chamber.clock.move_to(NOON + REJECTED)
    tidy(chamber.app)
    assert len(left(chamber, found)) > 1
    chamber.clock.move_to(NOON + REJECTED + SECOND)
    tidy(chamber.app)
    assert chamber.look(found.ref).stage is Stage.rejected
    assert left(chamber, found) == []


def test_a_consent_that_has_run_out(chamber: Chamber):
    """The day after its last one what is out is taken down, what waits is cancelled, and the picture is gone."""
    out, waits = (chamber.submit(approve=0, **WORDS) for _ in range(2))
    with chamber.store.write() as c:
        c.exec_driver_sql("UPDATE consents SET expires_on = '2026-03-02'")
    for one in (out, waits):
        chamber.yes(one.ref)
    chamber.queue()
    chamber.let(7 * HOUR)
    tidy(chamber.app)
    assert sorted(chamber.statuses().values()) == [Status.published, Status.queued]
    chamber.clock.move_to(NOON + 13 * HOUR)
    tidy(chamber.app)
    chamber.run()
    assert sorted(chamber.statuses().values()) == [Status.cancelled, Status.withdrawn]
    assert {chamber.look(one.ref).stage for one in (out, waits)} == {Stage.expired}
    chamber.store.checkpoint()
    assert left(chamber, out) + left(chamber, waits) == []


def test_files_of_nobody(chamber: Chamber):
    """What a kill left under var/uploads goes after an hour; what belongs to a submission, or is new, stays."""
    found = chamber.submit(approve=0)
    uploads = chamber.workspace.var / "uploads"
    for name, age in (("stray.jpg", 3601), (".new-half", 3601), ("fresh.jpg", 60), (found.file, 3601)):
        (uploads / name).touch()
        os.utime(uploads / name, (NOON.timestamp() - age,) * 2)
    assert tidy(chamber.app) == 2
    assert {file.name for file in uploads.iterdir()} == {"fresh.jpg", found.file}


def test_sessions_and_invitations_that_have_ended(chamber: Chamber):
    """They are dropped, and what is still good stays."""
    user = chamber.user()
    with chamber.store.write() as c:
        for hours in (1, 3):
            staff.open_session(c, user=user.id, until=NOON + hours * HOUR, now=NOON)
        staff.invite(c, user.id, until=NOON + HOUR)
    chamber.clock.move_to(NOON + 1.5 * HOUR)
    tidy(chamber.app)
    with chamber.store.read() as c:
        tables = ("sessions", "invitations")
        counts = [c.exec_driver_sql(f"SELECT COUNT(*) FROM {name}").scalar() for name in tables]
    assert counts == [1, 0]


def test_deleted_words_are_gone_from_the_file(chamber: Chamber):
    """The bytes of deleted rows are overwritten, in the database and in its log, also with many of them."""
    with chamber.store.write() as c:
        for number in range(300):
            values = {"message": f"canary {number} " + "words " * 40, "name": f"Canary {number}"}
            submissions.add(c, ref=f"r{number}", action="act", risk=chamber.actions["act"].risk, now=NOON, **values)
    assert traces(chamber.workspace.var, "anary")
    chamber.clock.move_to(NOON + DRAFT + SECOND)
    tidy(chamber.app)
    assert traces(chamber.workspace.var, "anary") == []


def test_it_can_be_done_again(chamber: Chamber):
    """Housekeeping twice in a row finds nothing more to do, and no living daemon is forgotten."""
    found = chamber.submit(approve=0)
    moderate.reject(chamber.app, found.ref, user=chamber.user(), seen=found.content_hash, reason="no")
    chamber.clock.move_to(NOON + REJECTED + SECOND)
    tidy(chamber.app)
    before = chamber.look(found.ref)
    assert tidy(chamber.app) == 0
    assert chamber.look(found.ref) == before
    with chamber.store.read() as c:
        assert controls.open_tasks(c) == []
