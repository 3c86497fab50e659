# ruff: noqa: RUF001  # the signs of many scripts look alike: that is the subject here
"""What a language asks of a text before it is set: its direction, its spaces, the places a line may end."""

import itertools
import re
import unicodedata

_RTL_LANGUAGES = frozenset(
    [
        "ar",
        "arc",
        "azb",
        "ckb",
        "dv",
        "fa",
        "he",
        "ks",
        "lrc",
        "mzn",
        "nqo",
        "pnb",
        "prs",
        "ps",
        "sd",
        "syr",
        "ug",
        "ur",
        "yi",
    ]
)
_RTL_SCRIPTS = frozenset({"arab", "hebr", "syrc", "thaa", "nkoo", "rohg", "adlm"})
_NO_BREAK = "\u00a0"
# Words of one letter that belong to the next word: they never end a line.
_CLINGING = dict.fromkeys(("be", "ru", "uk"), "ВвКкСсОоУуИиАаЯяІіЗзЎў№")
_CLINGING |= dict.fromkeys(("ar", "fa", "prs"), "و") | {"ps": "دو"}
_FSI, _PDI = "\u2068", "\u2069"

# A Burmese syllable begins at a letter that neither carries a killer (asat) nor is stacked under another.
# Burmese has no spaces between words, so a line may also end between two syllables.
_BURMESE = re.compile(
    r"(?<=[\u1000-\u109f])(?<!\u1039)"
    r"(?=[\u1000-\u102a\u103f\u1040-\u1049](?!\u1037?[\u1039\u103a]))(?<![\u1040-\u1049](?=[\u1040-\u1049]))"
)
_AFTER = re.compile(r"(?<=[\w)][-\u2010\u2013\u2014/\u1361\u1362])(?=\w)|(?<=\u200b)(?=.)")

# Chinese and Japanese: a line may end between any two signs, except where one of these would stand alone.
_IDEOGRAPH = (
    "\u2e80-\u2fff\u3001-\u30ff\u3105-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff9f"
    "\U00020000-\U0003ffff"
)
_NEVER_FIRST = (
    r"、。，．,.：:；;！!？?）)】］\]｝}》〉」』〕〗〙”’»›…‥—–～~·・％%‰℃°々〻ゝゞヽヾーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
    "\u00a0\u200d\u2060\ufe00-\ufe0f\u0300-\u036f\u3099\u309a\U000e0100-\U000e01ef"
)
_NEVER_LAST = r"（(【［\[｛{《〈「『〔〖〘“‘«‹#＃@＠￥¥$£€" + "\u00a0\u200d\u2060"
_BETWEEN = re.compile(
    f"(?:(?<=[{_IDEOGRAPH}])(?=.)|(?<=.)(?=[{_IDEOGRAPH}]))(?<![{_NEVER_LAST}])(?![{_NEVER_FIRST}])"
    r"(?<!\d(?=[年月日号號时時点點分个個人名位岁歲周週天万萬亿億]))"
)
_HAN = re.compile(f"[{_IDEOGRAPH}]")
_ARABIC = re.compile("[\u0620-\u06ff]")

# What people type on a keyboard of Latin letters runs left to right as a whole, its sign in front; a hashtag in
# another script runs as its own first letter does.
_TAG = re.compile(
    r"(?:https?://|www\.)[^\s<>]*[\w/]"  # an address of a page
    r"|(?<![\w@.])[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"  # an e-mail address
    r"|(?<!\w)[#@＃][^\s#@＃\u2066-\u2069.,:;!?…()\[\]«»“”\"、。，：；！？（）「」《》،؛؟۔።፣፤၊။]+"
    r"(?:[@.][A-Za-z0-9_-]+)*"  # a hashtag; a handle, maybe with its server
    r"|(?<![\w.])[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?:/[^\s<>]*[\w/])?"  # example.org/free
    r"|(?<!\w)\+\d[\d \u00a0()-]*\d"  # a telephone number
)


def right_to_left(language: str) -> bool:
    """Tell whether `language` (BCP 47) is written from right to left; a script subtag decides if it has one."""
    parts = language.replace("_", "-").lower().split("-")
    scripts = [part for part in parts[1:] if len(part) == 4 and part.isalpha()]
    if scripts:
        return scripts[0] in _RTL_SCRIPTS
    return parts[0] in _RTL_LANGUAGES


def tidy(text: str, language: str) -> str:
    """Return `text` ready to be set: composed, with single spaces, and kept together where it must be.

    Line breaks stay: whoever wrote them meant them.
    """
    lines = unicodedata.normalize("NFC", text).splitlines()
    text = "\n".join(re.sub(r"[ \t\u2000-\u200a\u3000]+", " ", line).strip() for line in lines).strip("\n")
    text = re.sub(r"\n{2,}", "\n", text)
    if language.lower().split("-")[0] == "fr":
        text = re.sub(r" (?=[;:!?»%€])", _NO_BREAK, text)
        text = re.sub(r"(?<=«) ", _NO_BREAK, text)
        text = re.sub(r"(?<=\d) (?=\d)", _NO_BREAK, text)
    if clinging := _CLINGING.get(language.lower().split("-")[0]):
        text = re.sub(rf"(?<![^\s«„(])([{clinging}]) ", rf"\1{_NO_BREAK}", text)
    text = re.sub(r" (?=[።፣፤፥፦፧၊။،؛؟۔])", _NO_BREAK, text)  # some put a space before these: never a line
    return re.sub(r" (?=[\u2013\u2014] )", _NO_BREAK, text)


def isolate_tags(text: str) -> str:
    """Return `text` with each hashtag, handle and address kept in its own order, its sign in front."""
    return _TAG.sub(lambda tag: f"{_FSI}{tag[0]}{_PDI}", text)


def level(text: str) -> str:
    """Return `text` led by an unseen Arabic mark if it has Arabic letters.

    Pango lets the first script of a line choose the baseline; after a Chinese sign it would lift the Arabic ones.
    """
    return f"{_FSI}\u061c{_PDI}{text}" if _ARABIC.search(text) else text


def carried(lines: list[str], language: str) -> list[str]:
    """Return `lines` with what a phrase of the other direction needs where it is broken: its comma stays its own."""
    found = list(lines)
    against = "L" if right_to_left(language) else "R"
    for at, (above, below) in enumerate(itertools.pairwise(lines)):
        if _direction(above[::-1]) == _direction(below) == against:
            mark = "\u200e" if against == "L" else "\u200f"
            found[at], found[at + 1] = found[at] + mark, mark + below
    return found


def _direction(text: str) -> str:
    """Return the direction, L or R, of the first letter in `text`; empty if there is none."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next(("L" if kind == "L" else "R" for kind in kinds if kind in {"L", "R", "AL"}), "")


def may_end(piece: str, following: str) -> bool:
    """Tell whether a line ends between the two as well as at a space: a sign of Chinese, an Ethiopic word space."""
    return piece[-1] in "\u1361\u1362\u200b" or _HAN.search(piece[-1] + following[0]) is not None


def pieces(text: str) -> list[tuple[str, bool]]:
    """Cut one line of tidy text where a line may end: at spaces, after hyphens, between syllables or ideographs.

    Returns:
        Pairs of a piece and whether a space follows it. Joined again they are the text.
    """
    found: list[tuple[str, bool]] = []
    for word in text.split(" "):
        parts = _cut(word)
        found += [(part, False) for part in parts[:-1]]
        found += [(part, True) for part in parts[-1:]]
    return found


def _cut(word: str) -> list[str]:
    places = {found.start() for rule in (_AFTER, _BURMESE, _BETWEEN) for found in rule.finditer(word)} - {0}
    if not places:
        return [word] if word else []
    for tag in _TAG.finditer(word):
        if tag[0][0] in "#＃@":  # a hashtag or a handle stays whole
            places -= set(range(tag.start() + 1, tag.end()))
    edges = [0, *sorted(places), len(word)]
    return [word[start:end] for start, end in itertools.pairwise(edges)]


def upper(text: str, language: str) -> str:
    """Return `text` in capitals if that is sound: Latin letters only, in a language that has one way to do it."""
    letters = [char for char in text if char.isalpha()]
    latin = all(unicodedata.name(char, "").startswith("LATIN") for char in letters)
    plain = language.lower().split("-")[0] not in {"az", "de", "el", "ga", "lt", "tr"}
    return text.upper() if latin and plain and letters else text
