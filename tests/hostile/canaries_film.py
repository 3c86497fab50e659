"""A word planted in each place where a film can hold more than its pictures and sound."""

import functools
import io
import struct
from collections.abc import Callable
from fractions import Fraction

import av

from tests.hostile import bases
from tests.hostile.canaries_photo import packet
from tests.hostile.case import Case
from tests.hostile.icc import profile
from tests.hostile.oracle_bytes import STAMP, word
from tests.hostile.pieces import added, after_soi, box, boxes, edited, find, full, segment

Plant = Callable[[bytes, bytes], bytes]
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_MDAT = 8


def _item(name: bytes, said: bytes, kind: int = 1) -> bytes:
    return box(name, box(b"data", struct.pack(">II", kind, 0), said))


def _ilst(said: bytes) -> bytes:
    cover = after_soi(bases.saved("JPEG"), segment(0xFE, said))
    mean = box(b"----", full(b"mean", b"com.apple.iTunes"), full(b"name", said), box(b"data", bytes(8), said))
    items = _item(b"\xa9nam", said) + _item(b"\xa9too", said) + _item(b"covr", cover, 13) + mean
    return full(b"meta", _handler(b"mdir", b"appl"), box(b"ilst", items))


def _handler(kind: bytes, name: bytes = b"") -> bytes:
    return full(b"hdlr", bytes(4), kind, bytes(12), name + b"\0")


def _keys(said: bytes) -> bytes:
    name = b"com.apple.quicktime.location.ISO6709"
    keys = full(b"keys", struct.pack(">I", 1), struct.pack(">I", len(name) + 8) + b"mdta" + name)
    return box(b"meta", _handler(b"mdta"), keys, box(b"ilst", _item(struct.pack(">I", 1), said)))


def _track(kind: bytes, entry: bytes, samples: list[bytes], *, base: int, number: int, extra: bytes = b"") -> bytes:
    """A track of one chunk at `base` in the file, without pictures or sound."""
    where = full(b"stco", struct.pack(">II", 1, base))
    sizes = full(b"stsz", struct.pack(">II", 0, len(samples)), b"".join(struct.pack(">I", len(s)) for s in samples))
    table = box(
        b"stbl",
        full(b"stsd", struct.pack(">I", 1), box(entry, bytes(6), struct.pack(">H", 1), extra)),
        full(b"stts", struct.pack(">III", 1, len(samples), 500)),
        full(b"stsc", struct.pack(">IIII", 1, 1, len(samples), 1)),
        sizes,
        where,
    )
    links = box(b"dinf", full(b"dref", struct.pack(">I", 1), full(b"url ", flags=1)))
    media = box(
        b"mdia",
        full(b"mdhd", struct.pack(">IIIIHH", 0, 0, 1000, 500 * len(samples), 0x55C4, 0)),
        _handler(kind, b"Data"),
        box(b"minf", box(b"gmhd", full(b"gmin", bytes(12))), links, table),
    )
    head = struct.pack(">IIIII", 0, 0, number, 0, 500 * len(samples)) + bytes(16) + _MATRIX + bytes(8)
    return box(b"trak", full(b"tkhd", head, flags=7), media)


_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _with_track(kind: bytes, entry: bytes, *, extra: bytes = b"") -> Plant:
    def plant(film: bytes, said: bytes) -> bytes:
        samples = [struct.pack(">H", len(said)) + said] * 2
        there = film + box(b"mdat", *samples)
        trak = _track(kind, entry, samples, base=len(there) - sum(map(len, samples)), number=9, extra=extra)
        return edited(moov_last(there), (b"moov",), lambda old: old + trak)

    return plant


def moov_last(film: bytes) -> bytes:
    """`film` with its moov behind everything else, so that it may grow without moving the samples."""
    # The samples' offsets hold: the bytes of the moov are replaced by an empty box of the same size.
    out = b"".join(
        box(b"free" if kind == b"moov" else kind, b"\0" * len(p) if kind == b"moov" else p) for kind, p in boxes(film)
    )
    return out + box(b"moov", find(film, b"moov"))


def _in_moov(*path: bytes) -> Callable[[Callable[[bytes], bytes]], Plant]:
    def with_boxes(make: Callable[[bytes], bytes]) -> Plant:
        return lambda film, said: added(moov_last(film), (b"moov", *path), make(said))

    return with_boxes


def _handler_name(film: bytes, said: bytes) -> bytes:
    return edited(moov_last(film), (b"moov", b"trak", b"mdia", b"hdlr"), lambda old: old[:24] + said + b"\0")


def _times(film: bytes, _said: bytes) -> bytes:
    stamp = 2 * STAMP
    film = moov_last(film)
    for path in ((b"mvhd",), (b"trak", b"tkhd"), (b"trak", b"mdia", b"mdhd")):
        film = edited(film, (b"moov", *path), lambda old: old[:4] + stamp + old[12:])
    return film


def _compressor(film: bytes, said: bytes) -> bytes:
    def named(stsd: bytes) -> bytes:
        at = stsd.find(b"avc1")
        name = bytes([min(31, len(said))]) + said[:31].ljust(31, b"\0")
        return stsd if at < 0 else stsd[: at + 46] + name + stsd[at + 78 :]

    return edited(moov_last(film), (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"), named)


def _sample_entry(extra: Callable[[bytes], bytes]) -> Plant:
    def widened(stsd: bytes, said: bytes) -> bytes:
        ((kind, entry),) = boxes(stsd[8:])
        return stsd[:8] + box(kind, entry, extra(said)) if kind == b"avc1" else stsd

    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    return lambda film, said: edited(moov_last(film), path, lambda old: widened(old, said))


def _sei(film: bytes, said: bytes) -> bytes:
    """The film with the word in its pictures' own stream, as encoders write their settings."""
    return _filtered(film, f"h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+{said.decode()}")


def _caption(film: bytes, said: bytes) -> bytes:
    """The film with the word where broadcasters put captions (SEI of type 4)."""
    unit = b"\x06\x04" + bytes([len(said) + 1]) + b"\xff" + said + b"\x80"
    return _first_sample(film, lambda old: struct.pack(">I", len(unit)) + unit + old)


def _filler(film: bytes, said: bytes) -> bytes:
    """The film with the word in a NAL unit of a type nobody decodes."""
    unit = b"\x1e" + said
    return _first_sample(film, lambda old: struct.pack(">I", len(unit)) + unit + old)


def _first_sample(film: bytes, change: Callable[[bytes], bytes]) -> bytes:
    done: list[bool] = []

    def once(data: bytes) -> bytes:
        if done:
            return data
        done.append(True)
        return change(data)

    return _remuxed(film, once)


def _filtered(film: bytes, name: str) -> bytes:
    out = io.BytesIO()
    with av.open(io.BytesIO(film)) as source, av.open(out, "w", format="mp4") as file:
        stream = file.add_stream_from_template(source.streams.video[0])
        change = av.BitStreamFilterContext(name, source.streams.video[0], stream)
        for packet in source.demux(video=0):
            for changed in change.filter(packet if packet.size else None):
                changed.stream = stream
                file.mux(changed)
    return out.getvalue()


def _remuxed(film: bytes, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with av.open(io.BytesIO(film)) as source, av.open(out, "w", format="mp4") as file:
        stream = file.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                again = av.Packet(change(bytes(packet)))
                again.pts, again.dts, again.time_base, again.is_keyframe = (
                    packet.pts,
                    packet.dts,
                    packet.time_base,
                    packet.is_keyframe,
                )
                again.duration = packet.duration
                again.stream = stream
                file.mux(again)
    return out.getvalue()


def _slack(film: bytes, said: bytes) -> bytes:
    """The film with bytes in its mdat that no track plays."""
    kinds = dict(boxes(film))
    assert kinds
    return moov_last(film) + box(b"mdat", said)


def _stray_fragment(said: bytes) -> bytes:
    return box(b"emsg", bytes(4), b"urn:x\0\0", bytes(16), said) + box(b"prft", bytes(20), said)


MP4: dict[str, Plant] = {
    "udta-place": _in_moov()(lambda said: box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(said), 0x15C7), said))),
    "udta-comment": _in_moov()(lambda said: box(b"udta", box(b"\xa9cmt", struct.pack(">HH", len(said), 0x15C7), said))),
    "udta-loci": _in_moov()(
        lambda said: box(b"udta", full(b"loci", b"\x15\xc7", said, b"\0\0", bytes(12), b"earth\0\0"))
    ),
    "udta-name-of-track": _in_moov(b"trak")(lambda said: box(b"udta", box(b"name", said))),
    "udta-xmp": _in_moov()(lambda said: box(b"udta", box(b"XMP_", packet(said)))),
    "udta-samsung": _in_moov()(lambda said: box(b"udta", box(b"SDLN", said), box(b"smrd", said), box(b"vndr", said))),
    "itunes": _in_moov()(lambda said: box(b"udta", _ilst(said))),
    "cover-art": _in_moov()(
        lambda said: box(
            b"udta",
            full(
                b"meta",
                _handler(b"mdir"),
                box(b"ilst", _item(b"covr", after_soi(bases.saved("JPEG"), segment(0xFE, said)), 13)),
            ),
        )
    ),
    "mdta-keys": _in_moov()(_keys),
    "mdta-keys-of-track": _in_moov(b"trak")(_keys),
    "uuid-xmp": lambda film, said: film + box(b"uuid", _XMP, packet(said)),
    "uuid-unknown": lambda film, said: film + box(b"uuid", b"0123456789abcdef", said),
    "uuid-in-track": _in_moov(b"trak")(lambda said: box(b"uuid", b"0123456789abcdef", said)),
    "uuid-in-table": _in_moov(b"trak", b"mdia", b"minf", b"stbl")(lambda said: box(b"uuid", bytes(16), said)),
    "meta-at-top": lambda film, said: film + full(b"meta", _handler(b"mp7t"), box(b"xml ", bytes(4), said)),
    "chapters-nero": _in_moov()(
        lambda said: box(b"udta", full(b"chpl", bytes(1), b"\0\0\0\1", bytes(8), bytes([len(said)]), said))
    ),
    "chapters-track": _with_track(b"text", b"text", extra=bytes(43)),
    "subtitles": _with_track(b"sbtl", b"tx3g", extra=bytes(30) + box(b"ftab", b"\0\1\0\1\5Serif")),
    "data-track-gps": _with_track(b"meta", b"gpmd"),
    "data-track-mebx": _with_track(b"meta", b"mebx"),
    "data-track-timecode": _with_track(b"tmcd", b"tmcd", extra=bytes(26)),
    "data-track-unknown": _with_track(b"what", b"what"),
    "handler-name": _handler_name,
    "times": _times,
    "compressor-name": _compressor,
    "colour-profile": _sample_entry(lambda said: box(b"colr", b"prof", profile(said))),
    "entry-unknown": _sample_entry(lambda said: box(b"what", said)),
    "sei-unregistered": _sei,
    "sei-caption": _caption,
    "nal-of-no-type": _filler,
    "free": lambda film, said: film + box(b"free", said),
    "skip": lambda film, said: film + box(b"skip", said),
    "wide": lambda film, said: film + box(b"wide", said),
    "unknown-box": lambda film, said: film + box(b"what", said),
    "events": lambda film, said: film + _stray_fragment(said),
    "mdat-slack": _slack,
    "c2pa": lambda film, said: (
        film + box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"), box(b"jumb", said))
    ),
    "trailing-bytes": lambda film, said: film + b"\0\0\0\0" + said,
    "trailing-picture": lambda film, said: film + after_soi(bases.saved("JPEG"), segment(0xFE, said)),
}


def _matroska(kind: str, said: bytes, *, attach: bool = False) -> bytes:
    codec, sound = ("libvpx", "libopus") if kind == "webm" else ("libx264", "aac")
    source = bases.film(kind=kind, codec=codec, sound=sound)
    out = io.BytesIO()
    words = said.decode()
    with av.open(io.BytesIO(source)) as old, av.open(out, "w", format=kind) as file:
        file.metadata.update(
            {"title": words, "artist": words, "comment": words, "creation_time": "2026-03-08T08:00:00Z"}
        )
        streams = {stream.index: file.add_stream_from_template(stream) for stream in old.streams}
        for stream in streams.values():
            stream.metadata.update({"title": words, "handler_name": words})
        if attach:
            file.add_attachment("family.jpg", "image/jpeg", after_soi(bases.saved("JPEG"), segment(0xFE, said)))
        file.set_chapters([{"id": 1, "start": 0, "end": 900, "time_base": _MILLI, "metadata": {"title": words}}])
        for packet in old.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                file.mux(packet)
    return out.getvalue()


_MILLI = Fraction(1, 1000)

OTHERS: dict[str, Callable[[bytes], bytes]] = {
    "webm-tags-chapters": functools.partial(_matroska, "webm"),
    "webm-trailing": lambda said: (
        bases.film(kind="webm", codec="libvpx", sound="libopus") + b"\xec\x40\x20" + said.ljust(32)
    ),
    "mov-keys": lambda said: _in_moov()(_keys)(bases.film(kind="mov"), said),
    "mov-udta": lambda said: MP4["udta-place"](bases.film(kind="mov"), said),
    "mov-compressor": lambda said: _compressor(bases.film(kind="mov"), said),
    "mkv-attachment": functools.partial(_matroska, "matroska", attach=True),
    "mkv-tags": functools.partial(_matroska, "matroska"),
}


def cases() -> list[Case]:
    """Each class of metadata a film can carry; a cleaned one looks as before and says nothing."""
    # "nal-of-no-type" and trailing bytes may be called damage; Matroska beyond WebM isn't promised.
    maybe = ("nal", "trailing", "mkv", "webm-trailing")
    made = {
        f"mp4-{name}": (lambda plant=plant, name=name: plant(bases.film(quiet=True), word(name)))
        for name, plant in MP4.items()
    }
    made |= {name: (lambda make=make, name=name: make(word(name))) for name, make in OTHERS.items()}
    return [
        Case(
            name=name,
            make=make,
            fate="either" if name.removeprefix("mp4-").startswith(maybe) else "cleaned",
            kind="video",
            like=bases.picture,
        )
        for name, make in made.items()
    ]
