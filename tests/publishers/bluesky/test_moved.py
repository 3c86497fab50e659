"""An account's settings name another account or server by now: nothing is said of the old one without proof."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from scheduler.model import Staged
from scheduler.publishers.base import IN_FLIGHT, Absent, Deleted, NeedsHand
from scheduler.publishers.bluesky import Publisher
from scheduler.standins.bluesky import Server
from tests.publishers.bluesky.conftest import Ticking, going, made
from tests.publishers.harness_bluesky import XRPC, Harness

DELETE = f"POST {XRPC}.repo.deleteRecord"


def at(
    publisher: Publisher, server: Server, network: Harness, clock: Ticking, account: str = "bluesky-fr"
) -> Publisher:
    """Return a publisher whose settings name another server, or another account there."""
    seat = server.seat(account)
    moved = replace(publisher.account, base_url=seat.base_url)
    return Publisher(moved, secrets=seat.secrets, folder=network.folder, clock=clock)


@pytest.fixture
def elsewhere(clock: Ticking) -> Iterator[Server]:
    """Return a second server."""
    with Server() as server:
        server.now = lambda: clock.now().timestamp()  # type: ignore[method-assign]
        yield server


@pytest.mark.parametrize("by_link", [False, True])
def test_another_account_s_post_is_left_to_a_person(
    network: Harness, server: Server, clock: Ticking, publisher: Publisher, *, by_link: bool
) -> None:
    """The deletion of what isn't there is answered with yes: it isn't even asked for, and says nothing."""
    out = going(network, clock, "Encore là")
    receipt = publisher.publish(out, publisher.stage(out))
    if by_link:
        receipt = replace(receipt, remote_id=publisher.remote_id(str(receipt.url))[0], ids={})
    answer = at(publisher, server, network, clock, "bluesky-en").delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what
    assert not server.asked(DELETE)
    assert isinstance(publisher.delete(receipt), Deleted)
    assert not server.posts


def test_a_post_on_another_server_is_left_to_a_person(
    network: Harness, server: Server, elsewhere: Server, clock: Ticking, publisher: Publisher
) -> None:
    """base_url names a server where somebody else has the login: what is out on the old one stays a person's task."""
    out = going(network, clock, "Ailleurs")
    receipt = publisher.publish(out, publisher.stage(out))
    assert isinstance(at(publisher, elsewhere, network, clock, "bluesky-en").delete(receipt), NeedsHand)
    assert len(server.posts) == 1


def test_another_account_proves_no_absence(
    network: Harness, server: Server, clock: Ticking, publisher: Publisher
) -> None:
    """A call may come in late at the old account, and the next would go to the new one: a person looks."""
    out = going(network, clock, "Qui ?")
    staged = publisher.stage(out)
    moved = at(publisher, server, network, clock, "bluesky-en")
    assert moved.find(out, staged, clock.at - IN_FLIGHT) is None
    receipt = publisher.publish(out, staged)
    assert moved.find(out, staged, clock.at) == receipt


def test_an_account_that_moved_is_asked_where_it_is_now(
    network: Harness, server: Server, elsewhere: Server, clock: Ticking, publisher: Publisher
) -> None:
    """The account took its posts to another server, and the old one is gone: the new one tells, both ways."""
    out, never = going(network, clock, "Déménagement"), going(network, clock, "Jamais", key="a/never@c")
    staged, lost = publisher.stage(out), publisher.stage(never)
    receipt = publisher.publish(out, staged)
    moved = at(publisher, elsewhere, network, clock)
    elsewhere.posts |= server.posts
    server.stop()
    assert moved.find(out, staged, clock.at) == receipt
    assert isinstance(moved.find(never, lost, clock.at - IN_FLIGHT), Absent)
    assert isinstance(moved.delete(receipt), Deleted)
    assert not elsewhere.posts


def test_what_was_lost_is_looked_up_in_the_account_of_today(
    network: Harness, clock: Ticking, publisher: Publisher
) -> None:
    """Without what was staged, the account that is logged in tells."""
    out = going(network, clock, "Perdu")
    receipt = publisher.publish(out, publisher.stage(out))
    assert made(network, clock).find(out, Staged(), clock.at) == receipt
