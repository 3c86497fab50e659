"""Instagram and Threads fail in every way they can, at every request: what is raised must be safe to act on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Receipt, Staged
from scheduler.publishers.base import Absent, Deleted, NeedsHand
from scheduler.standins.containers import REFUSALS
from scheduler.standins.faults import FAULTS
from tests.publishers.conftest import check_clean
from tests.publishers.instagram_threads import NETWORKS, Scene, scene

ALL = sorted({*FAULTS, *REFUSALS})
HANGS = {"timeout_before_commit", "timeout_after_commit", "drip"}
CLEAR: dict[str, type[PublishError]] = {
    **dict.fromkeys(("meta_100", "2207085"), Rejected),
    **dict.fromkeys(("meta_10", "meta_102", "meta_190", "meta_190_460", "meta_190_463", "meta_200"), AccountBlocked),
    **dict.fromkeys(("meta_368", "2207050"), AccountBlocked),
    **dict.fromkeys(("429", "meta_4", "meta_17", "meta_32", "meta_613", "meta_80001", "meta_429"), TryLater),
    **dict.fromkeys(("meta_regain", "meta_retry_after", "2207042", "2207008"), TryLater),
}
"""The answers that say, and the container with them, that nothing was published. Every other leaves it open."""

SEEN = {"meta_100_after_commit", "meta_190_after_commit"}
"""Refusals of what is out: the container tells."""


def patience(fault: str) -> float:
    """Return a time-out: short only where it has to pass."""
    return 0.15 if fault in HANGS else 10


def outcome(step: Callable[[], object]) -> object:
    """Return what a step returns, or the PublishError it raises, which must not give anything away."""
    try:
        return step()
    except PublishError as error:
        check_clean(error)
        return error


@pytest.fixture(params=NETWORKS)
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Return each network in turn."""
    with scene(request.param, tmp_path) as made:
        yield made


def at(first: str, *others: str) -> pytest.MarkDecorator:
    """Return the requests that fail in turn: the first on both networks, the others, which they share, on one."""
    cases = [*((name, first) for name in NETWORKS), *(("instagram", step) for step in others)]
    return pytest.mark.parametrize(("on", "step"), cases, indirect=["on"])


@pytest.mark.parametrize("fault", ALL)
def test_publish_raises_what_is_safe_and_ends_in_one_post(on: Scene, fault: str) -> None:
    """After any fault: one request, never "not sent" while the post is out, and the way from there makes one post."""
    out, publisher = on.out(), on.make(patience(fault))
    staged = on.staged(out)
    since = on.clock.now()
    on.server.fail(on.endpoint("publish"), fault)
    after = outcome(lambda: publisher.publish(out, staged))
    if fault in SEEN:
        assert isinstance(after, Receipt)
    else:
        assert type(after) is CLEAR.get(fault, OutcomeUnknown)
        assert not on.server.posts or isinstance(after, OutcomeUnknown)
    assert len(on.server.asked(on.endpoint("publish"))) == 1
    if isinstance(after, OutcomeUnknown):
        found = on.found(out, staged, since)
        assert isinstance(found, Receipt if on.server.posts else Absent)
        if isinstance(found, Absent):
            after = on.make().publish(out, staged)  # the very same container
    elif isinstance(after, TryLater):
        on.make().publish(out, on.staged(out))
    if not isinstance(after, (Rejected, AccountBlocked)):
        assert len(on.server.posts) == 1
        assert len({post.id for post in on.server.posts}) == 1


@at("upload", "find", "quota")
@pytest.mark.parametrize("fault", ALL)
def test_stage_never_leaves_it_open(on: Scene, step: str, fault: str) -> None:
    """A fault while staging is never "unknown", shows nobody anything, and staging again makes it good."""
    out = on.out("x", on.picture())
    on.server.fail(on.endpoint(step), fault)
    after = outcome(lambda: on.staged(out, on.make(patience(fault))))
    assert isinstance(after, (Staged, TryLater, AccountBlocked, Rejected))
    assert not isinstance(after, Rejected) or fault in {"meta_100", "meta_100_after_commit", "2207085", "already"}
    assert not on.server.posts
    on.make().publish(out, on.staged(out))
    assert [file.alt for file in on.server.posts[0].media] == ["Une bougie"]


@at("find", "list")
@pytest.mark.parametrize("fault", ALL)
def test_find_tells_nothing_when_it_fails(on: Scene, step: str, fault: str) -> None:
    """A look that fails says nothing false: it raises, or the account's own posts tell all the same."""
    out = on.out()
    staged = on.staged(out)
    since = on.clock.now()
    receipt = on.make().publish(out, staged)
    on.server.fail(on.endpoint(step), fault)
    after = outcome(lambda: on.make(patience(fault)).find(out, staged, since))
    assert not isinstance(after, OutcomeUnknown)
    assert isinstance(after, PublishError) or (after == receipt and fault == "meta_33" and step == "find")
    assert on.make().find(out, staged, since) == receipt


@at("delete", "find", "list")
@pytest.mark.parametrize("fault", ALL)
def test_deleted_means_gone(on: Scene, step: str, fault: str) -> None:
    """A fault while deleting or reading back never passes for a deletion that didn't happen."""
    out = on.out()
    receipt = on.make().publish(out, on.staged(out))
    on.server.fail(on.endpoint(step), fault)
    after = outcome(lambda: on.make(patience(fault)).delete(receipt))
    assert isinstance(after, (Deleted, NeedsHand, TryLater, Rejected))
    if isinstance(after, Deleted):
        assert not on.server.posts
    assert isinstance(on.make().delete(receipt), Deleted)
    assert not on.server.posts


def test_a_word_that_it_is_gone_is_no_proof(on: Scene) -> None:
    """Meta says that a post isn't there, as it does in its outages: the list of posts shows it, so it isn't deleted."""
    out = on.out()
    receipt = on.make().publish(out, on.staged(out))
    on.server.fail(on.endpoint("delete"), "meta_33")
    on.server.fail("GET /:id", "meta_33")
    with pytest.raises(TryLater):
        on.make().delete(receipt)
    assert len(on.server.posts) == 1
