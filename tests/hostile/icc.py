"""Colour profiles, written by hand: a true one of any primaries, with any description, and broken ones."""

import struct

_XYZ = {  # the columns of each space, adapted to D50
    "sRGB": ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)),
    "Display P3": ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841)),
    "Adobe RGB": ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)),
}


def profile(said: bytes, space: str = "sRGB", *, swapped: bool = False) -> bytes:
    """A display profile of `space` whose description is `said`; `swapped` exchanges red and blue."""
    columns = _XYZ[space][::-1] if swapped else _XYZ[space]
    tags = {
        b"desc": b"desc" + struct.pack(">II", 0, len(said) + 1) + said + b"\0" + bytes(78),
        b"cprt": b"text\0\0\0\0" + said + b"\0",
        b"wtpt": _point((0.9642, 1.0, 0.8249)),
    }
    for name, column in zip("rgb", columns, strict=True):
        tags[name.encode() + b"XYZ"] = _point(column)
        tags[name.encode() + b"TRC"] = b"curv" + struct.pack(">IIH", 0, 1, 0x0233)  # a power of 2.2
    return _filed(tags)


def _point(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65_536) for value in values))


def _filed(tags: dict[bytes, bytes]) -> bytes:
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        whole = data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += whole
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"\0\0\0\0", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    return (head + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)).ljust(128, b"\0") + table + body
