"""Sessions that last over many runs, and what becomes of them."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, PublishError, TryLater, UserError
from scheduler.model import Account
from scheduler.publishers.bluesky import Publisher
from scheduler.publishers.bluesky_wire import claims
from scheduler.standins.bluesky import Server
from scheduler.standins.faults import Answer
from scheduler.standins.loopback import Request
from tests.publishers.bluesky.conftest import Ticking, going, made
from tests.publishers.harness_bluesky import XRPC, Harness

LOG_IN, REFRESH = f"POST {XRPC}.server.createSession", f"POST {XRPC}.server.refreshSession"
PUT, UPLOAD = f"POST {XRPC}.repo.putRecord", f"POST {XRPC}.repo.uploadBlob"


def test_runs_do_not_log_in_anew(network: Harness, server: Server, clock: Ticking) -> None:
    """Many runs over a month log in once; each two hours the session is renewed."""
    for _ in range(30):
        for _ in range(2):
            made(network, clock).verify()
        clock.pass_by(days=1)
    assert len(server.asked(LOG_IN)) == 1
    assert len(server.asked(REFRESH)) == 29
    assert not [request for request in server.requests if b"canary" in request.body and request.endpoint != LOG_IN]


def test_a_session_that_the_server_ends_is_renewed_once(network: Harness, server: Server, clock: Ticking) -> None:
    """Ended before its time: renewed, and the call made again; ended again at once: the account is held."""
    publisher = made(network, clock)
    publisher.verify()
    server.sessions.end(server.user("bluesky-fr"), "access")
    publisher.verify()
    assert (len(server.asked(LOG_IN)), len(server.asked(REFRESH))) == (1, 1)
    server.fail(f"GET {XRPC}.server.getSession", "400_expired", times=2)
    with pytest.raises(AccountBlocked):
        publisher.verify()
    assert (len(server.asked(LOG_IN)), len(server.asked(REFRESH))) == (1, 2)


def test_a_session_past_renewing_is_made_anew(network: Harness, server: Server, clock: Ticking) -> None:
    """After months without a run the app password makes a new session."""
    made(network, clock).verify()
    clock.pass_by(days=91)
    made(network, clock).verify()
    assert (len(server.asked(LOG_IN)), len(server.asked(REFRESH))) == (2, 1)


def test_only_one_renews(network: Harness, server: Server, clock: Ticking) -> None:
    """Of many that find the session ended at the same moment one renews it, and all go on with that one."""
    publishers = [made(network, clock) for _ in range(6)]
    for publisher in publishers:
        publisher.verify()
    clock.pass_by(hours=3)
    failed: list[PublishError] = []

    def verify(publisher: Publisher) -> None:
        try:
            publisher.verify()
        except PublishError as error:
            failed.append(error)

    threads = [threading.Thread(target=verify, args=[publisher]) for publisher in publishers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (len(server.asked(LOG_IN)), len(server.asked(REFRESH))) == (1, 1)


@pytest.mark.parametrize("ended", ["before", "by its answer"])
def test_the_call_leaves_soon_or_not_at_all(
    network: Harness, server: Server, clock: Ticking, monkeypatch: pytest.MonkeyPatch, ended: str
) -> None:
    """A renewal that takes over a minute puts the post off: by then others may have judged it gone."""
    publisher, refresh = made(network, clock), server.refresh

    def slow(request: Request) -> Answer:
        clock.pass_by(seconds=61)
        return refresh(request)

    monkeypatch.setattr(server, "refresh", slow)
    out = going(network, clock, "Lent")
    staged = publisher.stage(out)
    if ended == "before":
        clock.pass_by(hours=3)
    else:
        server.fail(PUT, "400_expired")
    with pytest.raises(TryLater, match="took too long"):
        publisher.publish(out, staged)
    assert not server.posts
    publisher.publish(out, staged)
    assert len(server.posts) == 1


@pytest.mark.parametrize("fault", ["401_takedown", "429_reset", "503", "timeout_before_commit"])
def test_a_renewal_that_fails_sends_nothing(network: Harness, server: Server, clock: Ticking, fault: str) -> None:
    """Where the session can't be renewed now, the post isn't sent, and that is certain; the kept session stays."""
    publisher = made(network, clock)
    publisher._waits = (10, 0.2)
    out = going(network, clock, "Attendre")
    staged = publisher.stage(out)
    kept = (network.folder / "tokens" / "bluesky-fr.json").read_bytes()
    clock.pass_by(hours=3)
    server.fail(REFRESH, fault)
    with pytest.raises(AccountBlocked if fault == "401_takedown" else TryLater):
        publisher.publish(out, staged)
    assert not server.asked(PUT)
    assert (network.folder / "tokens" / "bluesky-fr.json").read_bytes() == kept


def test_renew_says_when_to_ask_again(network: Harness, server: Server, clock: Ticking) -> None:
    """Half an hour before its end a session is renewed, not earlier."""
    publisher = made(network, clock)
    assert publisher.renew() == clock.at + timedelta(minutes=90)
    clock.pass_by(minutes=80)
    assert publisher.renew() == clock.at + timedelta(minutes=10)
    clock.pass_by(minutes=15)
    assert made(network, clock).renew() == clock.at + timedelta(minutes=90)
    assert (len(server.asked(LOG_IN)), len(server.asked(REFRESH))) == (1, 1)


def test_a_new_password_voids_the_old_session(network: Harness, server: Server, clock: Ticking) -> None:
    """Another password is tried by itself; a wrong one holds the account and says what to do, without a secret."""
    made(network, clock).verify()
    with pytest.raises(AccountBlocked, match="accounts login --account bluesky-fr") as raised:
        made(network, clock, APP_PASSWORD="canary-other").verify()
    assert "canary" not in str(raised.value)
    assert len(server.asked(LOG_IN)) == 2


def test_the_cap_on_logins_is_obeyed(network: Harness, clock: Ticking) -> None:
    """After 30 logins in five minutes Bluesky says when the next may be; that is passed on."""
    tokens = network.folder / "tokens" / "bluesky-fr.json"
    for _ in range(30):
        made(network, clock).verify()
        tokens.unlink()
    with pytest.raises(TryLater) as raised:
        made(network, clock).verify()
    assert raised.value.at == clock.at + timedelta(minutes=5)


def test_a_missing_secret_is_named(network: Harness, server: Server, clock: Ticking) -> None:
    """A secret that isn't there is named, and nothing is asked."""
    with pytest.raises(AccountBlocked, match="bluesky-fr has no APP_PASSWORD"):
        made(network, clock, APP_PASSWORD="").verify()
    assert not server.requests


def test_a_place_for_sessions_that_cannot_be_written(network: Harness, clock: Ticking) -> None:
    """Where the session can't be kept, nothing is sent, and that is certain."""
    (network.folder / "tokens").write_text("in the way")
    with pytest.raises(TryLater):
        made(network, clock).verify()


def test_the_account_s_own_server_is_followed(network: Harness, server: Server, clock: Ticking) -> None:
    """Where the settings name no server, it is the one that the account's DID document names, and only over TLS."""
    publisher = made(network, clock)
    bare = Account(name="bluesky-fr", platform="bluesky", language="fr")
    publisher.account, publisher._base_url = bare, server.url
    session = publisher._line().session()
    assert (session.pds, session.did) == (server.url, server.user("bluesky-fr").did)
    service = {"id": f"{session.did}#atproto_pds", "serviceEndpoint": "http://pds.example"}
    for document in ({"service": [service]}, {"service": [7]}, {"service": 7}, None):
        with pytest.raises(TryLater, match="which server keeps the account"):
            publisher._line()._pds({"didDoc": document})
    service["serviceEndpoint"] = "https://pds.example/"
    assert publisher._line()._pds({"didDoc": {"service": [service]}}) == "https://pds.example"


def test_an_account_that_is_not_active_is_held(publisher: Publisher) -> None:
    """A session of an account that is put out of use holds it."""
    body = {"accessJwt": "a", "refreshJwt": "b", "did": "did:plc:x", "handle": "a.b", "active": False}
    with pytest.raises(AccountBlocked, match="deactivated"):
        publisher._line()._taken({**body, "status": "deactivated"})
    with pytest.raises(TryLater):
        publisher._line()._taken({**body, "active": True, "did": 7})


def test_an_answer_without_a_name_is_no_answer(network: Harness, server: Server, clock: Ticking) -> None:
    """Where the server doesn't say whose password it is, the credentials aren't called good."""
    server.fail(f"GET {XRPC}.server.getSession", "bare_object")
    with pytest.raises(TryLater, match="whose password"):
        made(network, clock).verify()


def test_claims_of_what_is_no_token() -> None:
    """A token that doesn't say anything of itself is no failure."""
    assert [claims(token) for token in ("", "a", "a.b.c", "a.MQ.c", "a.e30.c")] == [{}] * 5


def test_logging_in_by_hand(network: Harness, server: Server, clock: Ticking) -> None:
    """A person gives a handle and an app password, which are tried; their own password is not taken."""
    user = server.user("bluesky-fr")
    answers = iter([f" @{user.handle} ", f"{user.app_password}\n", user.handle, user.own_password, user.handle, "x"])
    asked: list[tuple[str, bool]] = []

    def ask(question: str, *, hidden: bool = False) -> str:
        asked.append((question, hidden))
        return next(answers)

    publisher = made(network, clock, IDENTIFIER="", APP_PASSWORD="")
    assert publisher.log_in(ask) == user.secrets
    assert [hidden for _, hidden in asked] == [False, True]
    made(network, clock).verify()
    assert len(server.asked(LOG_IN)) == 1
    with pytest.raises(UserError, match="make an app password"):
        publisher.log_in(ask)
    with pytest.raises(AccountBlocked):
        publisher.log_in(ask)


@pytest.mark.parametrize("given", [7, "ftp://video.example", "http://video.example"])
def test_a_video_service_that_cannot_be(given: object) -> None:
    """The video service is an address over TLS."""
    account = Account(name="b", platform="bluesky", language="fr", options={"video_url": given})
    with pytest.raises(UserError):
        Publisher(account, secrets={}, folder=Path("var"))
