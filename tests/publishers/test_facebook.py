"""Facebook's own ways: counting, what an account may be set to, what is staged, and what goes over the wire."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater, UserError
from scheduler.model import Account, CardContent, Content, FileContent, Receipt, Staged
from scheduler.publishers import facebook_wire
from scheduler.publishers.base import IN_FLIGHT, Absent
from scheduler.publishers.facebook import Publisher
from scheduler.publishers.http_wire import Verdict
from scheduler.standins import graph
from scheduler.standins.facebook import PAGES
from tests.publishers.conftest import check_clean
from tests.publishers.facebook_bench import Bench, Watch, running, staged
from tests.publishers.harness_facebook import secrets_of


@pytest.fixture
def watch() -> Watch:
    """Return a clock that stands still."""
    return Watch(datetime(2027, 3, 1, 9, tzinfo=UTC))


@pytest.fixture
def bench(tmp_path: Path, watch: Watch) -> Iterator[Bench]:
    """Return Facebook, living by that clock."""
    with running(tmp_path, now=watch.seconds) as ready:
        yield ready


def bare(**options: object) -> Publisher:
    """Return a publisher for what needs no network."""
    account = Account(name="facebook-fr", platform="facebook", language="fr", options=options)
    return Publisher(account, secrets={}, folder=Path("var"))


# ── pure ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "length"),
    [("", 0), ("é", 1), ("e\u0301", 2), ("حرية", 4), ("👨‍🎤", 5), ("\ud800", 1), ("#Liberté @a", 11)],
)
def test_counts_units(text: str, length: int) -> None:
    """Every letter counts one, those beyond the first plane two: never fewer than Facebook may count."""
    assert bare().measure(text) == length


@pytest.mark.parametrize(
    ("content", "rules"),
    [
        (Content(text="x", language="fr"), []),
        (Content(text=" \n", language="fr"), ["text-empty"]),
        (Content(text="", language="fr", link="https://example.com/a"), []),
        (Content(text="", language="fr", images=(FileContent(file="a.jpg", alt=""),)), []),
        (Content(text="#a #b #c #d #e #f #g", language="fr"), []),
        (Content(text="x" * 63_207, language="fr"), ["text-too-long"]),
        (Content(text="x", language="fr", images=(FileContent(file="a.jpg", alt="x" * 1001),)), ["alt-too-long"]),
        (Content(text="x", language="fr", images=(FileContent(file="a.jpg", alt=""),) * 11), ["too-many-images"]),
        (Content(text="x", language="fr", video=FileContent(file="a.mp4", alt="")), []),
        (
            Content(
                text="x",
                language="fr",
                video=FileContent(file="a.mp4", alt=""),
                card=CardContent(message="x", language="fr", theme="candle"),
            ),
            ["mixed-media"],
        ),
    ],
)
def test_names_its_problems(content: Content, rules: list[str]) -> None:
    """What Facebook would refuse is found beforehand, by name; hashtags and links are none."""
    assert [found.rule for found in bare().problems(content)] == rules


@pytest.mark.parametrize(
    "options",
    [{"two_phase": "yes"}, {"two_phase": 1}, {"version": 26}, {"version": "26.0"}, {"version": "v26.0/me"}],
)
def test_settings_are_checked(options: dict[str, object]) -> None:
    """A setting that can't be meant is refused in plain words, naming the account."""
    with pytest.raises(UserError, match="facebook-fr: "):
        bare(**options)


def test_loads_no_http_library() -> None:
    """Loading the module costs next to nothing: what sends comes with the first delivery."""
    code = "import sys, scheduler.publishers.facebook; print(sorted({'requests', 'urllib3'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


# ── over the wire ───────────────────────────────────────────────────────────────────────────────────────


def test_asks_for_the_pinned_version(bench: Bench) -> None:
    """The version stands in every address; another one is a setting of the account."""
    bench.publisher().verify()
    assert bench.server.requests[-1].url.endswith("/v26.0/me")
    with pytest.raises(PublishError, match="Unknown path"):
        bench.publisher(version="v27.0").verify()


def test_the_token_travels_in_a_header_only(bench: Bench) -> None:
    """Neither an address nor a body holds the token or the app's secret; each request proves that we know it."""
    publisher, out = bench.publisher(), bench.out("Libérez-les", bench.picture())
    publisher.delete(publisher.publish(out, publisher.stage(out)))
    for request in bench.server.requests:
        assert request.headers["Authorization"] == f"Bearer {PAGES[0].token}"
        assert b"canary" not in request.body
        assert "canary" not in request.url + str(request.query)
        assert "appsecret_proof" in str(request.query) or b"appsecret_proof" in request.body


def test_a_page_without_a_secret_needs_no_proof(bench: Bench) -> None:
    """The app's secret is optional."""
    publisher, out = bench.publisher(page=PAGES[1]), bench.out("Sans preuve")
    assert "APP_SECRET" not in secrets_of(PAGES[1])
    publisher.publish(out, publisher.stage(out))
    assert [post["user"] for post in bench.seen] == ["Droits"]


def test_a_link_makes_a_card(bench: Bench) -> None:
    """The action's link goes along where there are no pictures, and only there."""
    publisher = bench.publisher()
    link = "https://example.com/agir?a=1"
    for out in (bench.out("Agir"), bench.out("Voir", bench.picture())):
        linked = replace(out, link=link)
        publisher.publish(linked, publisher.stage(linked))
    assert [post["link"] for post in bench.seen] == [link, ""]


def test_ten_pictures_and_no_more(bench: Bench) -> None:
    """Ten pictures arrive in their order; an eleventh is refused before anything is sent."""
    publisher = bench.publisher()
    pictures = [bench.picture(f"{n}.png", f"Photo {n}") for n in range(11)]
    out = bench.out("Dix", *pictures[:10])
    publisher.publish(out, publisher.stage(out))
    assert [medium["alt"] for medium in bench.seen[0]["media"]] == [f"Photo {n}" for n in range(10)]
    asked = len(bench.server.requests)
    with pytest.raises(Rejected):
        publisher.stage(bench.out("Onze", *pictures))
    assert len(bench.server.requests) == asked


def test_a_picture_that_is_gone_can_be_tried_again(bench: Bench) -> None:
    """A file that can't be read is no refusal by Facebook."""
    out = bench.out("Perdue", bench.picture())
    out.media[0].path.unlink()
    with pytest.raises(TryLater, match=r"card\.png"):
        bench.publisher().stage(out)


@pytest.mark.parametrize("data", [b"no picture at all", b"\x89PNG\r\n\x1a\n" + b"x" * 100])
def test_a_damaged_picture_is_a_final_no(bench: Bench, data: bytes) -> None:
    """Facebook opens the file; what it can't open is refused for good."""
    out = bench.out("Abîmée", bench.picture())
    out.media[0].path.write_bytes(data)
    with pytest.raises(Rejected, match="324"):
        bench.publisher().stage(out)


def test_photos_are_uploaded_again_before_they_are_forgotten(bench: Bench, watch: Watch) -> None:
    """After most of a day photos are staged anew; a post that is held back, and one without photos, is kept."""
    publisher = bench.publisher(clock=watch)
    late = watch.at + timedelta(hours=21)
    photos = publisher.stage(bench.out("Photo", bench.picture()))
    assert not publisher.stage_expired(photos, watch.at)
    assert publisher.stage_expired(photos, late)
    assert not publisher.stage_expired(publisher.stage(bench.out("Texte")), late)
    held = bench.publisher(clock=watch, two_phase=True).stage(bench.out("Retenu", bench.picture()))
    assert not publisher.stage_expired(held, late)


def test_forgotten_photos_are_uploaded_again(bench: Bench, watch: Watch) -> None:
    """Facebook refuses photos that it no longer has: that is no fault of the post, and nothing is out."""
    publisher, out = bench.publisher(clock=watch), bench.out("Oubliées", bench.picture())
    ready = publisher.stage(out)
    watch.at += timedelta(days=2)
    with pytest.raises(TryLater, match="uploaded again") as raised:
        publisher.publish(out, ready)
    check_clean(raised.value)
    publisher.publish(out, publisher.stage(out))
    assert len(bench.seen) == 1


@pytest.mark.parametrize("staging", [Staged(), Staged({"photos": [], "staged_at": 1}), Staged({"photos": ["../1"]})])
def test_nothing_goes_out_half_staged(bench: Bench, staging: Staged) -> None:
    """Without what was staged, or not all of it, nothing is sent."""
    with pytest.raises(TryLater):
        bench.publisher().publish(bench.out("Photo", bench.picture()), staging)
    assert not bench.server.requests


def test_slows_down_before_the_limit(bench: Bench, watch: Watch) -> None:
    """From 80 % on nothing is prepared until the time that Meta names; what is due goes all the same."""
    publisher, out = bench.publisher(clock=watch), bench.out("Doucement", bench.picture())
    ready = publisher.stage(out)
    bench.server.usage, bench.server.regain = 80, 12
    with pytest.raises(TryLater, match="80 %") as raised:
        publisher.stage(out)
    assert raised.value.at == watch.at + timedelta(minutes=12)
    bench.server.regain = 0
    with pytest.raises(TryLater) as raised:
        publisher.stage(out)
    assert raised.value.at == watch.at + timedelta(minutes=5)
    publisher.publish(out, ready)
    bench.server.usage = 79
    publisher.stage(bench.out("Encore"))


def test_over_the_limit_waits_as_long_as_it_says(bench: Bench, watch: Watch) -> None:
    """A refusal for too many calls names the minutes to wait."""
    publisher, out = bench.publisher(clock=watch), bench.out("Trop")
    ready = publisher.stage(out)
    bench.server.fail("POST /:page/feed", "meta_regain")
    with pytest.raises(TryLater) as raised:
        publisher.publish(out, ready)
    assert raised.value.at == watch.at + timedelta(minutes=7)


# ── films ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_film_is_processed_and_then_published(bench: Bench, watch: Watch) -> None:
    """A film is uploaded unseen, waited for without sleeping, and made visible by one call."""
    publisher, out = bench.publisher(clock=watch), bench.out("Un film", bench.film())
    first = publisher.stage(out)
    assert first.again_at == watch.at + timedelta(seconds=15)
    assert bench.seen == []
    ready = staged(publisher, out, watch)
    assert len(bench.server.asked("POST /:page/videos")) == 2  # staged twice, as told
    receipt = publisher.publish(out, ready)
    assert [(post["id"], post["text"]) for post in bench.seen] == [(receipt.remote_id, "Un film")]
    assert receipt.url == f"https://www.facebook.com/1001/videos/{receipt.remote_id}"
    publisher.delete(receipt)
    assert (bench.seen, len(bench.server.films)) == ([], 1)


@pytest.mark.parametrize("fault", ["timeout_before_commit", "timeout_after_commit", "meta_2_after_commit", "html"])
def test_a_film_always_ends_in_a_proof(bench: Bench, watch: Watch, fault: str) -> None:
    """Whatever happens to the visible call, the film itself says whether it is out; publishing again is harmless."""
    publisher, out = bench.publisher(clock=watch), bench.out("Un film", bench.film())
    ready = staged(publisher, out, watch)
    bench.server.fail("POST /:id", fault)
    with pytest.raises(OutcomeUnknown):
        bench.publisher(clock=watch, timeout=[10, 0.3]).publish(out, ready)
    found = publisher.find(out, ready, watch.at - IN_FLIGHT)
    assert isinstance(found, Receipt if bench.seen else Absent)
    publisher.publish(out, ready)
    assert len(bench.seen) == 1


def test_a_film_that_cannot_be_processed_is_refused(bench: Bench, watch: Watch) -> None:
    """What is no film is a final no, in plain words."""
    out = bench.out("Cassé", bench.film(b"no film at all"))
    with pytest.raises(Rejected, match=r"H\.264"):
        staged(bench.publisher(clock=watch), out, watch)


def test_the_wait_for_a_film_ends(bench: Bench, watch: Watch) -> None:
    """A film that is processed for ever is given up after half an hour."""
    bench.server.processing = 10**6
    began = watch.at
    with pytest.raises(TryLater, match="half an hour"):
        staged(bench.publisher(clock=watch), bench.out("Long", bench.film()), watch)
    assert timedelta(minutes=30) < watch.at - began < timedelta(minutes=31)


def test_a_film_goes_alone(bench: Bench) -> None:
    """A film and a picture in one post are refused before anything is sent."""
    with pytest.raises(Rejected):
        bench.publisher().stage(bench.out("Deux", bench.film(), bench.picture()))
    assert not bench.server.requests


# ── held back, then published ───────────────────────────────────────────────────────────────────────────


def test_holds_back_the_whole_post(bench: Bench) -> None:
    """With two_phase the post lies there with its pictures, unseen, and comes out by one change of state."""
    publisher = bench.publisher(two_phase=True)
    out = bench.out("Retenu", bench.picture())
    ready = publisher.stage(out)
    state = bench.server.state()
    assert (state["posts"], state["held"]) == ([], [ready.ids["draft"]])
    receipt = publisher.publish(out, ready)
    assert [post["id"] for post in bench.seen] == [receipt.remote_id] == [ready.ids["draft"]]


def test_a_draft_that_is_not_there_any_more_leaves_it_open(bench: Bench) -> None:
    """Facebook says "not there" also of what it only doesn't show: nothing is posted a second time for that."""
    publisher, out = bench.publisher(two_phase=True), bench.out("Effacé")
    ready = publisher.stage(out)
    bench.server.posts.clear()
    with pytest.raises(OutcomeUnknown):
        publisher.publish(out, ready)
    assert publisher.find(out, ready, datetime.now(UTC)) is None


@pytest.mark.parametrize("fault", ["fb_506", "fb_1366051", "meta_368", "meta_100", "meta_33"])
def test_a_refusal_to_publish_what_is_held_back_is_final(bench: Bench, fault: str) -> None:
    """Its own state proves that it isn't out: no look-up is needed, and no second try is made by itself."""
    publisher, out = bench.publisher(two_phase=True), bench.out("Refusé", bench.picture())
    ready = publisher.stage(out)
    bench.server.fail("POST /:id", fault)
    with pytest.raises(Rejected) as raised:
        publisher.publish(out, ready)
    check_clean(raised.value)
    assert bench.seen == []


@pytest.mark.parametrize("fault", ["fb_506_after_commit", "fb_1366051_after_commit", "fb_368_after_commit"])
def test_a_refusal_of_what_is_out_is_no_refusal(bench: Bench, fault: str) -> None:
    """Facebook says that it has this already, and it has: the state gives the receipt at once."""
    publisher, out = bench.publisher(two_phase=True), bench.out("Déjà là")
    ready = publisher.stage(out)
    bench.server.fail("POST /:id", fault)
    assert [publisher.publish(out, ready).remote_id] == [post["id"] for post in bench.seen]


def test_verify_tries_it_without_showing_anything(bench: Bench) -> None:
    """The check makes a post that is held back, reads and writes its state, and leaves nothing behind."""
    assert bench.publisher(two_phase=True).verify().startswith("Rights (Page 1001)")
    assert bench.server.posts == []
    changes = [request.body.decode() for request in bench.server.asked("POST /:id")]
    assert len(changes) == 1
    assert "is_published=false" in changes[0]


def test_verify_says_when_posts_cannot_be_held_back(bench: Bench) -> None:
    """An account that doesn't know the state is told to do without, and nothing stays behind."""
    bench.server.holds_back = False
    with pytest.raises(AccountBlocked, match="take two_phase out") as raised:
        bench.publisher(two_phase=True).verify()
    check_clean(raised.value)
    assert bench.server.posts == []


def test_verify_warns_of_an_app_in_development(bench: Bench) -> None:
    """No API tells whether the app is live, so it is said each time."""
    assert "not “Live”" in bench.publisher().verify()


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("row", [*facebook_wire.CODES, *facebook_wire.SUBCODES])
def test_every_row_of_its_own_is_looked_up(bench: Bench, row: int) -> None:
    """Each code by which Facebook says that it has this already leads to a look, never to a failure."""
    said = graph.error(400, row, "x") if row in facebook_wire.CODES else graph.error(400, 100, "x", row)
    table = {**bench.server.refusals, "row": graph.refusal(said)}
    type(bench.server).refusals, kept = table, type(bench.server).refusals  # type: ignore[misc]
    try:
        out = bench.out("Déjà")
        ready = bench.publisher().stage(out)
        bench.server.fail("POST /:page/feed", "row")
        with pytest.raises(OutcomeUnknown):
            bench.publisher().publish(out, ready)
    finally:
        type(bench.server).refusals = kept  # type: ignore[misc]
    assert {*facebook_wire.CODES.values(), *facebook_wire.SUBCODES.values()} == {Verdict.duplicate}


# ── another process ─────────────────────────────────────────────────────────────────────────────────────


def test_the_server_runs_alone(tmp_path: Path) -> None:
    """As a process of its own it prints its address, takes orders, gives seats and writes a log."""
    log = tmp_path / "log"
    command = [sys.executable, "-m", "scheduler.standins.facebook", "--port", "0", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        order = urllib.request.Request(f"{url}/_control/seat", data=b'{"account": "facebook-fr"}')
        with urllib.request.urlopen(order) as answer:
            seat = json.load(answer)
        account = Account(name="facebook-fr", platform="facebook", language="fr", base_url=seat["base_url"])
        publisher = Publisher(account, secrets=seat["secrets"], folder=tmp_path)
        assert publisher.verify().startswith("facebook-fr (Page ")
        process.terminate()
    assert "GET /me" in log.read_text()
