"""Mastodon: what is remembered between two attempts at a post, and what a second call takes for granted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.errors import OutcomeUnknown, TryLater
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.standins.faults import Answer
from scheduler.standins.loopback import Request
from scheduler.standins.mastodon import USERS
from tests.publishers.harness_mastodon import NOON, POST, Harness, World, world

UPLOADED = "GET /api/v1/media/:id"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    """Return a server of today."""
    with world(tmp_path) as made:
        yield made


def kept(here: World) -> list[Path]:
    """Return what is remembered of posts whose outcome is in doubt."""
    return sorted((here.network.folder / "mastodon").glob("*"))


# ── the same words twice ────────────────────────────────────────────────────────────────────────────────


def test_the_same_words_from_before_the_call_are_another_post(here: World) -> None:
    """Two deliveries with one text, prepared together: the first's post isn't taken for the second's, which is lost."""
    first, second = (here.network.out("Votez", key=f"{n}/b@c") for n in range(2))
    stages = [here.publisher().stage(out) for out in (first, second)]
    receipt = here.publisher().publish(first, stages[0])
    here.wait(minutes=30)
    since = here.lost(second, stages[1], "503")
    here.looks_in_vain(second, stages[1], since)
    assert here.publisher().publish(second, stages[1]).remote_id != receipt.remote_id
    assert [post.text for post in here.server.posts] == ["Votez", "Votez"]


# ── looks count from the last call on ───────────────────────────────────────────────────────────────────


def test_each_call_has_two_looks_of_its_own(here: World) -> None:
    """The first call's looks say nothing of the second, which went out on a server that keeps no keys."""
    here.server.keeps_keys = False
    out = here.network.out("Deux fois deux")
    staged = here.publisher().stage(out)
    here.looks_in_vain(out, staged, here.lost(out, staged, "timeout_before_commit"))
    since = here.lost(out, staged, "timeout_after_commit")
    here.server.hidden_looks = 1
    here.wait(seconds=150)
    assert here.publisher().find(out, staged, since) is None
    here.wait(seconds=150)
    found = here.publisher().find(out, staged, since)
    assert isinstance(found, Receipt)
    assert [post.id for post in here.server.posts] == [found.remote_id]


def test_what_cannot_be_remembered_is_not_sent(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a full disk the looks after a second call couldn't be told from those before: it isn't made."""
    out = here.network.out("Disque plein")
    staged = here.publisher().stage(out)
    here.looks_in_vain(out, staged, here.lost(out, staged, "timeout_before_commit"))
    monkeypatch.setattr("scheduler.publishers.mastodon_memory.Memory.keep", lambda *_: False)
    with pytest.raises(TryLater, match="nothing was sent"):
        here.publisher().publish(out, staged)
    assert len(here.server.asked(POST)) == 1


def test_a_call_does_not_leave_after_a_long_look(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the list took over a minute: others may have judged the post by now, so it isn't sent."""
    out = here.network.out("Trop tard")
    staged = here.publisher().stage(out)
    here.looks_in_vain(out, staged, here.lost(out, staged, "timeout_before_commit"))
    read = here.server.timeline

    def slow(request: Request) -> Answer:
        here.wait(seconds=61)
        return read(request)

    monkeypatch.setattr(here.server, "timeline", slow)
    with pytest.raises(TryLater, match="took too long"):
        here.publisher().publish(out, staged)
    assert not here.server.posts


# ── media that are attached already ─────────────────────────────────────────────────────────────────────


def pictured(here: World) -> tuple[Outgoing, Staged]:
    """Return a delivery with a picture, staged."""
    out = here.network.out("Une image", here.network.picture())
    return out, here.publisher().stage(out)


@pytest.mark.parametrize("fault", ["422_media_after_commit", "400_media_after_commit"])
def test_a_list_that_lags_proves_nothing_of_attached_media(here: World, fault: str) -> None:
    """The server says that the media are in a post, and its list doesn't show it yet: it is looked for."""
    here.server.keeps_keys = False
    out, staged = pictured(here)
    here.server.hidden_looks = 1
    since = here.lost(out, staged, fault)
    found = here.publisher().find(out, staged, since)
    assert isinstance(found, Receipt)
    assert [post.id for post in here.server.posts] == [found.remote_id]


def test_media_that_are_free_are_in_no_post(here: World) -> None:
    """The server refuses the media and still has them, in no post: put off at once."""
    out, staged = pictured(here)
    here.server.fail(POST, "422_media")
    with pytest.raises(TryLater, match="uploaded again"):
        here.publisher().publish(out, staged)
    assert len(here.server.asked(UPLOADED)) == 1


def test_media_of_which_nothing_is_known_are_looked_for(here: World) -> None:
    """Whether the media are free can't be asked just now: that is no proof."""
    out, staged = pictured(here)
    here.server.fail(UPLOADED, "503")
    here.lost(out, staged, "422_media")
    assert here.server.posts == []


def test_media_that_are_gone_are_uploaded_again(here: World) -> None:
    """The server deleted the uploads: once two looks found no post with them, they are uploaded again."""
    out, staged = pictured(here)
    here.server.uploads.clear()
    since = here.clock.now()
    with pytest.raises(OutcomeUnknown):
        here.publisher().publish(out, staged)
    here.looks_in_vain(out, staged, since)
    with pytest.raises(TryLater, match="uploaded again"):
        here.publisher().publish(out, staged)
    here.publisher().publish(out, here.publisher().stage(out))
    assert len(here.server.posts) == 1


def test_files_in_the_making_put_off_this_post_alone(here: World) -> None:
    """Each answer tells when the limit of calls starts anew; that is no moment to wait for where no limit is met."""
    out, staged = pictured(here)
    here.server.fail(POST, "422_not_ready")
    with pytest.raises(TryLater) as raised:
        here.publisher().publish(out, staged)
    assert raised.value.at is None


# ── another account, another server ─────────────────────────────────────────────────────────────────────


def test_another_account_s_list_proves_nothing(here: World) -> None:
    """The token is another account's by now, which can't see the private post: that is no proof."""
    options = {"visibility": "private"}
    out = here.network.out("Entre nous")
    staged = here.publisher(options=options).stage(out)
    here.server.fail(POST, "reset_after_commit")
    with pytest.raises(OutcomeUnknown):
        here.publisher(options=options).publish(out, staged)
    other = {"ACCESS_TOKEN": USERS[1].token}
    for seconds in (150, 300, 3600):
        here.wait(seconds=seconds)
        assert here.publisher(secrets=other).find(out, staged, NOON) is None
    assert here.publisher().find(out, staged, NOON) is not None


def test_another_server_s_list_proves_nothing(here: World, tmp_path: Path) -> None:
    """base_url names another server by now: nothing is said of the old one, and nothing sent that was meant for it."""
    out = here.network.out("Déménagement")
    staged = here.publisher().stage(out)
    since = here.lost(out, staged, "reset_after_commit")
    with Harness(tmp_path / "elsewhere").running() as elsewhere:
        moved = here.publisher(base_url=elsewhere.server.url)
        for _ in range(3):
            here.wait(seconds=150)
            assert moved.find(out, staged, since) is None
        with pytest.raises(TryLater, match="another server"):
            moved.publish(out, staged)
        assert not elsewhere.server.requests
        assert moved.stage(out, staged).ids["server"] == elsewhere.server.url


def test_an_earlier_attempt_of_another_account_is_not_sent_again(here: World) -> None:
    """What was staged with another token isn't sent once an attempt is in doubt: it is staged anew."""
    out = here.network.out("Autre jeton")
    staged = here.publisher().stage(out)
    here.looks_in_vain(out, staged, here.lost(out, staged, "timeout_before_commit"))
    with pytest.raises(TryLater, match="another account"):
        here.publisher(secrets={"ACCESS_TOKEN": USERS[1].token}).publish(out, staged)
    assert len(here.server.asked(POST)) == 1


# ── what is remembered, and for how long ────────────────────────────────────────────────────────────────


def test_what_is_over_is_forgotten(here: World) -> None:
    """A person ended a delivery in doubt, and nobody says so here: a month later any other post clears it away."""
    lost, later = here.network.out("Annulée"), here.network.out("Plus tard")
    staged = here.publisher().stage(lost)
    since = here.lost(lost, staged, "timeout_before_commit")
    assert here.publisher().find(lost, staged, since) is None
    (folder,) = {path.parent for path in kept(here)}
    (folder / "other.json").write_text("not ours")
    for days, left in ((29, 2), (2, 1)):
        here.wait(days=days)
        out = here.network.out(f"{later.text} {days}")
        here.publisher().publish(out, here.publisher().stage(out))
        assert len(kept(here)) == left
