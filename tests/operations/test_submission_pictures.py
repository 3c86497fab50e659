"""Pictures of volunteers: what a network refuses, what a preview and a rehearsal show, and what is left of them."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import examples, plan, rehearsal, rendering, renders, review
from scheduler.errors import UserError
from scheduler.model import Account, Finding, Level
from scheduler.operations import preview
from scheduler.operations.take_back import take_back
from scheduler.operations.tidy import tidy
from scheduler.posts import Loaded
from scheduler.publishers import x
from scheduler.submission import Placing
from tests.world import NOON, World, post

HOUR = timedelta(hours=1)


def voices(tmp_path, platform="outbox"):
    """Return a world with one account of a network and one slot in an hour."""
    world = World(tmp_path)
    account = Account(name="a", platform=platform, language="en")
    world.workspace = replace(world.workspace, accounts={"a": account})
    world.app = world.daemon("first")
    world.write(post("v", at=NOON + HOUR, text="{name|Somebody}: {message}", submissions=True))
    return world


def loaded(world):
    """Return the files as they are."""
    return Loaded(actions=tuple(world.actions.values()), problems=())


def test_a_film_is_left_out_where_a_network_takes_none(tmp_path, monkeypatch):
    """A network refuses films: nothing is queued for it, and the moderators can read why."""
    refusal = Finding(rule="no-films", message="it takes no films", about="video")
    monkeypatch.setattr(x.Publisher, "problems", lambda _, content: [refusal] if content.video else [])
    world = voices(tmp_path, "x")
    act = world.actions["act"]
    one = examples.contribution(act, act.posts[0], examples.SHORT, world.workspace)
    film = replace(one, submission=replace(one.submission, mime="video/mp4"))
    photo, moving = (plan.contributed([act], world.workspace, [each])[0] for each in (one, film))
    assert review.refusals(photo, world.workspace) == []
    assert [finding.rule for finding in review.refusals(moving, world.workspace)] == ["no-films"]
    world.submit(world.slots()[0], networks=["x"], mime="video/mp4")
    assert world.queue().add == []
    world.close()


def test_a_caption_that_may_become_too_long_is_a_warning(tmp_path):
    """The check tries a volunteer who says nothing, and one who says as much as there is room for."""
    world = voices(tmp_path, "x")
    for length, level in ((300, Level.error), (200, Level.warning), (20, None)):
        world.write(post("v", at=NOON + HOUR, text="x" * length + " {name|me} {message}", submissions=True))
        found = review.findings(world.actions.values(), world.workspace)
        assert [one.level for one in found if one.rule == "text-too-long"] == ([level] if level else [])
    world.close()


def test_a_preview_shows_an_example(tmp_path):
    """Before anybody has handed anything in, a preview says so and shows a made-up picture in its frame."""
    world = voices(tmp_path)
    (shown,) = preview.preview(world.actions.values(), world.workspace, post="act/v")
    assert [finding.rule for finding in shown.findings] == ["example"]
    assert shown.media[0].path.exists()
    assert shown.planned.content.text.startswith("Marie-Claire Tremblay: ")
    world.close()


def test_a_rehearsal_shows_what_was_approved(tmp_path):
    """Approved photos, the pool's too, go out in a rehearsal; the real state stays as it was."""
    world = voices(tmp_path)
    later = post("w", at=NOON + 2 * HOUR, text="{message}", submissions=True)
    world.write(*world.actions["act"].posts, later)
    world.submit(world.slots()[0], networks=["outbox"], message="In a slot")
    world.submit(placing=Placing.pool, networks=["outbox"], message="Of the pool")
    world.submit(approve=0, networks=["outbox"], message="Not approved")
    result = rehearsal.rehearse(world.workspace, loaded(world), out=tmp_path / "out")
    assert sorted(one.content.card.message for one in result.deliveries) == ["In a slot", "Of the pool"]
    assert result.count("published") == 2
    assert world.statuses() == {}
    world.close()


def test_without_submissions_a_rehearsal_is_as_it_was(tmp_path):
    """Slots alone are no deliveries."""
    world = voices(tmp_path)
    world.write(*world.actions["act"].posts, post("p"))
    assert rehearsal.rehearse(world.workspace, loaded(world), out=tmp_path / "out").count("published") == 1
    world.close()


def test_nothing_that_was_rendered_is_left(tmp_path):
    """Card, facts and rehearsal go; what others handed in and what staff wrote stays."""
    world = voices(tmp_path)
    world.write(*world.actions["act"].posts, post("p", card=None), post("w", at=NOON + HOUR, submissions=True))
    mine = world.submit(world.slots()[0], networks=["outbox"])
    world.submit(world.slots()[1], networks=["outbox"])
    world.queue()
    world.let(2 * HOUR)
    rehearsal.rehearse(world.workspace, loaded(world), out=world.workspace.var / "rehearsal")
    rendered = world.workspace.var / "rendered"
    before = set(rendered.iterdir())
    rendering.forget([world["act/v/2026-03-02T13:00@a"]], world.workspace)
    gone = before - set(rendered.iterdir())
    assert {file.suffix for file in gone} == {".jpg", ".json"}
    assert world["act/v/2026-03-02T13:00@a"].frozen.media[0].path in gone
    assert any(file.suffix == ".jpg" for file in rendered.iterdir())
    assert not (world.workspace.var / "rehearsal").exists()
    assert all(mine.sha256 not in file.read_text() for file in rendered.glob("*.json"))
    world.close()


@pytest.mark.parametrize("step", ["_handed_in", "_let_time_pass", "_shown"])
def test_what_is_taken_back_during_a_rehearsal_leaves_nothing_of_it(tmp_path, monkeypatch, step):
    """Whatever it is at: it says so, its folder is gone, and the next rehearsal goes through."""
    world = voices(tmp_path)
    world.submit(world.slots()[0], networks=["outbox"])
    out, real = world.workspace.var / "rehearsal", getattr(rehearsal, step)

    def rehearse():
        result = rehearsal.rehearse(world.workspace, loaded(world), out=out)
        return rehearsal.write_gallery(result, world.workspace, world.actions.values())

    def late(*given, **settings):
        renders.forget_rehearsal(world.workspace)
        return real(*given, **settings)

    monkeypatch.setattr(rehearsal, step, late)
    with pytest.raises(UserError, match="took something back"):
        rehearse()
    assert not out.exists()
    monkeypatch.setattr(rehearsal, step, real)
    assert rehearse().is_file()
    world.close()


def test_a_rehearsals_folder_goes_without_its_mark(tmp_path):
    """What a rehearsal that was killed has left goes when something is taken back, also without its mark."""
    world = voices(tmp_path)
    (world.workspace.var / "rehearsal/pictures").mkdir(parents=True)
    french = world.workspace.var / "rehearsal-fr"  # made with --out
    french.mkdir()
    (french / renders.REHEARSED).touch()
    renders.forget_rehearsal(world.workspace)
    assert not (world.workspace.var / "rehearsal").exists()
    assert not french.exists()
    world.close()


def test_a_picture_that_never_came_into_a_delivery_is_forgotten_too(tmp_path):
    """What was only shown to a moderator is found by the hash of its photo."""
    world = voices(tmp_path)
    mine = world.submit(world.slots()[0], networks=["outbox"])
    world.queue()
    world.let(2 * HOUR)
    rendering.forget([], world.workspace, made_of=[mine.sha256])
    assert list((world.workspace.var / "rendered").iterdir()) == []
    world.close()


def test_each_machine_forgets_what_it_has_rendered(tmp_path):
    """Taken back on one machine, which looked first, a picture goes from the other's disk too; what goes on stays."""
    world = voices(tmp_path)
    world.write(post("p"), *world.actions["act"].posts, post("w", at=NOON + HOUR, submissions=True))
    mine, theirs = (world.submit(slot, networks=["outbox"]) for slot in world.slots())
    world.queue()
    world.let(2 * HOUR)
    other = world.daemon("other")
    other.workspace = replace(world.workspace, folder=tmp_path / "other")
    shutil.copytree(world.workspace.var / "rendered", other.workspace.var / "rendered")
    take_back(world.app, mine.ref, who="volunteer")
    world.clock.move_to(NOON + 6 * HOUR)
    for app in (world.app, other):
        tidy(app)
    kept = [{file.name for file in (app.workspace.var / "rendered").iterdir()} for app in (world.app, other)]
    assert kept[0] == kept[1]
    found = [file.read_text() for file in (other.workspace.var / "rendered").glob("*.json")]
    assert [mine.sha256 in "".join(found), theirs.sha256 in "".join(found)] == [False, True]
    world.close()
