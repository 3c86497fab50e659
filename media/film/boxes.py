"""The boxes of an MP4 or MOV: walked before a foreign file is opened, and walked again in the film we made.

Layout after ISO/IEC 14496-12 (2022), sections 4.2 and 8; a box is a length, four letters, and its payload.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_LONG = 1  # the length follows the name, in eight bytes
_TO_THE_END = 0
_HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf", b"mvex", b"udta"})
DEEPEST = 12


class Box(NamedTuple):
    """One box: its four letters and where its payload begins and ends, in bytes."""

    kind: bytes
    start: int
    end: int


class BrokenBoxes(ValueError):  # noqa: N818
    """The lengths of boxes don't fit into each other."""


def header(head: bytes, at: int, end: int) -> Box:
    """Return the box at `at` of a file or box that ends at `end`; `head` are its first 16 bytes.

    Its own end may lie beyond `end`: the file is cut off.

    Raises:
        BrokenBoxes: it is shorter than its own header.
    """
    if len(head) < 8:
        raise BrokenBoxes("a box without a name")
    length, kind = struct.unpack(">I4s", head[:8])
    taken = 8
    if length == _LONG:
        if len(head) < 16:
            raise BrokenBoxes("a box without a length")
        length, taken = struct.unpack(">Q", head[8:16])[0], 16
    elif length == _TO_THE_END:
        length = end - at
    if length < taken:
        raise BrokenBoxes("a box shorter than its header")
    return Box(kind, at + taken, at + length)


def inside(data: bytes | memoryview, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes that fill `data` from `start` to `end`.

    Raises:
        BrokenBoxes: they don't fill it, or stick out.
    """
    at = start
    while at < end:
        if end - at == 4 and not any(data[at:end]):
            return  # QuickTime ends a list of user data with four zeros
        box = header(bytes(data[at : min(at + 16, end)]), at, end)
        if box.end > end:
            raise BrokenBoxes("a box sticks out")
        yield box
        at = box.end


def walk(
    data: bytes | memoryview, start: int, end: int, path: tuple[bytes, ...] = ()
) -> Iterator[tuple[tuple[bytes, ...], Box]]:
    """Yield every box within, with the names on the way to it, outermost first; those that hold others before these.

    Raises:
        BrokenBoxes: as `inside`, or they are nested too deep.
    """
    if len(path) > DEEPEST:
        raise BrokenBoxes("boxes nested too deep")
    for box in inside(data, start, end):
        here = (*path, box.kind)
        yield here, box
        if box.kind in _HOLDERS:
            yield from walk(data, box.start, box.end, here)
