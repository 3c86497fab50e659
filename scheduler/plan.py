"""What the queue should hold: actions x accounts -> deliveries. Pure: no clock, no database, no network."""

from collections.abc import Iterable, Iterator

from scheduler import compose, occurrences
from scheduler.model import Account, Action, Planned, Post, Workspace


def deliveries(actions: Iterable[Action], workspace: Workspace) -> list[Planned]:
    """Return every delivery that the actions ask for, in the order of their times.

    Occurrences of a recurrence that fall outside the action's window aren't wanted and are left out.
    """
    planned = [one for action in actions for post in action.posts for one in _of_post(action, post, workspace)]
    return sorted(planned, key=lambda one: (one.due_at, one.key))


def targets(action: Action, post: Post, workspace: Workspace) -> list[Account]:
    """Return the accounts that a post goes to: its own, else the action's, else all."""
    names = post.accounts if post.accounts is not None else action.accounts
    wanted = workspace.accounts if names is None else names
    return [workspace.accounts[name] for name in wanted if name in workspace.accounts]


def _of_post(action: Action, post: Post, workspace: Workspace) -> Iterator[Planned]:
    for name, wall in occurrences.walls(post):
        due_at = occurrences.to_utc(wall, workspace.timezone)
        opened = action.opens_at is None or action.opens_at <= due_at
        closed = action.closes_at is not None and action.closes_at <= due_at
        if not opened or closed:
            continue
        for account in targets(action, post, workspace):
            yield Planned(
                key=key(action.key, post.id, name, account.name),
                action=action.key,
                post=post.id,
                account=account.name,
                platform=account.platform,
                due_at=due_at,
                content=compose.content(action, post, account, workspace, due_at=due_at),
                late=post.late or action.late or workspace.late,
                opens_at=action.opens_at,
                closes_at=action.closes_at,
                needs_release=action.manual_release,
                needs_approval=post.approve,
                place=post.place,
            )


def key(action: str, post: str, occurrence: str, account: str) -> str:
    """Return the name of a delivery: ACTION/POST[/OCCURRENCE]@ACCOUNT."""
    middle = f"/{occurrence}" if occurrence else ""
    return f"{action}/{post}{middle}@{account}"
