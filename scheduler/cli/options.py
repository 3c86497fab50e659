"""What the sub-commands share: choosing the workspace, --json, and opening an App."""

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scheduler.errors import SchedulerError

if TYPE_CHECKING:
    from scheduler.app import App
    from scheduler.model import Workspace
    from scheduler.posts import Loaded

_KEY = "solidarity.workspace"


def _choose(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    """Keep the innermost choice; `SOLIDARITY_WORKSPACE` and the current folder come last."""
    if value is not None:
        context.meta[_KEY] = value


workspace_option = click.option(
    "-C",
    "--workspace",
    type=click.Path(path_type=Path),
    callback=_choose,
    expose_value=False,
    envvar="SOLIDARITY_WORKSPACE",
    help="The folder with config.yaml and posts/ (default: the current one).",
)
after_command = click.option(
    "-C", "--workspace", type=click.Path(path_type=Path), callback=_choose, expose_value=False, hidden=True
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


def command(name: str) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a function a sub-command that takes -C after its name too."""

    def make(function: Callable[..., Any]) -> click.Command:
        return click.command(name)(after_command(function))

    return make


def folder() -> Path:
    """Return the chosen workspace's folder."""
    chosen: Path = click.get_current_context().meta.get(_KEY, Path())
    return chosen.absolute()


def workspace() -> "Workspace":
    """Read config.yaml; what is wrong in it ends the command.

    Raises:
        WorkspaceError: the workspace can't be used; the message holds every error of config.yaml.
    """
    from scheduler import app
    from scheduler.errors import WorkspaceError

    loaded, problems = app.workspace(folder())
    errors = [str(problem) for problem in problems if problem.level == "error"]
    if errors:
        raise WorkspaceError("\n".join(errors))
    return loaded


def readable(ready: "Workspace") -> "Loaded":
    """Return every post that can be read, also one that its network would refuse; errors go to standard error."""
    from scheduler import app, posts
    from scheduler.clock import SystemClock

    loaded = posts.load(ready, now=SystemClock().now(), themes=app.themes())
    for problem in loaded.problems:
        if problem.level == "error":
            click.echo(str(problem), err=True)
    return loaded


_BEGUN_ANEW = (
    "This workspace's state is gone, and a new one was begun: what people paused, cancelled, approved or released is "
    "forgotten. If there is a copy, stop the daemon and put it back: `solidarity restore FILE`."
)


@contextmanager
def opened(*, in_need: bool = False) -> "Iterator[App]":
    """Give the workspace's App, and close it. What is written from here on is this user's alone.

    With `in_need` a config.yaml with errors, or one that can't be read at all, doesn't keep a person from pausing,
    withdrawing or looking: its errors are said, and the command does its work.
    """
    with in_use(whatever_there_is() if in_need else workspace()) as built:
        yield built


@contextmanager
def in_use(ready: "Workspace") -> "Iterator[App]":
    """Give the App of a workspace that was read, and close it, likewise."""
    from scheduler import app

    os.umask(0o077)
    built = app.build(ready)
    if built.store.begun_anew:
        click.echo(_BEGUN_ANEW, err=True)
    try:
        yield built
    finally:
        built.close()


def logged(app: "App", level: int) -> AbstractContextManager[None]:
    """Keep a log on standard error, without the workspace's secrets in it."""
    from scheduler import logs
    from scheduler.config.known import KnownSecrets

    return logs.keeping(level=level, hidden=KnownSecrets(app.workspace.folder, app.workspace.var))


@contextmanager
def restarted() -> Iterator[None]:
    """End a program that a service manager started so that it is started again, where its state is away for now.

    Exit code 2 means that a person has to look; a database that comes up later than we do needs nobody.
    """
    from scheduler.store import StateAwayError

    try:
        yield
    except StateAwayError as error:
        raise SchedulerError(str(error)) from None


def whatever_there_is() -> "Workspace":
    """Read config.yaml, as far as it can be read, and say what is wrong in it."""
    from scheduler import app

    loaded, problems = app.read_workspace(folder())
    for problem in problems:
        if problem.level == "error":
            click.echo(str(problem), err=True)
    return loaded or app.bare_workspace(folder())


def who() -> str:
    """Return the name of the person at the keyboard, for the audit."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "someone"
