"""X's own ways: counting, looking for a post, what an account may be set to, and what goes over the wire."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests.exceptions
import tweepy.errors
from PIL import Image

from scheduler.clock import SimulatedClock
from scheduler.errors import OutcomeUnknown, PublishError, Rejected, TryLater, UserError
from scheduler.model import Account, CardContent, Content, FileContent, Level, Outgoing, Receipt, Staged
from scheduler.publishers import http_wire, x_wire
from scheduler.publishers.x import Publisher
from scheduler.standins.x import USERS, Server
from tests.publishers.conftest import Make
from tests.publishers.harness_x import Harness


def account(**more: object) -> Account:
    """Return an account on X."""
    return Account(**{"name": "x-fr", "platform": "x", "language": "fr", **more})


def bare(**options: object) -> Publisher:
    """Return a publisher for what needs no network."""
    return Publisher(account(options=options), secrets={}, folder=Path("var"))


def out(text: str) -> Outgoing:
    """Return a delivery without pictures."""
    return Harness(Path("var")).out(text)


# ── counting ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),  # composed first
        ("libérté\n", 8),
        ("a\r\nb", 3),
        ("日本", 4),
        ("حرية", 4),
        ("ผู้", 3),
        ("—“”", 3),
        ("…", 2),
        ("😷", 2),
        ("👨‍🎤", 2),
        ("🙋🏽", 2),
        ("🇮🇷", 2),
        ("❤️", 2),
        ("1️⃣", 2),
        ("https://example.com", 23),
        ("https://example.com/" + "a" * 200, 23),
        ("(https://example.com)", 25),
        ("https://example.com.", 24),
        ("voir amnesty.fr", 28),
        ("a@b.com", 7),
        ("#Liberté @rights", 16),
        ("\ud800", 2),  # half a surrogate pair: not text, but no crash
    ],
)
def test_weighs_as_x_does(text: str, length: int) -> None:
    """Each kind of character, emoji and link weighs what X's configuration says."""
    assert bare().measure(text) == length


def test_weighing_takes_bounded_time() -> None:
    """A text made to choke the pattern for domains is counted at once, and in full."""
    began = time.monotonic()
    assert bare().measure("a." * 12_500) == 25_000
    assert time.monotonic() - began < 2


def rules(content: Content, **options: object) -> list[str]:
    """Return the names of the rules that a content breaks."""
    return [finding.rule for finding in bare(**options).problems(content)]


def test_says_how_much_too_long() -> None:
    """The message counts, names the account, and tells the cure."""
    for over, words in ((1, "1 character over"), (12, "12 characters over")):
        (found,) = bare().problems(Content(text="x" * (280 + over), language="fr"))
        assert found.message.startswith(f"{words} X's 280 on x-fr: shorten")


def test_premium_takes_long_texts() -> None:
    """An account marked premium takes 25,000, no more."""
    assert rules(Content(text="x" * 25_000, language="fr"), premium=True) == []
    assert rules(Content(text="x" * 25_001, language="fr"), premium=True) == ["text-too-long"]


PICTURE = FileContent(file="a.png", alt="x" * 1000)
CARD = CardContent(message="x", language="fr", theme="candle")


@pytest.mark.parametrize(
    ("content", "broken"),
    [
        ({"text": " \n"}, ["text-empty"]),
        ({"text": "$AAPL and $GOOG"}, ["cashtags"]),
        ({"text": "$AAPL costs $100, US$5, $100k"}, []),
        ({"text": "write to amnesty.fr/now"}, ["bare-domain"]),
        ({"text": "HTTPS://amnesty.fr"}, []),
        ({"images": (PICTURE,) * 4}, []),
        ({"images": (PICTURE,) * 5}, ["too-many-images"]),
        ({"images": (PICTURE,) * 3, "card": CARD}, []),
        ({"images": (FileContent(file="a.png", alt="x" * 1001),)}, ["alt-too-long"]),
        ({"video": FileContent(file="a.mp4", alt="")}, []),
        ({"video": PICTURE}, ["video-alt"]),
        ({"video": PICTURE, "card": CARD}, ["mixed-media", "video-alt"]),
        ({"video": PICTURE, "images": (PICTURE,)}, ["mixed-media", "video-alt"]),
    ],
)
def test_finds_what_x_would_refuse(content: Mapping[str, object], broken: list[str]) -> None:
    """Each rule is found where it is broken and nowhere else."""
    assert rules(Content(**{"text": "Libérez-les", "language": "fr", **content})) == broken


@pytest.mark.parametrize(
    ("content", "dollars"),
    [
        ({}, "0.015"),
        ({"text": "Lisez https://example.com"}, "0.200"),
        ({"text": "Lisez example.com"}, "0.200"),
        ({"images": (PICTURE, FileContent(file="b.png", alt=""))}, "0.020"),
        ({"images": (PICTURE, FileContent(file="b.png", alt="")), "warning": "Violence"}, "0.025"),
        ({"card": CARD}, "0.020"),
        ({"video": PICTURE}, "0.015"),
        ({"video": PICTURE, "warning": "Violence"}, "0.020"),
        ({"thread": ("Deux", "https://example.com")}, "0.230"),
    ],
)
def test_says_what_a_post_costs(content: Mapping[str, object], dollars: str) -> None:
    """Each part, a link in it, and the words that go with a picture cost what X's price list says."""
    assert bare().price(Content(**{"text": "Libérez-les", "language": "fr", **content})) == Decimal(dollars)


def test_a_bare_domain_only_warns() -> None:
    """A domain without https:// can go out, but someone should look."""
    (found,) = bare().problems(Content(text="see amnesty.fr", language="fr"))
    assert found.level is Level.warning
    assert "https://amnesty.fr" in found.message


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "more",
    [
        {"base_url": "http://api.x.com"},
        {"base_url": "http://192.168.1.5:80"},
        {"base_url": "ftp://127.0.0.1"},
        {"base_url": "https://user:word@api.x.com"},
        {"base_url": "https://api.x.com?x=1"},
        {"base_url": "api.x.com"},
        {"options": {"timeout": 0}},
        {"options": {"timeout": "long"}},
        {"options": {"timeout": [1, 2, 3]}},
        {"options": {"premium": "yes"}},
    ],
)
def test_refuses_unsafe_settings(more: Mapping[str, object]) -> None:
    """Keys never travel in the clear past this machine, and a setting that makes no sense is named."""
    with pytest.raises(UserError, match="x-fr"):
        Publisher(account(**more), secrets={}, folder=Path("var"))


@pytest.mark.parametrize(
    "url", [None, "https://x.example/api/", "http://localhost:1", "http://[::1]:1", "http://127.9.9.9"]
)
def test_takes_safe_addresses(url: str | None) -> None:
    """Https anywhere, http on loopback."""
    assert Publisher(account(base_url=url), secrets={}, folder=Path("var")).account.base_url == url


def test_importing_is_light() -> None:
    """Neither importing nor constructing loads an SDK: that time is spent only when something is sent."""
    code = (
        "import sys; from pathlib import Path; from scheduler.model import Account;"
        "from scheduler.publishers.x import Publisher;"
        "Publisher(Account(name='x', platform='x', language='fr'), secrets={}, folder=Path('var'));"
        "print({'tweepy', 'requests', 'twitter_text'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# ── staging ─────────────────────────────────────────────────────────────────────────────────────────────


def test_stages_what_it_needs_later(x: Server, make: Make, tmp_path: Path) -> None:
    """Who we are, the newest post and the pictures' ids, as plain JSON values; our name is asked once."""
    newest = x.add(USERS[0], "before")
    harness = Harness(tmp_path)
    publisher = make()
    staged = publisher.stage(harness.out("x", harness.picture()))
    publisher.stage(harness.out("y"))
    assert json.loads(json.dumps(dict(staged.ids))) == {
        "user_id": "1001",
        "username": "rights_fr",
        "since_id": newest.id,
        "media_ids": list(x.pictures),
        "expires_at": pytest.approx(time.time() + 86_400, abs=60),
    }
    assert len(x.asked("GET /2/users/me")) == 1


def test_pictures_expire(make: Make) -> None:
    """Pictures are staged again ten minutes before X forgets them; without pictures nothing expires."""
    at = datetime(2026, 1, 2, tzinfo=UTC)
    staged = Staged({"expires_at": at.timestamp()})
    assert not make().stage_expired(staged, at - timedelta(minutes=11))
    assert make().stage_expired(staged, at - timedelta(minutes=10))
    assert not make().stage_expired(Staged({"expires_at": None}), at)


def test_an_expired_picture_is_proven_unsent(x: Server, make: Make, tmp_path: Path) -> None:
    """X refuses a picture it has forgotten: nothing is out, and staging again makes it good."""
    harness = Harness(tmp_path)
    going, publisher = harness.out("x", harness.picture()), make()
    staged = publisher.stage(going)
    x.pictures.clear()
    with pytest.raises(TryLater, match="media IDs are invalid"):
        publisher.publish(going, staged)
    publisher.publish(going, publisher.stage(going))
    assert len(x.posts) == 1


def test_never_goes_without_its_pictures(x: Server, make: Make, tmp_path: Path) -> None:
    """What was staged lacks a picture, or is nobody's: nothing is sent."""
    harness = Harness(tmp_path)
    going = harness.out("x", harness.picture())
    for staged in (Staged(), Staged({"username": "rights_fr", "media_ids": []})):
        with pytest.raises(TryLater, match="nothing was sent"):
            make().publish(going, staged)
    assert not x.requests


def test_a_lost_or_oversized_file_is_not_uploaded(x: Server, make: Make, tmp_path: Path) -> None:
    """A picture that is gone can be rendered again; one that is too large is refused here already."""
    harness = Harness(tmp_path)
    picture = harness.picture()
    with pytest.raises(Rejected, match=r"card\.png"):
        make().stage(harness.out("x", replace(picture, size=5_000_001)))
    picture.path.unlink()
    with pytest.raises(TryLater, match=r"card\.png"):
        make().stage(harness.out("x", picture))
    assert not x.asked("POST /2/media/upload")


# ── the wire ────────────────────────────────────────────────────────────────────────────────────────────


def test_asks_only_for_the_address_it_was_given(x: Server, make: Make) -> None:
    """Every request goes to base_url, never repeats a signature, and says nothing about proxies or cookies."""
    publisher = make()
    publisher.publish(out("x"), publisher.stage(out("x")))
    assert {urlsplit(request.url).netloc for request in x.requests} == {urlsplit(x.url).netloc}
    signatures = [request.headers["Authorization"] for request in x.requests]
    assert len(set(signatures)) == len(signatures) == 3
    *before, visible = x.requests  # a kept connection may have died unnoticed: the post has one of its own
    assert visible.port not in {request.port for request in before}
    assert set(json.loads(x.asked("POST /2/tweets")[0].body)) == {"text"}


def test_a_slow_line_still_carries_a_picture(x: Server, make: Make, tmp_path: Path) -> None:
    """Sending has a time-out of its own: the short one for connecting would cut a large picture off."""
    path = tmp_path / "noise.png"
    Image.frombytes("RGB", (1100, 1100), os.urandom(3 * 1100 * 1100)).save(path)
    picture = replace(Harness(tmp_path).picture(), path=path, size=path.stat().st_size)
    x.reads_after = 0.4
    staged = make(timeout=[0.2, 10]).stage(Harness(tmp_path).out("x", picture))
    assert staged.ids["media_ids"] == list(x.pictures)


def test_ignores_proxies_of_the_environment(x: Server, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment would see every key: it is not asked."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert make().verify() == "@rights_fr"
    assert len(x.requests) == 1


def test_a_replayed_request_is_refused(x: Server, make: Make) -> None:
    """The server remembers signatures: a request sent a second time, as a retry would, is refused."""
    make().verify()
    (first,) = x.requests
    again = urllib.request.Request(first.url, headers=dict(first.headers))
    with pytest.raises(urllib.error.HTTPError, match="401") as raised:
        urllib.request.urlopen(again)
    raised.value.close()


def classes(module: object) -> list[type[Exception]]:
    """Return the exceptions a module defines, warnings left out."""
    found = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Exception)]
    return [one for one in found if one.__module__ == module.__name__ and not issubclass(one, Warning)]


@pytest.mark.parametrize(
    "kind", [*classes(tweepy.errors), *classes(requests.exceptions)], ids=lambda kind: kind.__name__
)
def test_every_sdk_exception_is_turned(kind: type[Exception]) -> None:
    """No exception of tweepy or requests is without a row, and none alone proves that nothing was sent."""
    own = [row for row in x_wire.TURNED if row is not Exception and issubclass(kind, row)]
    assert own
    if not issubclass(kind, tweepy.HTTPException):
        turn = x_wire.TURNED[own[0]]
        journey = http_wire.Journey(http_wire.Waits())
        error = kind.__new__(kind)
        assert turn(error, journey).verdict is http_wire.Verdict.unclear
        journey.connecting = True
        assert turn(error, journey).verdict is http_wire.Verdict.unsent


def test_every_verdict_has_a_meaning() -> None:
    """Each verdict is raised as something; only the visible call can be of unknown outcome."""
    assert set(http_wire.VISIBLE) == set(http_wire.INVISIBLE) == set(http_wire.Verdict)
    assert OutcomeUnknown not in http_wire.INVISIBLE.values()
    assert all(issubclass(kind, PublishError) for kind in http_wire.VISIBLE.values())


def test_waits_for_the_limit_that_is_used_up() -> None:
    """Of several limits the one that is exhausted counts, the later one if both are."""
    headers = {"x-rate-limit-reset": "1000", "x-user-limit-24hour-reset": "5000"}
    assert x_wire._free_at({**headers, "x-user-limit-24hour-remaining": "3"}) == datetime.fromtimestamp(1000, UTC)
    assert x_wire._free_at({**headers, "x-user-limit-24hour-remaining": "0"}) == datetime.fromtimestamp(5000, UTC)
    assert x_wire._free_at({}) is None


def test_waits_once_the_last_post_is_used_up(x: Server, make: Make) -> None:
    """X says with a post that it was the last for now: the next one waits until then, before anything is sent."""
    clock = SimulatedClock(datetime(2027, 3, 1, 12, 7, tzinfo=UTC))
    x.now = lambda: clock.now().timestamp()
    publisher, reset = make(clock=clock), datetime(2027, 3, 1, 12, 15, tzinfo=UTC)
    staged = publisher.stage(out("x"))
    for number in range(100):
        publisher.publish(out(f"Post {number}"), staged)
    asked = len(x.requests)
    with pytest.raises(TryLater) as raised:
        publisher.stage(out("y"))
    assert (raised.value.at, len(x.requests)) == (reset, asked)
    clock.move_to(reset)
    publisher.publish(out("y"), publisher.stage(out("y")))


def test_a_look_must_show_that_a_post_is_gone(x: Server, make: Make) -> None:
    """X says that there is no such post, and shows it all the same: it isn't deleted, and asking again ends it."""
    going = out("À retirer")
    receipt = make().publish(going, make().stage(going))
    x.fail("DELETE /2/tweets/:id", "404")
    with pytest.raises(TryLater):
        make().delete(receipt)
    assert len(x.posts) == 1
    make().delete(receipt)
    make().delete(receipt)
    assert not x.posts


def test_gives_each_account_its_seat(x: Server) -> None:
    """The stand-in makes a user for an account, the same one each time, whose secrets let it in."""
    first, again, second = (x.seat(name) for name in ("x-fr", "x-fr", "x-en"))
    assert first == again
    for name, seat in (("x-fr", first), ("x-en", second)):
        one = Publisher(account(name=name, base_url=seat.base_url), secrets=seat.secrets, folder=Path("var"))
        assert one.verify() == f"@{name.replace('-', '_')}"


def test_deletes_nothing_but_posts(x: Server, make: Make) -> None:
    """A receipt of another network, or a tampered one, never becomes part of an address."""
    with pytest.raises(Rejected, match="is not the id of a post on X"):
        make().delete(Receipt(remote_id="1/../../users/me", url=None, published_at=datetime.now(UTC)))
    assert not x.requests
