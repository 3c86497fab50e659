"""Still pictures that are small as files and vast when opened, or that keep a decoder busy for ever."""

import struct
import zlib

from PIL import Image

from tests.hostile import bases
from tests.hostile.case import Case
from tests.hostile.pieces import (
    EOI,
    PNG,
    SOI,
    after_ihdr,
    after_soi,
    before,
    before_iend,
    chunk,
    ihdr,
    png,
    riff,
    segment,
    vp8l,
    vp8x,
    webp,
    zeros,
)

_MB = 1 << 20
_SIDES = {
    "60000x60000": (60_000, 60_000),
    "int-max": (2**31 - 1, 2**31 - 1),
    "wide": (2**31 - 1, 1),
    "tall": (1, 2**31 - 1),
}
# Pillow warns at 89,478,485 pixels and refuses at twice as many; the budget of a photo is 50 million.
_SIDES |= {"below-warning": (9459, 9459), "below-error": (13_377, 13_377), "above-budget": (7072, 7072), "zero": (0, 0)}
_SIDES |= {"zero-high": (100, 0), "negative": (2**32 - 1, 2**32 - 1), "uint-wrap": (65_537, 65_537)}


def progressive(width: int, height: int, scans: int, *, colours: int = 1, between: bytes = b"") -> bytes:
    """A progressive JPEG of `width` by `height` whose every further scan goes over all blocks in some 50 bytes."""
    blocks = -(-width // 8) * -(-height // 8)
    table = segment(0xDB, b"\0" + bytes([1] * 64))
    parts = b"".join(bytes([number, 0x11, 0]) for number in range(1, colours + 1))
    frame = segment(0xC2, struct.pack(">BHHB", 8, height, width, colours) + parts)
    # One code of one bit each: of the DC table 0 (no change), of the AC table 0xE0 (a run of 16,384 blocks or more).
    codes = segment(0xC4, b"\0\1" + bytes(15) + b"\0") + segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    every = b"".join(bytes([number, 0]) for number in range(1, colours + 1))
    dc = segment(0xDA, bytes([colours]) + every + bytes(3)) + bytes(-(-blocks * colours // 8))
    bits = ("0" + "1" * 14) * -(-blocks // 32_767)
    size = -(-len(bits) // 8)
    data = int(bits.ljust(size * 8, "1"), 2).to_bytes(size, "big").replace(b"\xff", b"\xff\0")
    ac = b"".join(segment(0xDA, bytes([1, number, 0, 1, 63, 0])) + data for number in range(1, colours + 1))
    return SOI + table + frame + codes + dc + between + ac * scans + EOI


def hidden_at_once() -> bytes:
    """Two thousand scans behind a marker without length, which a naive walk takes for a segment that swallows them."""
    whole = progressive(4000, 4000, 2000)
    at = whole.index(b"\xff\xc2")
    # FF01 stands alone in a JPEG. Who takes the next two bytes for its length lands in this comment, on an end marker.
    return whole[:at] + b"\xff\x01" + segment(0xFE, b"\xff\xd9" * 32_700) + whole[at:]


def hidden_in_steps(lone: bytes = b"\xff\x01", scans: int = 10_000) -> bytes:
    """Ten thousand scans, with a lone marker wherever one lands who takes FFDA behind the last for its length."""
    whole = progressive(7000, 7000, 1)
    start, scan = whole.rindex(b"\xff\xda"), whole[whole.rindex(b"\xff\xda") : -2]
    held = (0xFFDA - len(lone)) // len(scan)
    fill = 0xFFDA + 2 - len(lone) - held * len(scan)
    step = lone + scan * held + b"\xff" * fill  # a marker may be preceded by any number of these
    return whole[:start] + step * (scans // held) + EOI


def hidden_behind_comments() -> bytes:
    """Ten thousand scans behind so many empty comments that one who counts parts up to a limit never sees them."""
    return progressive(7000, 7000, 10_000, between=segment(0xFE, b"") * 6000)


def _many_segments(count: int, marker: int, payload: bytes) -> bytes:
    return after_soi(bases.saved("JPEG"), segment(marker, payload) * count)


def _lying(jpeg: bytes, width: int, height: int) -> bytes:
    at = jpeg.index(b"\xff\xc0")
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def _sampled(factors: bytes) -> bytes:
    jpeg = bases.saved("JPEG")
    at = jpeg.index(b"\xff\xc0") + 11
    return (
        jpeg[:at]
        + factors[:1]
        + jpeg[at + 1 : at + 3]
        + factors[1:2]
        + jpeg[at + 4 : at + 6]
        + factors[2:]
        + jpeg[at + 7 :]
    )


def _jpegs() -> list[Case]:
    made = {
        "progressive-1000-scans": lambda: progressive(7000, 7000, 1000),
        "progressive-10000-scans": lambda: progressive(2000, 2000, 10_000),
        "progressive-40000-scans-small": lambda: progressive(640, 480, 40_000),
        "progressive-budget": lambda: progressive(7000, 7000, 20),
        "scans-behind-lone-marker": hidden_at_once,
        "scans-hidden-in-steps": hidden_in_steps,
        "scans-behind-comments": hidden_behind_comments,
        "scans-between-tem": lambda: progressive(4000, 4000, 1000, between=b"\xff\x01" * 3),
        "largest": lambda: progressive(65_500, 65_500, 1),
        "dnl": lambda: _lying(bases.saved("JPEG"), 96, 0) + segment(0xDC, b"\xff\xff"),
        "arithmetic": lambda: bases.saved("JPEG").replace(b"\xff\xc0", b"\xff\xc9"),
        "lossless": lambda: bases.saved("JPEG").replace(b"\xff\xc0", b"\xff\xc3"),
        "hierarchical": lambda: bases.saved("JPEG").replace(b"\xff\xc0", b"\xff\xc5"),
        "twelve-bits": lambda: bases.saved("JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"),
        "two-frames": lambda: before(bases.saved("JPEG"), 0xDA, segment(0xC0, b"\x08\xff\xff\xff\xff\1\1\x11\0")),
        "nested-starts": lambda: after_soi(bases.saved("JPEG"), SOI * 100_000),
        "fill-bytes": lambda: after_soi(bases.saved("JPEG"), b"\xff" * 4_000_000),
        "short-length": lambda: after_soi(bases.saved("JPEG"), b"\xff\xe1\0\0"),
        "length-of-one": lambda: after_soi(bases.saved("JPEG"), b"\xff\xe1\0\1"),
        "length-beyond-end": lambda: after_soi(bases.saved("JPEG"), b"\xff\xe1\xff\xff"),
        "ten-thousand-segments": lambda: _many_segments(10_000, 0xE5, b"x"),
        "hundred-thousand-comments": lambda: _many_segments(100_000, 0xFE, b""),
        "exif-loop": lambda: after_soi(
            bases.saved("JPEG"),
            segment(
                0xE1,
                b"Exif\0\0II*\0\x08\0\0\0"
                + struct.pack("<H", 1)
                + struct.pack("<HHII", 0x8769, 4, 1, 8)
                + struct.pack("<I", 8),
            ),
        ),
        "exif-counts": lambda: after_soi(
            bases.saved("JPEG"),
            segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + struct.pack("<HHII", 0x010E, 2, 0xFFFFFFFF, 26) * 5000),
        ),
        "exif-repeated": lambda: _many_segments(
            500,
            0xE1,
            b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 100) + struct.pack("<HHII", 0x010E, 2, 60_000, 26) * 100,
        ),
        "icc-255-parts": lambda: after_soi(
            bases.saved("JPEG"),
            b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([n, 255]) + bytes(60_000)) for n in range(1, 256)),
        ),
        "icc-part-0-of-0": lambda: after_soi(bases.saved("JPEG"), segment(0xE2, b"ICC_PROFILE\0\0\0" + bytes(200))),
        "mpf-ten-thousand": lambda: after_soi(
            bases.saved("JPEG"),
            segment(
                0xE2,
                b"MPF\0MM\0*" + struct.pack(">IH", 8, 1) + struct.pack(">HHII", 0xB002, 7, 160_000, 30) + bytes(60_000),
            ),
        ),
        "8bim-lying": lambda: after_soi(
            bases.saved("JPEG"), segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff" + bytes(100))
        ),
        "no-tables": lambda: (
            SOI + segment(0xC0, b"\x08\x10\0\x10\0\1\1\x11\0") + segment(0xDA, b"\1\1\0\0\x3f\0") + bytes(99) + EOI
        ),
        "restart-each-block": lambda: bases.written(bases.picture((4000, 3000)), "JPEG", restart_marker_blocks=1),
        "only-start": lambda: SOI,
        "start-and-end": lambda: SOI + EOI,
        **{
            f"sampling-{factors.hex()}": (lambda factors=factors: _sampled(factors))
            for factors in (
                b"\x44\x44\x44",
                b"\x41\x14\x11",
                b"\x31\x13\x22",
                b"\0\0\0",
                b"\xff\xff\xff",
                b"\x11\x22\x22",
            )
        },
        **{
            f"lying-{name}": (lambda w=w, h=h: _lying(bases.saved("JPEG"), w, h))
            for name, (w, h) in {
                "65535": (65_535, 65_535),
                "8192": (8192, 8192),
                "7000": (7000, 7000),
                "row": (65_500, 8),
                "nothing": (0, 0),
            }.items()
        },
        "cmyk-49-megapixels-progressive": lambda: progressive(7000, 7000, 2, colours=4),
        "rgb-49-megapixels-progressive": lambda: progressive(7000, 7000, 2, colours=3),
    }
    refused = {
        "progressive-1000-scans",
        "progressive-10000-scans",
        "scans-behind-lone-marker",
        "scans-hidden-in-steps",
        "largest",
        "lossless",
        "hierarchical",
        "only-start",
        "start-and-end",
        "lying-65535",
        "lying-8192",
        "lying-nothing",
    }
    return [
        Case(name=f"jpeg-{name}", make=make, fate="refused" if name in refused else "either")
        for name, make in made.items()
    ]


def _pngs() -> list[Case]:
    text = zeros(200 * _MB)
    plain = bases.saved("PNG")
    refused = {f"size-{name}": (lambda w=w, h=h: png(ihdr(w, h), pixels=text)) for name, (w, h) in _SIDES.items()}
    refused |= {f"{name}-at-once": (lambda w=w, h=h: png(ihdr(w, h, 1, 0))) for name, (w, h) in _SIDES.items()}
    made = {
        "rgba-49-megapixels": lambda: png(ihdr(7000, 7000, 8, 6), pixels=zeros(7000 * 28_001)),
        "rgba-49-megapixels-interlaced": lambda: png(ihdr(7000, 7000, 8, 6, 1), pixels=zeros(7000 * 28_100)),
        "rgba16-49-megapixels": lambda: png(ihdr(7000, 7000, 16, 6), pixels=zeros(7000 * 56_001)),
        "rgba16-12-megapixels": lambda: png(ihdr(4000, 3000, 16, 6), pixels=zeros(3000 * 32_001)),
        "grey16-49-megapixels": lambda: png(ihdr(7000, 7000, 16, 0), pixels=zeros(7000 * 14_001)),
        "one-bit-49-megapixels": lambda: png(ihdr(7000, 7000, 1, 0), pixels=zeros(7000 * 876)),
        "palette-49-megapixels": lambda: png(
            ihdr(7000, 7000, 8, 3), chunk(b"PLTE", bytes(768)), chunk(b"tRNS", bytes(256)), pixels=zeros(7000 * 7001)
        ),
        "la-49-megapixels": lambda: png(ihdr(7000, 7000, 8, 4), pixels=zeros(7000 * 14_001)),
        "lying-short": lambda: png(ihdr(7000, 7000, 8, 6), pixels=zeros(100)),
        "lying-long": lambda: png(ihdr(8, 8, 8, 2), pixels=zeros(500 * _MB)),
        "ztxt": lambda: after_ihdr(plain, chunk(b"zTXt", b"a\0\0" + text)),
        "itxt": lambda: after_ihdr(plain, chunk(b"iTXt", b"a\0\1\0\0\0" + text)),
        "iccp": lambda: after_ihdr(plain, chunk(b"iCCP", b"a\0\0" + text)),
        "ztxt-x100": lambda: after_ihdr(plain, chunk(b"zTXt", b"a\0\0" + zeros(60 * _MB)) * 100),
        "ztxt-below-limit-x100": lambda: after_ihdr(plain, chunk(b"zTXt", b"a\0\0" + zeros(_MB - 9)) * 100),
        "ztxt-behind-pixels": lambda: before_iend(plain, chunk(b"zTXt", b"a\0\0" + text)),
        "text-50-mb": lambda: after_ihdr(plain, chunk(b"tEXt", b"a\0" + bytes(25 * _MB))),
        "idat-of-one-byte": lambda: (
            PNG
            + ihdr(64, 64)
            + b"".join(chunk(b"IDAT", bytes([b])) for b in zlib.compress(bytes(64 * 193)))
            + chunk(b"IEND", b"")
        ),
        "hundred-thousand-idats": lambda: (
            PNG
            + ihdr(64, 64)
            + chunk(b"IDAT", b"") * 100_000
            + chunk(b"IDAT", zlib.compress(bytes(64 * 193)))
            + chunk(b"IEND", b"")
        ),
        "hundred-thousand-chunks": lambda: after_ihdr(plain, chunk(b"prVt", b"") * 100_000),
        "chunk-length-max": lambda: after_ihdr(plain, chunk(b"tEXt", b"a\0b", size=0xFFFFFFFF)),
        "chunk-length-half": lambda: after_ihdr(plain, chunk(b"tEXt", b"a\0b", size=0x7FFFFFFF)),
        "idat-length-lies": lambda: PNG + ihdr(64, 64) + chunk(b"IDAT", zlib.compress(bytes(9999)), size=0x7FFFFFFF),
        "bad-crc": lambda: (
            PNG + ihdr(64, 64) + chunk(b"IDAT", zlib.compress(bytes(64 * 193)), crc=7) + chunk(b"IEND", b"")
        ),
        "header-twice": lambda: after_ihdr(plain, ihdr(60_000, 60_000)),
        "no-header": lambda: PNG + chunk(b"IDAT", zlib.compress(bytes(999))) + chunk(b"IEND", b""),
        "no-pixels": lambda: PNG + ihdr(64, 64) + chunk(b"IEND", b""),
        "no-palette": lambda: png(ihdr(64, 64, 8, 3), pixels=zlib.compress(bytes(64 * 65))),
        "short-palette": lambda: png(
            ihdr(64, 64, 8, 3), chunk(b"PLTE", b"\1\2\3"), pixels=zlib.compress(b"\0" + b"\xff" * 64 * 65)
        ),
        "long-transparency": lambda: png(
            ihdr(64, 64, 8, 3),
            chunk(b"PLTE", bytes(6)),
            chunk(b"tRNS", bytes(70_000)),
            pixels=zlib.compress(bytes(64 * 65)),
        ),
        "preset-dictionary": lambda: png(ihdr(64, 64), pixels=b"\x78\xf9\0\0\0\1" + zlib.compress(bytes(64 * 193))[2:]),
        "filter-9": lambda: png(ihdr(64, 64), pixels=zlib.compress(b"\x09" * 64 * 193)),
        "only-signature": lambda: PNG,
        **{
            f"depth-{depth}-colour-{colour}": (lambda d=depth, c=colour: png(ihdr(64, 64, d, c)))
            for depth, colour in ((3, 0), (8, 5), (16, 3), (4, 2), (0, 0), (255, 255))
        },
    }
    cases = [Case(name=f"png-{name}", make=make, fate="refused") for name, make in refused.items()]
    return cases + [Case(name=f"png-{name}", make=make) for name, make in made.items()]


def _others() -> list[Case]:
    plain = bases.saved("WEBP")
    refused = {
        "webp-34-bytes-8000x8000": lambda: webp(riff(b"VP8L", vp8l(8000, 8000)[:13])),
        "webp-16384x16384": lambda: webp(riff(b"VP8L", vp8l(16_384, 16_384))),
        "webp-canvas-huge": lambda: webp(vp8x(1 << 24, 200, 0), plain[12:]),
        "webp-lossy-16383": lambda: webp(riff(b"VP8 ", b"\x10\x02\0\x9d\x01\x2a\xff\x3f\xff\x3f" + bytes(500))),
        "webp-size-lies": lambda: webp(riff(b"VP8L", vp8l(64, 64), size=0xFFFFFFFE), size=0xFFFFFFFE),
        "webp-empty": webp,
        "tiff-huge": lambda: (
            b"II*\0\x08\0\0\0"
            + struct.pack("<H", 3)
            + b"".join(struct.pack("<HHII", tag, 4, 1, 60_000) for tag in (256, 257, 278))
            + bytes(4)
        ),
        "tiff-loop": lambda: b"II*\0\x08\0\0\0" + struct.pack("<H", 0) + struct.pack("<I", 8),
        "tiff-deflated": lambda: bases.written(Image.new("L", (9000, 9000)), "TIFF", compression="tiff_adobe_deflate"),
        "tiff-many-pages": lambda: bases.written(
            Image.new("1", (1, 1)), "TIFF", save_all=True, append_images=[Image.new("1", (1, 1))] * 200
        ),
        "bigtiff": lambda: b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + struct.pack("<Q", 2**63),
    }
    made = {
        "webp-4800x4800": lambda: webp(riff(b"VP8L", vp8l(4800, 4800))),
        "webp-lossless-below-budget-alpha": lambda: webp(vp8x(4890, 4890, 0x10), riff(b"VP8L", vp8l(4890, 4890))),
        "webp-canvas-smaller-than-frame": lambda: webp(vp8x(16, 16, 0), riff(b"VP8L", vp8l(16_000, 16_000))),
        "webp-alpha-lies": lambda: webp(vp8x(*bases.SIDE, 0x10), riff(b"ALPH", b"\x01" + bytes(50)), plain[12:]),
        "webp-hundred-thousand-chunks": lambda: webp(vp8x(*bases.SIDE, 0), riff(b"prVt", b"") * 100_000, plain[12:]),
        "webp-flags-lie": lambda: webp(vp8x(*bases.SIDE, 0xFF), plain[12:]),
        "webp-icc-20-mb": lambda: webp(vp8x(*bases.SIDE, 0x20), riff(b"ICCP", bytes(20 * _MB)), plain[12:]),
    }
    cases = [Case(name=name, make=make, fate="refused") for name, make in refused.items()]
    return cases + [Case(name=name, make=make) for name, make in made.items()]


def cases() -> list[Case]:
    """Every bomb in a still picture."""
    return [*_jpegs(), *_pngs(), *_others()]
