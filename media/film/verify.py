"""The film we made, put in order and then read again byte by byte: what isn't a plain film's is not handed on."""

import struct
from collections.abc import Callable, Iterator
from itertools import pairwise

from media.errors import UncleanVideo
from media.film.boxes import Box, BrokenBoxes, inside, walk

Bytes = bytes | memoryview

_STBL = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_UNTIMED = 8  # creation and modification time, after version and flags
_SLICES = frozenset({1, 5})  # NAL units of an H.264 picture (ITU-T H.264, table 7-1); 6 would be a message (SEI)
_SETS = frozenset({7, 8})  # and of its parameters
_NAMES = (b"vide" + bytes(12) + b"VideoHandler\0", b"soun" + bytes(12) + b"SoundHandler\0")
_ENCODERS = (b"Lavc", b"Lavf", b"x264", b"libx264")


def index_first(data: Bytes) -> bytes:
    """Return a film as ffmpeg wrote it, its index (moov) moved to the front, without padding and user data.

    ffmpeg's own `faststart` opens the file a second time, which a film in memory can't be.
    """
    parts = {box.kind: box for box in inside(data, 0, len(data))}
    ftyp, moov, mdat = parts[b"ftyp"], parts[b"moov"], parts[b"mdat"]
    begin, head = _begin(data, mdat), bytes(data[_begin(data, ftyp) : ftyp.end])
    kept = [
        bytes(data[_begin(data, box) : box.end])
        for box in inside(data, moov.start, moov.end)
        if box.kind in (b"mvhd", b"trak")
    ]
    index = bytearray(struct.pack(">I4s", 8 + sum(map(len, kept)), b"moov") + b"".join(kept))
    shift = len(head) + len(index) - begin
    for _, box in walk(bytes(index), 0, len(index)):
        if box.kind in (b"stco", b"co64"):
            form = _row(index, box)
            struct.pack_into(
                form, index, box.start + 8, *(at + shift for at in struct.unpack_from(form, index, box.start + 8))
            )
    return b"".join((head, index, data[begin : mdat.end]))


def verify(data: bytes) -> None:
    """Make sure that a film holds pictures, sound and their tables, and not a byte more.

    Raises:
        UncleanVideo: there is something else in it.
    """
    try:
        boxes = list(walk(data, 0, len(data)))
        if [path[0] for path, _ in boxes if len(path) == 1] != [b"ftyp", b"moov", b"mdat"]:
            raise UncleanVideo
        for path, box in boxes:
            _ALLOWED[path](data[box.start : box.end] if path != (b"mdat",) else b"")
        _samples(data, boxes)
    except (BrokenBoxes, KeyError, IndexError, struct.error) as error:
        raise UncleanVideo from error


def _begin(data: Bytes, box: Box) -> int:
    """Return where a box's own header begins."""
    return box.start - (8 if bytes(data[box.start - 4 : box.start]) == box.kind else 16)


def _row(data: Bytes | bytearray, box: Box) -> str:
    """Return the form of a table of places: how many, of four bytes each or of eight."""
    count = struct.unpack_from(">I", data, box.start + 4)[0]
    return f">{count}{'Q' if box.kind == b'co64' else 'I'}"


# ── what each box may hold ──


def _require(true: object) -> None:
    if not true:
        raise UncleanVideo


def _anything(_: bytes) -> None:
    """Numbers only: times, sizes and places of samples."""


def _brand(payload: bytes) -> None:
    _require(payload == b"isom\0\0\2\0isomiso2avc1mp41")


def _untimed(payload: bytes) -> None:
    wide = 8 if payload[0] else 4
    _require(not any(payload[4 : 4 + 2 * wide]))


def _movie(payload: bytes) -> None:
    _untimed(payload)
    _require(len(payload) in (100, 112) and not any(payload[-28:-4]))


def _media(payload: bytes) -> None:
    _untimed(payload)
    _require(payload[-4:] == b"\x55\xc4\0\0")  # the language is "und"


def _handler(payload: bytes) -> None:
    _require(payload[:8] == bytes(8) and payload[8:] in _NAMES)


def _own_file(payload: bytes) -> None:
    _require(payload == struct.pack(">II", 0, 1) + b"\0\0\0\x0curl \0\0\0\1")


def _roll(payload: bytes) -> None:
    _require(payload[4:8] == b"roll" and len(payload) <= 32)


def _description(payload: bytes) -> None:
    """One kind of samples: H.264 or AAC, its maker's name empty, its own boxes those of the codec."""
    (entry,) = inside(payload, 8, len(payload))
    picture = entry.kind == b"avc1"
    _require(picture or entry.kind == b"mp4a")
    fixed = 78 if picture else 28  # bytes before the boxes of the codec
    if picture:
        _require(not any(payload[entry.start + 42 : entry.start + 74]))  # compressorname
    for box in inside(payload, entry.start + fixed, entry.end):
        inner = payload[box.start : box.end]
        if box.kind == b"avcC":
            _require({unit[0] & 31 for unit in _parameters(inner)} <= _SETS)
        else:
            _require(box.kind in _SMALL and len(inner) <= _SMALL[box.kind])


_SMALL = {b"esds": 64, b"colr": 16, b"pasp": 8, b"btrt": 12}


def _parameters(payload: bytes) -> Iterator[bytes]:
    """Yield the parameter sets of an avcC box (ISO/IEC 14496-15, 5.3.3)."""
    at = 5
    for mask in (0x1F, 0xFF):
        count, at = payload[at] & mask, at + 1
        for _ in range(count):
            length = int.from_bytes(payload[at : at + 2])
            yield payload[at + 2 : at + 2 + length]
            at += 2 + length
    _require(len(payload) - at in (0, 4))


_ALLOWED: dict[tuple[bytes, ...], Callable[[bytes], None]] = {
    (b"ftyp",): _brand,
    (b"mdat",): _anything,
    (b"moov",): _anything,
    (b"moov", b"mvhd"): _movie,
    (b"moov", b"trak"): _anything,
    (b"moov", b"trak", b"tkhd"): _untimed,
    (b"moov", b"trak", b"edts"): _anything,
    (b"moov", b"trak", b"edts", b"elst"): _anything,
    (b"moov", b"trak", b"mdia"): _anything,
    (b"moov", b"trak", b"mdia", b"mdhd"): _media,
    (b"moov", b"trak", b"mdia", b"hdlr"): _handler,
    _STBL[:-1]: _anything,
    (*_STBL[:-1], b"vmhd"): _anything,
    (*_STBL[:-1], b"smhd"): _anything,
    (*_STBL[:-1], b"dinf"): _anything,
    (*_STBL[:-1], b"dinf", b"dref"): _own_file,
    _STBL: _anything,
    (*_STBL, b"stsd"): _description,
    (*_STBL, b"sgpd"): _roll,
    (*_STBL, b"sbgp"): _roll,
    **{(*_STBL, table): _anything for table in (b"stts", b"stss", b"ctts", b"stsc", b"stsz", b"stco", b"co64")},
}


# ── and what the samples may ──


def _samples(data: bytes, boxes: list[tuple[tuple[bytes, ...], Box]]) -> None:
    """Make sure that samples fill `mdat` without a gap, and that pictures are slices of pictures only."""
    payload = next(box for path, box in boxes if path == (b"mdat",))
    tracks: list[dict[bytes, Box]] = []
    for path, box in boxes:
        if path[-1] == b"trak":
            tracks.append({})
        elif tracks:
            tracks[-1][path[-1]] = box
    pieces: list[tuple[int, int]] = []
    for track in tracks:
        picture = data[track[b"stsd"].start + 12 : track[b"stsd"].start + 16] == b"avc1"
        for number, (at, length) in enumerate(_places(data, track)):
            pieces.append((at, at + length))
            if picture:
                _slices(data, at, at + length)
            elif number < 4:  # an AAC encoder that names itself does so in its first frames
                _require(not any(name in data[at : at + length] for name in _ENCODERS))
    pieces.sort()
    ends = [(payload.start, payload.start), *pieces, (payload.end, payload.end)]
    _require(all(one[1] == other[0] for one, other in pairwise(ends)))


def _places(data: bytes, track: dict[bytes, Box]) -> Iterator[tuple[int, int]]:
    """Yield place and length of every sample of a track."""
    sizes = _sizes(data, track[b"stsz"])
    table = track.get(b"stco") or track[b"co64"]
    chunks = struct.unpack_from(_row(data, table), data, table.start + 8)
    runs = list(struct.iter_unpack(">III", data[track[b"stsc"].start + 8 : track[b"stsc"].end]))
    number = 0
    for (first, each, _), (after, *_rest) in pairwise([*runs, (len(chunks) + 1, 0, 0)]):
        for at in chunks[first - 1 : after - 1]:
            place = at
            for _ in range(each):
                yield place, sizes[number]
                place += sizes[number]
                number += 1
    _require(number == len(sizes))


def _sizes(data: bytes, box: Box) -> tuple[int, ...]:
    each, count = struct.unpack_from(">II", data, box.start + 4)
    return (each,) * count if each else struct.unpack_from(f">{count}I", data, box.start + 12)


def _slices(data: bytes, start: int, end: int) -> None:
    at = start
    while at < end:
        length = int.from_bytes(data[at : at + 4])
        _require(length and data[at + 4] & 31 in _SLICES)
        at += 4 + length
    _require(at == end)
