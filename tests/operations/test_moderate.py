"""Moderators' decisions: who may say yes, to what exactly, and when it goes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from scheduler import moderation, placing, slots
from scheduler.errors import UsageError, UserError
from scheduler.model import Moderation, Quiet, Risk
from scheduler.operations import audit, moderate
from scheduler.operations.reconsider import reconsider
from scheduler.status import Status
from scheduler.store import submissions
from scheduler.submission import NameMode, Placing, Role, Stage
from tests.operations.chamber import DAY, HOUR, Chamber, refused
from tests.world import NOON


@pytest.fixture
def chamber(tmp_path: Path) -> Iterator[Chamber]:
    """A world with one action of low risk."""
    world = Chamber(tmp_path)
    yield world
    world.close()


# ── a yes ───────────────────────────────────────────────────────────────────────────────────────────────


def test_one_yes_gives_the_next_free_slot_and_it_goes_out(chamber: Chamber):
    """At low risk one moderator is enough; two submissions get two slots, and go out in them."""
    first, second = (chamber.submit(approve=0).ref for _ in range(2))
    assert moderate.count(chamber.app) == 2
    for ref in (first, second):
        made = chamber.yes(ref)
        assert (made.submission.stage, made.why_not) == (Stage.approved, moderation.DECIDED)
    places = [(chamber.look(ref).post, chamber.look(ref).occurrence) for ref in (first, second)]
    assert places == [("photos", "2026-03-02T18:00"), ("more", "2026-03-03T12:00")]
    chamber.queue()
    chamber.let(2 * DAY)
    assert [chamber.network.times(key) for key in chamber.statuses()] == [1, 1]
    assert moderate.count(chamber.app) == 0


def test_a_yes_is_for_what_was_on_the_screen(chamber: Chamber):
    """What was changed after it was looked at isn't approved; nothing is written."""
    ref = chamber.submit(approve=0).ref
    seen = chamber.look(ref).content_hash
    moderate.describe(chamber.app, ref, user=chamber.user(), alt="Another picture altogether.")
    assert refused(chamber, ref, seen=seen) == moderate.CHANGED
    assert chamber.look(ref).stage is Stage.pending
    assert not any("approve" in line for line in chamber.audit())


KEY = "act/photos/2026-03-02T18:00@a"


def edit(chamber: Chamber, new: str) -> None:
    """Write another caption into the action's file."""
    file = chamber.workspace.folder / "posts/act.yaml"
    file.write_text(file.read_text().replace('text: "{message}"', f'text: "{new}"'))
    chamber.read()


def test_a_yes_is_for_the_caption_of_that_moment(chamber: Chamber):
    """One that was edited before the queue ever saw the photo, the daemon being down, waits for another look."""
    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.clock.move_to(NOON + HOUR)
    edit(chamber, "Quite another thing: {message}")
    chamber.queue()
    assert (chamber[KEY].status, chamber[KEY].hold) == (Status.held, "approval")
    assert chamber.queue().unchanged == 1
    reconsider(chamber.app, ref, user=chamber.user(), seen=chamber.look(ref).content_hash)
    chamber.queue()
    chamber.clock.move_to(NOON + 2 * HOUR)
    again = chamber.yes(ref).submission
    chamber.queue()
    key = f"act/{again.post}/{again.occurrence}@a"
    assert chamber[key].status is Status.queued
    chamber.let(2 * DAY)
    assert chamber.network.times(key) == 1


def test_two_who_saw_two_captions_are_not_two(tmp_path: Path):
    """Where two have to say yes, each has to have seen what goes out."""
    chamber = Chamber(tmp_path, risk="high", moderation=Moderation(cooling_off=timedelta()))
    ref = chamber.submit(approve=0, risk=Risk.high).ref
    chamber.yes(ref, "ana")
    edit(chamber, "Quite another thing: {message}")
    assert chamber.yes(ref, "ben").submission.stage is Stage.approved
    chamber.queue()
    assert (chamber[KEY].status, chamber[KEY].hold) == (Status.held, "approval")
    chamber.close()


def test_the_days_left_on_a_card_are_no_other_caption(chamber: Chamber):
    """In a final push the card counts the days: the slot that it gets decides on them, not the moderators."""
    file = chamber.workspace.folder / "posts/act.yaml"
    file.write_text(file.read_text().replace("phase: ongoing", "phase: final-push\ncloses: '2026-03-12 18:00'"))
    chamber.read()
    for _ in range(2):
        chamber.yes(chamber.submit(approve=0).ref)
    chamber.queue()
    assert set(chamber.statuses().values()) == {Status.queued}


def test_the_same_yes_twice_is_one(chamber: Chamber):
    """A button that was pressed twice changes nothing the second time."""
    found = chamber.submit(approve=0)
    chamber.yes(found.ref)
    before = chamber.look(found.ref)
    chamber.yes(found.ref, seen=found.content_hash)
    assert chamber.look(found.ref) == before
    assert refused(chamber, found.ref, "ben") == moderation.DECIDED


def test_who_may_not_say_yes(chamber: Chamber):
    """An editor, whoever handed it in, and anybody about what is taken back, unfinished or out of date."""
    own = chamber.submit(approve=0, uploaded_by=chamber.user("ana").id).ref
    assert refused(chamber, own) == moderation.OWN
    assert chamber.yes(own, "ben").submission.stage is Stage.approved
    chamber.user("ed", Role.editor)
    other = chamber.submit(approve=0)
    assert refused(chamber, other.ref, "ed") == moderation.NO_MODERATOR
    with pytest.raises(UserError, match="Only moderators"):
        moderate.reject(chamber.app, other.ref, user=chamber.user("ed"), seen=other.content_hash, reason="no")
    empty = chamber.submit(approve=0, sha256="").ref
    assert refused(chamber, empty) == moderation.UNREADY
    with chamber.store.write() as c:
        submissions.take_back(c, other, day=NOON.date())
    assert refused(chamber, other.ref) == moderation.NO_CONSENT
    with pytest.raises(UsageError):
        moderate.case(chamber.app, "nobody", chamber.user(), passkey=False)


def test_a_consent_holds_to_its_last_day(chamber: Chamber):
    """On the day named it may still be approved, on the next one no more."""
    found = chamber.submit(approve=0)
    with chamber.store.write() as c:
        c.exec_driver_sql("UPDATE consents SET expires_on = '2026-03-03'")
    chamber.clock.move_to(NOON + DAY + HOUR)
    assert moderate.case(chamber.app, found.ref, chamber.user(), passkey=False).why_not == ""
    chamber.clock.move_to(NOON + 2 * DAY)
    assert refused(chamber, found.ref) == moderation.RAN_OUT


def test_without_its_file_an_action_approves_nothing(chamber: Chamber):
    """How dangerous an action is stands in its file: when that can't be read nothing of it is approved."""
    ref = chamber.submit(approve=0).ref
    (chamber.workspace.folder / "posts/act.yaml").write_text("title: [")
    assert refused(chamber, ref) == moderation.NO_ACTION


# ── when it goes ────────────────────────────────────────────────────────────────────────────────────────


def test_a_time_that_a_moderator_gave(chamber: Chamber):
    """It is bound to the yes; it can't be past, taken, or of no use."""
    slot = slots.at(chamber.actions["act"], chamber.workspace, NOON + 3 * HOUR)
    first, second = (chamber.submit(approve=0).ref for _ in range(2))
    made = chamber.yes(first, placing=Placing.at, slot=slot).submission
    assert (made.occurrence, made.due_at) == ("2026-03-02T15:00", NOON + 3 * HOUR)
    assert refused(chamber, second, placing=Placing.at, slot=slot) == placing.TAKEN
    assert refused(chamber, second, placing=Placing.at) == placing.TOO_EARLY
    past = replace(slot, due_at=NOON - HOUR)
    assert refused(chamber, second, placing=Placing.at, slot=past) == placing.TOO_EARLY
    elsewhere = chamber.submit(approve=0, networks=("other",)).ref
    later = slots.at(chamber.actions["act"], chamber.workspace, NOON + 4 * HOUR)
    assert refused(chamber, elsewhere, placing=Placing.at, slot=later) == placing.NOWHERE
    assert refused(chamber, elsewhere) == placing.NO_SLOT
    assert chamber.look(elsewhere).stage is Stage.pending


def test_no_time_is_given_in_the_quiet_hours(tmp_path: Path):
    """Nothing goes out then: such a time is refused, and the first minute after them isn't."""
    quiet = Quiet(since=time(14), until=time(16))
    chamber = Chamber(tmp_path, quiet=quiet)
    ref = chamber.submit(approve=0).ref
    early, late = (slots.at(chamber.actions["act"], chamber.workspace, NOON + hours * HOUR) for hours in (3, 4))
    assert refused(chamber, ref, placing=Placing.at, slot=early) == placing.QUIET
    assert chamber.look(ref).stage is Stage.pending
    assert chamber.yes(ref, placing=Placing.at, slot=late).submission.due_at == NOON + 4 * HOUR


def test_the_pool_has_no_slot_yet(chamber: Chamber):
    """What waits in the pool is approved; the slot that it gets later doesn't void the yes."""
    ref = chamber.submit(approve=0).ref
    made = chamber.yes(ref, placing=Placing.pool).submission
    assert (made.stage, made.occurrence, made.due_at) == (Stage.approved, "", None)
    slot = chamber.slots()[2]
    with chamber.store.write() as c:
        where = {"post": slot.post, "occurrence": slot.occurrence, "due_at": slot.due_at}
        assert submissions.change(c, made, **where).content_hash == made.content_hash


def test_the_slot_shown_is_taken_where_it_is_free(chamber: Chamber):
    """With "the next free slot" a page may name the one it shows; somebody else may have been faster."""
    shown = chamber.slots()[3]
    first, second = (chamber.submit(approve=0).ref for _ in range(2))
    assert chamber.yes(first, slot=shown).submission.occurrence == shown.occurrence
    assert chamber.yes(second, slot=shown).submission.occurrence == "2026-03-02T18:00"


def test_a_slot_is_never_given_twice(chamber: Chamber):
    """Not even when what it had was taken out of it: a delivery's name means one picture for ever."""
    ref, other = (chamber.submit(approve=0).ref for _ in range(2))
    chamber.yes(ref)
    chamber.queue()
    moderate.reject(chamber.app, ref, user=chamber.user(), seen=chamber.look(ref).content_hash, reason="blurred")
    assert chamber.yes(other).submission.occurrence == "2026-03-03T12:00"


# ── changes, and no ─────────────────────────────────────────────────────────────────────────────────────


def test_a_change_sends_an_approved_one_back(chamber: Chamber):
    """Its yes is void at once: nothing goes out under it, not even when the words are as they were again."""
    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.queue()
    (key,) = chamber.statuses()
    chamber.clock.move_to(NOON + 5 * HOUR + HOUR - HOUR / 60)
    chamber.run()
    assert chamber[key].status is Status.staged
    words = chamber.look(ref).alt
    moderate.describe(chamber.app, ref, user=chamber.user(), alt="Better words.")
    moderate.describe(chamber.app, ref, user=chamber.user(), alt=words)
    chamber.let(HOUR)
    assert chamber.network.out == []
    case = moderate.case(chamber.app, ref, chamber.user(), passkey=False)
    assert (case.submission.stage, case.approvals, case.why_not) == (Stage.pending, [], "")


def test_what_is_out_is_not_changed(chamber: Chamber):
    """A moderator who wants it otherwise takes it down first."""
    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.queue()
    chamber.let(DAY)
    for change in (
        lambda: moderate.describe(chamber.app, ref, user=chamber.user(), alt="Too late."),
        lambda: moderate.cover(chamber.app, ref, user=chamber.user(), boxes=[(0.1, 0.1, 0.2, 0.2)]),
        lambda: moderate.set_risk(chamber.app, ref, user=chamber.user(), risk=Risk.high),
    ):
        with pytest.raises(UserError, match="take it down first"):
            change()


def test_a_cover_is_burnt_in(chamber: Chamber):
    """The file is another one, and black there; the old files and what was made of them are gone."""
    from PIL import Image

    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.queue()
    chamber.clock.move_to(NOON + 6 * HOUR - HOUR / 60)
    chamber.run()
    before, rendered = chamber.look(ref), chamber.workspace.var / "rendered"
    assert list(rendered.glob("*.jpg"))
    made = moderate.cover(chamber.app, ref, user=chamber.user(), boxes=[(0.25, 0.25, 0.75, 0.75)])
    assert (made.stage, made.covers) == (Stage.pending, ((0.25, 0.25, 0.75, 0.75),))
    assert made.sha256 != before.sha256
    assert list(rendered.glob("*.jpg")) == []
    names = {file.name for file in (chamber.workspace.var / "uploads").iterdir()}
    assert names == {made.file, made.preview}
    for name in names:
        with Image.open(chamber.workspace.var / "uploads" / name) as picture:
            middle = picture.convert("RGB").getpixel((picture.width // 2, picture.height // 2))
            assert isinstance(middle, tuple)
            assert max(middle) < 40
    with pytest.raises(UserError, match="edges"):
        moderate.cover(chamber.app, ref, user=chamber.user(), boxes=[(0.5, 0.5, 0.4, 0.6)])
    assert {file.name for file in (chamber.workspace.var / "uploads").iterdir()} == names


def test_a_no_takes_it_out_of_the_queue(chamber: Chamber):
    """What was approved and is rejected doesn't go, and doesn't come back; a reason is needed."""
    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.queue()
    seen = chamber.look(ref).content_hash
    with pytest.raises(UserError, match="Say why"):
        moderate.reject(chamber.app, ref, user=chamber.user(), seen=seen, reason=" \n ")
    with pytest.raises(UserError, match="changed meanwhile"):
        moderate.reject(chamber.app, ref, user=chamber.user(), seen="other", reason="no")
    gone = moderate.reject(chamber.app, ref, user=chamber.user(), seen=seen, reason="not ours")
    assert (gone.stage, gone.reason) == (Stage.rejected, "not ours")
    assert set(chamber.statuses().values()) == {Status.cancelled}
    chamber.queue()
    chamber.let(2 * DAY)
    assert chamber.network.out == []
    with pytest.raises(UserError, match="decided already"):
        moderate.reject(chamber.app, ref, user=chamber.user(), seen=gone.content_hash, reason="again")


def test_a_no_to_what_is_out_takes_it_down(chamber: Chamber):
    """A mistake that is seen late is mended like a withdrawal."""
    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.queue()
    chamber.let(DAY)
    seen = chamber.look(ref).content_hash
    moderate.reject(chamber.app, ref, user=chamber.user(), seen=seen, reason="not ours")
    chamber.run()
    assert set(chamber.statuses().values()) == {Status.withdrawn}


def test_many_at_once_only_at_low_risk(chamber: Chamber):
    """Each is looked at by its own hash; what isn't low, or has changed, is refused with the reason."""
    low, high, changed, two = (chamber.submit(approve=0) for _ in range(4))
    moderate.set_risk(chamber.app, high.ref, user=chamber.user(), risk=Risk.elevated)
    moderate.describe(chamber.app, changed.ref, user=chamber.user(), alt="new")
    moderate.ask_second(chamber.app, two.ref, user=chamber.user())
    seen = [(one.ref, one.content_hash) for one in (low, high, changed, two)]
    done, not_done = moderate.approve_many(chamber.app, seen, user=chamber.user(), passkey=False)
    assert done == [low.ref]
    assert dict(not_done) == {
        high.ref: moderate.NOT_LOW,
        changed.ref: moderate.CHANGED,
        two.ref: moderate.NOT_LOW,
    }
    seen = [(ref, chamber.look(ref).content_hash) for ref in (changed.ref, high.ref)]
    done, not_done = moderate.reject_many(chamber.app, seen, user=chamber.user(), reason="no")
    assert (done, dict(not_done)) == ([changed.ref], {high.ref: moderate.NOT_LOW})


def test_pages_of_what_waits(chamber: Chamber):
    """Oldest first, so many at a time, and of one action."""
    refs = [chamber.submit(approve=0).ref for _ in range(5)]
    first = moderate.waiting(chamber.app, chamber.user(), passkey=False, limit=3)
    rest = moderate.waiting(chamber.app, chamber.user(), passkey=False, after=first[-1].submission.id)
    assert [one.submission.ref for one in (*first, *rest)] == refs
    assert moderate.waiting(chamber.app, chamber.user(), passkey=False, action="other") == []
    assert {one.why_not for one in first} == {""}


def test_the_audit_names_hashes_and_nobody_of_them(chamber: Chamber):
    """Who decided, on which reference and content; no name, message or reason of a volunteer; the chain holds."""
    given = {"name": "Mina Canary", "name_mode": NameMode.full, "message": "canary words", "alt": "canary face"}
    ref, other = (chamber.submit(approve=0, **given).ref for _ in range(2))
    made = chamber.yes(ref).submission
    moderate.ask_second(chamber.app, other, user=chamber.user())
    seen = chamber.look(other).content_hash
    moderate.reject(chamber.app, other, user=chamber.user(), seen=seen, reason="Canary is too young")
    assert f"ana | approve submission | {ref} {made.content_hash}" in chamber.audit()
    lines = "\n".join(chamber.audit())
    assert "canary" not in lines.casefold()
    assert audit.verify(chamber.app).ok


def test_changed_and_approved_again_while_it_was_prepared(chamber: Chamber):
    """What was prepared of it before doesn't leave, not even where the queue sees both decisions at once."""
    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.queue()
    chamber.let(6 * HOUR - timedelta(minutes=1))
    assert chamber[KEY].status is Status.staged
    moderate.describe(chamber.app, ref, user=chamber.user(), alt="Another picture altogether.")
    chamber.yes(ref)
    chamber.queue()
    chamber.let(HOUR)
    (out,) = chamber.network.out
    assert out.media[0].alt.startswith("Another picture altogether.")


def test_changed_back_and_approved_again(chamber: Chamber):
    """What is in the end as it was goes out by the new yes, between two looks of the queue or not."""
    ref = chamber.submit(approve=0).ref
    chamber.yes(ref)
    chamber.queue()
    chamber.clock.move_to(NOON + HOUR)
    for alt in ("Another picture altogether.", chamber.look(ref).alt):
        moderate.describe(chamber.app, ref, user=chamber.user(), alt=alt)
    assert not chamber[KEY].approved
    chamber.yes(ref)
    chamber.queue()
    assert (chamber[KEY].status, chamber[KEY].approved) == (Status.queued, True)
    assert chamber.queue().unchanged == 1
    chamber.let(6 * HOUR)
    assert chamber.network.times(KEY) == 1
