"""The first bytes and the tables of a foreign film, read by ourselves before ffmpeg sees it."""

import io
from typing import BinaryIO

from media.errors import DamagedVideo, NotAVideo, VideoTooLarge
from media.film.boxes import Box, BrokenBoxes, header, walk

_BRANDS = (
    *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"avc1"),
    *(b"hvc1", b"M4V ", b"M4VH", b"M4VP", b"qt  ", b"MSNV", b"XAVC", b"dash", b"mmp4"),
    *(b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3g2a"),
)
_STILLS = (b"heic", b"heix", b"mif1", b"avif", b"crx ", b"M4A ", b"jp2 ")
_MOST_MOOV = 24_000_000  # ten minutes of 60 pictures a second take 1 MB
_MOST_PARTS = 20_000
_MOST_BOXES = 2_000
_MOST_TRACKS = 16
_MOST_EDITS = 64
_MOST_SAMPLES = 30_000_000  # ten minutes of uncompressed sound
_TABLES = {b"stts": 8, b"ctts": 8, b"stsc": 12, b"stco": 4, b"co64": 8, b"stss": 4}
_EBML, _DOCTYPE, _SEGMENT = 0x1A45DFA3, 0x4282, 0x18538067


def recognise(source: BinaryIO, size: int) -> tuple[str, set[str]]:
    """Return the demuxer's name for a file of `size` bytes, and what is in it beside film, in plain words.

    Raises:
        NotAVideo: it is neither MP4, MOV nor WebM.
        VideoTooLarge: its tables are larger than those of any film we take.
        DamagedVideo: it is cut off, or its parts don't fit together.
    """
    source.seek(0)
    start = source.read(64)
    if start[4:8] == b"ftyp":
        brands = {start[8:12], *(start[at : at + 4] for at in range(16, min(int.from_bytes(start[:4]), 64), 4))}
        if start[8:12] in _STILLS or not brands & set(_BRANDS):
            raise NotAVideo
        try:
            return "mov", _iso(source, size)
        except BrokenBoxes as error:
            raise DamagedVideo from error
    if start[:4] == _EBML.to_bytes(4):
        _webm(source, size)
        return "matroska", set()
    raise NotAVideo


# ── MP4 and MOV ──


def _iso(source: BinaryIO, size: int) -> set[str]:
    found: set[str] = set()
    kinds: list[bytes] = []
    at = 0
    while at < size:
        source.seek(at)
        try:
            box = header(source.read(16), at, size)
        except BrokenBoxes:
            if {b"moov", b"mdat"} <= set(kinds):
                return found | {"data after the film"}
            raise
        if box.end > size:
            raise DamagedVideo
        again = box.kind == b"moov" and box.kind in kinds
        kinds.append(box.kind)
        if again or len(kinds) > _MOST_PARTS:
            raise VideoTooLarge("the film is in more pieces than we take: save it as an MP4 anew")
        if box.kind == b"moov":
            found |= _moov(source, box, size)
        elif box.kind in (b"uuid", b"meta", b"udta"):
            found.add("title and tags")
        at = box.end
    if b"moov" not in kinds:
        raise DamagedVideo
    return found


def _moov(source: BinaryIO, moov: Box, size: int) -> set[str]:
    """Hold the tables of a film against our budgets: ffmpeg would first allocate what they claim."""
    if moov.end - moov.start > _MOST_MOOV:
        raise VideoTooLarge("the film's tables are larger than those of any film we take: save it as an MP4 anew")
    source.seek(moov.start)
    data = source.read(moov.end - moov.start)
    found: set[str] = set()
    tracks = 0
    for number, (path, box) in enumerate(walk(data, 0, len(data))):
        tracks += box.kind == b"trak"
        if tracks > _MOST_TRACKS or number > _MOST_BOXES:
            raise VideoTooLarge(f"the film has more than {_MOST_TRACKS} tracks: save it as an MP4 anew")
        _table(data, box, size)
        if box.kind == b"uuid" or (b"udta" in path[:-1] and box.kind != b"meta"):  # ffmpeg tells what is in meta
            found.add(_WORDS.get(box.kind, "title and tags"))
    return found


_WORDS = {b"\xa9xyz": "GPS position", b"loci": "GPS position", b"\xa9mak": "device make and model"}
_WORDS |= {b"\xa9swr": "name of the program", b"\xa9too": "name of the program"}
_WORDS |= {b"\xa9mod": "device make and model", b"\xa9day": "creation time", b"chpl": "chapters"}


def _table(data: bytes, box: Box, size: int) -> None:
    """Refuse a table whose count is more than its own bytes, or the file's, could hold."""
    room = box.end - box.start
    if box.kind in (b"stsz", b"stz2"):
        each, count = _number(data, box, 4), _number(data, box, 8)
        fits = count <= size if each and box.kind == b"stsz" else count <= room * 2
        if not fits or count > _MOST_SAMPLES:
            raise DamagedVideo
    elif box.kind in _TABLES and _number(data, box, 4) * _TABLES[box.kind] > room - 8:
        raise DamagedVideo
    elif box.kind == b"elst" and _number(data, box, 4) > _MOST_EDITS:
        raise VideoTooLarge(f"the film is put together of more than {_MOST_EDITS} cuts: save it as an MP4 anew")


def _number(data: bytes, box: Box, at: int) -> int:
    piece = data[box.start + at : min(box.start + at + 4, box.end)]
    if len(piece) < 4:
        raise BrokenBoxes("a table without a count")
    return int.from_bytes(piece)


# ── WebM ──


def _webm(source: BinaryIO, size: int) -> None:
    """Make sure that an EBML file says that it is WebM, and is all there (RFC 8794, RFC 9559)."""
    source.seek(0)
    _name, length = _element(source)
    if length is None or length > 4096:
        raise NotAVideo
    head = io.BytesIO(source.read(length))
    kind = b""
    while head.tell() < length:
        name, inner = _element(head)
        if inner is None or inner > length:
            raise NotAVideo
        payload = head.read(inner)
        kind = payload.rstrip(b"\0") if name == _DOCTYPE else kind
    if kind != b"webm":
        raise NotAVideo
    while source.tell() < size:
        name, inner = _element(source)
        if inner is not None and source.tell() + inner > size:
            raise DamagedVideo
        if name == _SEGMENT:
            return
        source.seek(inner or 0, io.SEEK_CUR)
    raise DamagedVideo


def _element(source: BinaryIO | io.BytesIO) -> tuple[int, int | None]:
    """Return an element's id and length in bytes; None where it is unknown."""
    name, _ = _vint(source, 4)
    length, unknown = _vint(source, 8, keep_marker=False)
    return name, None if unknown else length


def _vint(source: BinaryIO | io.BytesIO, most: int, *, keep_marker: bool = True) -> tuple[int, bool]:
    first = source.read(1)
    count = 9 - first[0].bit_length() if first else 9
    if count > most:
        raise DamagedVideo
    rest = source.read(count - 1)
    if len(rest) < count - 1:
        raise DamagedVideo
    whole = int.from_bytes(first + rest)
    mask = (1 << (7 * count)) - 1
    return (whole if keep_marker else whole & mask), whole & mask == mask
