"""A finished JPEG looked at marker by marker: nothing may be in it that isn't needed to show its pixels."""

import re
import struct

from media.errors import Unfinished

_JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"  # version 1.1, no density, no thumbnail
_DQT, _SOF0, _SOF2, _DHT, _SOS, _EOI, _APP0 = 0xDB, 0xC0, 0xC2, 0xC4, 0xDA, 0xD9, 0xE0
_AFTER_SCAN = re.compile(rb"\xff[^\0]")  # in a scan's data 0xFF is followed by 0; restart markers aren't written here
_FRAME = struct.Struct(">BHHB")


def size(data: bytes) -> tuple[int, int]:
    """Return width and height of a JPEG that holds one header, tables, scans, its end, and nothing besides.

    Raises:
        Unfinished: anything else is in it, before, between or after.
    """
    try:
        return _walk(data)
    except (IndexError, struct.error, ValueError) as error:
        raise Unfinished(
            "the photo couldn't be made anew safely: save it in another program, then try again"
        ) from error


def _walk(data: bytes) -> tuple[int, int]:
    _must(data[:2] == b"\xff\xd8" and data[2:4] == bytes((0xFF, _APP0)))
    at, found, scans = 2, (0, 0), 0
    while True:
        _must(data[at] == 0xFF)
        marker = data[at + 1]
        if marker == _EOI:
            _must(scans > 0 and at + 2 == len(data))
            return found
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        body = data[at + 4 : end]
        _must(len(body) == end - at - 4)
        if marker == _APP0:
            _must(at == 2 and body == _JFIF)
        elif marker in (_SOF0, _SOF2):
            _must(found == (0, 0))
            found = _frame(body)
        elif marker == _SOS:
            _must(found != (0, 0) and len(body) == 4 + 2 * body[0])
            scans += 1
            following = _AFTER_SCAN.search(data, end)
            _must(following is not None)
            end = following.start() if following else end
        else:
            _must(marker in (_DQT, _DHT) and _tables(marker, body))
        at = end


def _frame(body: bytes) -> tuple[int, int]:
    bits, height, width, parts = _FRAME.unpack_from(body)
    _must(bits == 8 and parts in (1, 3) and len(body) == _FRAME.size + 3 * parts and height > 0 and width > 0)
    return width, height


def _tables(marker: int, body: bytes) -> bool:
    """Return whether the body is whole tables and no more."""
    at = 0
    while at < len(body):
        if marker == _DQT:
            at += 65 if body[at] < 16 else 129
        else:
            at += 17 + sum(body[at + 1 : at + 17])
    return at == len(body)


def _must(holds: bool) -> None:  # noqa: FBT001  # reads as a sentence
    if not holds:
        raise ValueError
