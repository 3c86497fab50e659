"""Burn covers into what a volunteer handed in, before anybody else sees it.

A photo is covered while its volunteer waits. A film takes its time: want (the draft says what is to be covered, and
isn't handed in without) -> go_on (covers it, also after a restart).
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler import cleaning, covering, files
from scheduler.app import App
from scheduler.files import MachineError
from scheduler.operations import intake
from scheduler.operations.intake import RefusedError, Why
from scheduler.store import submissions
from scheduler.submission import Box, Stage, Submission, ToCover

if TYPE_CHECKING:
    from media.order import Cleaned

PATIENCE = timedelta(minutes=15)
"""For so long another process is believed to be at work on a film; then its volunteer is asked once more."""


def want(app: App, submission: Submission, boxes: Sequence[Box], *, every_face: bool) -> Submission:
    """Keep what is to be covered in a film: until it is, or its volunteer decides otherwise, it can't be handed in.

    Raises:
        RefusedError: there is no such draft any more.
    """
    return intake.changed(app, submission, to_cover=ToCover(boxes=tuple(boxes), every_face=every_face))


def go_on(app: App, number: int) -> Submission:
    """Cover what is wanted in a draft; one in which nothing is (any more) is returned as it is.

    Raises:
        RefusedError: as `cover` does.
        MachineError: as `cover` does. What is wanted stays wanted then.
    """
    found = intake.current(app, number)
    wanted = found.to_cover
    return found if wanted is None else cover(app, found, wanted.boxes, every_face=wanted.every_face)


def unfinished(app: App) -> list[int]:
    """Return the drafts in which something waits on this machine to be covered: a restart came between."""
    with app.store.read() as c:
        waiting = [one for one in submissions.in_stage(c, Stage.draft) if one.to_cover]
    return [one.id for one in waiting if intake.is_here(app, one.source or one.file)]


def is_waited_for(app: App, submission: Submission) -> bool:
    """Tell whether another process may still be covering something in a draft."""
    touched = submission.touched_at
    return submission.to_cover is not None and touched is not None and app.clock.now() < touched + PATIENCE


def cover(app: App, submission: Submission, boxes: Sequence[Box], *, every_face: bool = False) -> Submission:
    """Burn covers into the pixels of a new file; the uncovered one waits for a change of mind until it is handed in.

    Args:
        app: the workspace.
        submission: a draft that is clean.
        boxes: exactly these places are covered; in a film in every picture.
        every_face: in a film, cover each face that is found all the way it moves.

    Raises:
        RefusedError: a film's face can't be followed, or other places were covered or wanted meanwhile.
        MachineError: this machine can't do it now.
    """
    from media.errors import FacesLost, MediaError

    found = intake.current(app, submission.id)
    base = found.source or found.file
    if not intake.is_here(app, base):
        raise MachineError("another machine took it, and has it")
    wanted = tuple(_bounded(box) for box in boxes)
    is_so = wanted == found.covers if wanted else not found.source
    if is_so and not every_face:
        return found if found.to_cover is None else _done(app, found, covers=found.covers, source=found.source)
    try:
        made = _covered(intake.folder(app) / base, wanted, film=found.film, every_face=every_face)
        names = covering.written(app, made)
    except FacesLost:
        raise RefusedError(Why.faces_lost) from None
    except MediaError as error:
        raise MachineError(str(error)) from None
    covers = (*wanted, *(made.faces if every_face else ()))
    old = [name for name in (found.file, found.poster, found.preview) if name != base]
    if not covers:  # as it was: the new file shows it all, and the one before isn't needed
        old.append(base)
    values = {"source": base if covers else "", **covering.facts(made), **names}
    return _done(app, found, covers=covers, new=names, remove=old, **values)


def _done(app: App, was: Submission, *, covers: tuple[Box, ...], **values: Any) -> Submission:
    made = intake.changed(app, was, covers=covers, to_cover=None, **values)
    if made.covers != covers or made.to_cover is not None:
        raise RefusedError(Why.covered)
    return made


def _covered(path: Path, boxes: tuple[Box, ...], *, film: bool, every_face: bool) -> "Cleaned":
    from media.order import Region

    places = [Region(*box) for box in boxes]
    with files.open_plain(path) as file:
        if film:
            return cleaning.film(file, cover=places, cover_faces=every_face)
        return cleaning.photo(file.read(), cover=places)


def _bounded(box: Box) -> Box:
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in box)
    return (min(left, right), min(top, bottom), max(left, right), max(top, bottom))
