"""PURE: a post `from: submissions` and what a volunteer handed in -> the caption with their name and message in it.

Most volunteers aren't named, and some say nothing. `{name|a volunteer}` holds the words that stand there then; a bare
`{name}` takes its sentence, or its brackets, with it, so that nothing is left half said.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PLACEHOLDERS = ("name", "message")
_ONE = re.compile(r"\{(name|message)(?:\|([^{}|]*))?\}")
_BRACKETS = re.compile(r"[ \t]*[(\[][^()\[\]]*[)\]]")
# The marks that end a sentence, in the scripts that have their own, with the closing quotes after them.
_CLOSERS = r"[\"'”’»)\]]*"  # noqa: RUF001
_SENTENCE = re.compile(rf".+?(?:[.!?…؟।۔።]+{_CLOSERS}(?:[ \t]+|$)|[。！？]+{_CLOSERS}[ \t]*|$)")  # noqa: RUF001
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_FIRST = 0xE000


@dataclass(frozen=True)
class Caption:
    """A caption whose volunteer's words are still marks of one character: nothing can read them as something else."""

    body: str
    words: Mapping[str, str] = field(default_factory=dict)  # what each mark stands for

    def said(self, text: str) -> str:
        """Return `text` with the volunteer's words in the place of the marks."""
        return "".join(self.words.get(char, char) for char in text)


def caption(text: str, said: Mapping[str, str]) -> Caption:
    """Return a caption for what a volunteer `said`, by placeholder; what is missing or empty isn't spoken of."""
    given = {name: " ".join(said.get(name, "").split()) for name in PLACEHOLDERS}
    words = {chr(_FIRST + number): given[name] for number, name in enumerate(PLACEHOLDERS)}
    marks = {name: chr(_FIRST + number) for number, name in enumerate(PLACEHOLDERS)}
    body = _complete(_PRIVATE.sub("", text), given)
    return Caption(_ONE.sub(lambda found: marks[found[1]] if given[found[1]] else found[2] or "", body), words)


def bare(text: str) -> list[str]:
    """Return the placeholders of a caption that have no words for when there is nothing to put there."""
    return sorted({match[1] for match in _ONE.finditer(text) if not match[2]})


def _complete(text: str, given: Mapping[str, str]) -> str:
    """Return a caption without the sentences, and the brackets, that have nothing to say."""
    lines = []
    for line in text.strip().splitlines():
        kept = _BRACKETS.sub(lambda found: "" if _lacks(found[0], given) else found[0], line)
        kept = "".join(one for one in _sentences(kept) if not _lacks(one, given)).strip()
        if kept or not _lacks(line, given):
            lines.append(kept)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _sentences(line: str) -> list[str]:
    """Return the sentences of a line; the marks inside a placeholder end none."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(match[0])
        return chr(_FIRST + len(held) - 1)

    masked = _ONE.sub(hold, line)
    back = {chr(_FIRST + number): words for number, words in enumerate(held)}
    return ["".join(back.get(char, char) for char in one) for one in _SENTENCE.findall(masked) if one]


def _lacks(words: str, given: Mapping[str, str]) -> bool:
    return any(not given[match[1]] and not match[2] for match in _ONE.finditer(words))
