"""A daemon that starts compares the queue with the files only where something may have changed."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from scheduler import app as parts
from scheduler import followed, remembered
from scheduler.app import App
from scheduler.clock import SimulatedClock
from scheduler.daemon import PostsWatch
from scheduler.model import Content, Lateness, Planned, Risk
from scheduler.operations import deliver, queue
from scheduler.operations.copies import backup, restore
from scheduler.operations.retry import retry
from scheduler.status import Status
from scheduler.store import adding, controls, deliveries, submissions
from tests.world import NOON

DATABASES = ("sqlite",)  # what is noted lies among the state's facts on either
LONG_AGO = NOON.timestamp() - 10**6
CONFIG = "name: T\ntimezone: UTC\nlanguages: [en]\naccounts: {local: {platform: outbox, lang: en}}\n"
POSTS = """\
title: Act
phase: ongoing
posts:
  - {id: one, at: 2026-03-02 12:30, text: First, images: [{file: a.png, alt: A picture}]}
  - {id: two, at: 2026-03-03 12:00, text: Second}
"""
AS_IT_SAYS = "queue is as posts/ says"


@dataclass
class Place:
    """A workspace, and one daemon after the other on it."""

    folder: Path
    log: pytest.LogCaptureFixture

    def put(self, name: str, words: str, *, more: float = 0) -> None:
        """Write a file that seems to have been there for long."""
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(words, "utf-8")
        os.utime(file, (LONG_AGO + more, LONG_AGO + more))

    def app(self) -> App:
        """Return what works on it, on a clock that stands at noon, half an hour before the first post."""
        ready, _ = parts.workspace(self.folder)
        return parts.build(ready, clock=SimulatedClock(NOON))

    def starts(self) -> str:
        """Let a daemon start and end; return what it said about the queue."""
        self.log.clear()
        app = self.app()
        PostsWatch(app).look()
        app.close()
        return next(said for said in self.log.messages if said.startswith("queue "))

    def texts(self) -> set[str]:
        """Return what waits in the queue."""
        app = self.app()
        with app.store.read() as c:
            found = {one.content.text for one in deliveries.in_status(c) if one.status is not Status.cancelled}
        app.close()
        return found


@pytest.fixture
def place(tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Give a workspace whose queue a daemon has brought to its files."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(remembered, "SETTLED", -60)  # a time of change can't be set back
    made = Place(tmp_path, caplog)
    made.put("config.yaml", CONFIG)
    made.put("posts/act.yaml", POSTS)
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "posts/a.png")
    assert made.starts() == "queue brought up to date: 2 added, 0 changed, 0 cancelled, 0 too late to change"
    return made


def test_where_nothing_has_changed_nothing_is_compared(place: Place) -> None:
    """It says so, and the queue is as it was."""
    before = place.texts()
    assert place.starts() == AS_IT_SAYS
    assert place.starts() == AS_IT_SAYS
    assert place.texts() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.put("posts/act.yaml", POSTS.replace("Second", "Sekond")), "0 added, 1 changed"),
        (lambda one: one.put("posts/new.yaml", POSTS.replace("[{file: a.png, alt: A picture}]", "[]")), "2 added"),
        (lambda one: one.put("config.yaml", CONFIG.replace("}}", "}, b: {platform: outbox, lang: en}}")), "2 added"),
        (lambda one: Image.new("RGB", (40, 30), "red").save(one.folder / "posts/a.png"), "0 added, 1 changed"),
        (lambda one: (one.folder / "posts/act.yaml").unlink(), "2 cancelled"),
    ],
    ids=["a text of the same length and time", "a new file", "an account", "a picture", "a file that is gone"],
)
def test_what_changed_while_no_daemon_ran_is_followed(place: Place, change: Callable[[Place], None], said: str) -> None:
    """Whatever a plan hangs on; the next start has nothing to compare again."""
    change(place)
    assert said in place.starts()
    assert place.starts() == AS_IT_SAYS


def test_another_program_looks_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version may put texts together in another way. What counts is the one that runs, not what lies there."""
    app = place.app()
    running = PostsWatch(app)
    monkeypatch.setattr(remembered, "_program", lambda _: [("changed", 1, 1)])
    assert place.starts() == AS_IT_SAYS
    place.put("posts/act.yaml", POSTS.replace("Second", "Third"))
    running.look()  # by the program before
    app.close()
    remembered.as_started.cache_clear()
    try:
        assert "0 added, 0 changed" in place.starts()
        assert place.starts() == AS_IT_SAYS
    finally:
        remembered.as_started.cache_clear()


def test_the_program_is_known_from_the_start_on(place: Place) -> None:
    """However late it first has to say of what it is."""
    remembered.as_started.cache_clear()
    app = place.app()
    PostsWatch(app)
    app.close()
    assert remembered.as_started.cache_info().currsize == 1


def test_what_is_wrong_in_a_file_is_said_at_each_start(place: Place) -> None:
    """As long as there is an error the files are read."""
    place.put("posts/act.yaml", POSTS.replace("text: Second", "txet: Second"))
    for _ in range(2):
        assert place.starts() == "queue brought up to date: 0 added, 0 changed, 0 cancelled, 0 too late to change"
        assert any("act.yaml:5" in said for said in place.log.messages)


def test_another_campaign_that_was_queued_meanwhile_is_noticed(place: Place) -> None:
    """Whoever brings the queue elsewhere takes the note away, or leaves its own."""
    app = place.app()
    queue.apply(app, parts.read_posts(app.workspace, now=NOON, files=[]))
    app.close()
    assert place.texts() == set()
    assert "2 changed" in place.starts()
    assert place.texts() == {"First", "Second"}


def test_an_edit_that_may_still_be_heeded_is_kept_in_mind(place: Place) -> None:
    """What was in hand while its file was edited may come back: the next daemon looks again."""
    app = place.app()
    with app.store.write() as c:
        taken = deliveries.by_key(c, "act/one@local")
        assert taken is not None
        deliveries.set_columns(c, taken, status=str(Status.unknown))
    place.put("posts/act.yaml", POSTS.replace("First", "Edited"))
    assert "1 too late" in place.starts()
    with app.store.write() as c:
        deliveries.set_columns(c, taken, status=str(Status.queued))
    app.close()
    assert "1 changed" in place.starts()
    assert place.texts() == {"Edited", "Second"}


def test_what_people_hand_in_is_looked_at_each_time(place: Place) -> None:
    """It changes without a file; a daemon that had no need of the posts so far reads them then."""
    app = place.app()
    watch = PostsWatch(app)
    watch.look()
    assert place.log.messages[-1] == AS_IT_SAYS
    with app.store.write() as c:
        handed_in = submissions.by_id(c, submissions.add(c, ref="r", action="act", risk=Risk.low, now=NOON))
        submissions.change(c, handed_in, stage="pending")
    watch.follow()
    assert place.log.messages[-1].startswith("queue brought up to date")
    app.close()
    assert place.starts().startswith("queue brought up to date")


def test_what_is_handed_in_is_followed_though_config_is_broken(place: Place) -> None:
    """A running daemon goes on with the config.yaml that it had."""
    app = place.app()
    watch = PostsWatch(app)
    watch.look()
    watch.look()  # now it knows the picture too
    place.put("config.yaml", "name: [\n", more=60)
    with app.store.write() as c:
        handed_in = submissions.by_id(c, submissions.add(c, ref="r", action="act", risk=Risk.low, now=NOON))
        submissions.change(c, handed_in, stage="pending")
    place.log.clear()
    watch.follow()
    assert place.log.messages[-1].startswith("queue brought up to date")
    app.close()


def test_what_is_handed_in_while_it_looks_is_for_the_next_time(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for none."""
    app = place.app()
    watch = PostsWatch(app)
    known = followed.known

    def handed_in_then(app: App) -> object:
        found = known(app)
        with app.store.write() as c:
            new = submissions.by_id(c, submissions.add(c, ref="r", action="act", risk=Risk.low, now=NOON))
            submissions.change(c, new, stage="pending")
        return found

    monkeypatch.setattr(followed, "known", handed_in_then)
    watch.look()
    monkeypatch.undo()
    place.log.clear()
    watch.follow()
    assert place.log.messages[-1].startswith("queue brought up to date")
    app.close()


def test_a_comment_is_noted_without_a_second_look(place: Place) -> None:
    """Where the files say the same in other bytes, the next start knows those."""
    place.put("posts/act.yaml", f"# nothing new\n{POSTS}")
    assert "0 added, 0 changed" in place.starts()
    assert place.starts() == AS_IT_SAYS


def test_what_was_retried_is_held_against_its_file(place: Place) -> None:
    """It may have gone from there: the next start takes it out again."""
    place.put("posts/act.yaml", POSTS[: POSTS.index("  - {id: two")])
    assert "1 cancelled" in place.starts()
    app = place.app()
    retry(app, "act/two@local", who="me")
    app.close()
    assert "1 cancelled" in place.starts()


@pytest.mark.parametrize("said", ["", "{}", "[1]", "no JSON", '{"digest": "x", "files": null}'])
def test_a_note_of_another_kind_is_as_none(place: Place, said: str) -> None:
    """Another version may write another one."""
    app = place.app()
    with app.store.write() as c:
        followed.note(c, said)
    app.close()
    assert "0 added, 0 changed" in place.starts()
    assert place.starts() == AS_IT_SAYS


def test_nothing_is_noted_of_files_that_change_while_they_are_read(place: Place) -> None:
    """Nor of a config.yaml that isn't what this process works by."""
    app = place.app()
    basis = remembered.Basis(place.folder, "UTC")
    loaded = app.load_posts()
    assert followed.mark(app, basis, loaded) != ""
    place.put("config.yaml", CONFIG.replace("name: T", "name: U"))
    assert followed.mark(app, remembered.Basis(place.folder, "UTC"), loaded) == ""
    place.put("config.yaml", CONFIG)
    place.put("posts/act.yaml", POSTS.replace("Second", "Third"))
    assert followed.mark(app, basis, loaded) == ""
    app.close()


def test_what_goes_out_changes_nothing_about_it(place: Place) -> None:
    """A day's work done, there is still nothing to compare."""
    app = place.app()
    app.clock.move_to(NOON + timedelta(hours=1))  # type: ignore[attr-defined]
    while deliver.step(app):
        pass
    app.close()
    assert place.starts() == AS_IT_SAYS


def test_a_copy_that_is_put_back_is_compared(place: Place) -> None:
    """What was noted is forgotten with it."""
    app = place.app()
    backup(app, place.folder / "copy.db")
    app.close()
    restore(app.workspace, place.folder / "copy.db", clock=app.clock, who="me")
    assert "0 added, 0 changed" in place.starts()


def test_a_copy_that_is_put_back_under_a_running_daemon_is_followed(place: Place) -> None:
    """Restoring doesn't see a daemon that only just starts, or was cut off: its queue is brought to the files anew."""
    app = place.app()
    watch = PostsWatch(app)
    watch.look()
    with app.store.write() as c:  # as the copy has it: a post that was taken out of its file since
        content = Content(text="Taken out since", language="en")
        planned = Planned(
            key="act/old@local", action="act", post="old", account="local", platform="outbox",
            due_at=NOON + timedelta(days=1), content=content, late=Lateness(),
        )  # fmt: skip
        adding.add(c, planned, status=Status.queued, worker="the copy", now=NOON)
        controls.set_meta(c, "restored_at", NOON.isoformat())
        followed.forget(c)
    assert "Taken out since" in place.texts()
    watch.follow()
    app.close()
    assert place.texts() == {"First", "Second"}
