"""Threads: how it counts, threads of several parts, links and spoilers, and its tokens."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import OutcomeUnknown, Rejected, TryLater
from scheduler.model import Account, Content, FileContent, Medium, Receipt
from scheduler.publishers.base import Absent, Deleted
from scheduler.publishers.threads import Publisher
from scheduler.standins.threads import length
from tests.media import films
from tests.publishers.instagram_threads import Scene, scene
from tests.publishers.test_instagram import Person


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Scene]:
    """Return Threads."""
    with scene("threads", tmp_path) as made:
        yield made


def bare() -> Publisher:
    """Return a publisher that only judges."""
    return Publisher(Account(name="th", platform="threads", language="fr"), secrets={}, folder=Path("var"))


# ── what it takes ───────────────────────────────────────────────────────────────────────────────────────


@given(st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("😷🇫🇷👍🏽❤️1️⃣\u200d👩👧🏴"))))
def test_never_counts_less_than_the_stand_in(text: str) -> None:
    """Two ways of counting emoji: ours is never the smaller."""
    assert bare().measure(text) >= length(text)


def test_joiners_of_scripts_are_no_emoji() -> None:
    """The joiner between letters is one character; between emoji it is three bytes of one."""
    assert bare().measure("می\u200cخواهم ක්\u200dර") == len("می\u200cخواهم ක්\u200dර")
    assert bare().measure("👩\u200d👧") == 11


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (Content(text=" ", language="fr"), ["text-empty"]),
        (Content(text="", language="fr", images=(FileContent(file="a.jpg", alt=""),)), []),
        (Content(text="x", language="fr", video=FileContent(file="a.mp4", alt="Un film")), []),
        (Content(text=" ".join(f"https://a.example/{n}" for n in range(5)), language="fr"), []),
        (Content(text=" ".join(["https://a.example/"] * 9), language="fr", link="https://a.example/"), []),
        (Content(text=" ".join(f"https://a.example/{n}" for n in range(6)), language="fr"), ["too-many-links"]),
        (
            Content(text=" ".join(f"www.a{n}.example." for n in range(5)), language="fr", link="https://a.example/"),
            ["too-many-links"],
        ),
        (Content(text="x", language="fr", images=(FileContent(file="a.jpg", alt=""),) * 21), ["too-many-images"]),
    ],
)
def test_says_what_threads_would_refuse(content: Content, rules: list[str]) -> None:
    """Five different links, twenty pictures, and words or a picture at least."""
    assert [one.rule for one in bare().problems(content)] == rules


def test_every_part_is_looked_at() -> None:
    """A part of a thread that is too long is named by its number."""
    (found,) = bare().findings(Content(text="a", language="fr", thread=("b", "c" * 501)))
    assert found.message.startswith("part 3: 1 character over")


# ── what it shows ───────────────────────────────────────────────────────────────────────────────────────


def test_a_link_becomes_a_card(on: Scene) -> None:
    """Without pictures the link is handed over as a card's."""
    out = on.out("Signez", link="https://example.org/a", title="Signez")
    on.make().publish(out, on.staged(out))
    assert on.server.state()["posts"][0]["link_attachment"] == "https://example.org/a"


@pytest.mark.parametrize("count", [1, 2])
def test_a_warning_covers_the_pictures(on: Scene, count: int) -> None:
    """Pictures of a post with a warning are shown as a spoiler; without one they aren't."""
    pictures = [on.picture(f"{n}.jpg") for n in range(count)]
    for warning in ("Violence", ""):
        out = on.out(f"x{warning}", *pictures, warning=warning)
        on.make().publish(out, on.staged(out))
    assert [post.more.get("is_spoiler_media") for post in on.server.posts] == ["true", None]


def test_publishes_a_film_with_its_alt_text(on: Scene, tmp_path: Path) -> None:
    """Threads takes alt texts for films too."""
    path, data = tmp_path / "a.mp4", films.film()
    path.write_bytes(data)
    digest = sha256(data).hexdigest()
    made = Medium(path=path, mime="video/mp4", width=160, height=120, size=len(data), sha256=digest, alt="Un film")
    out = on.out("Regardez", made)
    on.make().publish(out, on.staged(out))
    assert [one.plain() for one in on.server.posts[0].media] == [{"sha256": digest, "alt": "Un film"}]
    path.write_bytes(films.film(times=[Fraction(0), Fraction(400)]))
    with pytest.raises(Rejected, match="INVALID_DURATION"):
        on.staged(on.out("Trop long", made))


# ── threads ─────────────────────────────────────────────────────────────────────────────────────────────


def test_each_part_answers_the_one_before(on: Scene) -> None:
    """Three parts are three posts, each an answer to the last; what is found of a part is found among the answers."""
    out = on.out("un", rest=("deux", "deux"))
    receipts = []
    while True:
        staged, since = on.staged(out), on.clock.now()
        receipts.append(on.make().publish(out, staged))
        on.later(minutes=1)
        assert on.found(out, staged, since) == receipts[-1]
        if not out.rest:
            break
        out = out.following(receipts[-1])
    shown = on.server.state()["posts"]
    assert [(post["text"], post["reply_to"]) for post in shown] == [
        ("un", None),
        ("deux", receipts[0].remote_id),
        ("deux", receipts[1].remote_id),
    ]
    for receipt in reversed(receipts):
        assert isinstance(on.make().delete(receipt), Deleted)
    assert not on.server.posts


def test_a_part_waits_until_the_one_before_can_be_told(on: Scene) -> None:
    """The post before is out under an id that isn't known yet: its answer waits, and then goes to the right post."""
    out = on.out("un", rest=("deux",))
    staged, since = on.staged(out), on.clock.now()
    by_hand = on.server.add(on.users[0], "un")
    first = on.make().publish(out, staged)
    found = on.found(out, staged, since)
    assert isinstance(found, Receipt)
    assert found.remote_id != first.remote_id
    second = out.following(found)
    with pytest.raises(TryLater, match="which post"):
        on.make().stage(second)
    on.server.posts.remove(by_hand)
    on.make().publish(second, on.staged(second))
    assert on.server.posts[-1].reply_to == first.remote_id


def test_answers_have_a_quota_of_their_own(on: Scene) -> None:
    """A thread's first part counts as a post, the others as answers."""
    out = on.out("un", rest=("deux",))
    receipt = on.make().publish(out, on.staged(out))
    now = on.clock.now().timestamp()
    on.server.published_at = [(on.users[0].id, now, True)] * 1000
    assert on.make().stage(on.out("autre"))
    with pytest.raises(TryLater, match="1000 of 1000"):
        on.make().stage(out.following(receipt))


# ── what is Threads' own ────────────────────────────────────────────────────────────────────────────────


def test_a_container_that_is_gone_once_published(on: Scene) -> None:
    """The container can't be read any more: the profile's posts tell; where they don't, it is out without a name."""
    on.server.forgets = True
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    on.server.fail(on.endpoint("publish"), "reset_after_commit")
    with pytest.raises(OutcomeUnknown):
        on.make().publish(out, staged)
    assert isinstance(on.make().find(out, staged, since), Receipt)
    on.server.hidden_looks = 3
    publisher = on.make()
    on.later(minutes=5)
    with pytest.raises(TryLater, match="doesn't know the container any more"):
        publisher.find(out, staged, since)
    on.later(minutes=10)
    found = publisher.find(out, staged, since)
    assert isinstance(found, Receipt)
    assert (found.remote_id, found.url) == (staged.ids["container"], None)
    assert on.make().named(found) is None
    named = on.make().named(found)
    assert named is not None
    assert named.remote_id == on.server.posts[0].id


def test_a_container_that_is_missing_for_a_while(on: Scene) -> None:
    """Meta says that the container isn't there, and minutes later that it is ready: it wasn't published."""
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    on.server.fail(on.endpoint("publish"), "timeout_before_commit")
    with pytest.raises(OutcomeUnknown):
        on.make(0.15).publish(out, staged)
    publisher = on.make()
    on.later(minutes=3)
    on.server.fail("GET /:id", "meta_33")
    with pytest.raises(TryLater):
        publisher.find(out, staged, since)
    on.later(minutes=9)
    assert isinstance(publisher.find(out, staged, since), Absent)
    on.later(minutes=9)
    on.server.fail("GET /:id", "meta_33")
    with pytest.raises(TryLater):  # counted anew
        publisher.find(out, staged, since)


def test_an_old_container_that_is_missing_proves_nothing(on: Scene) -> None:
    """After 23 hours a container may be missing because its time is over: only the profile's posts tell."""
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    on.server.fail("GET /:id", "meta_33")
    on.later(hours=23)
    assert isinstance(on.make().find(out, staged, since), Absent)


def test_deletions_have_a_quota(on: Scene) -> None:
    """A hundred deletions in a day: the next one waits, and is not given up."""
    out = on.out()
    receipt = on.make().publish(out, on.staged(out))
    on.server.deleted_at = [(on.users[0].id, on.clock.now().timestamp())] * 100  # type: ignore[attr-defined]
    with pytest.raises(TryLater, match="100 of 100 deletions") as raised:
        on.make().delete(receipt)
    assert raised.value.at == on.clock.now() + timedelta(minutes=15)
    on.later(days=1)
    assert isinstance(on.make().delete(receipt), Deleted)


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_token_is_renewed_once_a_week(on: Scene) -> None:
    """The first time at once, then weekly; everybody uses the new one, and its days are told."""
    publisher = on.make()
    assert publisher.verify() == "@rights_fr"
    assert publisher.renew() == on.clock.now() + timedelta(days=7)
    renewed = next(token for token in on.server.users if token.startswith("canary-renewed"))
    on.server.revoke(on.users[0])
    assert publisher.verify() == on.make().verify() == "@rights_fr, token good for 60 more days"
    on.later(days=6)
    assert publisher.renew() == on.clock.now() + timedelta(days=1)
    on.later(days=1)
    assert on.make().renew() == on.clock.now() + timedelta(days=7)
    assert len(on.server.asked("GET /refresh_access_token")) == 2
    assert len([token for token in on.server.users if token.startswith("canary-renewed")]) == 2
    assert on.make()._keys.token() != renewed
    assert [file.stat().st_mode & 0o777 for file in (on.folder / "tokens").glob("*.json")] == [0o600]


def test_a_token_lives_for_years(on: Scene) -> None:
    """Renewed in time, the account never stops; without renewing it would after 60 days."""
    for _ in range(30):
        assert on.make().renew()
        on.later(days=7)
    assert on.make().verify()
    lazy = on.make(user=on.users[1])
    lazy._folder = on.folder / "lazy"
    with pytest.raises(Exception, match="Session has expired"):
        lazy.verify()


def test_a_token_of_today_is_renewed_tomorrow(on: Scene) -> None:
    """Meta renews no token younger than a day: it works, so it is kept, and asked again after 25 hours."""
    on.server.issued[on.users[0].token] = on.clock.now().timestamp()
    publisher = on.make()
    assert publisher.renew() == on.clock.now() + timedelta(hours=25)
    assert publisher.renew() == on.clock.now() + timedelta(hours=25)
    assert len(on.server.asked("GET /refresh_access_token")) == 1
    on.later(hours=25)
    assert publisher.renew() == on.clock.now() + timedelta(days=7)


def test_a_dead_token_says_how_to_get_another(on: Scene) -> None:
    """It can be neither renewed nor used: the account is held, with the command that helps; a new one starts afresh."""
    on.make().renew()
    on.later(days=61)
    with pytest.raises(Exception, match="solidarity accounts login --account threads-fr"):
        on.make().renew()
    another = replace(on.users[0], token="canary-another")
    on.server.let_in(another)
    assert on.make(user=another).verify() == "@rights_fr"
    assert on.make(user=another).renew() == on.clock.now() + timedelta(days=7)


@pytest.mark.parametrize("fault", ["500", "html", "bare_object", "timeout_after_commit", "cut_json", "meta_4"])
def test_a_renewal_that_fails_keeps_the_token(on: Scene, fault: str) -> None:
    """No answer that can be used: the old token stays, and renewing is tried again."""
    on.server.fail("GET /refresh_access_token", fault)
    with pytest.raises(TryLater):
        on.make(0.2 if fault.startswith("timeout") else 10).renew()
    assert on.make()._keys.token() == on.users[0].token
    assert on.make().renew() == on.clock.now() + timedelta(days=7)


def test_logs_in_by_a_code(on: Scene) -> None:
    """The code that Threads gives becomes a token of 60 days; the secret goes into no message."""
    on.server.codes["canary-code"] = on.users[1]
    ask = Person("5001", "canary-app-secret", "https://a.example/back", "canary-code")
    got = on.make().log_in(ask)
    assert list(got) == ["ACCESS_TOKEN"]
    assert on.make(user=replace(on.users[1], token=got["ACCESS_TOKEN"])).verify() == "@rights_en"
    with pytest.raises((Rejected, TryLater)) as raised:
        on.make().log_in(Person("5001", "canary-wrong", "https://a.example/back", "canary-code"))
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"media_type": "TEXT"},
        {"media_type": "GIF", "text": "x"},
        {"media_type": "TEXT", "text": "x", "auto_publish_text": "true"},
        {"media_type": "TEXT", "text": "x" * 501},
        {"media_type": "TEXT", "text": "x", "link_attachment": "example.org"},
        {"media_type": "TEXT", "text": "x", "is_spoiler_media": "true"},
        {"media_type": "TEXT", "text": " ".join(f"https://a.example/{n}" for n in range(6))},
        {"media_type": "TEXT", "text": "x", "reply_to_id": "7"},
        {"media_type": "IMAGE", "text": "x"},
        {"media_type": "IMAGE", "image_url": "{url}", "alt_text": "a" * 1001},
        {"media_type": "IMAGE", "image_url": "{url}", "text": "x", "is_carousel_item": "true"},
        {"media_type": "IMAGE", "image_url": "{url}", "link_attachment": "https://a.example/"},
        {"media_type": "VIDEO", "video_url": "{url}"},
        {"media_type": "CAROUSEL", "children": "1", "text": "x"},
    ],
)
def test_the_stand_in_takes_nothing_odd(on: Scene, fields: dict[str, str]) -> None:
    """Keys it doesn't know, kinds that don't go together, figures over its limits, a post that isn't there."""
    address = on.shelf.url(on.picture(), until=on.clock.now() + timedelta(hours=1))
    with pytest.raises((Rejected, TryLater)):
        on.make()._create({key: value.format(url=address) for key, value in fields.items()})
    assert not on.server.containers


def test_a_seat_is_all_it_takes(on: Scene, tmp_path: Path) -> None:
    """Whoever is given a seat can publish with what stands in it."""
    seat = on.server.seat("somebody")
    account = Account(name="s", platform="threads", language="fr", base_url=seat.base_url)
    publisher = Publisher(account, secrets=seat.secrets, folder=tmp_path, clock=on.clock, shelf=on.shelf)
    assert publisher.verify() == "@somebody"
    publisher.publish(on.out(), on.staged(on.out(), publisher))
    assert on.server.state()["posts"][0]["user"] == "somebody"


def test_the_quotas_of_the_stand_in_hold(on: Scene) -> None:
    """More posts than a day allows are refused when they are published, too: not now."""
    out = on.out()
    staged = on.staged(out)
    on.server.published_at = [(on.users[0].id, on.clock.now().timestamp(), False)] * 250
    with pytest.raises(TryLater):
        on.make().publish(out, staged)
    on.later(days=1)
    on.make().publish(out, on.staged(out))
    assert len(on.server.posts) == 1
