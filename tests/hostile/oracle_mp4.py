"""Walks an MP4 box by box, sample by sample and NAL unit by NAL unit, and names everything that a film doesn't need."""

import struct
from collections.abc import Callable, Iterator

from tests.hostile.pieces import boxes

_TREE: dict[bytes, tuple[bytes, ...]] = {
    b"moov": (b"mvhd", b"trak"),
    b"trak": (b"tkhd", b"edts", b"mdia"),
    b"edts": (b"elst",),
    b"mdia": (b"mdhd", b"hdlr", b"minf"),
    b"minf": (b"vmhd", b"smhd", b"dinf", b"stbl"),
    b"dinf": (b"dref",),
    b"stbl": (b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stco", b"co64", b"sgpd", b"sbgp"),
}
_TOP = (b"ftyp", b"moov", b"mdat", b"free")
_NAMES = {b"", b"VideoHandler", b"SoundHandler"}
_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"avc1", b"mp41", b"mp42"}
_ROWS = {b"stts": 8, b"ctts": 8, b"stss": 4, b"stsc": 12, b"stco": 4, b"co64": 8}  # bytes of one row of a table
_LENGTHS = {  # of a box's payload, in versions 0 and 1
    b"mvhd": (100, 112),
    b"tkhd": (84, 96),
    b"mdhd": (24, 36),
    b"vmhd": (12,),
    b"smhd": (8,),
}
_VISUAL = (b"avcC", b"pasp", b"colr", b"btrt", b"fiel")
_NALS = {1, 5, 7, 8, 9}  # slices, the two parameter sets, the delimiter; SEI (6) is looked into
_SEI = {0, 1, 6}  # buffering, timing, recovery: figures a decoder needs


def faults(data: bytes) -> list[str]:
    """What `data` holds beside pictures and sound; empty where it is a bare film."""
    found = list(_level(data, _TOP, "")) + list(_tiled(data))
    if [kind for kind, _ in boxes(data)].count(b"moov") != 1:
        return [*found, "not one moov"]
    samples = []
    for kind, trak in boxes(_only(data, b"moov")):
        if kind == b"trak":
            samples += _track(data, trak, found)
    return found + list(_covered(data, samples))


def _tiled(data: bytes) -> Iterator[str]:
    used = sum(len(payload) + (16 if len(payload) + 8 > 0xFFFFFFFF else 8) for _, payload in boxes(data))
    if used != len(data):
        yield f"{len(data) - used} bytes belong to no box"


def _level(data: bytes, allowed: tuple[bytes, ...], path: str) -> Iterator[str]:
    if used := len(data) - sum(len(payload) + 8 for _, payload in boxes(data)):
        yield f"{used} bytes beside the boxes in {path or 'the file'}"
    for kind, payload in boxes(data):
        where = f"{path}/{kind.decode('latin-1')}"
        if kind not in allowed:
            yield f"{where}: {payload[:24]!r}"
        elif kind in _TREE:
            yield from _level(payload, _TREE[kind], where)
        else:
            yield from _leaf(kind, payload, where)


def _leaf(kind: bytes, payload: bytes, where: str) -> Iterator[str]:
    if kind in _ROWS | {b"elst": 0} and len(payload) != 8 + _row(kind, payload) * int.from_bytes(payload[4:8], "big"):
        yield f"{where} is longer than its table"
    if kind in _LENGTHS and len(payload) not in _LENGTHS[kind]:
        yield f"{where} has {len(payload)} bytes"
    if fault := _WRONG.get(kind, lambda _: "")(payload):
        yield f"{where} {fault}"


def _row(kind: bytes, payload: bytes) -> int:
    return _ROWS[kind] if kind in _ROWS else 20 if payload[0] else 12


def _brands(payload: bytes) -> str:
    known = not {payload[:4], *_fours(payload[8:])} - _BRANDS
    return "" if known else f"has brands {payload!r}"


def _when(payload: bytes) -> str:
    times = payload[4 : 20 if payload[0] else 12]
    return f"says when: {times.hex()}" if any(times) else ""


def _media(payload: bytes) -> str:
    return _when(payload) or ("" if payload[-4:-2] == b"\x55\xc4" else "says a language")


def _handler(payload: bytes) -> str:
    if payload[8:12] not in {b"vide", b"soun"} or payload[24:].rstrip(b"\0") not in _NAMES:
        return f"is named {payload[8:]!r}"
    return "has words in its reserved bytes" if any(payload[12:24]) else ""


def _elsewhere(payload: bytes) -> str:
    return "" if payload == struct.pack(">III4sI", 0, 1, 12, b"url ", 1) else f"points elsewhere: {payload!r}"


_WRONG: dict[bytes, Callable[[bytes], str]] = {
    b"ftyp": _brands,
    b"free": lambda payload: "isn't empty" if payload.strip(b"\0") else "",
    b"mvhd": _when,
    b"tkhd": _when,
    b"mdhd": _media,
    b"hdlr": _handler,
    b"dref": _elsewhere,
    b"sgpd": lambda payload: "" if payload[4:8] in {b"roll", b"prol"} else f"is {payload!r}",
}


def _fours(data: bytes) -> list[bytes]:
    return [data[at : at + 4] for at in range(0, len(data), 4)]


def _only(data: bytes, *path: bytes) -> bytes:
    for kind in path:
        (data,) = [payload for found, payload in boxes(data) if found == kind]
    return data


def _track(data: bytes, trak: bytes, found: list[str]) -> list[tuple[int, int]]:
    """The (start, end) of each sample of `trak`; what is wrong in it is added to `found`."""
    table = _only(trak, b"mdia", b"minf", b"stbl")
    spans = list(_samples(table))
    ((entry, described),) = boxes(_only(table, b"stsd")[8:])
    if entry == b"avc1":
        found += _visual(described)
        for start, end in spans:
            found += _nals(data[start:end])
    elif entry == b"mp4a":
        found += [f"mp4a/{kind!r}" for kind, _ in boxes(described[28:]) if kind not in {b"esds", b"btrt"}]
    else:
        found.append(f"a track of {entry!r}")
    return spans


def _visual(entry: bytes) -> Iterator[str]:
    if any(entry[42:74]):
        yield f"compressor name {entry[42:74]!r}"
    for kind, payload in boxes(entry[78:]):
        if kind not in _VISUAL or (kind == b"colr" and payload[:4] != b"nclx"):
            yield f"avc1/{kind.decode('latin-1')}: {payload[:24]!r}"
        if kind == b"avcC":
            yield from _parameters(payload)


def _parameters(config: bytes) -> Iterator[str]:
    at = 5
    for kind, mask in ((7, 0x1F), (8, 0xFF)):
        count, at = config[at] & mask, at + 1
        for _ in range(count):
            size = struct.unpack_from(">H", config, at)[0]
            if config[at + 2] & 0x1F != kind:
                yield f"avcC holds a NAL unit of type {config[at + 2] & 0x1F}"
            at += 2 + size
    if len(config) - at not in {0, 4}:  # four: chroma and bit depth of the High profile
        yield f"avcC has {len(config) - at} bytes more"


def _nals(sample: bytes) -> Iterator[str]:
    at = 0
    while at < len(sample):
        size = struct.unpack_from(">I", sample, at)[0]
        unit = sample[at + 4 : at + 4 + size]
        kind = unit[0] & 0x1F
        if kind == 6 and unit[1] not in _SEI:
            yield f"SEI of type {unit[1]}: {unit[18:60]!r}"
        elif kind != 6 and kind not in _NALS:
            yield f"NAL unit of type {kind}"
        at += 4 + size
    if at != len(sample):
        yield "a sample doesn't end with its last NAL unit"


def _samples(table: bytes) -> Iterator[tuple[int, int]]:
    """Where each sample stands in the file, by the tables of chunks and sizes."""
    parts = dict(boxes(table))
    fixed, count = struct.unpack_from(">II", parts[b"stsz"], 4)
    sizes = [fixed] * count if fixed else list(struct.unpack_from(f">{count}I", parts[b"stsz"], 12))
    chunks = (
        struct.unpack(f">{len(parts[b'stco'][8:]) // 4}I", parts[b"stco"][8:])
        if b"stco" in parts
        else struct.unpack(f">{len(parts[b'co64'][8:]) // 8}Q", parts[b"co64"][8:])
    )
    runs = list(struct.iter_unpack(">III", parts[b"stsc"][8:]))
    done = 0
    for number, start in enumerate(chunks, 1):
        held = next(run[1] for run in reversed(runs) if run[0] <= number)
        for size in sizes[done : done + held]:
            yield start, start + size
            start += size  # noqa: PLW2901  # the next sample begins where this one ends
        done += held


def _covered(data: bytes, samples: list[tuple[int, int]]) -> Iterator[str]:
    """Whether the samples fill every mdat: what no track plays is hidden."""
    at = 0
    holds = []
    for kind, payload in boxes(data):
        end = at + 8 + len(payload)
        if kind == b"mdat":
            holds.append((at + 8, end))
        at = end
    reached = 0
    spans = sorted(samples)
    for start, end in holds:
        reached = start
        for left, right in spans:
            if start <= left and right <= end:
                if left != reached:
                    yield f"{left - reached} bytes of mdat belong to no sample"
                reached = right
        if reached != end:
            yield f"{end - reached} bytes of mdat belong to no sample"
