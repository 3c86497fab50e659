"""Walks a JPEG from its first byte to its last and names everything that a picture doesn't need."""

import struct
from collections.abc import Iterator

_FRAMES = {0xC0: "baseline", 0xC1: "extended", 0xC2: "progressive"}
_TABLES = {0xDB: "DQT", 0xC4: "DHT"}
_JFIF = 14  # without a thumbnail


def faults(data: bytes) -> list[str]:
    """What `data` holds beside pixels; empty where it is a bare JPEG."""
    if data[:2] != b"\xff\xd8":
        return ["it doesn't begin as a JPEG"]
    found, at, frames = [], 2, 0
    tables: list[set[int]] = [set(), set()]  # of quantisation: those there are, those that are used
    while True:
        if data[at : at + 1] != b"\xff" or at + 2 > len(data):
            return [*found, f"{len(data) - at} bytes that belong to no segment at {at}"]
        marker = data[at + 1]
        if marker == 0xD9:
            rest = len(data) - at - 2
            found += [f"{rest} bytes after the end"] if rest else []
            found += ["a table nobody uses"] if tables[0] != tables[1] else []
            return found + (["no single frame"] if frames != 1 else [])
        if at + 4 > len(data):
            return [*found, "cut off"]
        size = struct.unpack_from(">H", data, at + 2)[0]
        payload = data[at + 4 : at + 2 + size]
        found += _segment(marker, payload)
        frames += marker in _FRAMES
        if marker == 0xDB:
            tables[0] |= {payload[start] & 15 for start in _starts(marker, payload)[:-1]}
        if marker in _FRAMES:
            tables[1] |= set(payload[8::3])
        at += 2 + size
        if marker == 0xDA:
            at = _scan_end(data, at)


def _segment(marker: int, payload: bytes) -> Iterator[str]:
    name = f"segment FF{marker:02X}"
    if marker == 0xE0:
        if payload[:5] != b"JFIF\0" or len(payload) != _JFIF or payload[12:] != b"\0\0":
            yield f"an APP0 that isn't a bare JFIF header: {payload[:24]!r}"
    elif marker in _FRAMES:
        if len(payload) != 6 + 3 * payload[5] or payload[5] not in {1, 3}:
            yield f"{name} of {len(payload)} bytes for {payload[5]} colours"
    elif marker in _TABLES:
        if _slack(marker, payload):
            yield f"{name} has bytes beyond its tables"
    elif marker in {0xDA, 0xDD}:
        if len(payload) != (4 + 2 * payload[0] if marker == 0xDA else 2):
            yield f"{name} is too long"
    else:
        yield f"{name}: {payload[:24]!r}"


def _slack(marker: int, payload: bytes) -> bool:
    return _starts(marker, payload)[-1] != len(payload)


def _starts(marker: int, payload: bytes) -> list[int]:
    """Where each table of a segment starts, and where the last one ends."""
    found = [0]
    while (at := found[-1]) < len(payload):
        found.append(at + 1 + (64 << (payload[at] >> 4) if marker == 0xDB else 16 + sum(payload[at + 1 : at + 17])))
    return found


def _scan_end(data: bytes, at: int) -> int:
    """Where the next real marker stands: FF00 is a stuffed byte, FFD0 to FFD7 a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2
