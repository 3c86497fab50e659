"""Exif, GPS, maker notes and thumbnails, written by hand: a TIFF in which every directory holds a planted word."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

Value = "bytes | str | int | tuple[tuple[int, int], ...] | Directory"


@dataclass(frozen=True)
class Directory:
    """A directory of tags: a number is a LONG, words are ASCII, bytes are UNDEFINED, pairs are RATIONAL."""

    tags: Mapping[int, object]

    def bytes(self, at: int, follows: bytes = b"") -> bytes:
        """The directory as it stands at offset `at`, little-endian, with what its tags point to and the next one."""
        head = 2 + 12 * len(self.tags) + 4
        rows, far = [], b""
        for tag, value in sorted(self.tags.items()):
            kind, count, data = _coded(value, at + head + len(far))
            if len(data) > 4 or isinstance(value, Directory):
                rows.append(struct.pack("<HHII", tag, kind, count, at + head + len(far)))
                far += data + bytes(len(data) % 2)
            else:
                rows.append(struct.pack("<HHI4s", tag, kind, count, data))
        there = at + head + len(far) if follows else 0
        return struct.pack("<H", len(rows)) + b"".join(rows) + struct.pack("<I", there) + far + follows


def _coded(value: object, at: int) -> tuple[int, int, bytes]:
    if isinstance(value, Directory):
        return 4, 1, value.bytes(at)
    if isinstance(value, int):
        return 4, 1, struct.pack("<I", value)
    if isinstance(value, str):
        return 2, len(value) + 1, value.encode() + b"\0"
    if isinstance(value, bytes):
        return 7, len(value), value
    assert isinstance(value, tuple)
    return 5, len(value), b"".join(struct.pack("<II", *pair) for pair in value)


def tiff(tags: Mapping[int, object], *, thumbnail: bytes = b"") -> bytes:
    """An Exif block of directory 0 and, where there is a thumbnail, directory 1 that points to it."""
    head = b"II*\0" + struct.pack("<I", 8)
    first = Directory(tags)
    if not thumbnail:
        return head + first.bytes(8)
    size = len(first.bytes(8, b" ")) - 1
    second = {0x0103: 6, 0x0201: 8 + size + 2 + 12 * 3 + 4, 0x0202: len(thumbnail)}
    return head + first.bytes(8, Directory(second).bytes(8 + size)) + thumbnail


def everywhere(word: str, *, thumbnail: bytes = b"") -> bytes:
    """A camera's whole block: owner, place, maker note, comments, with `word` in each directory."""
    where = {1: "N", 2: ((34, 1), (32, 1), (4242, 100)), 3: "E", 4: ((69, 1), (10, 1), (4242, 100)), 28: word.encode()}
    shot = {0x9003: "2026:03:08 08:00:00", 0x927C: b"Nikon\0" + word.encode(), 0x9286: b"ASCII\0\0\0" + word.encode()}
    shot |= {0xA430: word, 0xA431: word, 0xA420: word, 0xA005: Directory({1: "R98", 0x1000: word})}
    tags = {0x010E: word, 0x010F: "Maker", 0x0131: word, 0x013B: word, 0x8298: word, 0x0132: "2026:03:08 08:00:00"}
    tags |= {0x9C9C: word.encode("utf-16-le"), 0x8769: Directory(shot), 0x8825: Directory(where)}
    return tiff(tags, thumbnail=thumbnail)


def turned(orientation: int) -> bytes:
    """An Exif block that says nothing but how the camera was held."""
    head = b"II*\0" + struct.pack("<IH", 8, 1)
    return head + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + bytes(4)
