"""Bluesky's texts: how long they are, and which of their words are links, tags and mentions (facets).

Positions of facets are bytes of the text in UTF-8, the end not included.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from scheduler.publishers.grapheme_count import graphemes

GRAPHEMES = 300
BYTES = 3_000
TAG_GRAPHEMES = 64

_LINK = r"(?<![\p{L}\p{N}_])https?://[^\s，、。！？；：（）《》「」]+"  # noqa: RUF001 - Chinese sets no space behind
_MENTION = r"(?<=^|\s|\()@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,10}[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)(?![\w@-])"
# Bluesky ends a tag at a space and at characters that nobody sees; figures and punctuation alone make none.
_TAG = r"(?<=^|\s|\()[#＃]([^\s\u00AD\u200A-\u200D\u2060\u20E2#＃][^\s\u00AD\u200A-\u200D\u2060\u20E2]*)"  # noqa: RUF001
_FEATURE = "app.bsky.richtext.facet#"


def measure(text: str) -> int:
    """Return how long a text is: graphemes, or a tenth of its bytes where that is more.

    Bluesky takes 300 graphemes and 3,000 bytes: both hold exactly where this is at most 300.
    """
    return max(graphemes(text), -(-len(encoded(text)) // (BYTES // GRAPHEMES)))


def encoded(text: str) -> bytes:
    """Return a text as it travels; half a surrogate pair becomes a question mark."""
    return text.encode("utf-8", "replace")


def facets(text: str, resolve: Callable[[str], str | None]) -> list[dict[str, Any]]:
    """Return the facets of a text in their order. A mention that `resolve` gives no DID for stays plain text."""
    found = [*_links(text)]
    taken = [(start, end) for start, end, _ in found]
    for start, end, feature in [*_tags(text), *_mentions(text, resolve)]:
        if not any(start < other_end and other_start < end for other_start, other_end in taken):
            found.append((start, end, feature))
            taken.append((start, end))
    return [_facet(text, start, end, feature) for start, end, feature in sorted(found, key=lambda one: one[0])]


def _facet(text: str, start: int, end: int, feature: dict[str, str]) -> dict[str, Any]:
    begins = len(encoded(text[:start]))
    index = {"byteStart": begins, "byteEnd": begins + len(encoded(text[start:end]))}
    return {"index": index, "features": [feature]}


def _links(text: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    import regex

    for match in regex.finditer(_LINK, text, regex.IGNORECASE):
        uri = _without_end(match[0])
        if _is_address(uri):
            yield match.start(), match.start() + len(uri), {"$type": f"{_FEATURE}link", "uri": uri}


def _without_end(uri: str) -> str:
    """Return a link without the punctuation of the sentence around it; brackets of its own stay."""
    while uri:
        last = uri[-1]
        closes = {")": "(", "]": "[", "}": "{"}.get(last)
        if closes and uri.count(closes) >= uri.count(last):
            break
        if not closes and last not in ".,;:!?…'\"»›”’>*_،؛؟。、！？）】」":  # noqa: RUF001
            break
        uri = uri[:-1]
    return uri


def _is_address(uri: str) -> bool:
    try:
        return bool(urlsplit(uri).hostname) and len(encoded(uri)) <= 8_192
    except ValueError:
        return False


def _tags(text: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    import regex

    for match in regex.finditer(_TAG, text):
        tag = regex.sub(r"\p{P}+$", "", match[1])
        says_something = regex.search(r"[^\d\p{P}\uFE0F]", tag)
        if says_something and graphemes(tag) <= TAG_GRAPHEMES and len(encoded(tag)) <= 10 * TAG_GRAPHEMES:
            yield match.start(), match.start() + 1 + len(tag), {"$type": f"{_FEATURE}tag", "tag": tag}


def _mentions(text: str, resolve: Callable[[str], str | None]) -> Iterator[tuple[int, int, dict[str, str]]]:
    import regex

    for match in regex.finditer(_MENTION, text, regex.IGNORECASE):
        did = resolve(match[1].lower()) if len(match[1]) <= 253 else None
        if did:
            yield match.start(), match.end(), {"$type": f"{_FEATURE}mention", "did": did}
