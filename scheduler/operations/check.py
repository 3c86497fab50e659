"""Look at every action and post and say all that is wrong; send nothing, open no database."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scheduler import app as parts
from scheduler import plan
from scheduler.clock import Clock
from scheduler.model import Action, Level, Problem
from scheduler.posts import Loaded


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a look at the workspace gave."""

    posts: int
    deliveries: int
    problems: tuple[Problem, ...]
    actions: tuple[Action, ...]
    loaded: Loaded
    usable: bool = True  # False where config.yaml can't be read: nothing else was looked at

    @property
    def errors(self) -> int:
        """How many problems keep a post from going out."""
        return sum(problem.level is Level.error for problem in self.problems)


def check(folder: Path, *, clock: Clock, files: Sequence[Path] | None = None) -> Checked:
    """Check a workspace, or only `files` of its posts.

    Raises:
        WorkspaceError: the folder is no workspace.
    """
    workspace, problems = parts.read_workspace(folder)
    if workspace is None:
        nothing = Loaded(actions=(), problems=())
        return Checked(posts=0, deliveries=0, problems=tuple(problems), actions=(), loaded=nothing, usable=False)
    with _uncollected():
        loaded = parts.read_posts(workspace, now=clock.now(), files=files)
    found = {*problems, *loaded.problems}
    return Checked(
        posts=sum(len(action.posts) for action in loaded.actions) + len(loaded.broken_posts),
        deliveries=plan.count(loaded.actions, workspace),
        problems=tuple(sorted(found, key=lambda one: (one.place, one.level, one.rule, one.message))),
        actions=loaded.actions,
        loaded=loaded,
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from looking for garbage: all that is read is kept, and looking takes a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
