"""Facebook fails in every way it can, at every request: what is raised must be safe to act on."""

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Account, Outgoing, Receipt, Staged
from scheduler.publishers.base import IN_FLIGHT, Absent, Deleted, NeedsHand
from scheduler.publishers.facebook import Publisher
from scheduler.standins.facebook import PAGES, Server
from scheduler.standins.faults import FAULTS
from tests.publishers.conftest import check_clean
from tests.publishers.harness_facebook import Harness, secrets_of
from tests.servers import tls

ALL = sorted({*FAULTS, *Server.refusals})
HANGS = {"timeout_before_commit", "timeout_after_commit", "drip"}
POST = "POST /:page/feed"
FLIP = "POST /:id"
LIST = "GET /:page/published_posts"
CLEAR: dict[str, type[PublishError]] = {
    **dict.fromkeys(("meta_4", "meta_17", "meta_32", "meta_613", "meta_80001"), TryLater),
    **dict.fromkeys(("meta_429", "meta_retry_after", "meta_regain", "429"), TryLater),
    **dict.fromkeys(("meta_10", "meta_102", "meta_190", "meta_190_460", "meta_190_463", "meta_200"), AccountBlocked),
    "meta_33": AccountBlocked,  # the Page isn't there for this token
    "fb_324": Rejected,
}
"""The answers that say for certain that nothing was posted. Every other fault leaves it open."""
FINAL = {
    *CLEAR,
    "meta_100",
    "meta_4_after_commit",
    "meta_368",
    "fb_368_after_commit",
    "fb_506",
    "fb_506_after_commit",
    "fb_1366051",
}
FINAL |= {"fb_1366051_after_commit", "fb_100_after_commit"}
"""What, said to an upload, need not be asked again."""
SEEN = {"fb_100_after_commit", "meta_4_after_commit"}
"""Refusals of what is out: the photos tell at once."""

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
def facebook() -> Iterator[Server]:
    """Return a server that plays Facebook."""
    with Server() as server:
        yield server
    assert not server.errors


@pytest.fixture
def make(facebook: Server, tmp_path: Path) -> Make:
    """Return what makes a publisher: `patience` in seconds, an address of its own, other options."""

    def publisher(patience: float = 10, *, url: str = "", **options: object) -> Publisher:
        options = {"timeout": [10 if patience >= 1 else 1, patience], **options}
        account = Account(
            name="facebook-fr", platform="facebook", language="fr", base_url=url or facebook.url, options=options
        )
        return Publisher(account, secrets=secrets_of(PAGES[0]), folder=tmp_path)

    return publisher


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Outgoing:
    """Return a delivery with one picture."""
    harness = Harness(tmp_path_factory.mktemp("facebook"))
    return harness.out("Libérez-les https://example.com/a", harness.picture())


@pytest.fixture
def words(tmp_path: Path) -> Outgoing:
    """Return a delivery of words alone."""
    return Harness(tmp_path).out("Libérez-les")


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


def seen(server: Server) -> list[str]:
    """Return the ids of the posts that are out."""
    return [post.id for post in server.posts if post.published]


@pytest.mark.parametrize("fault", [fault for fault in ALL if fault not in SEEN])
def test_publish_raises_what_is_safe(facebook: Server, make: Make, out: Outgoing, staged: Staged, fault: str) -> None:
    """After any fault: one request, never "not sent" while the post is out, and a look tells the truth."""
    since = datetime.now(UTC)
    facebook.fail(POST, fault)
    with pytest.raises(PublishError) as raised:
        make(patience(fault)).publish(out, staged)
    assert type(raised.value) is CLEAR.get(fault, OutcomeUnknown)
    assert not seen(facebook) or isinstance(raised.value, OutcomeUnknown)
    assert len(facebook.asked(POST)) == 1
    check_clean(raised.value)
    found = make().find(out, staged, since)
    assert (found.remote_id if isinstance(found, Receipt) else found) == next(iter(seen(facebook)), None)


@pytest.mark.parametrize("fault", ALL)
def test_two_phases_always_end_in_a_proof(facebook: Server, make: Make, out: Outgoing, fault: str) -> None:
    """Held back and then published: after any fault a look says out or not out, and trying again makes no second."""
    publisher = make(patience(fault), two_phase=True)
    staged, since = make(two_phase=True).stage(out), datetime.now(UTC) - IN_FLIGHT
    facebook.fail(FLIP, fault)
    after = outcome(lambda: publisher.publish(out, staged))
    assert isinstance(after, (Receipt, PublishError))
    assert not seen(facebook) or isinstance(after, (OutcomeUnknown, Receipt))
    assert len(facebook.asked(FLIP)) == 1
    found = make(two_phase=True).find(out, staged, since)
    assert isinstance(found, Receipt if seen(facebook) else Absent)
    if not seen(facebook):
        make(two_phase=True).publish(out, staged)
    assert seen(facebook) == [staged.ids["draft"]]
    make(two_phase=True).publish(out, staged)  # the very same call once more
    assert len(seen(facebook)) == 1


@pytest.mark.parametrize("endpoint", ["GET /me", "POST /:page/photos"])
@pytest.mark.parametrize("fault", ALL)
def test_stage_never_leaves_it_open(facebook: Server, make: Make, out: Outgoing, endpoint: str, fault: str) -> None:
    """A fault while staging is never "unknown", shows nobody anything, and staging again makes it good."""
    facebook.fail(endpoint, fault)
    after = outcome(lambda: make(patience(fault)).stage(out))
    final = (AccountBlocked, Rejected) if fault in FINAL else ()
    assert isinstance(after, (Staged, TryLater, *final))
    assert not seen(facebook)
    publisher = make()
    publisher.publish(out, publisher.stage(out))
    assert facebook.state()["posts"][0]["media"][0]["alt"] == out.media[0].alt


@pytest.mark.parametrize("fault", ALL)
def test_holding_back_never_shows_anything(facebook: Server, make: Make, out: Outgoing, fault: str) -> None:
    """A fault while a post is held back is never "unknown"; one that was made all the same stays unseen."""
    facebook.fail(POST, fault)
    after = outcome(lambda: make(patience(fault), two_phase=True).stage(out))
    final = (AccountBlocked, Rejected) if fault in FINAL else ()
    assert isinstance(after, (Staged, TryLater, *final))
    publisher = make(two_phase=True)
    publisher.publish(out, publisher.stage(out))
    assert len(facebook.state()["posts"]) == 1


@pytest.mark.parametrize("fault", ALL)
def test_find_tells_nothing_when_it_fails(facebook: Server, make: Make, words: Outgoing, fault: str) -> None:
    """A look that fails raises; it never invents a post."""
    out, since = words, datetime.now(UTC)
    staged = make().stage(out)
    receipt = make().publish(out, staged)
    facebook.fail(LIST, fault)
    with pytest.raises(PublishError) as raised:
        make(patience(fault)).find(out, staged, since)
    assert not isinstance(raised.value, OutcomeUnknown)
    check_clean(raised.value)
    found = make().find(out, staged, since)
    assert isinstance(found, Receipt)
    assert found.remote_id == receipt.remote_id


@pytest.mark.parametrize("fault", ALL)
def test_a_state_that_cannot_be_read_proves_nothing(facebook: Server, make: Make, out: Outgoing, fault: str) -> None:
    """While what was held back can't be read, nothing is called absent that is out."""
    publisher = make(two_phase=True)
    staged, since = publisher.stage(out), datetime.now(UTC)
    publisher.publish(out, staged)
    facebook.fail("GET /:id", fault)
    after = outcome(lambda: make(patience(fault), two_phase=True).find(out, staged, since))
    assert not isinstance(after, (Absent, OutcomeUnknown))


@pytest.mark.parametrize("endpoint", ["DELETE /:id", "GET /:id", LIST, "GET /me"])
@pytest.mark.parametrize("fault", ALL)
def test_deleted_means_gone(facebook: Server, make: Make, out: Outgoing, endpoint: str, fault: str) -> None:
    """A fault while deleting or reading back never passes for a deletion that didn't happen."""
    publisher = make()
    receipt = publisher.publish(out, publisher.stage(out))
    facebook.fail(endpoint, fault)
    after = outcome(lambda: make(patience(fault)).delete(receipt))
    if isinstance(after, Deleted):
        assert (seen(facebook), facebook.photos) == ([], {})
    if isinstance(after, NeedsHand):
        assert fault in FINAL
    facebook.clear()
    assert isinstance(make().delete(receipt), Deleted)
    assert (seen(facebook), facebook.photos) == ([], {})


@pytest.mark.parametrize("fault", ALL)
def test_renewing_says_what_to_do(facebook: Server, make: Make, fault: str) -> None:
    """A look at the token that fails is no dead token; a dead one says how to get another."""
    facebook.fail("GET /me", fault)
    after = outcome(lambda: make(patience(fault)).renew())
    assert not isinstance(after, OutcomeUnknown)
    if isinstance(after, AccountBlocked):
        assert fault in FINAL
        assert "solidarity accounts login --account facebook-fr" in str(after)


# ── a refusal of what is out all the same ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", sorted(SEEN))
def test_a_refusal_is_looked_into(facebook: Server, make: Make, out: Outgoing, staged: Staged, fault: str) -> None:
    """Facebook refuses a post that it has published: the look finds it, and its receipt is what counts."""
    facebook.fail(POST, fault)
    receipt = make().publish(out, staged)
    assert [receipt.remote_id] == seen(facebook)


@pytest.mark.parametrize("fault", ["meta_1", "meta_4", "html", "meta_190"])
def test_a_refusal_that_cannot_be_looked_into_is_open(
    facebook: Server, make: Make, out: Outgoing, staged: Staged, fault: str
) -> None:
    """When the look after a refusal fails, nobody knows."""
    facebook.fail(POST, "fb_100_after_commit")
    facebook.fail("GET /:id", fault)
    with pytest.raises(OutcomeUnknown) as raised:
        make().publish(out, staged)
    check_clean(raised.value)


@pytest.mark.parametrize("fault", ["meta_1", "html", "timeout_before_commit"])
def test_a_limit_that_cannot_be_looked_into_is_open(
    facebook: Server, make: Make, out: Outgoing, staged: Staged, fault: str
) -> None:
    """Too many calls, and then the look fails for another reason: nobody knows."""
    facebook.fail(POST, "meta_4_after_commit")
    facebook.fail("GET /:id", fault)
    with pytest.raises(OutcomeUnknown):
        make(patience(fault)).publish(out, staged)


@pytest.mark.parametrize("fault", ["meta_4", "meta_regain"])
def test_a_limit_for_looks_too_is_a_limit(
    facebook: Server, make: Make, out: Outgoing, staged: Staged, fault: str
) -> None:
    """Where the look is refused for too many calls as well, nobody was let in at all."""
    facebook.fail(POST, "meta_4")
    facebook.fail("GET /:id", fault)
    with pytest.raises(TryLater):
        make().publish(out, staged)


@pytest.mark.parametrize("fault", ["fb_100_after_commit", "meta_4_after_commit"])
@pytest.mark.parametrize("look", ["meta_33", "meta_4"])
def test_a_state_that_is_not_shown_is_open(
    facebook: Server, make: Make, words: Outgoing, fault: str, look: str
) -> None:
    """The change of state is refused, took effect, and can't be read: no second post is made for that."""
    publisher = make(two_phase=True)
    staged = publisher.stage(words)
    facebook.fail(FLIP, fault)
    facebook.fail("GET /:id", look)
    with pytest.raises(OutcomeUnknown):
        publisher.publish(words, staged)
    assert isinstance(publisher.find(words, staged, datetime.now(UTC)), Receipt)


def test_a_refusal_without_a_reason_is_open_while_the_list_lags(facebook: Server, make: Make, words: Outgoing) -> None:
    """Refused, out, and not in the list yet: that isn't failed."""
    staged, since = make().stage(words), datetime.now(UTC)
    facebook.fail(POST, "fb_100_after_commit")
    facebook.hidden_looks = 1
    with pytest.raises(OutcomeUnknown):
        make().publish(words, staged)
    assert isinstance(make().find(words, staged, since), Receipt)


# ── before anything leaves ──────────────────────────────────────────────────────────────────────────────


def test_refused_connection_is_proven_unsent(facebook: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """Nobody listens: not sent."""
    facebook.stop()
    with pytest.raises(TryLater) as raised:
        make().publish(out, staged)
    check_clean(raised.value)
    assert not seen(facebook)


@pytest.mark.parametrize("step", ["stage", "publish", "find", "delete", "verify", "renew"])
@pytest.mark.parametrize("where", ["https://facebook.invalid", "without TLS"])
def test_whoever_is_not_there_got_nothing(
    facebook: Server, make: Make, out: Outgoing, staged: Staged, *, where: str, step: str
) -> None:
    """A name that can't be resolved, or a server without TLS: not sent, whatever was to be done."""
    asked = len(facebook.requests)
    publisher = make(url=facebook.url.replace("http:", "https:") if where == "without TLS" else where)
    receipt = Receipt(remote_id="1001_1", url=None, published_at=datetime.now(UTC))
    steps: dict[str, Callable[[], object]] = {
        "stage": lambda: publisher.stage(out),
        "publish": lambda: publisher.publish(out, staged),
        "find": lambda: publisher.find(out, staged, datetime.now(UTC)),
        "delete": lambda: publisher.delete(receipt),
        "verify": publisher.verify,
        "renew": publisher.renew,
    }
    with pytest.raises(TryLater) as raised:
        steps[step]()
    check_clean(raised.value)
    assert len(facebook.requests) == asked


def test_foreign_certificate_is_proven_unsent(
    secure: tuple[Server, Path], make: Make, out: Outgoing, staged: Staged
) -> None:
    """A certificate nobody vouches for (an interceptor's) gets no request and no token."""
    server, _ = secure
    with pytest.raises(TryLater):
        make(url=server.url).publish(out, staged)
    assert not server.requests


def test_broken_handshake_is_proven_unsent(make: Make, out: Outgoing, staged: Staged) -> None:
    """The connection dies in the middle of the TLS handshake: not sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            connection.recv(10)
            connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        with pytest.raises(TryLater):
            make(url=f"https://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3).publish(out, staged)
        thread.join()


# ── keys ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dead_token_blocks_the_account(facebook: Server, make: Make, out: Outgoing, staged: Staged) -> None:
    """A token that no longer works holds the account, at every step."""
    facebook.revoke(PAGES[0])
    for step in (make().verify, make().renew, lambda: make().stage(out), lambda: make().publish(out, staged)):
        with pytest.raises(AccountBlocked):
            step()


@pytest.mark.parametrize("name", ["PAGE_ID", "PAGE_TOKEN", "APP_SECRET"])
@pytest.mark.parametrize("value", ["", "canary-wrong"])
def test_a_wrong_secret_is_refused(make: Make, out: Outgoing, staged: Staged, name: str, value: str) -> None:
    """A secret that is missing or wrong: nothing passes, and it isn't quoted."""
    publisher = make()
    publisher._secrets = {**secrets_of(PAGES[0]), name: value}
    for step in (publisher.verify, lambda: publisher.stage(out), lambda: publisher.publish(out, staged)):
        with pytest.raises(AccountBlocked) as raised:
            step()
        check_clean(raised.value)


def test_the_token_of_another_page_is_refused(make: Make, out: Outgoing) -> None:
    """The number and the token must be the same Page's."""
    publisher = make()
    publisher._secrets = {**secrets_of(PAGES[1]), "PAGE_ID": PAGES[0].id}
    with pytest.raises(AccountBlocked, match="not the token of the Page 1001"):
        publisher.stage(out)
