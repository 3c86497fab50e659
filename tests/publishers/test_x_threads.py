"""Threads on X: each part answers the one before, is found by what it answers, and fails alone."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.clock import SimulatedClock
from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Content, Outgoing, Receipt, Staged
from scheduler.standins.x import USERS, Server
from tests.publishers.conftest import Make, check_clean
from tests.publishers.harness_x import Harness
from tests.publishers.test_x import account, bare
from tests.publishers.test_x_faults import ALL, CLEAR, POST, patience

PARTS = ("Un", "Deux https://example.com/a", "Trois")
ANSWERED: Mapping[str, type[PublishError]] = {
    **CLEAR,
    "403_unseen": TryLater,
    "403_not_yours": Rejected,
    "404": TryLater,
}
"""What differs for a part after the first: X may not show the part before yet, or take no answer to it."""


def thread(folder: Path = Path("var")) -> Outgoing:
    """Return the first part of a thread, with a picture where there is a folder for it."""
    harness = Harness(folder)
    pictures = [harness.picture()] if folder.is_dir() and folder != Path("var") else []
    return replace(harness.out(PARTS[0], *pictures), rest=PARTS[1:])


@pytest.fixture
def second(make: Make) -> Outgoing:
    """Return the second part of a thread whose first one is out."""
    first = thread()
    return first.following(make().publish(first, make().stage(first)))


def test_each_part_answers_the_one_before(x: Server, make: Make, tmp_path: Path) -> None:
    """A thread goes out part by part, its picture with the first; X shows each as an answer."""
    out = thread(tmp_path)
    receipts = []
    for _ in PARTS:
        receipts.append(make().publish(out, make().stage(out)))
        out = out.following(receipts[-1]) if out.rest else out
    posts = x.state()["posts"]
    assert [post["text"] for post in posts] == list(PARTS)
    assert [post["reply_to"] for post in posts] == [None, posts[0]["id"], posts[1]["id"]]
    assert [len(post["media"]) for post in posts] == [1, 0, 0]
    assert [receipt.remote_id for receipt in receipts] == [post["id"] for post in posts]


def test_what_was_staged_for_the_first_part_serves_all(x: Server, make: Make, tmp_path: Path) -> None:
    """The pictures staged with a thread stay with its first part."""
    out = thread(tmp_path)
    staged = make().stage(out)
    receipt = make().publish(out, staged)
    second = out.following(receipt)
    make().publish(second, staged)
    assert make().stage(second, begun=staged).ids["media_ids"] == []
    assert [len(post.media) for post in x.posts] == [1, 0]


def test_finds_a_part_by_what_it_answers(x: Server, make: Make) -> None:
    """The same words count only as an answer to the same post, and the first part only as no answer."""
    first = thread()
    since, staged = datetime.now(UTC), make().stage(first)
    receipt = make().publish(first, staged)
    second = first.following(receipt)
    x.add(USERS[0], second.text)
    x.add(USERS[0], second.text, kind="reply", reply_to="1")
    x.add(USERS[0], first.text, kind="reply", reply_to=receipt.remote_id)
    assert make().find(second, make().stage(second), since) is None
    assert make().find(first, staged, since) == receipt
    answer = x.add(USERS[0], second.text, kind="reply", reply_to=receipt.remote_id)
    assert make().find(second, staged, since) == Receipt(
        remote_id=answer.id, url=answer.url, published_at=datetime.fromtimestamp(answer.at, UTC)
    )
    found = make().find(second, Staged(), since)
    assert isinstance(found, Receipt)


@pytest.mark.parametrize("fault", ALL)
def test_a_part_raises_what_is_safe(x: Server, make: Make, second: Outgoing, fault: str) -> None:
    """After any fault of a part: one request, never "not sent" while it is out, and a look tells the truth."""
    since, staged = datetime.now(UTC), make().stage(second)
    before = len(x.asked(POST))
    x.fail(POST, fault)
    with pytest.raises(PublishError) as raised:
        make(patience(fault)).publish(second, staged)
    assert type(raised.value) is ANSWERED.get(fault, OutcomeUnknown)
    check_clean(raised.value)
    assert len(x.asked(POST)) == before + 1
    found = make().find(second, staged, since)
    out = [post.id for post in x.posts if post.reply_to]
    assert (found.remote_id if isinstance(found, Receipt) else found) == (out[0] if out else None)
    assert not out or isinstance(raised.value, OutcomeUnknown)


def test_an_answer_too_soon_is_tried_again(x: Server, make: Make, second: Outgoing) -> None:
    """X doesn't show the part before at once: no time is named, so the daemon's own short delays count."""
    x.fail(POST, "403_unseen")
    with pytest.raises(TryLater) as raised:
        make().publish(second, make().stage(second))
    assert raised.value.at is None
    make().publish(second, make().stage(second))
    assert len(x.posts) == 2


def test_a_part_whose_thread_is_gone_is_refused(x: Server, make: Make, second: Outgoing) -> None:
    """Somebody deleted the part before: for five minutes X may be late, then this part is refused for good."""
    x.posts.clear()
    before = second.before[-1].published_at
    for later, kind in ((timedelta(minutes=4, seconds=59), TryLater), (timedelta(minutes=5), Rejected)):
        publisher = make(clock=SimulatedClock(before + later))
        with pytest.raises(kind, match="the part before"):
            publisher.publish(second, make().stage(second))
    assert not x.posts


def test_an_account_that_may_not_answer_is_not_blocked(x: Server, make: Make, second: Outgoing) -> None:
    """X takes no answers from the account: that part is refused, the first one stays, and the account goes on."""
    x.fail(POST, "403_not_yours")
    with pytest.raises(Rejected, match="not allowed"):
        make().publish(second, make().stage(second))
    assert [post.text for post in x.posts] == [PARTS[0]]
    stranger = x.add(USERS[1], "Autre")
    other = Receipt(remote_id=stranger.id, url=None, published_at=datetime.now(UTC))
    with pytest.raises(Rejected):
        make().publish(thread().following(other), make().stage(second))


@pytest.mark.parametrize("fault", ["402", "403_client", "403_spend", "403_usage", "401"])
def test_money_and_login_block_a_part_s_account_too(x: Server, make: Make, second: Outgoing, fault: str) -> None:
    """Refusals that are about the account stay so."""
    x.fail(POST, fault)
    with pytest.raises(AccountBlocked):
        make().publish(second, make().stage(second))


def test_never_answers_nobody(x: Server, make: Make) -> None:
    """A later part of which nobody knows what it answers would stand alone: it isn't sent."""
    lost = replace(thread(), part=2)
    with pytest.raises(TryLater, match="nothing was sent"):
        make().publish(lost, make().stage(lost))
    assert not x.posts


def test_threads_can_be_off() -> None:
    """An account with `threads: false` refuses them before anything is sent."""
    content = Content(text="Un", language="fr", thread=("Deux",))
    assert bare().findings(content) == []
    (found,) = bare(threads=False).findings(content)
    assert (found.rule, "x-fr" in found.message) == ("threads-off", True)
    assert [one.rule for one in bare(threads=False).problems(content)] == ["threads-off"]
    assert bare(threads=False).findings(Content(text="Un", language="fr")) == []
    with pytest.raises(Exception, match="threads is true or false"):
        type(bare())(account(options={"threads": "no"}), secrets={}, folder=Path("var"))


def test_each_part_is_checked() -> None:
    """A later part that is too long is named by its number."""
    (found,) = bare().findings(Content(text="Un", language="fr", thread=("Deux", "x" * 281)))
    assert found.message.startswith("part 3: 1 character over")
