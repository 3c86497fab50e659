"""A thread on its way: one part after the other, none twice, and what happens when it stops halfway."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.errors import UserError
from scheduler.model import Lateness, Then
from scheduler.operations import deliver, recover
from scheduler.operations.cancel import cancel
from scheduler.operations.done import done
from scheduler.operations.pause import pause, resume
from scheduler.operations.resolve import resolve
from scheduler.operations.retry import retry
from scheduler.operations.withdraw import withdraw
from scheduler.publishers.base import NeedsHand
from scheduler.status import Status
from scheduler.store import claims, controls, deliveries
from scheduler.testing import FakePublisher
from tests.world import NOON, World, post

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
KEY = "act/p@a"
REST = ("two", "three")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a world with a thread of three parts, due at noon."""
    made = _world(tmp_path)
    yield made
    assert made.network.complaints == []
    made.close()


def _world(folder: Path, *, honest: bool = True, **settings: object) -> World:
    made = World(folder, honest=honest)
    made.threads["p"] = REST
    made.write(post(text="one"), **settings)
    made.queue()
    return made


def _out(world: World) -> list[str]:
    return [one.text for one in world.network.out]


def _send(world: World, parts: int) -> None:
    """Let so many parts leave."""
    while len(world.network.out) < parts:
        assert deliver.step(world.app)


def test_its_parts_go_one_after_the_other(world: World):
    """Each answers the one before, has a receipt and a token of its own, and goes once."""
    world.let(HOUR)
    assert _out(world) == ["one", "two", "three"]
    out = world.network.out
    assert [[before.remote_id for before in one.before] for one in out] == [
        [],
        [out[0].token],
        [out[0].token, out[1].token],
    ]
    assert len({one.token for one in out}) == 3
    assert world[KEY].status is Status.published
    assert (world[KEY].remote_id, world[KEY].published_at) == (out[0].token, NOON)
    assert [one.number for one in world[KEY].parts] == [1, 2, 3]
    each = ["claimed", "staged", "sending"]
    assert world.history(KEY) == ["queued", *each, "queued", *each, "queued", *each, "published"]


def test_a_receipt_is_stored_before_the_next_part_leaves(world: World):
    """Part 2 isn't claimed before part 1 is on the disk; its book says which part it is."""
    _send(world, 1)
    found = world[KEY]
    assert (found.status, found.part, found.length) == (Status.queued, 2, 3)
    assert found.reason == f"part 1 of 3 is out: https://example.org/{world.network.out[0].token}"
    assert found.url is None


def test_no_part_leaves_under_the_number_of_another(world: World):
    """The statement that commits the intent counts the receipts: a part with one can't be sent again."""
    _send(world, 1)
    deliver.step(world.app)
    with world.store.write() as c:
        (found,) = claims.claim_to_send(c, worker="w", now=world.clock.now(), lease=HOUR)
        for parts in ((), found.parts * 2):
            forged = found.__class__(**{**vars(found), "parts": parts})
            assert claims.mark_sending(c, forged, now=world.clock.now(), lease=HOUR) is None
        assert claims.mark_sending(c, found, now=world.clock.now(), lease=HOUR) is not None


def test_a_late_word_for_a_part_that_has_its_receipt_changes_nothing(world: World):
    """A worker that wakes up with the answer for part 1 doesn't file it as part 2's."""
    deliver.step(world.app)
    asleep = world[KEY]
    _send(world, 1)
    deliver.stage_next(world.app)
    with world.store.write() as c:
        receipt = world[KEY].parts[0].receipt
        assert not deliveries.file_receipt(c, asleep, receipt, worker="w", now=NOON, detail="")
    assert len(world[KEY].parts) == 1


def test_a_refused_part_keeps_what_is_out_and_retry_goes_on_with_it(world: World):
    """The reason names the part and the link of what is out; the parts before aren't sent again."""
    world.network.faults = ["ok", "refused"]
    world.let(HOUR)
    assert world[KEY].status is Status.failed
    link = f"https://example.org/{world.network.out[0].token}"
    assert world[KEY].reason == f"part 2 of 3 was refused: the fake network says no; part 1 of 3 is out: {link}"
    retry(world.app, KEY, who="me")
    world.let(HOUR)
    assert _out(world) == ["one", "two", "three"]
    assert world[KEY].status is Status.published


@pytest.mark.parametrize("part", [1, 2, 3])
@pytest.mark.parametrize("fault", ["lost-after", "lost-before", "crash-after", "crash-before"])
def test_an_unknown_part_is_looked_up_and_the_thread_goes_on(world: World, fault: str, part: int):
    """Found, it goes on with the next part; proven absent, with this one; never twice."""
    world.network.faults = ["ok"] * (part - 1) + [fault]
    world.let(HOUR)
    assert _out(world) == ["one", "two", "three"]
    assert world[KEY].status is Status.published


@pytest.mark.parametrize("is_out", [True, False])
def test_a_person_settles_one_part(tmp_path: Path, *, is_out: bool):
    """Published: the next part goes; not published: this one does. However late that is."""
    world = _world(tmp_path, honest=False)
    world.network.faults = ["ok", "crash-before" if not is_out else "lost-after"]
    if is_out:
        world.network.honest = False
        FakePublisher.find, find = lambda *_: None, FakePublisher.find
    try:
        world.let(3 * HOUR)
        assert world[KEY].status is Status.needs_human
        assert "part 1 of 3 is out" in world[KEY].reason
        token = world.network.out[-1].token
        resolve(world.app, KEY, url=f"https://example.org/{token}" if is_out else None, who="me")
        world.let(HOUR)
    finally:
        if is_out:
            FakePublisher.find = find
    assert _out(world) == ["one", "two", "three"]
    assert world[KEY].status is Status.published
    assert world.network.complaints == []
    world.close()


def test_an_edit_of_a_thread_that_has_begun_is_too_late(world: World):
    """Nothing of it is queued again, whatever state it stopped in; it ends as it began."""
    world.network.faults = ["ok", "refused"]
    _send(world, 1)
    for stop in (lambda: None, lambda: world.let(MINUTE)):
        stop()
        world.threads["p"] = ("other",)
        world.write(post(text="another beginning", at=NOON + 2 * HOUR))
        changes = world.queue()
        assert [one.key for one in changes.too_late] == [KEY]
        assert changes.change == []
    assert world[KEY].status is Status.failed
    retry(world.app, KEY, who="me")
    world.let(3 * HOUR)
    assert _out(world) == ["one", "two", "three"]


def test_a_thread_taken_out_of_its_file_stops(world: World):
    """The rest is cancelled, and the reason says what is out; put back into the file it doesn't begin anew."""
    _send(world, 1)
    world.write()
    world.queue()
    assert world[KEY].status is Status.cancelled
    assert "taken out of its file; part 1 of 3 is out" in world[KEY].reason
    world.write(post(text="one"))
    world.queue()
    world.let(HOUR)
    assert _out(world) == ["one"]


def test_a_thread_dropped_on_the_wire_stops_after_its_part(world: World):
    """What is gone from its file while part 1 is on the wire files its receipt, and sends no more."""
    network = world.network
    sent = network.post

    def post_and_drop(out):
        world.write()
        world.queue()
        return sent(out)

    network.post = post_and_drop
    world.let(HOUR)
    assert _out(world) == ["one"]
    assert world[KEY].status is Status.cancelled
    assert [one.number for one in world[KEY].up] == [1]


def test_a_renamed_thread_is_not_begun_again_by_itself(world: World):
    """The same words under another name are held while parts of the first are out."""
    _send(world, 1)
    world.threads["q"] = REST
    world.write(post("q", text="one"))
    world.queue()
    assert world["act/q@a"].hold == "late"
    assert "said the same" in world["act/q@a"].reason
    world.let(HOUR)
    assert _out(world) == ["one"]


@pytest.mark.parametrize("stop", ["pause", "closes", "late"])
def test_what_stops_a_post_stops_a_part(tmp_path: Path, stop: str):
    """Pause, window and lateness are looked at before each part, and say which ones are out."""
    closes = NOON + 2 * HOUR if stop == "closes" else None
    world = _world(tmp_path, closes_at=closes)
    _send(world, 1)
    if stop == "pause":
        pause(world.app, scope="all", name="", why="crisis", who="me")
        world.let(MINUTE)
    else:
        world.clock.move_to(NOON + 3 * HOUR)
        world.run()
    assert _out(world) == ["one"]
    assert world[KEY].status is (Status.missed if stop == "closes" else Status.held)
    assert "part 1 of 3 is out" in world[KEY].reason
    if stop == "pause":
        resume(world.app, scope="all", name="", who="me")
        world.let(MINUTE)
        assert (world[KEY].hold, _out(world)) == ("late", ["one"])
        assert "part 1 of 3 is out" in world[KEY].reason
    if stop != "closes":
        retry(world.app, KEY, who="me")
        world.let(MINUTE)
        assert _out(world) == ["one", "two", "three"]
    world.close()


def test_a_rule_to_skip_stops_a_thread_too(tmp_path: Path):
    """What is to be skipped when late is missed halfway, with the link of what is out."""
    world = World(tmp_path)
    world.threads["p"] = REST
    world.write(post(text="one", late=Lateness(after=5 * MINUTE, then=Then.skip)))
    world.queue()
    world.network.faults = ["ok", "later"]
    _send(world, 1)
    world.clock.move_to(NOON + HOUR)
    world.run()
    assert world[KEY].status is Status.missed
    assert "part 1 of 3 is out" in world[KEY].reason
    world.close()


def test_a_cancelled_thread_keeps_its_parts_and_can_go_on(world: World):
    """`cancel` takes out the rest; `retry` puts it back."""
    _send(world, 2)
    cancel(world.app, KEY, who="me")
    assert world[KEY].reason.startswith("cancelled by me; parts 1, 2 of 3 are out: https://")
    world.let(HOUR)
    assert _out(world) == ["one", "two"]
    retry(world.app, KEY, who="me")
    world.let(HOUR)
    assert _out(world) == ["one", "two", "three"]


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("how", ["queued", "failed", "cancelled", "held"])
def test_withdrawing_takes_down_every_part_last_first(tmp_path: Path, how: str, parts: int):
    """Whatever state it stopped in; only then is it withdrawn, and it never goes again."""
    world = _world(tmp_path)
    _stop(world, how, parts)
    withdraw(world.app, KEY, who="me")
    assert world[KEY].status in {Status.cancelled, Status.published}
    world.run()
    assert world[KEY].status is Status.withdrawn
    assert world.network.taken_down == [one.token for one in reversed(world.network.out)]
    assert len(world.network.out) == parts
    assert world[KEY].up == ()
    with pytest.raises(UserError, match="taken down"):
        retry(world.app, KEY, who="me")
    world.let(HOUR)
    assert len(world.network.out) == parts
    world.close()


def _stop(world: World, how: str, parts: int) -> None:
    if how == "failed":
        world.network.faults = ["ok"] * parts + ["refused"]
        world.let(MINUTE)
        return
    _send(world, parts)
    if how == "held" and parts < 3:
        pause(world.app, scope="all", name="", why="crisis", who="me")
        world.run()
        resume(world.app, scope="all", name="", who="me")
    if how == "cancelled" and parts < 3:
        cancel(world.app, KEY, who="me")


def test_a_part_that_is_on_the_wire_is_taken_down_too(world: World):
    """Wanted gone while part 2 leaves: it is filed, nothing follows, and both go."""
    network = world.network
    sent = network.post

    def post_and_withdraw(out):
        if out.part == 2:
            withdraw(world.daemon("web"), KEY, who="me")
        return sent(out)

    network.post = post_and_withdraw
    world.let(HOUR)
    assert _out(world) == ["one", "two"]
    assert network.live() == set()
    assert world[KEY].status is Status.withdrawn


def test_what_the_network_will_not_delete_becomes_a_task(world: World, monkeypatch: pytest.MonkeyPatch):
    """The others are taken down; the task names what is left, and once it is done the thread is withdrawn."""
    _send(world, 2)
    stuck = world.network.out[0].token
    delete = FakePublisher.delete

    def by_hand(self, receipt):
        return NeedsHand("delete it in the app") if receipt.remote_id == stuck else delete(self, receipt)

    monkeypatch.setattr(FakePublisher, "delete", by_hand)
    withdraw(world.app, KEY, who="me")
    world.run()
    assert world.network.taken_down == [world.network.out[1].token]
    assert [one.number for one in world[KEY].up] == [1]
    assert world[KEY].status is Status.cancelled
    with world.store.read() as c:
        tasks = controls.open_tasks(c)
    assert [one.what for one in tasks] == ["part 1: delete it in the app"]
    assert not recover.step(world.app)
    done(world.app, tasks[0].id, who="me")
    assert world[KEY].status is Status.withdrawn


@pytest.mark.parametrize("is_out", [True, False])
def test_withdrawn_while_a_person_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_out: bool):
    """What is known to be out goes at once; what a person says is out goes after that."""
    world = _world(tmp_path, honest=False)
    world.network.faults = ["ok", "lost-after" if is_out else "lost-before"]
    monkeypatch.setattr(FakePublisher, "find", lambda *_: None)
    world.let(HOUR)
    withdraw(world.app, KEY, who="me")
    world.run()
    assert world[KEY].status is Status.needs_human
    assert world.network.taken_down == [world.network.out[0].token]
    with world.store.read() as c:
        assert "look whether it is on a" in controls.open_tasks(c)[0].what
    last = world.network.out[-1].token
    resolve(world.app, KEY, url=f"https://example.org/{last}" if is_out else None, who="me")
    world.run()
    assert world[KEY].status is Status.withdrawn
    assert world.network.live() == set()
    with world.store.read() as c:
        assert controls.open_tasks(c) == []
    world.close()


def test_a_lost_state_looks_for_each_part(world: World):
    """A thread queued after its time is looked for part by part before it goes on."""
    first = world[KEY].outgoing()
    world.write()
    world.queue()
    world.clock.move_to(NOON + MINUTE)
    second = first.following(world.network.receipt(first))
    world.network.out += [first, second]
    with world.store.write() as c:
        deliveries.set_columns(c, world[KEY], look_first=True, cancelled_by=None)
    retry(world.app, KEY, who="me")
    world.let(HOUR)
    assert _out(world) == ["one", "two", "three"]
    assert world[KEY].status is Status.published


def test_one_dead_account_holds_only_itself(tmp_path: Path):
    """A login that dies at part 2 holds that account; the other one's thread goes out whole."""
    world = World(tmp_path, accounts=("a", "b"))
    world.threads["p"] = REST
    world.write(post(text="one"))
    world.queue()
    sent = world.network.post

    def post_or_block(out):
        world.network.faults = ["blocked"] if (out.account, out.part) == ("a", 2) else []
        return sent(out)

    world.network.post = post_or_block
    world.let(HOUR)
    assert world.statuses() == {"act/p@a": Status.held, "act/p@b": Status.published}
    assert (world[KEY].hold, world.network.times("act/p@b", 3)) == ("account", 1)
    world.close()
