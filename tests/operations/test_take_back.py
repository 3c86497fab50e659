"""Taking a photo back: in one step nothing of it goes any more, what is out comes down, and nothing of it is kept."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from media.errors import TextTooLong
from scheduler import erasure
from scheduler.errors import TryLater, UsageError, UserError
from scheduler.model import Receipt
from scheduler.operations import deliver, moderate, recover
from scheduler.operations.resolve import resolve
from scheduler.operations.retry import retry
from scheduler.operations.take_back import take_back, whereabouts
from scheduler.publishers.base import Deleted, NeedsHand
from scheduler.status import Status
from scheduler.store import controls, deliveries, refused, submissions
from scheduler.submission import NameMode, Stage
from scheduler.testing import FakeNetwork, FakePublisher
from tests.operations.chamber import DAY, HOUR, Chamber, traces
from tests.world import NOON

WORDS = {"name": "Mina Canary", "name_mode": NameMode.full, "message": "canary words", "alt": "canary face"}
MINUTE = HOUR / 60


@pytest.fixture
def chamber(tmp_path: Path) -> Iterator[Chamber]:
    """A world with one action, on two accounts."""
    world = Chamber(tmp_path, accounts=("a", "b"))
    yield world
    world.close()


def queued(chamber: Chamber) -> str:
    """Return a submission that is approved and waits in the queue, for six o'clock."""
    with_words = chamber.submit(approve=0, file_hash="hash of the file", contact="canary@example.org", **WORDS)
    chamber.yes(with_words.ref)
    chamber.queue()
    assert set(chamber.statuses().values()) == {Status.queued}
    return with_words.ref


def tasks(chamber: Chamber) -> list[str]:
    """Return what people still have to do."""
    with chamber.store.read() as c:
        return [one.what for one in controls.open_tasks(c)]


def test_what_waits_never_goes(chamber: Chamber):
    """It is cancelled at once, by a person's word: neither the queue nor `retry` brings it back."""
    ref = queued(chamber)
    assert take_back(chamber.app, ref, who="volunteer").stage is Stage.withdrawn
    assert set(chamber.statuses().values()) == {Status.cancelled}
    chamber.queue()
    for key in chamber.statuses():
        with pytest.raises(UserError, match="never goes out again"):
            retry(chamber.app, key, who="ed")
    chamber.let(3 * DAY)
    assert chamber.network.out == []
    assert [one.status for one in whereabouts(chamber.app, ref)] == [Status.cancelled] * 2


def test_nothing_of_it_is_kept(chamber: Chamber):
    """Name, message, alt text, contact and every byte of the picture are gone from all files of the workspace."""
    ref = queued(chamber)
    chamber.clock.move_to(NOON + 6 * HOUR - MINUTE)
    chamber.run()
    assert set(chamber.statuses().values()) == {Status.staged}
    var, found = chamber.workspace.var, chamber.look(ref)
    picture = (var / "uploads" / found.file).read_bytes()[200:260]
    card = next((var / "rendered").glob("*.jpg")).read_bytes()[2000:2060]
    assert len(traces(var, "anary", picture, card)) >= 3
    take_back(chamber.app, ref, who="volunteer")
    assert traces(var, "anary", picture, card, found.file) == []
    gone = chamber.look(ref)
    assert (gone.file, gone.preview, gone.name, gone.name_mode) == ("", "", "", NameMode.none)
    assert list((var / "rendered").glob("*.jpg")) == []


def test_the_consent_is_evidence_and_the_file_is_refused(chamber: Chamber):
    """The day is noted, the same file can't come in again, and the audit has it, without a word of it."""
    ref = queued(chamber)
    take_back(chamber.app, ref, who="volunteer")
    with chamber.store.read() as c:
        consent = submissions.consent_of(c, submissions.by_id(c, chamber.look(ref).id))
        assert consent is not None
        assert consent.withdrawn_on == NOON.date()
        assert refused.holds(c, "hash of the file")
    assert chamber.audit()[-1] == f"volunteer | take back | {ref}"


def test_twice_is_once(chamber: Chamber):
    """Pressed again, it says the same, and writes nothing more; an unknown one is refused."""
    ref = queued(chamber)
    first = take_back(chamber.app, ref, who="volunteer")
    before = chamber.audit()
    assert take_back(chamber.app, ref, who="volunteer").stage is first.stage
    assert chamber.audit() == before
    with pytest.raises(UsageError):
        take_back(chamber.app, "nobody", who="volunteer")
    with pytest.raises(UserError, match="taken back"):
        moderate.reject(chamber.app, ref, user=chamber.user(), seen="", reason="no")


@pytest.mark.parametrize("stage", [Stage.draft, Stage.pending, Stage.rejected, Stage.expired])
def test_from_whatever_stage(chamber: Chamber, stage: Stage):
    """A draft, one that waits, was rejected or has expired: all end as withdrawn, with nothing left."""
    found = chamber.submit(approve=0, **WORDS)
    with chamber.store.write() as c:
        c.exec_driver_sql(f"UPDATE submissions SET stage = '{stage}'")
    take_back(chamber.app, found.ref, who="volunteer")
    assert chamber.look(found.ref).stage is Stage.withdrawn
    assert traces(chamber.workspace.var, "anary", found.file) == []


def test_what_is_out_is_taken_down(chamber: Chamber):
    """The daemon's next step deletes it; nobody has anything to do, and then its words go too."""
    ref = queued(chamber)
    chamber.let(7 * HOUR)
    assert len(chamber.network.out) == 2
    take_back(chamber.app, ref, who="volunteer")
    assert tasks(chamber) == []
    assert chamber.run() > 0
    assert set(chamber.statuses().values()) == {Status.withdrawn}
    assert len(chamber.network.taken_down) == 2
    assert tasks(chamber) == []
    chamber.store.checkpoint()
    assert traces(chamber.workspace.var, "anary") == []


def test_its_words_go_in_the_very_step_that_takes_it_down(tmp_path: Path):
    """A daemon that is stopped right after it leaves none: neither in the database nor in its log."""
    chamber = Chamber(tmp_path)
    ref = queued(chamber)
    chamber.let(7 * HOUR)
    take_back(chamber.app, ref, who="volunteer")
    assert recover.step(chamber.app)
    assert set(chamber.statuses().values()) == {Status.withdrawn}
    assert traces(chamber.workspace.var, "anary") == []
    chamber.close()


def test_what_is_on_the_wire_is_taken_down_as_soon_as_it_is_found(chamber: Chamber):
    """An unknown outcome keeps the words that find it; once it is found it comes down, or it never was out."""
    ref = queued(chamber)
    chamber.network.faults = ["lost-after", "lost-before"]
    chamber.clock.move_to(NOON + 6 * HOUR)
    deliver.stage_next(chamber.app)
    deliver.stage_next(chamber.app)
    deliver.send_next(chamber.app)
    deliver.send_next(chamber.app)
    assert set(chamber.statuses().values()) == {Status.unknown}
    take_back(chamber.app, ref, who="volunteer")
    assert all(chamber[key].frozen is not None for key in chamber.statuses())
    chamber.let(HOUR)
    assert sorted(chamber.statuses().values()) == [Status.cancelled, Status.withdrawn]
    assert (len(chamber.network.out), len(chamber.network.taken_down)) == (1, 1)
    assert tasks(chamber) == []
    chamber.store.checkpoint()
    assert traces(chamber.workspace.var, "anary") == []


@pytest.mark.parametrize("first", ["take back", "needs a person"])
def test_what_nobody_can_tell_becomes_a_task(tmp_path: Path, first: str):
    """Whichever comes first: as long as it may be out, and can't be looked up, a person is asked to look."""
    chamber = Chamber(tmp_path, honest=False)
    ref = queued(chamber)
    chamber.network.faults = ["lost-before"]
    chamber.clock.move_to(NOON + 6 * HOUR)
    deliver.stage_next(chamber.app)
    deliver.send_next(chamber.app)
    if first == "take back":
        take_back(chamber.app, ref, who="volunteer")
        assert tasks(chamber) == []
    chamber.let(HOUR)
    if first != "take back":
        take_back(chamber.app, ref, who="volunteer")
    (key,) = chamber.statuses()
    assert chamber[key].status is Status.needs_human
    assert len(tasks(chamber)) == 1
    assert whereabouts(chamber.app, ref)[0].task == tasks(chamber)[0]
    resolve(chamber.app, key, url=None, who="ed")
    chamber.run()
    assert chamber[key].status is Status.cancelled
    assert tasks(chamber) == []
    chamber.close()


def test_a_look_that_fails_becomes_a_task(chamber: Chamber):
    """A network that can't even be asked must not leave it live in silence."""
    ref = queued(chamber)
    chamber.network.faults = ["lost-after"]
    chamber.clock.move_to(NOON + 6 * HOUR)
    deliver.stage_next(chamber.app)
    deliver.send_next(chamber.app)
    take_back(chamber.app, ref, who="volunteer")
    del chamber.workspace.accounts["a"]  # type: ignore[attr-defined]
    again = chamber.daemon("after a change of config.yaml")
    recover.look_up_next(again)
    assert len(tasks(chamber)) == 1


class Stubborn(FakePublisher):
    """A publisher whose network deletes nothing until it has been asked often enough."""

    answers: list[Exception | Deleted | NeedsHand]

    def delete(self, receipt: Receipt) -> Deleted | NeedsHand:
        """Answer as told; the last answer is repeated."""
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return super().delete(receipt) if isinstance(answer, Deleted) else answer


@pytest.mark.parametrize(
    "trouble", [TryLater("busy"), UserError("no secrets"), RuntimeError("bug"), NeedsHand("delete it by hand")]
)
def test_a_task_is_open_from_the_first_failure_until_it_is_down(tmp_path: Path, trouble: Exception | NeedsHand):
    """Whatever goes wrong; the network is asked again in growing distances, and the task ends when it is down."""
    chamber = Chamber(tmp_path)
    ref = queued(chamber)
    chamber.let(7 * HOUR)
    take_back(chamber.app, ref, who="volunteer")
    Stubborn.answers = [*([trouble] * 4), Deleted()]
    network: FakeNetwork = chamber.network
    chamber.app.factory = lambda account, _workspace, _clock: Stubborn(account, network)
    chamber.app.adopt(chamber.workspace)
    (key,) = chamber.statuses()
    tries = []
    for minute in range(60):
        chamber.run()
        tries += [minute] * (chamber[key].delays - len(tries))
        assert (chamber[key].status is Status.withdrawn) == (tasks(chamber) == [])
        chamber.clock.move_to(chamber.clock.now() + MINUTE)
    assert chamber[key].status is Status.withdrawn
    assert tries == [0, 1, 3, 8]


def test_a_task_done_by_hand(tmp_path: Path):
    """A person who says that it is down is believed: no more is asked of the network."""
    from scheduler.operations.done import done

    chamber = Chamber(tmp_path)
    ref = queued(chamber)
    chamber.let(7 * HOUR)
    take_back(chamber.app, ref, who="volunteer")
    Stubborn.answers = [NeedsHand("delete it by hand")]
    chamber.app.factory = lambda account, _workspace, _clock: Stubborn(account, chamber.network)
    chamber.app.adopt(chamber.workspace)
    chamber.run()
    with chamber.store.read() as c:
        (task,) = controls.open_tasks(c)
    done(chamber.app, task.id, who="ed")
    assert traces(chamber.workspace.var, "anary") == []
    chamber.run()
    assert set(chamber.statuses().values()) == {Status.withdrawn}
    assert tasks(chamber) == []
    chamber.close()


def test_a_refusal_while_it_was_on_the_wire(chamber: Chamber):
    """A call that ends in a final no, or in a held account, after it was taken back leaves nothing waiting."""
    ref = queued(chamber)
    chamber.network.faults = ["refused", "blocked"]
    chamber.clock.move_to(NOON + 6 * HOUR)
    deliver.stage_next(chamber.app)
    deliver.stage_next(chamber.app)
    network = chamber.network

    def taken_back_meanwhile(out: object) -> Receipt:
        del network.post  # type: ignore[method-assign]
        take_back(chamber.app, ref, who="volunteer")
        return network.post(out)  # type: ignore[arg-type]

    network.post = taken_back_meanwhile  # type: ignore[method-assign]
    deliver.send_next(chamber.app)
    deliver.send_next(chamber.app)
    assert Status.failed in chamber.statuses().values()
    chamber.run()
    assert set(chamber.statuses().values()) == {Status.cancelled}
    chamber.store.checkpoint()
    assert traces(chamber.workspace.var, "anary") == []


def test_files_that_could_not_be_deleted_go_later(chamber: Chamber, monkeypatch: pytest.MonkeyPatch):
    """A disk that fails, or a kill in the middle, leaves a name by which the next step finds them."""
    ref = queued(chamber)
    found = chamber.look(ref)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", lambda *_args, **_more: (_ for _ in ()).throw(OSError("read-only")))
        assert take_back(chamber.app, ref, who="volunteer").file == found.file
        assert not recover.step(chamber.app)  # it is said in the log, and what is due goes on
    assert set(chamber.statuses().values()) == {Status.cancelled}
    assert recover.step(chamber.app)
    assert not (chamber.workspace.var / "uploads" / found.file).exists()
    assert chamber.look(ref).file == ""
    assert not erasure.sweep(chamber.app)


@pytest.mark.parametrize("whatever", [False, True])
def test_what_may_still_go_out_keeps_its_files(chamber: Chamber, *, whatever: bool):
    """Whoever believes that a submission is over, and has missed that it was put back, deletes and stops nothing."""
    ref = queued(chamber)
    believed = replace(chamber.look(ref), stage=Stage.withdrawn)
    erasure.finish(chamber.app, believed, why="taken back", whatever=whatever)
    assert chamber.look(ref).file
    assert (chamber.workspace.var / "uploads" / chamber.look(ref).file).is_file()
    chamber.let(DAY)
    assert set(chamber.statuses().values()) == {Status.published}
    assert [len(post.media) for post in chamber.network.out] == [1, 1]


def test_the_same_picture_handed_in_by_another_still_goes(chamber: Chamber):
    """What was made of it for one who takes it back is deleted, and made anew for the other."""
    mine, uploads = queued(chamber), chamber.workspace.var / "uploads"
    shutil.copy(uploads / chamber.look(mine).file, uploads / "again.jpg")
    theirs = chamber.submit(approve=0, message="We too", file="again.jpg", sha256=chamber.look(mine).sha256)
    chamber.yes(theirs.ref)
    chamber.queue()
    chamber.clock.move_to(NOON + 6 * HOUR - MINUTE)
    chamber.run()
    take_back(chamber.app, mine, who="volunteer")
    chamber.let(12 * DAY)
    assert {one.status for one in whereabouts(chamber.app, theirs.ref)} == {Status.published}
    assert [len(post.media) for post in chamber.network.out] == [1, 1]


def test_a_card_that_cannot_be_set_leaves_no_words_in_the_history(chamber: Chamber, monkeypatch: pytest.MonkeyPatch):
    """The history of a delivery can't be changed: what is wrong stands in it, and nothing that a volunteer wrote."""
    ref = queued(chamber)
    with monkeypatch.context() as broken:
        broken.setattr("media.card.render", lambda *_args, **_more: (_ for _ in ()).throw(TextTooLong("“canary”")))
        chamber.let(7 * HOUR)
    assert set(chamber.statuses().values()) == {Status.failed}
    assert "card: " in chamber[next(iter(chamber.statuses()))].reason
    take_back(chamber.app, ref, who="volunteer")
    assert traces(chamber.workspace.var, "anary") == []


def test_it_takes_well_under_a_second(chamber: Chamber):
    """With a thousand other submissions and their deliveries in the state, the one transaction is short."""
    import time

    with chamber.store.write() as c:
        for number in range(1000):
            submissions.add(c, ref=f"other{number}", action="act", risk=chamber.actions["act"].risk, now=NOON)
    ref = queued(chamber)
    began = time.monotonic()
    take_back(chamber.app, ref, who="volunteer")
    assert time.monotonic() - began < 1
    with chamber.store.read() as c:
        assert {one.status for one in deliveries.in_status(c)} == {Status.cancelled}
