"""Printing: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from scheduler.model import Problem, Workspace
    from scheduler.store import Delivery, Pause

_COLOURS = {
    "published": "green",
    "held": "yellow",
    "missed": "yellow",
    "failed": "red",
    "unknown": "magenta",
    "needs-human": "bold red",
    "cancelled": "dim",
    "withdrawn": "dim",
}


def as_json(value: object) -> None:
    """Print one JSON document; moments are RFC 3339 in UTC."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def rfc3339(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC, to the second unless it has a fraction."""
    utc = moment.astimezone(UTC)
    form = "%Y-%m-%dT%H:%M:%S.%fZ" if utc.microsecond else "%Y-%m-%dT%H:%M:%SZ"
    return utc.strftime(form)


def console() -> "Console":
    """Return where tables go: as wide as the terminal, or unbroken where there is none."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    return Console(width=None if terminal else 400, highlight=False, soft_wrap=not terminal)


def table(heads: Sequence[str], lines: Iterable[Sequence[object]], *, state: int | None = None) -> None:
    """Print an aligned table; the column `state` is coloured as a second signal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for head in heads:
        drawn.add_column(head, overflow="fold")
    for line in lines:
        cells = [Text(str(cell)) for cell in line]
        if state is not None:
            cells[state].stylize(_COLOURS.get(str(line[state]), ""))
        drawn.add_row(*cells)
    console().print(drawn)


def say(text: str) -> None:
    """Print one line for people."""
    click.echo(text)


def aside(text: str) -> None:
    """Print one line beside the result: progress, hints."""
    click.echo(text, err=True)


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
    """Return a delivery as `status --json` prints it."""
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
        "text": one.content.text,
        "source": one.place,
    }


def pause(one: "Pause") -> dict[str, Any]:
    """Return a pause as `status --json` prints it."""
    return {"scope": one.scope, "name": one.name or None, "kind": one.kind, "why": one.why, "at": one.at}


def local(moment: datetime, workspace: "Workspace") -> str:
    """Return a moment on the workspace's wall clock."""
    return moment.astimezone(workspace.timezone).strftime("%a %Y-%m-%d %H:%M")
