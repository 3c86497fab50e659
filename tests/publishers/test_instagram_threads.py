"""Instagram and Threads alike: containers step by step, what is found afterwards, and what is taken down."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.errors import AccountBlocked, OutcomeUnknown, Rejected, TryLater
from scheduler.model import Receipt, Staged
from scheduler.publishers.base import Absent, Deleted, NeedsHand
from tests.publishers.conftest import check_clean
from tests.publishers.instagram_threads import NETWORKS, Scene, scene


@pytest.fixture(params=NETWORKS)
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """Return each network in turn."""
    with scene(request.param, tmp_path) as made:
        yield made


# ── staging ─────────────────────────────────────────────────────────────────────────────────────────────


def test_stores_each_id_before_it_goes_on(on: Scene) -> None:
    """Three pictures are four containers, made one a step: what was made is never made again."""
    out = on.out("trois", *(on.picture(f"{n}.jpg", f"Photo {n}") for n in range(3)))
    made, staged = [], None
    while staged is None or staged.again_at is not None:
        staged = on.make().stage(out, Staged(json.loads(json.dumps(staged.ids))) if staged else None)
        made.append(len(on.server.containers))
        if staged.again_at is not None:
            on.clock.move_to(max(on.clock.now(), staged.again_at))
    assert all(after - before <= 1 for before, after in zip([0, *made], made, strict=False))
    assert len(on.server.containers) == 4
    assert not on.server.posts
    receipt = on.make().publish(out, staged)
    assert [file.alt for file in on.server.posts[0].media] == ["Photo 0", "Photo 1", "Photo 2"]
    assert receipt.url == on.server.posts[0].url


def test_waits_in_growing_distances_and_not_for_ever(on: Scene) -> None:
    """A container that isn't ready is asked every 3 seconds, then every minute; after 5 it is made anew."""
    on.server.working = 1000
    out = on.out("lent", on.picture())
    began = on.clock.now()
    with pytest.raises(TryLater, match="still at work"):
        on.staged(out)
    assert on.clock.now() - began < timedelta(minutes=7)
    assert len(on.server.asked("GET /:id")) == 16  # eleven times in the first half minute, then once a minute
    on.server.working = 0
    on.make().publish(out, on.staged(out))
    assert len(on.server.posts) == 1


def test_a_quota_that_is_used_up_is_waited_for(on: Scene) -> None:
    """No container is made where none could be published today; a quota that can't be read stops nobody."""
    out = on.out()
    on.server.published_at = [(on.users[0].id, on.clock.now().timestamp(), False)] * 250
    with pytest.raises(TryLater, match="in 24 hours") as raised:
        on.make().stage(out)
    assert raised.value.at == on.clock.now() + timedelta(minutes=15)
    assert not on.server.containers
    on.server.fail(on.endpoint("quota"), "meta_100")
    assert on.make().stage(out)


def test_rests_where_most_calls_are_used_up(on: Scene) -> None:
    """Meta's headers say that 85 % are used: nothing is made before the minutes that they name."""
    on.server.usage, on.server.regain = 85, 11
    with pytest.raises(TryLater) as raised:
        on.make().stage(on.out())
    assert raised.value.at == on.clock.now() + timedelta(minutes=11)
    assert not on.server.containers


def test_says_what_is_missing_to_lend_a_picture(on: Scene) -> None:
    """Without a shelf an account with a picture to show is held, and nothing else happens."""
    publisher = on.make()
    publisher._shelf = None
    with pytest.raises(AccountBlocked, match="public_url"):
        publisher.stage(on.out("x", on.picture()))


def test_containers_expire_after_a_day(on: Scene) -> None:
    """A container is made anew after 23 hours; published after 24 it is refused, and that is proven not sent."""
    out, publisher = on.out(), on.make()
    staged = on.staged(out)
    assert not publisher.stage_expired(staged, on.clock.now() + timedelta(hours=22))
    assert publisher.stage_expired(staged, on.clock.now() + timedelta(hours=23))
    on.later(hours=24)
    with pytest.raises(TryLater):
        publisher.publish(out, staged)
    assert publisher.stage(out, staged).ids["made"] != staged.ids["made"]
    assert not publisher.stage_expired(Staged(), on.clock.now())


def test_never_publishes_what_is_not_ready(on: Scene) -> None:
    """What was staged halfway, or is somebody else's, sends nothing."""
    half = on.make().stage(on.out())
    asked = len(on.server.requests)
    for staged in (half, Staged(), Staged({"ready": True}), Staged({"container": "../1", "ready": True})):
        with pytest.raises(TryLater, match="not staged"):
            on.make().publish(on.out(), staged)
    assert len(on.server.requests) == asked


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("Error: Media upload has failed with error code 2207026", Rejected),
        ("Error: Media upload has failed with error code 2207053", TryLater),
        ("INVALID_ASPEC_RATIO", Rejected),
        ("FAILED_DOWNLOADING_VIDEO", TryLater),
        ("", TryLater),
    ],
)
def test_a_container_that_failed(on: Scene, said: str, raised: type[Exception]) -> None:
    """What is wrong with the file itself is final; anything else is tried anew."""
    mine = said.startswith("Error") == (on.name == "instagram") or not said
    out, publisher = on.out("x", on.picture()), on.make()
    staged = publisher.stage(out)
    made = on.server.containers[str(staged.ids["container"])]
    made.working, made.broken = 0, said or "?"
    with pytest.raises(raised if mine else (Rejected, TryLater)):
        publisher.stage(out, staged)


def test_refuses_what_the_network_would(on: Scene) -> None:
    """A file too large, of another kind or of another shape is refused in plain words, before any call."""
    good = on.picture()
    for change in ({"size": 8_000_001}, {"mime": "image/webp"}, {"width": 5000, "height": 400}):
        bad = type(good)(**{**vars(good), **change})
        with pytest.raises(Rejected, match=r"card\.jpg"):
            on.make().stage(on.out("x", bad))
    assert not on.server.requests


# ── publishing and finding ──────────────────────────────────────────────────────────────────────────────


def test_a_container_makes_one_post_however_often(on: Scene) -> None:
    """Publishing the same container again is no second post, and the look finds the first."""
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    receipt = on.make().publish(out, staged)
    with pytest.raises(OutcomeUnknown):
        on.make().publish(out, staged)
    assert on.found(out, staged, since) == receipt
    assert len(on.server.posts) == 1


def test_ready_is_believed_only_after_a_while(on: Scene) -> None:
    """A container that still seems ready is looked at again; one that is ready to the end was not published."""
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    on.server.fail(on.endpoint("publish"), "timeout_before_commit")
    with pytest.raises(OutcomeUnknown):
        on.make(0.15).publish(out, staged)
    publisher = on.make()
    seen = []
    for look in publisher.looks:
        on.clock.move_to(since + look)
        seen.append(publisher.find(out, staged, since))
    assert seen[:2] == [None, None]
    assert isinstance(seen[2], Absent)
    publisher.publish(out, staged)
    assert len(on.server.posts) == 1
    assert len(on.server.asked(on.endpoint("upload"))) == 1


def test_a_state_that_lags_is_waited_for(on: Scene) -> None:
    """The container says only at the second look that it is out: no look before says that it isn't."""
    on.server.lags = 1
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    on.server.fail(on.endpoint("publish"), "reset_after_commit")
    with pytest.raises(OutcomeUnknown):
        on.make().publish(out, staged)
    assert on.make().find(out, staged, since) is None
    assert isinstance(on.found(out, staged, since), Receipt)


def test_a_state_that_never_comes_makes_no_second_post(on: Scene) -> None:
    """Even where the container never says that it is out, the list does, and the same container can't post twice."""
    on.server.lags = 10**6
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    receipt = on.make().publish(out, staged)
    assert on.found(out, staged, since) == receipt
    on.server.hidden_looks = 10**6
    assert isinstance(on.found(out, staged, since), Absent)
    with pytest.raises(OutcomeUnknown):
        on.make().publish(out, staged)
    assert len(on.server.posts) == 1


def test_two_alike_are_not_told_apart(on: Scene) -> None:
    """A person posted the same words: the receipt has no id, deleting asks a person, and later finds it by itself."""
    out = on.out("deux fois")
    staged, since = on.staged(out), on.clock.now()
    by_hand = on.server.add(on.users[0], "deux fois")
    on.make().publish(out, staged)
    found = on.found(out, staged, since)
    assert isinstance(found, Receipt)
    assert (found.remote_id, found.url) == (staged.ids["container"], None)
    answer = on.make().delete(found)
    assert isinstance(answer, NeedsHand)
    assert "2027-03-01 12:0" in answer.what
    on.server.posts.remove(by_hand)
    assert isinstance(on.make().delete(found), Deleted)
    assert not on.server.posts


def test_an_expired_container_is_never_replaced_while_two_alike_are_out(on: Scene) -> None:
    """The container expired and the words are there twice: one may be ours, so no third is made."""
    out = on.out("deux fois")
    staged = on.staged(out)
    on.later(hours=25)
    since = on.clock.now()
    for _ in range(2):
        on.server.add(on.users[0], "deux fois")
    with pytest.raises(OutcomeUnknown):
        on.make().publish(replace(out, due_at=since), staged)
    found = on.found(out, staged, since)
    assert isinstance(found, Receipt)
    assert found.url is None


def test_an_expired_container_is_replaced_where_nothing_is_out(on: Scene) -> None:
    """Expired and not among the account's posts: proven not out; among them: that is the receipt."""
    out = on.out("une fois")
    staged = on.staged(out)
    on.later(hours=25)
    since = on.clock.now()
    assert on.make().find(out, staged, since) is None
    assert isinstance(on.found(out, staged, since), Absent)
    post = on.server.add(on.users[0], "une fois")
    found = on.make().publish(replace(out, due_at=since), staged)
    assert found.remote_id == post.id


@pytest.mark.parametrize("fault", ["500", "meta_190", "meta_33"])
def test_a_refusal_with_a_container_that_cannot_be_read(on: Scene, fault: str) -> None:
    """The call is refused and nothing says whether the post is out: unknown; a dead token alone is sure."""
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    refusal = "meta_190" if fault == "meta_190" else "meta_100"
    on.server.fail(on.endpoint("publish"), refusal)
    on.server.fail("GET /:id", fault)
    on.server.fail(on.endpoint("list"), "500")
    with pytest.raises(AccountBlocked if fault == "meta_190" else OutcomeUnknown):
        on.make().publish(out, staged)
    on.server.clear()
    assert isinstance(on.found(out, staged, since), Absent)


def test_that_it_is_out_is_enough(on: Scene) -> None:
    """The container says that it is out and the list can't be read for minutes: the receipt is filed without an id."""
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    on.make().publish(out, staged)
    on.server.fail(on.endpoint("list"), "500", times=3)
    with pytest.raises(TryLater):
        on.make().find(out, staged, since)
    on.later(minutes=5)
    found = on.make().find(out, staged, since)
    assert isinstance(found, Receipt)
    assert found.ids["container"] == staged.ids["container"]


def test_a_container_at_work_is_asked_again(on: Scene) -> None:
    """A container that says it is being worked on tells nothing: that look doesn't count."""
    out = on.out()
    staged, since = on.staged(out), on.clock.now()
    on.server.containers[str(staged.ids["container"])].working = 1
    with pytest.raises(TryLater, match="still at work"):
        on.make().find(out, staged, since)


def test_leaves_other_posts_alone(on: Scene) -> None:
    """Not ours: the same words yesterday, other words, another account's."""
    on.server.add(on.users[0], "chaque jour")
    on.later(days=1)
    out = on.out("chaque jour")
    staged, since = on.staged(out), on.clock.now()
    on.server.add(on.users[0], "chaque jour !")
    on.server.add(on.users[1], "chaque jour")
    assert isinstance(on.found(out, staged, since), Absent)
    assert on.make().find(out, Staged(), since) is None


def test_looks_through_page_after_page(on: Scene) -> None:
    """A post is found behind 250 others, and the search ends where its time begins."""
    for n in range(150):
        on.server.add(on.users[0], f"avant {n}")
    on.later(hours=1)
    out = on.out("au fond")
    staged, since = on.staged(out), on.clock.now()
    receipt = on.make().publish(out, staged)
    for n in range(250):
        on.server.add(on.users[0], f"après {n}")
    asked = len(on.server.asked(on.endpoint("list")))
    assert on.make().find(out, staged, since) == receipt
    assert len(on.server.asked(on.endpoint("list"))) - asked == 3


def test_a_link_that_cannot_be_read_is_no_failure(on: Scene) -> None:
    """The post is out and its link isn't to be had: the receipt is filed without."""
    out = on.out()
    staged = on.staged(out)
    on.server.fail("GET /:id", "500")
    receipt = on.make().publish(out, staged)
    assert (receipt.remote_id, receipt.url) == (on.server.posts[0].id, None)


# ── the account ─────────────────────────────────────────────────────────────────────────────────────────


def test_no_secret_stands_in_an_address(on: Scene) -> None:
    """Of all requests, renewing among them, none has a token anywhere but in its header."""
    out = on.out()
    user = on.users[-1]
    publisher = on.make(user=user, login="instagram") if on.name == "instagram" else on.make(user=user)
    publisher.renew()
    publisher.verify()
    publisher.publish(out, on.staged(out, publisher))
    for request in on.server.requests:
        shown = f"{request.url} {request.query} {request.body!r}"
        assert "canary" not in shown
        assert request.headers["Authorization"].startswith("Bearer canary-")


def test_a_revoked_token_blocks_the_account(on: Scene) -> None:
    """A token that no longer works holds the account, at every step; a post that is out is left to a person."""
    out = on.out()
    staged = on.staged(out)
    receipt = on.make().publish(on.out("avant"), on.staged(on.out("avant")))
    on.server.revoke(on.users[0])
    publisher = on.make()
    for step in (publisher.verify, lambda: publisher.stage(out), lambda: publisher.publish(out, staged)):
        with pytest.raises(AccountBlocked, match=f"`solidarity accounts login --account {on.name}-fr`$") as raised:
            step()
        check_clean(raised.value)
    assert isinstance(publisher.delete(receipt), NeedsHand)


def test_a_missing_secret_is_named(on: Scene) -> None:
    """A secret that isn't there is named, and nothing is asked."""
    publisher = on.make()
    publisher._secrets = {}
    with pytest.raises(AccountBlocked, match=f"{on.name}-fr has no .*ACCESS_TOKEN"):
        publisher.verify()
    assert not on.server.requests


def test_nobody_there_is_proven_not_sent(on: Scene) -> None:
    """A name without an address, a door that is closed, and a host that doesn't speak TLS: not sent."""
    out = on.out()
    staged = on.staged(out)
    for url in ("https://meta.invalid", on.server.url.replace("http:", "https:")):
        with pytest.raises(TryLater) as raised:
            on.make(url=url).publish(out, staged)
        check_clean(raised.value)
    on.server.stop()
    with pytest.raises(TryLater):
        on.make().publish(out, staged)
    assert not on.server.posts


def test_importing_is_light() -> None:
    """Neither the modules nor checking a text load what speaks HTTP."""
    code = (
        "import sys, scheduler.publishers.instagram, scheduler.publishers.threads\n"
        "print(any(name in sys.modules for name in ('requests', 'urllib3', 'tweepy', 'twitter_text')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", NETWORKS)
def test_serves_another_process(name: str, tmp_path: Path) -> None:
    """Each stand-in runs by itself, and says where."""
    command = [sys.executable, "-m", f"scheduler.standins.{name}", "--log", str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert json.loads(running.stdout.readline())["url"].startswith("http://127.0.0.1:")
        running.terminate()
