"""Further covers on a picture that a moderator looks at: burnt into the pixels of new files, beside the old ones."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scheduler import cleaning, files
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
    folder = app.workspace.var / "uploads"
    try:
        made = _made(app, submission, boxes)
        small = cleaning.small(made.poster or made.data)
    except MediaError as error:
        raise MachineError(str(error)) from None
    parts = {"file": (".mp4" if submission.film else ".jpg", made.data), "preview": ("-small.jpg", small.data)}
    if made.poster:
        parts["poster"] = ("-still.jpg", made.poster)
    facts: dict[str, Any] = {name: getattr(made, name) for name in ("mime", "width", "height", "seconds")}
    facts |= {"size": len(made.data), "sha256": hashlib.sha256(made.data).hexdigest()}
    return {**facts, "poster": "", **uploads.write(folder, parts)}


def _made(app: App, submission: Submission, boxes: Sequence[Box]) -> "Cleaned":
    from media.order import Region

    places = [Region(*box) for box in boxes]
    with files.open_plain(app.workspace.var / "uploads" / submission.file) as file:
        if submission.film:
            return cleaning.film(file, cover=places)
        return cleaning.photo(file.read(), cover=places)


def _require_boxes(boxes: Sequence[Box]) -> None:
    for left, top, right, bottom in boxes:
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            msg = "A cover needs a place in the picture: its edges in parts of the width and height, 0 to 1."
            raise UserError(msg)
