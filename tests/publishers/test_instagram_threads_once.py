"""Instagram and Threads through the whole program: what its state says of a post that is out, whatever they said."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler.operations.withdraw import withdraw
from scheduler.standins.containers import Container, Containers, Post
from scheduler.standins.faults import Answer
from scheduler.status import Status
from scheduler.store import controls
from tests.publishers.instagram_threads import ENDPOINTS, NETWORKS
from tests.reliability.on_networks import OnNetworks
from tests.world import NOON, post

HOUR = timedelta(hours=1)
REFUSALS = ["meta_4_after_commit", "meta_100_after_commit", "meta_190_after_commit", "2207051_after_commit"]


class Once(OnNetworks):
    """A world with one post on one network."""

    def __init__(self, folder: Path, platform: str, text: str = "hello") -> None:
        super().__init__(folder, platform)
        self.platform, self.key = platform, f"act/p@{platform}"
        self.server: Any = self.servers[platform]
        self.write(post(at=NOON + timedelta(minutes=10), text=text, images=(self.picture(),)))
        self.queue()
        self.let(timedelta(minutes=10) - timedelta(seconds=1))

    def fail(self, fault: str, **more: int) -> None:
        """Let the visible call fail."""
        self.server.fail(ENDPOINTS[self.platform]["publish"], fault, **more)

    def calls(self) -> int:
        """Return how often the visible call was made."""
        return len(self.server.asked(ENDPOINTS[self.platform]["publish"]))

    def tasks(self) -> list[str]:
        """Return what people are asked to do."""
        with self.store.read() as c:
            return [one.key for one in controls.open_tasks(c)]


@pytest.fixture(params=NETWORKS)
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Once]:
    """Return each network in turn, with one post that is about to go out."""
    world = Once(tmp_path, request.param)
    yield world
    world.close()


@pytest.fixture
def vanishing(tmp_path: Path) -> Iterator[Once]:
    """Return Threads, where a container is gone once it is out, and no list ever shows the words as we wrote them."""
    world = Once(tmp_path, "threads", "wordes")
    world.server.forgets = True
    rewording(world.server, {"wordes": "words"})
    yield world
    world.close()


def rewording(server: Containers, instead: dict[str, str]) -> None:
    """Let a network put a text out in other words than it was given."""
    put_out = server.put_out

    def reworded(container: Container, out: Post) -> Answer:
        out.text = instead.get(out.text, out.text)
        return put_out(container, out)

    server.put_out = reworded  # type: ignore[method-assign]


@pytest.mark.parametrize("fault", REFUSALS)
@pytest.mark.parametrize("lags", [0, 1, 2])
def test_a_refusal_of_what_is_out_and_told_late(on: Once, fault: str, lags: int) -> None:
    """The post is out, the answer refuses it, and the container tells late: one post, published, no second call."""
    on.server.lags = lags
    on.fail(fault)
    on.let(HOUR)
    assert on.out(on.platform) == {"hello": 1}
    assert on[on.key].status is Status.published
    assert on.calls() == 1


@pytest.mark.parametrize("fault", REFUSALS)
def test_withdrawn_after_a_refusal_of_what_is_out(on: Once, fault: str) -> None:
    """A person wants it gone while nobody knows yet that it is out: it is found, and taken down."""
    on.server.lags = 1
    on.fail(fault)
    on.let(timedelta(seconds=5))
    assert on.out(on.platform) == {"hello": 1}
    withdraw(on.app, on.key, who="a")
    on.let(HOUR)
    assert on[on.key].status is Status.withdrawn
    assert on.out(on.platform) == {}
    assert on.tasks() == []


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [("meta_100", Status.failed, "Invalid parameter"), ("meta_10", Status.held, "does not have permission")],
)
def test_a_refusal_counts_once_it_is_proven_that_nothing_is_out(
    on: Once, fault: str, status: Status, says: str
) -> None:
    """The container says minutes later, too, that it isn't out: what was said counts, and nothing is sent again."""
    on.fail(fault, times=100)
    on.let(timedelta(minutes=2))
    assert on[on.key].status is Status.unknown
    on.let(timedelta(minutes=3))
    assert on[on.key].status is status
    assert says in on[on.key].reason
    assert on.calls() == 1


def test_a_final_no_counts_at_once(on: Once) -> None:
    """A caption that is refused for good is said so at once: there is nothing to look up."""
    on.fail("2207010")
    on.let(timedelta(seconds=5))
    assert on[on.key].status is Status.failed


def test_a_throttled_call_is_repeated_with_the_same_container(on: Once) -> None:
    """Too many calls: minutes later the very same container is published; nothing is made anew."""
    on.fail("meta_17")
    on.let(HOUR)
    assert on[on.key].status is Status.published
    assert on.out(on.platform) == {"hello": 1}
    assert on.calls() == 2
    assert len(on.server.asked(ENDPOINTS[on.platform]["upload"])) == 1


def test_the_time_that_a_network_names_is_kept(on: Once) -> None:
    """Too many calls for eleven minutes: none is made before they are over."""
    on.fail("meta_regain", times=100)
    on.let(timedelta(minutes=5))
    assert on[on.key].status is Status.queued
    assert on[on.key].not_before is not None
    assert on.calls() == 1


# ── a container that is gone once it is out ─────────────────────────────────────────────────────────────


def test_a_container_that_is_gone_is_taken_for_out(vanishing: Once) -> None:
    """It was ready, it was published, it can't be read any more, no list shows it: out, and never sent again."""
    vanishing.fail("meta_2_after_commit")
    vanishing.let(HOUR)
    assert vanishing[vanishing.key].status is Status.published
    assert vanishing[vanishing.key].url is None
    assert vanishing.calls() == 1
    vanishing.let(timedelta(hours=30))
    assert vanishing.out("threads") == {"words": 1}


@pytest.mark.parametrize("when", [timedelta(seconds=5), timedelta(minutes=4), HOUR])
def test_a_person_is_asked_to_take_down_what_has_no_name(vanishing: Once, when: timedelta) -> None:
    """Nobody can tell which post it is: whenever it is withdrawn, a person is asked; it never counts as cancelled."""
    vanishing.fail("meta_2_after_commit")
    vanishing.let(when)
    withdraw(vanishing.app, vanishing.key, who="a")
    vanishing.let(HOUR)
    assert vanishing[vanishing.key].status is Status.published
    assert vanishing.out("threads") == {"words": 1}
    assert vanishing.tasks() == [vanishing.key]


def test_a_list_that_lags_is_waited_for(tmp_path: Path) -> None:
    """The container is gone and the list shows the post only some looks later: it gets its own id and link."""
    world = Once(tmp_path, "threads")
    world.server.forgets, world.server.hidden_looks = True, 4
    world.fail("meta_2_after_commit")
    world.let(HOUR)
    (seen,) = world.server.posts
    assert (world[world.key].remote_id, world[world.key].url) == (seen.id, seen.url)
    assert world.calls() == 1
    world.close()


def test_folded_spaces_are_the_same_words(tmp_path: Path) -> None:
    """A network tidies the spaces of a text: it is found among its posts all the same."""
    world = Once(tmp_path, "threads", "one  two\n\n\nthree")
    world.server.forgets = True
    rewording(world.server, {"one  two\n\n\nthree": "one two\nthree"})
    world.fail("meta_2_after_commit")
    world.let(HOUR)
    assert world[world.key].remote_id == world.server.posts[0].id
    world.close()


# ── what is stored of a post without a name ─────────────────────────────────────────────────────────────


def test_what_has_no_name_yet_is_found_and_taken_down_later(on: Once) -> None:
    """A person posted the same words: the receipt names the container, is stored whole, and finds the post later."""
    user = next(user for user in on.server.users.values() if user.name == on.platform)
    by_hand = on.server.add(user, "hello")
    on.fail("reset_after_commit")
    on.let(HOUR)
    delivery = on[on.key]
    assert delivery.status is Status.published
    assert delivery.receipt is not None
    assert delivery.receipt.ids["container"] == delivery.remote_id
    on.server.posts.remove(by_hand)
    withdraw(on.app, on.key, who="a")
    on.let(HOUR)
    assert on[on.key].status is Status.withdrawn
    assert on.out(on.platform) == {}
