"""Instagram: its own limits, its two logins, carousels and reels, and how strict its stand-in is."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from scheduler.errors import AccountBlocked, OutcomeUnknown, Rejected, TryLater, UserError
from scheduler.model import Account, CardContent, Content, FileContent, Level, Medium, Staged
from scheduler.publishers.base import Deleted, NeedsHand
from scheduler.publishers.instagram import Publisher
from scheduler.standins.graph import User
from tests.media import films
from tests.publishers.instagram_threads import Scene, scene

JPEG = FileContent(file="a.jpg", alt="")


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Scene]:
    """Return Instagram."""
    with scene("instagram", tmp_path) as made:
        yield made


def film(folder: Path, seconds: int = 4, *, data: bytes | None = None) -> Medium:
    """Return a film of some seconds."""
    data = data or films.film(times=[Fraction(n) for n in range(seconds + 1)])
    path = folder / "film.mp4"
    path.write_bytes(data)
    digest = sha256(data).hexdigest()
    return Medium(path=path, mime="video/mp4", width=160, height=120, size=len(data), sha256=digest, alt="")


# ── what it takes ───────────────────────────────────────────────────────────────────────────────────────


def bare(**options: object) -> Publisher:
    """Return a publisher that only judges."""
    account = Account(name="ig", platform="instagram", language="fr", options=options)
    return Publisher(account, secrets={}, folder=Path("var"))


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (Content(text="x", language="fr"), ["needs-picture"]),
        (Content(text="x", language="fr", card=CardContent(message="x", language="fr", theme="candle")), []),
        (Content(text="x", language="fr", video=FileContent(file="a.mp4", alt="")), []),
        (Content(text="x", language="fr", video=FileContent(file="a.mp4", alt="Un film")), ["video-alt"]),
        (Content(text="x", language="fr", images=(JPEG,), video=FileContent(file="a.mp4", alt="")), ["mixed-media"]),
        (Content(text="x", language="fr", images=(JPEG,) * 11), ["too-many-images"]),
        (Content(text="x", language="fr", images=(replace(JPEG, alt="a" * 1001),)), ["alt-too-long"]),
        (Content(text="#a #b #c #d #é", language="fr", images=(JPEG,)), []),
        (Content(text="#a #b #c #d #é #f", language="fr", images=(JPEG,)), ["too-many-hashtags"]),
        (Content(text="n°1 #1 #2 a#b https://a.example/#c #d", language="fr", images=(JPEG,)), []),
        (Content(text="@a @b @c a@d.example", language="fr", images=(JPEG,)), []),
        (Content(text="@a @b @c @d", language="fr", images=(JPEG,)), ["many-mentions"]),
    ],
)
def test_says_what_instagram_would_refuse(content: Content, rules: list[str]) -> None:
    """A picture there has to be, five hashtags at most, and no word of a film's alt text is lost silently."""
    found = bare().problems(content)
    assert [one.rule for one in found] == rules
    assert {one.rule for one in found if one.level is Level.warning} <= {"video-alt", "many-mentions"}


@pytest.mark.parametrize("options", [{"login": "google"}, {"version": "26"}, {"version": "v1/../"}, {"timeout": "x"}])
def test_settings_are_checked(options: dict[str, object]) -> None:
    """An option that can't be is refused when the account is read."""
    with pytest.raises(UserError):
        bare(**options)


def test_asks_the_host_of_its_login() -> None:
    """The two logins have hosts of their own, and the version can be set."""
    assert bare()._base_url == "https://graph.facebook.com"
    assert bare(login="instagram")._base_url == "https://graph.instagram.com"
    assert bare(version="v27.0")._version == "v27.0"


# ── films ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_film_becomes_a_reel(on: Scene, tmp_path: Path) -> None:
    """A film is fetched, worked on for a while, and published."""
    out = on.out("Regardez", film(tmp_path))
    on.make().publish(out, on.staged(out))
    (post,) = on.server.posts
    assert [one.data for one in post.media] == [out.media[0].path.read_bytes()]


@pytest.mark.parametrize("seconds", [1, 0])
def test_a_film_that_instagram_cannot_use(on: Scene, tmp_path: Path, seconds: int) -> None:
    """Too short, or no film at all: that is said once it has been worked on, and is final."""
    bad = film(tmp_path, seconds, data=None if seconds else b"nothing")
    with pytest.raises(Rejected, match="2207026"):
        on.staged(on.out("Regardez", bad))
    assert not on.server.posts


# ── what the stand-in doesn't let pass ──────────────────────────────────────────────────────────────────


@contextmanager
def serving(data: bytes, *, kind: str = "image/jpeg", status: int = 200) -> Iterator[str]:
    """Have a file served somewhere, in the wrong way."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Location", "/there")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/a.jpg"
        server.shutdown()


class Fixed:
    """A shelf with one address."""

    def __init__(self, address: str) -> None:
        self.address = address

    def url(self, medium: Medium, *, until: datetime) -> str:
        """Return it."""
        del medium, until
        return self.address


def encoded(folder: Path, kind: str, size: tuple[int, int] = (400, 500), **more: object) -> bytes:
    """Return a picture in a format."""
    path = folder / "other"
    Image.new("RGB", size, "red").save(path, format=kind, **more)
    return path.read_bytes()


@pytest.mark.parametrize("wrong", ["redirect", "login", "type", "png", "mpo", "shape", "away", "nothing"])
def test_the_stand_in_fetches_as_meta_does(on: Scene, tmp_path: Path, wrong: str) -> None:
    """A redirect, a page, another type, a PNG or MPO by the name of JPEG, another shape: no container comes of it."""
    good = encoded(tmp_path, "JPEG")
    frames = {"save_all": True, "append_images": [Image.new("RGB", (400, 500), "blue")]}
    data = {
        "png": encoded(tmp_path, "PNG"),
        "mpo": encoded(tmp_path, "MPO", **frames),
        "shape": encoded(tmp_path, "JPEG", (900, 100)),
        "nothing": b"\xff\xd8nothing",
    }.get(wrong, good)
    status = {"redirect": 302, "login": 401}.get(wrong, 200)
    with serving(data, kind="text/html" if wrong == "type" else "image/jpeg", status=status) as address:
        publisher = on.make()
        publisher._shelf = Fixed("http://example.org/a.jpg" if wrong == "away" else address)
        with pytest.raises((Rejected, TryLater)) as raised:
            publisher.stage(on.out("x", on.picture()))
    assert isinstance(raised.value, Rejected) == (wrong in {"type", "png", "mpo", "shape", "nothing"})
    assert not on.server.containers


def test_a_lent_file_runs_out(on: Scene) -> None:
    """The address is good until two hours after the post's time, and not for ever."""
    publisher = on.make()
    publisher.stage(on.out("x", on.picture()))
    address = on.server.containers[next(iter(on.server.containers))].fields["image_url"]
    on.later(hours=2)
    publisher._shelf = Fixed(address)
    with pytest.raises(TryLater, match="404"):
        publisher.stage(on.out("x", on.picture()))


def test_a_shape_is_refused_before_any_call(on: Scene) -> None:
    """An upright photo of a phone is too narrow: that is said with what to do, and nothing is sent."""
    with pytest.raises(Rejected, match=r"300 by 400.*crop it"):
        on.make().stage(on.out("x", on.picture(size=(300, 400))))
    assert not on.server.requests


# ── taking down ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_instagram_login_cannot_delete(on: Scene) -> None:
    """Only a token of a Facebook login deletes: a person is asked, and once they have done it that is seen."""
    out, user = on.out(), on.users[2]
    publisher = on.make(user=user, login="instagram")
    receipt = publisher.publish(out, on.staged(out, publisher))
    answer = publisher.delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what
    on.server.posts.clear()
    assert isinstance(publisher.delete(receipt), Deleted)
    assert not on.server.asked(on.endpoint("delete"))


def test_a_refused_deletion_goes_to_a_person(on: Scene) -> None:
    """Instagram refuses to delete (2207085): a person is told which post, and why."""
    out = on.out()
    receipt = on.make().publish(out, on.staged(out))
    on.server.fail(on.endpoint("delete"), "2207085")
    answer = on.make().delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what
    assert "2207085" in answer.what


# ── the account ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_facebook_login_is_only_looked_at(on: Scene) -> None:
    """Its token has no date: it is tried once a day, and nothing is renewed."""
    assert on.make().renew() == on.clock.now() + timedelta(days=1)
    on.server.revoke(on.users[0])
    with pytest.raises(AccountBlocked):
        on.make().renew()


class Person:
    """Somebody at a terminal who gives these answers; `asked` are the questions, and whether they typed unseen."""

    def __init__(self, *answers: str) -> None:
        self.asked: list[tuple[str, bool]] = []
        self._answers = [*answers]

    def __call__(self, question: str, *, hidden: bool = False) -> str:
        self.asked.append((question, hidden))
        return self._answers.pop(0)


def test_logs_in_with_a_page_s_token(on: Scene) -> None:
    """For a Facebook login the token of the page is enough: the account behind it is found."""
    user = replace(on.users[1])
    ask = Person(user.token)
    got = on.make(user=user).log_in(ask)
    assert got == {"USER_ID": user.id, "ACCESS_TOKEN": user.token}
    assert ask.asked[0][1]


def test_logs_in_by_a_code(on: Scene) -> None:
    """For an Instagram login the pasted address gives a token of 60 days, and whose it is."""
    user = on.users[2]
    on.server.codes["canary-code"] = user
    ask = Person("5001", "canary-app-secret", "https://a.example/back", "https://a.example/back?code=canary-code#_")
    publisher = on.make(user=user, login="instagram")
    got = publisher.log_in(ask)
    assert got["USER_ID"] == user.id
    assert got["ACCESS_TOKEN"].startswith("canary-long-")
    asked = ask.asked
    assert [hidden for _, hidden in asked] == [False, True, False, True]
    assert (
        "https://www.instagram.com/oauth/authorize?client_id=5001&redirect_uri=https%3A%2F%2Fa.example" in asked[3][0]
    )
    publisher._secrets = got
    fresh = on.make(user=User(id=user.id, name="x", token=got["ACCESS_TOKEN"]), login="instagram")
    assert fresh.verify() == "@rights_es"


def test_the_account_is_the_token_s(on: Scene) -> None:
    """A number that isn't the token's account is refused, also when preparing a post."""
    publisher = on.make(user=replace(on.users[0], id="17841400000000002"))
    with pytest.raises((Rejected, TryLater)):
        publisher.verify()
    with pytest.raises(TryLater):
        publisher.stage(on.out())
    publisher._secrets = {**publisher._secrets, "USER_ID": "../me"}
    with pytest.raises(Rejected, match="META_FR_USER_ID"):
        publisher.stage(on.out())


def test_a_carousel_waits_for_its_pictures(on: Scene) -> None:
    """The pictures are asked one after the other, and only then held together."""
    on.server.working = 2
    out = on.out("deux", on.picture("1.jpg"), on.picture("2.jpg"))
    staged = on.staged(out)
    assert isinstance(staged, Staged)
    made = on.server.containers[str(staged.ids["container"])]
    assert made.fields["children"] == ",".join(staged.ids["children"])


@pytest.mark.parametrize(
    "fields",
    [
        {"image_url": "{url}", "title": "x"},
        {"image_url": "{url}", "video_url": "{url}"},
        {"video_url": "{url}", "media_type": "VIDEO"},
        {"caption": "x"},
        {"image_url": "{url}", "caption": "a" * 2201},
        {"image_url": "{url}", "caption": "#a #b #c #d #e #f"},
        {"image_url": "{url}", "alt_text": "a" * 1001},
        {"image_url": "{url}", "is_carousel_item": "yes"},
        {"image_url": "{url}", "is_carousel_item": "true", "caption": "x"},
        {"media_type": "CAROUSEL", "children": "{child}"},
        {"media_type": "CAROUSEL", "children": "{child},{child}"},
        {"media_type": "CAROUSEL", "children": "{child},7"},
        {"media_type": "CAROUSEL", "children": "{child},{child}", "alt_text": "x"},
    ],
)
def test_the_stand_in_takes_nothing_odd(on: Scene, fields: dict[str, str]) -> None:
    """Keys it doesn't know, kinds that don't go together, figures over its limits, children that can't be used."""
    publisher, picture = on.make(), on.picture()
    address = on.shelf.url(picture, until=on.clock.now() + timedelta(hours=1))
    child = publisher._create({"is_carousel_item": "true", "image_url": address})
    given = {key: value.format(url=address, child=child) for key, value in fields.items()}
    with pytest.raises((Rejected, TryLater)):
        publisher._create(given)
    assert list(on.server.containers) == [child]


def test_the_stand_in_keeps_accounts_apart(on: Scene) -> None:
    """Nobody publishes, reads or deletes what is another's, and nobody makes more than 400 containers a day."""
    out = on.out()
    staged = on.staged(out)
    other = on.make(user=on.users[1])
    with pytest.raises(OutcomeUnknown):
        other.publish(out, staged)
    receipt = on.make().publish(out, staged)
    assert isinstance(other.delete(receipt), NeedsHand)  # for them it isn't there
    assert on.server.posts
    kept = next(iter(on.server.containers.values()))
    on.server.containers.update({str(n): replace(kept, id=str(n)) for n in range(400)})
    with pytest.raises(TryLater, match="too many containers"):
        on.make().stage(out)


def test_a_seat_is_all_it_takes(on: Scene, tmp_path: Path) -> None:
    """Whoever is given a seat can publish with what stands in it."""
    seat = on.server.seat("somebody")
    account = Account(name="s", platform="instagram", language="fr", base_url=seat.base_url, options=dict(seat.options))
    publisher = Publisher(account, secrets=seat.secrets, folder=tmp_path, clock=on.clock, shelf=on.shelf)
    assert publisher.verify() == "@somebody"
    publisher.publish(on.out(), on.staged(on.out(), publisher))
    assert on.server.state()["posts"][0]["user"] == "somebody"


def test_logging_in_says_what_went_wrong(on: Scene) -> None:
    """No answer, a page without an account, a wrong secret, a code that was used: nothing is made of it."""
    with pytest.raises(UserError, match="nothing was entered"):
        on.make().log_in(Person(" "))
    with pytest.raises(AccountBlocked):
        on.make().log_in(Person("canary-wrong"))
    with pytest.raises(Rejected, match="nonexisting field"):
        on.make().log_in(Person(on.users[2].token))
    publisher = on.make(login="instagram")
    for secret in ("canary-wrong", "canary-app-secret"):
        with pytest.raises((Rejected, TryLater)) as raised:
            publisher.log_in(Person("5001", secret, "https://a.example/", "canary-used"))
        assert "canary" not in str(raised.value)
