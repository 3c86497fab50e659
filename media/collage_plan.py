"""Where the photos of a collage and its words stand: pure geometry, no row ragged, every gap the same.

Few photos keep their shapes in rows of equal width beside the words or over them; many share an even grid with the
words in its middle.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from media.drawing.layout import Box, safe_area

MANY = 32  # from here on a grid; fewer photos lose too much of themselves in equal tiles
_FLATTEST, _STEEPEST = 0.62, 1.9  # the shapes a tile may have in a row: width to height
_BESIDE = (0.37, 0.36, 0.38, 0.39, 0.4, 0.41)  # parts of the width for words beside photos, the best first
_UNDER = (0.44, 0.46, 0.42, 0.48)  # parts of the height for words under photos
_UNDER_TALL = (0.37, 0.39, 0.35, 0.41, 0.43)  # the same where the picture stands upright
_AMID = (0.34, 0.36, 0.32, 0.38)  # the same on a story, with photos under the words too
_WIDE = 1.2  # from this width to height on, the words stand beside the photos


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The tiles, one a photo in the order given, and the panel of the words, in pixels, for left-to-right."""

    size: tuple[int, int]
    tiles: tuple[Box, ...]
    panel: Box
    gap: int

    def mirrored(self) -> "Plan":
        """Return the same for a language that runs the other way: the first photo at the right."""
        width = self.size[0]
        tiles = tuple(box.mirrored(width) for box in self.tiles)
        return Plan(size=self.size, tiles=tiles, panel=self.panel.mirrored(width), gap=self.gap)


def plan(shapes: Sequence[float], size: tuple[int, int]) -> Plan:
    """Return where photos of these shapes (width to height) stand on a picture of `size` pixels."""
    gap = max(3, round((0.009 if len(shapes) < 100 else 0.006) * min(size)))
    grid = _grid(len(shapes), size) if len(shapes) >= MANY else None
    return _cells(grid, size, gap) if grid else _rows(shapes, size, gap)


# ── a grid around the words ──


@dataclass(frozen=True, kw_only=True)
class _Grid:
    columns: int
    rows: int
    across: int  # cells that the panel takes
    down: int


def _grid(count: int, size: tuple[int, int]) -> _Grid | None:
    """Return the best grid whose cells around a panel in the middle are `count` exactly; None if there is none."""
    found: list[tuple[float, int, _Grid]] = []
    for columns in range(4, 40):
        for rows in range(4, 48):
            shape = size[0] / columns / (size[1] / rows)
            spare = columns * rows - count
            if spare <= 0 or not 0.66 < shape < 1.5:
                continue
            for across in range(2 + columns % 2, columns - 1, 2):
                down, rest = divmod(spare, across)
                if not rest and 2 <= down <= rows - 2:
                    grid = _Grid(columns=columns, rows=rows, across=across, down=down)
                    found.append((_ugliness(grid, size, shape), columns, grid))
    best = min(found, key=lambda one: one[:2], default=None)
    return best[2] if best and best[0] < 1.6 else None


def _ugliness(grid: _Grid, size: tuple[int, int], shape: float) -> float:
    """Weigh a grid: square cells, a panel of a third or so with room for lines of words, in the middle."""
    wide, high = grid.across / grid.columns, grid.down / grid.rows
    panel = size[0] * wide / (size[1] * high)
    wanted = 0.32
    return (
        2 * abs(math.log(shape))
        + 5 * abs(wide * high - wanted)
        + abs(math.log(panel / 1.6))
        + (0.25 if (grid.rows - grid.down) % 2 else 0.0)  # half a cell above the middle
        + 4 * max(0.0, 0.6 - wide)
        + 4 * max(0.0, 0.4 - high)
    )


def _cells(grid: _Grid, size: tuple[int, int], gap: int) -> Plan:
    xs, ys = _steps(size[0], grid.columns, gap), _steps(size[1], grid.rows, gap)
    left, top = (grid.columns - grid.across) // 2, (grid.rows - grid.down) // 2
    tiles = [
        Box(xs[column][0], ys[row][0], xs[column][1], ys[row][1])
        for row in range(grid.rows)
        for column in range(grid.columns)
        if not (left <= column < left + grid.across and top <= row < top + grid.down)
    ]
    panel = Box(xs[left][0], ys[top][0], xs[left + grid.across - 1][1], ys[top + grid.down - 1][1])
    return Plan(size=size, tiles=tuple(tiles), panel=panel, gap=gap)


def _steps(length: int, count: int, gap: int) -> list[tuple[int, int]]:
    """Divide a length into `count` parts as equal as pixels allow, with gaps between and around them."""
    edges = [round(at * (length - gap) / count) for at in range(count + 1)]
    return [(start + gap, end) for start, end in itertools.pairwise(edges)]


# ── rows beside the words or over them ──


def _rows(shapes: Sequence[float], size: tuple[int, int], gap: int) -> Plan:
    """Give the words as much room as lets the photos keep their shapes best."""
    kept = [min(max(shape, _FLATTEST), _STEEPEST) for shape in shapes]
    if _story(size):
        return min((_amid(kept, size, gap, share) for share in _AMID), key=lambda offer: offer[0])[1]
    shares = _BESIDE if size[0] > _WIDE * size[1] else _UNDER_TALL if size[1] > _WIDE * size[0] else _UNDER
    offers = [_filled(kept, size, gap, share) for share in shares]
    return min(offers, key=lambda offer: offer[0])[1]


def _filled(shapes: Sequence[float], size: tuple[int, int], gap: int, share: float) -> tuple[float, Plan]:
    """Return the best rows beside or over a panel of a part of the picture, and how much they crop the photos."""
    width, height = size
    if width > _WIDE * height:
        edge = round(width * share)
        panel, room = Box(0, 0, edge, height), Box(edge + gap, gap, width - gap, height - gap)
    else:
        edge = round(height * (1 - share))
        panel, room = Box(0, edge, width, height), Box(gap, gap, width - gap, edge - gap)
    cost, lines = _lines(shapes, room, gap)
    return cost, Plan(size=size, tiles=tuple(itertools.chain.from_iterable(lines)), panel=panel, gap=gap)


def _story(size: tuple[int, int]) -> bool:
    """Tell whether apps draw their controls over the picture's top and bottom."""
    safe = safe_area(size)
    return safe.top > safe.left


def _amid(shapes: Sequence[float], size: tuple[int, int], gap: int, share: float) -> tuple[float, Plan]:
    """Return rows over and under a panel whose words all lie clear of a story's controls, and what it costs."""
    (width, height), safe = size, safe_area(size)
    deep = round(height * share)
    cost, lines = _lines(shapes, Box(gap, gap, width - gap, height - 2 * gap - deep), gap)
    lowest = safe.bottom - deep
    tops = [gap, *(line[0].bottom + gap for line in lines)]
    cut = min(range(len(tops)), key=lambda at: abs(tops[at] - lowest) + (height if tops[at] > lowest else 0))
    top = tops[cut]
    cost += 10.0 * max(0.0, safe.top / height - 0.05 - top / height, (top - lowest) / height)
    moved = [
        box if at < cut else box._replace(top=box.top + deep + gap, bottom=box.bottom + deep + gap)
        for at, line in enumerate(lines)
        for box in line
    ]
    return cost, Plan(size=size, tiles=tuple(moved), panel=Box(0, top, width, top + deep), gap=gap)


def _lines(shapes: Sequence[float], room: Box, gap: int) -> tuple[float, list[list[Box]]]:
    """Return the best rows that fill `room`, and how much they crop the photos."""
    inner = (room.width, room.height)
    cost, rows = min(
        (_partition(shapes, number, inner, gap) for number in range(1, len(shapes) + 1)), key=lambda r: r[0]
    )
    heights = [(inner[0] - gap * (len(row) - 1)) / sum(row) for row in rows]
    scale = (inner[1] - gap * (len(rows) - 1)) / sum(heights)
    lines: list[list[Box]] = []
    top = float(room.top)
    for row, high in zip(rows, heights, strict=True):
        bottom = top + high * scale
        spans = _row(row, inner[0], gap)
        lines.append([Box(room.left + start, round(top), room.left + end, round(bottom)) for start, end in spans])
        top = bottom + gap
    return cost + 0.5 * math.log(scale) ** 2, lines


def _row(shapes: Sequence[float], width: int, gap: int) -> list[tuple[int, int]]:
    """Return where each photo of a row begins and ends."""
    unit = (width - gap * (len(shapes) - 1)) / sum(shapes)
    places, start = [], 0.0
    for shape in shapes:
        places.append((round(start), round(start + shape * unit)))
        start += shape * unit + gap
    return places


def _partition(
    shapes: Sequence[float], number: int, room: tuple[int, int], gap: int
) -> tuple[float, list[Sequence[float]]]:
    """Return the best way to break the photos into `number` rows that fill the room, and how far it is from ideal."""
    wanted = (room[1] - gap * (number - 1)) / number
    if wanted <= 0:
        return math.inf, []

    def cost(row: Sequence[float]) -> float:
        free = room[0] - gap * (len(row) - 1)
        return math.log(max(free, 1) / sum(row) / wanted) ** 2

    ways: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}  # by how many photos are placed, in the rows so far
    for row in range(1, number + 1):
        following: dict[int, tuple[float, list[int]]] = {}
        for done, (sofar, cuts) in ways.items():
            most = len(shapes) - (number - row)
            for end in range(done + 1, most + 1):
                total = sofar + cost(shapes[done:end])
                if end not in following or total < following[end][0]:
                    following[end] = (total, [*cuts, end])
        ways = following
    total, cuts = ways[len(shapes)]
    starts = [0, *cuts[:-1]]
    return total / number + 0.02 * number, [shapes[a:b] for a, b in zip(starts, cuts, strict=True)]
