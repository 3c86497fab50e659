"""Where the lines of a message end: the largest size that fits, and the best breaks at it.

Pure arithmetic on widths measured at one size; nothing here knows a font.
"""

import math
from dataclasses import dataclass

_CLOSERS = "\u201d\u2019»)）」』》"  # noqa: RUF001  # may stand behind the end of a phrase
_RAGGED = 0.22  # what an uneven right edge costs, in parts of the size
_ORPHAN = 0.2  # a word alone on the last line
_PHRASE = 0.05  # a line that runs over the end of a sentence
_DANGLING = 0.1  # a line that ends with the first word of the next sentence
_PAUSE = 0.03  # what a line that ends with a phrase is worth
_INSIDE = 0.8  # a line that ends where there is no space (between Burmese syllables): only in need
_STOPS = ".!?…\u104b\u1362\u061f\u06d4。！？"  # noqa: RUF001  # with the Burmese, Ethiopic, Arabic, Urdu, Chinese ones
_PAUSES = ",;:—\u2013\u104a\u1363\u060c\u061b，、；："  # noqa: RUF001
_WORD = 0.2  # a line that ends between Chinese signs: maybe in the middle of a word
_STEP = 0.965  # sizes tried, each this part of the one before
_WORTH = 0.6  # no break is worth a text smaller than this part of the largest that fits


@dataclass(frozen=True)
class Piece:
    """A part of a line that stays whole. `width` is in parts of the font size."""

    text: str
    width: float
    spaced: bool  # a space follows
    ends: bool = False  # the writer's own line break follows
    short: bool = False  # it must not stand alone on the last line
    free: bool = False  # a line may end after it as well as at a space: so it is between Chinese signs


@dataclass(frozen=True)
class Room:
    """The box for a message in pixels, and its font's measures in parts of the size."""

    width: int
    height: int
    first: float  # from the top of the first line's ink to its baseline
    last: float  # from the last baseline to the bottom of the ink
    leading: float  # from baseline to baseline
    space: float = 0.27


class _Sums:
    """Running totals over the pieces, so that a line's width and faults are a subtraction away."""

    def __init__(self, pieces: list[Piece], space: float) -> None:
        self.widths, self.stops = [0.0], [0]
        self.trims = [0.0]  # at `end`: the space a line gives up there
        self.tails = [0.0]  # at `end`: what a line costs by ending there
        for p in pieces:
            self.widths.append(self.widths[-1] + p.width + (space if p.spaced else 0.0))
            self.stops.append(self.stops[-1] + (p.text[-1] in _STOPS))
            self.trims.append(space if p.spaced else 0.0)
            self.tails.append(_tail(p))
        self.widest, self.trim = max(p.width for p in pieces), max(self.trims)


def _tail(piece: Piece) -> float:
    """Return what a line costs that ends after `piece` and isn't the last."""
    if piece.ends:
        return 0.0
    if piece.text.rstrip(_CLOSERS)[-1:] in tuple(_STOPS + _PAUSES):
        return -_PAUSE
    if piece.spaced or (piece.free and piece.text[-1] in "\u1361\u200b"):
        return 0.0
    return _WORD if piece.free else _INSIDE


_Table = list[dict[int, tuple[float, int]]]  # at a piece: number of lines -> (cost so far, where the last began)


def _paths(pieces: list[Piece], sums: _Sums, limit: float, most: int) -> tuple[float, list[list[Piece]]] | None:
    """Return the cheapest way to cut `pieces` into at most `most` lines no wider than `limit`."""
    count = len(pieces)
    if sums.widest > limit or sums.widths[count] > (limit + sums.trim) * most:
        return None
    best: _Table = [{} for _ in range(count + 1)]
    best[0][0] = (0.0, 0)
    for start in range(count):
        reached = [(lines + 1, cost) for lines, (cost, _) in best[start].items() if lines < most]
        if reached:
            for end, cost in _ends(pieces, sums, start, limit):
                into = best[end]
                for lines, so_far in reached:
                    if lines not in into or so_far + cost < into[lines][0]:
                        into[lines] = (so_far + cost, start)
    if not best[count]:
        return None
    lines = min(best[count], key=lambda n: best[count][n][0] / n)
    return best[count][lines][0] / lines, _traced(pieces, best, lines)


def _ends(pieces: list[Piece], sums: _Sums, start: int, limit: float) -> list[tuple[int, float]]:
    """Return where a line that begins at `start` may end, and what it costs."""
    count, begin, before = len(pieces), sums.widths[start], sums.stops[start]
    widths, trims, stops, tails = sums.widths, sums.trims, sums.stops, sums.tails  # this runs hundreds of times a card
    found = []
    for end in range(start + 1, count + 1):
        width = widths[end] - begin - trims[end]
        if width > limit:
            break
        slack = (limit - width) / limit
        cost = slack * slack * _RAGGED + _PHRASE * (stops[end - 1] - before)
        if end < count:
            cost += tails[end]
            if end - start > 1 and stops[end - 1] > stops[end - 2] and tails[end] >= 0:
                cost += _DANGLING
        else:
            cost -= 0.65 * slack * slack * _RAGGED  # the last line may be short
            alone = start and end - start == 1 and pieces[start].short and not pieces[start - 1].ends
            cost += _ORPHAN if alone else 0.0
        found.append((end, cost))
        if pieces[end - 1].ends:
            break
    return found


def _traced(pieces: list[Piece], best: _Table, lines: int) -> list[list[Piece]]:
    """Read the lines back out of the table of cheapest ways."""
    found: list[list[Piece]] = []
    at = len(pieces)
    while at:
        before = best[at][lines][1]
        found.append(pieces[before:at])
        at, lines = before, lines - 1
    return found[::-1]


def _joined(line: list[Piece]) -> str:
    return "".join(p.text + (" " if p.spaced else "") for p in line).rstrip(" ")


def choose(pieces: list[Piece], room: Room, smallest: float, largest: float) -> tuple[float, list[str]] | None:
    """Return the font size in pixels and the lines that look best, or None if nothing fits at `smallest`.

    Size is weighed against evenness: a slightly smaller text with better breaks wins over the largest one.
    """
    chosen: tuple[float, float, list[list[Piece]]] | None = None
    biggest = 0.0
    size = largest
    sums = _Sums(pieces, room.space)
    while size >= max(smallest, biggest * _WORTH):
        spare = room.height / size - room.first - room.last
        most = int(spare / room.leading + 1e-6) + 1 if spare >= 0 else 0
        dearer = -math.log(size / largest) * 0.45
        if chosen and dearer - _PAUSE >= chosen[0]:
            break  # no breaks are good enough to make up for so small a size
        found = _paths(pieces, sums, room.width / size, min(most, 9)) if most else None
        if found:
            biggest = biggest or size
            cost = found[0] + dearer
            if chosen is None or cost < chosen[0]:
                chosen = (cost, size, found[1])
        # The smallest size itself is always tried.
        size = smallest if smallest < size < smallest / _STEP else size * _STEP
    return (chosen[1], [_joined(line) for line in chosen[2]]) if chosen else None
