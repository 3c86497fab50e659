"""Mastodon again, on a server that others wrote (mastodon-mock): what we send is understood elsewhere too."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mastodon_mock.config import DatabaseConfig, MastodonMockConfig
from mastodon_mock.testing.seed import DEFAULT_TEST_SEED
from mastodon_mock.testing.server import MockServer

from scheduler.clock import SimulatedClock
from scheduler.errors import AccountBlocked, Rejected
from scheduler.model import Receipt
from scheduler.publishers.base import Absent, Deleted
from scheduler.publishers.mastodon import Publisher
from scheduler.publishers.mastodon_text import canonical, plain
from tests.publishers.harness_mastodon import Harness


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    """Return the server, with a few accounts, in memory."""
    folder = str(tmp_path_factory.mktemp("media"))
    database = DatabaseConfig(path=":memory:")
    config = MastodonMockConfig(database=database, seed=DEFAULT_TEST_SEED, media_storage_path=folder)
    with MockServer(config=config) as server:
        yield server


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    """Return what makes deliveries."""
    return Harness(tmp_path)


@pytest.fixture
def alice(harness: Harness, mock: MockServer) -> Publisher:
    """Return a publisher of one of the server's accounts."""
    return harness.publisher(base_url=mock.base_url, secrets={"ACCESS_TOKEN": "alice_token"})


def shown(mock: MockServer, post_id: str) -> dict[str, Any]:
    """Return a post as everybody can read it."""
    with urllib.request.urlopen(f"{mock.base_url}/api/v1/statuses/{post_id}") as answer:
        return dict(json.load(answer))


def test_a_text_goes_out_and_comes_back(harness: Harness, alice: Publisher, mock: MockServer) -> None:
    """Words, language, visibility and the receipt's moment; a look finds the post; a second call makes no second."""
    out = harness.out("Libérez-les & <écrivez> à https://example.com/a?b=1&c=2\n\n#Liberté")
    since = datetime.now(UTC)
    staged = alice.stage(out)
    receipt = alice.publish(out, staged)
    post = shown(mock, receipt.remote_id)
    assert canonical(plain(post["content"])) == canonical(out.text)
    assert (post["language"], post["visibility"], post["account"]["username"]) == ("fr", "public", "alice")
    assert abs(receipt.published_at - since) < timedelta(seconds=60)
    found = alice.find(out, staged, since)
    assert isinstance(found, Receipt)
    assert found.remote_id == receipt.remote_id == alice.publish(out, staged).remote_id


def test_a_picture_keeps_its_alt_text(harness: Harness, alice: Publisher, mock: MockServer) -> None:
    """The file arrives to the byte, with the words for those who can't see it, under a warning."""
    picture = harness.picture()
    out = replace(harness.out("Une image", picture), warning="prison")
    receipt = alice.publish(out, alice.stage(out))
    post = shown(mock, receipt.remote_id)
    (medium,) = post["media_attachments"]
    assert medium["description"] == picture.alt
    assert (post["spoiler_text"], post["sensitive"]) == ("prison", True)
    with urllib.request.urlopen(medium["url"]) as answer:
        assert answer.read() == picture.path.read_bytes()


def test_a_thread_hangs_together(harness: Harness, alice: Publisher, mock: MockServer) -> None:
    """Each part answers the one before, and each is found."""
    part, receipts = replace(harness.out("Un"), rest=("Deux", "Trois")), []
    for number in range(3):
        staged = alice.stage(part)
        receipts.append(alice.publish(part, staged))
        assert alice.find(part, staged, datetime.now(UTC)) == receipts[-1]
        part = part.following(receipts[-1]) if number < 2 else part
    answered = [shown(mock, receipt.remote_id)["in_reply_to_id"] for receipt in receipts]
    assert answered == [None, receipts[0].remote_id, receipts[1].remote_id]


def test_what_is_not_there_is_not_found(harness: Harness, mock: MockServer) -> None:
    """A post that never left isn't found, and after the waiting is said not to be out."""
    clock = SimulatedClock(datetime.now(UTC))
    token = {"ACCESS_TOKEN": "bob_token"}
    publisher, out = harness.publisher(base_url=mock.base_url, secrets=token, clock=clock), harness.out("Jamais")
    staged, since = publisher.stage(out), clock.now()
    assert publisher.find(out, staged, since) is None
    clock.sleep(150)
    assert isinstance(publisher.find(out, staged, since), Absent)


def test_deletes_and_reads_back(harness: Harness, alice: Publisher, mock: MockServer) -> None:
    """A deleted post is gone for everybody, and deleting it again is no failure."""
    out = harness.out("Retiré", harness.picture())
    receipt = alice.publish(out, alice.stage(out))
    assert isinstance(alice.delete(receipt), Deleted)
    with pytest.raises(urllib.error.HTTPError, match="404") as raised:
        shown(mock, receipt.remote_id)
    raised.value.close()
    assert isinstance(alice.delete(receipt), Deleted)


def test_its_limit_is_ours(harness: Harness, alice: Publisher) -> None:
    """A text over the figures that the server tells is refused before it is sent."""
    out = harness.out("x" * 501)
    with pytest.raises(Rejected, match="501 characters"):
        alice.stage(out)


def test_a_wrong_token_blocks_the_account(harness: Harness, mock: MockServer) -> None:
    """A token that the server doesn't know holds the account."""
    with pytest.raises(AccountBlocked):
        harness.publisher(base_url=mock.base_url, secrets={"ACCESS_TOKEN": "canary-none"}).verify()


def test_a_person_logs_in(harness: Harness, mock: MockServer) -> None:
    """The way to a token leads over the server's own page, where somebody picks an account and gets a code."""

    def person(question: str, **_: bool) -> str:
        page = question.split()[1]
        asked = dict(urllib.parse.parse_qsl(page.partition("?")[2]))
        form = urllib.parse.urlencode({**asked, "username": "carol"}).encode()
        with urllib.request.urlopen(page.partition("?")[0], data=form) as answer:
            return re.findall(r"code: (\S+?)<", answer.read().decode())[0]

    secrets = harness.publisher(base_url=mock.base_url, secrets={}).log_in(person)
    assert harness.publisher(base_url=mock.base_url, secrets=secrets).verify().startswith("@carol@127.0.0.1")
