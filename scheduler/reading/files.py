"""Files that a person's file names: inside the workspace, by a plain path, and there."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath

from scheduler.reading.report import Wrong, shown
from scheduler.reading.source import require_file


def finder(folder: Path, *bases: str) -> Callable[[str], str]:
    """Return a function from a written path to the path relative to the workspace `folder`.

    It looks in each of `bases` (folders relative to the workspace), takes the first that has the file, and
    raises Wrong (missing-file, outside-workspace, not-a-file, unreadable-file).
    """

    def find(text: str) -> str:
        path = PurePosixPath(text)
        if path.is_absolute() or PureWindowsPath(text).anchor or ".." in path.parts or "\\" in text:
            message = f"{shown(text)} could lead out of the workspace; write a path inside it, without '..'"
            raise Wrong("outside-workspace", message)
        tries = [PurePosixPath(base) / path for base in bases]
        there = [one for one in tries if _exists(folder / one)] or tries[:1]
        require_file(folder / there[0], folder, shown(text))
        return str(there[0])

    return find


def _exists(path: Path) -> bool:
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return False
