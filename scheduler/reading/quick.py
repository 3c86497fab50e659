"""The nodes of a file in which nothing is unusual, at the speed of libyaml.

libyaml reads YAML 1.1 and tells little of what is wrong. So it is asked only for files in which it and YAML 1.2 can't
differ, and believed only where it finds nothing to complain of: every other file is for the careful parser (`parse`),
which has the last word on what is wrong and where. The meaning of words is decided by neither, but by `nodes`.
"""

import re
from typing import Any

from scheduler.model import Place
from scheduler.reading import comments
from scheduler.reading.nodes import Node, Row, Scalar, Table

# Line ends and spaces of which the two versions think differently; documents and directives; keys set off by '?'.
_UNUSUAL = re.compile(
    "[\t\r\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|^(?:---|\\.\\.\\.|%)|[\\[{,][ \n]*\\?|^[ -]*[?|>]", re.MULTILINE
)
# What must stand behind a text in quotes, and how a text below '|' or '>' must be opened.
_BEHIND_QUOTES = re.compile(r"[ \n,\]}]|:[ \n]|\Z")
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f]")  # what an escape may have hidden
_OPENED_BLOCK = re.compile(r"[|>](?:[+-]|[1-9])? *(?:\n|\Z)")


def nodes(text: str, name: str, *, deepest: int) -> Node | None:
    """Return the root node of `text`; None where the careful parser must look."""
    if _UNUSUAL.search(text):
        return None
    try:
        from yaml import YAMLError
        from yaml._yaml import CParser
    except ImportError:  # PyYAML was built without libyaml
        return None
    try:
        return _built(CParser(text), text, name, deepest)
    except (YAMLError, _Unusual):
        return None


class _Unusual(Exception):  # noqa: N818
    """Something that the careful parser must look at."""


def _built(parser: Any, text: str, name: str, deepest: int) -> Node | None:
    """Put the nodes together from the parser's events, as the careful parser's are."""
    from yaml.events import (
        DocumentEndEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
        StreamEndEvent,
    )

    has_comments = "#" in text
    open_: list[tuple[Place, bool, list[Node]]] = []
    into: list[Node] = []
    following = parser.get_event
    event = following()
    while not isinstance(event, DocumentEndEvent):
        kind = type(event)
        if kind is ScalarEvent:
            into.append(_scalar(event, text, name, has_comments=has_comments))
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if event.anchor is not None or event.tag is not None or len(open_) >= deepest:
                raise _Unusual
            open_.append((_place(event.start_mark, name), bool(event.flow_style), into))
            into = []
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            place, in_braces, outer = open_.pop()
            outer.append(_table(into, place, in_braces) if kind is MappingEndEvent else Row(tuple(into), place))
            into = outer
        elif event is None or hasattr(event, "anchor"):  # the end of an empty file; an alias
            raise _Unusual
        event = following()
    if not isinstance(following(), StreamEndEvent):
        raise _Unusual
    return into[0] if into else None


def _place(mark: Any, name: str) -> Place:
    return Place(file=name, line=mark.line + 1, column=mark.column + 1)


def _scalar(event: Any, text: str, name: str, *, has_comments: bool) -> Scalar:
    value = event.value
    if event.anchor is not None or event.tag is not None or (event.style == '"' and _HIDDEN.search(value)):
        raise _Unusual
    plain = bool(event.implicit[0])
    if not plain:
        _require_usual(event, text)
    comment = comments.behind(text, event.end_mark, name) if has_comments and plain and value else None
    return Scalar(value, plain, _place(event.start_mark, name), comment)


def _require_usual(event: Any, text: str) -> None:
    """Give a text in quotes or in a block to the careful parser where the two may end or open it elsewhere."""
    quoted = event.style in "'\""
    usual = (
        _BEHIND_QUOTES.match(text, event.end_mark.index)
        if quoted
        else _OPENED_BLOCK.match(text, event.start_mark.index)
    )
    if not usual:
        raise _Unusual


def _table(children: list[Node], place: Place, in_braces: bool) -> Table:  # noqa: FBT001 - the node's own order
    items = []
    seen = set()
    for key, value in zip(children[::2], children[1::2], strict=True):
        if not isinstance(key, Scalar) or key.text in seen:
            raise _Unusual
        seen.add(key.text)
        items.append((key, comments.value_of(key, value)))
    return Table(tuple(items), place, in_braces)
