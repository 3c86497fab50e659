"""Bluesky fails in every way it can, at every request: what is raised must be safe to act on."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Account, Outgoing, Receipt, Staged
from scheduler.publishers.base import IN_FLIGHT, Absent, Deleted, NeedsHand
from scheduler.publishers.bluesky import Publisher
from scheduler.standins.bluesky import Server
from scheduler.standins.faults import FAULTS
from tests.publishers.conftest import check_clean
from tests.publishers.harness_bluesky import XRPC, Harness
from tests.servers import tls

ALL = sorted({*FAULTS, *Server.refusals})
HANGS = {"timeout_before_commit", "timeout_after_commit", "drip"}
PUT, GET = f"POST {XRPC}.repo.putRecord", f"GET {XRPC}.repo.getRecord"
DELETE, UPLOAD = f"POST {XRPC}.repo.deleteRecord", f"POST {XRPC}.repo.uploadBlob"
RESOLVE, LOG_IN = f"GET {XRPC}.identity.resolveHandle", f"POST {XRPC}.server.createSession"
CURED = {"400_expired", "400_token", "401_expired"}
"""Refusals of the session: a new one is got, and the same call made again, which then succeeds."""
CLEAR: dict[str, type[PublishError]] = {
    "400": Rejected,
    "400_echo": Rejected,
    "400_blob": TryLater,
    "401": AccountBlocked,
    "401_takedown": AccountBlocked,
    "403": AccountBlocked,
    "404": Rejected,
    "413_own": Rejected,
    "429": TryLater,
    "429_reset": TryLater,
    "429_after": TryLater,
    "429_absurd_reset": TryLater,
    "429_garbled_reset": TryLater,
}
"""The answers that say for certain that nothing was posted. Every other fault leaves it open."""

Make = Callable[..., Publisher]


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
def network(tmp_path: Path) -> Iterator[Harness]:
    """Return Bluesky."""
    with Harness(tmp_path).running() as running:
        yield running


@pytest.fixture
def server(network: Harness) -> Server:
    """Return the server behind it."""
    return network.server


@pytest.fixture
def make(network: Harness) -> Make:
    """Return what makes a publisher: `wait` in seconds, an address of its own, other options."""

    def publisher(wait: float = 10, *, url: str = "", **options: object) -> Publisher:
        seat = network.server.seat("bluesky-fr")
        options = {"timeout": [10 if wait >= 1 else 1, wait], **seat.options, **options}
        where = url or network.server.url
        account = Account(name="bluesky-fr", platform="bluesky", language="fr", base_url=where, options=options)
        return Publisher(account, secrets=seat.secrets, folder=network.folder)

    return publisher


@pytest.fixture
def out(network: Harness) -> Outgoing:
    """Return a delivery with one picture and a mention."""
    return network.out("Libérez-les @amnesty.bsky.social https://example.com/a", network.picture())


@pytest.fixture
def staged(make: Make, out: Outgoing) -> Staged:
    """Return the same delivery, staged."""
    return make().stage(out)


@pytest.mark.parametrize("fault", ALL)
def test_publish_raises_what_is_safe(server: Server, make: Make, out: Outgoing, staged: Staged, fault: str) -> None:
    """After any fault: never "not sent" while the post is out, a look tells the truth, and a replay posts once."""
    since = datetime.now(UTC)
    server.fail(PUT, fault)
    after = outcome(lambda: make(patience(fault)).publish(out, staged))
    if fault in CURED:
        assert isinstance(after, Receipt)
    else:
        assert type(after) is CLEAR.get(fault, OutcomeUnknown)
    assert len(server.asked(PUT)) == 1 + (fault in CURED)
    found = make().find(out, staged, since)
    assert isinstance(found, Receipt) if server.posts else found is None
    long_ago = make().find(out, staged, since - IN_FLIGHT)
    assert isinstance(long_ago, Receipt if server.posts else Absent)
    receipt = make().publish(out, staged)
    assert receipt == make().find(out, staged, since)
    assert len(server.posts) == server.commits == 1


@pytest.mark.parametrize("endpoint", [UPLOAD, RESOLVE, LOG_IN])
@pytest.mark.parametrize("fault", ALL)
def test_stage_never_leaves_it_open(server: Server, make: Make, out: Outgoing, endpoint: str, fault: str) -> None:
    """A fault while staging is never "unknown", shows nobody anything, and staging again makes it good."""
    server.fail(endpoint, fault)
    after = outcome(lambda: make(patience(fault)).stage(out))
    final = (AccountBlocked, Rejected) if fault in {*CLEAR, *CURED, "400_swap", "400_swap_after_commit"} else ()
    assert isinstance(after, (Staged, TryLater, *final))
    assert not server.posts
    publisher = make()
    publisher.publish(out, publisher.stage(out))
    assert server.state()["posts"][0]["media"][0]["alt"] == out.media[0].alt


@pytest.mark.parametrize("fault", ALL)
def test_find_tells_nothing_when_it_fails(
    server: Server, make: Make, out: Outgoing, staged: Staged, fault: str
) -> None:
    """A look that fails raises; it never invents a post and never says there is none."""
    since = datetime.now(UTC)
    receipt = make().publish(out, staged)
    server.fail(GET, fault)
    after = outcome(lambda: make(patience(fault)).find(out, staged, since))
    assert isinstance(after, PublishError)
    assert not isinstance(after, OutcomeUnknown)
    assert make().find(out, staged, since) == receipt


@pytest.mark.parametrize("endpoint", [DELETE, GET])
@pytest.mark.parametrize("fault", ALL)
def test_deleted_means_gone(server: Server, make: Make, network: Harness, endpoint: str, fault: str) -> None:
    """A fault while deleting or reading back never passes for a deletion that didn't happen."""
    publisher, going = make(), network.out("À retirer")
    receipt = publisher.publish(going, publisher.stage(going))
    server.fail(endpoint, fault)
    after = outcome(lambda: make(patience(fault)).delete(receipt))
    if isinstance(after, Deleted):
        assert not server.posts
    if isinstance(after, NeedsHand):
        assert CLEAR.get(fault) is AccountBlocked or fault in CURED
        assert str(receipt.url) in after.what
    assert isinstance(make().delete(receipt), Deleted)
    assert not server.posts


def test_only_the_server_s_own_word_is_proof(server: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """A deletion that wasn't done is not believed; nor is an absence that isn't told as such."""
    receipt = make().publish(out, staged)
    server.fail(DELETE, "200_without_doing")
    with pytest.raises(TryLater):
        make().delete(receipt)
    server.fail(GET, "404")
    with pytest.raises(Rejected):
        make().find(out, staged, datetime.now(UTC))


# ── before anything leaves ──────────────────────────────────────────────────────────────────────────────


def test_refused_connection_is_proven_unsent(server: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """Nobody listens: not sent."""
    server.stop()
    assert isinstance(outcome(lambda: make().publish(out, staged)), TryLater)
    assert not server.posts


def test_unknown_name_is_proven_unsent(make: Make, out: Outgoing) -> None:
    """The server's name can't be resolved: not sent."""
    assert isinstance(outcome(lambda: make(url="https://bsky.invalid").stage(out)), TryLater)


def test_foreign_certificate_gets_nothing(make: Make, out: Outgoing, tmp_path: Path) -> None:
    """A certificate nobody vouches for (an interceptor's) gets no request and no password."""
    context, _ = tls.serving(tmp_path)
    with Server(tls=context) as secure:
        assert isinstance(outcome(lambda: make(url=secure.url).stage(out)), TryLater)
        assert not secure.requests


def test_plain_http_in_place_of_tls_is_proven_unsent(server: Server, make: Make, out: Outgoing) -> None:
    """The other side doesn't speak TLS: not sent."""
    assert isinstance(outcome(lambda: make(url=server.url.replace("http:", "https:")).stage(out)), TryLater)
    assert not server.requests


@pytest.mark.parametrize("fault", ["timeout_after_commit", "reset_after_commit", "cut_reply", "closed_without_reply"])
def test_over_tls_a_late_failure_is_open(network: Harness, make: Make, tmp_path: Path, fault: str) -> None:
    """Once TLS stands, a failure is no proof any more, though the library calls some of them TLS errors."""
    context, trusted = tls.serving(tmp_path)
    with Server(tls=context) as secure:
        secure.seat("bluesky-fr")
        publisher = make(0.5, url=secure.url, timeout=[10, 0.5], video_url=secure.url)
        line, going = publisher._line(), network.out("Par TLS")
        line.wire(secure.url)._session.verify = str(trusted)
        token = line.session().access
        for wire in (line.wire(secure.url), line.wire(secure.url, token)):
            wire._session.verify = str(trusted)
        staged = publisher.stage(going)
        secure.fail(PUT, fault)
        assert isinstance(outcome(lambda: publisher.publish(going, staged)), OutcomeUnknown)
        assert len(secure.posts) == 1
        assert isinstance(publisher.find(going, staged, datetime.now(UTC)), Receipt)


def test_silent_host_is_proven_unsent(make: Make, out: Outgoing) -> None:
    """A host that never takes the connection: not sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # fill the queue of connections nobody accepts
            one.setblocking(False)
            one.connect_ex(address)
        silent = make(url=f"http://127.0.0.1:{address[1]}", timeout=[0.3, 0.3])
        assert isinstance(outcome(lambda: silent.stage(out)), TryLater)
        for one in waiting:
            one.close()
