"""X: looking for a post whose outcome is unknown, and for it alone."""

import json
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.errors import OutcomeUnknown
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.publishers.x_posts import is_it
from scheduler.publishers.x_texts import as_written, canonical
from scheduler.standins.x import USERS, Server
from scheduler.standins.x_posts import EXPANSIONS, FIELDS, Post, normal, weight
from tests.publishers.conftest import Make
from tests.publishers.harness_x import Harness


def out(text: str) -> Outgoing:
    """Return a delivery without pictures."""
    return Harness(Path("var")).out(text)


def test_finds_what_shows_late(x: Server, make: Make) -> None:
    """X may show a post only at a later look; until then nothing is claimed."""
    going, since = out("tard"), datetime.now(UTC)
    staged = make().stage(going)
    receipt = make().publish(going, staged)
    x.hidden_looks = 2
    assert [make().find(going, staged, since) for _ in range(3)] == [None, None, receipt]


def test_finds_what_x_did_after_we_gave_up(x: Server, make: Make) -> None:
    """A call that timed out may still be worked on: nothing is claimed before, and the post is found after."""
    going, since = out("lent"), datetime.now(UTC)
    staged = make().stage(going)
    x.fail("POST /2/tweets", "commits_late")
    with pytest.raises(OutcomeUnknown):
        make(0.3).publish(going, staged)
    assert make().find(going, staged, since) is None
    x.finish()
    found = make().find(going, staged, since)
    assert isinstance(found, Receipt)
    assert [post.id for post in x.posts] == [found.remote_id]


def test_leaves_other_posts_alone(x: Server, make: Make) -> None:
    """Not ours: the same text before, as a reply, as a retweet, by another account, or with another link."""
    x.add(USERS[0], "Signez https://example.org/a")
    staged = make().stage(out("Signez https://example.org/a"))
    since = datetime.now(UTC)
    x.add(USERS[0], "Signez https://example.org/a", kind="reply")
    x.add(USERS[0], "Signez https://example.org/a", kind="retweet")
    x.add(USERS[1], "Signez https://example.org/a")
    x.add(USERS[0], "Signez https://example.org/b")
    assert make().find(out("Signez https://example.org/a"), staged, since) is None


def test_an_earlier_post_of_the_same_text_is_not_ours(x: Server, make: Make) -> None:
    """Without a baseline the time alone must tell yesterday's post from today's."""
    x.now = lambda: time.time() - 120
    x.add(USERS[0], "Chaque jour")
    x.now = time.time
    assert make().find(out("Chaque jour"), Staged(), datetime.now(UTC)) is None


def pictured(tmp_path: Path, name: str) -> Outgoing:
    """Return a delivery with one caption and a picture of its own."""
    harness = Harness(tmp_path)
    return harness.out("Libérez-les", harness.picture(f"{name}.png"), key=name)


def test_two_photos_with_one_caption_are_told_apart(x: Server, make: Make, tmp_path: Path) -> None:
    """X showed the first and lost the second: the first is never taken for the second, nor the other way round."""
    first, second = pictured(tmp_path, "a"), pictured(tmp_path, "b")
    staged = [make().stage(first), make().stage(second)]
    since = datetime.now(UTC)
    receipt = make().publish(first, staged[0])
    x.fail("POST /2/tweets", "503")
    with pytest.raises(OutcomeUnknown):
        make().publish(second, staged[1])
    assert make().find(second, staged[1], since) is None
    assert make().find(first, staged[0], since) == receipt
    again = make().publish(second, staged[1])
    assert make().find(second, staged[1], since) == again
    assert len(x.posts) == 2


def test_words_alone_are_not_words_with_a_picture(x: Server, make: Make, tmp_path: Path) -> None:
    """The same words with a picture are another post than without, also where our own ids are not known."""
    with_it, without = pictured(tmp_path, "a"), out("Libérez-les")
    staged, since = make().stage(without), datetime.now(UTC)
    receipt = make().publish(with_it, make().stage(with_it))
    assert make().find(without, staged, since) is None
    assert make().find(with_it, Staged(), since) == receipt
    alone = make().publish(without, staged)
    assert make().find(without, staged, since) == alone
    x.posts.pop(0)
    assert make().find(with_it, Staged(), since) is None


ID, LINK = "2124612874566369280", "https://x.com/u/status/2124612874566369280/photo/1"


@pytest.mark.parametrize(
    ("post", "media_ids", "is_ours"),
    [
        ({"attachments": {"media_keys": ["3_7"]}}, ["7"], True),
        ({"attachments": {"media_keys": ["3_7", "3_8"]}}, ["8", "7"], True),
        ({"attachments": {"media_keys": ["13_7"]}}, ["7"], True),
        ({"attachments": {"media_keys": ["3_7"]}}, ["7", "8"], False),
        ({"attachments": {"media_keys": ["3_17"]}}, ["7"], False),
        ({"entities": {"urls": [{"url": "t.co", "expanded_url": LINK, "media_key": "3_7"}]}}, ["7"], True),
        ({"entities": {"urls": [{"url": "t.co", "expanded_url": LINK}]}}, ["7"], False),
        ({"entities": {"urls": [{"url": "t.co", "expanded_url": LINK}]}}, [], True),
        ({"attachments": {"media_keys": ["3_7"]}}, [], True),
        ({"attachments": None, "entities": None}, [], False),
        ({}, ["7"], False),
    ],
)
def test_a_picture_is_known_by_x_s_id(tmp_path: Path, post: dict[str, object], media_ids: list[str], *, is_ours: bool):
    """Wherever X names it; what X doesn't name is not ours, and not being found only means that a person looks."""
    assert is_it({"id": ID, "text": "Libérez-les", **post}, pictured(tmp_path, "a"), media_ids) == is_ours


def test_a_link_to_another_s_picture_is_no_picture_of_ours() -> None:
    """X attaches the picture of a post that a text links to; our words are still without one."""
    written = "voir https://x.com/other/status/5/photo/1"
    link = {"url": "https://t.co/a", "expanded_url": "https://x.com/other/status/5/photo/1", "media_key": "3_9"}
    post = {"id": ID, "text": "voir https://t.co/a", "entities": {"urls": [link]}}
    assert is_it({**post, "attachments": {"media_keys": ["3_9"]}}, out(written), [])


def test_takes_the_first_of_two(x: Server, make: Make) -> None:
    """Where a person posts the same text after us, the first post is ours."""
    staged = make().stage(out("deux fois"))
    since = datetime.now(UTC)
    first, _ = x.add(USERS[0], "deux fois"), x.add(USERS[0], "deux fois")
    found = make().find(out("deux fois"), staged, since)
    assert isinstance(found, Receipt)
    assert found.remote_id == first.id


def test_finds_among_many(x: Server, make: Make) -> None:
    """The post is found behind others that came after it, page by page, and the looking ends."""
    going, since = out("aiguille"), datetime.now(UTC)
    x.add(USERS[0], "avant")
    staged = make().stage(going)
    receipt = make().publish(going, staged)
    for number in range(250):
        x.add(USERS[0], f"foin {number}")
    assert make().find(going, staged, since) == receipt
    assert len(x.asked("GET /2/users/:id/tweets")) == 1 + 3
    for number in range(400):
        x.add(USERS[0], f"paille {number}")
    assert make().find(going, staged, since) is None
    assert len(x.asked("GET /2/users/:id/tweets")) == 1 + 3 + 5


def test_finds_a_long_text(x: Server, make: Make) -> None:
    """Past 280 characters X shows only the beginning in `text`; the whole is compared."""
    going, since = out("long & <très> https://example.com/a " * 20), datetime.now(UTC)
    publisher = make(user=USERS[1], premium=True)
    staged = publisher.stage(going)
    publisher.publish(going, staged)
    found = publisher.find(going, staged, since)
    assert isinstance(found, Receipt)
    assert found.remote_id == x.posts[0].id


@pytest.mark.parametrize("old_names", [True, False])
def test_reads_x_under_both_names(x: Server, make: Make, *, old_names: bool) -> None:
    """X has renamed what is asked of a post: where it refuses the new names the old ones are used, from then on."""
    x.old_names = old_names
    first, since = out("long & <très> https://example.com/a " * 20), datetime.now(UTC)
    publisher = make(user=USERS[1], premium=True)
    staged = publisher.stage(first)
    receipt = publisher.publish(first, staged)
    x.add(USERS[1], first.text, kind="reply", reply_to=receipt.remote_id)
    assert publisher.find(first, staged, since) == receipt
    looks = len(x.asked("GET /2/users/:id/tweets"))
    assert publisher.find(first, staged, since) == receipt
    assert (looks, len(x.asked("GET /2/users/:id/tweets"))) == ((3, 4) if old_names else (2, 3))


TEXTS = st.lists(
    st.one_of(
        st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=8),
        st.sampled_from(
            ["https://example.com/a?b=1&c=2", "example.org", "&amp;", "<b>", "#é", "e\u0301", "\n", "👨‍🎤", "%s"]
        ),
    ),
    max_size=8,
).map(" ".join)


@given(text=TEXTS.filter(str.strip))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reads_its_own_posts_back(text: str) -> None:
    """Whatever the text, what X shows of it compares equal to what was handed over."""
    post = Post("2124612874566369280", USERS[0], normal(text))
    if weight(text) <= 280:
        assert canonical(as_written(post.shown(FIELDS | EXPANSIONS))) == canonical(text)


def test_server_as_a_process(make: Make, tmp_path: Path) -> None:
    """Another process can use the server, make it fail, and read what happened from its log."""
    log = tmp_path / "x.jsonl"
    command = [sys.executable, "-m", "scheduler.standins.x", "--log", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = json.loads(server.stdout.readline())["url"]
            order = json.dumps({"endpoint": "POST /2/tweets", "fault": "reset_after_commit"}).encode()
            urllib.request.urlopen(f"{url}/_control/fail", data=order).close()
            publisher = make(url=url)
            staged = publisher.stage(out("loin"))
            with pytest.raises(OutcomeUnknown):
                publisher.publish(out("loin"), staged)
            with urllib.request.urlopen(f"{url}/_control/state") as answer:
                (post,) = json.load(answer)["posts"]
        finally:
            server.terminate()
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert [event["id"] for event in events if event["kind"] == "post"] == [post["id"]]
    assert [event["fault"] for event in events if event["kind"] == "request"][-1] == "reset_after_commit"
