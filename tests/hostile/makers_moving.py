"""Pictures that move or are put together of others: endless animations, grids of tiles, pictures made of themselves."""

import functools
import io
import struct
import zlib

from PIL import Image

from tests.hostile import bases
from tests.hostile.case import Case
from tests.hostile.pieces import PNG, box, boxes, chunk, find, full, ihdr, riff, vp8l, vp8x, webp, zeros

_HEADER = struct.Struct("<6sHHBBB")


def gif(width: int, height: int, frames: bytes, *, colours: int = 2) -> bytes:
    """A GIF with a screen of `width` by `height`, a global table of `colours`, and `frames` already written."""
    flags = 0x80 | (colours.bit_length() - 2)
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\1\0\0\0"
    return _HEADER.pack(b"GIF89a", width, height, flags, 0, 0) + bytes(range(3 * colours)) + loop + frames + b";"


def frame(
    width: int, height: int, *, data: bytes = b"\x02\x44\x01", wait: int = 1, corner: tuple[int, int] = (0, 0)
) -> bytes:
    """One frame of a GIF; `data` is its LZW stream in one block."""
    control = b"\x21\xf9\x04\x04" + struct.pack("<H", wait) + b"\0\0"
    blocks = b"".join(bytes([len(part)]) + part for part in (data[at : at + 255] for at in range(0, len(data), 255)))
    return control + b"\x2c" + struct.pack("<HHHHB", *corner, width, height, 0) + b"\2" + blocks + b"\0"


def lzw(pixels: int) -> bytes:
    """The LZW stream of so many pixels of colour 0, with ever longer runs: a thousand pixels a byte."""
    codes, size, code, done, run = [4], 3, 6, 0, 0
    bits, count, out = 4, 3, bytearray()
    while done < pixels:
        run = run + 1 if code < 4096 else run
        value = 0 if run == 1 else min(code - 1, 4095)
        bits |= value << count
        count += size
        done += run
        if code < 4096:
            code += 1
            size = min(12, max(3, (code - 1).bit_length()))
        while count >= 8:
            out.append(bits & 255)
            bits, count = bits >> 8, count - 8
    return bytes([*out, bits & 255, 0]) if codes else b""


def apng(width: int, height: int, frames: int, pixels: bytes) -> bytes:
    """A PNG of so many frames, each of the same deflated `pixels`."""
    control = struct.pack(">IIIIHHBB", width, height, 0, 0, 1, 1000, 0, 0)
    parts = [
        chunk(b"acTL", struct.pack(">II", frames, 0)),
        chunk(b"fcTL", struct.pack(">I", 0) + control),
        chunk(b"IDAT", pixels),
    ]
    for number in range(1, frames):
        parts.append(chunk(b"fcTL", struct.pack(">I", 2 * number - 1) + control))
        parts.append(chunk(b"fdAT", struct.pack(">I", 2 * number) + pixels))
    return PNG + ihdr(width, height) + b"".join(parts) + chunk(b"IEND", b"")


def moving_webp(width: int, height: int, frames: int, *, part: tuple[int, int] = (1, 1)) -> bytes:
    """An animated WebP of so many frames of one colour on a canvas."""
    inner = riff(b"VP8L", vp8l(*part))
    place = bytes(6) + (part[0] - 1).to_bytes(3, "little") + (part[1] - 1).to_bytes(3, "little") + b"\1\0\0\0"
    return webp(vp8x(width, height, 0x02), riff(b"ANIM", bytes(6)), riff(b"ANMF", place + inner) * frames)


@functools.cache
def _tile(kind: str) -> tuple[bytes, tuple[bytes, ...], bytes]:
    """The coded data of a 64 x 64 picture, the boxes that describe it, and its kind of item."""
    data = bases.written(Image.new("RGB", (64, 64), "#3060a0"), kind)
    held = list(boxes(find(find(data, b"meta")[4:], b"iprp", b"ipco")))
    wanted = (b"hvcC", b"av1C", b"pixi")
    coded = max((payload for name, payload in boxes(data) if name == b"mdat"), key=len)
    return (
        coded,
        tuple(box(name, payload) for name, payload in held if name in wanted),
        b"hvc1" if kind == "HEIF" else b"av01",
    )


def heif(
    kind: str,
    size: tuple[int, int],
    main: bytes,
    *,
    rows: bytes = b"",
    refs: list[tuple[bytes, int, list[int]]] | None = None,
    extra: tuple[bytes, ...] = (),
    tiles: int = 1,
    shown: tuple[int, int] | None = None,
) -> bytes:
    """A HEIC or AVIF of item 1, of type `main` and payload `rows`, which says it is of `size`, and of coded tiles."""
    coded, described, coded_kind = _tile(kind)
    own = range(2, 2 + tiles)
    brand = b"heic" if kind == "HEIF" else b"avif"
    ftyp = box(b"ftyp", brand, bytes(4), b"mif1", brand)
    infos = b"".join(
        full(b"infe", struct.pack(">HH", n, 0), t, b"\0", version=2)
        for n, t in [(1, main), *((n, coded_kind) for n in own)]
    )
    properties = [
        full(b"ispe", struct.pack(">II", *size)),
        full(b"ispe", struct.pack(">II", *(shown or (64, 64)))),
        *described,
        *extra,
    ]
    coded_props = [
        number | 0x80 * (b"C" in held[4:8]) for number, held in enumerate(described, 3)
    ]  # a decoder must know it
    tile_props = [2, *coded_props]
    main_props = [1, *(n for n in coded_props if n < 0x80), *range(3 + len(described), 3 + len(described) + len(extra))]
    known = [(1, main_props), *((n, tile_props) for n in own)]
    ipma = full(b"ipma", struct.pack(">I", len(known)), *(struct.pack(">HB", n, len(p)) + bytes(p) for n, p in known))
    links = b"".join(
        box(name, struct.pack(">HH", source, len(to)), struct.pack(f">{len(to)}H", *to))
        for name, source, to in refs or []
    )

    def meta(at: int) -> bytes:
        there = [(1, at, len(rows)), *((n, at + len(rows), len(coded)) for n in own)]
        places = struct.pack(">BBH", 0x44, 0, len(there)) + b"".join(
            struct.pack(">HHHII", n, 0, 1, s, z) for n, s, z in there
        )
        listed = full(b"iinf", struct.pack(">H", len(there)), infos)
        parts = [
            full(b"hdlr", bytes(4), b"pict", bytes(13)),
            full(b"pitm", struct.pack(">H", 1)),
            full(b"iloc", places),
        ]
        parts += [listed, full(b"iref", links)] if links else [listed]
        return full(b"meta", *parts, box(b"iprp", box(b"ipco", *properties), ipma))

    start = len(ftyp) + len(meta(0)) + 8
    return ftyp + meta(start) + box(b"mdat", rows, coded)


def grid(
    kind: str,
    rows: int,
    columns: int,
    size: tuple[int, int],
    *,
    told: tuple[int, int] | None = None,
    tiles: int | None = None,
    distinct: bool = True,
) -> bytes:
    """A HEIC or AVIF of `rows` by `columns` tiles of the same bytes, put together as `size`; its header says `told`."""
    wide = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, *size)
    count = rows * columns if tiles is None else tiles
    named = list(range(2, 2 + count)) if distinct else [2] * count
    return heif(kind, told or size, b"grid", rows=wide, refs=[(b"dimg", 1, named)], tiles=count if distinct else 1)


def _heifs(kind: str) -> list[Case]:
    name = "heic" if kind == "HEIF" else "avif"
    refused = {
        "grid-256x256": lambda: grid(kind, 256, 255, (255 * 64, 256 * 64)),
        "grid-huge": lambda: grid(kind, 2, 2, (60_000, 60_000)),
        "grid-int-max": lambda: grid(kind, 2, 2, (2**31 - 1, 2**31 - 1)),
        "grid-of-none": lambda: grid(kind, 4, 4, (256, 256), tiles=0, distinct=False),
        "grid-256x256-one-tile": lambda: grid(kind, 256, 255, (255 * 64, 256 * 64), distinct=False),
        "unknown-item": lambda: heif(kind, (64, 64), b"what"),
        "only-ftyp": lambda: box(b"ftyp", b"heic" if kind == "HEIF" else b"avif", bytes(4)),
        "size-zero": lambda: heif(kind, (0, 0), b"iden", refs=[(b"dimg", 1, [2])]),
    }
    made = {
        "grid-of-itself": lambda: heif(
            kind, (128, 128), b"grid", rows=struct.pack(">BBBBII", 0, 1, 1, 1, 128, 128), refs=[(b"dimg", 1, [1] * 4)]
        ),
        "derived-from-itself": lambda: heif(kind, (64, 64), b"iden", refs=[(b"dimg", 1, [1])]),
        "overlay-huge": lambda: heif(
            kind,
            (60_000, 60_000),
            b"iovl",
            rows=bytes(10) + struct.pack(">II", 0, 0) * 2 + struct.pack(">HH", 60_000, 60_000),
            refs=[(b"dimg", 1, [2, 2])],
        ),
        "grid-2x2": lambda: grid(kind, 2, 2, (128, 128)),
        "grid-20x20": lambda: grid(kind, 20, 20, (1280, 1280)),
        "grid-60x60": lambda: grid(kind, 60, 60, (3840, 3840)),
        "grid-100x100": lambda: grid(kind, 100, 100, (6400, 6400)),
        "grid-told-small": lambda: grid(kind, 100, 100, (6400, 6400), told=(64, 64)),
        "grid-told-large": lambda: grid(kind, 2, 2, (128, 128), told=(60_000, 60_000)),
        "grid-few-tiles": lambda: grid(kind, 16, 16, (1024, 1024), tiles=3),
        "grid-of-one-pixel": lambda: grid(kind, 200, 200, (1, 1)),
        "overlay-thousand": lambda: heif(
            kind,
            (2000, 2000),
            b"iovl",
            rows=bytes(2) + bytes(8) + struct.pack(">HH", 2000, 2000) + struct.pack(">hh", 1, 1) * 1000,
            refs=[(b"dimg", 1, [2] * 1000)],
        ),
        "turned-hundred-times": lambda: heif(
            kind, (64, 64), b"iden", refs=[(b"dimg", 1, [2])], extra=(box(b"irot", b"\1"),) * 60
        ),
        "cropped-outside": lambda: heif(
            kind,
            (64, 64),
            b"iden",
            refs=[(b"dimg", 1, [2])],
            extra=(box(b"clap", struct.pack(">8i", 9999, 1, 9999, 1, -9999, 1, 9999, 0)),),
        ),
        "tile-says-huge": lambda: heif(
            kind, (60_000, 60_000), b"iden", refs=[(b"dimg", 1, [2])], shown=(60_000, 60_000)
        ),
        "box-of-zero": lambda: bases.saved(kind).replace(b"iinf", b"iin\0"),
        "place-beyond-end": lambda: grid(kind, 2, 2, (128, 128))[:-40],
        "nested-boxes": lambda: (
            bases.saved(kind)[:24] + functools.reduce(lambda inner, _: box(b"meta", bytes(4), inner), range(3000), b"")
        ),
    }
    cases = [Case(name=f"{name}-{key}", make=make, fate="refused") for key, make in refused.items()]
    return cases + [Case(name=f"{name}-{key}", make=make) for key, make in made.items()]


def _frames_of(kind: str) -> bytes:
    out = io.BytesIO()
    images = [Image.new("RGB", (64, 64), (at, 0, 0)) for at in range(120)]
    images[0].save(out, kind, save_all=True, append_images=images[1:], duration=10)
    return out.getvalue()


def cases() -> list[Case]:
    """Every animation and composed picture."""
    pixels = zlib.compress(bytes(64 * 193))
    refused = {
        "gif-screen-65535": lambda: gif(65_535, 65_535, frame(1, 1)),
        "gif-frame-65535": lambda: gif(1, 1, frame(65_535, 65_535)),
        "gif-without-frames": lambda: gif(64, 64, b""),
        "apng-canvas-huge": lambda: apng(30_000, 30_000, 2, zeros(999)),
        "webp-canvas-16384-moving": lambda: moving_webp(16_384, 16_384, 1000),
    }
    made = {
        "gif-ten-thousand-frames": lambda: gif(64, 64, frame(1, 1) * 10_000),
        "gif-hundred-thousand-frames": lambda: gif(1000, 1000, frame(1, 1) * 100_000),
        "gif-large-frames": lambda: gif(7000, 7000, frame(7000, 7000, data=lzw(49_000_000))),
        "gif-large-frames-many": lambda: gif(3000, 3000, frame(3000, 3000, data=lzw(9_000_000)) * 100),
        "gif-comment-20-mb": lambda: gif(64, 64, b"\x21\xfe" + (b"\xff" + b"x" * 255) * 80_000 + b"\0" + frame(64, 64)),
        "gif-empty-blocks": lambda: gif(64, 64, b"\x21\xfe\0" * 500_000 + frame(64, 64)),
        "gif-code-size-255": lambda: gif(64, 64, frame(64, 64)).replace(b"\0\2\x03", b"\0\xff\x03"),
        "gif-frame-outside": lambda: gif(64, 64, frame(60_000, 1, corner=(65_000, 65_000))),
        "gif-no-end": lambda: gif(64, 64, frame(64, 64))[:-9],
        "apng-3000-frames": lambda: apng(64, 64, 3000, pixels),
        "apng-frames-lie": lambda: apng(64, 64, 2, pixels).replace(
            struct.pack(">II", 2, 0), struct.pack(">II", 2**31 - 1, 0)
        ),
        "apng-49-megapixels": lambda: apng(7000, 7000, 5, zeros(7000 * 21_001)),
        "webp-5000-frames": lambda: moving_webp(64, 64, 5000),
        "webp-5000-frames-large": lambda: moving_webp(4000, 4000, 5000),
        "webp-frames-large": lambda: moving_webp(4000, 4000, 60, part=(4000, 4000)),
        "webp-frame-outside": lambda: moving_webp(16, 16, 3, part=(16_000, 16_000)),
        "avif-120-frames": lambda: _frames_of("AVIF"),
        "webp-120-frames": lambda: _frames_of("WEBP"),
        "gif-120-frames": lambda: _frames_of("GIF"),
    }
    found = [Case(name=name, make=make, fate="refused") for name, make in refused.items()]
    found += [Case(name=name, make=make) for name, make in made.items()]
    return [*found, *_heifs("HEIF"), *_heifs("AVIF")]
