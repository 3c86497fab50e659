"""The times that an action keeps free for what volunteers hand in: its posts `from: submissions`. Pure.

A slot is named like the delivery that comes of it: by its post, and by its time on the workspace's wall clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from scheduler import occurrences, plan
from scheduler.model import Account, Action, Post, Workspace


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One time at which one submission can go out."""

    action: str
    post: str
    occurrence: str  # its time on the wall clock, e.g. 2021-09-14T12:00
    due_at: datetime  # UTC
    accounts: tuple[str, ...]  # that the post goes to


def slots(action: Action, workspace: Workspace) -> list[Slot]:
    """Return every slot of an action inside its window, in the order of their times."""
    found = [slot for post in taking(action) for slot in _of_post(action, post, workspace)]
    return sorted(found, key=lambda slot: (slot.due_at, slot.post))


def free(
    action: Action,
    workspace: Workspace,
    *,
    taken: frozenset[tuple[str, str]],
    now: datetime,
    networks: frozenset[str],
    not_before: datetime | None = None,
) -> list[Slot]:
    """Return the slots to come that nobody has and that reach an account on one of `networks`, in order.

    `taken`: (post, occurrence) of those that somebody has; `not_before`: nothing earlier will do.
    """
    earliest = max(now, not_before or now)
    return [
        slot
        for slot in slots(action, workspace)
        if slot.due_at > now
        and slot.due_at >= earliest
        and (slot.post, slot.occurrence) not in taken
        and any(workspace.accounts[name].platform in networks for name in slot.accounts)
    ]


def networks(action: Action, workspace: Workspace) -> tuple[str, ...]:
    """Return the networks that a submission to the action may appear on: what a volunteer can agree to."""
    return tuple(sorted({one.platform for post in taking(action) for one in plan.targets(action, post, workspace)}))


def takes_submissions(action: Action) -> bool:
    """Tell whether the action has a place for what volunteers hand in. Whether it is open is another question."""
    return bool(taking(action))


def at(action: Action, workspace: Workspace, moment: datetime) -> Slot:
    """Return a slot of its own at a moment (aware), to the minute, in the action's first post for submissions.

    Raises:
        ValueError: the action takes no submissions, or is closed or not open yet at that moment.
    """
    posts = taking(action)
    if not posts:
        msg = f"{action.key}: no post of it is `from: submissions`"
        raise ValueError(msg)
    wall = moment.astimezone(workspace.timezone).replace(second=0, microsecond=0, tzinfo=None)
    due_at = occurrences.to_utc(wall, workspace.timezone)
    if due_at != moment.astimezone(UTC).replace(second=0, microsecond=0):
        msg = f"{wall:%Y-%m-%d %H:%M} comes twice in {workspace.timezone.key}: choose another time"
        raise ValueError(msg)
    if not plan.is_open(action, due_at):
        msg = f"{action.key}: isn't open at {wall:%Y-%m-%d %H:%M}: choose another time"
        raise ValueError(msg)
    return _slot(action, posts[0], wall, due_at, plan.targets(action, posts[0], workspace))


def taking(action: Action) -> tuple[Post, ...]:
    """Return the posts whose pictures come from volunteers."""
    return tuple(post for post in action.posts if post.submissions)


def _of_post(action: Action, post: Post, workspace: Workspace) -> Iterator[Slot]:
    targets = plan.targets(action, post, workspace)
    for _, wall in occurrences.walls(post):
        due_at = occurrences.to_utc(wall, workspace.timezone)
        if plan.is_open(action, due_at):
            yield _slot(action, post, wall, due_at, targets)


def _slot(action: Action, post: Post, wall: datetime, due_at: datetime, targets: list[Account]) -> Slot:
    return Slot(
        action=action.key,
        post=post.id,
        occurrence=plan.occurrence(wall),
        due_at=due_at,
        accounts=tuple(one.name for one in targets),
    )
