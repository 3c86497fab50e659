"""Mastodon: a post whose outcome is unknown is looked for, and for it alone, and never goes out twice."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.errors import OutcomeUnknown, Rejected, TryLater
from scheduler.model import Receipt, Staged
from scheduler.publishers import mastodon_posts
from scheduler.publishers.base import Absent
from scheduler.publishers.mastodon_text import canonical, length, plain
from scheduler.standins.mastodon import USERS
from scheduler.standins.mastodon_posts import rendered, weight
from tests.publishers.harness_mastodon import LIST, NOON, POST, Harness, World, world


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """Return a server of today."""
    with world(tmp_path) as made:
        yield made


def test_not_out_is_said_only_when_nobody_can_be_working_on_it(here: World) -> None:
    """Two looks, the second after two minutes: then the very same call is made again, and there is one post."""
    out = here.network.out("Deux minutes")
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "timeout_before_commit")
    for after, is_proof in ((15, False), (119, False), (120, True)):
        here.clock.move_to(since + timedelta(seconds=after))
        assert isinstance(here.publisher().find(out, staged, since), Absent) == is_proof
    receipt = here.publisher().publish(out, staged)
    assert [post.id for post in here.server.posts] == [receipt.remote_id]
    assert len({request.headers["Idempotency-Key"] for request in here.server.asked(POST)}) == 1


@pytest.mark.parametrize(("before", "others"), [(False, 45), (True, 245)])
def test_a_post_is_looked_for_among_all(here: World, *, before: bool, others: int) -> None:
    """More posts than a page holds may have come since, or than five pages do: that nobody is asked for."""
    here.server.counts = False
    if before:  # the list is read from it on; on an account that had none, from the newest back
        first = replace(here.network.out("Avant"), token="before")
        here.publisher().publish(first, here.publisher().stage(first))
    out = here.network.out("Le premier")
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "timeout_before_commit")
    for number in range(others):
        other = replace(here.network.out(f"Numéro {number}"), token=f"other-{number}")
        here.publisher().publish(other, here.publisher().stage(other))
    for after, is_proof in ((15, False), (120, True)):
        here.clock.move_to(since + timedelta(seconds=after))
        assert isinstance(here.publisher().find(out, staged, since), Absent) == is_proof


def test_where_not_all_was_seen_nothing_is_proven(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look ends after a number of pages. What it found counts, and what it didn't find proves nothing."""
    monkeypatch.setattr(mastodon_posts, "_PAGES", 2)
    here.server.counts = False
    out = here.network.out("Parmi beaucoup")
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "timeout_before_commit")
    for number in range(85):
        other = replace(here.network.out(f"Numéro {number}"), token=f"other-{number}")
        here.publisher().publish(other, here.publisher().stage(other))
    for after in (15, 120, 1800):
        here.clock.move_to(since + timedelta(seconds=after))
        assert here.publisher().find(out, staged, since) is None


@pytest.mark.parametrize("version", ["4.2.29", "4.5.3", "4.6.0", "4.7.1", "4.7.2", "0.19.1+gotosocial"])
def test_a_list_that_lags_doubles_nothing(tmp_path: Path, version: str) -> None:
    """Though the list doesn't show a post that is out, repeating the call within the hour leaves one post."""
    with world(tmp_path, version=version) as here:
        out = here.network.out("Une base qui traîne", here.network.picture())
        staged = here.publisher().stage(out)
        since = here.lost(out, staged, "reset_after_commit")
        here.server.hidden_looks = 3  # two looks, and the one before the call
        here.looks_in_vain(out, staged, since)
        if version in {"4.6.0", "4.7.1"}:  # these answer a key that they know with 500
            with pytest.raises(OutcomeUnknown):
                here.publisher().publish(out, staged)
            receipt = here.publisher().find(out, staged, here.clock.now())
        else:
            receipt = here.publisher().publish(out, staged)
        assert isinstance(receipt, Receipt)
        assert [post.id for post in here.server.posts] == [receipt.remote_id]


def test_a_server_that_knows_no_keys_gets_no_second_post(here: World) -> None:
    """The list is read before a repeated call: on a server without keys it alone keeps the post from doubling."""
    here.server.keeps_keys = False
    out = here.network.out("Sans clé")
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "reset_after_commit")
    here.server.hidden_looks = 2
    here.looks_in_vain(out, staged, since)
    assert here.publisher().publish(out, staged).remote_id == here.server.posts[0].id
    assert len(here.server.posts) == len(here.server.asked(POST)) == 1


def test_two_looks_in_vain_are_needed(here: World) -> None:
    """However long ago the call was, one look proves nothing, nor do two at once."""
    out = here.network.out("Après l'heure")
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "timeout_before_commit")
    here.wait(hours=3)
    assert here.publisher().find(out, staged, since) is None
    assert here.publisher().find(out, staged, since) is None
    here.wait(seconds=135)
    assert isinstance(here.publisher().find(out, staged, since), Absent)


def test_absence_is_proven_without_what_was_staged(here: World) -> None:
    """What was staged is lost: the account's newest posts since the call tell."""
    out, since = here.network.out("Oubliée"), here.clock.now()
    here.looks_in_vain(out, Staged(), since)
    assert here.server.asked(POST) == []


def test_a_look_that_can_t_be_remembered_proves_nothing(here: World) -> None:
    """With a full disk nobody knows of the first look: no second one is taken for it."""
    (here.network.folder / "mastodon").write_text("in the way")
    out = here.network.out("Disque plein")
    staged = here.publisher().stage(out)
    for minutes in (3, 10):
        here.clock.move_to(NOON + timedelta(minutes=minutes))
        assert here.publisher().find(out, staged, NOON) is None


def test_an_attempt_outlives_being_staged_anew(here: World) -> None:
    """The list lags, the next call is put off, all is uploaded again: the first upload's post is still ours."""
    out = here.network.out("Longue histoire", here.network.picture())
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "reset_after_commit")
    here.server.hidden_looks = 3
    here.looks_in_vain(out, staged, since)
    here.wait(minutes=40)
    here.server.fail(POST, "429")
    with pytest.raises(TryLater):
        here.publisher().publish(out, staged)
    here.wait(minutes=40)  # the key is forgotten by now
    again = here.publisher().stage(out)
    assert again.ids["media_ids"] != staged.ids["media_ids"]
    assert here.publisher().publish(out, again).remote_id == here.server.posts[0].id
    assert len(here.server.posts) == 1


def test_a_look_before_a_repeated_call_must_succeed(here: World) -> None:
    """Where the list can't be read before a repeated call, the call isn't made."""
    out = here.network.out("D'abord voir")
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "timeout_before_commit")
    assert here.publisher().find(out, staged, since) is None
    here.server.fail(LIST, "503")
    with pytest.raises(TryLater, match="couldn't be looked up"):
        here.publisher().publish(out, staged)
    assert len(here.server.asked(POST)) == 1


def test_what_a_person_deleted_is_not_posted_again(here: World) -> None:
    """The post went out and somebody deleted it within the hour: the key says so, and it stays deleted."""
    out = here.network.out("Retirée à la main")
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "reset_after_commit")
    here.server.posts.clear()
    here.looks_in_vain(out, staged, since)
    with pytest.raises(Rejected, match="was out already, and somebody has deleted it"):
        here.publisher().publish(out, staged)
    assert not here.server.posts


def test_a_dropped_post_is_never_sent_again(here: World) -> None:
    """The server says yes and drops the post: unknown, with words for a person, however often it is looked for."""
    here.server.drops = 1
    out = here.network.out("Trop de liens ?")
    staged = here.publisher().stage(out)
    with pytest.raises(OutcomeUnknown, match=r"protection against spam .* isn't posted again"):
        here.publisher().publish(out, staged)
    for after in here.publisher().looks:
        here.clock.move_to(NOON + after)
        assert here.publisher().find(out, staged, NOON) is None
    here.wait(days=1)
    assert here.publisher().find(out, staged, NOON) is None


def test_a_post_that_shows_late_is_no_dropped_one(here: World) -> None:
    """A server that says "not there" at once and shows the post later: the receipt is filed."""
    out = here.network.out("En retard")
    staged = here.publisher().stage(out)
    here.server.fail("GET /api/v1/statuses/:id", "404")
    with pytest.raises(OutcomeUnknown):
        here.publisher().publish(out, staged)
    assert isinstance(here.publisher().find(out, staged, NOON), Receipt)
    assert not list((here.network.folder / "mastodon").iterdir())


# ── looking ─────────────────────────────────────────────────────────────────────────────────────────────


def test_leaves_other_posts_alone(here: World) -> None:
    """Not ours: the same text before, as an answer, as a boost, by another, with another link or a picture."""
    text, me = "Signez https://example.org/a", USERS[0]
    first = here.server.add(me, text)
    out = here.network.out(text)
    staged = here.publisher().stage(out)
    here.server.add(me, text, reply_to=first.id)
    here.server.add(me, text, is_boost=True)
    here.server.add(USERS[1], text)
    here.server.add(me, "Signez https://example.org/b")
    upload = here.publisher().stage(here.network.out("x", here.network.picture()))
    here.server.add(me, text, media=[here.server.uploads[str(upload.ids["media_ids"][0])]])
    assert here.publisher().find(out, staged, here.clock.now()) is None


def test_pictures_of_two_volunteers_are_told_apart(here: World) -> None:
    """Two posts with the same words and other pictures: each upload belongs to its own."""
    outs = [here.network.out("Je suis solidaire", here.network.picture(f"{n}.png"), key=f"a/{n}@c") for n in range(2)]
    stages = [here.publisher().stage(out) for out in outs]
    here.publisher().publish(outs[0], stages[0])
    assert here.publisher().find(outs[1], stages[1], NOON) is None
    receipts = [here.publisher().find(outs[0], stages[0], NOON), here.publisher().publish(outs[1], stages[1])]
    assert [one.remote_id for one in receipts] == [post.id for post in here.server.posts]


def test_yesterday_s_post_is_not_today_s(here: World) -> None:
    """Without what was staged the time alone tells them apart."""
    here.server.add(USERS[0], "Chaque jour")
    here.wait(minutes=5)
    assert here.publisher().find(here.network.out("Chaque jour"), Staged(), here.clock.now()) is None


def test_finds_among_many(here: World) -> None:
    """The post is found behind others that came before it, page by page."""
    out = here.network.out("aiguille")
    staged = here.publisher().stage(out)
    for number in range(150):
        here.server.add(USERS[0], f"foin {number}")
    receipt = here.publisher().publish(out, staged)
    assert here.publisher().find(out, staged, NOON) == receipt


def test_finds_a_part_of_a_thread(here: World) -> None:
    """Each part answers the one before; a part is found as that, not as a post of its own."""
    first = replace(here.network.out("Un"), rest=("Encore", "Encore"), warning="prison")
    receipts, part = [], first
    for number in range(3):
        staged = here.publisher().stage(part)
        receipts.append(here.publisher().publish(part, staged))
        assert here.publisher().find(part, staged, NOON) == receipts[-1]
        if number < 2:
            part = part.following(receipts[-1])
    assert [post.reply_to for post in here.server.posts] == [None, *[one.remote_id for one in receipts[:2]]]
    assert {post.warning for post in here.server.posts} == {"prison"}
    assert len({request.headers["Idempotency-Key"] for request in here.server.asked(POST)}) == 3


def test_asks_for_the_text_where_html_doesn_t_tell(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with HTML of its own: the text as it was handed in is compared."""
    monkeypatch.setattr("scheduler.standins.mastodon_posts.rendered", lambda *_: "<h1>other <em>words</em></h1>")
    out = here.network.out("Mes mots, **tels quels**")
    staged = here.publisher().stage(out)
    receipt = here.publisher().publish(out, staged)
    assert here.publisher().find(out, staged, NOON) == receipt
    assert here.publisher().find(here.network.out("D'autres mots"), staged, NOON) is None


PIECES = [
    "https://example.com/a?b=1&c=2#d",
    "https://www.example.org/" + "long/" * 12,
    "&amp;",
    "<b>",
    "#Liberté",
    "#1",
]
PIECES += ["@ami", "@ami@mastodon.example", "e\u0301", "\n", "\n\n\n", "👨\u200d🎤", "%20", "a.b.c", "50 %", "a@b.com"]
TEXTS = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=8), st.sampled_from(PIECES)
    ),
    max_size=8,
).map(" ".join)


@given(text=TEXTS)
@settings(max_examples=300, deadline=None)
def test_reads_its_own_posts_back(text: str) -> None:
    """Whatever the text, what Mastodon shows of it compares equal to what was handed over, and counts alike."""
    assert canonical(plain(rendered(text, "https://mastodon.example"))) == canonical(text)
    assert length(text) == weight(text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<p>Voir <a href="https://example.com/un/long">example.com/un/l…</a></p>', "Voir https://example.com/un/long"),
        ('<p>Voir <a href="https://ex.com/%C3%A9t%C3%A9">https://ex.com/été</a></p>', "Voir https://ex.com/été"),
        ("<p>un<br>deux</p><p>trois &lt;4&#39;</p>", "un\ndeux\n\ntrois <4'"),
        ('<p><a href="https://m.example/@ami" class="u-url mention">@<span>ami</span></a></p>', "@ami@m.example"),
    ],
)
def test_reads_what_other_servers_show(content: str, text: str) -> None:
    """Links cut short, encoded links, other tags, mentions: all come back to what was written."""
    assert canonical(plain(content)) == canonical(text)


def test_server_as_a_process(tmp_path: Path) -> None:
    """Another process can use the server, take a seat, make it fail, and read what happened from its log."""
    log = tmp_path / "mastodon.jsonl"
    command = [sys.executable, "-m", "scheduler.standins.mastodon", "--log", str(log), "--version", "4.7.1"]
    harness = Harness(tmp_path)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = json.loads(server.stdout.readline())["url"]
            order = json.dumps({"endpoint": POST, "fault": "reset_after_commit"}).encode()
            urllib.request.urlopen(f"{url}/_control/fail", data=order).close()
            with urllib.request.urlopen(f"{url}/_control/seat", data=b'{"account": "mastodon-fr"}') as answer:
                seat = json.load(answer)
            publisher = harness.publisher(base_url=seat["base_url"], secrets=seat["secrets"])
            assert publisher.verify().startswith("@mastodon_fr@127.0.0.1:")
            out = harness.out("loin")
            staged = publisher.stage(out)
            with pytest.raises(OutcomeUnknown):
                publisher.publish(out, staged)
            with pytest.raises(OutcomeUnknown):  # the version's own fault: it knows the key, and answers 500
                publisher.publish(out, staged)
            with urllib.request.urlopen(f"{url}/_control/state") as answer:
                (post,) = json.load(answer)["posts"]
        finally:
            server.terminate()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["id"] for event in events if event["kind"] == "post"] == [post["id"]]
