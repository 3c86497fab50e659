"""How the stand-ins for Instagram and Threads get their media: fetched over HTTP on loopback, as Meta fetches them.

One request, no redirect, the right content type; then the file is opened.
"""

import http.client
import io
from collections.abc import Collection
from urllib.parse import urlsplit

import av
from PIL import Image

from scheduler.standins.graph import Refused, error

_LARGEST = 1_000_000_000
_NOT_FETCHED = "The media could not be fetched from this URI"


def fetch(url: str, kinds: Collection[str]) -> bytes:
    """Fetch a file as Meta does: once, without a redirect, and only of a kind that it takes.

    Raises:
        Refused: it can't be had so.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname != "127.0.0.1":  # loopback only: this is a rehearsal
        raise Refused(error(400, 9004, _NOT_FETCHED, 2207052))
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=10)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        answer = connection.getresponse()
        data = answer.read(_LARGEST + 1)
        kind = (answer.headers.get("Content-Type") or "").partition(";")[0]
    except (OSError, http.client.HTTPException):
        raise Refused(error(400, 9004, _NOT_FETCHED, 2207052)) from None
    finally:
        connection.close()
    if answer.status != 200:
        raise Refused(error(400, 9004, f"{_NOT_FETCHED} ({answer.status})", 2207052))
    if kind not in kinds:
        raise Refused(error(400, 9004, f"Only photo or video can be accepted as media type, not {kind}", 2207005))
    return data


def check_picture(data: bytes, kinds: tuple[str, ...], most: int, ratios: tuple[float, float]) -> None:
    """Open a picture: its real format, its size, its ratio.

    Raises:
        Refused: one of them isn't taken.
    """
    if len(data) > most:
        raise Refused(error(400, 36000, "The image is too large to download", 2207004))
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            kind, (width, height) = image.format, image.size
    except (OSError, ValueError, SyntaxError):
        raise Refused(error(400, 36001, "The image can't be read", 2207005)) from None
    if kind not in kinds:  # an MPO says image/jpeg and is none
        raise Refused(error(400, 36001, f"The image format {kind} is not supported", 2207005))
    if not ratios[0] <= width / height <= ratios[1]:
        raise Refused(error(400, 36003, f"The aspect ratio {width}:{height} is not supported", 2207009))


def check_film(data: bytes, most: int, least: float, longest: float) -> str:
    """Open a film; return what is wrong with it, which is said only once it has been worked on.

    Raises:
        Refused: it is too large.
    """
    if len(data) > most:
        raise Refused(error(400, 352, "The video is too large", 2207026))
    try:
        with av.open(io.BytesIO(data), "r", format="mp4") as film:
            kinds = {stream.codec_context.name for stream in film.streams.video}
            widths = [stream.codec_context.width for stream in film.streams.video]
            seconds = float(film.duration or 0) / av.time_base
    except (av.FFmpegError, OSError, ValueError):
        return "FORMAT"
    if kinds != {"h264"} or max(widths, default=9999) > 1920:
        return "FORMAT"
    return "" if least <= seconds <= longest else "DURATION"
