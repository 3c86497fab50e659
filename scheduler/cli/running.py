"""What goes out: run and rehearse."""

import logging
import signal
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scheduler.cli import output
from scheduler.cli.options import command, folder, json_option, logged, opened, restarted, workspace
from scheduler.errors import UsageError

if TYPE_CHECKING:
    from scheduler.app import App
    from scheduler.store import Delivery

_BAD = ("failed", "unknown", "needs-human")
_SETTLED = ("published", "held", "missed", *_BAD)


@command("run")
@click.option("--once", is_flag=True, help="Do all that is due now, and end: for cron.")
@click.option("--verbose", is_flag=True, help="Say every step.")
@click.option("--health", type=click.IntRange(0, 65535), help="Tell on this port of this machine how it does; 0: any.")
@click.option("--json", "as_json", is_flag=True, help="With --once: one JSON document on standard output.")
def run(*, once: bool, verbose: bool, health: int | None, as_json: bool) -> int:
    """Publish on schedule until told to stop. Several on one workspace are fine: nothing goes twice."""
    if as_json and not once:
        msg = "--json goes with --once"
        raise UsageError(msg)
    if once and health is not None:
        msg = "--health is for the daemon, and doesn't go with --once"
        raise UsageError(msg)
    with nullcontext() if once else restarted(), opened() as app:
        usual = logging.WARNING if once else logging.INFO
        with logged(app, logging.DEBUG if verbose else usual):
            if once:
                return _run_once(app, as_json=as_json)
            from scheduler.daemon import Daemon

            if Daemon(app, health=health).run() is signal.SIGINT:
                raise click.Abort
    return 0


def _run_once(app: "App", *, as_json: bool) -> int:
    from scheduler import followed
    from scheduler.daemon import run_once
    from scheduler.operations.fill import fill
    from scheduler.operations.queue import apply
    from scheduler.operations.status import status
    from scheduler.operations.tidy import tidy

    before = {one.key: one.status for one in status(app).deliveries}
    errors = []
    if followed.known(app) is None:
        loaded, mark = followed.load(app)
        errors = [problem for problem in loaded.problems if problem.level == "error"]
        for problem in errors:
            output.aside(str(problem))
        fill(app, loaded)
        apply(app, loaded, mark=mark)
    run_once(app)
    tidy(app)  # nobody else keeps house where cron stands for the daemon
    after = status(app).deliveries
    moved = [one for one in after if one.status in _SETTLED and one.status != before.get(one.key)]
    waits = [one for one in after if one.status == "queued" and one.due_at <= app.clock.now()]
    counts = {name: sum(one.status == name for one in moved) for name in _SETTLED}
    if as_json:
        output.as_json({**counts, "deliveries": [output.delivery(one) for one in [*moved, *waits]]})
    else:
        lines = [(one.status, one.key, one.url or one.reason) for one in [*moved, *waits]]
        if lines:
            output.table(["status", "delivery", ""], lines, state=0)
        output.say(", ".join(f"{number} {name}" for name, number in counts.items() if number) or "nothing went out")
    bad = any(one.status in _BAD or one.hold == "account" for one in moved)
    return int(bad or bool(errors))


def _moment(text: str | None, option: str, *, end: bool = False) -> datetime | None:
    """Read a date, or a date and time, of the workspace's wall clock; with `end` a date means its end."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - outside what is taken below
    if not 1990 <= moment.year <= 2200:
        msg = f"{option} {text}: write a date, e.g. 2021-09-10, or a date and time, e.g. 2021-09-10T09:00"
        raise UsageError(msg)
    if end and ":" not in text:
        moment += timedelta(days=1)
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=workspace().timezone)
    return zoned.astimezone(UTC)


@command("rehearse")
@click.option("--from", "begins", help="The first moment, local (default: just before the first post).")
@click.option("--to", "ends", help="The last moment, local (default: a day after the last post).")
@click.option("--out", type=click.Path(path_type=Path), help="The folder for the gallery (default: var/rehearsal).")
@click.option("--lang", default="en", type=click.Choice(["en", "fr"]), help="The gallery's own language.")
@click.option("--strict", is_flag=True, help="Against servers on this machine that refuse what the networks would.")
@json_option
def rehearse(begins: str | None, ends: str | None, out: Path | None, lang: str, *, strict: bool, as_json: bool) -> int:
    """Let the whole campaign happen on a simulated clock, offline, and show it in a gallery."""
    from scheduler.clock import SimulatedClock, SystemClock
    from scheduler.operations.check import check as look
    from scheduler.rehearsal import rehearse as happen
    from scheduler.rehearsal import write_gallery

    ready = workspace()
    first, last = _moment(begins, "--from"), _moment(ends, "--to", end=True)
    if first and last and first >= last:
        msg = f"--from {begins} --to {ends}: the end must lie after the beginning"
        raise UsageError(msg)
    checked = look(folder(), clock=SimulatedClock(first) if first else SystemClock())
    for problem in checked.problems:
        if problem.level == "error":
            output.aside(str(problem))
    target = (out or ready.var / "rehearsal").absolute()
    with output.progress("Rehearsing") as show:
        result = happen(ready, checked.loaded, out=target, begins=first, ends=last, progress=show, strict=strict)
    index = write_gallery(result, ready, checked.actions, language=lang)
    counts = {
        "published": result.count("published"),
        "held": result.count("held"),
        "missed": result.count("missed"),
        "failed": result.count("failed", "unknown", "needs-human"),
    }
    if as_json:
        found = [output.delivery(one) for one in result.deliveries]
        there = {"networks": dict(result.there)} if strict else {}
        output.as_json({**counts, **there, "out": str(target), "gallery": str(index), "deliveries": found})
    else:
        bad = [one for one in result.deliveries if one.status in {"missed", *_BAD}]
        if bad:
            output.table(["status", "delivery", ""], [(one.status, one.key, one.reason) for one in bad], state=0)
        output.say(", ".join(f"{number} {name}" for name, number in counts.items()))
        for words in _held_because(result.deliveries):
            output.say(f"  {words}")
        for name, number in result.there.items():
            output.say(f"  {name} has {number} post{'' if number == 1 else 's'}")
        output.say(f"The gallery: {index.as_uri()}")
    return int(counts["failed"] > 0 or checked.errors > 0)


def _held_because(found: "Iterable[Delivery]") -> list[str]:
    """Say of what is held what it waits for: that a person has to act is what a rehearsal is to show."""
    from collections import Counter

    waits = Counter((one.hold, one.action) for one in found if one.status == "held")
    return [f"{number} of {action} held for: {hold}" for (hold, action), number in sorted(waits.items())]


COMMANDS = (run, rehearse)
