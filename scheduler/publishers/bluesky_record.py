"""Bluesky's posts as records: their keys, which follow from the delivery alone, and their JSON, made once."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from scheduler.errors import UserError
from scheduler.model import Medium, Outgoing, Receipt

COLLECTION = "app.bsky.feed.post"

_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_URI = re.compile(r"at://([a-zA-Z0-9._:%-]{1,2048})/app\.bsky\.feed\.post/([234567a-j][234567a-z]{12})")
_LINK = re.compile(r"https?://[^/?#]+/profile/([a-zA-Z0-9.:%-]+)/post/([a-zA-Z0-9._~:-]{1,512})/?(?:[?#].*)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_CID = re.compile(r"b[a-z2-7]{20,200}")


def record_key(out: Outgoing) -> str:
    """Return the key of a delivery's record, a TID: the same for every attempt, another for every delivery.

    Its time is the due second, a second more for each part of a thread, so that the parts keep their order; the
    fraction of the second and the clock's number come from the token.
    """
    drawn = int.from_bytes(hashlib.sha256(out.token.encode()).digest()[:8])
    micros = ((out.due_at - _EPOCH) // timedelta(seconds=1) + out.part - 1) * 1_000_000 + (drawn >> 10) % 1_000_000
    number = ((micros << 10) | (drawn & 1023)) & (2**63 - 1)
    return "".join(_SORTABLE[(number >> shift) & 31] for shift in range(60, -1, -5))


def record(
    out: Outgoing,
    *,
    at: datetime,
    facets: Sequence[Mapping[str, Any]],
    blobs: Sequence[Mapping[str, Any]],
    reply: Mapping[str, Any] | None,
) -> str:
    """Return the whole record as JSON: what is sent, to the byte."""
    made: dict[str, Any] = {"$type": COLLECTION, "text": out.text, "createdAt": moment(at)}
    if _LANGUAGE.fullmatch(out.language):
        made["langs"] = [out.language]
    if facets:
        made["facets"] = facets
    if embed := _embed(out, blobs):
        made["embed"] = embed
    if out.media and out.warning:
        labels = [{"val": "graphic-media"}]
        made["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": labels}
    if reply:
        made["reply"] = reply
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def _embed(out: Outgoing, blobs: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if out.media and out.media[0].mime == "video/mp4":
        (film,) = out.media
        return {"$type": "app.bsky.embed.video", "video": blobs[0], "alt": film.alt, "aspectRatio": _ratio(film)}
    if out.media:
        pairs = zip(out.media, blobs, strict=True)
        images = [{"image": blob, "alt": medium.alt, "aspectRatio": _ratio(medium)} for medium, blob in pairs]
        return {"$type": "app.bsky.embed.images", "images": images}
    if out.link:
        title = out.title or urlsplit(out.link).hostname or out.link
        return {
            "$type": "app.bsky.embed.external",
            "external": {"uri": out.link, "title": title, "description": ""},
        }
    return None


def _ratio(medium: Medium) -> dict[str, int]:
    return {"width": max(medium.width, 1), "height": max(medium.height, 1)}


def put_body(did: str, key: str, made: str) -> bytes:
    """Return the body of putRecord, with the record as it was made. swapRecord null: never over another record."""
    frame = {"repo": did, "collection": COLLECTION, "rkey": key, "swapRecord": None}
    return f'{json.dumps(frame)[:-1]}, "record": {made}}}'.encode()


def moment(at: datetime) -> str:
    """Return a time as records hold it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def blob_of(value: object, *, mime: str = "", sha256: str = "") -> dict[str, Any] | None:
    """Return a blob as a server gave it, None where it is none; `sha256`: it must be that of these bytes."""
    if not isinstance(value, dict) or value.get("$type") != "blob":
        return None
    ref, size, kind = value.get("ref"), value.get("size"), value.get("mimeType")
    link = ref.get("$link") if isinstance(ref, dict) else None
    whole = is_cid(link) and isinstance(size, int) and isinstance(kind, str) and kind.startswith(mime)
    if not whole or (sha256 and link != raw_cid(sha256)):
        return None
    return {"$type": "blob", "ref": {"$link": link}, "mimeType": kind, "size": size}


def raw_cid(sha256: str) -> str:
    """Return the CID under which bytes of this hash are kept."""
    coded = base64.b32encode(b"\x01\x55\x12\x20" + bytes.fromhex(sha256)).decode().rstrip("=")
    return f"b{coded.lower()}"


def is_cid(value: object) -> bool:
    """Tell whether a value is the hash of a record or a blob."""
    return isinstance(value, str) and _CID.fullmatch(value) is not None


def is_post(value: object) -> bool:
    """Tell whether a value is the record of a post, with the time that readers see."""
    if not isinstance(value, dict) or not isinstance(value.get("createdAt"), str):
        return False
    try:
        return datetime.fromisoformat(value["createdAt"]).utcoffset() is not None
    except ValueError:
        return False


def uri_of(did: str, key: str) -> str:
    """Return the address of a post's record."""
    return f"at://{did}/{COLLECTION}/{key}"


def split(uri: str) -> tuple[str, str] | None:
    """Return whose record it is and its key; None where this is no post's address."""
    found = _URI.fullmatch(uri)
    return (found[1], found[2]) if found else None


def receipt(did: str, handle: str, key: str, cid: str, made: Mapping[str, Any]) -> Receipt:
    """Return the receipt of a record; its time is the one that readers see."""
    at = datetime.fromisoformat(str(made["createdAt"]))
    url = f"https://bsky.app/profile/{handle}/post/{key}"
    return Receipt(remote_id=uri_of(did, key), url=url, published_at=at.astimezone(UTC), ids={"cid": cid})


def by_link(url: str) -> tuple[str, str]:
    """Return the address of the record behind a post's link, and its plain link.

    Raises:
        UserError: the link is none to a post.
    """
    found = _LINK.fullmatch(url.strip())
    if found is None or split(uri := uri_of(found[1], found[2])) is None:
        msg = f"{url}: this is no link to a post on Bluesky: it looks like https://bsky.app/profile/NAME/post/KEY"
        raise UserError(msg)
    return uri, f"https://bsky.app/profile/{found[1]}/post/{found[2]}"
