"""How many steps a picture's file would cost a decoder, counted before any decoder sees it: bombs have millions."""

import re
from collections.abc import Iterator
from itertools import islice, takewhile

JUNK, END, SCAN = 0, 0xD9, 0xDA
_MOST = 5_000  # of a JPEG: a photo has dozens
_LONE = {0x01, *range(0xD0, 0xD9)}  # markers without a body: nothing of theirs tells how far to step
_SCAN_END = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")


def scans(data: bytes) -> int:
    """Return how many times a JPEG goes over its picture: a progressive one about ten times, a bomb thousands.

    One with more parts than is sensible counts as so many times: the passes may stand behind them.
    """
    markers = [marker for marker, _, _ in islice(segments(data), _MOST)]
    return len(markers) if len(markers) == _MOST else markers.count(SCAN)


def parts(data: bytes, most: int) -> int:
    """Return how many parts a decoder must step over one by one before it comes to the pixels, at most `most`.

    Junk bytes of a JPEG, blocks of a GIF's extensions and items of a HEIC or AVIF count as a part each; a JPEG's EXIF,
    which Pillow joins anew with each further piece, as a thousand.
    """
    if data[:2] == b"\xff\xd8":
        steps = _jpeg_steps(data)
    elif data[:3] == b"GIF":
        steps = _gif_blocks(data)
    elif data[:4] == b"\x89PNG":
        steps = _png_chunks(data)
    elif data[4:8] == b"ftyp":
        steps = _heif_items(data)
    else:
        return 0
    return sum(islice(steps, most))


def _jpeg_steps(data: bytes) -> Iterator[int]:
    for marker, start, end in takewhile(lambda segment: segment[0] != SCAN, segments(data)):
        yield end - start if marker == JUNK else 1000 if data.startswith(b"Exif\0", start) else 1


def has_gap(data: bytes) -> bool:
    """Return whether a JPEG has a long run of fill bytes in its picture; a decoder goes over it again and again."""
    ends = [start for marker, start, _ in islice(segments(data), _MOST) if marker == END]
    return data.find(b"\xff" * 1024, 0, *ends) >= 0


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment's body up to the end of the first picture, and of junk between."""
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker in (0, 0xFF):
            start, at = at, data.find(b"\xff", at + 1)
            at = at if at > 0 else len(data)
            yield JUNK, start, at
            continue
        if marker == END:
            break
        if marker in _LONE:
            yield JUNK, at, at + 2
            at += 2
            continue
        end = at + 2 + max(int.from_bytes(data[at + 2 : at + 4]), 2)
        yield marker, at + 4, end
        if marker == SCAN:
            following = _SCAN_END.search(data, end)
            end = following.start() if following else len(data)
        at = end
    yield END, at, at + 2


def _gif_blocks(data: bytes) -> Iterator[int]:
    """Yield 1 for each block of the extensions before a GIF's first picture."""
    at = 13 + (gif_colours(data[10]) if len(data) > 10 else 0)
    while data[at : at + 1] == b"\x21":
        at += 2
        yield 1
        while at < len(data) and data[at]:
            at += 1 + data[at]
            yield 1
        at += 1


def _png_chunks(data: bytes) -> Iterator[int]:
    """Yield 1 for each chunk of a PNG; what follows the last isn't looked at by anybody."""
    at = 8
    while at < len(data) and data[at + 4 : at + 8] != b"IEND":
        at += 12 + int.from_bytes(data[at : at + 4])
        yield 1


def _heif_items(data: bytes) -> Iterator[int]:
    """Yield how many items each table of a HEIC or AVIF has room for, of six bytes; decoders compare all with all."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        size = int.from_bytes(data[at + 8 : at + 16]) if size == 1 else size or len(data) - at
        yield min(size, len(data) - at) // 6 if data[at + 4 : at + 8] == b"meta" else 1
        at += max(size, 8)


def gif_colours(flags: int) -> int:
    """Return the bytes of the table of colours that a GIF's flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
