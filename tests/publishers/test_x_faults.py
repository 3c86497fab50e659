"""X fails in every way it can, at every request: what is raised must be safe to act on."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.publishers.base import Deleted, NeedsHand
from scheduler.standins.faults import FAULTS
from scheduler.standins.x import USERS, Server
from tests.publishers.conftest import Make, check_clean
from tests.publishers.harness_x import Harness
from tests.servers import tls

ALL = sorted({*FAULTS, *Server.refusals})
HANGS = {"timeout_before_commit", "timeout_after_commit", "drip"}
POST = "POST /2/tweets"
CLEAR: dict[str, type[PublishError]] = {
    "400": Rejected,
    "400_echo": Rejected,
    "400_names_key": Rejected,
    "400_media": TryLater,
    "401": AccountBlocked,
    "402": AccountBlocked,
    "403_permission": AccountBlocked,
    "403_client": AccountBlocked,
    "403_spend": AccountBlocked,
    "403_usage": AccountBlocked,
    "403_long": Rejected,
    "403_unseen": AccountBlocked,
    "403_not_yours": AccountBlocked,
    "400_token": Rejected,
    "404": Rejected,
    "413": Rejected,
    "429": TryLater,
    "429_reset": TryLater,
    "429_absurd_reset": TryLater,
    "429_garbled_reset": TryLater,
    "429_usage": AccountBlocked,
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


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Outgoing:
    """Return a delivery with one picture."""
    harness = Harness(tmp_path_factory.mktemp("x"))
    return harness.out("Libérez-les https://example.com/a", harness.picture())


@pytest.fixture
def staged(make: Make, out: Outgoing) -> Staged:
    """Return the same delivery, staged."""
    return make().stage(out)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """Return a server that speaks https, and the certificate to trust."""
    context, file = tls.serving(tmp_path)
    with Server(tls=context) as server:
        yield server, file


@pytest.mark.parametrize("fault", ALL)
def test_publish_raises_what_is_safe(x: Server, make: Make, out: Outgoing, staged: Staged, fault: str) -> None:
    """After any fault: one request, never "not sent" while the post is out, and a look tells the truth."""
    since = datetime.now(UTC)
    x.fail(POST, fault)
    with pytest.raises(PublishError) as raised:
        make(patience(fault)).publish(out, staged)
    assert type(raised.value) is CLEAR.get(fault, OutcomeUnknown)
    assert not x.posts or isinstance(raised.value, OutcomeUnknown)
    assert len(x.asked(POST)) == 1
    check_clean(raised.value)
    found = make().find(out, staged, since)
    assert (found.remote_id if isinstance(found, Receipt) else found) == (x.posts[0].id if x.posts else None)


@pytest.mark.parametrize(
    "endpoint", ["GET /2/users/me", "GET /2/users/:id/tweets", "POST /2/media/upload", "POST /2/media/metadata"]
)
@pytest.mark.parametrize("fault", ALL)
def test_stage_never_leaves_it_open(x: Server, make: Make, out: Outgoing, endpoint: str, fault: str) -> None:
    """A fault while staging is never "unknown", shows nobody anything, and staging again makes it good."""
    x.fail(endpoint, fault)
    after = outcome(lambda: make(patience(fault)).stage(out))
    final = (AccountBlocked, Rejected) if fault in {*CLEAR, "403_duplicate", "403_duplicate_after_commit"} else ()
    assert isinstance(after, (Staged, TryLater, *final))
    assert not x.posts
    publisher = make()
    publisher.publish(out, publisher.stage(out))
    assert x.posts[0].media[0].alt == out.media[0].alt


@pytest.mark.parametrize("fault", ALL)
def test_find_tells_nothing_when_it_fails(x: Server, make: Make, out: Outgoing, staged: Staged, fault: str) -> None:
    """A look that fails raises; it never invents a post and never says there is none."""
    since = datetime.now(UTC)
    receipt = make().publish(out, staged)
    x.fail("GET /2/users/:id/tweets", fault)
    with pytest.raises(PublishError) as raised:
        make(patience(fault)).find(out, staged, since)
    assert not isinstance(raised.value, OutcomeUnknown)
    check_clean(raised.value)
    assert make().find(out, staged, since) == receipt


@pytest.mark.parametrize("endpoint", ["DELETE /2/tweets/:id", "GET /2/tweets/:id"])
@pytest.mark.parametrize("fault", ALL)
def test_deleted_means_gone(x: Server, make: Make, endpoint: str, fault: str) -> None:
    """A fault while deleting or reading back never passes for a deletion that didn't happen."""
    publisher, going = make(), Harness(Path()).out("À retirer")
    receipt = publisher.publish(going, publisher.stage(going))
    x.fail(endpoint, fault)
    after = outcome(lambda: make(patience(fault)).delete(receipt))
    if isinstance(after, Deleted):
        assert not x.posts
    if isinstance(after, NeedsHand):
        assert CLEAR[fault] is AccountBlocked
    assert isinstance(make().delete(receipt), Deleted)
    assert not x.posts


def test_only_a_word_about_absence_is_proof(x: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """X says "deleted" and did not; the look afterwards shows neither the post nor that it is gone."""
    receipt = make().publish(out, staged)
    x.fail("DELETE /2/tweets/:id", "200_without_doing")
    x.fail("GET /2/tweets/:id", "bare_object")
    with pytest.raises(TryLater):
        make().delete(receipt)


def test_an_endless_answer_ends(x: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """An answer that never stops is given up for its size, long before its time is over."""
    x.fail(POST, "endless")
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        make(60).publish(out, staged)
    assert time.monotonic() - began < 30


def test_delete_by_hand_says_where(x: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """Where X doesn't let us delete, a person is told which post and why."""
    receipt = make().publish(out, staged)
    x.fail("DELETE /2/tweets/:id", "403_permission")
    answer = make().delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what
    assert "not permitted" in answer.what


# ── before anything leaves ──────────────────────────────────────────────────────────────────────────────


def test_refused_connection_is_proven_unsent(x: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """Nobody listens: not sent."""
    x.stop()
    with pytest.raises(TryLater) as raised:
        make().publish(out, staged)
    check_clean(raised.value)
    assert not x.posts


def test_unknown_name_is_proven_unsent(make: Make, out: Outgoing, staged: Staged) -> None:
    """The server's name can't be resolved: not sent."""
    with pytest.raises(TryLater) as raised:
        make(url="https://x.invalid").publish(out, staged)
    check_clean(raised.value)


def test_plain_http_in_place_of_tls_is_proven_unsent(x: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """The other side doesn't speak TLS: not sent."""
    with pytest.raises(TryLater):
        make(url=x.url.replace("http:", "https:")).publish(out, staged)
    assert not x.asked(POST)


def test_foreign_certificate_is_proven_unsent(
    secure: tuple[Server, Path], make: Make, out: Outgoing, staged: Staged
) -> None:
    """A certificate nobody vouches for (an interceptor's) gets no request and no keys."""
    server, _ = secure
    with pytest.raises(TryLater):
        make(url=server.url).publish(out, staged)
    assert not server.requests


@pytest.mark.parametrize("hangs_up", [True, False])
def test_broken_handshake_is_proven_unsent(make: Make, out: Outgoing, staged: Staged, *, hangs_up: bool) -> None:
    """The connection dies, or falls silent, in the middle of the TLS handshake: not sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept = []

        def accept() -> None:
            connection, _ = listener.accept()
            connection.recv(10)
            kept.append(connection)
            if hangs_up:
                connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        with pytest.raises(TryLater):
            make(0.3, url=f"https://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3).publish(out, staged)
        thread.join()
        kept[0].close()


def test_silent_host_is_proven_unsent(make: Make, out: Outgoing, staged: Staged) -> None:
    """A host that never takes the connection: not sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # fill the queue of connections nobody accepts
            one.setblocking(False)
            one.connect_ex(address)
        with pytest.raises(TryLater):
            make(url=f"http://127.0.0.1:{address[1]}", timeout=[0.3, 0.3]).publish(out, staged)
        for one in waiting:
            one.close()


@pytest.mark.parametrize("fault", ["timeout_after_commit", "reset_after_commit", "cut_reply", "closed_without_reply"])
def test_over_tls_a_late_failure_is_open(secure: tuple[Server, Path], make: Make, fault: str) -> None:
    """Once TLS stands, a failure is no proof any more, though the library calls some of them TLS errors."""
    server, trusted = secure
    publisher = make(0.5, url=server.url, timeout=[10, 0.5])
    publisher._wire()._session.verify = str(trusted)
    out = Harness(trusted.parent).out("Par TLS")
    staged = publisher.stage(out)
    server.fail(POST, fault)
    with pytest.raises(OutcomeUnknown):
        publisher.publish(out, staged)
    assert len(server.posts) == 1
    assert isinstance(publisher.find(out, staged, datetime.now(UTC)), Receipt)


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────


def test_revoked_keys_block_the_account(x: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """Keys that no longer work hold the account, at every step."""
    x.revoke(USERS[0])
    for step in (make().verify, lambda: make().stage(out), lambda: make().publish(out, staged)):
        with pytest.raises(AccountBlocked):
            step()


@pytest.mark.parametrize("name", USERS[0].secrets)
def test_one_wrong_key_is_refused(x: Server, make: Make, name: str) -> None:
    """The server verifies the signature: one wrong key of the four and it takes nothing."""
    publisher = make()
    publisher._secrets = {**USERS[0].secrets, name: "canary-wrong"}
    with pytest.raises(AccountBlocked) as raised:
        publisher.verify()
    check_clean(raised.value)
    assert len(x.requests) == 1


def test_a_missing_key_is_named(x: Server, make: Make) -> None:
    """A key that isn't there is named, and nothing is asked."""
    publisher = make()
    publisher._secrets = {**USERS[0].secrets, "ACCESS_TOKEN": ""}
    with pytest.raises(AccountBlocked, match="x-fr has no ACCESS_TOKEN"):
        publisher.verify()
    assert not x.requests
