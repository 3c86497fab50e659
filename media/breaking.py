"""Where the lines of a message end: the largest size that fits, and the best breaks at it.

Pure arithmetic on widths measured at one size; nothing here knows a font.
"""

import math
from dataclasses import dataclass

_RAGGED = 0.22  # what an uneven right edge costs, in parts of the size
_ORPHAN = 0.2  # a word alone on the last line
_PHRASE = 0.05  # a line that runs over the end of a sentence
_PAUSE = 0.03  # what a line that ends with a phrase is worth
_INSIDE = 0.8  # a line that ends where there is no space (between Burmese syllables): only in need
_STOPS = ".!?…\u104b\u1362\u061f\u06d4"  # with the Burmese, Ethiopic, Arabic and Urdu ones
_PAUSES = ",;:—\u2013\u104a\u1363\u060c\u061b"
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


@dataclass(frozen=True)
class Room:
    """The box for a message in pixels, and its font's measures in parts of the size."""

    width: int
    height: int
    first: float  # from the top of the first line's ink to its baseline
    last: float  # from the last baseline to the bottom of the ink
    leading: float  # from baseline to baseline
    space: float = 0.27


def _line_width(line: list[Piece], space: float) -> float:
    return sum(p.width + (space if p.spaced else 0.0) for p in line) - (space if line[-1].spaced else 0.0)


def _cost(line: list[Piece], width: float, limit: float, *, last: bool) -> float:
    slack = (limit - width) / limit
    cost = slack * slack * (0.35 if last else 1.0) * _RAGGED
    end = line[-1]
    if not last and not end.spaced and not end.ends:
        cost += _INSIDE
    cost += _PHRASE * sum(1 for p in line[:-1] if p.text[-1] in _STOPS)
    if not last and not end.ends and end.text[-1] in _STOPS + _PAUSES:
        cost -= _PAUSE
    return cost


def _paths(pieces: list[Piece], limit: float, space: float, most: int) -> tuple[float, list[list[Piece]]] | None:
    """Return the cheapest way to cut `pieces` into at most `most` lines no wider than `limit`."""
    count = len(pieces)
    best: list[dict[int, tuple[float, int]]] = [{} for _ in range(count + 1)]  # at: lines -> (cost, from)
    best[0][0] = (0.0, 0)
    for start in range(count):
        if not best[start]:
            continue
        for end in range(start + 1, count + 1):
            line = pieces[start:end]
            width = _line_width(line, space)
            if width > limit:
                break
            cost = _cost(line, width, limit, last=end == count)
            alone = end == count and start and end - start == 1 and line[0].short
            cost += _ORPHAN if alone and not pieces[start - 1].ends else 0.0
            for lines, (so_far, _) in best[start].items():
                if lines < most and so_far + cost < best[end].get(lines + 1, (math.inf, 0))[0]:
                    best[end][lines + 1] = (so_far + cost, start)
            if pieces[end - 1].ends:
                break
    if not best[count]:
        return None
    lines = min(best[count], key=lambda n: best[count][n][0] / n)
    return best[count][lines][0] / lines, _traced(pieces, best, lines)


def _traced(pieces: list[Piece], best: list[dict[int, tuple[float, int]]], lines: int) -> list[list[Piece]]:
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
    while size >= max(smallest, biggest * _WORTH):
        spare = room.height / size - room.first - room.last
        most = int(spare / room.leading + 1e-6) + 1 if spare >= 0 else 0
        found = _paths(pieces, room.width / size, room.space, min(most, 9)) if most else None
        if found:
            biggest = biggest or size
            cost = found[0] - math.log(size / largest) * 0.45
            if chosen is None or cost < chosen[0]:
                chosen = (cost, size, found[1])
        # The smallest size itself is always tried.
        size = smallest if smallest < size < smallest / _STEP else size * _STEP
    return (chosen[1], [_joined(line) for line in chosen[2]]) if chosen else None
