"""Finds posts that would say the very same thing twice on one account."""

from collections.abc import Iterable
from datetime import timedelta

from scheduler import compose
from scheduler.model import Action, Level, Post, Problem, Workspace

# Networks refuse the same text again within about a day; weeks later they take it.
_REFUSED_WITHIN = timedelta(days=1)


def find(actions: Iterable[Action], workspace: Workspace) -> list[Problem]:
    """Return a problem for the later of two equal texts; recurrences repeat themselves on purpose.

    It is an error within an action, a day and an account with credentials; otherwise a warning.
    """
    said: dict[str, dict[str, tuple[Action, Post]]] = {name: {} for name in workspace.accounts}
    problems: dict[tuple[str, str], Problem] = {}
    for action in actions:
        for post in action.posts:
            if post.at is None or post.submissions:
                continue
            own = (action, post)
            for name in _names(action, post, workspace):
                words = compose.text(action, post, workspace.accounts[name], workspace)
                first = said[name].setdefault(words, own)
                if first != own:
                    problems.setdefault((action.key, post.id), _problem(action, post, first, name, workspace))
    return list(problems.values())


def _names(action: Action, post: Post, workspace: Workspace) -> list[str]:
    chosen = next((names for names in (post.accounts, action.accounts) if names is not None), None)
    return [name for name in (workspace.accounts if chosen is None else chosen) if name in workspace.accounts]


def _problem(action: Action, post: Post, first: tuple[Action, Post], name: str, workspace: Workspace) -> Problem:
    other, earlier = first
    near = post.at and earlier.at and abs(post.at - earlier.at) < _REFUSED_WITHIN
    is_error = other.key == action.key and near and workspace.accounts[name].keys
    return Problem(
        place=post.places.get("text", post.place),
        level=Level.error if is_error else Level.warning,
        rule="duplicate-text",
        message=f"on {name} this says the same as {other.key}/{earlier.id}; networks refuse that, reword one",
        post=f"{action.key}/{post.id}",
    )
