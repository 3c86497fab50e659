"""Mastodon's own ways: counting, a server's figures, films, settings, what goes over the wire, getting a token."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scheduler.clock import SimulatedClock
from scheduler.errors import AccountBlocked, Rejected, TryLater, UserError
from scheduler.model import Account, CardContent, Content, FileContent, Level, Medium, Staged
from scheduler.publishers import mastodon_wire
from scheduler.publishers.http_wire import Answer
from scheduler.publishers.mastodon import Publisher
from scheduler.standins.mastodon import USERS
from tests.docs import pages
from tests.media.films import film
from tests.publishers.harness_mastodon import POST, UPLOAD, Harness

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def account(**more: object) -> Account:
    """Return an account on Mastodon."""
    given = {"name": "mastodon-fr", "platform": "mastodon", "language": "fr", "base_url": "https://mastodon.example"}
    return Account(**{**given, **more})


def bare(**options: object) -> Publisher:
    """Return a publisher for what needs no network."""
    return Publisher(account(options=options), secrets={}, folder=Path("var"))


@pytest.fixture
def mastodon(tmp_path: Path) -> Iterator[Harness]:
    """Return a server, and what makes publishers for it."""
    with Harness(tmp_path).running() as running:
        yield running


# ── counting ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("é", 1),
        ("e\u0301", 1),
        ("日本", 2),
        ("👨\u200d👩\u200d👧\u200d👦🇮🇷❤\ufe0f", 3),
        ("a\r\nb", 3),
        ("https://example.com", 23),
        ("http://example.com/" + "a" * 200, 23),
        ("(https://example.com).", 26),
        ("example.com", 11),  # no link without http
        ("@ami@mastodon.example", 4),
        ("@ami @ami@b.example x@b.example", 21),
        ("https://mastodon.social/@ami@b.example", 23),
        ("@ami@b.example@", 15),  # three of them are no mention
        ("\ud800", 1),  # half a surrogate pair: not text, but no crash
    ],
)
def test_counts_as_mastodon_does(text: str, length: int) -> None:
    """Graphemes, links, mentions."""
    assert bare().measure(text) == length


def test_counting_takes_bounded_time() -> None:
    """A text made to choke the pattern for domains is counted at once, and in full."""
    began = time.monotonic()
    assert bare().measure("https://" + "a." * 12_500 + " " + "a." * 12_500) == 50_009
    assert time.monotonic() - began < 2


PICTURE = FileContent(file="a.png", alt="x" * 1500)
CARD = CardContent(message="x", language="fr", theme="candle")


@pytest.mark.parametrize(
    ("content", "broken"),
    [
        ({"text": " \n"}, ["text-empty"]),
        ({"text": "x" * 490, "warning": "x" * 10}, []),
        ({"text": "x" * 490, "warning": "x" * 11}, ["text-too-long"]),
        ({"text": "x", "thread": ("y" * 490, "y" * 491), "warning": "x" * 10}, ["text-too-long"]),
        ({"text": "merci @ami"}, ["local-mention"]),
        ({"text": "merci @ami@mastodon.example, a@b.com"}, []),
        ({"images": (PICTURE,) * 4}, []),
        ({"images": (PICTURE,) * 4, "card": CARD}, ["too-many-images"]),
        ({"images": (FileContent(file="a.png", alt="x" * 1501),)}, ["alt-too-long"]),
        ({"video": PICTURE}, []),
        ({"video": FileContent(file="a.mp4", alt="x" * 1501)}, ["alt-too-long"]),
        ({"video": PICTURE, "card": CARD}, ["mixed-media"]),
    ],
)
def test_finds_what_mastodon_would_refuse(content: Mapping[str, object], broken: list[str]) -> None:
    """Each rule is found where it is broken and nowhere else."""
    given = Content(**{"text": "Libérez-les", "language": "fr", **content})
    assert [finding.rule for finding in bare().findings(given)] == broken


def test_a_local_mention_only_warns() -> None:
    """A mention without a server can go out, but someone should look; each is named once."""
    (found,) = bare().problems(Content(text="@ami et @ami", language="fr"))
    assert (found.level, found.message.partition(" ")[0]) == (Level.warning, "@ami")


def test_says_how_much_too_long_and_in_which_part() -> None:
    """The message counts, names the account and the part, says that the warning counts, and tells the cure."""
    content = Content(text="x", language="fr", thread=("y" * 500,), warning="ab")
    (found,) = bare().findings(content)
    assert found.message.startswith("part 2: 2 characters over the 500 of mastodon-fr (the warning counts): shorten")


def test_an_account_may_have_its_server_s_figures() -> None:
    """`check` counts by what config.yaml says of the server."""
    figures = {
        "max_characters": 5000,
        "max_media_attachments": 6,
        "description_limit": 9,
        "characters_reserved_per_url": 30,
    }
    publisher = bare(**figures)
    images = (FileContent(file="a.png", alt="x" * 9),) * 6
    assert publisher.findings(Content(text="x" * 4999 + " ", language="fr", images=images)) == []
    assert publisher.text_limit() == 5000
    assert publisher.measure("https://example.com") == 30


# ── settings ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "more",
    [
        {"base_url": "http://mastodon.example"},
        {"base_url": "https://user:word@mastodon.example"},
        {"base_url": "mastodon.example"},
        {"options": {"timeout": 0}},
        {"options": {"visibility": "direct"}},
        {"options": {"visibility": 1}},
        {"options": {"max_characters": "500"}},
        {"options": {"max_characters": True}},
        {"options": {"description_limit": 0}},
    ],
)
def test_refuses_unsafe_settings(more: Mapping[str, object]) -> None:
    """The token never travels in the clear past this machine, and a setting that makes no sense is named."""
    with pytest.raises(UserError, match="mastodon-fr"):
        Publisher(account(**more), secrets={}, folder=Path("var"))


def test_a_server_must_be_named(tmp_path: Path) -> None:
    """Without base_url `check` says so at each post, once a post, and nothing can be sent or asked."""
    publisher = Publisher(account(base_url=None), secrets={"ACCESS_TOKEN": "canary"}, folder=tmp_path)
    found = publisher.findings(Content(text="Un", language="fr", thread=("Deux",)))
    assert [(one.rule, one.level) for one in found] == [("no-server", Level.error)]
    with pytest.raises(AccountBlocked, match="mastodon-fr has no base_url"):
        publisher.verify()
    with pytest.raises(UserError, match="mastodon-fr has no base_url"):
        publisher.log_in(lambda _question, **_: "")


def test_importing_is_light() -> None:
    """Neither importing nor constructing loads an HTTP library: that time is spent only when something is sent."""
    code = (
        "import sys; from pathlib import Path; from scheduler.model import Account;"
        "from scheduler.publishers.mastodon import Publisher;"
        "Publisher(Account(name='m', platform='mastodon', language='fr'), secrets={}, folder=Path('var'));"
        "print({'requests', 'urllib3', 'twitter_text', 'regex'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://m.example/@ami/114512345678901234", "114512345678901234"),
        ("https://m.example/@ami/114512345678901234?x=1#y", "114512345678901234"),
        ("https://m.example/users/ami/statuses/114512345678901234", "114512345678901234"),
        ("https://g.example/@ami/statuses/01J8XZ3QK2M4N5P6Q7R8S9T0VW", "01J8XZ3QK2M4N5P6Q7R8S9T0VW"),
        ("https://p.example/p/ami/712345678901234567", "712345678901234567"),
    ],
)
def test_reads_the_id_in_a_link(url: str, found: str) -> None:
    """A link that a person copied leads to the post's id, and to its plain link."""
    assert Publisher.remote_id(url) == (found, url.partition("?")[0])


@pytest.mark.parametrize(
    "url", ["https://m.example/@ami", "https://m.example/", "ftp://m.example/@a/114512345678", "x"]
)
def test_refuses_links_to_no_post(url: str) -> None:
    """What is no link to a post is refused."""
    with pytest.raises(UserError):
        Publisher.remote_id(url)


# ── a server's own figures ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("figures", "more"),
    [
        ({"max_characters": 10}, {}),
        ({"max_media_attachments": 1}, {}),
        ({}, {"size": 17_000_000}),
        ({}, {"width": 10_000, "height": 4_000}),
        ({}, {"alt": "x" * 10_001}),
        ({}, {"mime": "image/tiff"}),
    ],
)
def test_what_is_over_the_server_s_figures_is_not_sent(
    mastodon: Harness, figures: Mapping[str, int], more: Mapping[str, object]
) -> None:
    """Text, number, bytes, pixels and alt texts are held against what this very server says; nothing is uploaded."""
    mastodon.server.limits |= figures
    picture = replace(mastodon.picture(), **more)
    with pytest.raises(Rejected, match=r"127\.0\.0\.1"):
        mastodon.publisher().stage(mastodon.out("Une phrase assez longue", picture, mastodon.picture("b.png")))
    assert not mastodon.server.asked(UPLOAD)


def test_a_server_may_take_more(mastodon: Harness) -> None:
    """What config.yaml doesn't know of is still taken, where the server takes it."""
    mastodon.server.limits["max_characters"] = 5000
    publisher, out = mastodon.publisher(), mastodon.out("x" * 5000)
    publisher.publish(out, publisher.stage(out))
    assert len(mastodon.server.posts) == 1


def test_the_figures_are_asked_once_a_day(mastodon: Harness) -> None:
    """A day's deliveries ask once; after a day they ask again."""
    clock = SimulatedClock(NOON)
    publisher = mastodon.publisher(clock=clock)
    for hours in (0, 12, 11, 2):
        clock.sleep(hours * 3600)
        publisher.stage(mastodon.out("x"))
    assert len(mastodon.server.asked("GET /api/v2/instance")) == 2


# ── films ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def clip(tmp_path: Path) -> Medium:
    """Return a film of a second in a file."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(film())
    size = path.stat().st_size
    return Medium(path=path, mime="video/mp4", width=160, height=120, size=size, sha256="", alt="Une vidéo")


def test_a_film_is_waited_for(mastodon: Harness, clip: Medium) -> None:
    """While the server converts it, what is there is returned with the moment to ask again; then it goes."""
    clock = SimulatedClock(NOON)
    mastodon.server.now, mastodon.server.processing = (lambda: clock.now().timestamp()), 7
    publisher, out = mastodon.publisher(clock=clock), mastodon.out("Regardez", clip)
    staged = publisher.stage(out)
    with pytest.raises(TryLater, match="not all of it"):
        publisher.publish(out, staged)
    waits = 0
    while staged.again_at is not None:
        clock.move_to(staged.again_at)
        staged = publisher.stage(out, Staged(json.loads(json.dumps(dict(staged.ids))), staged.again_at))
        waits += 1
    publisher.publish(out, staged)
    assert waits == 4
    assert len(mastodon.server.asked(UPLOAD)) == 1
    assert mastodon.server.posts[0].media[0].alt == "Une vidéo"


def test_waiting_for_a_film_ends(mastodon: Harness, clip: Medium) -> None:
    """A film that isn't converted in a quarter of an hour is uploaded again later."""
    clock = SimulatedClock(NOON)
    mastodon.server.now, mastodon.server.processing = (lambda: clock.now().timestamp()), 1e6
    publisher, out = mastodon.publisher(clock=clock), mastodon.out("Regardez", clip)

    def wait(staged: Staged) -> None:
        while staged.again_at is not None:
            clock.move_to(staged.again_at)
            staged = publisher.stage(out, staged)

    with pytest.raises(TryLater, match="hasn't converted the film in 15 minutes"):
        wait(publisher.stage(out))
    assert clock.now() - NOON < timedelta(minutes=16)


def test_files_that_are_not_converted_yet_put_it_off(mastodon: Harness, clip: Medium) -> None:
    """The server itself refuses a post whose film isn't ready: proven not posted."""
    publisher, out = mastodon.publisher(), mastodon.out("Regardez", clip)
    staged = publisher.stage(out)
    with pytest.raises(TryLater, match="not finished processing"):
        publisher.publish(out, Staged({**staged.ids, "waiting": []}))
    assert not mastodon.server.posts


def test_what_is_no_film_is_refused(mastodon: Harness, clip: Medium) -> None:
    """The server opens the file; another film's form, or none at all, is a final no."""
    for data in (b"no film", film(form="webm", codec="libvpx")):
        clip.path.write_bytes(data)
        with pytest.raises(Rejected, match="not supported"):
            mastodon.publisher().stage(mastodon.out("Regardez", clip))


def test_media_expire() -> None:
    """Uploads are staged again after 22 hours; without media nothing expires."""
    staged = Staged({"staged_at": NOON.timestamp(), "media_ids": ["1"]})
    assert not bare().stage_expired(staged, NOON + timedelta(hours=21))
    assert bare().stage_expired(staged, NOON + timedelta(hours=22))
    assert not bare().stage_expired(Staged({**staged.ids, "media_ids": []}), NOON + timedelta(days=9))


# ── the wire ────────────────────────────────────────────────────────────────────────────────────────────


def test_says_all_that_belongs_to_a_post(mastodon: Harness) -> None:
    """Language, visibility, warning, answer, media and key go along; the token only in its header."""
    publisher = mastodon.publisher(options={"visibility": "unlisted"})
    first = replace(mastodon.out("Un", mastodon.picture()), warning="violence", rest=("Deux",))
    receipt = publisher.publish(first, publisher.stage(first))
    part = first.following(receipt)
    publisher.publish(part, publisher.stage(part))
    one, two = mastodon.server.asked(POST)
    common = {"visibility": "unlisted", "language": "fr", "spoiler_text": "violence", "sensitive": True}
    media = [upload.id for upload in mastodon.server.posts[0].media]
    assert json.loads(one.body) == {**common, "status": "Un", "media_ids": media}
    assert json.loads(two.body) == {**common, "status": "Deux", "in_reply_to_id": receipt.remote_id}
    assert [one.headers["Idempotency-Key"], two.headers["Idempotency-Key"]] == [first.token, part.token]
    others = {request.port for request in mastodon.server.requests if request.endpoint != POST}
    assert not {one.port, two.port} & others  # a connection kept open may have died unnoticed
    for request in mastodon.server.requests:
        assert request.headers["Authorization"] == f"Bearer {USERS[0].token}"
        assert USERS[0].token not in request.url + str(request.query) + str(request.body)
        assert urlsplit(request.url).netloc == urlsplit(mastodon.server.url).netloc


def test_an_answer_to_what_is_gone_is_refused(mastodon: Harness) -> None:
    """A part whose predecessor was deleted is a final no."""
    publisher, first = mastodon.publisher(), replace(mastodon.out("Un"), rest=("Deux",))
    receipt = publisher.publish(first, publisher.stage(first))
    mastodon.server.posts.clear()
    part = first.following(receipt)
    with pytest.raises(Rejected, match="trying to reply to does not appear to exist"):
        publisher.publish(part, publisher.stage(part))


def test_never_goes_without_its_media(mastodon: Harness) -> None:
    """What was staged lacks a picture, or is nobody's: nothing is sent."""
    out = mastodon.out("x", mastodon.picture())
    for staged in (Staged(), Staged({"account_id": "1001", "media_ids": []})):
        with pytest.raises(TryLater, match="nothing was sent"):
            mastodon.publisher().publish(out, staged)
    assert not mastodon.server.requests


def test_a_lost_file_can_be_made_again(mastodon: Harness) -> None:
    """A picture that is gone from the disk puts the delivery off."""
    picture = mastodon.picture()
    picture.path.unlink()
    with pytest.raises(TryLater, match=r"card\.png"):
        mastodon.publisher().stage(mastodon.out("x", picture))


@pytest.mark.parametrize("status", [*mastodon_wire.STATUS, 408, 409, 500, 502, 503])
def test_the_table_of_errors_is_told(status: int) -> None:
    """Each status that the code reads a meaning into stands in the table of Mastodon's errors."""
    page = pages.text("networks/mastodon.md")
    assert str(status) in page or (status >= 500 and "5xx" in page)
    answer = Answer(status, {"error": "no", "error_description": "why"}, {})
    assert mastodon_wire.judged(answer, now=NOON).message == f"Mastodon answers {status}: no - why"
