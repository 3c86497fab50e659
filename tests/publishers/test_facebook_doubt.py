"""What could make Facebook say something that isn't so: posts of the same words, calls that end late, other keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from scheduler.clock import Clock
from scheduler.errors import OutcomeUnknown, TryLater
from scheduler.model import Account, Picture, Place, Receipt, Text, Workspace
from scheduler.operations import recover
from scheduler.publishers.base import Absent, Deleted, NeedsHand, Publisher
from scheduler.publishers.facebook import Publisher as Facebook
from scheduler.standins.facebook import PAGES, Server
from scheduler.status import Status
from scheduler.store import deliveries
from tests.publishers.facebook_bench import Bench, Watch, running, staged
from tests.publishers.harness_facebook import secrets_of
from tests.world import NOON, World, post

POST = "POST /:page/feed"
FLIP = "POST /:id"
LIST = "GET /:page/published_posts"


@pytest.fixture
def watch() -> Watch:
    """Return a clock that stands still."""
    return Watch(NOON)


@pytest.fixture
def bench(tmp_path: Path, watch: Watch) -> Iterator[Bench]:
    """Return Facebook, living by that clock."""
    with running(tmp_path, now=watch.seconds) as ready:
        yield ready


# ── the same words ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("tells", [True, False])
def test_two_posts_of_the_same_words_are_two(bench: Bench, watch: Watch, *, tells: bool) -> None:
    """The post before has the same caption and another photo: it is never taken for the one that isn't out."""
    bench.server.tells_stories = tells
    publisher = bench.publisher(clock=watch)
    first, second = (bench.out("Libérez-les", bench.picture(f"{name}.png", name)) for name in "ab")
    ready = publisher.stage(second)
    publisher.publish(first, publisher.stage(first))
    bench.server.fail(POST, "503")
    with pytest.raises(OutcomeUnknown):
        publisher.publish(second, ready)
    assert publisher.find(second, ready, watch.at) is None


# ── calls that end late ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["draft", "film"])
def test_a_call_that_is_still_in_work_is_not_absent(bench: Bench, watch: Watch, kind: str) -> None:
    """The change of state was given up and comes true later: until then a look doesn't say that it won't."""
    publisher = bench.publisher(clock=watch, two_phase=True, timeout=[10, 0.15])
    out = bench.out("Plus tard", *([bench.film()] if kind == "film" else []))
    ready = staged(publisher, out, watch)
    began = watch.at
    bench.server.fail(FLIP, "commits_late")
    with pytest.raises(OutcomeUnknown):
        publisher.publish(out, ready)
    watch.sleep(15)
    assert publisher.find(out, ready, began) is None
    bench.server.finish()
    assert isinstance(publisher.find(out, ready, began), Receipt)
    assert len(bench.seen) == 1


def test_one_of_its_looks_can_prove_absence(bench: Bench, watch: Watch) -> None:
    """Before a person is asked comes a look that is late enough to believe that nothing is out."""
    publisher, out = bench.publisher(clock=watch, two_phase=True), bench.out("Retenu")
    ready = publisher.stage(out)
    found = [publisher.find(out, ready, watch.at - after) for after in Facebook.looks]
    assert [isinstance(one, Absent) for one in found] == [False, False, True, True]


# ── other keys, other Pages ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("two_phase", [False, True])
def test_the_post_has_a_connection_of_its_own(bench: Bench, *, two_phase: bool) -> None:
    """A connection that was kept open may have died unnoticed: the visible call uses none, not even its own last."""
    publisher = bench.publisher(two_phase=two_phase)
    outs = [bench.out(f"Seule {number}", bench.picture()) for number in range(2)]
    ready = [publisher.stage(out) for out in outs]
    for out, one in zip(outs, ready, strict=True):
        before = {request.port for request in bench.server.requests}
        publisher.publish(out, one)
        assert bench.server.requests[-1].port not in before


@pytest.mark.parametrize("times", [1, 2, 9])
def test_not_there_for_us_is_not_deleted(bench: Bench, times: int) -> None:
    """Facebook says "not there" for want of a permission: what the Page's own list still shows isn't gone."""
    publisher, out = bench.publisher(), bench.out("Reste", bench.picture())
    receipt = publisher.publish(out, publisher.stage(out))
    bench.server.fail("DELETE /:id", "meta_33", times=times)
    bench.server.fail("GET /:id", "meta_33", times=times)
    with pytest.raises(TryLater, match="still lists"):
        publisher.delete(receipt)
    bench.server.clear()
    assert isinstance(publisher.delete(receipt), Deleted)
    assert bench.seen == []


def test_a_list_that_cannot_be_read_proves_no_deletion(bench: Bench) -> None:
    """Neither the post nor the list is shown: nobody knows."""
    publisher, out = bench.publisher(), bench.out("Reste")
    receipt = publisher.publish(out, publisher.stage(out))
    bench.server.fail("*", "meta_33", times=9, after=1)
    with pytest.raises(Exception, match="Facebook answers 400"):
        publisher.delete(receipt)
    assert len(bench.seen) == 1


@pytest.mark.parametrize("moved", [False, True])
def test_another_pages_token_deletes_nothing(bench: Bench, *, moved: bool) -> None:
    """The account's keys were changed for another Page's since: the post is there, and a person has to do it."""
    publisher, out = bench.publisher(), bench.out("Reste", bench.picture())
    receipt = publisher.publish(out, publisher.stage(out))
    other = bench.publisher(page=PAGES[1])
    if not moved:
        other._secrets = {**secrets_of(PAGES[1]), "PAGE_ID": PAGES[0].id}
    answer = other.delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert str(receipt.url) in answer.what
    assert len(bench.seen) == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://www.facebook.com/Ailleurs/posts/77",
        "https://www.facebook.com/9999_77",
        "https://www.facebook.com/watch/?v=77",
    ],
)
def test_what_was_never_seen_may_be_another_pages(bench: Bench, link: str) -> None:
    """A link that a person copied leads to what this Page's token doesn't see: that isn't gone."""
    node, url = Facebook.remote_id(link)
    answer = bench.publisher().delete(Receipt(remote_id=node, url=url, published_at=NOON))
    assert isinstance(answer, NeedsHand)
    assert "neither before nor after" in answer.what


# ── the whole way ───────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def campaign(folder: Path, **options: object) -> Iterator[tuple[Server, World]]:
    """Return Facebook and a campaign of one account there; both live by one clock."""
    world = World(folder, accounts=("f",))
    with Server(now=lambda: world.clock.now().timestamp()) as server:
        about = {"base_url": server.url, "options": {"timeout": [5, 0.3], **options}}
        account = Account(name="f", platform="facebook", language="en", **about)  # type: ignore[arg-type]

        def build(_account: Account, _workspace: Workspace, clock: Clock) -> Publisher:
            return Facebook(account, secrets=secrets_of(PAGES[0]), folder=folder, clock=clock)

        world.workspace = replace(world.workspace, accounts={"f": account})
        world.app = replace(world.app, workspace=world.workspace, factory=build)
        yield server, world
    assert not server.errors


def picture(folder: Path, name: str) -> tuple[Picture, ...]:
    """Return a picture for a post."""
    Image.new("RGB", (120, 80), "red" if name == "a" else "blue").save(folder / f"{name}.png")
    return (Picture(file=f"{name}.png", alt=Text({"": name}), place=Place(file="posts/act.yaml")),)


@pytest.mark.parametrize("fault", ["", "timeout_after_commit"])
def test_a_withdrawn_post_takes_its_pictures_along(tmp_path: Path, fault: str) -> None:
    """Published and stored, or found later: what is taken down leaves no picture that anyone could still open."""
    with campaign(tmp_path) as (server, world):
        world.write(post("p", images=picture(tmp_path, "a")))
        world.queue()
        if fault:
            server.fail(POST, fault)
        world.let(timedelta(minutes=10))
        assert len(server.state()["posts"]) == 1
        recover.take_down(world.app, world["act/p@f"])
        state = server.state()
        assert (state["posts"], state["left"], state["photos"]) == ([], [], [])
        assert world.statuses() == {"act/p@f": Status.withdrawn}


def test_what_was_withdrawn_meanwhile_does_not_come_out_late(tmp_path: Path) -> None:
    """The change of state is given up, a person wants the post gone, and Facebook finishes after that: it is gone."""
    with campaign(tmp_path, two_phase=True) as (server, world):
        world.write(post("p"))
        world.queue()
        world.clock.move_to(NOON - timedelta(minutes=1))
        world.run()
        server.fail(FLIP, "commits_late")
        world.clock.move_to(NOON)
        world.run()
        assert world.statuses() == {"act/p@f": Status.unknown}
        with world.store.write() as c:
            deliveries.set_columns(c, world["act/p@f"], withdraw_wanted=True)
        world.let(timedelta(seconds=90))
        assert world.statuses() == {"act/p@f": Status.unknown}
        server.finish()
        world.let(timedelta(hours=1))
        assert (server.state()["posts"], world.statuses()) == ([], {"act/p@f": Status.withdrawn})
        assert len(server.asked(FLIP)) == 1


def test_a_post_is_not_filed_as_another(tmp_path: Path) -> None:
    """Two posts of the same words, the second never taken: it is a person's task, and the first stays what it is."""
    with campaign(tmp_path) as (server, world):
        world.write(
            post("a", text="Free them", images=picture(tmp_path, "a")),
            post("b", at=NOON + timedelta(seconds=20), text="Free them", images=picture(tmp_path, "b")),
        )
        world.queue()
        world.clock.move_to(NOON - timedelta(minutes=1))
        world.run()
        server.fail(POST, "503", after=1)
        world.let(timedelta(minutes=20))
        assert world.statuses() == {"act/a@f": Status.published, "act/b@f": Status.needs_human}
        assert [one["id"] for one in server.state()["posts"]] == [world["act/a@f"].remote_id]
