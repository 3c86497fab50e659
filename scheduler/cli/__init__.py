"""The command line: a sub-command an operation. The only place that prints and exits.

Modules here import nothing heavy at the top: `--help` answers at once.
"""

import os
import sys

import click

from scheduler.cli import people, running, standing, upkeep, writing
from scheduler.cli.options import workspace_option
from scheduler.errors import SchedulerError, UsageError, WorkspaceError

DONE, PROBLEMS, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="solidarity-scheduler", prog_name="solidarity")
@workspace_option
def solidarity() -> None:
    """Schedule a campaign's posts and publish each exactly once, with its card, hashtags and tags.

    A workspace is a folder with config.yaml and posts/. `solidarity init DIR` makes one.
    """


for module in (writing, running, standing, people, upkeep):
    for command in module.COMMANDS:
        solidarity.add_command(command)


def main() -> None:
    """Run the command line and exit: 0 done, 1 problems found, 2 wrong usage or workspace, 130 interrupted."""
    try:
        code = solidarity.main(standalone_mode=False, prog_name="solidarity")
    except click.exceptions.Exit as done:
        code = done.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; Python's own flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PROBLEMS
    except SchedulerError as error:
        click.echo(f"solidarity: {error}", err=True)
        code = UNUSABLE if isinstance(error, (WorkspaceError, UsageError)) else PROBLEMS
    except OSError as error:
        click.echo(f"solidarity: {error.filename or ''}: {error.strerror or error}", err=True)
        code = PROBLEMS
    sys.exit(code if isinstance(code, int) else DONE)
