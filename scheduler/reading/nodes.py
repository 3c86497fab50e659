"""The nodes of a YAML file, each with its place, and what a plain word means in YAML 1.2."""

import re
from dataclasses import dataclass
from typing import TypeAlias

from scheduler.model import Place
from scheduler.reading.report import Report

# The core schema of YAML 1.2: `NO` and `12:30` are words there, as people mean them.
_TRUE = ("true", "True", "TRUE")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), "null"),
    **dict.fromkeys((*_TRUE, "false", "False", "FALSE"), "bool"),
}
_NUMERIC = frozenset("+-.0123456789")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

FOUND = {
    "null": "nothing",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "str": "a text",
    "table": "a mapping (key: value)",
    "row": "a list",
}


@dataclass(frozen=True, slots=True)
class Comment:
    """What begins with '#' behind a word without quotes, and isn't read. A hashtag was hardly meant so."""

    place: Place
    is_hashtag: bool

    def note(self, report: Report) -> None:
        """Note that a text ends here. The comment isn't repeated: it may hold anything."""
        if self.is_hashtag:
            message = "the text is cut off here, ' #' begins a comment; put all of it in quotes, or below '>-'"
            report.error(self.place, "cut-text", message)
        else:
            message = "this is a comment and doesn't go out; put the text in quotes if it should"
            report.warn(self.place, "cut-text", message)


# These three aren't frozen, and make their places only when asked: a campaign's files have a million of them, and a
# place is looked at only where something is wrong.


@dataclass(slots=True)
class Scalar:
    """One word or text. `plain` means that it was written without quotes."""

    text: str
    plain: bool
    file: str
    line: int
    column: int
    comment: Comment | None = None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(file=self.file, line=self.line, column=self.column)

    @property
    def kind(self) -> str:
        """Return null, bool, int, float or str, by the core rules of YAML 1.2."""
        if not self.plain:
            return "str"
        word = self.text
        if word in _WORDS:
            return _WORDS[word]
        if word[0] not in _NUMERIC:
            return "str"
        if _INT.fullmatch(word):
            return "int"
        return "float" if _FLOAT.fullmatch(word) else "str"


@dataclass(slots=True)
class Table:
    """A mapping. No key comes twice. `in_braces`: it is written as {key: value}."""

    items: tuple[tuple[Scalar, "Node"], ...]
    file: str
    line: int
    column: int
    in_braces: bool = False

    kind = "table"

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(file=self.file, line=self.line, column=self.column)

    def get(self, name: str) -> "Node | None":
        """Return the value of the key `name`."""
        return next((value for key, value in self.items if key.text == name), None)


@dataclass(slots=True)
class Row:
    """A list."""

    items: tuple["Node", ...]
    file: str
    line: int
    column: int

    kind = "row"

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(file=self.file, line=self.line, column=self.column)


Node: TypeAlias = Scalar | Table | Row


def plain(node: Node) -> object:
    """Return the node as plain Python values, by the core rules of YAML 1.2."""
    if isinstance(node, Table):
        return {key.text: plain(value) for key, value in node.items}
    if isinstance(node, Row):
        return [plain(item) for item in node.items]
    match node.kind:
        case "null":
            return None
        case "bool":
            return node.text in _TRUE
        case "int" | "float":
            return _number(node.text)
        case _:
            return node.text


def _number(text: str) -> float | str:
    if len(text) > 100:  # past 4,000 digits Python refuses to make a number; nobody means one
        return text
    if not _INT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    for prefix, base in (("0o", 8), ("0x", 16)):
        if text.startswith(prefix):
            return int(text[2:], base)
    return int(text)
