"""A disk that forgets: what may be on it when the power fails, rebuilt from what the kernel was asked to write.

Sure to be there is what was synced: a file's bytes by its own fsync, a name by the fsync of its folder. Of whatever
was written later any part may be there or not, in any order, and of a write any of its sectors.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512


@dataclass(frozen=True, kw_only=True)
class Write:
    """Bytes at a place in a file; `cut`: the file ends there afterwards."""

    at: int
    data: bytes = b""
    cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Names that change in a folder in one go: None takes one away."""

    names: tuple[tuple[str, "Node | None"], ...]


Change = Write | Naming
Choice = Callable[[list[Change]], list[Change]]


@dataclass(eq=False)
class Node:
    """A file or a folder: what of it is synced, and what was done since."""

    is_folder: bool
    data: bytearray = field(default_factory=bytearray)
    names: "dict[str, Node]" = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)
    length: int = 0  # as the program sees it

    def do(self, change: Change) -> None:
        """Change it, for now in the machine's memory only."""
        self.pending.append(change)
        if isinstance(change, Write):
            end = change.at + len(change.data)
            self.length = change.at if change.cut else max(self.length, end)

    def sync(self) -> None:
        """Have all that was done to it on the disk."""
        self.data, self.names = self.after(self.pending)
        self.pending = []

    def after(self, changes: list[Change]) -> "tuple[bytearray, dict[str, Node]]":
        """Return what it holds with these changes made to what is synced."""
        data, names = bytearray(self.data), dict(self.names)
        for change in changes:
            if isinstance(change, Naming):
                for name, node in change.names:
                    names.pop(name, None)
                    if node is not None:
                        names[name] = node
                continue
            if len(data) < change.at:
                data.extend(bytes(change.at - len(data)))
            if change.cut:
                del data[change.at :]
            data[change.at : change.at + len(change.data)] = change.data
        return data, names

    @property
    def now(self) -> "tuple[bytearray, dict[str, Node]]":
        """What the program sees."""
        return self.after(self.pending)


class Disk:
    """A folder and all in it, as the program and as a power cut see it."""

    def __init__(self, root: Path) -> None:
        """Take over what lies in `root` now: all of it is synced."""
        self.root = root
        self.top = _taken(root)

    def find(self, path: Path) -> Node | None:
        """Return what has a path now; None where there is nothing, or it lies elsewhere."""
        if not path.is_relative_to(self.root):
            return None
        node = self.top
        for name in path.relative_to(self.root).parts:
            found = node.now[1].get(name)
            if found is None:
                return None
            node = found
        return node

    def name(self, path: Path, node: Node | None, *, gone: Path | None = None) -> None:
        """Give something a path, take one away, or (`gone`) the other path in the same step."""
        folder = self.find(path.parent)
        if folder is None:
            return
        if gone is not None and gone.parent == path.parent:
            folder.do(Naming(names=((gone.name, None), (path.name, node))))
            return
        folder.do(Naming(names=((path.name, node),)))
        if gone is not None:
            self.name(gone, None)

    def lay_out(self, target: Path, choice: Choice, *, leave_out: tuple[str, ...] = ()) -> None:
        """Write into `target` what is found when the power comes back."""
        _laid_out(self.top, target, choice, leave_out)

    def is_synced(self) -> bool:
        """Tell whether everything is on the disk."""
        return not any(node.pending for node in _all(self.top))


def _taken(path: Path) -> Node:
    if path.is_dir():
        return Node(is_folder=True, names={child.name: _taken(child) for child in path.iterdir()})
    data = bytearray(path.read_bytes())
    return Node(is_folder=False, data=data, length=len(data))


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.now[1].values():
        yield from _all(child)


def _laid_out(node: Node, target: Path, choice: Choice, leave_out: tuple[str, ...]) -> None:
    data, names = node.after(choice(node.pending))
    if not node.is_folder:
        target.write_bytes(data)
        return
    target.mkdir(exist_ok=True)
    for name, child in names.items():
        if not name.endswith(leave_out):
            _laid_out(child, target / name, choice, leave_out)


# ── what of the unsynced is there ──


def nothing(_changes: list[Change]) -> list[Change]:
    """Lose all of it."""
    return []


def everything(changes: list[Change]) -> list[Change]:
    """Keep all of it."""
    return changes


def by_chance(chance: random.Random) -> Choice:
    """Keep what chance will have: a beginning, a handful in their order, or torn pieces."""
    way = chance.choice(["beginning", "some", "torn", "torn", "mixed"])

    def choose(changes: list[Change]) -> list[Change]:
        how = chance.choice(["nothing", "beginning", "some", "torn", "everything"]) if way == "mixed" else way
        if how == "nothing":
            return []
        if how == "everything":
            return changes
        if how == "beginning":
            return changes[: chance.randint(0, len(changes))]
        kept = [change for change in changes if chance.random() < 0.6]
        return kept if how == "some" else [piece for change in kept for piece in _torn(change, chance)]

    return choose


def _torn(change: Change, chance: random.Random) -> Iterator[Change]:
    """Yield the sectors of a write that reached the disk."""
    if not isinstance(change, Write) or change.cut or len(change.data) <= SECTOR or chance.random() < 0.3:
        yield change
        return
    at, end = change.at, change.at + len(change.data)
    while at < end:
        stop = min(end, (at // SECTOR + 1) * SECTOR)
        if chance.random() < 0.5:
            yield Write(at=at, data=change.data[at - change.at : stop - change.at])
        at = stop
