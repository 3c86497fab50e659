"""The single values of the files: texts, choices, days, times, durations, addresses, names."""

import ipaddress
import re
import unicodedata
from collections.abc import Collection
from enum import Enum
from typing import TypeVar
from urllib.parse import urlsplit

from scheduler.model import Text
from scheduler.reading.report import Wrong, cure, shown
from scheduler.reading.shapes import Leaf, MapOf, Split

E = TypeVar("E", bound=Enum)

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
ANY_WORD = frozenset({"str", "int", "float"})  # a bare number gets the message that names the form
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def _words(text: str) -> str:
    if not text.strip():
        raise Wrong("bad-value", "the text is empty; write one or take the key out")
    return text


WORDS = Leaf("a text", _words, is_prose=True)
FLAG = Leaf("true or false", lambda text: text.lower() == "true", {"type": "boolean"}, frozenset({"bool"}))


def texts(languages: Collection[str], one: Leaf = WORDS) -> Split:
    """Return the shape of a text: one for everybody, or one per language.

    `languages`: those that may be used; none means any. `one`: what each text must look like.
    """

    def check(language: str) -> None:
        if language in languages:
            return
        if language in {"link", "tags", "hashtags"}:
            raise Wrong("wrong-type", "a text that begins with '{' needs quotes; put quotes around all of it")
        if languages or not LANGUAGE.fullmatch(language):
            message = f"{shown(language)} is not a language of the workspace{cure(language, languages)}"
            raise Wrong("unknown-language", message)

    what = f"{one.what}, or one per language (en: …)"
    everybody = Leaf(one.what, lambda text: Text({"": one.parse(text)}), one.json, is_prose=one.is_prose)
    torn = ("unknown-language", "a text with a comma inside { } needs quotes, or a line of its own per language")
    return Split(what, everybody, MapOf(one, check, what, 1, lambda found: Text(found) if found else None, torn))


def word(what: str, pattern: re.Pattern[str], rule: str, hint: str, *, number: bool = False) -> Leaf:
    """Return the shape of a name that must match `pattern`; `hint` completes the message."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise Wrong(rule, f"{shown(text)} can't be {what}; {hint}")
        return text

    kinds = frozenset({"str", "int"}) if number else frozenset({"str"})
    return Leaf(what, parse, {"type": ["string", "integer"] if number else "string"}, kinds)


POST_ID = word("an id", ID, "bad-id", "use lowercase letters, digits and '-', e.g. first-monday", number=True)
LANG = word("a language", LANGUAGE, "unknown-language", "use a code such as en, fr or zh-Hant")


def account_name(text: str) -> None:
    """Raise Wrong unless `text` can name an account."""
    if not _ACCOUNT.fullmatch(text):
        message = f"{shown(text)} can't be an account's name; use letters, digits, '-', '_' and '.'"
        raise Wrong("bad-id", message)


def choice(kind: type[E], what: str) -> Leaf:
    """Return the shape of one of the values of the enum `kind`."""
    options = [str(member.value) for member in kind]

    def parse(text: str) -> E:
        if text not in options:
            raise Wrong("bad-value", f"{shown(text)} is not {what}{cure(text, options)}")
        return kind(text)

    return Leaf(what, parse, {"enum": options})


def known(what: str, rule: str, where: str, options: Collection[str] | None) -> Leaf:
    """Return the shape of a name that must be one of `options`; None takes any."""

    def parse(text: str) -> str:
        if options is not None and text not in options:
            raise Wrong(rule, f"{shown(text)} is not {what} {where}{cure(text, options)}")
        return text

    return Leaf(what, parse)


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────


def _host(text: str) -> tuple[str, str]:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, host = None, ""
    bad = re.search(r"[\s<>\"{}|\\^`]", text)
    if parts is None or not host or bad or parts.scheme not in {"http", "https"}:
        message = f"{shown(text)} is not a web address; write it in full: https://example.org/page"
        raise Wrong("bad-url", message)
    if parts.username is not None or parts.password is not None:
        raise Wrong("bad-url", "a web address can't carry a name or password; take the part before '@' out")
    return parts.scheme, host


def _link(text: str) -> str:
    _host(text)
    return text


def _base_url(text: str) -> str:
    scheme, host = _host(text)
    if scheme == "http" and not _is_loopback(host):
        raise Wrong("bad-url", "http reaches further than this machine; use https (http only for 127.0.0.1)")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


LINK = Leaf("a web address", _link, {"type": "string", "format": "uri"})
BASE_URL = Leaf("a web address", _base_url, {"type": "string", "format": "uri"})


# ── hashtags and tags ───────────────────────────────────────────────────────────────────────────────────


# What X's own rules take inside a hashtag beside letters, marks and digits (twitter-text, read 2026-08).
_JOINERS = "_\u200c\u200d\u00b7\u05f3\u05f4\u0f0b\u30fb"


def is_word_character(char: str) -> bool:
    """Tell whether a hashtag goes on over `char`: letters, marks, digits, '_', and joiners inside words."""
    return char in _JOINERS or unicodedata.category(char)[0] in "LM" or char.isdecimal()


def _hashtag(text: str) -> str:
    if text.startswith("#"):
        raise Wrong("broken-hashtag", f"write {shown(text)} without '#'")
    broken = next((char for char in text if not is_word_character(char)), None)
    if broken is not None:
        sign = "a space" if broken.isspace() else shown(broken)
        message = f"the hashtag {shown(text)} would end at {sign}; use letters, digits and '_' only"
        raise Wrong("broken-hashtag", message)
    if not any(unicodedata.category(char)[0] == "L" for char in text):
        raise Wrong("broken-hashtag", f"the hashtag {shown(text)} has no letter; networks don't link it")
    return text


def _tag(text: str) -> str:
    if text.startswith("@"):
        raise Wrong("broken-tag", f"write {shown(text)} without '@'")
    if not re.fullmatch(r"[A-Za-z0-9_](?:[A-Za-z0-9_.@-]*[A-Za-z0-9_])?", text):
        raise Wrong("broken-tag", f"{shown(text)} is not an account's name; use letters, digits, '_', '-', '.'")
    return text


HASHTAG = Leaf("a text (a hashtag without '#')", _hashtag, {"type": "string"}, ANY_WORD)
TAG = Leaf("a text (a tag without '@')", _tag, {"type": "string"}, ANY_WORD)
