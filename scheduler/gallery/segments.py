"""Finds the links, @tags and #hashtags of a text, and tells which way a language is written."""

import re
from dataclasses import dataclass

_MARKED = re.compile(
    r"(?P<link>https?://[^\s<>\"“”«»]*[^\s<>\"“”«».,;:!?…)\]'’])"  # noqa: RUF001 - a link never ends with an apostrophe
    r"|(?<![\w@/])(?P<tag>@\w+(?:[.-]\w+)*(?:@\w+(?:[.-]\w+)+)?)"
    r"|(?<![\w&/])(?P<hashtag>[#＃](?=\w*[^\W\d_])\w+)",  # noqa: RUF001 - full-width # is typed in Chinese
)
_CODE = re.compile(r"`([^`\n]+)`")
_RTL = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "prs", "sd", "ug", "ur", "yi"})
_RTL_SCRIPTS = frozenset({"arab", "hebr", "thaa", "syrc"})


@dataclass(frozen=True)
class Segment:
    """A stretch of a text. `kind` is "" for plain words, else link, tag, hashtag or code."""

    kind: str
    text: str


def split(text: str, *, links: bool = True) -> list[Segment]:
    """Cut `text` into segments; put together again they are the text, to the character.

    Without `links` addresses are plain words, as on networks where nobody can follow them.
    """
    segments = []
    end = 0
    for match in _MARKED.finditer(text):
        if match.start() > end:
            segments.append(Segment("", text[end : match.start()]))
        kind = match.lastgroup or ""
        segments.append(Segment(kind if links or kind != "link" else "", match.group()))
        end = match.end()
    if end < len(text):
        segments.append(Segment("", text[end:]))
    return segments


def code(text: str) -> list[Segment]:
    """Cut a sentence of ours into words and `code` (without its backticks); one left alone stays a backtick."""
    parts = _CODE.split(text)  # words and code take turns
    return [Segment("code" if at % 2 else "", part) for at, part in enumerate(parts) if part]


def direction(language: str) -> str:
    """Return the `dir` of texts in `language` (a BCP 47 tag): rtl where it is certain, else auto.

    A script subtag decides before the language: Uyghur in Latin letters (ug-Latn) isn't right to left.
    """
    first, *others = language.lower().replace("_", "-").split("-")
    scripts = [part for part in others if len(part) == 4 and part.isalpha()]
    if scripts:
        return "rtl" if scripts[0] in _RTL_SCRIPTS else "auto"
    return "rtl" if first in _RTL else "auto"
