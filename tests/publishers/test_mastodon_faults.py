"""Mastodon fails in every way it can, at every request: what is raised must be safe to act on."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.publishers.base import Deleted, NeedsHand
from scheduler.standins.faults import FAULTS
from scheduler.standins.mastodon import USERS, Server
from tests.publishers.conftest import check_clean
from tests.publishers.harness_mastodon import DELETE, LIST, POST, UPLOAD, Harness
from tests.servers import tls

ALL = sorted({*FAULTS, *Server.refusals})
HANGS = {"timeout_before_commit", "timeout_after_commit", "drip"}
SHOW = "GET /api/v1/statuses/:id"
ATTACHED = {"400_media_after_commit", "422_media_after_commit"}
"""Refusals of a call whose media are in a post already: our own, which is looked for at once."""
FINAL = {"400", "404", "413", "422", "html_413"}
BLOCKED = {"401", "403_scope", "403_suspended"}
LATER = {"429", "429_reset", "429_integer_reset", "429_absurd_reset", "429_garbled_reset", "422_not_ready", "422_media"}
CLEAR: dict[str, type[PublishError]] = {
    **dict.fromkeys(FINAL, Rejected),
    **dict.fromkeys(BLOCKED, AccountBlocked),
    **dict.fromkeys(LATER, TryLater),
}
"""The answers that say for certain that nothing was posted. Every other fault leaves it open."""


def patience(fault: str) -> float:
    """Return a time-out: short only where it has to pass."""
    return 0.15 if fault in HANGS else 10


def outcome(step: Callable[[], object]) -> object:
    """Return what a step returns, or the PublishError it raises, which must not give anything away."""
    try:
        return step()
    except PublishError as error:
        check_clean(error)
        return error


@pytest.fixture
def mastodon(tmp_path: Path) -> Iterator[Harness]:
    """Return a server, and what makes publishers for it."""
    with Harness(tmp_path).running() as running:
        yield running


@pytest.fixture
def out(mastodon: Harness) -> Outgoing:
    """Return a delivery with one picture."""
    return mastodon.out("Libérez-les https://example.com/a", mastodon.picture())


@pytest.fixture
def staged(mastodon: Harness, out: Outgoing) -> Staged:
    """Return the same delivery, staged."""
    return mastodon.publisher().stage(out)


def served(harness: Harness) -> list[str]:
    """Return the ids of the posts that are out."""
    return [post.id for post in harness.server.posts]


@pytest.mark.parametrize("fault", [one for one in ALL if one not in ATTACHED])
def test_publish_raises_what_is_safe(mastodon: Harness, out: Outgoing, staged: Staged, fault: str) -> None:
    """After any fault: one request, never "not sent" while the post is out, and a look tells the truth."""
    since = datetime.now(UTC)
    mastodon.server.fail(POST, fault)
    with pytest.raises(PublishError) as raised:
        mastodon.publisher(patience=patience(fault)).publish(out, staged)
    assert type(raised.value) is CLEAR.get(fault, OutcomeUnknown)
    assert not served(mastodon) or isinstance(raised.value, OutcomeUnknown)
    assert len(mastodon.server.asked(POST)) == 1
    check_clean(raised.value)
    found = mastodon.publisher().find(out, staged, since)
    assert (found.remote_id if isinstance(found, Receipt) else found) == next(iter(served(mastodon)), None)


@pytest.mark.parametrize("fault", [one for one in ALL if one not in {*CLEAR, *ATTACHED}])
def test_the_same_call_again_posts_nothing_twice(mastodon: Harness, out: Outgoing, staged: Staged, fault: str) -> None:
    """Whatever became of the first call: repeating it, as after "not out", leaves exactly one post."""
    mastodon.server.fail(POST, fault)
    with pytest.raises(OutcomeUnknown):
        mastodon.publisher(patience=patience(fault)).publish(out, staged)
    receipt = mastodon.publisher().publish(out, staged)
    assert served(mastodon) == [receipt.remote_id]


@pytest.mark.parametrize("fault", sorted(ATTACHED))
def test_media_in_a_post_already_is_ours(mastodon: Harness, out: Outgoing, staged: Staged, fault: str) -> None:
    """A server that says the media are in a post is asked which: it is ours, and that is the receipt."""
    mastodon.server.fail(POST, fault)
    assert mastodon.publisher().publish(out, staged).remote_id == served(mastodon)[0]
    assert len(mastodon.server.asked(POST)) == 1


@pytest.mark.parametrize("fault", ["timeout_before_commit", "500", "html", "422", "json_list", "404"])
def test_media_in_a_post_already_and_no_list(mastodon: Harness, out: Outgoing, staged: Staged, fault: str) -> None:
    """Where that look fails, nothing is said to be out, and the next attempt finds it."""
    mastodon.server.fail(POST, "422_media_after_commit")
    mastodon.server.fail(LIST, fault)
    with pytest.raises(OutcomeUnknown):
        mastodon.publisher(patience=0.15 if fault in HANGS else 10).publish(out, staged)
    found = mastodon.publisher().find(out, staged, datetime.now(UTC))
    assert isinstance(found, Receipt)


@pytest.mark.parametrize(
    "endpoint", ["GET /api/v2/instance", "GET /api/v1/accounts/verify_credentials", LIST, UPLOAD], ids=str.split
)
@pytest.mark.parametrize("fault", ALL)
def test_stage_never_leaves_it_open(mastodon: Harness, out: Outgoing, endpoint: str, fault: str) -> None:
    """A fault while staging is never "unknown", shows nobody anything, and staging again makes it good."""
    mastodon.server.fail(endpoint, fault)
    after = outcome(lambda: mastodon.publisher(patience=patience(fault)).stage(out))
    refused = {*FINAL, "422_media", *ATTACHED} if endpoint == UPLOAD else set()
    final = (Rejected,) if fault in refused else (AccountBlocked,) if fault in BLOCKED else ()
    assert isinstance(after, (Staged, TryLater, *final))
    assert not served(mastodon)
    publisher = mastodon.publisher()
    publisher.publish(out, publisher.stage(out))
    assert mastodon.server.posts[0].media[0].alt == out.media[0].alt


@pytest.mark.parametrize("fault", ALL)
def test_find_tells_nothing_when_it_fails(mastodon: Harness, out: Outgoing, staged: Staged, fault: str) -> None:
    """A look that fails raises; it never invents a post and never says there is none."""
    since = datetime.now(UTC)
    receipt = mastodon.publisher().publish(out, staged)
    mastodon.server.fail(LIST, fault)
    with pytest.raises(PublishError) as raised:
        mastodon.publisher(patience=patience(fault)).find(out, staged, since)
    assert not isinstance(raised.value, OutcomeUnknown)
    check_clean(raised.value)
    assert mastodon.publisher().find(out, staged, since) == receipt


@pytest.mark.parametrize("endpoint", [DELETE, SHOW], ids=["delete", "read back"])
@pytest.mark.parametrize("fault", ALL)
def test_deleted_means_gone(mastodon: Harness, endpoint: str, fault: str) -> None:
    """A fault while deleting or reading back never passes for a deletion that didn't happen."""
    publisher, going = mastodon.publisher(), mastodon.out("À retirer")
    receipt = publisher.publish(going, publisher.stage(going))
    mastodon.server.fail(endpoint, fault)
    after = outcome(lambda: mastodon.publisher(patience=patience(fault)).delete(receipt))
    if isinstance(after, Deleted):
        assert not served(mastodon)
    if isinstance(after, NeedsHand):
        assert fault in BLOCKED
        assert str(receipt.url) in after.what
    assert isinstance(mastodon.publisher().delete(receipt), Deleted)
    assert not served(mastodon)


@pytest.mark.parametrize("fault", [one for one in ALL if one != "404"])
def test_a_receipt_stands_though_reading_back_fails(mastodon: Harness, fault: str) -> None:
    """The server's yes with an id is the receipt; only its own "not there" says anything against it."""
    publisher, going = mastodon.publisher(patience=patience(fault)), mastodon.out("Bien parti")
    staged = publisher.stage(going)
    mastodon.server.fail(SHOW, fault)
    assert publisher.publish(going, staged).remote_id == served(mastodon)[0]


def test_the_limit_s_end_is_read_in_both_forms(mastodon: Harness, out: Outgoing, staged: Staged) -> None:
    """Mastodon names the moment, GoToSocial its seconds; nonsense is no moment."""
    for fault, at in [
        ("429_reset", datetime(2030, 1, 1, tzinfo=UTC)),
        ("429_integer_reset", datetime(2030, 1, 1, tzinfo=UTC)),
        ("429_absurd_reset", None),
        ("429_garbled_reset", None),
    ]:
        mastodon.server.fail(POST, fault)
        with pytest.raises(TryLater) as raised:
            mastodon.publisher().publish(out, staged)
        assert raised.value.at == at


def test_uploads_are_limited(mastodon: Harness) -> None:
    """The thirty-first upload in half an hour is put off to the moment that the server names."""
    publisher, now = mastodon.publisher(), 1_800_000_000.0
    mastodon.server.now = lambda: now
    pictures = [mastodon.picture(f"{n}.png") for n in range(4)]
    for number in range(7):
        publisher.stage(mastodon.out(f"{number}", *pictures))
    with pytest.raises(TryLater) as raised:
        publisher.stage(mastodon.out("encore", *pictures))
    assert raised.value.at == datetime.fromtimestamp(now + 1800, UTC)


# ── before anything leaves ──────────────────────────────────────────────────────────────────────────────


def test_refused_connection_is_proven_unsent(mastodon: Harness, out: Outgoing, staged: Staged) -> None:
    """Nobody listens: not sent."""
    mastodon.server.stop()
    with pytest.raises(TryLater) as raised:
        mastodon.publisher().publish(out, staged)
    check_clean(raised.value)


def test_unknown_name_is_proven_unsent(mastodon: Harness, out: Outgoing, staged: Staged) -> None:
    """The server's name can't be resolved: not sent."""
    with pytest.raises(TryLater) as raised:
        mastodon.publisher(base_url="https://mastodon.invalid").publish(out, staged)
    check_clean(raised.value)


def test_plain_http_in_place_of_tls_is_proven_unsent(mastodon: Harness, out: Outgoing, staged: Staged) -> None:
    """The other side doesn't speak TLS: not sent."""
    with pytest.raises(TryLater):
        mastodon.publisher(base_url=mastodon.server.url.replace("http:", "https:")).publish(out, staged)
    assert not mastodon.server.asked(POST)


def test_silent_host_is_proven_unsent(mastodon: Harness, out: Outgoing, staged: Staged) -> None:
    """A host that never takes the connection: not sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # fill the queue of connections nobody accepts
            one.setblocking(False)
            one.connect_ex(address)
        publisher = mastodon.publisher(base_url=f"http://127.0.0.1:{address[1]}", options={"timeout": [0.3, 0.3]})
        with pytest.raises(TryLater):
            publisher.publish(out, staged)
        for one in waiting:
            one.close()


@pytest.mark.parametrize("fault", ["timeout_after_commit", "reset_after_commit", "cut_reply", "closed_without_reply"])
def test_over_tls_a_late_failure_is_open(tmp_path: Path, fault: str) -> None:
    """A certificate nobody vouches for gets no token; once TLS stands, a failure is no proof any more."""
    context, trusted = tls.serving(tmp_path)
    with Harness(tmp_path).running(tls=context) as network:
        with pytest.raises(TryLater):
            network.publisher().verify()
        assert not network.server.requests
        publisher = network.publisher(patience=0.5)
        publisher._wire()._session.verify = str(trusted)
        out = network.out("Par TLS")
        staged = publisher.stage(out)
        network.server.fail(POST, fault)
        with pytest.raises(OutcomeUnknown):
            publisher.publish(out, staged)
        assert isinstance(publisher.find(out, staged, datetime.now(UTC)), Receipt)


def test_an_endless_answer_ends(mastodon: Harness, out: Outgoing, staged: Staged) -> None:
    """An answer that never stops is given up for its size, long before its time is over."""
    mastodon.server.fail(POST, "endless")
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        mastodon.publisher(patience=60).publish(out, staged)
    assert time.monotonic() - began < 30


# ── the token ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_revoked_token_blocks_the_account(mastodon: Harness, out: Outgoing, staged: Staged) -> None:
    """A token that no longer works holds the account, at every step."""
    mastodon.server.revoke(USERS[0])
    one = mastodon.publisher
    for step in (one().verify, lambda: one().stage(out), lambda: one().publish(out, staged)):
        with pytest.raises(AccountBlocked) as raised:
            step()
        check_clean(raised.value)


def test_a_missing_token_is_named(mastodon: Harness) -> None:
    """A token that isn't there is named, and nothing is asked."""
    with pytest.raises(AccountBlocked, match="mastodon-fr has no ACCESS_TOKEN"):
        mastodon.publisher(secrets={}).verify()
    assert not mastodon.server.requests
