"""Instagram and Threads fail in every way they can, at every request: what is raised must be safe to act on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Receipt, Staged
from scheduler.publishers.base import Absent, Deleted, NeedsHand
from scheduler.standins.containers import REFUSALS
from scheduler.standins.faults import FAULTS
from scheduler.standins.graph import error, refusal
from tests.publishers.conftest import check_clean
from tests.publishers.instagram_threads import NETWORKS, Scene, scene

ALL = sorted({*FAULTS, *REFUSALS})
HANGS = {"timeout_before_commit", "timeout_after_commit", "drip"}
CLEAR: dict[str, type[PublishError]] = {
    "2207010": Rejected,
    **dict.fromkeys(("2207042", "2207042_until_2030"), TryLater),
}
"""The answers that say, and the container with them, that nothing was published. Every other leaves it open."""

NOES = {"meta_100", "meta_100_after_commit", "2207010", "2207085", "already"}
"""Refusals for good, of what isn't visible."""

SEEN = {"meta_100_after_commit", "meta_190_after_commit", "meta_4_after_commit"}
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
    assert not isinstance(after, Rejected) or fault in NOES
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


def test_another_accounts_token_deletes_nothing(on: Scene) -> None:
    """The account's keys were changed for another's since: for those the post isn't there, and it is still out."""
    out = on.out()
    receipt = on.make().publish(out, on.staged(out))
    answer = on.make(user=on.users[1]).delete(receipt)
    assert isinstance(answer, NeedsHand)
    assert "may be another's" in answer.what
    assert len(on.server.posts) == 1
    assert isinstance(on.make().delete(receipt), Deleted)
    assert isinstance(on.make().delete(receipt), Deleted)


def test_what_has_no_name_is_never_taken_for_a_later_post(on: Scene) -> None:
    """The post without a name is gone, and the same words went out an hour later: that one stays."""
    out = on.out("chaque jour")
    staged, since = on.staged(out), on.clock.now()
    nameless = on.make()._nameless(out, str(staged.ids["container"]), since)
    on.later(hours=1)
    on.server.add(on.users[0], "chaque jour")
    assert isinstance(on.make().delete(nameless), NeedsHand)
    assert len(on.server.posts) == 1


@pytest.mark.parametrize("quoted", ["{}", "{}…", "see <{}>.", "({}", '"{}"'])
def test_the_address_of_a_lent_file_is_repeated_nowhere(on: Scene, quoted: str) -> None:
    """Meta quotes the address that it couldn't fetch, also cut short, also in a container: nobody reads it here."""
    publisher = on.make()
    picture = on.picture()
    address = publisher._lend(picture, on.out("x", picture), on.clock.now())
    for shown in (address, address[:-8], quote(address, safe="")):
        words = f"The media could not be fetched from this URI: {quoted.format(shown)}"
        on.server.refusals = {"quoting": refusal(error(400, 9004, "x", 2207052, error_user_msg=words))}  # type: ignore[misc]
        on.server.fail(on.endpoint("upload"), "quoting")
        with pytest.raises(TryLater, match="could not be fetched from this URI") as raised:
            on.make().stage(on.out("x", picture))
        check_unsaid(address, str(raised.value))
        staged = publisher.stage(on.out("x", picture))
        made = on.server.containers[str(staged.ids["container"])]
        made.working, made.broken = 0, words
        with pytest.raises(TryLater, match="could not be fetched from this URI") as raised:
            on.make().stage(on.out("x", picture), staged)
        check_unsaid(address, str(raised.value))


def check_unsaid(address: str, said: str) -> None:
    """Check that no part of an address is in what was said."""
    assert urlsplit(address).netloc not in said
    assert not any(piece in said for piece in urlsplit(address).path.split("/") if len(piece) > 4)
