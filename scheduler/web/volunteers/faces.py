"""The second question: whose face may be seen? Boxes are proposed, a person decides."""

import contextlib
from collections.abc import Sequence
from functools import partial

from starlette.responses import Response

from scheduler.model import Action, Risk
from scheduler.operations import cover, intake
from scheduler.submission import Box, Submission
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import draft as drafts
from scheduler.web.volunteers.cleaner import cleaner_of
from scheduler.web.volunteers.saying import why

WIDTHS = {"small": 320, "large": 640}
"""CSS pixels of the picture that is pressed where there is no JavaScript: its place is told in these."""

_WIDE = 0.16  # of the picture's width: the box that a press makes
_MOST = 100  # boxes


def show(ask: Ask, draft: Submission, action: Action) -> Response:
    """Show the picture with a numbered box on each face."""
    failure = cleaner_of(ask.site.app).failed(draft.id)
    return _page(ask, draft, action, wrong=why(ask, failure) if failure else "")


def picture(ask: Ask) -> Response:
    """Show what was handed in, clean, with nothing covered yet: only to the browser it came from."""
    draft = drafts.mine(ask)
    if draft is None or not draft.file:
        return pages.plain("", 404)
    folder = intake.folder(ask.site.app)
    return pages.file(folder / (draft.poster if draft.film else draft.source or draft.file), "image/jpeg")


def take(ask: Ask, draft: Submission, action: Action) -> Response:
    """Cover what is ticked; a press on the picture adds a box, and the page comes again."""
    cleaner_of(ask.site.app).forget(draft.id)
    boxes = _ticked(ask)
    added = _pressed(ask, draft) or _typed(ask)
    if added is not None:
        boxes.append(added)
    if draft.film:
        return _take_film(ask, draft, action, boxes, stay=added is not None)
    cover.cover(ask.site.app, draft, boxes)
    return pages.go("/add/faces" if added is not None or "again" in ask.form else "/add/message")


def _take_film(ask: Ask, draft: Submission, action: Action, boxes: list[Box], *, stay: bool) -> Response:
    every = ask.form["every"] == "yes"
    if stay:  # a film takes its time: its places are gathered first, then covered all at once
        return _page(ask, draft, action, ticked=boxes, every=every)
    app = ask.site.app
    if not boxes and not every and not draft.covers:
        cover.cover(app, draft, ())
        return pages.go("/add/message")
    cover.want(app, draft, boxes, every_face=every)
    cleaner_of(app).submit(draft.id, partial(cover.go_on, app, draft.id))
    return pages.go("/add/faces/wait")


def _page(
    ask: Ask,
    draft: Submission,
    action: Action,
    *,
    wrong: str = "",
    ticked: list[Box] | None = None,
    every: bool | None = None,
) -> Response:
    careful = draft.risk is not Risk.low
    proposed = in_rows(drafts.proposals(draft))
    wanted = draft.to_cover
    covered = {drafts.rounded(box) for box in (wanted.boxes if wanted else draft.covers)}
    chosen = set(ticked) if ticked is not None else covered or (set(proposed) if careful and not draft.film else set())
    boxes = [
        {"value": ",".join(map(str, box)), "box": box, "on": box in chosen, "number": number}
        for number, box in enumerate(dict.fromkeys([*proposed, *(ticked or [])]), 1)
    ]
    return drafts.question(
        ask,
        "faces",
        draft,
        action,
        status=422 if wrong else 200,
        boxes=boxes,
        careful=careful,
        every=(wanted.every_face if wanted else careful) if every is None else every,
        widths=WIDTHS,
        problem=wrong,
    )


def in_rows(boxes: Sequence[Box]) -> list[Box]:
    """Return boxes in the order of reading: row by row from the top, each row from the left.

    A box belongs to a row when its middle isn't below the row's first box.
    """
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda one: one[1] + one[3]):
        if rows and (box[1] + box[3]) / 2 < rows[-1][0][3]:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [box for row in rows for box in sorted(row)]


def _ticked(ask: Ask) -> list[Box]:
    found = []
    for text in ask.form.all("box")[:_MOST]:
        with contextlib.suppress(ValueError):
            left, top, right, bottom = (float(edge) for edge in text.split(","))
            box = drafts.rounded((left, top, right, bottom))
            if all(0 <= edge <= 1 for edge in box) and left < right and top < bottom:
                found.append(box)
    return list(dict.fromkeys(found))


def _pressed(ask: Ask, draft: Submission) -> Box | None:
    """Return a box around where the picture was pressed."""
    for name, width in WIDTHS.items():
        if f"{name}.x" in ask.form:
            with contextlib.suppress(ValueError, OverflowError):
                height = width * draft.height / max(draft.width, 1)
                x, y = int(ask.form[f"{name}.x"]) / width, int(ask.form[f"{name}.y"]) / height
                return _around(x, y, draft) if x or y else None  # 0, 0 is the Enter key
    return None


def _around(x: float, y: float, draft: Submission) -> Box:
    wide = _WIDE / 2
    high = wide * 1.25 * draft.width / max(draft.height, 1)
    left, top, right, bottom = x - wide, y - high, x + wide, y + high
    return drafts.rounded((max(left, 0.0), max(top, 0.0), min(right, 1.0), min(bottom, 1.0)))


def _typed(ask: Ask) -> Box | None:
    """Return the box whose edges were typed, in hundredths of the picture."""
    names = ("left", "top", "wide", "high")
    if not all(ask.form[name] for name in names):
        return None
    with contextlib.suppress(ValueError):
        left, top, wide, high = (float(ask.form[name].replace(",", ".")) / 100 for name in names)
        if 0 <= left < 1 and 0 <= top < 1 and wide > 0 and high > 0:
            return drafts.rounded((left, top, min(left + wide, 1.0), min(top + high, 1.0)))
    return None
