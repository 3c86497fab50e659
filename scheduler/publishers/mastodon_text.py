"""Mastodon's texts: how long one is, whom it names, and what somebody wrote of whom Mastodon shows only HTML.

Sources: mastodon/mastodon, status_length_validator.rb, account.rb and text_formatter.rb, as of 2026-08-08.
"""

import re
import unicodedata
from functools import lru_cache
from html.parser import HTMLParser
from urllib.parse import unquote

from scheduler.publishers.grapheme_count import PLAIN_LINK, graphemes, whole

LINK = 23
"""Characters that a link counts, however long it is."""

_NAME = r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*"
_MENTION = re.compile(rf"(?<![=/\w])@({_NAME})(@\w+(?:[.-]+\w+)*)?", re.IGNORECASE)
_NO_MENTION_BEFORE = ("@", "\uff20", "://")
_MOST_DOTS = 50  # a word with more is no address, and would take the pattern for domains minutes


def length(text: str, *, link: int = LINK) -> int:
    """Return the length of a text: graphemes, links at `link` each, `@user@server` as `@user`."""
    counted = whole(text)
    if "://" in counted:
        counted = re.sub(r"\S+", lambda word: _placeheld(word[0], "x" * link), counted)
    return graphemes(_short_mentions(counted) if "@" in counted else counted)


def _placeheld(word: str, link: str) -> str:
    """Return a word with its links, which must begin with http:// or https://, replaced."""
    if PLAIN_LINK.fullmatch(word):
        return link
    if "://" not in word or word.count(".") > _MOST_DOTS:
        return word
    for start, end in reversed(_links(word)):
        word = word[:start] + link + word[end:]
    return word


@lru_cache(maxsize=4096)
def _links(word: str) -> tuple[tuple[int, int], ...]:
    """Return where a word's links stand; every post of an action has the same one."""
    from twitter_text import extract_urls_with_indices

    found = extract_urls_with_indices(word, extract_urls_without_protocol=False)
    return tuple((one["indices"][0], one["indices"][1]) for one in found)


def _short_mentions(text: str) -> str:
    return _MENTION.sub(lambda one: one[0] if _is_none(one) else f"@{one[1]}", text)


def _is_none(one: re.Match[str]) -> bool:
    return one.string.startswith(_NO_MENTION_BEFORE, one.end())


def local_mentions(text: str) -> list[str]:
    """Return the mentions without a server: they mean people on the account's own one."""
    found = [one[0] for one in _MENTION.finditer(text) if not one[2] and not _is_none(one)] if "@" in text else ()
    return list(dict.fromkeys(found))


# ── comparing ───────────────────────────────────────────────────────────────────────────────────────────


def canonical(text: str) -> str:
    """Return what two writings of one text have in common.

    Servers shorten mentions, percent-encode links, and keep spaces and blank lines only as far as HTML does.
    """
    normal = unicodedata.normalize("NFC", _short_mentions(text))
    return unquote("".join(normal.split()))


class _Reader(HTMLParser):
    """Collects the text of a post's HTML; a link to elsewhere as its whole address."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._in_link = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"br", "p"}:
            self.said.append("\n")
        elif tag == "a" and not {"mention", "hashtag"} & set((given.get("class") or "").split()):
            self.said.append(given.get("href") or "")
            self._in_link = bool(given.get("href"))  # what is shown of the address may be cut short

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._in_link = False

    def handle_data(self, data: str) -> None:
        if not self._in_link:
            self.said.append(data)


def plain(content: str) -> str:
    """Return the text behind the HTML of a post."""
    reader = _Reader()
    reader.feed(content)
    reader.close()
    return "".join(reader.said)
