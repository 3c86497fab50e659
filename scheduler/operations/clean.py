"""Make one photo or film safe to hand on, exactly as an upload is."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler import cleaning, rendering
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

    _check_places(source, out, poster)
    try:
        with source.open("rb") as file:
            made = cleaning.upload(file, cover_faces=cover_faces, cover=cover)
    except MediaError as error:
        msg = f"{source}: {error}"
        raise UserError(msg) from None
    except OSError as error:
        msg = f"{error.filename or source}: {error.strerror or error}"
        raise UserError(msg) from None
    rendering.write(out, made.data)
    if poster is not None and made.poster:
        rendering.write(poster, made.poster)
    return made


def _check_places(source: Path, *targets: Path | None) -> None:
    for target in targets:
        if target is None:
            continue
        if not target.absolute().parent.is_dir():
            msg = f"{target.absolute().parent}: there is no such folder: make it, or name another file"
            raise UsageError(msg)
        if target.is_dir():
            msg = f"{target}: is a folder: name the file to write"
            raise UsageError(msg)
        if target.exists() and target.samefile(source):
            msg = f"{target}: is the original, which stays as it is: name another file"
            raise UsageError(msg)
