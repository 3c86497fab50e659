"""What a picture's file holds beside its pixels, told in plain words to the person who hands it in.

A light walk that reads headers only and believes none. Nothing depends on it: what it doesn't know is gone all the
same, because a clean picture is made from pixels alone.
"""

from collections.abc import Iterator

from media.photos import traces_boxes, traces_exif
from media.photos.parts import END, JUNK, gif_colours, segments

_MOST_PARTS = 5_000  # of one file: a bomb of empty parts isn't worth counting to the end
_MOST_BLOCKS = 150_000  # of a GIF: 30 MB in blocks of 255 bytes are fewer
_UNKNOWN = "data of an unknown kind"
_AFTER = "bytes after the end"
_FRAMES = "animation frames"
_APPS = (
    (b"Exif\0", ""),
    (b"http://ns.adobe.com/x", "XMP"),
    (b"ICC_PROFILE\0", "colour profile"),
    (b"MPF\0", "second picture"),
    (b"JP", "content credentials (C2PA)"),
    (b"Photoshop 3.0\0", "IPTC"),
    (b"JFXX\0", "thumbnail"),
)
_PNG_PLAIN = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"sBIT",
    b"bKGD",
    b"pHYs",
    b"cICP",
}
_PNG_KNOWN = {
    b"iCCP": "colour profile",
    b"tIME": "date and time",
    b"caBX": "content credentials (C2PA)",
    b"acTL": _FRAMES,
    b"fcTL": _FRAMES,
    b"fdAT": _FRAMES,
}
_WEBP_KNOWN = {
    b"VP8X": "",
    b"VP8 ": "",
    b"VP8L": "",
    b"ALPH": "",
    b"ANIM": "",
    b"ANMF": _FRAMES,
    b"ICCP": "colour profile",
    b"XMP ": "XMP",
    b"C2PA": "content credentials (C2PA)",
}


def found(data: bytes) -> tuple[str, ...]:
    """Return what is in the file of a picture beside the picture, each thing once, in the order of the file."""
    words: dict[str, None] = {}
    try:
        for number, word in enumerate(_walk(data)):
            if word:
                words[word] = None
            if number > _MOST_PARTS:
                break
    except (IndexError, ValueError, KeyError):
        words["damaged parts"] = None
    return tuple(words)


def _walk(data: bytes) -> Iterator[str]:
    if data[:2] == b"\xff\xd8":
        return _jpeg(data)
    if data[:4] == b"\x89PNG":
        return _png(data)
    if data[:4] == b"RIFF":
        return _webp(data)
    if data[:3] == b"GIF":
        return _gif(data)
    return traces_boxes.walk(data)


def _jpeg(data: bytes) -> Iterator[str]:
    for marker, start, end in segments(data):
        body = data[start : min(end, start + 64)]
        if marker == 0xFE:
            yield "comment"
        elif marker == 0xE0 and body.startswith(b"JFIF\0"):
            yield "thumbnail" if end - start > 14 else ""
        elif marker == 0xEE and body.startswith(b"Adobe"):
            yield ""
        elif 0xE0 <= marker <= 0xEF:
            yield next((word for head, word in _APPS if body.startswith(head)), _UNKNOWN)
            if body.startswith(b"Exif\0"):
                yield from traces_exif.walk(data[start + 6 : end])
        elif marker == JUNK:
            yield "bytes between its parts"
        elif marker == END and end < len(data):
            yield _AFTER
            yield "film" if data[end + 4 : end + 8] == b"ftyp" else ""


def _png(data: bytes) -> Iterator[str]:
    at = 8
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + min(size, 64)]
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            yield "XMP" if body.startswith(b"XML:com.adobe.xmp") else "text"
        elif kind == b"eXIf":
            yield from traces_exif.walk(data[at + 8 : at + 8 + size])
        elif kind not in _PNG_PLAIN:
            yield _PNG_KNOWN.get(kind, _UNKNOWN)
        else:
            yield ""
        at += 12 + size
        if kind == b"IEND":
            yield _AFTER if at < len(data) else ""
            return


def _webp(data: bytes) -> Iterator[str]:
    at, last = 12, 8 + int.from_bytes(data[4:8], "little")
    while at + 8 <= min(last, len(data)):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"EXIF":
            body = data[at + 8 : at + 8 + size]
            yield from traces_exif.walk(body.removeprefix(b"Exif\0\0"))
        else:
            yield _WEBP_KNOWN.get(kind, _UNKNOWN)
        at += 8 + size + size % 2
    yield _AFTER if last + last % 2 < len(data) else ""


def _gif(data: bytes) -> Iterator[str]:
    at, pictures = 13 + gif_colours(data[10]), 0
    while at < len(data) and data[at] != 0x3B:
        if data[at] == 0x2C:
            pictures += 1
            yield _FRAMES if pictures > 1 else ""
            at = _past_blocks(data, at + 11 + gif_colours(data[at + 9]))
        elif data[at] == 0x21:
            yield _gif_extension(data[at + 1], data[at + 3 : at + 14])
            at = _past_blocks(data, at + 2)
        else:
            yield _UNKNOWN
            return
    yield _AFTER if at + 1 < len(data) else ""


def _gif_extension(kind: int, name: bytes) -> str:
    if kind == 0xFF:
        known = {b"NETSCAPE2.0": "", b"ANIMEXTS1.0": "", b"XMP DataXMP": "XMP", b"ICCRGBG1012": "colour profile"}
        return known.get(name, _UNKNOWN)
    return {0xFE: "comment", 0x01: "text", 0xF9: ""}.get(kind, _UNKNOWN)


def _past_blocks(data: bytes, at: int) -> int:
    for _ in range(_MOST_BLOCKS):
        if not data[at]:
            return at + 1
        at += 1 + data[at]
    raise ValueError
