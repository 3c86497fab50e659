"""Make one photo or film safe to hand on, exactly as an upload is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler import cleaning, files
from scheduler.errors import UsageError, UserError

if TYPE_CHECKING:
    from media.order import Cleaned, Region

ENDINGS = {"image/jpeg": (".jpg", ".jpeg"), "video/mp4": (".mp4",)}


def clean(
    source: Path,
    out: Path,
    *,
    cover_faces: bool = False,
    cover: Sequence["Region"] = (),
    poster: Path | None = None,
) -> "Cleaned":
    """Write the clean form of `source` to `out`, whole or not at all; the original stays as it is.

    Args:
        source: a photo or a film.
        out: the file to write.
        cover_faces: put an opaque block on every face that is found.
        cover: further places to cover.
        poster: where a film's still goes.

    Raises:
        UsageError: `out` is the original, or its folder isn't there.
        UserError: the file is refused, or can't be read or written.
    """
    from media.errors import MediaError

    files.check_targets([out, *([poster] if poster else [])], [source])
    with files.open_plain(source) as file:
        try:
            made = cleaning.upload(file, cover_faces=cover_faces, cover=cover)
        except MediaError as error:
            msg = f"{source}: {error}"
            raise UserError(msg) from None
    if poster is not None and not made.poster:
        msg = f"{source}: is a photo, which has no still: leave out --poster"
        raise UsageError(msg)
    if poster is not None:
        files.write(poster, made.poster)
    files.write(out, made.data)
    return made
