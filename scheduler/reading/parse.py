"""From text to nodes: YAML 1.2 without aliases, tags and deep nesting, one document a file."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scheduler.model import Place
from scheduler.reading import comments, quick
from scheduler.reading.nodes import Comment, Node, Row, Scalar, Table
from scheduler.reading.report import Report, Wrong, shown

if TYPE_CHECKING:  # what the quick parser reads does without it
    from ruamel.yaml.error import MarkedYAMLError

DEEPEST = 20
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

# What ruamel says -> what to tell a person who never heard of tokens. The first that fits is taken.
_PLAIN_WORDS = (
    (
        "mapping values are not allowed",
        "a ':' stands where none can; put a text that holds ': ' in quotes, and check the indentation",
    ),
    ("expected <block end>", "this line doesn't fit the ones above; check the indentation and the quotes"),
    ("could not find expected ':'", "a key without ':' after it; write 'key: value'"),
    ("unexpected end of stream", "a quote is opened here and never closed; close it"),
    ("unknown escape", "a backslash in double quotes means something special; use single quotes"),
    ("expected ',' or ']'", "a list opened with '[' isn't closed; close it, and write hashtags without '#'"),
    ("expected ',' or '}'", "a '{' isn't closed; close it, or put the text in quotes"),
    ("that cannot start any token", "no text can begin with this sign; put the text in quotes"),
    ("block sequence entries are not allowed", "a '- ' stands where none can; begin a new line with it"),
    ("expected the node content", "something is missing here; give a value or take the key out"),
    ("simple key", "a key must stand on a line of its own, ended by ':'"),
)


class _Stop(Wrong):
    """The file can't be read any further."""

    def __init__(self, mark: Any, rule: str, message: str) -> None:
        super().__init__(rule, message)
        self.mark = mark


@dataclass
class _Open:
    """A list or mapping that isn't closed yet."""

    place: Place
    is_table: bool
    in_braces: bool = False
    children: list[Node] = field(default_factory=list)


def nodes(text: str, name: str, report: Report) -> Node | None:
    """Return the root node of `text`, or None with the problem in `report`. Never raises."""
    return quick.nodes(text, name, deepest=DEEPEST) or careful(text, name, report)


def careful(text: str, name: str, report: Report) -> Node | None:
    """Return the same, and name whatever is wrong."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    builder = _Builder(text, name, report)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except _Stop as stop:
        report.error(builder.place(stop.mark), stop.rule, stop.message)
        return None
    except MarkedYAMLError as error:
        if comment := builder.cause():
            comment.note(report)
            return None
        place, message = _explained(error, text, builder)
        report.error(place, "yaml-syntax", message)
        return None
    except Exception:
        report.error(builder.last, "yaml-syntax", "this can't be read as YAML from about here; look for a typo")
        return None
    if builder.root is None:
        report.error(Place(file=name), "empty-file", "the file is empty; fill it or delete it")
    return builder.root


class _Builder:
    """Puts the nodes together from the parser's events, without recursion, so that depth can't hurt."""

    def __init__(self, text: str, name: str, report: Report) -> None:
        self.root: Node | None = None
        self.last = Place(file=name)
        self._last_word: Scalar | None = None
        self._text = text
        self._name = name
        self._report = report
        self._open: list[_Open] = []
        self._documents = 0

    def place(self, mark: Any) -> Place:
        return Place(file=self._name, line=mark.line + 1, column=mark.column + 1)

    def cause(self) -> Comment | None:
        """Return the hashtag that became a comment and swallowed what the parser misses."""
        word = self._last_word
        if word is None or word.comment is None or not word.comment.is_hashtag:
            return None
        if self._open and self._open[-1].is_table and self._open[-1].in_braces:
            return word.comment
        # Otherwise the text goes on below, deeper than its key.
        lines = re.split("\r\n|\r|\n", self._text)
        below = next((line for line in lines[word.comment.place.line :] if re.match(r"\s*[^\s#]", line)), "")
        if "\t" in below or not 0 < word.line <= len(lines):
            return None
        return word.comment if _indent(below) > _indent(lines[word.line - 1]) else None

    def take(self, event: Any) -> None:
        from ruamel.yaml.events import CollectionEndEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

        self._refuse(event)
        if isinstance(event, ScalarEvent):
            self._add(self._scalar(event))
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            is_table = isinstance(event, MappingStartEvent)
            self._open.append(_Open(self.place(event.start_mark), is_table, bool(event.flow_style)))
            if len(self._open) > DEEPEST:
                message = f"lists and mappings lie more than {DEEPEST} deep in each other; flatten them"
                raise _Stop(event.start_mark, "yaml-too-deep", message)
        elif isinstance(event, CollectionEndEvent):
            done = self._open.pop()
            at = done.place
            row = Row(tuple(done.children), at.file, at.line, at.column)
            self._add(self._table(done) if done.is_table else row)

    def _refuse(self, event: Any) -> None:
        from ruamel.yaml.events import AliasEvent, DocumentStartEvent, NodeEvent

        mark = event.start_mark
        if mark is not None:
            self.last = self.place(mark)
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                message = "a second document begins here; keep one to a file and take the '---' out"
                raise _Stop(mark, "several-documents", message)
        # Neither message repeats what follows the sign: it may be a secret that lacks its quotes.
        if isinstance(event, NodeEvent) and event.anchor is not None:
            sign = "*" if isinstance(event, AliasEvent) else "&"
            message = f"'{sign}' begins a YAML reference; write the value out, or put a text in quotes"
            raise _Stop(mark, "yaml-alias", message)
        if getattr(event, "tag", None) is not None:
            raise _Stop(mark, "yaml-tag", "'!' begins a YAML tag; take it out, or put a text in quotes")

    def _scalar(self, event: Any) -> Scalar:
        if found := _UNPRINTABLE.search(event.value):
            message = f"the invisible character U+{ord(found[0]):04X} can't stand in a text; delete it"
            raise _Stop(event.start_mark, "encoding", message)
        is_plain = bool(event.implicit[0])
        self._last_word = Scalar(
            event.value,
            is_plain,
            self._name,
            event.start_mark.line + 1,
            event.start_mark.column + 1,
            comments.behind(self._text, event.end_mark, self._name) if is_plain and event.value else None,
        )
        return self._last_word

    def _add(self, node: Node) -> None:
        if self._open:
            self._open[-1].children.append(node)
        elif self.root is None:
            self.root = node

    def _table(self, done: _Open) -> Table:
        seen: dict[str, tuple[Scalar, Node]] = {}
        for key, value in zip(done.children[::2], done.children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._report.error(key.place, "wrong-type", "a key must be a word; put a text in quotes")
            elif key.text in seen:
                first = seen[key.text][0].place.line
                message = f"key {shown(key.text)} stands on line {first} already; keep one of the two"
                self._report.error(key.place, "duplicate-key", message)
            else:
                seen[key.text] = (key, comments.value_of(key, value))
        return Table(tuple(seen.values()), done.place.file, done.place.line, done.place.column, done.in_braces)


def _indent(line: str) -> int:
    """Return how many spaces and dashes a line begins with."""
    return len(line) - len(line.lstrip(" -"))


def _explained(error: "MarkedYAMLError", text: str, builder: _Builder) -> tuple[Place, str]:
    problem = str(error.problem or "")
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return builder.last, "this can't be read as YAML; look for a typo"
    # A quote, a list or a key that isn't ended is found further on, and made where it was begun.
    begun = error.context_mark
    unended = any(sign in problem for sign in ("end of stream", "expected ',' or", "expected ':'"))
    if unended and begun is not None and begun.line < mark.line:
        mark = begun
    lines = re.split("\r\n|\r|\n", text)
    line = lines[mark.line] if mark.line < len(lines) else ""
    if re.match(r" *\t", line) or "'\\t'" in problem:
        return builder.place(mark), "a tab can't indent a line in YAML; use spaces"
    for sign, words in _PLAIN_WORDS:
        if sign in problem:
            return builder.place(mark), words
    return builder.place(mark), f"this can't be read as YAML ({shown(problem)[1:-1]}); look for a typo"
