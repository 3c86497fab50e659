"""Files that aren't what they are called: scripts, pages and archives as pictures, playlists and links as films."""

import gzip
import io
import struct
import tarfile
import zipfile

from PIL import Image

from tests.hostile import bases
from tests.hostile.canaries_film import moov_last
from tests.hostile.case import Case
from tests.hostile.pieces import EOI, SOI, after_ihdr, after_soi, box, chunk, edited, element, full, segment


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(zipfile.ZipInfo("a.txt"), b"hello" * 99)
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        file.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    return out.getvalue()


def texts(path: str) -> dict[str, bytes]:
    """Texts that name another file at `path`."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{path}"/></svg>'
    xxe = f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file://{path}">]><svg>&x;</svg>'
    laughs = (
        '<!DOCTYPE l [<!ENTITY a0 "ha">'
        + "".join(f'<!ENTITY a{n} "' + f"&a{n - 1};" * 9 + '">' for n in range(1, 9))
        + "]><l>&a8;</l>"
    )
    return {
        "svg": svg.encode(),
        "svgz": gzip.compress(svg.encode(), mtime=0),
        "xml-entity": xxe.encode(),
        "xml-laughs": laughs.encode(),
        "html": f'<!doctype html><script>fetch("{path}")</script>'.encode(),
        "mvg": f"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 '{path}'\npop graphic-context".encode(),
        "msl": f'<?xml version="1.0"?><image><read filename="{path}"/></image>'.encode(),
        "label": f"label:@{path}".encode(),
        "eps": f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({path}) (r) file\n".encode(),
        "ps": f"%!PS\n({path}) run showpage".encode(),
        "eps-with-preview": b"\xc5\xd0\xd3\xc6"
        + struct.pack("<7I", 32, 200, 0, 0, 0, 0, 0)
        + f"%!PS\n({path}) run".encode(),
        "pdf": f"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/Launch/F({path})>>>>endobj\n%%EOF".encode(),
        "script": f"#!/bin/sh\ncat {path}\n".encode(),
        "php": f"<?php readfile('{path}'); ?>".encode(),
        "js": b"alert(1)//",
        "csv": b"=cmd|' /C calc'!A0,1\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{path}\n#EXT-X-ENDLIST\n".encode(),
        "hls-bare-path": f"#EXTM3U\n#EXTINF:5,\n{path}\n#EXT-X-ENDLIST\n".encode(),
        "hls-concat": f"#EXTM3U\n#EXTINF:5,\nconcat:{path}|{path}\n#EXT-X-ENDLIST\n".encode(),
        "hls-key": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="file://{path}"\n#EXTINF:5,\nfile://{path}\n'.encode(),
        "hls-map": f'#EXTM3U\n#EXT-X-MAP:URI="file://{path}"\n#EXTINF:5,\nfile://{path}\n'.encode(),
        "hls-subfile": f"#EXTM3U\n#EXTINF:5,\nsubfile,,start,0,end,99,,:{path}\n".encode(),
        "hls-network": b"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/a.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{path}'\n".encode(),
        "ffmetadata": b";FFMETADATA1\ntitle=hello\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
        f'<Representation id="1" bandwidth="1"><BaseURL>file://{path}</BaseURL></Representation></AdaptationSet></Period>'
        "</MPD>".encode(),
        "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
        "subtitles": b"1\n00:00:00,000 --> 00:00:09,000\nhello\n",
        "ism": f'<smil><body><video src="{path}"/></body></smil>'.encode(),
        "url-list": f"file://{path}\n".encode(),
    }


def _binaries() -> dict[str, bytes]:
    small = Image.new("RGB", (16, 16), "red")
    kinds = ("BMP", "ICO", "PCX", "PPM", "TGA", "TIFF", "JPEG2000", "SGI", "DDS", "PDF", "EPS", "MSP", "XBM")
    made = {
        f"kind-{kind.lower()}": bases.written(small.convert("1") if kind in {"MSP", "XBM"} else small, kind)
        for kind in kinds
    }
    return made | {
        "zip": _zip(),
        "tar": _tar(),
        "gzip": gzip.compress(b"hello", mtime=0),
        "elf": b"\x7fELF\2\1\1" + bytes(200),
        "exe": b"MZ" + bytes(200),
        "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 16, 16, 8, 3) + bytes(99),
        "wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\0\0\0\0",
        "jxl": b"\xff\x0a" + bytes(30),
        "fits": b"SIMPLE  =                    T".ljust(2880),
        "fli": struct.pack("<IHHHHHH", 128, 0xAF12, 1, 16, 16, 8, 0) + bytes(120),
        "wmf": b"\xd7\xcd\xc6\x9a" + bytes(60),
        "empty": b"",
        "one-byte": b"\xff",
        "zeros": bytes(100_000),
        "bom": b"\xef\xbb\xbf" + bases.saved("JPEG"),
        "spaces-first": b"   " + bases.saved("PNG"),
        "zip-first": _zip() + bases.saved("JPEG"),
        "pdf-first": b"%PDF-1.4\n" + bases.saved("JPEG"),
        "html-first": b"<html>" + bases.saved("PNG"),
    }


def _polyglots() -> dict[str, bytes]:
    jpeg, png, gif = bases.saved("JPEG"), bases.saved("PNG"), bases.saved("GIF")
    javascript = b"=1/*" + bytes(40) + b"*/;alert(1)//"
    return {
        "zip-behind-jpeg": jpeg + _zip(),
        "zip-behind-png": png + _zip(),
        "gifar": gif + _zip(),
        "pdf-behind-jpeg": jpeg + b"%PDF-1.4\n%%EOF",
        "html-behind-jpeg": jpeg + b"<script>alert(1)</script>",
        "rar-behind-png": png + b"Rar!\x1a\7\0" + bytes(99),
        "php-in-comment": after_soi(jpeg, segment(0xFE, b"<?php system($_GET[0]); ?>")),
        "php-in-png": after_ihdr(png, chunk(b"tEXt", b"a\0<?php system(0); ?>")),
        "html-in-exif": after_soi(jpeg, segment(0xE1, b"Exif\0\0<script>alert(1)</script>")),
        "js-in-jpeg": SOI + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + segment(0xFE, javascript) + jpeg[20:],
        "xss-in-iccp": after_ihdr(png, chunk(b"iCCP", b"<script>\0\0bad")),
        "png-behind-jpeg": jpeg + png,
        "jpeg-behind-png": png + jpeg,
        "film-behind-jpeg": jpeg + bases.film(),
        "avif-named-heic": bases.saved("AVIF").replace(b"avif", b"heic", 1),
        "heic-named-avif": bases.saved("HEIF").replace(b"heic", b"avif", 1),
        "webp-named-wave": bases.saved("WEBP").replace(b"WEBP", b"WAVE", 1),
        "jpeg-header-on-html": SOI + b"\xff\xe0<html>" + EOI,
        "gif-header-on-js": b"GIF89a=1;alert(1)//",
        "png-header-on-svg": b"\x89PNG\r\n\x1a\n<svg/>",
        "ftyp-on-html": box(b"ftyp", b"heic", bytes(4), b"mif1") + b"<html>",
    }


def _links(path: str) -> dict[str, bytes]:
    """Films whose pictures stand in another file."""

    def dref(kind: bytes, payload: bytes) -> bytes:
        table = struct.pack(">II", 0, 1) + full(kind, payload)
        return edited(
            moov_last(bases.film(quiet=True, sound="")),
            (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"),
            lambda _: table,
        )

    name = path.encode()
    alias = struct.pack(">4sHHHB27sIIB63s", b"\0\0\0\0", 0, 2, 0, 1, b"/", 0, 0, min(63, len(name)), name[:63])
    alias += bytes(26) + struct.pack(">HH", 2, len(name)) + name + bytes(len(name) % 2) + b"\xff\xff\0\0"
    film = bases.film(kind="webm", codec="libvpx", sound="")
    held = element(
        0x1941A469, element(0x61A7, element(0x466E, b"a.m3u8") + element(0x4660, b"text/plain") + element(0x465C, name))
    )
    return {
        "dref-url": dref(b"url ", b"file://" + name + b"\0"),
        "dref-url-bare": dref(b"url ", name + b"\0"),
        "dref-urn": dref(b"urn ", b"x\0file://" + name + b"\0"),
        "dref-alias": dref(b"alis", alias),
        "dref-alias-qt": dref(b"alis", alias).replace(b"ftypisom", b"ftypqt  ", 1),
        "dref-network": dref(b"url ", b"http://127.0.0.1:9/a.mp4\0"),
        "rmra": box(b"ftyp", b"qt  ", bytes(4))
        + box(b"moov", box(b"rmra", box(b"rmda", full(b"rdrf", b"url ", struct.pack(">I", len(name)), name)))),
        "playlist-in-ftyp": box(b"ftyp", b"isom", bytes(4)) + b"#EXTM3U\n#EXTINF:5,\nfile://" + name,
        "playlist-in-mdat": box(b"ftyp", b"isom", bytes(4)) + box(b"mdat", b"#EXTM3U\nfile://" + name),
        "webm-attached-playlist": film + held,
        "webm-segment-links": film + element(0x1549A966, element(0x3E83AB, name) + element(0x3C83AB, name)),
    }


# Those whose pictures stand in the file all the same may be played; the link is never followed.
PROPER = {"webm-attached-playlist", "webm-segment-links", "dref-url", "dref-url-bare", "dref-urn", "dref-network"}


def cases(path: str = "/etc/hostname") -> list[Case]:
    """Every disguise, handed in as a photo and as a film; `path` is a file that nobody may open."""
    strange = texts(path) | _binaries()
    found = [Case(name=f"photo-{name}", make=lambda data=data: data, fate="refused") for name, data in strange.items()]
    found += [
        Case(name=f"film-{name}", make=lambda data=data: data, fate="refused", kind="video")
        for name, data in strange.items()
    ]
    found += [Case(name=f"polyglot-{name}", make=lambda data=data: data) for name, data in _polyglots().items()]
    found += [
        Case(name=f"polyglot-film-{name}", make=lambda data=data: data, fate="refused", kind="video")
        for name, data in _polyglots().items()
    ]
    return found + [
        Case(
            name=f"link-{name}",
            make=lambda data=data: data,
            fate="either" if name in PROPER else "refused",
            kind="video",
        )
        for name, data in _links(path).items()
    ]
