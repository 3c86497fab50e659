"""What a stand-in for Mastodon takes in: forms with files, closed JSON bodies; and the form of its answers."""

import io
import json
from collections.abc import Mapping
from typing import Any

import av
from PIL import Image

from scheduler.standins.faults import Answer
from scheduler.standins.loopback import Request

IMAGES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
IMAGE_BYTES, FILM_BYTES, PIXELS = 16 * 1024 * 1024, 99 * 1024 * 1024, 33_177_600
_FILM_PIXELS, _FILM_RATE = 8_294_400, 120
POST_KEYS: Mapping[str, type] = {
    "status": str,
    "media_ids": list,
    "in_reply_to_id": str,
    "sensitive": bool,
    "spoiler_text": str,
    "visibility": str,
    "language": str,
}


def reply(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), headers or {})


def error(status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a refusal in Mastodon's form."""
    return reply(status, {"error": words}, headers)


class Refused(Exception):  # noqa: N818
    """A request that isn't done; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def closed(request: Request) -> dict[str, Any]:
    """Return a JSON body that has no other keys than a post may have, of the right types."""
    if request.headers.get("Content-Type") != "application/json":
        raise Refused(error(422, "the body must be application/json"))
    body = json.loads(request.body)
    for key, value in body.items():
        if key not in POST_KEYS or not isinstance(value, POST_KEYS[key]):
            raise Refused(error(422, f"{key} is unknown, or of the wrong type"))
    if body.get("visibility", "public") not in {"public", "unlisted", "private"}:
        raise Refused(error(422, "Validation failed: Visibility is not included in the list"))
    return dict(body)


def multipart(request: Request) -> dict[str, bytes]:
    """Return the fields of a form with files."""
    sort, _, boundary = request.headers.get("Content-Type", "").partition("; boundary=")
    if sort != "multipart/form-data":
        raise Refused(error(422, "the body must be multipart/form-data"))
    fields: dict[str, bytes] = {}
    for part in request.body.split(b"--" + boundary.strip('"').encode())[1:-1]:
        head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = head.decode().partition('name="')[2].partition('"')[0]
        fields[name] = data.removesuffix(b"\r\n")
    return fields


def kind(data: bytes) -> str:
    """Return what a file is, by opening it."""
    unsupported = error(422, "Validation failed: File content type is not supported")
    try:
        with Image.open(io.BytesIO(data), formats=tuple(IMAGES)) as image:
            image.load()
            pixels = image.size[0] * image.size[1]
    except (OSError, ValueError, SyntaxError):
        if _is_film(data):
            return "video"
        raise Refused(unsupported) from None
    if pixels > PIXELS:
        raise Refused(error(422, "Validation failed: File images are not supported at that size"))
    return "image"


def _is_film(data: bytes) -> bool:
    try:
        with av.open(io.BytesIO(data)) as film:
            (picture,) = film.streams.video
            fits = picture.width * picture.height <= _FILM_PIXELS and (picture.average_rate or 0) <= _FILM_RATE
            return fits and picture.codec_context.name == "h264" and "mp4" in film.format.name
    except (av.FFmpegError, ValueError):
        return False
