"""The documentation as the tests read it: pages, sections, tables, fences, and the command line run in-process."""

import io
import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scheduler.cli import main

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_AS_SERVICE = r"(?:runuser -u solidarity -- |solidarity (?=/))?"
_TOLD = re.compile(rf"^(?:[$#] |\* \* \* \* \* )?{_AS_SERVICE}\S*?\bsolidarity ", re.MULTILINE)


def text(name: str) -> str:
    """Return a page of docs/."""
    return (DOCS / name).read_text("utf-8")


def fences(page: str, *kinds: str) -> list[str]:
    """Return the fenced blocks of a page that are of one of `kinds`."""
    return [body for kind, body in _FENCE.findall(page) if kind in kinds]


def prose(page: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page)


def sections(page: str, level: int) -> dict[str, str]:
    """Return what stands under each heading of a level, by the heading's words without backticks."""
    parts = re.split(rf"^{'#' * level} (.+)$", prose(page), flags=re.MULTILINE)
    return {name.replace("`", "").strip(): body for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def rows(page: str, head: str) -> set[str]:
    """Return the first cells of every table whose head begins with `head`, without backticks."""
    found: set[str] = set()
    inside = False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if not cells:
            inside = False
        elif re.match(rf"{head}\b", cells[0]):
            inside = True
        elif inside and not set(cells[0]) <= {"-", ":"}:
            found.add(cells[0].strip("`"))
    return found


def told(page: str) -> Iterator[list[str]]:
    """Yield the words after `solidarity` of every command line in a page's shell blocks."""
    for block in fences(page, "sh", "console", "text"):
        for line in block.splitlines():
            begin = _TOLD.match(line)
            if begin:
                yield words(line[begin.end() :])


def words(line: str) -> list[str]:
    """Return a shell line's words, without its comment and its redirection."""
    found = shlex.split(line, comments=True)
    return found[: found.index(">")] if ">" in found else found


@dataclass(frozen=True)
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return its output as JSON."""
        return json.loads(self.out)


def run(*arguments: str) -> Ran:
    """Run the command line in the current folder, as the command does, in this process."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    before, sys.argv = sys.argv, ["solidarity", *arguments]
    code = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = before
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    return Ran(code, said[0], said[1])


def workspace(folder: Path) -> Path:
    """Make a new workspace by `init`, and go there; return it."""
    made = run("init", str(folder))
    assert made.code == 0, made.err
    os.chdir(folder)
    return folder
