"""The web pages: serve."""

import logging

import click

from scheduler.cli import output
from scheduler.cli.options import command, opened


@command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 takes any.")
def serve(host: str, port: int) -> int:
    """Serve the web pages for volunteers and staff, beside `solidarity run`, until told to stop."""
    from scheduler.web.serving import serve as answer

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    with opened() as app:
        output.aside(f"http://{host}:{port}")
        answer(app, host=host, port=port)
    return 0


COMMANDS = (serve,)
