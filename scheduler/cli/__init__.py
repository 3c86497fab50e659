"""The command line: a sub-command an operation. The only place that prints and exits.

Modules here import nothing heavy at the top: `--help` answers at once.
"""

import io
import logging
import os
import re
import signal
import sys
from typing import TextIO

import click

from scheduler.cli import notifying, people, pictures, running, serving, staffing, standing, upkeep, writing
from scheduler.cli.options import workspace_option
from scheduler.errors import SchedulerError, UsageError, WorkspaceError

DONE, PROBLEMS, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
_IN_FILE = re.compile(r"\S.*?:\d+:\d+: (error|warning): ")


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="solidarity-scheduler", prog_name="solidarity")
@workspace_option
@click.pass_context
def solidarity(context: click.Context) -> None:
    """Schedule a campaign's posts and publish each exactly once, with its card, hashtags and tags.

    A workspace is a folder with config.yaml and posts/. `solidarity init DIR` makes one.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(UNUSABLE)


for module in (writing, pictures, running, serving, standing, notifying, people, staffing, upkeep):
    for command in module.COMMANDS:
        solidarity.add_command(command)


def main() -> None:
    """Run the command line and exit: 0 done, 1 problems found, 2 wrong usage or workspace, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that can't show a letter must not end the command
            stream.reconfigure(errors="backslashreplace")
    logging.getLogger("scheduler").addHandler(logging.NullHandler())  # only `run` keeps a log
    interrupted: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        interrupted.append(number)
        signal.default_int_handler(number, None)

    signal.signal(signal.SIGINT, interrupt)
    try:
        code = solidarity.main(standalone_mode=False, prog_name="solidarity")
    except click.exceptions.Exit as done:
        code = done.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except BrokenPipeError:
        _turn_to_nothing(sys.stdout)  # its reader has gone
        code = PROBLEMS
    except Exception as error:
        code = _explain(error)
    # A library's finaliser may swallow the exception; a person who pressed Ctrl-C still gets to know.
    sys.exit(INTERRUPTED if interrupted else code if isinstance(code, int) else DONE)


def _explain(error: Exception) -> int:
    """Say on standard error what went wrong and what to do; return the exit code."""
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "solidarity"
        _say(f"{path}: {error.format_message()}\nTry `{path} --help`.")
        return UNUSABLE
    if isinstance(error, click.ClickException):
        _say(f"solidarity: {error.format_message()}")
        return PROBLEMS
    if isinstance(error, SchedulerError):
        text = str(error)
        # What is wrong in a file is said in one form everywhere; editors and other tools read it.
        _say(text if _IN_FILE.match(text) else f"solidarity: {text}")
        return UNUSABLE if isinstance(error, (WorkspaceError, UsageError)) else PROBLEMS
    if isinstance(error, UnicodeEncodeError):
        _say("solidarity: a name on the command line isn't valid text: write it in UTF-8")
        return UNUSABLE
    if isinstance(error, OSError):
        _say(f"solidarity: {error.filename or 'the output'}: {error.strerror or error}")
        return PROBLEMS
    return _fault(error)


def _fault(error: Exception) -> int:
    """Say that the program itself is at fault; whoever mends it sets SOLIDARITY_DEBUG."""
    if os.environ.get("SOLIDARITY_DEBUG"):
        import traceback

        traceback.print_exception(error)
    text = " ".join(str(error).split())[:300]
    _say(f"solidarity: a fault of the program: {type(error).__name__}: {text}")
    _say("Please report it, with what SOLIDARITY_DEBUG=1 shows.")
    return PROBLEMS


def _say(text: str) -> None:
    """Say something on standard error. Where that can't be written either, the exit code alone tells."""
    try:
        click.echo(text, err=True)
    except OSError:
        _turn_to_nothing(sys.stderr)


def _turn_to_nothing(stream: TextIO) -> None:
    """Let what is still to be written go nowhere: Python's own flush at the end must not complain again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
