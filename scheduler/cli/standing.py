"""Where everything stands: status, log, export."""

from typing import TYPE_CHECKING

import click

from scheduler.cli import output
from scheduler.cli.options import command, json_option, opened

if TYPE_CHECKING:
    from scheduler.model import Workspace
    from scheduler.operations.status import Standing

_GOES_ON = ("queued", "claimed", "staged", "sending", "unknown")  # what only a daemon brings further


@command("status")
@click.argument("post", required=False)
@json_option
def status(post: str | None, *, as_json: bool) -> int:
    """Say where everything, or one POST, stands."""
    from scheduler.operations.status import status as look

    with opened(in_need=True) as app:
        found = look(app, post)
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
            return 0
        _print_standing(found, app.workspace)
    return 0


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
    from scheduler.operations.status import log as look

    with opened(in_need=True) as app:
        steps = look(app, key)
        if as_json:
            output.as_json([{"at": at, "event": event, "detail": detail} for at, event, detail in steps])
        else:
            lines = [
                (f"{at.astimezone(app.workspace.timezone):%Y-%m-%d %H:%M:%S.%f}"[:-3], event, detail)
                for at, event, detail in steps
            ]
            output.table([f"at ({app.workspace.timezone.key})", "event", "detail"], lines)
    return 0


@command("export")
@click.option("--format", "kind", required=True, type=click.Choice(["ics", "csv"]))
def export(kind: str) -> int:
    """Print the calendar of deliveries, for other tools."""
    from scheduler.operations.export import as_csv, as_ics
    from scheduler.operations.status import status as look

    with opened(in_need=True) as app:
        found = look(app).deliveries
        text = as_csv(found, app.workspace) if kind == "csv" else as_ics(found, app.workspace, now=app.clock.now())
    click.echo(text.encode(), nl=False)
    return 0


COMMANDS = (status, log, export)
