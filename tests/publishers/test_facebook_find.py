"""Looking for a post on Facebook, taking one down, and the links that people copy."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.errors import TryLater, UserError
from scheduler.model import Receipt, Staged
from scheduler.publishers.base import Absent, Deleted, NeedsHand
from scheduler.publishers.facebook import Publisher
from scheduler.standins.facebook import PAGES
from tests.publishers.facebook_bench import Bench, Watch, running

LIST = "GET /:page/published_posts"


@pytest.fixture
def watch() -> Watch:
    """Return a clock that stands still."""
    return Watch(datetime(2027, 3, 1, 9, tzinfo=UTC))


@pytest.fixture
def bench(tmp_path: Path, watch: Watch) -> Iterator[Bench]:
    """Return Facebook, living by that clock."""
    with running(tmp_path, now=watch.seconds) as ready:
        yield ready


def test_photos_tell_their_post(bench: Bench, watch: Watch) -> None:
    """A post with pictures is found by them, whatever became of its text; the list isn't even asked for."""
    publisher, out = bench.publisher(clock=watch), bench.out("Avec photo", bench.picture())
    ready = publisher.stage(out)
    receipt = publisher.publish(out, ready)
    bench.server.posts[0].message = "edited by a person"
    assert publisher.find(out, ready, watch.at) == receipt
    assert not bench.server.asked(LIST)


def test_photos_without_a_story_prove_nothing(bench: Bench, watch: Watch) -> None:
    """Some photos never name their post: that leaves it open, since another post may have the same words."""
    publisher, out = bench.publisher(clock=watch), bench.out("Avec photo", bench.picture())
    ready = publisher.stage(out)
    assert publisher.find(out, ready, watch.at) is None
    bench.server.tells_stories = False
    receipt = publisher.publish(out, ready)
    assert publisher.find(out, ready, watch.at) is None
    assert not bench.server.asked(LIST)
    assert publisher.find(out, Staged(), watch.at) == replace(receipt, ids={})  # an old copy of the state has no photos


def test_never_proves_absence_from_a_list(bench: Bench, watch: Watch) -> None:
    """A post that the list doesn't show yet may be out: None, then the receipt."""
    publisher, out = bench.publisher(clock=watch), bench.out("Invisible un moment")
    ready = publisher.stage(out)
    receipt = publisher.publish(out, ready)
    bench.server.hidden_looks = 1
    assert publisher.find(out, ready, watch.at) is None
    assert publisher.find(out, ready, watch.at) == receipt


def test_an_older_post_of_the_same_words_is_another(bench: Bench, watch: Watch) -> None:
    """Last week's post with this text isn't this one; clocks may be half a minute apart."""
    publisher, out = bench.publisher(clock=watch), bench.out("Chaque semaine")
    bench.server.add(PAGES[0], "Chaque semaine")
    watch.sleep(31)
    assert publisher.find(out, Staged(), watch.at) is None
    assert isinstance(publisher.find(out, Staged(), watch.at - timedelta(seconds=2)), Receipt)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\r\nb", "a\nb"),
        ("a \n\n b ", "a\n\nb"),
        ("e\u0301", "é"),
        ("a & <b>", "a & <b>"),
        ("#A https://x.org", "#A https://x.org"),
    ],
)
def test_knows_its_text_again(bench: Bench, watch: Watch, written: str, shown: str) -> None:
    """White space and composed letters may come back otherwise; nothing else."""
    bench.server.add(PAGES[0], shown)
    assert isinstance(bench.publisher().find(bench.out(written), Staged(), watch.at), Receipt)
    assert bench.publisher().find(bench.out(written + "!"), Staged(), watch.at) is None


def test_a_post_without_words_is_not_guessed(bench: Bench, watch: Watch) -> None:
    """A picture without a text can't be told from another in a list."""
    bench.server.add(PAGES[0], "")
    assert bench.publisher().find(replace(bench.out("x"), text=" "), Staged(), watch.at) is None


def test_other_pages_are_not_ours(bench: Bench, watch: Watch) -> None:
    """Only the Page's own posts count."""
    bench.server.add(PAGES[1], "Ailleurs")
    assert bench.publisher().find(bench.out("Ailleurs"), Staged(), watch.at) is None


def test_looks_through_several_pages_of_the_list(bench: Bench, watch: Watch) -> None:
    """A busy Page's list is read on; it is bounded all the same."""
    bench.server.add(PAGES[0], "Loin")
    for number in range(250):
        bench.server.add(PAGES[0], f"Autre {number}")
    assert isinstance(bench.publisher().find(bench.out("Loin"), Staged(), watch.at), Receipt)
    assert len(bench.server.asked(LIST)) == 3
    for number in range(500):
        bench.server.add(PAGES[0], f"Encore {number}")
    assert bench.publisher().find(bench.out("Loin"), Staged(), watch.at) is None
    assert len(bench.server.asked(LIST)) == 8


def test_the_feed_would_not_have_shown_it(bench: Bench, watch: Watch) -> None:
    """The ranked feed leaves posts out: nothing is ever read from it."""
    publisher = bench.publisher()
    for number in range(4):
        out = bench.out(f"Numéro {number}")
        publisher.publish(out, publisher.stage(out))
        assert isinstance(publisher.find(out, Staged(), watch.at), Receipt)
    assert not bench.server.asked("GET /:page/feed")


def test_what_is_held_back_is_absent_with_proof(bench: Bench, watch: Watch) -> None:
    """With two_phase a look ends in a proof, before the call and after it, once the call can't be in work any more."""
    publisher, out = bench.publisher(two_phase=True, clock=watch), bench.out("Retenu", bench.picture())
    ready = publisher.stage(out)
    assert publisher.find(out, ready, watch.at - timedelta(seconds=119)) is None
    assert isinstance(publisher.find(out, ready, watch.at - timedelta(seconds=120)), Absent)
    receipt = publisher.publish(out, ready)
    assert publisher.find(out, ready, watch.at) == receipt


# ── taking down ─────────────────────────────────────────────────────────────────────────────────────────


def test_deletes_the_photos_too(bench: Bench) -> None:
    """The pictures of a post are objects of their own: they go with it, found again or not."""
    publisher, out = bench.publisher(), bench.out("À retirer", bench.picture("1.png"), bench.picture("2.png"))
    ready = publisher.stage(out)
    receipt = publisher.publish(out, ready)
    assert receipt.ids["photos"].count(",") == 1
    assert publisher.find(out, ready, receipt.published_at) == replace(receipt, published_at=receipt.published_at)
    assert isinstance(publisher.delete(receipt), Deleted)
    assert bench.server.photos == {}


def test_only_a_word_about_absence_is_proof(bench: Bench) -> None:
    """Facebook says "deleted" and did not: the reading back tells."""
    publisher, out = bench.publisher(), bench.out("Reste")
    receipt = publisher.publish(out, publisher.stage(out))
    bench.server.fail("DELETE /:id", "200_without_doing")
    with pytest.raises(TryLater, match="still shows"):
        publisher.delete(receipt)


def test_what_cannot_be_deleted_is_a_persons_task(bench: Bench) -> None:
    """Where Facebook doesn't let us delete, a person is told which post and why."""
    publisher, out = bench.publisher(), bench.out("Photo de profil", bench.picture())
    receipt = publisher.publish(out, publisher.stage(out))
    bench.server.keeps_posts = True
    answer = publisher.delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what
    assert "can't be deleted" in answer.what
    assert bench.seen[0]["media"] == []  # its picture is gone all the same


def test_a_post_of_another_page_is_not_called_deleted_by_a_link_without_number(bench: Bench) -> None:
    """A link that holds no number can't be deleted by the API: a person is asked, nothing is guessed."""
    node, url = Publisher.remote_id("https://www.facebook.com/Rights/posts/pfbid02AbCdEfGhIjKlMnOp?__cft__=1")
    answer = bench.publisher().delete(Receipt(remote_id=node, url=url, published_at=datetime.now(UTC)))
    assert isinstance(answer, NeedsHand)
    assert url in answer.what
    assert not bench.server.requests


def test_a_post_named_by_its_link_is_deleted(bench: Bench) -> None:
    """The number in the link of a Page's post is enough: the Page is ours."""
    post = bench.server.add(PAGES[0], "À la main")
    node, url = Publisher.remote_id(f"https://www.facebook.com/Rights/posts/{post.id.partition('_')[2]}")
    receipt = Receipt(remote_id=node, url=url, published_at=datetime.now(UTC))
    assert isinstance(bench.publisher().delete(receipt), Deleted)
    assert bench.seen == []


# ── links ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("link", "node"),
    [
        ("https://www.facebook.com/1001_2002", "1001_2002"),
        ("https://www.facebook.com/1001/posts/2002/?comment_id=3", "1001_2002"),
        ("https://m.facebook.com/Rights/posts/2002", "2002"),
        ("https://www.facebook.com/Rights/posts/libérez-les/2002", "2002"),
        ("https://www.facebook.com/Rights/posts/pfbid02AbCdEfGhIj", "pfbid02AbCdEfGhIj"),
        ("https://www.facebook.com/permalink.php?story_fbid=2002&id=1001&mibextid=x", "1001_2002"),
        ("https://m.facebook.com/story.php?story_fbid=pfbid02AbCdEfGhIj&id=1001", "pfbid02AbCdEfGhIj"),
        ("https://www.facebook.com/photo.php?fbid=3003&set=a.1", "3003"),
        ("https://www.facebook.com/photo/?fbid=3003", "3003"),
        ("https://www.facebook.com/Rights/photos/a.1/3003/?type=3", "3003"),
        ("https://www.facebook.com/Rights/videos/4004/", "4004"),
        ("https://www.facebook.com/watch/?v=4004", "4004"),
        ("https://www.facebook.com/reel/4004", "4004"),
        (" https://facebook.com/1001_2002 ", "1001_2002"),
    ],
)
def test_reads_links_that_people_copy(link: str, node: str) -> None:
    """Posts, photos and videos, by whichever address; what tells who copied it is left out."""
    found, url = Publisher.remote_id(link)
    assert found == node
    assert url.startswith("https://www.facebook.com/")
    assert not [word for word in ("mibextid", "comment_id", "set=") if word in url]
    assert Publisher.remote_id(url) == (found, url)


@pytest.mark.parametrize(
    "link",
    [
        "https://www.facebook.com/Rights",
        "https://www.facebook.com/share/p/1AbCdEf/",
        "https://www.facebook.com.example.org/1001_2002",
        "https://example.org/Rights/posts/2002",
        "https://www.facebook.com/permalink.php?id=1001",
        "https://www.facebook.com/groups/1/posts/../x",
        "ftp://www.facebook.com/1001_2002",
        "1001_2002",
        "https://www.facebook.com/",
    ],
)
def test_other_links_are_refused(link: str) -> None:
    """What is no link to a post is refused, with where to find one."""
    with pytest.raises(UserError, match="click on its date"):
        Publisher.remote_id(link)
