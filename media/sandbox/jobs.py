"""What the sandbox can be asked to do: a fixed table, so that a request can name a job but never bring one."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, NamedTuple

from media.errors import NoDetector
from media.order import Cleaned, Region

Answer = tuple[dict[str, Any], Sequence[bytes]]


class Job(NamedTuple):
    """One thing the child can do.

    Attributes:
        load: imports and warms all it needs; called once, before any file is there: later nothing can be opened.
        run: does it, given the file and its options; returns values of JSON, and bytes.
    """

    load: Callable[[], object]
    run: Callable[[BinaryIO, dict[str, Any]], Answer]


def _load_photo() -> None:
    import pillow_heif  # noqa: F401, PLC0415
    from PIL import (  # noqa: F401, PLC0415  # TIFF reads EXIF: Pillow would load it when it meets some
        AvifImagePlugin,
        Image,
        ImageCms,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    from media import clean, faces  # noqa: F401, PLC0415
    from media.faces import model as faces_model  # noqa: PLC0415

    Image.preinit()
    with contextlib.suppress(NoDetector):  # photos are opened all the same; who wants faces covered is refused
        faces_model.look(64, 64, bytes(64 * 64 * 3))


def _load_film() -> None:
    _load_photo()
    import av.subtitles.codeccontext  # noqa: F401, PLC0415  # PyAV would load it when it meets a track of words

    from media import video  # noqa: F401, PLC0415


def _photo(file: BinaryIO, options: dict[str, Any]) -> Answer:
    from media import clean  # noqa: PLC0415

    return _cleaned(clean.photo(file.read(), **_options(options)))


def _film(file: BinaryIO, options: dict[str, Any]) -> Answer:
    from media import video  # noqa: PLC0415

    return _cleaned(video.clean(file, **_options(options)))


def _look(file: BinaryIO, _: dict[str, Any]) -> Answer:
    from media.film import source  # noqa: PLC0415

    return {"seconds": source.look(file).seconds}, ()


def _faces(file: BinaryIO, _: dict[str, Any]) -> Answer:
    from media import clean  # noqa: PLC0415

    return {"faces": clean.photo(file.read(), find_faces=True).faces}, ()


def _logo(file: BinaryIO, _: dict[str, Any]) -> Answer:
    from media.photos import picture  # noqa: PLC0415

    made = picture.open_picture(file.read(), "logo", longest=512).convert("RGBA")
    made.thumbnail((512, 512))
    return {"width": made.width, "height": made.height}, (made.tobytes(),)


def _options(options: dict[str, Any]) -> dict[str, Any]:
    """Turn the places to cover, which came as JSON, into regions again."""
    return {**options, "cover": tuple(Region(*edges) for edges in options.get("cover", ()))}


def _cleaned(made: Cleaned) -> Answer:
    values = {key: getattr(made, key) for key in ("mime", "width", "height", "faces", "removed", "seconds")}
    return values, (made.data, made.poster)


JOBS = {
    "photo": Job(_load_photo, _photo),
    "video": Job(_load_film, _film),
    "look": Job(_load_film, _look),
    "faces": Job(_load_photo, _faces),
    "logo": Job(_load_photo, _logo),
}
