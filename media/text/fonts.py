"""The fonts of the cards: files of installed packages, and nothing the machine has.

Every text names its fonts in order, so that a card is the same on a bare server and on a designer's laptop. Those of
Chinese, Japanese and Korean weigh 32 MB: they are opened for a text that needs them and for no other.
"""

import functools
import importlib.util
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from media.errors import MediaError, MissingGlyphs
from media.text import emoji

if TYPE_CHECKING:
    import uharfbuzz as hb  # type: ignore[import-untyped]

_PACKAGES = {"manimgx_fonts": ".", "fontpkg_noto_serif": "files"}
_CJK_PACKAGE = "manimgx_fonts_cjk"
_CJK = ("JP", "KR", "SC", "TC", "HK")  # the faces of the one file, in its order


@dataclass(frozen=True)
class Face:
    """One set of letters: the name Pango knows it by, its file, and its number in that file."""

    family: str
    file: Path
    number: int = 0


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        name = package.replace("_", "-")
        raise MediaError(f"the fonts of the package {name} are missing: install {name}")
    return Path(spec.submodule_search_locations[0]).resolve()


def folders() -> list[Path]:
    """Return the folders that hold the fonts Pango knows from the start.

    Raises:
        MediaError: a package of fonts isn't installed.
    """
    return [(_folder(package) / inside).resolve() for package, inside in _PACKAGES.items()]


@functools.cache
def _plain(serif: bool) -> tuple[Face, ...]:  # noqa: FBT001  # functools.cache knows positions only
    """Return the faces tried for each character, first to last; the last draw signs, not letters."""
    sans, serifs = folders()
    if serif:
        return (Face("Noto Serif", next(serifs.glob("NotoSerif[[]*.ttf"))), *_plain(False))
    by_name = {file.name.split("[")[0]: file for file in sans.glob("Noto*.ttf") if "Italic" not in file.name}
    last = ["NotoSansSymbols", "NotoEmoji"]
    names = ["NotoSans", *sorted(by_name.keys() - {"NotoSans", *last}), *last]
    return tuple(Face(_family(name), by_name[name]) for name in names)


def _family(name: str) -> str:
    return name.replace("NotoSans", "Noto Sans ").replace("NotoEmoji", "Noto Emoji").strip()


@functools.cache
def cjk(language: str) -> Face:
    """Return the face with the forms that `language` (BCP 47) writes: `zh-Hant-HK`, `zh-TW`, `ja` and so on."""
    parts = language.replace("_", "-").lower().split("-")
    variant = {"ja": "JP", "ko": "KR", "yue": "HK"}.get(parts[0], "SC")
    if parts[0] == "zh" and "hans" not in parts:
        variant = "HK" if {"hk", "mo"} & set(parts) else "TC" if {"hant", "tw"} & set(parts) else "SC"
    file = _folder(_CJK_PACKAGE) / "NotoSansCJK-VF.otf.ttc"
    return Face(f"Noto Sans CJK {variant}", file, _CJK.index(variant))


@functools.cache
def _opened(face: Face) -> "hb.Face":
    import uharfbuzz as hb  # noqa: PLC0415  # only who sets a text needs it

    return hb.Face(hb.Blob.from_file_path(str(face.file)), face.number)


@functools.cache
def covers(face: Face) -> frozenset[int]:
    """Return the code points `face` can set."""
    return frozenset(_opened(face).unicodes)


@functools.cache
def scaled(face: Face, weight: int) -> "hb.Font":
    """Return `face` for measuring, at `weight` (400 to 700)."""
    import uharfbuzz as hb  # noqa: PLC0415

    font = hb.Font(_opened(face))
    font.set_variations({"wght": weight})
    return font


@functools.cache
def _ascent(face: Face) -> float:
    ascender: int = scaled(face, 400).get_font_extents("ltr").ascender
    return ascender / float(_opened(face).upem)


def unseen(char: str) -> bool:
    """Tell whether `char` leaves no mark of its own: spaces, joiners, direction marks, variation selectors."""
    return (
        char in " \n\u00a0\u202f"
        or 0xFE00 <= ord(char) <= 0xFE0F
        or char in "\u00ad\u034f\u061c"
        or (unicodedata.category(char) == "Cf" and 0x200B <= ord(char) <= 0x206F)
    )


@dataclass(frozen=True, eq=False)
class Chain:
    """The faces a text is set in, in the order in which each of its characters tries them."""

    faces: tuple[Face, ...]
    families: str  # as Pango wants them: every one by its name, so that none is left to chance
    heavy: bool  # the fonts of Chinese are among them


@functools.cache
def _chain(serif: bool, cjk: Face | None, first: bool) -> Chain:  # noqa: FBT001
    plain, more = _plain(serif), (cjk,) if cjk else ()
    faces = more + plain if first else plain + more
    return Chain(faces, ",".join(face.family for face in faces), cjk is not None)


def chain(text: str, language: str, *, serif: bool = False) -> Chain:
    """Return the faces that set `text`.

    A text of Chinese, Japanese or Korean takes its quotes, dashes and digits from its own fonts.
    """
    plain = _chain(serif, None, False)
    if text.isascii():
        return plain
    if language.lower().replace("_", "-").split("-")[0] in {"zh", "yue", "ja", "ko"}:
        return _chain(serif, cjk(language), True)
    characters = dict.fromkeys(emoji.PATTERN.sub("", text))
    if all(_setting(char, plain) or unseen(char) for char in characters):
        return plain
    return _chain(serif, cjk(language), False)


@functools.lru_cache(maxsize=16384)
def _setting(char: str, chain: Chain) -> Face | None:
    return next((face for face in chain.faces if ord(char) in covers(face)), None)


def runs(text: str, chain: Chain) -> list[tuple[Face, str]]:
    """Cut `text` where its face changes; a space, a mark or a joiner stays with the letter before it."""
    if text.isascii():
        return [(chain.faces[0], text)]
    found: list[tuple[Face, str]] = []
    at = 0
    for sequence in [*emoji.PATTERN.finditer(text), None]:
        for char in text[at : sequence.start() if sequence else None]:
            _append(found, _following(char, found, chain), char)
        if sequence:
            _append(found, _signs(), sequence[0])
            at = sequence.end()
    return found


def presented(text: str, chain: Chain) -> str:
    """Return `text` with its emoji marked as such: Pango then leaves the spaces beside them to the letters' font."""
    if text.isascii():
        return text
    return "".join(emoji.marked(part) if face is _signs() else part for face, part in runs(text, chain))


@functools.cache
def _signs() -> Face:
    return next(face for face in _plain(False) if face.family == "Noto Emoji")


def _append(found: list[tuple[Face, str]], face: Face, part: str) -> None:
    if found and found[-1][0] is face:
        found[-1] = (face, found[-1][1] + part)
    else:
        found.append((face, part))


def _following(char: str, found: list[tuple[Face, str]], chain: Chain) -> Face:
    before = found[-1][0] if found else chain.faces[0]
    if char in " \u00a0":
        return chain.faces[0] if before is _signs() else before
    stays = unseen(char) or (unicodedata.category(char)[0] == "M" and ord(char) in covers(before))
    return before if stays else _setting(char, chain) or before


def require(text: str) -> None:
    """Make sure that every character of `text`, and every emoji put together from several, can be set.

    Raises:
        MissingGlyphs: some can't; the message names them, their code points and the cure.
    """
    for sequence in dict.fromkeys(emoji.PATTERN.findall(text)):
        if not emoji.whole(sequence, scaled(_signs(), 400)):
            raise MissingGlyphs(
                f"the emoji {sequence} ({' '.join(f'U+{ord(char):04X}' for char in sequence)}) would fall to pieces "
                "on a card: no font at hand has it as one sign; use another"
            )
    seen = [char for char in dict.fromkeys(emoji.PATTERN.sub("", text)) if not unseen(char)]
    plain = _chain(False, None, False)
    missing = [char for char in seen if not _setting(char, plain) and ord(char) not in covers(cjk("zh"))]
    if missing:
        shown = ", ".join(f"{_shown(char)} (U+{ord(char):04X})" for char in missing[:8])
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
        raise MissingGlyphs(
            f"no font at hand can set {shown}{more}: use other characters, or install a font that has them"
        )


def _shown(char: str) -> str:
    return char if char.isprintable() else unicodedata.name(char, "a control character").lower()


def ascent(text: str, chain: Chain) -> float:
    """Return how far the baseline of a line with `text` lies under its top, in parts of the font size."""
    return max([_ascent(chain.faces[0]), *(_ascent(face) for face, _ in runs(text, chain))])
