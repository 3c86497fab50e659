"""The files of a stand-in for a Bluesky server: pictures, and films that take a while. Each is opened to be judged."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import av
from PIL import Image

from scheduler.standins import bluesky_cids as cids
from scheduler.standins.bluesky_lexicon import FILM_BYTES, PICTURE_BYTES, Wrong, closed
from scheduler.standins.bluesky_sessions import Refused, User

BLOBS_LAST = 3600.0  # seconds, while no record refers to them
_KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_FILM_SECONDS = 180
_FILMS_A_DAY = 25


@dataclass
class _Blob:
    data: bytes
    mime: str
    size: tuple[int, int]
    until: float
    used_by: set[str] = field(default_factory=set)


@dataclass
class Blobs:
    """Files by their owner and hash, kept for an hour unless a record refers to them."""

    now: Callable[[], float]
    kept: dict[tuple[str, str], _Blob] = field(default_factory=dict)

    def keep(self, did: str, data: bytes, given: str) -> dict[str, Any]:
        """Keep a file; what it is is read from the file itself, where that tells."""
        cid = cids.of_bytes(data)
        mime, size = _looked_at(data, given)
        blob = self.kept.setdefault((did, cid), _Blob(data, mime, size, 0))
        blob.until = self.now() + BLOBS_LAST
        return {"$type": "blob", "ref": {"$link": cid}, "mimeType": blob.mime, "size": len(data)}

    def check(self, did: str, value: object, kind: str) -> tuple[int, int]:
        """Check a record's reference to a file; return the file's width and height."""
        ref = closed(value, "/embed", ("$type", "ref", "mimeType", "size"))
        link = closed(ref["ref"], "/embed/ref", ("$link",))["$link"]
        blob = self.kept.get((did, link))
        if blob is None or (not blob.used_by and blob.until <= self.now()):
            raise Wrong(f"Could not find blob: {link}", "BlobNotFound")
        if ref["$type"] != "blob" or ref["mimeType"] != blob.mime or not blob.mime.startswith(kind) or not blob.size[0]:
            raise Wrong(f"Referenced Mimetype does not match stored blob: {blob.mime}", "InvalidMimeType")
        if ref["size"] != len(blob.data):
            raise Wrong(f"Referenced Size does not match stored blob: {len(blob.data)}", "InvalidSize")
        if len(blob.data) > (PICTURE_BYTES if kind == "image/" else FILM_BYTES):
            raise Wrong(f"Record/embed is too large: {len(blob.data)}")
        return blob.size

    def refer(self, did: str, uri: str, record: object) -> None:
        """Keep the files of a record, and no longer those that only an earlier one had there."""
        self.forget(did, uri)
        for link in _links(record):
            if (did, link) in self.kept:
                self.kept[did, link].used_by.add(uri)

    def forget(self, did: str, uri: str) -> None:
        """Throw away the files that only this record had."""
        for key, blob in list(self.kept.items()):
            if key[0] == did and uri in blob.used_by:
                blob.used_by.discard(uri)
                if not blob.used_by:
                    del self.kept[key]

    def data(self, did: str, cid: str) -> bytes:
        """Return a file's bytes."""
        return self.kept[did, cid].data


def _links(value: object) -> list[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$link"), str):
            return [value["$link"]]
        return [link for item in value.values() for link in _links(item)]
    return [link for item in value for link in _links(item)] if isinstance(value, list) else []


def _looked_at(data: bytes, given: str) -> tuple[str, tuple[int, int]]:
    if given.startswith("video/"):
        try:
            with av.open(io.BytesIO(data), "r") as film:
                stream = film.streams.video[0]
                return given, (stream.codec_context.width, stream.codec_context.height)
        except (av.error.FFmpegError, IndexError, ValueError):
            return given, (0, 0)
    try:
        with Image.open(io.BytesIO(data), formats=tuple(_KINDS)) as image:
            image.load()
            return _KINDS[str(image.format)], image.size
    except (OSError, ValueError, SyntaxError):
        return given, (0, 0)


@dataclass
class Job:
    """A film being worked on; it is done after `looks` looks."""

    id: str
    user: User
    data: bytes
    looks: int
    broken: str = ""

    @property
    def done(self) -> bool:
        """Whether the film can be used."""
        return self.looks <= 0 and not self.broken

    @property
    def status(self) -> dict[str, Any]:
        """What is told of it, without the file."""
        told = {"jobId": self.id, "did": self.user.did}
        if self.looks > 0:
            return {**told, "state": "JOB_STATE_ENCODING", "progress": 40}
        if self.broken:
            return {**told, "state": "JOB_STATE_FAILED", "error": "invalid_video", "message": self.broken}
        return {**told, "state": "JOB_STATE_COMPLETED"}


@dataclass
class Films:
    """The video service. `looks`: how many looks a film takes."""

    now: Callable[[], float]
    looks: int = 2
    jobs: dict[str, Job] = field(default_factory=dict)
    days: dict[tuple[str, int], int] = field(default_factory=dict)

    def limits(self, user: User) -> dict[str, Any]:
        """Return what a user may hand in today."""
        left = _FILMS_A_DAY - self.days.get((user.did, int(self.now() // 86_400)), 0)
        if not user.email_confirmed:
            return {"canUpload": False, "error": "unconfirmed_email", "message": "Please confirm your email address"}
        return {"canUpload": left > 0, "remainingDailyVideos": left, "remainingDailyBytes": left * FILM_BYTES}

    def take(self, user: User, data: bytes) -> tuple[dict[str, Any], bool]:
        """Take a film in; return its state, and whether it is a new one."""
        job_id = cids.of_bytes(user.did.encode() + data)[-20:]
        if job_id in self.jobs and not self.jobs[job_id].broken:
            told = {"jobId": job_id, "did": user.did, "state": "JOB_STATE_COMPLETED"}
            return {**told, "error": "already_exists", "message": "Video already processed"}, False
        if not self.limits(user)["canUpload"]:
            raise Refused(400, "daily_limit_exceeded", "No more films today")
        if len(data) > FILM_BYTES:
            raise Refused(413, "PayloadTooLarge", "request entity too large")
        today = (user.did, int(self.now() // 86_400))
        self.days[today] = self.days.get(today, 0) + 1
        self.jobs[job_id] = Job(job_id, user, data, self.looks, _faulty(data))
        return self.jobs[job_id].status, True

    def look(self, job_id: str) -> Job:
        """Return a job, a look further on."""
        if job_id not in self.jobs:
            raise Refused(400, "InvalidRequest", "Job not found")
        self.jobs[job_id].looks -= 1
        return self.jobs[job_id]


def _faulty(data: bytes) -> str:
    """Return what is wrong with a film, nothing where it is fine."""
    try:
        with av.open(io.BytesIO(data), "r") as film:
            names = {stream.codec_context.name for stream in (*film.streams.video, *film.streams.audio)}
            seconds = float(film.duration or 0) / 1_000_000
            pictures = len([*film.decode(video=0)]) if "h264" in names else 0
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        return f"can't be read ({type(error).__name__})"
    if not names <= {"h264", "aac"} or not pictures:
        return f"unsupported codec {sorted(names)}"
    return "" if 0 < seconds <= _FILM_SECONDS else f"lasts {seconds:.0f} seconds"
