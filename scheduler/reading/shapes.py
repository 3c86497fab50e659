"""What a key may hold, said once: each shape reads a node and describes itself as JSON Schema."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from scheduler.model import Place
from scheduler.reading.nodes import FOUND, Node, Row, Scalar, Table
from scheduler.reading.report import Report, Wrong, cure, shown

Json = dict[str, Any]


# What people write for true and false, and YAML 1.1 took.
_FLAGS = {**dict.fromkeys(("yes", "y", "on", "1"), "true"), **dict.fromkeys(("no", "n", "off", "0"), "false")}


class Shape(ABC):
    """What a value must look like."""

    what: str

    @abstractmethod
    def read(self, node: Node, name: str, report: Report) -> Any:
        """Return the checked value of the key `name`, or None with the problem in `report`."""

    @abstractmethod
    def schema(self) -> Json:
        """Return the shape as JSON Schema."""

    def refuse(self, node: Node, name: str, report: Report) -> None:
        """Note that `node` is something else altogether."""
        report.error(node.place, "wrong-type", f"{_expected(node, name, self.what)}{_cured(node, self.what)}")


def _expected(node: Node, name: str, what: str) -> str:
    if node.kind == "null":
        return f"'{name}' is empty; give {what} or take the key out"
    return f"'{name}' takes {what}, this is {FOUND[node.kind]}"


def _cured(node: Node, what: str) -> str:
    """Return what to write instead of `node` where `what` is taken, as far as one can tell."""
    if node.kind == "null":
        return " ('#' begins a comment outside quotes)" if "text" in what else ""
    if isinstance(node, Table):
        return "; a text that begins with '{' needs quotes" if "text" in what else ""
    if isinstance(node, Row):
        return "; a text that begins with '[' needs quotes" if "text" in what else ""
    if node.text.lower() in _FLAGS and what == "true or false":
        return f"; write {_FLAGS[node.text.lower()]}"
    if what.startswith("a list"):
        return f"; write [{node.text[:40]}]"
    return f'; put it in quotes: "{node.text[:40]}"' if "text" in what and node.kind != "str" else ""


@dataclass(frozen=True)
class Leaf(Shape):
    """A single word or text, read by `parse`, which raises Wrong.

    `kinds`: the YAML types it takes. `is_prose`: people read it, so that a '#' in it may be meant as a word.
    """

    what: str
    parse: Callable[[str], Any]
    json: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    kinds: frozenset[str] = frozenset({"str"})
    is_prose: bool = False

    def read(self, node: Node, name: str, report: Report) -> Any:
        """See Shape."""
        if not isinstance(node, Scalar) or node.kind not in self.kinds:
            self.refuse(node, name, report)
            return None
        if self.is_prose and node.comment is not None:
            node.comment.note(report)
        try:
            return self.parse(node.text)
        except Wrong as wrong:
            report.error(node.place, wrong.rule, wrong.message)
            return None

    def schema(self) -> Json:
        """See Shape."""
        return dict(self.json)


@dataclass(frozen=True)
class ListOf(Shape):
    """A list of `item`; broken items are left out."""

    item: Shape
    what: str = "a list"
    least: int = 0

    def read(self, node: Node, name: str, report: Report) -> Any:
        """See Shape."""
        if not isinstance(node, Row):
            self.refuse(node, name, report)
            return None
        if len(node.items) < self.least:
            report.error(node.place, "missing-key", f"'{name}' is an empty list; put something in it")
            return None
        read = [self.item.read(item, name, report) for item in node.items]
        good = tuple(value for value in read if value is not None)
        return good if good or not read else None  # a list that was meant to hold something isn't empty

    def schema(self) -> Json:
        """See Shape."""
        least = {"minItems": self.least} if self.least else {}
        return {"type": "array", "items": self.item.schema(), **least}


@dataclass(frozen=True)
class MapOf(Shape):
    """A mapping whose keys are names that `key` checks (raises Wrong), each with a value of one shape.

    `torn`: (rule, message) that takes the place of that rule's own message where a comma made the key.
    """

    value: Shape
    key: Callable[[str], object]
    what: str = "a mapping (name: value)"
    least: int = 0
    make: Callable[[dict[str, Any]], Any] = dict
    torn: tuple[str, str] = ("", "")

    def read(self, node: Node, name: str, report: Report) -> Any:
        """See Shape."""
        if not isinstance(node, Table):
            self.refuse(node, name, report)
            return None
        if len(node.items) < self.least:
            report.error(node.place, "missing-key", f"'{name}' is empty; put something in it")
            return None
        values: dict[str, Any] = {}
        for place, (key, child) in enumerate(node.items):
            try:
                self.key(key.text)
            except Wrong as wrong:
                is_torn = place > 0 and node.in_braces and child.kind == "null" and wrong.rule == self.torn[0]
                report.error(key.place, wrong.rule, self.torn[1] if is_torn else wrong.message)
                continue
            value = self.value.read(child, key.text, report)
            if value is not None:
                values[key.text] = value
        return self.make(values)

    def schema(self) -> Json:
        """See Shape."""
        least = {"minProperties": self.least} if self.least else {}
        return {"type": "object", "additionalProperties": self.value.schema(), **least}


@dataclass(frozen=True)
class Split(Shape):
    """One shape for a word, another for a list or mapping."""

    what: str
    scalar: Shape
    other: Shape

    def read(self, node: Node, name: str, report: Report) -> Any:
        """See Shape."""
        if node.kind == "null":
            self.refuse(node, name, report)
            return None
        return (self.scalar if isinstance(node, Scalar) else self.other).read(node, name, report)

    def schema(self) -> Json:
        """See Shape."""
        return {"anyOf": [self.scalar.schema(), self.other.schema()]}


@dataclass(frozen=True)
class Judged(Shape):
    """Reads as `item` and tells whether it had no error: (value or None, is good)."""

    item: Shape

    @property
    def what(self) -> str:  # type: ignore[override]
        """See Shape."""
        return self.item.what

    def read(self, node: Node, name: str, report: Report) -> Any:
        """See Shape."""
        own = Report()
        own.hidden = report.hidden
        value = self.item.read(node, name, own)
        report.take(own)
        return value, not own.has_errors

    def schema(self) -> Json:
        """See Shape."""
        return self.item.schema()


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key of a record. `absent` is the rule that its absence breaks, "" where it may be left out."""

    name: str
    shape: Shape
    doc: str
    absent: str = ""


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What was read of a record: the good values, and every key's value as it stands in the file."""

    values: Mapping[str, Any]
    written: Mapping[str, Node]
    node: Table

    @property
    def place(self) -> Place:
        """Where the record stands."""
        return self.node.place

    @property
    def places(self) -> dict[str, Place]:
        """Where each key's value stands."""
        return {name: node.place for name, node in self.written.items()}

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of the key `name`, or `default` where it is absent or wrong."""
        return self.values.get(name, default)

    def at(self, name: str) -> Place:
        """Return the place of the value of `name`, or of the record where it has none."""
        return self.written.get(name, self.node).place


@dataclass(frozen=True)
class Record(Shape):
    """A mapping with known keys. `beyond` takes the keys beyond them: None refuses them all."""

    keys: Sequence[Key]
    what: str
    beyond: Callable[[Table, Scalar, Node, Report], Any] | None = None

    def read(self, node: Node, name: str, report: Report) -> Any:  # noqa: ARG002 - calls itself what it is
        """Return the Fields, or None where `node` isn't a mapping."""
        if not isinstance(node, Table):
            message = f"{self.what} is a mapping (key: value), this is {FOUND[node.kind]}; write its keys here"
            report.error(node.place, "wrong-type", message)
            return None
        known = self._known
        values: dict[str, Any] = {}
        for key, child in node.items:
            if key.text in known:
                value = known[key.text].read(child, key.text, report)
            elif self.beyond is not None:
                value = self.beyond(node, key, child, report)
            else:
                unknown(key, known, report)
                continue
            if value is not None:
                values[key.text] = value
        written = {key.text: child for key, child in node.items}
        for needed in self._needed:
            if needed.name not in written:
                report.error(node.place, needed.absent, f"{self.what} needs '{needed.name}': {needed.doc}")
        return Fields(values=values, written=written, node=node)

    @cached_property
    def _known(self) -> dict[str, Shape]:
        return {key.name: key.shape for key in self.keys}

    @cached_property
    def _needed(self) -> tuple[Key, ...]:
        return tuple(key for key in self.keys if key.absent)

    def schema(self) -> Json:
        """See Shape."""
        return {
            "type": "object",
            "properties": {key.name: {**key.shape.schema(), "description": key.doc} for key in self.keys},
            "required": [key.name for key in self.keys if key.absent],
            "additionalProperties": self.beyond is not None,
        }


def unknown(key: Scalar, known: Collection[str], report: Report) -> None:
    """Note a key that nobody reads."""
    report.error(key.place, "unknown-key", f"unknown key {shown(key.text)}{cure(key.text, known)}")


def document(title: str, shape: Shape) -> Json:
    """Return the JSON Schema of a whole file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **shape.schema()}
