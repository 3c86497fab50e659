"""Printing: tables for people, JSON for programs."""

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scheduler.model import Problem, Workspace
    from scheduler.store import Delivery, Pause

_COLOURS: dict[str, dict[str, Any]] = {
    "published": {"fg": "green"},
    "held": {"fg": "yellow"},
    "missed": {"fg": "yellow"},
    "failed": {"fg": "red"},
    "unknown": {"fg": "magenta"},
    "needs-human": {"fg": "red", "bold": True},
    "cancelled": {"dim": True},
    "withdrawn": {"dim": True},
}
_GAP = "  "
_INDENT = "    "
_NO_BREAK = "\N{NO-BREAK SPACE}"


def as_json(value: object) -> None:
    """Print one JSON document, in UTF-8 whatever the terminal's; moments are RFC 3339 in UTC."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
    click.echo(text.encode("utf-8", "backslashreplace"))


def _plain(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def rfc3339(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC, to the second unless it has a fraction."""
    utc = moment.astimezone(UTC)
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if utc.microsecond else "%Y-%m-%dT%H:%M:%SZ"
    return utc.strftime(form)


def table(heads: Sequence[str], lines: Iterable[Sequence[object]], *, state: int | None = None) -> None:
    """Print aligned columns; the column `state` is coloured as a second signal.

    The last column is free text. On a terminal, what doesn't fit beside the others goes on lines of its own, broken
    between words so that a command in it can be copied; elsewhere every row is one line, for `grep`.
    """
    rows = [[" ".join(str(cell).split()) for cell in line] for line in lines]
    sizes = [max(map(len, column)) for column in zip(heads, *rows, strict=True)][:-1]
    width = _width()
    _print_row(list(heads), sizes, width, {"bold": True}, range(len(heads)))
    for row in rows:
        look = _COLOURS.get(row[state], {}) if state is not None else {}
        _print_row(row, sizes, width, look, () if state is None else (state,))


def _print_row(
    row: Sequence[str], sizes: Sequence[int], width: int | None, look: dict[str, Any], where: Container[int]
) -> None:
    cells = [cell.ljust(size) for cell, size in zip(row, sizes, strict=False)]
    last = row[-1]
    below = width is not None and sum(sizes) + len(_GAP) * len(sizes) + len(last) > width
    drawn = [_drawn(cell, look if number in where else {}) for number, cell in enumerate(cells)]
    click.echo(_GAP.join(drawn if below else [*drawn, last]).rstrip())
    if below and width is not None:
        click.echo(_wrapped(last, width, _INDENT))


def _width() -> int | None:
    """Return how wide the terminal is; None where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _wrapped(text: str, width: int, indent: str = "") -> str:
    """Return a text broken between words; what stands between backticks, a command to copy, stays whole."""
    kept = re.sub("`[^`]*`", lambda found: found[0].replace(" ", _NO_BREAK), text)
    wide = textwrap.fill(
        kept, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return wide.replace(_NO_BREAK, " ")


def _drawn(cell: str, look: dict[str, Any]) -> str:
    """Return a cell in colour where there is a terminal that wants it."""
    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return click.style(cell.rstrip(), **look) + " " * (len(cell) - len(cell.rstrip())) if look and wanted else cell


def count(number: int, word: str, plural: str = "") -> str:
    """Return a number of things in words: `no error`, `1 post`, `2 deliveries`."""
    return f"{number or 'no'} {word if number == 1 else plural or word + 's'}"


def say(text: str) -> None:
    """Print one line for people."""
    click.echo(text)


def say_long(text: str) -> None:
    """Print one paragraph for people; on a terminal it is broken between words."""
    width = _width()
    click.echo(_wrapped(text, width) if width else text)


def aside(text: str) -> None:
    """Print one line beside the result: progress, hints."""
    click.echo(text, err=True)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a progress bar on a terminal, and nothing elsewhere; it moves on its own until it is told how far."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def problem(one: "Problem") -> dict[str, Any]:
    """Return a problem as `check --json` prints it."""
    return {
        "file": one.place.file,
        "line": one.place.line,
        "column": one.place.column,
        "level": str(one.level),
        "rule": one.rule,
        "message": one.message,
        "post": one.post,
    }


def delivery(one: "Delivery") -> dict[str, Any]:
    """Return a delivery as `status --json` prints it; a thread with the parts of it that were put out."""
    parts = [
        {
            "part": part.number,
            "remote_id": part.receipt.remote_id,
            "url": part.receipt.url,
            "published_at": part.receipt.published_at,
            "withdrawn": part.down,
        }
        for part in one.parts
    ]
    return {
        "id": one.key,
        "post": one.post,
        "action": one.action,
        "account": one.account,
        "platform": one.platform,
        "status": str(one.status),
        "due_at": one.due_at,
        "published_at": one.published_at,
        "remote_id": one.remote_id,
        "url": one.url,
        "attempts": one.attempts,
        "reason": one.reason or None,
        "text": one.content.whole,
        "source": one.place,
        **({"parts": parts} if one.length > 1 else {}),
    }


def pause(one: "Pause") -> dict[str, Any]:
    """Return a pause as `status --json` prints it."""
    return {"scope": one.scope, "name": one.name or None, "kind": one.kind, "why": one.why, "at": one.at}


def local(moment: datetime, workspace: "Workspace") -> str:
    """Return a moment on the workspace's wall clock."""
    return moment.astimezone(workspace.timezone).strftime("%a %Y-%m-%d %H:%M")
