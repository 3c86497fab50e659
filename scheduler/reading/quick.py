"""The nodes of a file in which nothing is unusual, at the speed of libyaml.

libyaml reads YAML 1.1 and tells little of what is wrong. So it is asked only for files in which it and YAML 1.2 can't
differ, and believed only where it finds nothing to complain of: every other file is for the careful parser (`parse`),
which has the last word on what is wrong and where. The meaning of words is decided by neither, but by `nodes`.
"""

import re
from typing import Any

from scheduler.reading import comments
from scheduler.reading.nodes import Node, Row, Scalar, Table

# Line ends and spaces of which the two versions think differently; documents and directives; keys set off by '?'. One
# pattern for each, for one of all of them would be tried at every letter.
_UNUSUAL = re.compile("[\t\r\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_UNUSUAL_LINE = re.compile(r"\n(?:---|\.\.\.|%|[ -]*[?|>])")
_UNUSUAL_KEY = re.compile(r"[\[{,][ \n]*\?")
# What must stand behind a text in quotes, and how a text below '|' or '>' must be opened.
_BEHIND_QUOTES = re.compile(r"[ \n,\]}]|:[ \n]|\Z")
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f]")  # what an escape may have hidden
_OPENED_BLOCK = re.compile(r"[|>](?:[+-]|[1-9])? *(?:\n|\Z)")


def nodes(text: str, name: str, *, deepest: int) -> Node | None:
    """Return the root node of `text`; None where the careful parser must look."""
    if _UNUSUAL.search(text) or _UNUSUAL_LINE.search(f"\n{text}") or ("?" in text and _UNUSUAL_KEY.search(text)):
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
    from yaml.events import DocumentEndEvent, MappingEndEvent, ScalarEvent, SequenceEndEvent, StreamEndEvent

    has_comments = "#" in text
    open_: list[tuple[Any, list[Node]]] = []
    into: list[Node] = []
    following = parser.get_event
    while (kind := type(event := following())) is not DocumentEndEvent:
        if kind is ScalarEvent:
            if event.anchor is not None or event.tag is not None:
                raise _Unusual
            mark, is_plain = event.start_mark, event.implicit[0]
            comment = comments.behind(text, event.end_mark, name) if has_comments and is_plain and event.value else None
            into.append(Scalar(event.value, is_plain, name, mark.line + 1, mark.column + 1, comment))
            if event.style:
                _require_usual(event, text)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            begun, outer = open_.pop()
            outer.append((_table if kind is MappingEndEvent else _row)(into, begun, name))
            into = outer
        elif hasattr(event, "flow_style"):  # a list or mapping begins
            if event.anchor is not None or event.tag is not None or len(open_) >= deepest:
                raise _Unusual
            open_.append((event, into))
            into = []
        elif event is None or hasattr(event, "anchor"):  # the end of an empty file; an alias
            raise _Unusual
    if type(following()) is not StreamEndEvent:
        raise _Unusual
    return into[0] if into else None


def _require_usual(event: Any, text: str) -> None:
    """Give a text in quotes or in a block to the careful parser where the two may end, open or read it elsewhere."""
    if event.style == '"' and _HIDDEN.search(event.value):
        raise _Unusual
    quoted = event.style in "'\""
    usual = (
        _BEHIND_QUOTES.match(text, event.end_mark.index)
        if quoted
        else _OPENED_BLOCK.match(text, event.start_mark.index)
    )
    if not usual:
        raise _Unusual


def _row(children: list[Node], begun: Any, name: str) -> Row:
    mark = begun.start_mark
    return Row(tuple(children), name, mark.line + 1, mark.column + 1)


def _table(children: list[Node], begun: Any, name: str) -> Table:
    items: list[tuple[Scalar, Node]] = []
    for key, value in zip(children[::2], children[1::2], strict=True):
        if type(key) is not Scalar:
            raise _Unusual
        if type(value) is Scalar and (value.comment is not None or not value.text):
            items.append((key, comments.value_of(key, value)))
        else:
            items.append((key, value))
    if len({key.text for key, _ in items}) < len(items):
        raise _Unusual
    mark = begun.start_mark
    return Table(tuple(items), name, mark.line + 1, mark.column + 1, bool(begun.flow_style))
