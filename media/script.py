"""What a language asks of a text before it is set: its direction, its spaces, the places a line may end."""

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
_LRI, _PDI = "\u2066", "\u2069"

# A Burmese syllable begins at a letter that neither carries a killer (asat) nor is stacked under another.
# Burmese has no spaces between words, so a line may also end between two syllables.
_BURMESE = re.compile(
    r"(?<=[\u1000-\u109f])(?<!\u1039)"
    r"(?=[\u1000-\u102a\u103f\u1040-\u1049](?!\u1037?[\u1039\u103a]))(?<![\u1040-\u1049](?=[\u1040-\u1049]))"
)
_AFTER = re.compile(r"(?<=[\w)][-\u2010\u2013\u2014/\u1361\u1362])(?=\w)")
_TAG = re.compile(r"[#@][A-Za-z0-9_]*[A-Za-z][A-Za-z0-9_]*")


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
    return re.sub(r" (?=[\u2013\u2014] )", _NO_BREAK, text)


def isolate_tags(text: str) -> str:
    """Return `text` with each Latin hashtag or handle kept left-to-right, its sign in front."""
    return _TAG.sub(lambda tag: f"{_LRI}{tag[0]}{_PDI}", text)


def pieces(text: str) -> list[tuple[str, bool]]:
    """Cut one line of tidy text where a line may end.

    Returns:
        Pairs of a piece and whether a space follows it. Joined again they are the text.
    """
    found: list[tuple[str, bool]] = []
    for word in text.split(" "):
        parts = [part for half in _AFTER.split(word) for part in _BURMESE.split(half) if part]
        found += [(part, False) for part in parts[:-1]]
        found += [(part, True) for part in parts[-1:]]
    return found


def upper(text: str, language: str) -> str:
    """Return `text` in capitals if that is sound: Latin letters only, in a language that has one way to do it."""
    letters = [char for char in text if char.isalpha()]
    latin = all(unicodedata.name(char, "").startswith("LATIN") for char in letters)
    plain = language.lower().split("-")[0] not in {"az", "de", "el", "ga", "lt", "tr"}
    return text.upper() if latin and plain and letters else text
