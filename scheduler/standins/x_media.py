"""Media at a stand-in for X: pictures in one piece, films in segments, both opened and looked at."""

import base64
import binascii
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from PIL import Image

from scheduler.standins.faults import Answer
from scheduler.standins.loopback import Request
from scheduler.standins.x_answers import BAD_MEDIA, PROBLEMS, Refused, closed, closed_object, gone, invalid, plain
from scheduler.standins.x_answers import problem as refused
from scheduler.standins.x_login import Entrance
from scheduler.standins.x_posts import Picture, User, snowflake

_KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_LARGEST_FILM = 512_000_000
_LARGEST_SEGMENT = 5_000_000  # bytes of a request's base64
_SENSITIVE = {"adult_content": bool, "graphic_violence": bool, "other": bool}


@dataclass
class Upload:
    """A film on its way here."""

    owner: str
    size: int
    segments: dict[int, bytes] = field(default_factory=dict)


class Media(Entrance):
    """Takes media. `pictures` is all that can be posted (films too), `uploads` what is still being sent."""

    LASTS: ClassVar[int] = 86_400

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pictures: dict[str, Picture] = {}
        self.uploads: dict[str, Upload] = {}
        self.media_lasts = self.LASTS
        self.film_takes = 2.0  # seconds of work on a film
        self._last_id = 0
        self._speaking: User | None = None  # who asks just now

    def user(self) -> User:
        """Return who asks."""
        if self._speaking is None:
            raise Refused(refused(401, "Unauthorized", "Unauthorized"))
        return self._speaking

    def new_id(self) -> str:
        """Return an id greater than all before."""
        made = snowflake(self.now(), self._last_id)
        self._last_id = int(made)
        return made

    # ── pictures ──

    def upload(self, request: Request) -> Answer:
        """POST /2/media/upload, the whole picture as base64."""
        body = closed(request, {"media": str, "media_category": str})
        if body.get("media_category") != "tweet_image":
            return invalid("$.media_category: must be tweet_image")
        data = _decoded(body)
        if len(data) > 5_000_000:
            return refused(413, "Payload Too Large", "The picture is larger than 5 MB")
        try:
            with Image.open(io.BytesIO(data), formats=tuple(_KINDS)) as image:
                image.load()
                kind, size = _KINDS[str(image.format)], image.size
        except (OSError, ValueError, SyntaxError):
            return refused(400, "Invalid Request", "media type unrecognized.", f"{PROBLEMS}/invalid-request")
        picture = self._kept(self.new_id(), data, kind)
        facts = {"id": picture.id, "media_key": f"3_{picture.id}", "size": len(data)}
        more = {"expires_after_secs": self.media_lasts, "image": {"image_type": kind, "w": size[0], "h": size[1]}}
        return plain(200, {"data": {**facts, **more}})

    def _kept(self, media_id: str, data: bytes, kind: str, **film: Any) -> Picture:
        digest = hashlib.sha256(data).hexdigest()
        picture = Picture(media_id, self.user().id, digest, kind, self.now() + self.media_lasts, **film)
        self.pictures[media_id] = picture
        return picture

    def describe(self, request: Request) -> Answer:
        """POST /2/media/metadata: the alt text of a picture, and whether X warns of it."""
        body = closed(request, {"id": str, "metadata": dict})
        picture = self.pictures.get(body.get("id", ""))
        keys = {"alt_text": dict, "sensitive_media_warning": dict}
        metadata = closed_object(body.get("metadata"), keys, "$.metadata")
        if picture is None or picture.owner != self.user().id:
            return invalid("$.id: is not a medium of yours")
        alt = closed_object(metadata.get("alt_text", {}), {"text": str}, "$.metadata.alt_text")
        warned = closed_object(metadata.get("sensitive_media_warning", {}), _SENSITIVE, "$.sensitive_media_warning")
        if "alt_text" in metadata and (picture.is_film or not 0 < len(alt.get("text", "")) <= 1000):
            return invalid("$.metadata.alt_text.text: 1 to 1000 characters, for a picture")
        picture.alt = alt.get("text", picture.alt)
        picture.warned = picture.warned or any(warned.values())
        return plain(200, {"data": {"id": picture.id, "associated_metadata": metadata}})

    # ── films ──

    def initialize(self, request: Request) -> Answer:
        """POST /2/media/upload/initialize."""
        keys = {"media_type": str, "media_category": str, "total_bytes": int, "shared": bool, "additional_owners": list}
        body = closed(request, keys)
        if (body.get("media_type"), body.get("media_category")) != ("video/mp4", "tweet_video"):
            return invalid("$.media_type, $.media_category: must be video/mp4 and tweet_video")
        if not 0 < body.get("total_bytes", 0) <= _LARGEST_FILM:
            return invalid("$.total_bytes: must be between 1 and 512000000")
        media_id = self.new_id()
        self.uploads[media_id] = Upload(self.user().id, body["total_bytes"])
        facts = {"id": media_id, "media_key": f"13_{media_id}", "expires_after_secs": self.media_lasts}
        return plain(200, {"data": facts})

    def append(self, request: Request) -> Answer:
        """POST /2/media/upload/:id/append, a segment as base64."""
        upload = self._upload(request)
        body = closed(request, {"media": str, "segment_index": int})
        if not 0 <= body.get("segment_index", -1) <= 999:
            return invalid("$.segment_index: must be between 0 and 999")
        if len(body.get("media", "")) > _LARGEST_SEGMENT:
            return refused(413, "Payload Too Large", "The segment is larger than 5 MB")
        upload.segments[body["segment_index"]] = _decoded(body)
        return plain(200, {"data": {"expires_at": int(self.now()) + self.media_lasts}})

    def finalize(self, request: Request) -> Answer:
        """POST /2/media/upload/:id/finalize: from here on X works on it."""
        upload = self._upload(request)
        numbers = sorted(upload.segments)
        data = b"".join(upload.segments[number] for number in numbers)
        if numbers != list(range(len(numbers))) or len(data) != upload.size:
            return invalid("Segments do not add up to provided total file size.")
        (media_id,) = request.args
        ready = {"ready_at": self.now() + self.film_takes, "failed": film_fault(data), "is_film": True}
        self._kept(media_id, data, "video/mp4", **ready)
        del self.uploads[media_id]
        return self._standing(media_id)

    def status(self, request: Request) -> Answer:
        """GET /2/media/upload?command=STATUS."""
        query = dict(request.query)
        if query.keys() != {"command", "media_id"} or query["command"] != "STATUS":
            return invalid("command must be STATUS, media_id an id")
        film = self.pictures.get(query["media_id"])
        if film is None or film.owner != self.user().id:
            return gone("media")
        return self._standing(film.id)

    def _standing(self, media_id: str) -> Answer:
        film = self.pictures[media_id]
        work: dict[str, object] = {"state": "succeeded", "progress_percent": 100}
        if film.ready_at > self.now():
            work = {"state": "in_progress", "check_after_secs": 1, "progress_percent": 10}
        elif film.failed:
            error = {"code": 1, "name": "InvalidMedia", "message": film.failed}
            work = {"state": "failed", "progress_percent": 100, "error": error}
        lasts = int(film.expires - self.now())
        facts = {"id": film.id, "media_key": f"13_{film.id}", "expires_after_secs": lasts}
        return plain(200, {"data": {**facts, "processing_info": work}})

    def _upload(self, request: Request) -> Upload:
        upload = self.uploads.get(request.args[0])
        if upload is None or upload.owner != self.user().id:
            raise Refused(gone("media"))
        return upload

    # ── posts that show them ──

    def shown(self, media: object) -> list[Picture]:
        """Return the media that a new post names, or refuse."""
        if media is None:
            return []
        ids = closed_object(media, {"media_ids": list}, "$.media").get("media_ids", [])
        if not 1 <= len(ids) <= 4 or len(set(ids)) != len(ids):
            raise Refused(invalid("$.media.media_ids: must hold between 1 and 4 different ids"))
        found = [picture for picture in map(self.pictures.get, ids) if picture and self._is_good(picture)]
        mixed = len(ids) > 1 and any(picture.is_film for picture in found)
        if len(found) != len(ids) or mixed:
            raise Refused(refused(400, "Invalid Request", BAD_MEDIA))
        return found

    def _is_good(self, picture: Picture) -> bool:
        now = self.now()
        ready = picture.ready_at <= now and not picture.failed
        return ready and picture.owner == self.user().id and not picture.used and picture.expires > now


def _decoded(body: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(body.get("media", ""), validate=True)
    except binascii.Error:
        raise Refused(invalid("$.media: must be base64")) from None


def film_fault(data: bytes) -> str:
    """Open a film and return what X would not take of it, "" where it takes it."""
    import av

    try:
        with av.open(io.BytesIO(data), "r") as film:
            (track,), sounds = film.streams.video, film.streams.audio
            seconds = (film.duration or 0) / av.time_base
            codecs = [track.codec_context.name, *(sound.codec_context.name for sound in sounds)]
            wide, high, rate = track.width, track.height, float(track.average_rate or 0)
            is_mp4 = "mp4" in film.format.name.split(",") and film.metadata.get("major_brand", "").strip() != "qt"
    except (av.FFmpegError, ValueError):
        return "the file can't be read"
    faults = {
        "it is no MP4": not is_mp4,
        f"codecs {codecs}: H.264 and AAC are wanted": codecs not in (["h264"], ["h264", "aac"]),
        f"{seconds:.2f} seconds: 0.5 to 140 are wanted": not 0.5 <= seconds <= 140,
        f"{wide} x {high} pixels": not (32 <= wide <= 1280 and 32 <= high <= 1024 and 1 / 3 <= wide / high <= 3),
        f"{rate} pictures a second": not 0 < rate <= 60,
    }
    return "; ".join(said for said, wrong in faults.items() if wrong)
