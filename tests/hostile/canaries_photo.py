"""A word planted in each place where a photo can hold more than its pixels."""

import base64
import gzip
import io
import struct
import zlib
from collections.abc import Callable

import pillow_heif
from PIL import Image

from tests.hostile import bases, exif
from tests.hostile.case import Case
from tests.hostile.icc import profile
from tests.hostile.oracle_bytes import word
from tests.hostile.pieces import (
    added,
    after_ihdr,
    after_soi,
    before,
    before_iend,
    box,
    chunk,
    riff,
    segment,
    vp8x,
    webp,
)

XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
Plant = Callable[[bytes, bytes], bytes]


def packet(said: bytes) -> bytes:
    """An XMP packet that says who made the picture."""
    return (
        b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        b'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator><rdf:Seq><rdf:li>'
        + said
        + b'</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def _extended(jpeg: bytes, said: bytes) -> bytes:
    whole = packet(said * 3000)
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    parts = [whole[at : at + 60_000] for at in range(0, len(whole), 60_000)]
    heads = [EXTENDED + guid + struct.pack(">II", len(whole), 60_000 * at) for at in range(len(parts))]
    return after_soi(jpeg, b"".join(segment(0xE1, head + part) for head, part in zip(heads, parts, strict=True)))


def _other(said: bytes) -> bytes:
    """Another picture, red, with a comment of its own."""
    return after_soi(bases.written(Image.new("RGB", (32, 24), "red"), "JPEG"), segment(0xFE, said))


def _second(jpeg: bytes, said: bytes) -> bytes:
    """A JPEG with a second one behind it, which its MPF segment points to."""
    rows = struct.pack(">IIIHH", 0x20030000, len(jpeg), 0, 0, 0) + struct.pack(
        ">IIIHH", 0, len(_other(said)), len(jpeg), 0, 0
    )
    head = b"MM\0*" + struct.pack(">IH", 8, 3) + struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
    index = head + struct.pack(">HHII", 0xB001, 4, 1, 2) + struct.pack(">HHIII", 0xB002, 7, 32, 50, 0) + rows
    return after_soi(jpeg, segment(0xE2, b"MPF\0" + index)) + _other(said)


def _c2pa(said: bytes) -> bytes:
    claim = box(b"jumd", b"c2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71", b"\x03c2pa\0") + box(
        b"json", b'{"by":"' + said + b'"}'
    )
    whole = box(b"jumb", claim)
    return segment(0xEB, b"JP" + struct.pack(">HI", 1, 1) + whole)


def _iptc(said: bytes) -> bytes:
    record = b"\x1c\x02\x50" + struct.pack(">H", len(said)) + said
    return segment(
        0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record + bytes(len(record) % 2)
    )


def _icc(said: bytes) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0\x01\x01" + profile(said))


def _fat_tables(jpeg: bytes, said: bytes) -> bytes:
    """A quantisation table nobody uses, made of the word."""
    return before(jpeg, 0xDA, segment(0xDB, b"\x03" + said.ljust(64, b"\x01")))


JPEG: dict[str, Plant] = {
    "exif": lambda jpeg, said: after_soi(jpeg, segment(0xE1, b"Exif\0\0" + exif.everywhere(said.decode()))),
    "exif-thumbnail": lambda jpeg, said: after_soi(
        jpeg, segment(0xE1, b"Exif\0\0" + exif.everywhere("plain", thumbnail=_other(said)))
    ),
    "maker-note": lambda jpeg, said: after_soi(
        jpeg, segment(0xE1, b"Exif\0\0" + exif.tiff({0x8769: exif.Directory({0x927C: b"Apple iOS\0" + said})}))
    ),
    "gps": lambda jpeg, said: after_soi(
        jpeg, segment(0xE1, b"Exif\0\0" + exif.tiff({0x8825: exif.Directory({1: "N", 27: said, 28: said})}))
    ),
    "second-exif": lambda jpeg, said: after_soi(
        jpeg, segment(0xE1, b"Exif\0\0" + exif.turned(1)) + segment(0xE1, b"Exif\0\0" + exif.everywhere(said.decode()))
    ),
    "xmp": lambda jpeg, said: after_soi(jpeg, segment(0xE1, XMP + packet(said))),
    "xmp-utf16": lambda jpeg, said: after_soi(jpeg, segment(0xE1, XMP + packet(said).decode().encode("utf-16-le"))),
    "xmp-extended": _extended,
    "unknown-app1": lambda jpeg, said: after_soi(jpeg, segment(0xE1, b"Nobody\0" + said)),
    **{
        f"app{number}": (lambda jpeg, said, number=number: after_soi(jpeg, segment(0xE0 + number, b"What\0" + said)))
        for number in range(16)
    },
    "jfif-thumbnail": lambda jpeg, said: after_soi(
        jpeg,
        segment(
            0xE0, b"JFIF\0\1\1\0\0\1\0\1" + bytes([5, len(said) // 15 + 1]) + said.ljust(15 * (len(said) // 15 + 1))
        ),
    ),
    "jfxx": lambda jpeg, said: after_soi(jpeg, segment(0xE0, b"JFXX\0\x10" + _other(said))),
    "icc": lambda jpeg, said: after_soi(jpeg, _icc(said)),
    "mpf": _second,
    "c2pa": lambda jpeg, said: after_soi(jpeg, _c2pa(said)),
    "iptc": lambda jpeg, said: after_soi(jpeg, _iptc(said)),
    "comment": lambda jpeg, said: after_soi(jpeg, segment(0xFE, said)),
    "comment-base64": lambda jpeg, said: after_soi(jpeg, segment(0xFE, base64.b64encode(b"by " + said))),
    "comment-deflated": lambda jpeg, said: after_soi(jpeg, segment(0xFE, zlib.compress(b"so says " + said))),
    "comment-gzip": lambda jpeg, said: after_soi(jpeg, segment(0xFE, gzip.compress(said, mtime=0))),
    "comment-before-scan": lambda jpeg, said: before(jpeg, 0xDA, segment(0xFE, said)),
    "comment-before-end": lambda jpeg, said: jpeg[:-2] + segment(0xFE, said) + jpeg[-2:],
    "jpg-extension": lambda jpeg, said: after_soi(jpeg, segment(0xF7, said)),
    "between-segments": lambda jpeg, said: before(jpeg, 0xDB, said),
    "spare-table": _fat_tables,
    "after-end": lambda jpeg, said: jpeg + said,
    "after-end-backwards": lambda jpeg, said: jpeg + said[::-1],
    "after-end-picture": lambda jpeg, said: jpeg + _other(said),
    "after-end-film": lambda jpeg, said: jpeg + added(bases.film(), (b"moov",), box(b"udta", box(b"name", said))),
    "after-end-samsung": lambda jpeg, said: jpeg + b"\0\0\1\n\x0e\0\0\0Image_UTC_Data" + said + b"SEFT",
}

_WEBP_FLAGS = 0x04 | 0x08 | 0x20


def _webp(*extra: bytes, last: bytes = b"") -> bytes:
    plain = bases.saved("WEBP")[12:]
    return webp(vp8x(*bases.SIDE, _WEBP_FLAGS), *extra, plain) + last


def _gif(extension: bytes, *, last: bytes = b"") -> bytes:
    whole = bases.saved("GIF")
    head = 13 + 3 * 2 ** ((whole[10] & 7) + 1)
    return whole[:head] + extension + whole[head:] + last


def _blocks(data: bytes) -> bytes:
    return (
        b"".join(bytes([len(part)]) + part for part in (data[at : at + 255] for at in range(0, len(data), 255))) + b"\0"
    )


OTHERS: dict[str, Callable[[bytes], bytes]] = {
    "png-text": lambda said: after_ihdr(bases.saved("PNG"), chunk(b"tEXt", b"Author\0" + said)),
    "png-ztxt": lambda said: after_ihdr(bases.saved("PNG"), chunk(b"zTXt", b"Author\0\0" + zlib.compress(said))),
    "png-itxt": lambda said: after_ihdr(
        bases.saved("PNG"), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet(said))
    ),
    "png-itxt-deflated": lambda said: after_ihdr(
        bases.saved("PNG"), chunk(b"iTXt", b"A\0\1\0\0\0" + zlib.compress(said))
    ),
    "png-raw-exif": lambda said: after_ihdr(
        bases.saved("PNG"), chunk(b"tEXt", b"Raw profile type exif\0\nexif\n40\n" + said.hex().encode())
    ),
    "png-exif": lambda said: after_ihdr(bases.saved("PNG"), chunk(b"eXIf", exif.everywhere(said.decode()))),
    "png-icc": lambda said: after_ihdr(
        bases.saved("PNG"), chunk(b"iCCP", said + b"\0\0" + zlib.compress(profile(said)))
    ),
    "png-time": lambda said: after_ihdr(
        bases.saved("PNG"),
        chunk(b"tIME", struct.pack(">HBBBBB", 2026, 3, 8, 8, 0, 0)) + chunk(b"sPLT", said + b"\0\x08"),
    ),
    "png-private": lambda said: before_iend(bases.saved("PNG"), chunk(b"prVt", said)),
    "png-c2pa": lambda said: after_ihdr(bases.saved("PNG"), chunk(b"caBX", box(b"jumb", said))),
    "png-after-end": lambda said: bases.saved("PNG") + said,
    "png-after-end-chunk": lambda said: bases.saved("PNG") + chunk(b"tEXt", b"Author\0" + said),
    "png-apng": lambda said: (
        bases.written(bases.picture(), "PNG", save_all=True, append_images=[Image.new("RGB", bases.SIDE)]) + said
    ),
    "webp-exif": lambda said: _webp(riff(b"EXIF", exif.everywhere(said.decode()))),
    "webp-xmp": lambda said: _webp(riff(b"XMP ", packet(said))),
    "webp-icc": lambda said: _webp(riff(b"ICCP", profile(said))),
    "webp-unknown": lambda said: _webp(riff(b"prVt", said)),
    "webp-after-end": lambda said: _webp(last=said),
    "gif-comment": lambda said: _gif(b"\x21\xfe" + _blocks(said)),
    "gif-plain-text": lambda said: _gif(b"\x21\x01" + _blocks(bytes(12))[:-1] + _blocks(said)),
    "gif-xmp": lambda said: _gif(
        b"\x21\xff\x0bXMP DataXMP" + packet(said) + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    ),
    "gif-application": lambda said: _gif(b"\x21\xff\x0bNOBODY12345" + _blocks(said)),
    "gif-after-end": lambda said: _gif(b"", last=said),
    "tiff": lambda said: bases.written(bases.picture(), "TIFF", tiffinfo={270: said.decode(), 315: said.decode()}),
    "avif-exif": lambda said: bases.written(bases.picture(), "AVIF", exif=b"Exif\0\0" + exif.everywhere(said.decode())),
    "avif-xmp": lambda said: bases.written(bases.picture(), "AVIF", xmp=packet(said)),
    "avif-icc": lambda said: bases.written(bases.picture(), "AVIF", icc_profile=profile(said)),
    "avif-after-end": lambda said: bases.saved("AVIF") + said,
    "avif-uuid": lambda said: bases.saved("AVIF") + box(b"uuid", bytes(16), said),
    "heic-exif": lambda said: bases.written(bases.picture(), "HEIF", exif=b"Exif\0\0" + exif.everywhere(said.decode())),
    "heic-xmp": lambda said: bases.written(bases.picture(), "HEIF", xmp=packet(said)),
    "heic-icc": lambda said: bases.written(bases.picture(), "HEIF", icc_profile=profile(said)),
    "heic-after-end": lambda said: bases.saved("HEIF") + said,
    "heic-free": lambda said: bases.saved("HEIF") + box(b"free", said),
}


def _heic_pair(said: bytes) -> bytes:
    file = pillow_heif.from_pillow(bases.picture())
    other = Image.new("RGB", (64, 64), "red")
    other.info["exif"] = b"Exif\0\0" + exif.everywhere(said.decode())
    file.add_from_pillow(other)
    out = io.BytesIO()
    file.save(out, quality=80)
    return out.getvalue()


OTHERS["heic-second-picture"] = _heic_pair
_MAYBE = ("tiff", "gif")  # kinds the allow-list may leave out


def cases() -> list[Case]:
    """Each class of metadata a photo can carry; a cleaned one looks as before and says nothing."""
    found = [
        Case(
            name=f"jpeg-{name}",
            make=lambda plant=plant, name=name: plant(bases.saved("JPEG"), word(name)),
            fate=_fate(name),
            like=bases.picture,
        )
        for name, plant in JPEG.items()
    ]
    return found + [
        Case(
            name=name,
            make=lambda make=make, name=name: make(word(name)),
            fate="either" if name.startswith(_MAYBE) else "cleaned",
            like=bases.picture,
        )
        for name, make in OTHERS.items()
    ]


def _fate(name: str) -> str:
    # Bytes in between are damage to some decoders; FFF7 begins a picture of another standard.
    return "either" if name in {"between-segments", "jpg-extension"} else "cleaned"
