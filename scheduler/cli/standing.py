"""Where everything stands: status, log, export."""

from typing import TYPE_CHECKING

import click

from scheduler.cli import output
from scheduler.cli.options import command, in_use, json_option, whatever_there_is

if TYPE_CHECKING:
    from scheduler.model import Workspace
    from scheduler.operations.status import Standing

_GOES_ON = ("queued", "claimed", "staged", "sending", "unknown")  # what only a daemon brings further


@command("status")
@click.argument("post", required=False)
@json_option
def status(post: str | None, *, as_json: bool) -> int:
    """Say where everything, or one POST, stands."""
    ready = whatever_there_is()
    found = _look(ready, post)
    if as_json:
        output.as_json(
            {
                "counts": found.counts,
                "paused": [output.pause(one) for one in found.pauses],
                "deliveries": [output.delivery(one) for one in found.deliveries],
                "tasks": [{"id": one.key, "what": one.what, "at": one.at} for one in found.tasks],
                "daemons": [{"worker": name, "seen_at": at} for name, at in found.alive.items()],
            }
        )
    else:
        _print_standing(found, ready)
    return 0


def _look(ready: "Workspace", post: str | None = None) -> "Standing":
    """Look at the state, which is opened only where something needs to be done or said about it."""
    from scheduler.clock import SystemClock
    from scheduler.operations import status as of

    found = of.status_at_once(ready, post, now=SystemClock().now())
    if found is None:
        with in_use(ready) as app:
            found = of.status(app, post)
    return found


def _print_standing(found: "Standing", workspace: "Workspace") -> None:
    lines = [
        (output.local(one.due_at, workspace), one.status, one.key, one.url or one.reason) for one in found.deliveries
    ]
    if lines:
        output.table([f"due ({workspace.timezone.key})", "status", "delivery", ""], lines, state=1)
    for pause in found.pauses:
        name = "everything" if pause.scope == "all" else f"{pause.scope} {pause.name}"
        lift = f"solidarity resume{f' --{pause.scope} {pause.name}' if pause.name else ''}"
        said = "can't be used" if pause.kind == "blocked" else "is paused"
        output.say_long(f"{name} {said}: {pause.why} (`{lift}` lifts it)")
    for task in found.tasks:
        output.say_long(f"For a person: {task.key}: {task.what}")
    output.say(", ".join(f"{number} {name}" for name, number in found.counts.items()) or "The queue is empty.")
    if not found.alive and any(found.counts.get(name) for name in _GOES_ON):
        output.aside("No daemon is running: `solidarity run` publishes on schedule.")


@command("log")
@click.argument("key", metavar="ID")
@json_option
def log(key: str, *, as_json: bool) -> int:
    """Print every step of one delivery."""
    from scheduler.operations import status as of

    ready = whatever_there_is()
    steps = of.log_at_once(ready, key)
    if steps is None:
        with in_use(ready) as app:
            steps = of.log(app, key)
    if as_json:
        output.as_json([{"at": at, "event": event, "detail": detail} for at, event, detail in steps])
    else:
        lines = [
            (f"{at.astimezone(ready.timezone):%Y-%m-%d %H:%M:%S.%f}"[:-3], event, detail) for at, event, detail in steps
        ]
        output.table([f"at ({ready.timezone.key})", "event", "detail"], lines)
    return 0


@command("export")
@click.option("--format", "kind", required=True, type=click.Choice(["ics", "csv"]))
def export(kind: str) -> int:
    """Print the calendar of deliveries, for other tools."""
    from scheduler.clock import SystemClock
    from scheduler.operations.export import as_csv, as_ics

    ready = whatever_there_is()
    found = _look(ready).deliveries
    text = as_csv(found, ready) if kind == "csv" else as_ics(found, ready, now=SystemClock().now())
    click.echo(text.encode(), nl=False)
    return 0


COMMANDS = (status, log, export)
