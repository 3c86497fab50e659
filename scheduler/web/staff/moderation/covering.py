"""Covering faces: boxes are gathered on a page of their own, by pressing on the picture or in figures; then burnt in.

Without scripts a press on the picture sends the form and comes back with one box more; the boxes travel in the
address until they are burnt in. With scripts they are drawn, and the form is sent once.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.model import Action
from scheduler.operations import moderate
from scheduler.operations.moderate import Case
from scheduler.submission import Box, May, Stage, Submission
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import Route, get, post
from scheduler.web.staff import frame
from scheduler.web.staff.moderation import deciding, one, rows, within
from scheduler.web.staff.moderation.deciding import Done

WIDE = 320
"""How wide the picture stands on a page without scripts, in CSS pixels: a press on it is told in these."""

SIDES = ("left", "top", "right", "bottom")
_MOST = 20  # boxes of one's own
_PRESSED = 0.16  # of the picture's width: a box around a press


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A box on the picture, in thousandths of its width."""

    left: int
    top: int
    wide: int
    high: int
    number: int = 0
    ticked: bool = False
    place: str = ""  # in words
    sides: tuple[tuple[str, str, str], ...] = ()  # name, label and hundredths of each side


def show(ask: Ask) -> Response:
    """Show the picture, the faces found in it, and the boxes so far."""
    known = within.actions(ask)
    case = moderate.case(ask.site.app, ask.path["ref"], ask.staff, passkey=within.with_passkey(ask))
    submission = case.submission
    row = rows.row(ask, case, known)
    if row.own or submission.stage not in {Stage.pending, Stage.approved} or not submission.file:
        return pages.go(f"/staff/moderation/{submission.ref}")
    ticked = {int(word) for word in ask.query.get("faces", "").split(",") if word.isdecimal() and len(word) < 6}
    own = _from_address(ask.query.get("boxes", ""))
    return frame.page(
        ask,
        "staff/moderation/cover.html.jinja",
        row=row,
        within=within.asked(ask),
        wide=WIDE,
        high=_high(submission),
        tall=_tall(submission),
        faces=[_face(ask, submission, number, number in ticked) for number, _ in uncovered(submission)],
        boxes=[_own(ask, submission, box) for box in [*own, None]],
        utc=one.UTC,
    )


def cover(ask: Ask) -> Response:
    """Add a box to the page, tick the face that was pressed, or burn the boxes into the picture."""
    try:
        boxes = _given(ask)
    except UserError as error:
        frame.say(ask, str(error), wrong=True)
        return pages.go(f"/staff/moderation/{ask.path['ref']}/cover{within.asked(ask).query}")
    if ask.form["do"] == "cover":
        return deciding.decide(ask, lambda ask, case, known: _cover(ask, case, known, boxes))
    case = moderate.case(ask.site.app, ask.path["ref"], ask.staff, passkey=within.with_passkey(ask))
    faces, pressed = set(_ticked(ask)), _pressed(ask, case.submission)
    meant = {number for box in pressed for number, face in uncovered(case.submission) if _holds(face, box)}
    boxes += [] if meant else pressed
    numbers = ",".join(str(number) for number in sorted(faces ^ meant))
    query = within.asked(ask).to(boxes=_to_address(boxes), faces=numbers)
    return pages.go(f"/staff/moderation/{case.submission.ref}/cover{query}")


def _cover(ask: Ask, case: Case, known: dict[str, Action], boxes: list[Box]) -> Done:
    del known
    faces = dict(uncovered(case.submission))
    wanted = [*(faces[number] for number in _ticked(ask) if number in faces), *boxes]
    if not wanted:
        raise UserError(ask._("Tick a face, or press on the picture where something is to be covered."))
    moderate.cover(ask.site.app, case.submission.ref, user=ask.staff, boxes=wanted)
    return Done(text=ask.many("{n} place is covered for good.", "{n} places are covered for good.", len(wanted)))


def uncovered(submission: Submission) -> list[tuple[int, Box]]:
    """Return the faces that were found and aren't covered yet, by their numbers, in the order in which one reads."""
    return [
        (number, face)
        for number, face in _as_read(submission.faces)
        if not any(_holds(cover, face) for cover in submission.covers)
    ]


def _as_read(faces: Sequence[Box]) -> list[tuple[int, Box]]:
    """Return faces with their numbers: row by row from the top, each from left to right."""
    rows: list[list[tuple[int, Box]]] = []
    for number, face in sorted(enumerate(faces), key=lambda one: one[1][1]):
        if rows and (face[1] + face[3]) / 2 < rows[-1][0][1][3]:
            rows[-1].append((number, face))
        else:
            rows.append([(number, face)])
    return [one for row in rows for one in sorted(row, key=lambda one: one[1][0])]


def _holds(cover: Box, face: Box) -> bool:
    """Tell whether the middle of a face lies in a cover."""
    across, down = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
    return cover[0] <= across <= cover[2] and cover[1] <= down <= cover[3]


# ── what a form gives ───────────────────────────────────────────────────────────────────────────────────


def _ticked(ask: Ask) -> list[int]:
    return [int(word) for word in ask.form.all("face") if word.isdecimal() and len(word) < 6]


def _given(ask: Ask) -> list[Box]:
    """Return the boxes in the form's number fields; a row without figures is none."""
    found = []
    for number, row in enumerate(itertools.zip_longest(*(ask.form.all(side) for side in SIDES), fillvalue=""), 1):
        words = [word.strip().replace(",", ".") for word in row]
        if not any(words):
            continue
        try:
            left, top, right, bottom = (float(word) / 100 for word in words)
        except ValueError:
            left = top = right = bottom = -1.0
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            told = ask._("Box {n}: give four figures from 0 to 100; left before right, top before bottom.")
            raise UserError(told.replace("{n}", ask.words.number(number)))
        found.append((left, top, right, bottom))
    return found[:_MOST]


def _pressed(ask: Ask, submission: Submission) -> list[Box]:
    """Return the box around the place where the picture was pressed; the Enter key presses it nowhere (0, 0)."""
    words = (ask.form["at.x"], ask.form["at.y"])
    if not all(word.isdecimal() and len(word) < 6 for word in words) or words == ("0", "0"):
        return []
    ratio = submission.width / max(submission.height, 1)
    across, down = int(words[0]) / WIDE, int(words[1]) / _high(submission)
    half, tall = _PRESSED / 2, min(_PRESSED * ratio / 2, 0.5)
    box = (max(across - half, 0), max(down - tall, 0), min(across + half, 1), min(down + tall, 1))
    return [box] if box[0] < box[2] and box[1] < box[3] else []


def _high(submission: Submission) -> int:
    return max(1, round(WIDE * submission.height / max(submission.width, 1)))


def _tall(submission: Submission) -> int:
    """Return the picture's height in thousandths of its width."""
    return max(1, round(1000 * submission.height / max(submission.width, 1)))


def _to_address(boxes: list[Box]) -> str:
    return ";".join(",".join(f"{edge * 100:.1f}" for edge in box) for box in boxes)


def _from_address(text: str) -> list[Box]:
    found = []
    for part in text.split(";")[:_MOST]:
        try:
            left, top, right, bottom = (float(word) / 100 for word in part.split(","))
        except ValueError:
            continue
        if 0 <= left < right <= 1 and 0 <= top < bottom <= 1:
            found.append((left, top, right, bottom))
    return found


# ── what a page shows ───────────────────────────────────────────────────────────────────────────────────


def _face(ask: Ask, submission: Submission, number: int, ticked: bool) -> Drawn:  # noqa: FBT001
    box = submission.faces[number]
    return replace(_drawn(submission, box), number=number, ticked=ticked, place=_place(ask, box))


def _own(ask: Ask, submission: Submission, box: Box | None) -> Drawn:
    labels = (ask._("Left"), ask._("Top"), ask._("Right"), ask._("Bottom"))
    figures = ("", "", "", "") if box is None else tuple(f"{edge * 100:.1f}" for edge in box)
    return replace(_drawn(submission, box or (0, 0, 0, 0)), sides=tuple(zip(SIDES, labels, figures, strict=True)))


def _drawn(submission: Submission, box: Box) -> Drawn:
    left, right = (round(edge * 1000) for edge in (box[0], box[2]))
    top, bottom = (round(edge * _tall(submission)) for edge in (box[1], box[3]))
    return Drawn(left=left, top=top, wide=right - left, high=bottom - top)


def _place(ask: Ask, box: Box) -> str:
    """Return where a box is, in words."""
    names = (
        (ask._("upper left"), ask._("upper middle"), ask._("upper right")),
        (ask._("middle left"), ask._("in the middle"), ask._("middle right")),
        (ask._("lower left"), ask._("lower middle"), ask._("lower right")),
    )
    across, down = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return names[min(int(down * 3), 2)][min(int(across * 3), 2)]


ROUTES: tuple[Route, ...] = (
    get("/staff/moderation/{ref}/cover", show, May.moderate),
    post("/staff/moderation/{ref}/cover", cover, May.moderate),
)
