"""Looks for the planted words in the bytes: as they are, in other alphabets, backwards, deflated, shifted by bits."""

import base64
import re
import zlib
from collections.abc import Iterator

WORD = b"Kanarienvogel"
STAMP = b"\xe5\xf0\x0d\x5a"  # a moment, planted where a film says when it was made
SOFTWARE = (b"x264", b"Lavc", b"Lavf", b"LIBAVC", b"Pillow", b"libheif", b"FFmpeg", b"GIMP", b"Adobe", b"Photoshop")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_MOST = 4_000_000


def word(name: str) -> bytes:
    """The word planted in the class `name`."""
    return WORD + b"-" + name.encode()


def faults(data: bytes) -> list[str]:
    """Where a planted word, or the name of a program, is still to be read."""
    found = [f"{label}: {_around(view, needle)!r}" for label, view, needle in _views(data) if needle in view]
    return found + [f"names the program {name!r}" for name in SOFTWARE if name in data]


def _views(data: bytes) -> Iterator[tuple[str, bytes, bytes]]:
    low, needle = data.lower(), WORD.lower()
    yield "as it is", low, needle
    yield "a time", data, STAMP
    yield "UTF-16 LE", low, needle.decode().encode("utf-16-le")
    yield "UTF-16 BE", low, needle.decode().encode("utf-16-be")
    yield "UTF-32", low, needle.decode().encode("utf-32-le")
    yield "backwards", low, needle[::-1]
    yield "hexadecimal", low, WORD.hex().encode()
    for shift in range(3):
        coded = base64.b64encode(b" " * shift + WORD)
        yield "base64", data, coded[4 if shift else 0 : -4]
    for inner in _inflated(data):
        yield "deflated", inner.lower(), needle
    number = int.from_bytes(data[:_MOST], "big")
    for shift in range(1, 8):  # sound and pictures are written in bits, not in bytes
        yield f"shifted by {shift} bits", (number >> shift).to_bytes(len(data) + 1, "big"), WORD


def _inflated(data: bytes) -> Iterator[bytes]:
    for start in _ZLIB.finditer(data):
        try:
            yield zlib.decompressobj(47).decompress(data[start.start() :], _MOST)
        except zlib.error:
            continue


def _around(view: bytes, needle: bytes) -> bytes:
    at = view.index(needle)
    return view[max(0, at - 12) : at + len(needle) + 12]
