"""The bricks of hostile files: chunks, segments, boxes and elements, written by hand so that they may also lie."""

import struct
import zlib
from collections.abc import Callable, Iterator

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n"
_BLOCK = 1 << 20
Change = Callable[[bytes], bytes]


def segment(marker: int, payload: bytes) -> bytes:
    """A JPEG segment FF `marker`, with a true length."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def after_soi(jpeg: bytes, extra: bytes) -> bytes:
    """`jpeg` with `extra` right after its first marker."""
    return jpeg[:2] + extra + jpeg[2:]


def before(jpeg: bytes, marker: int, extra: bytes) -> bytes:
    """`jpeg` with `extra` before the first segment FF `marker` of its own, e.g. 0xDA."""
    at = next(start for start, kind, _ in segments(jpeg) if kind == marker)
    return jpeg[:at] + extra + jpeg[at:]


def segments(jpeg: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each segment of `jpeg` up to its first scan: where it starts, its marker, its payload."""
    at = 2
    while at + 4 <= len(jpeg):
        _, marker, size = struct.unpack_from(">BBH", jpeg, at)
        yield at, marker, jpeg[at + 4 : at + 2 + size]
        if marker == 0xDA:
            return
        at += 2 + size


def chunk(kind: bytes, data: bytes, *, size: int | None = None, crc: int | None = None) -> bytes:
    """A PNG chunk; `size` and `crc` may lie."""
    told = len(data) if size is None else size
    return struct.pack(">I", told) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)


def ihdr(width: int, height: int, depth: int = 8, colour: int = 2, interlace: int = 0) -> bytes:
    """A PNG's header chunk."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def png(header: bytes, *chunks: bytes, pixels: bytes = zlib.compress(bytes(4096))) -> bytes:
    """A PNG of `header`, further chunks, one IDAT of `pixels` (already deflated) and IEND."""
    return PNG + header + b"".join(chunks) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """`count` zero bytes, deflated: one block's bytes are repeated, so that a bomb takes no time to make."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(bytes(_BLOCK)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    rest = squeeze.compress(bytes(count % _BLOCK)) + squeeze.flush()
    check = (count % 65_521) << 16 | 1  # Adler-32 of so many zeros
    return b"\x78\xda" + block * (count // _BLOCK) + rest + struct.pack(">I", check)


def after_ihdr(data: bytes, extra: bytes) -> bytes:
    """A PNG with `extra` right after its header chunk."""
    return data[:33] + extra + data[33:]


def before_iend(data: bytes, extra: bytes) -> bytes:
    """A PNG with `extra` before its last chunk."""
    return data[:-12] + extra + data[-12:]


def riff(kind: bytes, data: bytes, *, size: int | None = None) -> bytes:
    """A chunk of a WebP; `size` may lie."""
    told = len(data) if size is None else size
    return kind + struct.pack("<I", told) + data + bytes(len(data) % 2)


def webp(*chunks: bytes, size: int | None = None) -> bytes:
    """A WebP of `chunks`; `size` may lie."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def vp8l(width: int, height: int) -> bytes:
    """The lossless WebP data of a picture of one colour: 14 bytes for any size."""
    bits = 0x2F | (width - 1) << 8 | (height - 1) << 22
    # No transform, no colour cache, no groups; then five codes of one symbol each: a pixel takes no bits.
    at = 40 + 3
    for _ in range(5):
        bits |= 0b0001 << at  # simple code, one symbol, of one bit, which is 0
        at += 4
    return bits.to_bytes((at + 7) // 8 + 1, "little")


def vp8x(width: int, height: int, flags: int) -> bytes:
    """The header chunk of an extended WebP; 0x02 animation, 0x04 XMP, 0x08 EXIF, 0x10 alpha, 0x20 ICC."""
    return riff(
        b"VP8X", struct.pack("<I", flags) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )


def box(kind: bytes, *parts: bytes, size: int | None = None) -> bytes:
    """A box of MP4, MOV, HEIC or AVIF; `size` may lie."""
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8 if size is None else size) + kind + body


def full(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each box in `data`: kind and payload; sizes of 64 bits are understood; a lie is a ValueError."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            head, size = 16, struct.unpack_from(">Q", data, at + 8)[0]
        if not head <= size <= len(data) - at:
            raise ValueError(f"a box {kind!r} of {size} bytes where {len(data) - at} are left")
        yield kind, data[at + head : at + size]
        at += size


def find(data: bytes, *path: bytes) -> bytes:
    """The payload of the first box at `path`, e.g. `b"moov", b"trak"`."""
    for kind in path:
        data = next(payload for found, payload in boxes(data) if found == kind)
    return data


def edited(data: bytes, path: tuple[bytes, ...], change: Change, *, which: int | None = None) -> bytes:
    """`data` with the payload of the boxes at `path` put through `change`; `which`: of several at its first step."""
    out, seen = [], -1
    for kind, payload in boxes(data):
        body = payload
        if kind == path[0]:
            seen += 1
            if which is None or seen == which:
                body = edited(payload, path[1:], change) if len(path) > 1 else change(payload)
        out.append(box(kind, body))
    return b"".join(out)


def added(data: bytes, path: tuple[bytes, ...], *extra: bytes) -> bytes:
    """`data` with `extra` boxes at the end of the first box at `path`."""
    return edited(data, path[:1], lambda old: added(old, path[1:], *extra), which=0) if path else data + b"".join(extra)


def element(name: int, data: bytes, *, size: int | None = None) -> bytes:
    """An element of Matroska: its id with its length bits, and a size of eight bytes, which may lie."""
    told = (len(data) if size is None else size) | 1 << 56
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + told.to_bytes(8, "big") + data
