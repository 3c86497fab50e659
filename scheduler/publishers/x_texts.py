"""X's texts and ids: how a text counts, and how what X shows of it is told from what was handed in."""

import html
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from scheduler.publishers.grapheme_count import PLAIN_LINK, whole

_EPOCH = 1_288_834_974_657  # ms; X's ids count from here


# Of these X counts one and two; none of them is an emoji, or begins or ends one.
_LIGHT = re.compile("[\x00-\xa8\xaa-\xad\xaf-\u10ff\u2010-\u201f]+")
_HEAVY = re.compile("[\u2020-\u2027\u20a0-\u20bf\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]+")
_LINK = 23
_MOST_DOTS = 50
_DOTTED = re.compile(r"\.[^.]")  # a full stop at the end of a word makes no address of it


def weight(text: str) -> int:
    """Return X's weighted length: links 23, emoji and CJK 2, most other characters 1."""
    countable = _countable(text)
    rest = "" if countable.isascii() else _LIGHT.sub("", countable)
    if rest and _HEAVY.sub("", rest):  # X's own parser knows emoji; it takes a hundred times as long
        from twitter_text import parse_tweet

        return int(parse_tweet(countable).weightedLength)
    normal = re.sub("\r\n?", "\n", countable) if "\r" in countable else countable
    return _characters(normal) + sum(_LINK - _characters(link) for link in _links_of(normal))


def links(text: str) -> list[str]:
    """Return what X makes links of, bare domains too."""
    return list(_links_of(_countable(text)))


def _characters(text: str) -> int:
    return len(text) if text.isascii() else len(text) + sum(len(found) for found in _HEAVY.findall(text))


@lru_cache(maxsize=64)
def _links_of(text: str) -> tuple[str, ...]:
    """Return the links of a text: asked when it is weighed, and again at once when its links are looked at."""
    dotted = [word for word in text.split() if "." in word and _DOTTED.search(word)] if "." in text else []
    return tuple(dotted) if all(map(PLAIN_LINK.fullmatch, dotted)) else _extracted(text)


def _extracted(text: str) -> tuple[str, ...]:
    from twitter_text import extract_urls

    return tuple(extract_urls(text))


def _countable(text: str) -> str:
    """Return `text` so that twitter-text-parser can't stumble: the same weight, bounded time.

    Half a surrogate pair stops it, and its pattern for domains takes minutes over "a.a.a.a…": a word with
    that many full stops is no address.
    """
    normal = text if text.isascii() else unicodedata.normalize("NFC", whole(text))
    if normal.count(".") <= _MOST_DOTS:
        return normal
    return re.sub(r"\S+", lambda m: m[0] if m[0].count(".") <= _MOST_DOTS else m[0].replace(".", ","), normal)


def as_written(post: Mapping[str, Any]) -> str:
    """Return the text of a post X shows as it was handed in: links expanded, the pictures' link dropped."""
    long = post.get("note_post", post.get("note_tweet"))
    shown = {**post, **long} if isinstance(long, dict) else post  # past 280, `text` holds only the beginning
    text = html.unescape(str(shown.get("text", "")))
    entities = shown.get("entities")
    for link in entities.get("urls", ()) if isinstance(entities, dict) else ():
        short, written = str(link.get("url", "")), str(link.get("expanded_url", ""))
        own_media = re.search(rf"/status/{post['id']}/(photo|video)/\d+$", written)
        text = text.replace(short, "" if own_media else written) if short else text
    return text


def canonical(text: str) -> str:
    """Return what two writings of the same post have in common: X adds schemes and trims ends."""
    normal = unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", text))
    return re.sub(r"https?://|/(?=\s|$)", "", normal, flags=re.IGNORECASE).strip()


def answers(post: Mapping[str, Any]) -> str:
    """Return the id of the post that a post answers, "" where it answers none."""
    others = post.get("referenced_posts", post.get("referenced_tweets")) or ()
    return next((str(other.get("id", "?")) for other in others if other.get("type") == "replied_to"), "")


def is_gone(answer: Mapping[str, Any]) -> bool:
    """Tell whether X says that a post isn't there: with 404, or with 200, no data and an error of its own."""
    errors = answer.get("errors")
    kinds = [error.get("type") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    absent = any(str(kind).endswith("/resource-not-found") for kind in kinds)
    return "missing" in answer or (absent and "data" not in answer)


def is_id(value: object) -> bool:
    """Tell whether a value is one of X's ids."""
    return isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value) is not None


def posted_at(post_id: str) -> datetime:
    """Return when a post was made: its id says."""
    return datetime.fromtimestamp(((int(post_id) >> 22) + _EPOCH) / 1000, UTC)
