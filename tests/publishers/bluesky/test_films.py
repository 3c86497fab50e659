"""Films: handed to the video service, waited for without waiting, and given up in plain words."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.errors import AccountBlocked, PublishError, Rejected, TryLater
from scheduler.model import Medium, Outgoing, Staged
from scheduler.publishers.bluesky import Publisher
from scheduler.standins.bluesky import Server
from tests.media.films import film
from tests.publishers.bluesky.conftest import Ticking, going, made
from tests.publishers.conftest import check_clean
from tests.publishers.harness_bluesky import XRPC, Harness

UPLOAD, STATUS = "POST /xrpc/app.bsky.video.uploadVideo", "GET /xrpc/app.bsky.video.getJobStatus"
LIMITS, TOKEN = "GET /xrpc/app.bsky.video.getUploadLimits", f"GET {XRPC}.server.getServiceAuth"
KINDS = ["timeout_after_commit", "reset_mid_body", "html", "no_id", "429_reset", "500", "401", "400", "redirect_307"]


@pytest.fixture
def out(network: Harness, clock: Ticking) -> Outgoing:
    """Return a delivery with a film."""
    data = film()
    path = network.folder / "film.mp4"
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    shown = Medium(path=path, mime="video/mp4", width=160, height=120, size=len(data), sha256=digest, alt="Une veillée")
    return going(network, clock, "En film", shown)


def staged(publisher: Publisher, out: Outgoing, clock: Ticking) -> Staged:
    """Return what comes of staging until it is done, as the daemon goes about it."""
    so_far = publisher.stage(out)
    while so_far.again_at is not None:
        clock.at = max(so_far.again_at, clock.at)
        so_far = publisher.stage(out, so_far)
    return so_far


def test_a_film_goes_out_when_it_is_done(server: Server, clock: Ticking, publisher: Publisher, out: Outgoing) -> None:
    """The film is handed in once, asked about until it is done, and out with its alt text."""
    server.films.looks = 5
    publisher.publish(out, staged(publisher, out, clock))
    (post,) = server.state()["posts"]
    assert post["media"] == [{"sha256": out.media[0].sha256, "alt": "Une veillée"}]
    assert (len(server.asked(UPLOAD)), len(server.asked(STATUS))) == (1, 5)
    assert clock.at - out.due_at < timedelta(minutes=1)
    assert {bool(request.headers.get("Authorization")) for request in server.asked(STATUS)} == {False}


def test_the_same_film_again_is_known(
    network: Harness, server: Server, clock: Ticking, publisher: Publisher, out: Outgoing
) -> None:
    """When what was staged is lost, the service knows the film, and it is not worked on anew."""
    publisher.stage(out)
    publisher.publish(out, staged(made(network, clock), out, clock))
    assert len(server.films.jobs) == 1
    assert server.commits == 1


def test_another_film_starts_anew(server: Server, publisher: Publisher, out: Outgoing) -> None:
    """What was begun with one film is not taken for another's."""
    begun = publisher.stage(out)
    data = film(size=(120, 160))
    other = out.media[0].path.with_name("other.mp4")
    other.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    medium = replace(out.media[0], path=other, size=len(data), sha256=digest, width=120, height=160)
    turned = replace(out, media=(medium,))
    so_far = publisher.stage(turned, begun)
    while so_far.again_at is not None:
        so_far = publisher.stage(turned, so_far)
    publisher.publish(turned, so_far)
    assert server.state()["posts"][0]["media"][0]["sha256"] == digest


def test_a_film_that_never_gets_done_is_given_up(
    server: Server, clock: Ticking, publisher: Publisher, out: Outgoing
) -> None:
    """After half an hour it is put off, with the reason."""
    server.films.looks = 10**6
    with pytest.raises(TryLater, match="after 30 minutes"):
        staged(publisher, out, clock)
    assert timedelta(minutes=30) < clock.at - out.due_at < timedelta(minutes=32)
    assert len(server.asked(STATUS)) < 50


def test_a_film_that_cannot_be_used_is_refused(
    server: Server, clock: Ticking, publisher: Publisher, out: Outgoing
) -> None:
    """What the service can't read fails with its words; two films, or one too large, before anything is sent."""
    out.media[0].path.write_bytes(b"no film")
    with pytest.raises(Rejected, match="can't be read"):
        staged(publisher, out, clock)
    large = replace(out.media[0], size=100_000_001)
    before = len(server.asked(UPLOAD))
    for media in ((large,), (*out.media, *out.media)):
        with pytest.raises(Rejected, match="one film"):
            publisher.stage(replace(out, media=media))
    out.media[0].path.unlink()
    with pytest.raises(TryLater, match="can't be read"):
        publisher.stage(out)
    assert len(server.asked(UPLOAD)) == before


def test_what_the_account_may_hand_in_is_asked_first(
    server: Server, clock: Ticking, publisher: Publisher, out: Outgoing
) -> None:
    """An unconfirmed address holds the account; a day's films used up put the post off. No film is sent."""
    user = server.user("bluesky-fr")
    user.email_confirmed = False
    with pytest.raises(AccountBlocked, match="confirm your email"):
        publisher.stage(out)
    user.email_confirmed = True
    server.films.days[user.did, int(clock.at.timestamp() // 86_400)] = 25
    with pytest.raises(TryLater) as raised:
        publisher.stage(out)
    assert raised.value.at == clock.at + timedelta(hours=1)
    assert not server.asked(UPLOAD)


@pytest.mark.parametrize("endpoint", [TOKEN, LIMITS, f"GET {XRPC}.server.describeServer", UPLOAD, STATUS])
@pytest.mark.parametrize("fault", KINDS)
def test_no_fault_leaves_it_open(network: Harness, clock: Ticking, out: Outgoing, endpoint: str, fault: str) -> None:
    """Whatever fails on the way, nothing is out, it is never "unknown", and staging again makes it good."""
    publisher, server = made(network, clock), network.server
    publisher._waits = (10, 0.2) if fault == "timeout_after_commit" else ()
    server.fail(endpoint, fault)
    with pytest.raises(PublishError) as raised:
        staged(publisher, out, clock)
    assert isinstance(raised.value, (TryLater, Rejected, AccountBlocked))
    check_clean(raised.value)
    assert not server.posts
    again = made(network, clock)
    again.publish(out, staged(again, out, clock))
    assert server.commits == 1
