"""What was made of a photo or film, as new files; and further covers that a moderator burns into its pixels."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scheduler import blobs, cleaning, files
from scheduler.app import App
from scheduler.errors import UserError
from scheduler.files import MachineError
from scheduler.store import uploads
from scheduler.submission import Box, Submission

if TYPE_CHECKING:
    from media.order import Cleaned


def covered(app: App, submission: Submission, boxes: Sequence[Box]) -> dict[str, Any]:
    """Write a submission's picture or film with `boxes` covered, its still and its preview; return the new columns.

    Raises:
        UserError: a box is none, or the picture isn't there any more.
        MachineError: this machine can't do it now.
    """
    from media.errors import MediaError

    _require_boxes(boxes)
    try:
        made = _made(app, submission, boxes)
        return {**facts(made), **written(app, made)}
    except MediaError as error:
        raise MachineError(str(error)) from None


def written(app: App, made: "Cleaned") -> dict[str, str]:
    """Write a clean file, a film's still and a small picture; return their names by column.

    Raises:
        MediaError: no small picture can be made of it.
        MachineError: one can't be written.
    """
    small = cleaning.small(made.poster or made.data)
    parts = {"file": (".mp4" if made.poster else ".jpg", made.data), "preview": ("-small.jpg", small.data)}
    if made.poster:
        parts["poster"] = ("-still.jpg", made.poster)
    return {"poster": "", **uploads.write(app.workspace.var / blobs.UPLOADS, parts)}


def facts(made: "Cleaned") -> dict[str, Any]:
    """Return what a clean file is, by column."""
    found: dict[str, Any] = {name: getattr(made, name) for name in ("mime", "width", "height", "seconds")}
    return {**found, "size": len(made.data), "sha256": hashlib.sha256(made.data).hexdigest()}


def _made(app: App, submission: Submission, boxes: Sequence[Box]) -> "Cleaned":
    from media.order import Region

    places = [Region(*box) for box in boxes]
    with files.open_plain(blobs.upload(app.workspace, submission.file)) as file:
        if submission.film:
            return cleaning.film(file, cover=places)
        return cleaning.photo(file.read(), cover=places)


def _require_boxes(boxes: Sequence[Box]) -> None:
    for left, top, right, bottom in boxes:
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            msg = "A cover needs a place in the picture: its edges in parts of the width and height, 0 to 1."
            raise UserError(msg)
