"""What photos' files hold beside pixels: none of it comes along, and people read what it was."""

import struct
from collections.abc import Callable
from typing import Any

import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from media import clean
from media.errors import Unfinished
from media.photos import jpegwalk, traces
from tests.media.photos import P3, chunk, noted, plain, quarters, saved

pillow_heif.register_heif_opener()


def segment(marker: int, body: bytes) -> bytes:
    """One part of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def in_jpeg(*parts: bytes, after: bytes = b"", **options: Any) -> bytes:
    """A JPEG with more parts in it."""
    data = saved(quarters(), "JPEG", **options)
    return data[:2] + b"".join(parts) + data[2:] + after


def in_png(*parts: bytes, after: bytes = b"") -> bytes:
    """A PNG with more parts in it."""
    data = saved(quarters())
    return data[:33] + b"".join(parts) + data[33:] + after


XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>canary</x:xmpmeta>"
C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
HELD: dict[str, tuple[Callable[[], bytes], set[str]]] = {
    "nothing": (lambda: saved(quarters(), "JPEG"), set()),
    "EXIF": (
        lambda: in_jpeg(exif=noted(gps=True)),
        {
            "GPS position",
            "camera make and model",
            "date and time",
            "author and copyright",
            "maker notes",
            "serial numbers",
        },
    ),
    "EXIF without position": (
        lambda: saved(quarters(), "WEBP", exif=noted()),
        {"camera make and model", "date and time", "author and copyright", "maker notes", "serial numbers"},
    ),
    "EXIF in PNG": (
        lambda: saved(quarters(), exif=noted(gps=True)),
        {
            "GPS position",
            "camera make and model",
            "date and time",
            "author and copyright",
            "maker notes",
            "serial numbers",
        },
    ),
    "EXIF in HEIC": (
        lambda: saved(quarters(), "HEIF", exif=noted(gps=True)),
        {
            "GPS position",
            "camera make and model",
            "date and time",
            "author and copyright",
            "maker notes",
            "serial numbers",
        },
    ),
    "XMP": (lambda: in_jpeg(segment(0xE1, XMP)), {"XMP"}),
    "XMP in WebP": (lambda: saved(quarters(), "WEBP", xmp=b"canary"), {"XMP"}),
    "XMP in AVIF": (lambda: saved(quarters(), "AVIF", xmp=b"canary"), {"XMP"}),
    "profile": (lambda: in_jpeg(icc_profile=P3), {"colour profile"}),
    "profile in WebP": (lambda: saved(quarters(), "WEBP", icc_profile=P3), {"colour profile"}),
    "comment": (lambda: in_jpeg(segment(0xFE, b"canary")), {"comment"}),
    "IPTC": (lambda: in_jpeg(segment(0xED, b"Photoshop 3.0\0canary")), {"IPTC"}),
    "C2PA": (lambda: in_jpeg(segment(0xEB, b"JP\0\1canary")), {"content credentials (C2PA)"}),
    "unknown part": (lambda: in_jpeg(segment(0xE9, b"canary")), {"data of an unknown kind"}),
    "thumbnail": (lambda: in_jpeg(segment(0xE0, b"JFXX\0\x10canary")), {"thumbnail"}),
    "after the end": (lambda: in_jpeg(after=b"canary"), {"bytes after the end"}),
    "film after the end": (lambda: in_jpeg(after=b"\0\0\0\x18ftypmp42"), {"bytes after the end", "film"}),
    "texts in PNG": (lambda: in_png(chunk(b"tEXt", b"Author\0canary")), {"text"}),
    "time in PNG": (lambda: in_png(chunk(b"tIME", bytes(7))), {"date and time"}),
    "C2PA in PNG": (lambda: in_png(chunk(b"caBX", b"canary")), {"content credentials (C2PA)"}),
    "unknown chunk": (lambda: in_png(chunk(b"prVt", b"canary")), {"data of an unknown kind"}),
    "after a PNG": (lambda: in_png(after=b"canary"), {"bytes after the end"}),
    "a film after a PNG": (lambda: in_png(after=bytes(900_000)), {"bytes after the end"}),
    "comment in GIF": (lambda: saved(quarters(), "GIF", comment=b"canary"), {"comment"}),
    "after a GIF": (lambda: saved(quarters(), "GIF") + b"canary", {"bytes after the end"}),
    "after a WebP": (lambda: saved(quarters(), "WEBP") + b"canary", {"bytes after the end"}),
    "box in HEIC": (
        lambda: saved(quarters(), "HEIF") + b"\0\0\0\x1euuid" + C2PA + b"canary",
        {"content credentials (C2PA)"},
    ),
    "transparency": (lambda: saved(plain((9, 9, 9, 9), "RGBA")), {"transparency"}),
}


def markers(data: bytes) -> list[int]:
    """The markers of a JPEG up to its first scan."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        found.append(data[at + 1])
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return found


@pytest.mark.parametrize(("make", "words"), HELD.values(), ids=HELD.keys())
def test_nothing_comes_along_and_what_was_there_is_told(make: Callable[[], bytes], words: set[str]) -> None:
    """Of all that files hold beside pixels nothing is in the output, and the person reads what it was."""
    made = clean.photo(make())
    assert b"canary" not in made.data.lower()
    assert made.data.endswith(b"\xff\xd9")
    assert set(markers(made.data)) == {0xE0, 0xDB, 0xC0, 0xC4}
    assert set(made.removed) == words


def test_telling_what_was_there_never_fails() -> None:
    """Whatever bytes follow a known beginning, the walk ends, quickly and in words."""
    whole = [make() for make, _ in HELD.values()]
    for data in whole:
        for cut in range(12, len(data), max(len(data) // 40, 1)):
            broken = bytearray(data)
            broken[cut] ^= 0xFF
            for torn in (data[:cut], bytes(broken)):
                assert all(word.isprintable() for word in traces.found(torn))
    empty_parts = b"\x89PNG\r\n\x1a\n" + chunk(b"prVt", b"") * 200_000
    assert traces.found(empty_parts) == ("data of an unknown kind",)


def spoilt(how: str) -> bytes:
    """A finished photo that somebody put something into."""
    data = clean.photo(saved(quarters())).data
    scan = data.index(b"\xff\xda")
    head = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4])
    return {
        "before": b"\0" + data,
        "after": data + b"\0",
        "comment": data[:20] + segment(0xFE, b"x") + data[20:],
        "EXIF": data[:20] + segment(0xE1, b"Exif\0\0") + data[20:],
        "second header": data[:20] + data[2:20] + data[20:],
        "header's thumbnail": data[:18] + b"\1\1abc" + data[20:],
        "header's density": data[:14] + b"\1\1" + data[16:],
        "between parts": data[:20] + b"\0\0" + data[20:],
        "padding": data[:20] + b"\xff" + data[20:],
        "table with more": data[:scan] + segment(0xDB, bytes(66)) + data[scan:],
        "restart": data[:head] + b"\xff\xd0" + data[head:],
        "picture in picture": data[:head] + data,
        "cut": data[:-2],
        "no scan": data[:scan] + b"\xff\xd9",
        "nothing": b"",
    }[how]


SPOILT = (
    "before,after,comment,EXIF,second header,header's thumbnail,header's density,between parts,padding,table with more,"
    "restart,picture in picture,cut,no scan,nothing"
)


@pytest.mark.parametrize("how", SPOILT.split(","))
def test_the_finished_file_is_walked(how: str) -> None:
    """A file with anything beside header, tables and scans isn't let out."""
    with pytest.raises(Unfinished):
        jpegwalk.size(spoilt(how))


def test_both_ways_a_jpeg_is_written_are_known_to_the_walk() -> None:
    """What comes out is passed by the walk with its size: photos, and staff pictures, which are finer."""
    data = saved(Image.effect_noise((301, 203), 50).convert("RGB"))
    assert jpegwalk.size(clean.photo(data).data) == (301, 203)
    fine = clean.photo(data, fine=True)
    assert jpegwalk.size(fine.data) == (301, 203) == (fine.width, fine.height)
    assert len(fine.data) > len(clean.photo(data).data)
    assert jpegwalk.size(saved(plain("red"), "JPEG", progressive=True)) == (64, 64)


def test_texts_of_a_png_are_dropped() -> None:
    """Texts of a PNG are dropped, Pillow's own way to keep them included."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "canary" * 100, zip=True)
    info.add_itxt("XML:com.adobe.xmp", "canary")
    made = clean.photo(saved(quarters(), pnginfo=info))
    assert made.removed == ("text", "XMP")
