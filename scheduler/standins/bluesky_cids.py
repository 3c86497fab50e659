"""Hashes as Bluesky's servers name them: of bytes, and of records in DAG-CBOR."""

import base64
import hashlib
from typing import Any

_RAW, _CBOR = b"\x01\x55\x12\x20", b"\x01\x71\x12\x20"


def of_bytes(data: bytes) -> str:
    """Return the CID of a file."""
    return _named(_RAW, data)


def of_record(record: Any) -> str:
    """Return the CID of a record given as JSON values."""
    return _named(_CBOR, encoded(record))


def _named(prefix: bytes, data: bytes) -> str:
    coded = base64.b32encode(prefix + hashlib.sha256(data).digest()).decode()
    return f"b{coded.rstrip('=').lower()}"


def encoded(value: Any) -> bytes:
    """Return a JSON value as DAG-CBOR; {"$link": …} is a CID.

    Raises:
        ValueError: the value has no place in a record: a fraction, or a link that is none.
    """
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(encoded, value))
    if isinstance(value, dict) and set(value) == {"$link"}:
        return _linked(value["$link"])
    if isinstance(value, dict):
        pairs = sorted((encoded(key), encoded(item)) for key, item in value.items())
        return _head(5, len(pairs)) + b"".join(key + item for key, item in pairs)
    raise ValueError(f"{value!r} has no place in a record")


def _linked(cid: object) -> bytes:
    if not isinstance(cid, str) or not cid.startswith("b"):
        raise ValueError(f"{cid!r} is no CID")
    data = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))
    return b"\xd8\x2a" + _head(2, len(data) + 1) + b"\x00" + data


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 256**size:
            return bytes([kind << 5 | code]) + number.to_bytes(size)
    raise ValueError(f"{number} is too large")
