"""Mastodon: what is called deleted is gone, from the very server and account that it was on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.errors import Rejected, TryLater
from scheduler.model import Receipt
from scheduler.publishers.base import Deleted, NeedsHand
from scheduler.publishers.mastodon import Publisher
from scheduler.standins.mastodon import USERS
from tests.publishers.harness_mastodon import DELETE, Harness

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
OTHER = {"ACCESS_TOKEN": USERS[1].token}


@pytest.fixture
def mastodon(tmp_path: Path) -> Iterator[Harness]:
    """Return a server, and what makes publishers for it."""
    with Harness(tmp_path).running() as running:
        yield running


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Harness]:
    """Return a second server."""
    with Harness(tmp_path / "elsewhere").running() as running:
        yield running


def posted(mastodon: Harness, *, by_link: bool, **options: object) -> Receipt:
    """Return the receipt of a post, as it was filed or as a person gave it by its link."""
    publisher, out = mastodon.publisher(options=options), mastodon.out("Encore là")
    receipt = publisher.publish(out, publisher.stage(out))
    post_id, url = Publisher.remote_id(str(receipt.url))
    return replace(receipt, remote_id=post_id, url=url, ids={}) if by_link else receipt


@pytest.mark.parametrize("by_link", [False, True])
def test_deleting_twice_is_no_failure(mastodon: Harness, *, by_link: bool) -> None:
    """The account's own post is gone the second time too, also one that a person found."""
    receipt = posted(mastodon, by_link=by_link)
    for _ in range(2):
        assert isinstance(mastodon.publisher().delete(receipt), Deleted)
    assert not mastodon.server.posts


@pytest.mark.parametrize("by_link", [False, True])
def test_a_post_on_another_server_is_left_to_a_person(mastodon: Harness, elsewhere: Harness, *, by_link: bool) -> None:
    """base_url names another server by now, which has no such post, or quite another under this number."""
    receipt = posted(mastodon, by_link=by_link)
    answer = mastodon.publisher(base_url=elsewhere.server.url).delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what
    assert not elsewhere.server.requests
    assert len(mastodon.server.posts) == 1


@pytest.mark.parametrize("by_link", [False, True])
@pytest.mark.parametrize("visibility", ["public", "private"])
def test_another_account_s_post_is_left_to_a_person(mastodon: Harness, visibility: str, *, by_link: bool) -> None:
    """The server says "not there" to whoever may not see a post, and to whoever may not delete it."""
    receipt = posted(mastodon, by_link=by_link, visibility=visibility)
    answer = mastodon.publisher(secrets=OTHER).delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what
    assert len(mastodon.server.posts) == 1


@pytest.mark.parametrize("url", [None, "https://[", "x"])
def test_a_post_of_which_nobody_knows_where_it_was(mastodon: Harness, url: str | None) -> None:
    """Without a link, or with one that says nothing, "not there" is no proof."""
    assert isinstance(mastodon.publisher().delete(Receipt(remote_id="1", url=url, published_at=NOON)), NeedsHand)


def test_a_server_whose_links_bear_another_name(mastodon: Harness) -> None:
    """The receipt tells the server that was asked, whatever its posts' own links say."""
    receipt = replace(posted(mastodon, by_link=False), url="https://social.example/@rights_fr/1")
    assert isinstance(mastodon.publisher().delete(receipt), Deleted)
    assert not mastodon.server.posts


def test_a_deletion_that_was_not_done_is_not_believed(mastodon: Harness) -> None:
    """The server says yes and still shows the post."""
    receipt = posted(mastodon, by_link=False)
    mastodon.server.fail(DELETE, "200_without_doing")
    with pytest.raises(TryLater, match="still shows"):
        mastodon.publisher().delete(receipt)


def test_deletes_nothing_but_posts(mastodon: Harness) -> None:
    """A receipt of another network, or a tampered one, never becomes part of an address."""
    with pytest.raises(Rejected, match="is not the id of a post on Mastodon"):
        mastodon.publisher().delete(Receipt(remote_id="1/../../me", url=None, published_at=NOON))
    assert not mastodon.server.requests
