"""Blots out of a text what no log may show: secrets, by their names, their looks and their values, and addresses.

And makes it a text of one line: what a network or a file says may hold marks that move a terminal's cursor, or that
begin a line of their own.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from urllib.parse import quote

BLOT = "[redacted]"
_SHORTEST = 6  # characters of a secret that is looked for by its value: "on" and "1" stand everywhere
_WORD = (
    r"(?:authorization|(?:api|access|private|secret|app|storage)[-_ ]?(?:key|secret|token|password)|client[-_ ]?secret|"
    r"(?:refresh|id|bearer|session|csrf)[-_ ]?token|token|secret|password|passwd|passphrase|set-cookie|cookie|"
    r"credentials?|signature|oauth_[a-z_]+|code_verifier)"
)
_NAME = re.compile(rf"(?:^|^pg|[^a-z]){_WORD}$", re.IGNORECASE)
_SAID = re.compile(
    rf"""(?P<name>(?<![a-z]){_WORD}["']?\s*(?::|=|%3d)\s*)(?P<value>"[^"]*"|'[^']*'|(?:(?:bearer|basic|oauth)\s+)?[^\s&,;"'<>\])}}]+)""",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(?P<name>bearer|basic|dpop)\s+(?P<value>[A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)
_LOGIN = re.compile(r"(?P<name>\b[a-z][a-z0-9+.-]*://)(?P<value>[^\s/@]+)@", re.IGNORECASE)
_KNOWN = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|\b(?:gh[pousr]_|github_pat_|xox[abprs]-|sk-|AKIA|ASIA|EAA|AIza|glpat-|ya29\.)"
    r"[\w.+/=-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_MAIL = re.compile(r"(?<![@\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")  # not @name@host, which is public
_SUSPECT = re.compile(r"[^ -~]")


def plain(text: str, *, longest: int) -> str:
    """Return a text as one line that is safe on any terminal; what was cut off at its end is told."""
    cut = f"{text[:longest]}… ({len(text) - longest} more)" if len(text) > longest else text
    return _SUSPECT.sub(_shown, cut)


def _shown(found: re.Match[str]) -> str:
    mark = found[0]
    if unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return mark.encode("unicode_escape").decode("ascii")
    return mark


def is_secret(name: str) -> bool:
    """Tell whether what bears this name is a secret."""
    return _NAME.search(name) is not None


class Redaction:
    """Blots out; made once, asked for each text."""

    def __init__(self, hidden: Callable[[], Iterable[str]] = tuple) -> None:
        """`hidden` returns the secrets there are; the same object as long as they are the same."""
        self._hidden = hidden
        self._known: Iterable[str] | None = None
        self._values: re.Pattern[str] | None = None

    def __call__(self, text: str) -> str:
        """Return the text without what it mustn't show."""
        values = self._by_value()
        if values is not None:
            text = values.sub(BLOT, text)
        text = _LOGIN.sub(rf"\g<name>{BLOT}@", text)
        text = _SAID.sub(rf"\g<name>{BLOT}", text)
        text = _SCHEME.sub(rf"\g<name> {BLOT}", text)
        return _MAIL.sub("[e-mail]", _KNOWN.sub(BLOT, text))

    def _by_value(self) -> re.Pattern[str] | None:
        known = self._hidden()
        if known is not self._known:
            forms = {form for one in known if len(one) >= _SHORTEST for form in (one, quote(one, safe=""))}
            longest_first = sorted(forms, key=len, reverse=True)
            self._values = re.compile("|".join(map(re.escape, longest_first))) if forms else None
            self._known = known
        return self._values
