"""PURE: a text that is too long for a network -> the parts of a thread, cut where sentences end.

Simple rules on the marks of each script, rather than a library's models: the same text must give the same parts in
every version, or what is queued would look edited. A cut falls only where there is white space, or behind a mark of
Chinese, Burmese or Ethiopic: never inside a word, a link, a hashtag or a mention.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

_STOPS = ".!?…؟۔।॥။።፧។៕。！？｡"  # noqa: RUF001
_PAUSES = ",;:،؛၊፣፤፥—–，、；："  # noqa: RUF001
_CLOSERS = "\"'”’»›)]}）」』】》"  # noqa: RUF001
_OPENERS = ("«", "‹")  # noqa: RUF001 - a French text has a space behind it

_GAP = re.compile(r"[^\S\u00a0\u202f]+")  # white space that doesn't bind
_SENTENCE = re.compile(rf"([{re.escape(_STOPS)}]+)[{re.escape(_CLOSERS)}]*$")
_CLAUSE = re.compile(rf"[{re.escape(_PAUSES)}][{re.escape(_CLOSERS)}]*$")
# The marks of scripts that set no space behind them.
_TIGHT = re.compile(rf"(?:([。！？｡။።፧]+)|[，、；：၊፣፤፡])[{re.escape(_CLOSERS)}]*")  # noqa: RUF001
_ADDRESS = re.compile(r"https?://[^\s，、。！？；：（）《》「」]+")  # noqa: RUF001
_NOT_FIRST = tuple("!?;:…»›)]}，、。！？；：")  # noqa: RUF001
_INITIALS = re.compile(r"\W*(?:\w\.)+")
_NUMERAL = re.compile(r"\d{1,2}\.")
_SHORT = frozenset(
    ("mr", "mrs", "ms", "dr", "prof", "st", "rev", "col", "lt", "jr", "sr", "vs", "p.ex", "m", "mme", "mlle")
)


class _Rank(IntEnum):
    """What ends at a place where a text may be cut."""

    word = 0
    clause = 1
    sentence = 2
    paragraph = 3


@dataclass(frozen=True)
class _Cut:
    end: int  # of what stands before
    start: int  # of what stands after
    rank: _Rank


def parts(text: str, tail: str, fits: Callable[[str], bool]) -> tuple[str, ...]:
    """Return a text as the parts of a thread, each of which `fits`, numbered like (1/3); one where all of it fits.

    `tail`, the line of link, tags and hashtags, closes the first part. Where even one word is too long its part is:
    the network's own check says so.
    """
    text = text.strip()
    whole = _closed(text, tail)
    if not text or fits(whole):
        return (whole,)
    cuts, total = _cuts(text), 2
    # Each round counts on longer numbers than the last, so the number of parts only grows.
    while len(found := _filled(text, cuts, tail, total, fits)) > total:
        total = len(found)
    if len(found) == 1:
        return (whole,)
    return tuple(_part(one, number, len(found), tail) for number, one in enumerate(found, 1))


def _closed(text: str, tail: str) -> str:
    return "\n\n".join(one for one in (text, tail) if one)


def _part(text: str, number: int, total: int, tail: str) -> str:
    return _closed(f"{text} ({number}/{total})", tail if number == 1 else "")


def _filled(text: str, cuts: list[_Cut], tail: str, total: int, fits: Callable[[str], bool]) -> list[str]:
    """Return the text in pieces that fit with their numbers, each as long as a good end allows."""
    found: list[str] = []
    start = 0
    while start < len(text):
        ahead = cuts[bisect_right(cuts, start, key=lambda cut: cut.end) :]
        number = len(found) + 1
        low, high = 0, len(ahead)  # ahead[:low] fits, ahead[high:] doesn't
        while low < high:
            middle = (low + high) // 2
            piece = _part(text[start : ahead[middle].end], number, max(total, number), tail)
            low, high = (middle + 1, high) if fits(piece) else (low, middle)
        cut = _best(ahead[:low], start, len(text)) if low else ahead[0]
        found.append(text[start : cut.end])
        start = cut.start
    return found


def _best(cuts: list[_Cut], start: int, length: int) -> _Cut:
    """Return the last good end: of a paragraph, where that fills half of what fits, else of a sentence, else any."""
    last = cuts[-1]
    if last.end == length:
        return last
    half = start + (last.end - start) // 2
    wanted = ((_Rank.paragraph, half), (_Rank.sentence, start), (_Rank.clause, half))
    for rank, least in wanted:
        found = next((cut for cut in reversed(cuts) if cut.rank >= rank and cut.end >= least), None)
        if found is not None:
            return found
    return last


# ── where a text may be cut ─────────────────────────────────────────────────────────────────────────────


def _cuts(text: str) -> list[_Cut]:
    found = {cut.end: cut for cut in (*_within_words(text), *_between_words(text))}
    return [*(found[end] for end in sorted(found)), _Cut(len(text), len(text), _Rank.paragraph)]


def _between_words(text: str) -> Iterator[_Cut]:
    before = 0
    for gap in _GAP.finditer(text):
        word, following = text[before : gap.start()], text[gap.end() :]
        before = gap.end()
        if gap[0].count("\n") > 1:
            yield _Cut(gap.start(), gap.end(), _Rank.paragraph)
        elif "\n" in gap[0]:
            yield _Cut(gap.start(), gap.end(), _Rank.sentence)
        elif not (following.startswith(_NOT_FIRST) or word.endswith(_OPENERS)):
            yield _Cut(gap.start(), gap.end(), _rank(word, following))


def _rank(word: str, following: str) -> _Rank:
    """Return what ends with a word that a space follows; a full stop may belong to an abbreviation or a number."""
    stop = _SENTENCE.search(word)
    if stop is None:
        return _Rank.clause if _CLAUSE.search(word) else _Rank.word
    first = following.lstrip("\"'“‘«([¿¡")[:1]  # noqa: RUF001
    if first.islower():
        return _Rank.word
    bare = word.rstrip(_CLOSERS).lstrip("\"'“‘«(")  # noqa: RUF001
    if stop[1] == "." and (_INITIALS.fullmatch(bare) or _NUMERAL.fullmatch(bare) or bare[:-1].casefold() in _SHORT):
        return _Rank.word
    return _Rank.sentence


def _within_words(text: str) -> Iterator[_Cut]:
    addresses = [found.span() for found in _ADDRESS.finditer(text)]
    for mark in _TIGHT.finditer(text):
        end = mark.end()
        if end == len(text) or text[end].isspace() or text[end] in _STOPS + _PAUSES + _CLOSERS:
            continue
        if not any(begin <= mark.start() < stop for begin, stop in addresses):
            rank = _Rank.sentence if mark[1] else _Rank.word if mark[0] == "፡" else _Rank.clause
            yield _Cut(end, end, rank)
