"""One picture of many: the photos that people sent for an action, with its message."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from scheduler import cleaning, files, rendering
from scheduler.errors import UserError
from scheduler.model import Action, Medium, Workspace

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".heic", ".heif", ".avif"})
LEAST, MOST = 4, 400
_SIDE = 1024  # pixels: no tile is larger
_MOST_BYTES = 5_000_000


def make(
    action: Action,
    workspace: Workspace,
    *,
    now: datetime,
    message: str,
    photos: Sequence[Path],
    size: tuple[int, int],
    out: Path,
    lang: str | None = None,
    theme: str | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Medium:
    """Write a collage to `out`. Each photo is cleaned first, as an upload is.

    Args:
        action: the action whose hashtags and theme it bears.
        workspace: where the action is.
        now: the moment whose card it is: a final push counts the days.
        message: what it says.
        photos: files, and folders of files; a folder's are taken in the order of their names.
        size: width and height in pixels.
        out: the JPEG to write.
        lang: its language.
        theme: its look.
        progress: called with the photos that are done, and all of them.

    Raises:
        UsageError: there is no such folder.
        UserError: a photo can't be used, or a file can't be read or written.
    """
    from media.collage import render
    from media.errors import MediaError

    originals = list(_files(photos))
    files.check_targets([out], originals)
    if not LEAST <= len(originals) <= MOST:
        msg = f"a collage takes {LEAST} to {MOST} photos, and these are {len(originals)}: give it more, or fewer"
        raise UserError(msg)
    order = rendering.order(action, workspace, now=now, message=message, lang=lang, theme=theme)
    try:
        clean = []
        for number, file in enumerate(originals, 1):
            clean.append(_clean(file))
            progress(number, len(originals))
        return rendering.save(out, render(clean, order, size=size, max_bytes=_MOST_BYTES))
    except MediaError as error:
        raise UserError(str(error)) from None


def _files(photos: Sequence[Path]) -> Iterator[Path]:
    for path in photos:
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS and file.is_file())
        else:
            yield path


def _clean(file: Path) -> bytes:
    from media.errors import MediaError

    try:
        return cleaning.photo(files.read(file), max_side=_SIDE).data
    except MediaError as error:
        msg = f"{file}: {error}"
        raise UserError(msg) from None
