"""The fonts of the cards: files of installed packages, and nothing the machine has.

Pango finds fonts through fontconfig. It is given a configuration that names our folders only, so a card is the
same on a bare server and on a designer's laptop.
"""

import functools
import importlib.util
import os
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from media.errors import MediaError, MissingGlyphs

FAMILIES = {"sans": "Noto Sans", "serif": "Noto Serif,Noto Sans"}
_PACKAGES = {"manimgx_fonts": ".", "fontpkg_noto_serif": "files"}
_LOCK = threading.Lock()

# No hinting, no colour fringes: the same glyphs at every size. No rescan: the file is gone once it is read.
_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
{folders}
<config><rescan><int>0</int></rescan></config>
<match target="font">
<edit name="antialias" mode="assign"><bool>true</bool></edit>
<edit name="hinting" mode="assign"><bool>false</bool></edit>
<edit name="autohint" mode="assign"><bool>false</bool></edit>
<edit name="rgba" mode="assign"><const>none</const></edit>
</match>
</fontconfig>
"""


@dataclass(frozen=True)
class Face:
    """What one font file can set: its code points, and its height above the baseline in parts of the size."""

    name: str
    covers: frozenset[int]
    ascent: float


def folders() -> list[Path]:
    """Return the folders that hold the fonts.

    Raises:
        MediaError: a package of fonts isn't installed.
    """
    found = []
    for package, inside in _PACKAGES.items():
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise MediaError(f"the fonts of the package {package} are missing: install {package}")
        found.append(Path(spec.submodule_search_locations[0], inside).resolve())
    return found


@functools.cache
def _files() -> tuple[Path, ...]:
    upright = (file for folder in folders() for file in sorted(folder.glob("*.ttf")) if "Italic" not in file.name)
    # The commonest first: a text in English opens one file.
    return tuple(sorted(upright, key=lambda file: (not file.name.startswith("NotoSans["), file.name)))


@functools.cache
def _face(file: Path) -> Face:
    # Slow to load, and needed only to set text; it comes without types.
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415

    with TTFont(file, lazy=True) as font:
        ascent = font["hhea"].ascent / font["head"].unitsPerEm
        return Face(file.name.split("[")[0], frozenset(font.getBestCmap()), ascent)


def _faces() -> Iterator[Face]:
    return (_face(file) for file in _files())


def _unseen(char: str) -> bool:
    """Tell whether `char` leaves no mark of its own: spaces, joiners, direction marks, variation selectors."""
    return (
        char in " \n\u00a0"
        or 0xFE00 <= ord(char) <= 0xFE0F
        or char in "\u00ad\u034f\u061c"
        or (unicodedata.category(char) == "Cf" and 0x200B <= ord(char) <= 0x206F)
    )


def require(text: str) -> None:
    """Make sure that every character of `text` can be set.

    Raises:
        MissingGlyphs: some can't; the message names them, their code points and the cure.
    """
    seen = (char for char in dict.fromkeys(text) if not _unseen(char))
    missing = [char for char in seen if not any(ord(char) in face.covers for face in _faces())]
    if missing:
        shown = ", ".join(f"{_shown(char)} (U+{ord(char):04X})" for char in missing[:8])
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
        raise MissingGlyphs(
            f"no font at hand can set {shown}{more}: use other characters, or install a font that has them"
        )


def _shown(char: str) -> str:
    return char if char.isprintable() else unicodedata.name(char, "a control character").lower()


def ascent(text: str) -> float:
    """Return how far the baseline of a line with `text` lies under its top, in parts of the font size."""
    tallest = 1.069  # Noto Sans and Noto Serif: the spaces of every line are theirs
    for char in dict.fromkeys(text):
        if not _unseen(char):
            tallest = max(tallest, next((face.ascent for face in _faces() if ord(char) in face.covers), 0.0))
    return tallest


@functools.cache
def _start() -> None:
    lines = "\n".join(f"<dir>{escape(str(folder))}</dir>" for folder in folders())
    names = ("FONTCONFIG_FILE", "FONTCONFIG_PATH", "FONTCONFIG_SYSROOT")
    before = {name: os.environ.pop(name, None) for name in names}
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as file:
        file.write(_CONFIGURATION.format(folders=lines))
        file.flush()
        os.environ["FONTCONFIG_FILE"] = file.name
        try:
            import pyvips  # noqa: PLC0415  # 50 ms that only a rendering should pay

            pyvips.Image.text("x", font="Noto Sans 8")  # fontconfig reads its file now, or never
        finally:
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def start() -> None:
    """Point Pango at our fonts, once a process and before it sets its first text."""
    with _LOCK:
        _start()
