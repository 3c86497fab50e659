"""What a HEIC or AVIF file holds beside its picture: boxes within boxes, named in plain words."""

import re
from collections.abc import Iterator

from media.photos import traces_exif

_TOP = {b"ftyp": "", b"meta": "", b"mdat": "", b"free": "", b"skip": "", b"wide": "", b"idat": ""} | {
    b"moov": "animation frames",
    b"mpvd": "film",
    b"jumb": "content credentials (C2PA)",
    b"uuid": "data of an unknown kind",
}
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_EXIF = re.compile(rb"(?:MM\0\*|II\*\0)")
_META = 1 << 20  # a picture's table of contents lies near the front


def walk(data: bytes) -> Iterator[str]:
    """Yield a word for each thing beside the picture."""
    at = 0
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        size = len(data) - at if size == 0 else size
        if size < head or at + size > len(data) or not kind.isalnum():
            yield "bytes after the end"
            return
        if kind == b"uuid" and data[at + head : at + head + 16] == _C2PA:
            yield "content credentials (C2PA)"
        else:
            yield _TOP.get(kind, "data of an unknown kind")
        if kind == b"meta":
            yield from _meta(data[at : at + min(size, _META)])
            yield from _exif(data)
        at += size


def _meta(box: bytes) -> Iterator[str]:
    for mark, word in (
        (b"mime", "XMP" if b"application/rdf+xml\0" in box else "data of an unknown kind"),
        (b"thmb", "thumbnail"),
        (b"auxl", "second picture"),
        (b"colrprof", "colour profile"),
        (b"colrrICC", "colour profile"),
        (b"jumb", "content credentials (C2PA)"),
    ):
        yield word if mark in box else ""


def _exif(data: bytes) -> Iterator[str]:
    """Find the block by its first bytes: the table that says where it lies may lie itself."""
    if b"Exif" in data[:_META] and (start := _EXIF.search(data)):
        yield from traces_exif.walk(data[start.start() : start.start() + 65536])
