"""What several networks count: characters as people see them (grapheme clusters of Unicode), and plain links."""

import re

# Of these each is one by itself, whatever stands beside it of the same: most of what Europe writes.
_SIMPLE = re.compile("[\n\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u20a0-\u20bf]*")
PLAIN_LINK = re.compile(r"https?://(?:[a-z0-9]{1,40}\.){1,4}(?:com|net|org)(?:/[a-z0-9/-]{0,200})?")
"""Of these it is known that networks take the whole word for a link, without the parser, which is slow to load."""

_HALF = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """Return a text whose surrogate pairs are characters, and whose halves of one are marked as unreadable."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _HALF.search(text) else text


def graphemes(text: str) -> int:
    """Return the number of characters as people see them."""
    if _SIMPLE.fullmatch(text):
        return len(text)
    import regex

    return len(regex.findall(r"\X", text))
