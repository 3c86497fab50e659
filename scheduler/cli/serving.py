"""The web pages: serve."""

import logging
import signal

import click

from scheduler.cli import output
from scheduler.cli.options import command, opened

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


@command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 takes any.")
def serve(host: str, port: int) -> int:
    """Serve the web pages for volunteers and staff, beside `solidarity run`, until told to stop."""
    from scheduler.web.serving import serve as answer

    _log()
    with opened() as app:
        if answer(app, host=host, port=port, ready=lambda address: _ready(host, address)) is signal.SIGINT:
            raise click.Abort
    return 0


def _ready(host: str, address: str) -> None:
    """Say where the pages are; every address of a machine at once is none to type on another device."""
    output.aside(address)
    if host.strip("[]") in _EVERYWHERE:
        port = address.rpartition(":")[2]
        output.aside(f"from another device: http://ADDRESS:{port}, with this machine's address in your network")


class _Scrubbed(logging.Formatter):
    """Says of a fault what and where it was; its own words may quote what somebody sent."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        from scheduler.web.gate import scrubbed

        fault = record.exc_info[1] if record.exc_info else None
        record.exc_info, record.exc_text = None, None
        line = super().format(record).replace("\n", " ")
        return line if fault is None else f"{line}: {scrubbed(fault)}"


def _log() -> None:
    """Log our own words only: what libraries say may hold an address, a file's name or a person's words."""
    logging.getLogger().addHandler(logging.NullHandler())
    handler = logging.StreamHandler()
    handler.setFormatter(_Scrubbed("%(asctime)s %(levelname)s %(message)s"))
    ours = logging.getLogger("scheduler")
    ours.addHandler(handler)
    ours.setLevel(logging.WARNING)
    ours.propagate = False


COMMANDS = (serve,)
