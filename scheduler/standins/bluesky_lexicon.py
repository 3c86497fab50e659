"""What a post's record must look like (lexicon app.bsky.feed.post), and its facets where readers would see them.

Stricter than the servers, which take some records that the app then shows wrongly: a facet must cover just what it
stands for, and a picture's ratio must be the file's.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import regex

TID = re.compile(r"[234567a-j][234567a-z]{12}")
DID = re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]")
HANDLE = re.compile(r"(?=.{3,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
LABELS = frozenset({"sexual", "nudity", "porn", "graphic-media"})
PICTURE_BYTES, FILM_BYTES = 2_000_000, 300_000_000
_WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,20})?(?:Z|[+-]\d\d:\d\d)")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_FACET = "app.bsky.richtext.facet"


class Wrong(Exception):  # noqa: N818
    """A record that a server refuses, and why."""

    def __init__(self, message: str, error: str = "InvalidRequest") -> None:
        super().__init__(message)
        self.error = error


def closed(value: object, where: str, needed: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """Return an object that has the keys it needs and no others than these.

    Raises:
        Wrong: it hasn't.
    """
    if not isinstance(value, dict):
        raise Wrong(f"Record{where} must be an object")
    if lacking := sorted(set(needed) - value.keys()):
        raise Wrong(f'Record{where} must have the property "{lacking[0]}"')
    if unknown := sorted(value.keys() - set(needed) - set(optional)):
        raise Wrong(f'Record{where} has an unknown property "{unknown[0]}"')
    return value


def graphemes(text: str) -> int:
    """Return the number of characters as people see them."""
    return len(regex.findall(r"\X", text))


def _text(value: object, where: str, *, most: int = 10**9, seen: int = 10**9) -> str:
    if not isinstance(value, str):
        raise Wrong(f"Record{where} must be a string")
    if len(value.encode()) > most:
        raise Wrong(f"Record{where} must not be longer than {most} bytes")
    if graphemes(value) > seen:
        raise Wrong(f"Record{where} must not be longer than {seen} graphemes")
    return value


def _list(value: object, where: str, most: int = 10**9) -> list[Any]:
    if not isinstance(value, list) or not value or len(value) > most:
        raise Wrong(f"Record{where} must hold between 1 and {most} items")
    return value


def check(
    record: object,
    *,
    blob: Callable[[object, str], tuple[int, int]],
    reference: Callable[[object], None],
    is_user: Callable[[str], bool],
) -> None:
    """Check a whole post.

    Args:
        record: as JSON values.
        blob: checks a reference to a file of a kind ("image/", "video/"), and returns its width and height.
        reference: checks a reference to another record.
        is_user: whether a DID is anybody's.

    Raises:
        Wrong: the record isn't a post.
    """
    post = closed(record, "", ("$type", "text", "createdAt"), ("facets", "reply", "embed", "langs", "labels", "tags"))
    if post["$type"] != "app.bsky.feed.post":
        raise Wrong(f"Invalid $type: expected app.bsky.feed.post, got {post['$type']}")
    text = _text(post["text"], "/text", most=3_000, seen=300)
    _moment(post["createdAt"])
    if "langs" in post and not all(
        _LANGUAGE.fullmatch(_text(one, "/langs")) for one in _list(post["langs"], "/langs", 3)
    ):
        raise Wrong("Record/langs must be well formed BCP 47 language tags")
    for facet in _list(post["facets"], "/facets") if "facets" in post else ():
        _facet(facet, text.encode(), is_user)
    _apart(post.get("facets", []))
    if "labels" in post:
        _labels(post["labels"])
    if "reply" in post:
        for end in closed(post["reply"], "/reply", ("root", "parent")).values():
            closed(end, "/reply", ("uri", "cid"))
            reference(end)
    if "embed" in post:
        _embed(post["embed"], blob)


def _moment(value: object) -> None:
    text = _text(value, "/createdAt")
    if not _WHEN.fullmatch(text):
        raise Wrong("Record/createdAt must be an valid atproto datetime (both RFC-3339 and ISO-8601)")
    datetime.fromisoformat(text)


def _facet(facet: object, text: bytes, is_user: Callable[[str], bool]) -> None:
    whole = closed(facet, "/facets", ("index", "features"))
    index = closed(whole["index"], "/facets/index", ("byteStart", "byteEnd"))
    start, end = index["byteStart"], index["byteEnd"]
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise Wrong("Record/facets/index must lie within the text")
    try:
        covered = text[start:end].decode()
    except UnicodeDecodeError:
        raise Wrong("Record/facets/index cuts a character in two") from None
    for feature in _list(whole["features"], "/facets/features", 1):
        _feature(feature, covered, is_user)


def _feature(feature: object, covered: str, is_user: Callable[[str], bool]) -> None:
    kind = feature.get("$type") if isinstance(feature, dict) else None
    name = {f"{_FACET}#link": "uri", f"{_FACET}#tag": "tag", f"{_FACET}#mention": "did"}.get(str(kind))
    if name is None:
        raise Wrong(f"Record/facets/features: {kind} is not known")
    value = _text(closed(feature, "/facets/features", ("$type", name))[name], f"/facets/features/{name}")
    if name == "uri":
        good = covered == value and urlsplit(value).scheme in {"http", "https"} and bool(urlsplit(value).hostname)
    elif name == "tag":
        good = covered[:1] in "#＃" and covered[1:] == value and graphemes(value) <= 64  # noqa: RUF001
    else:
        good = covered.startswith("@") and bool(HANDLE.fullmatch(covered[1:].lower())) and is_user(value)
    if not good:
        raise Wrong(f"Record/facets/features: {value} is not what the text says there ({covered})")


def _apart(facets: Iterable[Mapping[str, Any]]) -> None:
    ends = [(facet["index"]["byteStart"], facet["index"]["byteEnd"]) for facet in facets]
    if any(start < end for (_, end), (start, _) in pairwise(ends)):
        raise Wrong("Record/facets overlap, or aren't in the order of the text")


def _labels(value: object) -> None:
    labels = closed(value, "/labels", ("$type", "values"))
    if labels["$type"] != "com.atproto.label.defs#selfLabels":
        raise Wrong("Record/labels must be com.atproto.label.defs#selfLabels")
    for one in _list(labels["values"], "/labels/values", 10):
        if closed(one, "/labels/values", ("val",))["val"] not in LABELS:
            raise Wrong(f"Record/labels/values: {one['val']} means nothing to readers")


def _embed(value: object, blob: Callable[[object, str], tuple[int, int]]) -> None:
    kind = value.get("$type") if isinstance(value, dict) else None
    if kind == "app.bsky.embed.images":
        for image in _list(closed(value, "/embed", ("$type", "images"))["images"], "/embed/images", 4):
            closed(image, "/embed/images", ("image", "alt", "aspectRatio"))
            _text(image["alt"], "/embed/images/alt")
            _ratio(image["aspectRatio"], blob(image["image"], "image/"))
    elif kind == "app.bsky.embed.video":
        film = closed(value, "/embed", ("$type", "video"), ("alt", "aspectRatio"))
        _text(film.get("alt", ""), "/embed/alt", most=10_000, seen=1_000)
        size = blob(film["video"], "video/")
        _ratio(film.get("aspectRatio", {"width": size[0], "height": size[1]}), size)
    elif kind == "app.bsky.embed.external":
        card = closed(
            closed(value, "/embed", ("$type", "external"))["external"],
            "/embed/external",
            ("uri", "title", "description"),
        )
        if not all(isinstance(one, str) for one in card.values()) or not urlsplit(card["uri"]).hostname:
            raise Wrong("Record/embed/external/uri must be a uri")
    else:
        raise Wrong(f"Record/embed: {kind} is not known")


def _ratio(value: object, size: tuple[int, int]) -> None:
    ratio = closed(value, "/embed/aspectRatio", ("width", "height"))
    if not all(type(one) is int and one >= 1 for one in ratio.values()):
        raise Wrong("Record/embed/aspectRatio can not be less than 1")
    if abs(ratio["width"] * size[1] - ratio["height"] * size[0]) > max(size):
        raise Wrong("Record/embed/aspectRatio is not the file's")
