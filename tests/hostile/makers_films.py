"""Films that lie about length, size, rate, tracks or boxes, and films that are small as files and endless to play."""

import functools
import io
import struct
import zlib

import av

from tests.hostile import bases
from tests.hostile.canaries_film import moov_last
from tests.hostile.case import Case
from tests.hostile.pieces import Change, added, box, boxes, edited, element, find, full

_TABLE = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_HUGE = 0xFFFFFFFF


def _quiet(**options: object) -> bytes:
    """The usual film without sound, its moov last."""
    return moov_last(bases.film(quiet=True, sound="", **options))


def _changed(path: tuple[bytes, ...], change: Change) -> bytes:
    return edited(_quiet(), path, change)


def _table(name: bytes, payload: bytes) -> bytes:
    """The film with one table of its samples replaced."""
    return _changed((*_TABLE, name), lambda _: payload)


def _stsd(change: Change) -> bytes:
    return _changed((*_TABLE, b"stsd"), change)


def _sized(width: int, height: int) -> bytes:
    return _stsd(lambda old: old[:40] + struct.pack(">HH", width, height) + old[44:])


@functools.cache
def _repeated(width: int, height: int, times: int, codec: str = "libx264") -> bytes:
    """A film of one group of pictures, played `times` times from the same bytes: only its tables grow."""
    film = moov_last(_still(width, height, codec))
    stbl = dict(boxes(find(film, *_TABLE)))
    fixed, count = struct.unpack_from(">II", stbl[b"stsz"], 4)
    sizes = stbl[b"stsz"][12:] if not fixed else struct.pack(">I", fixed) * count
    start = stbl[b"stco"][8:12]
    film = edited(film, (*_TABLE, b"stsz"), lambda _: struct.pack(">III", 0, 0, count * times) + sizes * times)
    film = edited(film, (*_TABLE, b"stco"), lambda _: struct.pack(">II", 0, times) + start * times)
    film = edited(film, (*_TABLE, b"stsc"), lambda _: struct.pack(">IIIII", 0, 1, 1, count, 1))
    film = edited(film, (*_TABLE, b"stts"), lambda _: struct.pack(">IIII", 0, 1, count * times, 512))
    keys = struct.pack(">II", 0, times) + b"".join(struct.pack(">I", 1 + count * n) for n in range(times))
    film = edited(film, (*_TABLE, b"stss"), lambda _: keys)
    return edited(film, (b"moov", b"trak"), lambda old: b"".join(box(k, p) for k, p in boxes(old) if k != b"edts"))


def _still(width: int, height: int, codec: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        options = {"preset": "ultrafast", "threads": "1", "bf": "0"} if codec == "libx264" else {}
        stream = file.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for at in range(10):
            frame.pts = at
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def _as(codec: str, form: str = "mp4", size: tuple[int, int] = bases.SIDE) -> bytes:
    """A film in a codec or container that nobody sends from a phone."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as file:
        stream = file.add_stream(codec, rate=25)
        stream.width, stream.height = size
        stream.pix_fmt = stream.codec.video_formats[0].name if stream.codec.video_formats else "yuv420p"
        for _ in range(6):
            file.mux(stream.encode(av.VideoFrame.from_image(bases.picture(size))))
        file.mux(stream.encode(None))
    return out.getvalue()


def _named(fourcc: bytes) -> bytes:
    return _stsd(lambda old: old[:12] + fourcc + old[16:])


def _tracks(count: int) -> bytes:
    film = _quiet()
    trak = box(b"trak", find(film, b"moov", b"trak"))
    return edited(film, (b"moov",), lambda old: old + trak * count)


def _edits(rows: list[tuple[int, int]], film: bytes = b"") -> bytes:
    table = b"".join(struct.pack(">IiI", length, start, 0x10000) for length, start in rows)
    edits = box(b"edts", full(b"elst", struct.pack(">I", len(rows)), table))
    film = edited(
        film or _quiet(),
        (b"moov", b"trak"),
        lambda old: b"".join(box(k, p) for k, p in boxes(old) if k != b"edts"),
    )
    return added(film, (b"moov", b"trak"), edits)


def cut(film: bytes, *, start: int, seconds: int) -> bytes:
    """`film`, of which only so many seconds from `start` are to be shown; the rest stays in the file."""
    film = moov_last(film)
    scale = int.from_bytes(find(film, b"moov", b"trak", b"mdia", b"mdhd")[12:16], "big")
    clock = int.from_bytes(find(film, b"moov", b"mvhd")[12:16], "big")
    # Pictures may be stored out of order: the first is shown two steps late, as the film's own list says.
    own = find(film, b"moov", b"trak", b"edts", b"elst")
    late = int.from_bytes(own[12:16], "big")
    return _edits([(seconds * clock, start * scale + late)], film)


def with_hidden_track(hidden: bytes, shown: bytes) -> bytes:
    """`shown` with the track of `hidden` before its own, switched off: no player shows it."""
    hidden, shown = moov_last(hidden), moov_last(shown)
    start = len(b"".join(box(k, p) for k, p in boxes(shown) if k != b"moov"))
    data = find(hidden, b"mdat")
    apart = start + 8 - hidden.index(data)
    moved = edited(
        box(b"trak", find(hidden, b"moov", b"trak")),
        (b"trak", *_TABLE[2:], b"stco"),
        lambda old: old[:8] + b"".join(struct.pack(">I", at + apart) for (at,) in struct.iter_unpack(">I", old[8:])),
    )
    off = edited(
        moved, (b"trak", b"tkhd"), lambda old: old[:1] + bytes(3) + old[4:12] + struct.pack(">I", 9) + old[16:]
    )
    top = dict(boxes(shown))[b"moov"]
    head = box(b"mvhd", find(top, b"mvhd"))
    rest = top[len(head) :]
    return shown[:start] + box(b"mdat", data) + box(b"moov", head, off, rest)


def _squeezed(size: int, told: int) -> bytes:
    """A film whose moov is deflated, as old QuickTime wrote it, and a bomb."""
    film = _quiet()
    packed = zlib.compress(box(b"moov", find(film, b"moov"), box(b"free", bytes(size))), 1)
    inner = box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", struct.pack(">I", told) + packed))
    return b"".join(box(k, p) for k, p in boxes(film) if k != b"moov") + box(b"moov", inner)


def _nested(kind: bytes, depth: int, head: bytes = b"") -> bytes:
    inner = b""
    for _ in range(depth):
        inner = box(kind, head, inner)
    return inner


def _fragments(count: int, samples: int) -> bytes:
    """A film in pieces, each of which says it holds `samples` pictures."""
    film = added(_quiet(), (b"moov",), box(b"mvex", full(b"trex", struct.pack(">IIIII", 1, 1, 512, 100, 0))))
    run = full(b"trun", struct.pack(">Ii", samples, 0), flags=1)
    piece = box(
        b"moof", full(b"mfhd", bytes(4)), box(b"traf", full(b"tfhd", struct.pack(">I", 1), flags=0x020000), run)
    )
    return film + (piece + box(b"mdat", bytes(100))) * count


def _lying() -> dict[str, bytes]:
    film = _quiet()
    head, rest = film[:32], film[32:]
    return {
        "box-size-zero": film + b"\0\0\0\0free" + bytes(99),
        "box-size-one-zero": head + struct.pack(">I4sQ", 1, b"free", 0) + rest,
        "box-size-one-huge": head + struct.pack(">I4sQ", 1, b"free", 2**63 - 1) + rest,
        "box-size-one-wraps": head + struct.pack(">I4sQ", 1, b"free", 2**64 - 8) + rest,
        "box-size-seven": head + struct.pack(">I4s", 7, b"free") + rest,
        "box-overlong": head + box(b"free", b"", size=_HUGE) + rest,
        "moov-overlong": film.replace(
            struct.pack(">I", len(find(film, b"moov")) + 8) + b"moov", struct.pack(">I", _HUGE) + b"moov"
        ),
        "moov-first-empty": head + box(b"moov") + rest,
        "moov-twice": film + box(b"moov", find(film, b"moov")),
        "moov-thousand-times": film + box(b"moov", find(film, b"moov")) * 1000,
        "moov-missing": b"".join(box(k, p) for k, p in boxes(film) if k != b"moov"),
        "mdat-missing": b"".join(box(k, p) for k, p in boxes(film) if k != b"mdat"),
        "only-ftyp": head,
        "ftyp-million-brands": box(b"ftyp", b"isom", bytes(4), b"mp41" * 500_000) + rest,
        "million-free-boxes": film + box(b"free") * 500_000,
        "hundred-thousand-unknown": film + box(b"what", b"x") * 100_000,
        "nested-moov": head + _nested(b"moov", 20_000) + rest,
        "nested-udta": added(film, (b"moov",), _nested(b"udta", 20_000)),
        "nested-meta": added(film, (b"moov",), _nested(b"meta", 10_000, bytes(4))),
        "nested-trak": added(film, (b"moov",), _nested(b"trak", 20_000)),
    }


def _tables() -> dict[str, bytes]:
    one = struct.pack(">I", 1)
    head = bytes(4)
    return {
        "stts-count-huge": _table(b"stts", head + struct.pack(">I", _HUGE) + bytes(80)),
        "stts-one-huge-run": _table(b"stts", head + one + struct.pack(">II", _HUGE, 1)),
        "stts-day-each": _table(b"stts", head + one + struct.pack(">II", 18, 12_288 * 86_400)),
        "stts-hour-each": _table(b"stts", head + one + struct.pack(">II", 18, 12_288 * 3600)),
        "stts-zero": _table(b"stts", head + one + struct.pack(">II", 18, 0)),
        "stts-negative": _table(b"stts", head + one + struct.pack(">Ii", 18, -512)),
        "stts-million-a-second": _table(b"stts", head + one + struct.pack(">II", 18, 1)),
        "stsz-count-huge": _table(b"stsz", head + struct.pack(">II", 0, _HUGE)),
        "stsz-fixed-huge-count": _table(b"stsz", head + struct.pack(">II", 1, _HUGE)),
        "stsz-fixed-million": _table(b"stsz", head + struct.pack(">II", 1, 1_000_000)),
        "stsz-sample-huge": _table(b"stsz", head + struct.pack(">II", 0, 18) + struct.pack(">I", 0x7FFFFFFF) * 18),
        "stsz-zero": _table(b"stsz", head + struct.pack(">II", 0, 18) + bytes(72)),
        "stsc-huge": _table(b"stsc", head + one + struct.pack(">III", 1, _HUGE, 1)),
        "stsc-backwards": _table(b"stsc", head + struct.pack(">I", 2) + struct.pack(">IIIIII", 9, 1, 1, 1, 1, 1)),
        "stco-beyond-end": _table(b"stco", head + one + struct.pack(">I", 0xFFFFFFF0)),
        "stco-into-moov": _table(b"stco", head + one + struct.pack(">I", 8)),
        "stco-count-huge": _table(b"stco", head + struct.pack(">I", _HUGE)),
        "stss-count-huge": _table(b"stss", head + struct.pack(">I", _HUGE)),
        "ctts-count-huge": _table(b"ctts", head + struct.pack(">I", _HUGE) + bytes(80)),
        "ctts-far": _table(b"ctts", head + one + struct.pack(">Ii", 18, 2**31 - 1)),
        "stsd-none": _table(b"stsd", head + bytes(4)),
        "stsd-thousand": _stsd(lambda old: head + struct.pack(">I", 1000) + old[8:] * 1000),
        "stsd-huge-count": _stsd(lambda old: head + struct.pack(">I", _HUGE) + old[8:]),
        "avcc-lies": _stsd(lambda old: old.replace(b"avcC\x01", b"avcC\xff")),
        "avcc-lengths": _stsd(
            lambda old: old[: old.index(b"avcC") + 10] + b"\xff\xff" + old[old.index(b"avcC") + 12 :]
        ),
        "no-parameters": _stsd(lambda old: old[: old.index(b"avcC") + 9] + b"\xe0\0" + old[old.index(b"avcC") + 11 :]),
    }


def _heads() -> dict[str, bytes]:
    def longer(old: bytes) -> bytes:
        return old[:16] + struct.pack(">I", 0x7FFFFFFF) + old[20:]

    return {
        "duration-huge": _changed((b"moov", b"mvhd"), longer),
        "duration-of-track-huge": _changed((b"moov", b"trak", b"mdia", b"mdhd"), longer),
        "timescale-zero": _changed((b"moov", b"trak", b"mdia", b"mdhd"), lambda old: old[:12] + bytes(4) + old[16:]),
        "timescale-one": _changed(
            (b"moov", b"trak", b"mdia", b"mdhd"), lambda old: old[:12] + struct.pack(">I", 1) + old[16:]
        ),
        "timescale-huge": _changed(
            (b"moov", b"trak", b"mdia", b"mdhd"), lambda old: old[:12] + b"\x7f\xff\xff\xff" + old[16:]
        ),
        "matrix-skewed": _changed(
            (b"moov", b"trak", b"tkhd"), lambda old: old[:40] + b"\x7f\xff\xff\xff" * 9 + old[76:]
        ),
        "matrix-zero": _changed((b"moov", b"trak", b"tkhd"), lambda old: old[:40] + bytes(36) + old[76:]),
        "version-255": _changed((b"moov", b"mvhd"), lambda old: b"\xff" + old[1:]),
        "header-empty": _changed((b"moov", b"mvhd"), lambda _: b""),
        "track-header-empty": _changed((b"moov", b"trak", b"tkhd"), lambda _: b""),
        "handler-unknown": _changed((b"moov", b"trak", b"mdia", b"hdlr"), lambda old: old[:8] + b"what" + old[12:]),
        "edits-100000": _edits([(10, 0)] * 100_000),
        "edits-loop": _edits([(1000, 0)] * 60),
        "edits-negative": _edits([(1000, -5_000_000)]),
        "edits-outside": _edits([(1000, 2**31 - 1)]),
        "edits-zero": _edits([(0, 0)] * 30),
        "pixel-aspect": _stsd(
            lambda old: old[:8] + box(old[12:16], old[16:], box(b"pasp", struct.pack(">II", _HUGE, 1)))
        ),
    }


def _mkv(*parts: bytes, kind: bytes = b"webm") -> bytes:
    head = element(0x1A45DFA3, element(0x4282, kind) + element(0x4287, b"\4") + element(0x4285, b"\2"))
    return head + element(0x18538067, b"".join(parts))


def _webms() -> dict[str, bytes]:
    film = bases.film(kind="webm", codec="libvpx", sound="")
    track = element(0xD7, b"\1") + element(0x73C5, b"\1") + element(0x83, b"\1") + element(0x86, b"V_VP8")
    huge = element(0xE0, element(0xB0, b"\xff\xff") + element(0xBA, b"\xff\xff"))
    deep = functools.reduce(lambda inner, _: element(0x45B6, inner), range(2000), b"")
    squeezed = element(0x6D80, element(0x6240, element(0x5034, element(0x4254, b"\0"))))
    block = element(
        0x1F43B675, element(0xE7, b"\0") + element(0xA3, b"\x81\0\0\x80" + zlib.compress(bytes(50 << 20), 9))
    )
    return {
        "webm-size-unknown": film.replace(b"\x18\x53\x80\x67", b"\x18\x53\x80\x67", 1) + b"\x1f\x43\xb6\x75\xff",
        "webm-huge-track": _mkv(element(0x1654AE6B, element(0xAE, track + huge))),
        "webm-thousand-tracks": _mkv(element(0x1654AE6B, element(0xAE, track) * 1000)),
        "webm-nested-chapters": _mkv(element(0x1043A770, element(0x45B9, deep))),
        "webm-deflated-block": _mkv(element(0x1654AE6B, element(0xAE, track + squeezed)), block),
        "webm-element-huge": _mkv(element(0x1549A966, b"", size=2**55)),
        "webm-hundred-thousand-voids": _mkv(element(0xEC, b"") * 100_000),
        "webm-only-head": _mkv(),
        "webm-doctype-lies": film.replace(b"webm", b"what", 1),
        "webm-header-huge": element(0x1A45DFA3, b"", size=2**50),
    }


def _forms() -> dict[str, bytes]:
    names = (
        b"SVQ3",
        b"cvid",
        b"8BPS",
        b"rle ",
        b"smc ",
        b"rpza",
        b"tscc",
        b"ffv1",
        b"mjp2",
        b"png ",
        b"raw ",
        b"hvc1",
        b"dvh1",
    )
    made = {f"named-{name.decode().strip()}": _named(name) for name in names}
    made |= {f"container-{form}": _as("mpeg4", form) for form in ("avi", "mpegts", "nut", "asf")}
    made["container-flv"] = _as("flv", "flv")
    made["container-mkv-ffv1"] = _as("ffv1", "matroska")
    made["container-gif"] = _as("gif", "gif")
    made["container-raw-h264"] = _as("libx264", "h264")
    made["container-m4a"] = bases.film(quiet=True).replace(b"isom", b"M4A ", 1)
    made["png-in-mov"] = _as("png", "mov")
    made["sixteen-pixels-high"] = _as("mpeg4", size=(640, 16))
    made["picture-named-film"] = bases.saved("JPEG")
    made["avif-named-film"] = bases.saved("AVIF")
    made["png-bomb-in-mov"] = _png_in_mov()
    return made


def _png_in_mov() -> bytes:
    film = _as("png", "mov", (64, 64))
    start = film.index(b"IHDR") + 4
    return film[:start] + struct.pack(">II", 16_000, 16_000) + film[start + 8 :]


_LATE = {  # made only when asked for: each takes a moment
    "4k-2000-pictures": lambda: _repeated(3840, 2160, 200),
    "4k-100000-pictures": lambda: _repeated(3840, 2160, 10_000),
    "hd-10000-pictures": lambda: _repeated(1920, 1080, 1000),
    "tiny-1000000-pictures": lambda: _repeated(64, 64, 100_000),
    "mpeg4-4k-2000-pictures": lambda: _repeated(3840, 2160, 200, "mpeg4"),
    "sized-65535": lambda: _sized(65_535, 65_535),
    "sized-zero": lambda: _sized(0, 0),
    "coded-larger-than-told": lambda: _repeated(5120, 2880, 1).replace(
        struct.pack(">HH", 5120, 2880), struct.pack(">HH", 64, 64)
    ),
    "coded-8k": lambda: _still(7680, 4320, "mpeg4"),
    "twenty-tracks": lambda: _tracks(20),
    "five-thousand-tracks": lambda: _tracks(5000),
    "squeezed-moov": lambda: _squeezed(100, 5000),
    "squeezed-moov-bomb": lambda: _squeezed(120 << 20, 120 << 20),
    "squeezed-moov-lies": lambda: _squeezed(100, 0x7FFFFFFF),
    "fragments-5000": lambda: _fragments(5000, 10),
    "fragment-of-2-31": lambda: _fragments(1, 2**31 - 1),
}
_GROUPS = (_lying, _tables, _heads, _webms, _forms)
_REFUSED = {
    *(
        "moov-missing",
        "mdat-missing",
        "only-ftyp",
        "4k-100000-pictures",
        "tiny-1000000-pictures",
        "five-thousand-tracks",
    ),
    *("webm-huge-track", "webm-thousand-tracks", "webm-only-head", "webm-header-huge", "webm-doctype-lies", "coded-8k"),
    *("container-avi", "container-mpegts", "container-nut", "container-asf", "container-flv", "container-gif"),
    *("container-raw-h264", "container-mkv-ffv1", "picture-named-film", "avif-named-film", "squeezed-moov-bomb"),
    *("stsd-none", "header-empty", "stts-day-each", "named-ffv1", "named-SVQ3", "named-cvid", "png-bomb-in-mov"),
}


@functools.cache
def _group(at: int) -> dict[str, bytes]:
    return _GROUPS[at]()


def cases() -> list[Case]:
    """Every hostile film."""
    made = {name: (lambda at=at, name=name: _group(at)[name]) for at in range(len(_GROUPS)) for name in _group(at)}
    made |= _LATE
    return [
        Case(name=name, make=make, kind="video", fate="refused" if name in _REFUSED else "either")
        for name, make in made.items()
    ]
