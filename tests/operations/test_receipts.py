"""What a network says of a post: kept whole, and never taken for the word about another post."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scheduler.model import Outgoing, Receipt, Staged
from scheduler.operations import recover
from scheduler.operations.withdraw import withdraw
from scheduler.publishers.base import Deleted
from scheduler.status import Status
from scheduler.testing import FakeNetwork, FakePublisher
from tests.world import NOON, World, post

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
IDS = {"photos": "1,2", "cid": "bafy"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a world of one account."""
    made = World(tmp_path, honest=False)
    yield made
    assert made.network.complaints == []
    made.close()


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> list[Receipt]:
    """Let the network name what a post is made up of; return the receipts that come back to be deleted."""
    word, found = FakeNetwork.receipt, []
    monkeypatch.setattr(FakeNetwork, "receipt", lambda network, out: replace(word(network, out), ids=IDS))

    def delete(_publisher: FakePublisher, receipt: Receipt) -> Deleted:
        found.append(receipt)
        return Deleted()

    monkeypatch.setattr(FakePublisher, "delete", delete)
    return found


@pytest.mark.parametrize("fault", ["ok", "lost-after"])
@pytest.mark.parametrize("rest", [(), ("two",)])
def test_what_a_post_is_made_up_of_is_kept_for_its_withdrawal(
    world: World, deleted: list[Receipt], fault: str, rest: tuple[str, ...]
):
    """Whatever a network named with the receipt comes back with it: of a post, of a thread, answered or found."""
    world.threads["p"] = rest
    world.network.faults = [fault]
    world.write(post())
    world.queue()
    world.let(HOUR)
    recover.take_down(world.app, withdraw(world.app, "act/p@a", who="me"))
    assert [one.ids for one in deleted] == [IDS] * (1 + len(rest))
    assert world["act/p@a"].status is Status.withdrawn


def test_a_receipt_without_more_than_an_id(world: World):
    """Most networks name nothing else: that is stored as nothing."""
    world.write(post())
    world.queue()
    world.let(HOUR)
    found = world["act/p@a"].receipt
    assert found is not None
    assert found.ids == {}


# ── of two deliveries that say the same ──


def _alike(world: World, *names: str) -> None:
    """Queue posts with one caption, a minute apart."""
    world.write(*(post(name, at=NOON + (number + 1) * MINUTE, text="same") for number, name in enumerate(names)))
    world.queue()


@pytest.fixture
def confused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the network find a post by its words alone, and the first of them."""

    def find(publisher: FakePublisher, out: Outgoing, _staged: Staged, _since: datetime) -> Receipt | None:
        found = [one for one in publisher.network.out if one.text == out.text]
        return publisher.network.receipt(found[0]) if found else None

    monkeypatch.setattr(FakePublisher, "find", find)
    monkeypatch.setattr(FakePublisher, "looks", (MINUTE, 2 * MINUTE))


@pytest.mark.usefixtures("confused")
def test_the_post_of_another_delivery_is_no_evidence(world: World):
    """What is known as another's post tells nothing: a person is asked, and a withdrawal can't take the other down."""
    world.network.faults = ["ok", "lost-before"]
    _alike(world, "p", "q")
    world.let(HOUR)
    assert world.statuses() == {"act/p@a": Status.published, "act/q@a": Status.needs_human}
    assert world["act/q@a"].remote_id is None
    withdraw(world.app, "act/q@a", who="me")
    world.let(HOUR)
    assert world.network.live() == {"act/p@a"}


@pytest.mark.usefixtures("confused")
def test_a_post_queued_after_its_time_is_not_taken_for_another(world: World):
    """Looked for before it leaves, and only another's is found: it isn't out, and goes."""
    _alike(world, "p")
    world.let(13 * HOUR)
    world.write(post("p", at=NOON + MINUTE, text="same"), post("q", at=world.clock.now() - MINUTE, text="same"))
    world.queue()
    world.let(HOUR)
    assert world["act/q@a"].status is Status.published
    assert world["act/q@a"].remote_id != world["act/p@a"].remote_id
    assert world.network.times("act/q@a") == 1


@pytest.mark.usefixtures("confused")
def test_an_earlier_part_of_a_thread_is_no_evidence(world: World):
    """A part that says what the one before said isn't filed with that one's post."""
    world.threads["p"] = ("same",)
    world.network.faults = ["ok", "lost-before"]
    _alike(world, "p")
    world.let(HOUR)
    found = world["act/p@a"]
    assert (found.status, [one.number for one in found.parts]) == (Status.needs_human, [1])


@pytest.mark.usefixtures("confused")
def test_a_call_that_names_another_post_is_looked_up(world: World, monkeypatch: pytest.MonkeyPatch):
    """A network that answers the visible call with another delivery's post has said nothing about this one."""
    _alike(world, "p", "q")
    world.let(MINUTE)
    first = world["act/p@a"].receipt
    monkeypatch.setattr(FakePublisher, "publish", lambda *_: first)
    world.let(HOUR)
    found = world["act/q@a"]
    assert found.status is Status.needs_human
    assert "unknown" in world.history("act/q@a")


def test_other_accounts_have_their_own_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Two networks may give the same id to two posts."""
    world = World(tmp_path, accounts=("a", "b"))
    word = FakeNetwork.receipt
    monkeypatch.setattr(FakeNetwork, "receipt", lambda network, out: replace(word(network, out), remote_id="1"))
    world.write(post())
    world.queue()
    world.let(HOUR)
    assert set(world.statuses().values()) == {Status.published}
    world.close()
