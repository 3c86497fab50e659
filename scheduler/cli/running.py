"""What goes out: run and rehearse."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from scheduler.cli import output
from scheduler.cli.options import command, folder, json_option, opened, workspace


@command("run")
@click.option("--once", is_flag=True, help="Do all that is due now, and end: for cron.")
@click.option("--verbose", is_flag=True, help="Say every step.")
def run(*, once: bool, verbose: bool) -> int:
    """Publish on schedule until told to stop. Several on one workspace are fine: nothing goes twice."""
    _log(verbose=verbose)
    with opened() as app:
        if not once:
            from scheduler.daemon import Daemon

            Daemon(app).run()
            return 0
        from scheduler.daemon import PostsWatch, run_once
        from scheduler.model import Status
        from scheduler.operations.status import status

        PostsWatch(app).look()
        before = status(app).counts
        run_once(app)
        after = status(app).counts
        for name in (Status.published, Status.held, Status.missed, Status.unknown, Status.needs_human, Status.failed):
            changed = after.get(name, 0) - before.get(name, 0)
            if changed > 0:
                output.say(f"{changed} {name}")
        bad = (Status.failed, Status.unknown, Status.needs_human)
        return int(any(after.get(name, 0) > before.get(name, 0) for name in bad))


def _log(*, verbose: bool) -> None:
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("scheduler").setLevel(logging.DEBUG if verbose else logging.INFO)


def _moment(text: str | None, *, end: bool = False) -> datetime | None:
    """Read a date, or a date and time, of the workspace's wall clock."""
    from datetime import UTC, timedelta

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text}: write a date, e.g. 2021-09-10, or a date and time, e.g. 2021-09-10T09:00"
        raise click.BadParameter(msg) from None
    if end and len(text) == len("2021-09-10"):
        moment += timedelta(days=1)
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=workspace().timezone)
    return zoned.astimezone(UTC)


@command("rehearse")
@click.option("--from", "begins", help="The first moment, local (default: just before the first post).")
@click.option("--to", "ends", help="The last moment, local (default: a day after the last post).")
@click.option("--out", type=click.Path(path_type=Path), help="The folder for the gallery (default: var/rehearsal).")
@click.option("--lang", default="en", type=click.Choice(["en", "fr"]), help="The gallery's own language.")
@json_option
def rehearse(begins: str | None, ends: str | None, out: Path | None, lang: str, *, as_json: bool) -> int:
    """Let the whole campaign happen on a simulated clock, offline, and show it in a gallery."""
    from scheduler.clock import SimulatedClock, SystemClock
    from scheduler.operations.check import check as look
    from scheduler.rehearsal import rehearse as happen
    from scheduler.rehearsal import write_gallery

    ready = workspace()
    first, last = _moment(begins), _moment(ends, end=True)
    checked = look(folder(), clock=SimulatedClock(first) if first else SystemClock())
    for problem in checked.problems:
        if problem.level == "error":
            output.aside(str(problem))
    target = (out or ready.var / "rehearsal").absolute()
    with _progress() as show:
        result = happen(ready, checked.loaded, out=target, begins=first, ends=last, progress=show)
    index = write_gallery(result, ready, checked.actions, language=lang)
    counts = {
        "published": result.count("published"),
        "held": result.count("held"),
        "missed": result.count("missed"),
        "failed": result.count("failed", "unknown", "needs-human"),
    }
    if as_json:
        found = [output.delivery(one) for one in result.deliveries]
        output.as_json({**counts, "out": str(target), "gallery": str(index), "deliveries": found})
    else:
        output.say(", ".join(f"{number} {name}" for name, number in counts.items()))
        output.say(f"The gallery: {index.as_uri()}")
    return int(counts["failed"] > 0 or checked.errors > 0)


def _progress() -> Any:
    """Return a progress bar on a terminal, and nothing elsewhere."""
    import sys
    from collections.abc import Callable, Iterator
    from contextlib import contextmanager

    @contextmanager
    def bar() -> Iterator[Callable[[int, int], None]]:
        if not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Rehearsing", total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    return bar()


COMMANDS = (run, rehearse)
