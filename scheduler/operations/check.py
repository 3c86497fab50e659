"""Look at every action and post and say all that is wrong; send nothing, open no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.clock import Clock
from scheduler.garbage import uncollected
from scheduler.remembered import Found, Memory

if TYPE_CHECKING:
    from scheduler.model import Action, Problem, Workspace
    from scheduler.posts import Loaded

_CONFIG = "config.yaml"


@dataclass(frozen=True, kw_only=True)
class Checked(Found):
    """What was found, with the posts themselves."""

    loaded: "Loaded"

    @property
    def actions(self) -> "tuple[Action, ...]":
        """The actions that can be planned."""
        return self.loaded.actions


def look(folder: Path, *, clock: Clock, cache: Path | None, files: Sequence[Path] | None = None) -> Found:
    """Check a workspace, or only `files` of its posts, or tell what was found last time where nothing has changed.

    `cache`: the folder in which it is kept for the next time; None where nothing is kept.

    Raises:
        WorkspaceError: the folder is no workspace.
    """
    if cache is None or files is not None:
        return check(folder, clock=clock, files=files)
    memory = Memory(cache, folder)
    known = memory.recall(clock.now())
    if known is not None:
        return known
    workspace, checked = _check(folder, clock=clock)
    if workspace is not None and not any(problem.place.file == _CONFIG for problem in checked.problems):
        until, logo = checked.loaded.until, workspace.brand.logo
        looked_at = checked.loaded.looked_at | ({logo} if logo else set())
        memory.keep(checked, now=clock.now(), until=until, looked_at=looked_at, zone=workspace.timezone.key)
    return checked


def check(folder: Path, *, clock: Clock, files: Sequence[Path] | None = None) -> Checked:
    """Check a workspace, or only `files` of its posts; return what was read of them too.

    Raises:
        WorkspaceError: the folder is no workspace.
    """
    return _check(folder, clock=clock, files=files)[1]


def _check(folder: Path, *, clock: Clock, files: Sequence[Path] | None = None) -> "tuple[Workspace | None, Checked]":
    from scheduler import app as parts
    from scheduler import plan
    from scheduler.posts import Loaded

    workspace, problems = parts.read_workspace(folder)
    if workspace is None:
        nothing = Loaded(actions=(), problems=())
        return None, Checked(posts=0, deliveries=0, problems=tuple(problems), loaded=nothing, usable=False)
    with uncollected(keeps=True):
        loaded = parts.read_posts(workspace, now=clock.now(), files=files)
        found = {*problems, *loaded.problems}
        return workspace, Checked(
            posts=sum(len(action.posts) for action in loaded.actions) + len(loaded.broken_posts),
            deliveries=plan.count(loaded.actions, workspace),
            problems=tuple(sorted(found, key=_order)),
            loaded=loaded,
        )


def _order(one: "Problem") -> tuple[object, ...]:
    return one.place, one.level, one.rule, one.message
