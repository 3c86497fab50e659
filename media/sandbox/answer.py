"""What a job answers, written by the child and read by the parent, which believes nothing it hasn't checked."""

import io
import json
import os
import struct
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from media import errors
from media.errors import MediaError, Unfinished
from media.order import Cleaned, Region
from media.photos import jpegwalk

_HEAD = struct.Struct(">I")
_WORDS = 500  # letters of a message
_MOST = 1000  # faces, or things removed
_DAY = 86_400.0
_LONGEST = 1 << 20  # bytes of JSON
_LOGO = 512  # pixels


def write(file: BinaryIO, work: Callable[[], tuple[dict[str, Any], Sequence[bytes]]]) -> None:
    """Write what `work` returns or raises: a length, that many bytes of JSON, then the answer's bytes."""
    parts: Sequence[bytes] = ()
    try:
        values, parts = work()
    except MediaError as error:
        values = {"error": type(error).__name__, "words": str(error)[:_WORDS]}
    except MemoryError:
        values = {"error": "TooLarge", "words": "the file takes too much memory to open: save it smaller"}
    head = json.dumps({"values": values, "sizes": [len(part) for part in parts]}).encode()
    file.writelines((_HEAD.pack(len(head)), head, *parts))


def read(number: int, most: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return the answer in the file of descriptor `number`.

    Raises:
        MediaError: the job's own, or Unfinished where the answer makes no sense.
    """
    try:
        size = os.fstat(number).st_size
        if size > most:
            raise Unfinished
        with open(number, "rb", closefd=False) as file:
            file.seek(0)
            head = json.loads(_exactly(file, _HEAD.unpack(file.read(_HEAD.size))[0], _LONGEST))
            values, parts = dict(head["values"]), [_exactly(file, int(part), most) for part in head["sizes"]]
    except (OSError, ValueError, KeyError, TypeError, struct.error, RecursionError, OverflowError) as error:
        raise Unfinished from error
    if "error" in values:
        raise _raised(values)
    return values, parts


def _exactly(file: BinaryIO, size: int, most: int) -> bytes:
    if not 0 <= size <= most:
        raise ValueError
    data = file.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _raised(values: dict[str, Any]) -> MediaError:
    kind = getattr(errors, str(values["error"]), None)
    words = str(values.get("words"))[:_WORDS]
    if not (isinstance(kind, type) and issubclass(kind, MediaError) and words.isprintable()):
        return Unfinished()
    return kind(words)


def photo(values: dict[str, Any], parts: Sequence[bytes]) -> Cleaned:
    """Return the photo an answer holds, once its file was looked at here too. Raises MediaError."""
    made = _cleaned(values, parts, "image/jpeg")
    if jpegwalk.size(made.data) != (made.width, made.height) or made.poster:
        raise Unfinished
    return made


def logo(values: dict[str, Any], parts: Sequence[bytes]) -> bytes:
    """Return the logo an answer holds as a PNG: its pixels come as they are, so nothing is left to decode."""
    from PIL import Image  # noqa: PLC0415

    try:
        width, height, (pixels,) = int(values["width"]), int(values["height"]), parts
        if not (0 < width <= _LOGO and 0 < height <= _LOGO and len(pixels) == 4 * width * height):
            raise Unfinished
    except (ValueError, KeyError, TypeError) as error:
        raise Unfinished from error
    out = io.BytesIO()
    Image.frombytes("RGBA", (width, height), pixels).save(out, "PNG")
    return out.getvalue()


def film(values: dict[str, Any], parts: Sequence[bytes]) -> Cleaned:
    """Return the film an answer holds, once its file and its still were looked at here too. Raises MediaError."""
    from media.film import verify as video_verify  # noqa: PLC0415

    made = _cleaned(values, parts, "video/mp4")
    video_verify.verify(made.data)
    jpegwalk.size(made.poster)
    return made


def faces(values: dict[str, Any], _: Sequence[bytes] = ()) -> tuple[Region, ...]:
    """Return the faces an answer holds. Raises Unfinished."""
    try:
        found = tuple(Region(*map(float, edges)) for edges in values["faces"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unfinished from error
    if len(found) > _MOST or not all(0 <= edge <= 1 for region in found for edge in region):
        raise Unfinished
    return found


def seconds(values: dict[str, Any], _: Sequence[bytes] = ()) -> float:
    """Return how long a film is that an answer tells of. Raises Unfinished."""
    try:
        found = float(values["seconds"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise Unfinished from error
    if not 0 <= found < _DAY:
        raise Unfinished
    return found


def _cleaned(values: dict[str, Any], parts: Sequence[bytes], mime: str) -> Cleaned:
    try:
        data, poster = parts
        made = Cleaned(
            data=data,
            mime=mime,
            width=int(values["width"]),
            height=int(values["height"]),
            faces=faces(values),
            removed=tuple(str(word)[:_WORDS] for word in values["removed"][:_MOST]),
            seconds=float(values["seconds"]),
            poster=poster,
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise Unfinished from error
    if not all(word.isprintable() for word in made.removed) or not 0 <= made.seconds < _DAY:
        raise Unfinished
    return made
