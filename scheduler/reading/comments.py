"""What stands behind a word without being read: a comment, which may have been meant as a hashtag."""

import re
from dataclasses import replace
from typing import Protocol

from scheduler.model import Place
from scheduler.reading.nodes import Comment, Node, Scalar

_COMMENT = re.compile(r"(\s+)#(\w*)(:?)")


class Mark(Protocol):
    """A position in a text, counted from 0."""

    index: int
    line: int
    column: int


def behind(text: str, end: Mark, name: str) -> Comment | None:
    """Return the comment behind a word; on a line of its own only what looks like a hashtag counts."""
    found = _COMMENT.match(text, end.index)
    if not found:
        return None
    gap, word, colon = found.groups()
    lines = re.split("\r\n|\r|\n", gap)
    if len(lines) == 1:
        place = Place(file=name, line=end.line + 1, column=end.column + len(gap) + 1)
        return Comment(place, is_hashtag=word != "")
    place = Place(file=name, line=end.line + len(lines), column=len(lines[-1]) + 1)
    return Comment(place, is_hashtag=True) if word and not colon else None


def value_of(key: Scalar, value: Node) -> Node:
    """Return a key's value, with its place and its comment as people see them.

    The parser places an empty one at whatever comes next; people look at its key. A comment on a line of its own that
    doesn't stand deeper than the key isn't the value's.
    """
    if not isinstance(value, Scalar):
        return value
    if value.plain and not value.text:
        value = replace(value, line=key.line, column=key.column)
    if value.comment is None:
        return value
    place = value.comment.place
    if place.line == key.line or place.column > key.column:
        return value
    return replace(value, comment=None)
