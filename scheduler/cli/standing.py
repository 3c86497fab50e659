"""Where everything stands: status, log, export."""

import click

from scheduler.cli import output
from scheduler.cli.options import command, json_option, opened


@command("status")
@click.argument("post", required=False)
@json_option
def status(post: str | None, *, as_json: bool) -> int:
    """Say where everything, or one POST, stands."""
    from scheduler.operations.status import status as look

    with opened() as app:
        found = look(app, post)
        if as_json:
            output.as_json(
                {
                    "counts": found.counts,
                    "paused": [output.pause(one) for one in found.pauses],
                    "deliveries": [output.delivery(one) for one in found.deliveries],
                    "tasks": [{"id": one.key, "what": one.what, "at": one.at} for one in found.tasks],
                    "daemons": [{"worker": name, "seen_at": at} for name, at in found.workers.items()],
                }
            )
            return 0
        lines = [
            (output.local(one.due_at, app.workspace), one.status, one.key, one.url or one.reason)
            for one in found.deliveries
        ]
        if lines:
            output.table([f"due ({app.workspace.timezone.key})", "status", "delivery", ""], lines, state=1)
        for pause in found.pauses:
            name = "everything" if pause.scope == "all" else f"{pause.scope} {pause.name}"
            output.say(f"{'blocked' if pause.kind == 'blocked' else 'paused'}: {name}: {pause.why}")
        for task in found.tasks:
            output.say(f"for a person: {task.key}: {task.what}")
        output.say(", ".join(f"{number} {name}" for name, number in found.counts.items()) or "the queue is empty")
    return 0


@command("log")
@click.argument("key", metavar="ID")
@json_option
def log(key: str, *, as_json: bool) -> int:
    """Print every step of one delivery."""
    from scheduler.operations.status import log as look

    with opened() as app:
        steps = look(app, key)
        if as_json:
            output.as_json([{"at": at, "event": event, "detail": detail} for at, event, detail in steps])
        else:
            lines = [
                (f"{at.astimezone(app.workspace.timezone):%Y-%m-%d %H:%M:%S.%f}"[:-3], event, detail)
                for at, event, detail in steps
            ]
            output.table(["at", "event", "detail"], lines)
    return 0


@command("export")
@click.option("--format", "kind", required=True, type=click.Choice(["ics", "csv"]))
def export(kind: str) -> int:
    """Print the calendar of deliveries, for other tools."""
    from scheduler.operations.export import as_csv, as_ics
    from scheduler.operations.status import status as look

    with opened() as app:
        found = look(app).deliveries
        text = as_csv(found, app.workspace) if kind == "csv" else as_ics(found, app.workspace, now=app.clock.now())
    click.echo(text.encode(), nl=False)
    return 0


COMMANDS = (status, log, export)
