"""Getting in at X: an OAuth 2 login is renewed by one process at a time, and a person can let the program in."""

import os
import re
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler import app as parts
from scheduler.clock import SimulatedClock, SystemClock
from scheduler.errors import AccountBlocked, PublishError, TryLater, UserError
from scheduler.model import Account, Receipt
from scheduler.publishers import base
from scheduler.publishers.x import Publisher
from scheduler.standins.faults import FAULTS
from scheduler.standins.x import USERS, Server
from scheduler.tokens import Tokens
from tests.publishers.conftest import Make, check_clean
from tests.publishers.harness_x import Harness
from tests.publishers.test_x_faults import outcome, patience

TOKEN = "POST /2/oauth2/token"
CURE = "solidarity accounts login --account x-fr"
ME = USERS[0]


@pytest.fixture
def clock(x: Server) -> SimulatedClock:
    """Return a clock that stands still, X's too."""
    clock = SimulatedClock(datetime(2027, 3, 1, 12, tzinfo=UTC))
    x.now = lambda: clock.now().timestamp()
    return clock


@pytest.fixture
def login(x: Server, make: Make, clock: SimulatedClock, tmp_path: Path) -> Callable[..., Publisher]:
    """Return what makes publishers that share an OAuth 2 login, each as another process would."""
    secrets = x.oauth2(ME)
    return lambda *args, **more: make(*args, **{"secrets": secrets, "folder": tmp_path, "clock": clock, **more})


def kept(folder: Path) -> Path:
    """Return the file in which the login is kept."""
    return folder / "tokens" / "x-fr.json"


def test_publishes_without_keys(x: Server, login: Callable[..., Publisher], tmp_path: Path) -> None:
    """An OAuth 2 login does all that the four keys do; one renewal serves all, on the disk for one user alone."""
    out = Harness(tmp_path).out("Par OAuth 2", Harness(tmp_path).picture())
    since = datetime(2027, 3, 1, 12, tzinfo=UTC)
    staged = login().stage(out)
    receipt = login().publish(out, staged)
    assert login().find(out, staged, since) == receipt
    assert login().verify() == "@rights_fr"
    login().delete(receipt)
    assert len(x.asked(TOKEN)) == 1
    assert {request.headers["Authorization"].split()[0] for request in x.asked("POST /2/tweets")} == {"Bearer"}
    assert stat.S_IMODE(kept(tmp_path).stat().st_mode) == 0o600


def test_is_renewed_in_time(x: Server, login: Callable[..., Publisher], clock: SimulatedClock) -> None:
    """`renew` says when to come back: half an hour before the access ends; each renewal uses the last one's token."""
    publisher = login()
    for round_ in range(3):
        again = publisher.renew()
        assert again == clock.now() + timedelta(minutes=90)
        assert publisher.renew() == again
        assert len(x.asked(TOKEN)) == round_ + 1
        clock.move_to(again)
    clock.move_to(clock.now() + timedelta(minutes=26))  # nobody called `renew`: who speaks renews
    assert login().verify() == "@rights_fr"
    assert len(x.asked(TOKEN)) == 4


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=10)])
def test_a_post_waits_for_no_renewal(
    x: Server,
    login: Callable[..., Publisher],
    clock: SimulatedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    ahead: timedelta,
) -> None:
    """What it was prepared with is still good at its time and somewhat later: nobody's turn is waited for."""
    login().verify()
    clock.move_to(clock.now() + timedelta(minutes=114))
    out = replace(Harness(tmp_path).out("À l'heure"), due_at=clock.now() + ahead)
    staged = login().stage(out)
    clock.move_to(out.due_at + timedelta(minutes=3))
    monkeypatch.setattr(Tokens, "turn", lambda _: pytest.fail("it waits for its turn"))
    login().publish(out, staged)
    assert len(x.posts) == 1


def test_a_post_that_waited_too_long_to_get_in_does_not_leave(
    x: Server, login: Callable[..., Publisher], clock: SimulatedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who had to wait for the login at the due second makes no visible call: what was judged may no longer hold."""
    out = Harness(tmp_path).out("Trop tard")
    staged, turn = login().stage(out), Tokens.turn
    clock.move_to(clock.now() + timedelta(hours=3))

    @contextmanager
    def slow(tokens: Tokens) -> Iterator[None]:
        with turn(tokens):
            clock.move_to(clock.now() + base.PROMPT + timedelta(seconds=1))
            yield

    monkeypatch.setattr(Tokens, "turn", slow)
    publisher = login()
    with pytest.raises(TryLater, match="too long"):
        publisher.publish(out, staged)
    assert x.posts == []
    publisher.publish(out, staged)
    assert len(x.posts) == 1


def test_keys_need_no_renewal(make: Make) -> None:
    """The four keys don't run out."""
    assert make().renew() is None


def test_many_at_once_renew_once(x: Server, login: Callable[..., Publisher]) -> None:
    """A refresh token works once: of eight who need it one uses it, and all go on with what it gave."""
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.append(login().verify())) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert names == ["@rights_fr"] * 8
    assert len(x.asked(TOKEN)) == 1


def test_a_login_whose_file_is_lost_is_lost(login: Callable[..., Publisher], tmp_path: Path) -> None:
    """Without its file the login can't be renewed any more; who still has access goes on until it ends."""
    mine, other = login(), login()
    mine.verify()
    Tokens(tmp_path, "x-fr").forget()
    with pytest.raises(AccountBlocked):
        other.verify()  # its refresh token is used up, and what it gave is lost
    assert mine.verify() == "@rights_fr"


def test_a_refusal_after_another_s_renewal_is_put_off(
    x: Server, login: Callable[..., Publisher], clock: SimulatedClock
) -> None:
    """Our access ended early because somebody else renewed: the call was refused, so it is proven not done."""
    mine = login()
    mine.verify()
    clock.move_to(clock.now() + timedelta(minutes=95))
    login().renew()
    with pytest.raises(TryLater, match="renewed meanwhile"):
        mine.verify()
    assert mine.verify() == "@rights_fr"
    assert len(x.asked(TOKEN)) == 2


@pytest.mark.parametrize("fault", sorted({*FAULTS, *Server.refusals}))
def test_whatever_happens_to_a_renewal(x: Server, login: Callable[..., Publisher], tmp_path: Path, fault: str) -> None:
    """A renewal that fails is never "unknown"; only one that X carried out, and we never heard of, loses the login."""
    x.fail(TOKEN, fault)
    out = Harness(tmp_path).out("Après")
    after = outcome(lambda: login(patience(fault)).stage(out))
    assert isinstance(after, (TryLater, AccountBlocked))
    assert not x.posts
    x.clear()
    commits = {**FAULTS, **Server.refusals}[fault].commits
    again = outcome(lambda: login().verify())
    if commits:
        assert isinstance(again, AccountBlocked)
        assert "the answer to an earlier renewal was lost" in str(again)
        assert CURE in str(again)
    else:
        assert again == "@rights_fr"


def test_a_dead_login_says_how_to_get_another(x: Server, login: Callable[..., Publisher]) -> None:
    """A login that was revoked holds the account; a person's new one is used at once, the old one's file is void."""
    login().verify()
    x.revoke(ME)
    with pytest.raises(AccountBlocked) as raised:
        login().verify()
    check_clean(raised.value)
    x.users[ME.access_token] = ME
    assert login(secrets=x.oauth2(ME)).verify() == "@rights_fr"


def test_a_login_that_can_t_be_kept_is_not_used_up(x: Server, login: Callable[..., Publisher], tmp_path: Path) -> None:
    """Where the disk can't be written to, X isn't even asked."""
    (tmp_path / "tokens").write_text("in the way")
    with pytest.raises(TryLater):
        login().verify()
    assert not x.requests


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ((), "no API_KEY, API_SECRET, ACCESS_TOKEN, ACCESS_SECRET; X wants API_KEY.* or CLIENT_ID, CLIENT_SECRET"),
        (("API_KEY", "API_SECRET"), "no ACCESS_TOKEN, ACCESS_SECRET;"),
        (("CLIENT_ID", "REFRESH_TOKEN"), "no CLIENT_SECRET;"),
    ],
)
def test_names_what_is_missing(x: Server, make: Make, there: tuple[str, ...], words: str) -> None:
    """Neither set of secrets is whole: the nearest one's gaps are named, and both sets."""
    with pytest.raises(AccountBlocked, match=words):
        make(secrets=dict.fromkeys(there, "canary")).verify()
    assert not x.requests


def test_a_workspace_needs_one_of_two_sets(x: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a workspace either set of secrets will do; where neither is whole the keys are asked for by name."""
    for name in [name for name in os.environ if name.startswith("X_FR_")]:
        monkeypatch.delenv(name)
    account = Account(name="x-fr", platform="x", language="fr", keys="X_FR", base_url=x.url)
    workspace = replace(parts.bare_workspace(tmp_path), accounts={"x-fr": account})
    for given in (ME.secrets, x.oauth2(ME)):
        (tmp_path / ".env").write_text("".join(f"X_FR_{name}='{secret}'\n" for name, secret in given.items()))
        assert parts.live_publisher(account, workspace, SystemClock()).verify() == "@rights_fr"
    (tmp_path / ".env").write_text("X_FR_CLIENT_ID=a\n")
    with pytest.raises(UserError, match="X_FR_API_KEY, X_FR_API_SECRET, X_FR_ACCESS_TOKEN, X_FR_ACCESS_SECRET"):
        parts.live_publisher(account, workspace, SystemClock())


# ── letting the program in ──────────────────────────────────────────────────────────────────────────────


class Person:
    """Somebody at a terminal with a browser beside it."""

    def __init__(self, x: Server, *answers: str) -> None:
        self.x, self.answers, self.asked = x, list(answers), []

    def __call__(self, question: str, *, hidden: bool = False) -> str:
        """Open an address where there is one to open, else answer what was prepared."""
        self.asked.append((question, hidden))
        found = re.search(r"http://\S+/authorize\S+", question)
        if self.answers:
            return self.answers.pop(0)
        assert found
        return f" {self.x.allow(found[0], ME)}\n"


@pytest.mark.parametrize("there", [("API_KEY", "API_SECRET"), ()])
def test_a_pin_gives_the_keys(x: Server, make: Make, there: tuple[str, ...]) -> None:
    """A person opens the address, says yes and types the PIN; the keys that gives work."""
    given = {name: ME.secrets[name] for name in there}
    person = Person(x, *(() if there else (ME.api_key, ME.api_secret)))
    secrets = make(secrets=given).log_in(person)
    assert secrets == ME.secrets
    assert make(secrets=secrets).verify() == "@rights_fr"
    assert [hidden for _, hidden in person.asked] == [True] * (2 - len(there)) + [False]


def test_an_address_gives_a_login(x: Server, make: Make, tmp_path: Path) -> None:
    """Where the app's OAuth 2 client is set, the address that the browser ends up at gives the refresh token."""
    secrets = make(secrets=x.client(ME)).log_in(Person(x))
    assert set(secrets) == {"CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"}
    assert make(secrets=secrets, folder=tmp_path).verify() == "@rights_fr"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("", UserError), ("12 34", UserError), ("7654321", AccountBlocked)],
)
def test_a_wrong_pin_gives_nothing(x: Server, make: Make, answer: str, kind: type[Exception]) -> None:
    """What is no PIN, or not the one, is said so."""
    with pytest.raises(kind):
        make(secrets=ME.secrets).log_in(Person(x, answer))


@pytest.mark.parametrize("answer", ["", "http://127.0.0.1/?code=a", "http://127.0.0.1/?state=b&code=a", "nonsense"])
def test_another_address_gives_nothing(x: Server, make: Make, answer: str) -> None:
    """An address that isn't the answer to this very question (another state) is refused."""
    with pytest.raises(UserError, match="not the address"):
        make(secrets=x.client(ME)).log_in(Person(x, answer))
    assert not x.asked(TOKEN)


@pytest.mark.parametrize("endpoint", ["POST /oauth/request_token", "POST /oauth/access_token", TOKEN])
@pytest.mark.parametrize("fault", ["401", "html", "500", "timeout_before_commit", "reset_mid_reply", "not_http"])
def test_a_login_that_fails_gives_nothing_away(x: Server, make: Make, endpoint: str, fault: str) -> None:
    """Whatever fails while somebody logs in is told without a secret in it."""
    x.fail(endpoint, fault)
    secrets = x.client(ME) if endpoint == TOKEN else ME.secrets
    with pytest.raises(PublishError) as raised:
        make(patience(fault), secrets=secrets).log_in(Person(x))
    check_clean(raised.value)
    assert isinstance(raised.value, (TryLater, AccountBlocked))


def test_a_deletion_is_put_off_too(x: Server, login: Callable[..., Publisher], clock: SimulatedClock) -> None:
    """A renewal by another process is no reason to ask a person to delete by hand."""
    mine, going = login(), Harness(Path()).out("Retiré")
    receipt: Receipt = mine.publish(going, mine.stage(going))
    clock.move_to(clock.now() + timedelta(minutes=95))
    login().renew()
    with pytest.raises(TryLater):
        mine.delete(receipt)
    mine.delete(receipt)
    assert not x.posts
