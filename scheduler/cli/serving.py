"""The web pages: serve."""

import logging
import signal

import click

from scheduler.cli import output
from scheduler.cli.options import command, logged, opened, restarted

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


@command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 takes any.")
def serve(host: str, port: int) -> int:
    """Serve the web pages for volunteers and staff, beside `solidarity run`, until told to stop."""
    from scheduler.web.serving import serve as answer

    with restarted(), opened() as app, logged(app, logging.WARNING):
        if answer(app, host=host, port=port, ready=lambda address: _ready(host, address)) is signal.SIGINT:
            raise click.Abort
    return 0


def _ready(host: str, address: str) -> None:
    """Say where the pages are; every address of a machine at once is none to type on another device."""
    output.aside(address)
    if host.strip("[]") in _EVERYWHERE:
        port = address.rpartition(":")[2]
        output.aside(f"from another device: http://ADDRESS:{port}, with this machine's address in your network")


COMMANDS = (serve,)
