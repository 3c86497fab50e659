"""Keys and records made once, threads and pictures."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.errors import OutcomeUnknown, Rejected, TryLater, UserError
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.publishers.base import IN_FLIGHT, Absent, Deleted, NeedsHand
from scheduler.publishers.bluesky import Publisher
from scheduler.publishers.bluesky_record import raw_cid, record_key
from scheduler.standins import bluesky_cids
from scheduler.standins.bluesky import Server
from scheduler.standins.bluesky_lexicon import TID
from tests.publishers.bluesky.conftest import Ticking, going, made
from tests.publishers.harness_bluesky import XRPC, Harness

LOG_IN, REFRESH = f"POST {XRPC}.server.createSession", f"POST {XRPC}.server.refreshSession"
PUT, UPLOAD = f"POST {XRPC}.repo.putRecord", f"POST {XRPC}.repo.uploadBlob"


@settings(deadline=None)
@given(st.text(min_size=1), st.integers(10**9, 4 * 10**9))
def test_a_key_is_a_tid_and_follows_from_the_delivery(token: str, second: int) -> None:
    """A key has the form Bluesky asks for, is the same for every attempt, and later parts stand after earlier ones."""
    due_at = datetime.fromtimestamp(second, UTC)
    out = Outgoing(key="a/b@c", account="a", language="fr", text="x", token=token, due_at=due_at, rest=("y", "z"))
    receipt = Receipt(remote_id="", url=None, published_at=due_at)
    keys = [record_key(part) for part in (out, out.following(receipt), out.following(receipt).following(receipt))]
    assert all(TID.fullmatch(key) for key in keys)
    assert keys[0] < keys[1] < keys[2]
    assert record_key(replace(out, text="other")) == keys[0]
    assert record_key(replace(out, token=f"{token}'")) != keys[0]


def test_the_record_is_sent_to_the_byte_as_it_was_made(
    network: Harness, server: Server, clock: Ticking, publisher: Publisher
) -> None:
    """What was staged is what is sent, however often, and by whoever got it from the store."""
    out = going(network, clock, "À l’octet 👩‍👩‍👧", network.picture())
    staged = publisher.stage(out)
    stored = Staged(json.loads(json.dumps(staged.ids)))
    publisher.publish(out, staged)
    made(network, clock).publish(out, stored)
    first, second = (request.body for request in server.asked(PUT))
    assert first == second
    assert str(staged.ids["record"]).encode() in first
    assert b'"swapRecord": null' in first
    assert server.commits == 1


def test_a_post_bears_the_time_at_which_it_goes_out(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """Staged ahead it bears the due second; late, the moment of staging; and it is made anew when that is long past."""
    out = replace(going(network, clock, "Bientôt"), due_at=clock.at + timedelta(minutes=2))
    staged = publisher.stage(out)
    assert json.loads(str(staged.ids["record"]))["createdAt"] == "2027-03-01T12:02:00.000Z"
    assert not publisher.stage_expired(staged, clock.at + timedelta(minutes=11))
    assert publisher.stage_expired(staged, clock.at + timedelta(minutes=12))
    clock.pass_by(hours=1)
    late = publisher.stage(out)
    assert json.loads(str(late.ids["record"]))["createdAt"] == "2027-03-01T13:00:00.000Z"
    assert late.ids["rkey"] == staged.ids["rkey"]


def test_a_later_record_never_replaces_the_first(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """When a call that seemed lost arrives first, the second is refused, and the look finds the one that is out."""
    out = going(network, clock, "Une fois")
    early = publisher.stage(out)
    clock.pass_by(minutes=15)
    late = publisher.stage(out)
    receipt = publisher.publish(out, early)
    with pytest.raises(OutcomeUnknown):
        publisher.publish(out, late)
    assert publisher.find(out, late, clock.at) == receipt
    assert network.server.commits == 1


@pytest.mark.parametrize("lost", ["record", "did", "handle", "rkey"])
def test_nothing_is_sent_that_was_not_staged(network: Harness, clock: Ticking, publisher: Publisher, lost: str) -> None:
    """Without the whole of what was staged, or with another delivery's, nothing is sent."""
    out = going(network, clock, "Rien")
    staged = publisher.stage(out)
    with pytest.raises(TryLater, match="nothing was sent"):
        publisher.publish(out, Staged({**staged.ids, lost: None}))
    with pytest.raises(TryLater, match="another delivery"):
        publisher.publish(replace(out, token="other"), staged)
    with pytest.raises(TryLater, match="another account"):
        publisher.publish(out, Staged({**staged.ids, "did": "did:plc:other"}))
    assert not network.server.asked(PUT)


def test_a_link_leads_to_the_record(publisher: Publisher) -> None:
    """A link that a person copied gives the record's address; what is no link to a post is refused."""
    link = "https://bsky.app/profile/rights.bsky.social/post/3kkk2222aaa2b"
    address = "at://rights.bsky.social/app.bsky.feed.post/3kkk2222aaa2b"
    assert publisher.remote_id(f" {link}?ref=1 ") == (address, link)
    assert publisher.remote_id(link.replace("rights.bsky.social", "did:plc:abc"))[0].startswith("at://did:plc:abc/")
    for wrong in ("https://bsky.app/profile/rights.bsky.social", "https://bsky.app/profile/a.b/post/1", "3kkk", ""):
        with pytest.raises(UserError):
            publisher.remote_id(wrong)


@pytest.mark.parametrize("value", [None, {}, {"createdAt": 7}, {"createdAt": "soon"}, {"createdAt": "2027-03-01"}])
def test_a_record_that_is_no_post_is_no_answer(
    network: Harness, clock: Ticking, publisher: Publisher, value: object
) -> None:
    """A look that gives something else at the post's key tells neither that it is out nor that it isn't."""
    out = going(network, clock, "Autre")
    publisher.publish(out, publisher.stage(out))
    (post,) = network.server.posts.values()
    post.record = value  # type: ignore[assignment]
    with pytest.raises(TryLater, match="own form"):
        publisher.find(out, Staged(), clock.at)


def test_deletes_by_a_copied_link(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """A post that a person said is out is deleted by its link; what is no post's address is refused."""
    out = going(network, clock, "À la main")
    receipt = publisher.publish(out, publisher.stage(out))
    by_hand = replace(receipt, remote_id=publisher.remote_id(str(receipt.url))[0], ids={})
    assert isinstance(publisher.delete(by_hand), Deleted)
    with pytest.raises(Rejected):
        publisher.delete(replace(receipt, remote_id="https://bsky.app"))


def test_delete_by_hand_says_where(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """Where Bluesky doesn't let us delete, a person is told which post and why."""
    out = going(network, clock, "Bloqué")
    receipt = publisher.publish(out, publisher.stage(out))
    next(iter(network.server.users.values())).status = "suspended"
    answer = publisher.delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what


def test_parts_answer_each_other(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """Each part answers the one before, also one of which a person said that it is out."""
    part = going(network, clock, "Un", rest=("Deux", "Trois"))
    first = publisher.publish(part, publisher.stage(part))
    told = Receipt(remote_id=publisher.remote_id(str(first.url))[0], url=first.url, published_at=clock.at)
    part = part.following(told)
    second = publisher.publish(part, publisher.stage(part))
    part = part.following(second)
    publisher.publish(part, publisher.stage(part))
    posts = network.server.state()["posts"]
    assert [post["reply_to"] for post in posts] == [None, first.remote_id, second.remote_id]
    assert [post["text"] for post in posts] == ["Un", "Deux", "Trois"]


def test_a_part_that_is_gone_cannot_be_answered(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """Where the part before is gone, the next one is refused."""
    part = going(network, clock, "Un", rest=("Deux",))
    first = publisher.publish(part, publisher.stage(part))
    publisher.delete(first)
    with pytest.raises(Rejected, match="can't be answered"):
        publisher.stage(part.following(replace(first, ids={})))


def test_a_picture_that_was_thrown_away_is_uploaded_again(
    network: Harness, server: Server, clock: Ticking, publisher: Publisher
) -> None:
    """After an hour without a post a picture is gone: it counts as expired before, and the refusal as not sent."""
    out = going(network, clock, "Vieux", network.picture())
    staged = publisher.stage(out)
    clock.pass_by(hours=1)
    assert publisher.stage_expired(staged, clock.at)
    with pytest.raises(TryLater, match="BlobNotFound"):
        publisher.publish(out, staged)
    publisher.publish(out, publisher.stage(out))
    assert len(server.asked(UPLOAD)) == 2
    assert server.commits == 1


def test_a_picture_must_be_kept_as_it_is(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """The hash that Bluesky names must be that of the picture; a file that can't be read is tried again."""
    picture = network.picture()
    other = replace(picture, sha256="0" * 64)
    with pytest.raises(TryLater, match="as it is"):
        publisher.stage(going(network, clock, "x", other))
    with pytest.raises(TryLater, match="can't be read"):
        publisher.stage(going(network, clock, "x", replace(picture, path=network.folder / "none.png")))
    assert raw_cid(picture.sha256) == bluesky_cids.of_bytes(picture.path.read_bytes())


def test_absent_is_a_proof(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """Not there is told as such, from the delivery alone."""
    assert isinstance(publisher.find(going(network, clock, "Jamais"), Staged(), clock.at - IN_FLIGHT), Absent)


def test_the_page_tells_the_code_s_figures() -> None:
    """The times that docs/networks/bluesky.md tells are those of the code."""
    from scheduler.publishers import bluesky, bluesky_film, bluesky_wire
    from tests.docs import pages

    page = " ".join(pages.text("networks/bluesky.md").split())
    assert timedelta(minutes=50) == bluesky._BLOBS_LAST
    assert "50 minutes" in page
    assert timedelta(minutes=10) == bluesky._RECORD_LASTS
    assert "ten minutes" in page
    assert timedelta(minutes=30) == bluesky_film.LONGEST
    assert timedelta(minutes=30) == bluesky_wire._AHEAD
    assert page.count("30 minutes") >= 2
    assert [name for name in bluesky_wire.ERRORS if name not in page] == []
    assert [status for status in bluesky_wire.STATUS if not re.search(rf"\b{status}\b", page)] == []
