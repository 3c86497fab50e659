"""What is to be covered in a film is covered, or its volunteer is asked again: nothing else goes on meanwhile."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler import cleaning
from scheduler.files import MachineError
from scheduler.operations import cover, intake
from scheduler.operations.intake import RefusedError, Why
from scheduler.store import submissions
from scheduler.submission import Stage, Submission, ToCover
from tests.media.films import film
from tests.operations.test_intake import ACTION, CONSENT, stored
from tests.world import World

PLACE, OTHER = (0.1, 0.1, 0.4, 0.4), (0.5, 0.5, 0.9, 0.9)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Give a world of its own."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def draft(world: World) -> Submission:
    """Return a film that is clean and described."""
    data = film(size=(160, 120))
    begun = intake.begin(
        world.app, action=ACTION, source=io.BytesIO(data), size=len(data), once="f", group=False, uploaded_by=None
    )
    return intake.describe(world.app, intake.clean(world.app, begun.submission.id), message="Hello", language="en")


def test_what_is_wanted_is_covered_before_it_is_handed_in(world: World, draft: Submission) -> None:
    """Until it is covered the draft is refused; a process that starts afterwards covers it."""
    wanted = cover.want(world.app, draft, [PLACE], every_face=False)
    assert wanted.to_cover == ToCover(boxes=(PLACE,), every_face=False)
    with pytest.raises(RefusedError) as refused:
        intake.hand_in(world.app, wanted, CONSENT)
    assert refused.value.why is Why.covered
    later = world.daemon("the next process")
    assert cover.unfinished(later) == [draft.id]
    made = cover.go_on(later, draft.id)
    assert (made.covers, made.to_cover) == ((PLACE,), None)
    assert cover.unfinished(later) == []
    assert cover.go_on(later, draft.id) == made
    handed, _ = intake.hand_in(world.app, made, CONSENT)
    assert handed.stage is Stage.pending
    assert stored(world) == {made.file, made.poster, made.preview}


def test_whoever_wants_another_place_meanwhile_gets_that(
    world: World, draft: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was wanted before isn't taken for it, in whichever order two processes are done."""
    real = cleaning.film

    def slow(*given: Any, **settings: Any) -> Any:
        monkeypatch.setattr(cleaning, "film", real)
        cover.want(world.app, draft, [PLACE, OTHER], every_face=False)
        return real(*given, **settings)

    cover.want(world.app, draft, [PLACE], every_face=False)
    monkeypatch.setattr(cleaning, "film", slow)
    with pytest.raises(RefusedError) as refused:
        cover.go_on(world.app, draft.id)
    assert refused.value.why is Why.covered
    found = intake.current(world.app, draft.id)
    assert (found.covers, found.file) == ((), draft.file)
    assert stored(world) == {draft.file, draft.poster, draft.preview}
    assert cover.go_on(world.app, draft.id).covers == (PLACE, OTHER)


def test_what_cannot_be_covered_stays_wanted(world: World, draft: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't be handed in by another way; its volunteer may decide otherwise."""
    from media.errors import FacesLost

    def lost(*_: object, **__: object) -> None:
        raise FacesLost

    cover.want(world.app, draft, (), every_face=True)
    with monkeypatch.context() as patch:
        patch.setattr(cleaning, "film", lost)
        with pytest.raises(RefusedError) as refused:
            cover.go_on(world.app, draft.id)
    assert refused.value.why is Why.faces_lost
    assert intake.current(world.app, draft.id).to_cover == ToCover(boxes=(), every_face=True)
    assert cover.cover(world.app, draft, ()).to_cover is None


def test_the_same_places_again_are_the_same_file(world: World, draft: Submission) -> None:
    """Where they are covered already nothing is made anew, and nothing is wanted any more."""
    made = cover.cover(world.app, draft, [PLACE])
    cover.want(world.app, made, [PLACE], every_face=False)
    again = cover.go_on(world.app, draft.id)
    assert (again.file, again.to_cover) == (made.file, None)


def test_another_machine_leaves_it_to_the_one_that_has_it(world: World, draft: Submission) -> None:
    """It neither takes up nor blames what it doesn't have; it waits for a while, then its volunteer is asked again."""
    wanted = cover.want(world.app, draft, [PLACE], every_face=False)
    other = world.daemon("other")
    elsewhere = {"folder": world.workspace.folder / "other", "database": "postgresql://db/state"}
    other.workspace = replace(world.workspace, **elsewhere)
    assert cover.unfinished(other) == []
    with pytest.raises(MachineError):
        cover.go_on(other, draft.id)
    assert cover.is_waited_for(other, wanted)
    world.clock.move_to(world.clock.now() + cover.PATIENCE + timedelta(seconds=1))
    assert not cover.is_waited_for(other, wanted)
    assert not cover.is_waited_for(other, draft)


def test_what_ends_forgets_what_was_to_be_covered(world: World, draft: Submission) -> None:
    """Places of faces are of a person: they go with everything else."""
    found = cover.want(world.app, draft, [PLACE], every_face=True)
    with world.store.write() as c:
        gone = submissions.forget(c, found, to=Stage.expired, now=world.clock.now())
    assert gone.to_cover is None
