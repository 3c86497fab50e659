"""PURE: the code that takes a consent back: 60 bits, in letters and figures that nobody mistakes for each other."""

import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32."""

LENGTH = 12
BITS = 5 * LENGTH
_GROUP = 4
_MISTAKEN = str.maketrans("OIL", "011")


def written(number: int) -> str:
    """Return a number of BITS bits as a code, in groups of four: `7K3M-Q0XV-91TD`."""
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH)))
    return "-".join(letters[start : start + _GROUP] for start in range(0, LENGTH, _GROUP))


def normalised(code: str) -> str:
    """Return a code as it is hashed: whatever case, spaces, dashes and mistaken letters it was typed with."""
    plain = unicodedata.normalize("NFKC", code[:200]).upper().translate(_MISTAKEN)
    return "".join(char for char in plain if char in ALPHABET)
