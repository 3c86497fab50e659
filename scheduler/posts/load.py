"""The folder of actions -> Loaded: what can be published, what is wrong, and what must be left as it was."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from scheduler.errors import UsageError
from scheduler.model import Action, Level, Place, Problem, Workspace
from scheduler.posts import duplicates, keys
from scheduler.posts.action import Reading, read
from scheduler.reading.shapes import Json, document
from scheduler.reading.source import POSTS, campaign

CONFIG = "config.yaml"


@dataclass(frozen=True)
class Loaded:
    """The actions that can be planned, and every problem in order of place."""

    actions: tuple[Action, ...]
    problems: tuple[Problem, ...]
    broken: frozenset[str] = frozenset()  # keys of actions not to be trusted: their last good version stays
    broken_posts: frozenset[tuple[str, str]] = frozenset()  # (action, post) left out: likewise
    drafts: tuple[Action, ...] = ()  # broken actions as far as they could be read: to check, never to plan
    looked_at: frozenset[str] = frozenset()  # pictures and films that are named, wherever they may lie in the workspace
    until: datetime | None = None  # from then on there are other problems, though nothing is written anew

    def action(self, key: str) -> Action:
        """Return the action `key`. Raises UsageError where there is none that can be read."""
        found = next((one for one in self.actions if one.key == key), None)
        if found is None:
            known = ", ".join(one.key for one in self.actions)
            raise UsageError(f"{key}: there is no such action that can be read; posts/ has {known or 'none'}")
        return found


def load(
    workspace: Workspace,
    *,
    now: datetime,
    themes: Collection[str] = (),
    files: Sequence[Path] | None = None,
) -> Loaded:
    """Return what the posts folder says at `now`, or only `files`. Never raises for the content of a file.

    `themes`: the cards' themes; none leaves them unchecked.
    """
    world, names = _noting(keys.World.of(workspace, themes))
    paths = _found(workspace.folder) if files is None else _given(files, workspace.folder)
    readings = [read(path, name, world, workspace, now) for path, name in paths]
    problems = [problem for one in readings for problem in (*one.report.problems, *one.others.problems)]
    whole = [one.action for one in readings if one.action and not one.is_broken]
    same = duplicates.find(whole, workspace)
    bad = {problem.post for problem in same if problem.level is Level.error}
    if not paths and files is None:
        problems.append(_nothing())
    return Loaded(
        actions=tuple(_without(action, bad) for action in whole),
        problems=tuple(sorted((*problems, *same), key=lambda problem: (problem.place, problem.rule, problem.message))),
        broken=frozenset(one.key for one in readings if one.is_broken),
        broken_posts=_broken_posts(readings, bad),
        drafts=tuple(one.action for one in readings if one.action and one.is_broken),
        looked_at=frozenset(name for one in names for name in (one, f"{POSTS}/{one}")),
        until=min((one.until for one in readings if one.until), default=None),
    )


def _noting(world: keys.World) -> tuple[keys.World, set[str]]:
    """Return a world that notes which files are looked for, and the set in which it does."""
    names: set[str] = set()

    def find(text: str) -> str:
        names.add(text)
        return world.find(text)

    return replace(world, find=find), names


def schema() -> Json:
    """Return the JSON Schema of an action's file."""
    return document("Solidarity campaign action", keys.action(keys.World()))


def _found(folder: Path) -> list[tuple[Path, str]]:
    return [(path, f"{POSTS}/{path.name}") for path in campaign(folder)]


def _given(files: Sequence[Path], folder: Path) -> list[tuple[Path, str]]:
    found = {}
    for file in files:
        # A name is meant from where the person stands, or else from the workspace.
        path = file if file.is_absolute() or file.exists() else folder / file
        name = _name(path, folder)
        if name != CONFIG:
            found[name] = path
    return [(path, name) for name, path in found.items()]


def _name(path: Path, folder: Path) -> str:
    try:
        # The last part stays as written: a link is judged by the reader.
        return str((path.parent.resolve() / path.name).relative_to(folder.resolve()).as_posix())
    except (OSError, RuntimeError, ValueError):
        return str(path)


def _nothing() -> Problem:
    return Problem(
        place=Place(file=POSTS),
        level=Level.warning,
        rule="no-posts",
        message="there is no action in posts/; add one, e.g. posts/syria-not-safe.yaml",
    )


def _without(action: Action, bad: Collection[str | None]) -> Action:
    posts = tuple(post for post in action.posts if f"{action.key}/{post.id}" not in bad)
    return action if len(posts) == len(action.posts) else replace(action, posts=posts)


def _broken_posts(readings: Sequence[Reading], bad: Collection[str | None]) -> frozenset[tuple[str, str]]:
    own = {(one.key, post) for one in readings for post in one.broken_posts}
    later = {(action, post) for name in bad if name for action, _, post in [name.partition("/")]}
    return frozenset(own | later)
