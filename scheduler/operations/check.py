"""Look at every action and post and say all that is wrong; send nothing, open no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scheduler import app as parts
from scheduler import plan, posts, rendering
from scheduler.clock import Clock
from scheduler.errors import UserError
from scheduler.model import Action, Finding, Level, Place, Planned, Post, Problem, Workspace
from scheduler.posts import Loaded
from scheduler.publishers.base import Publisher


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
    loaded = posts.load(workspace, now=clock.now(), themes=parts.themes(), files=files)
    planned = plan.deliveries(loaded.actions, workspace)
    found = [*problems, *loaded.problems, *findings(loaded.actions, planned, workspace)]
    return Checked(
        posts=sum(len(action.posts) for action in loaded.actions),
        deliveries=len(planned),
        problems=tuple(sorted(set(found), key=lambda one: (one.place, one.level, one.rule, one.message))),
        actions=loaded.actions,
        loaded=loaded,
    )


def findings(actions: Iterable[Action], planned: Iterable[Planned], workspace: Workspace) -> list[Problem]:
    """Return what the networks, and the cards, would refuse of what is planned, at its place in the file."""
    by_name = {(action.key, post.id): post for action in actions for post in action.posts}
    publishers = {name: parts.pure_publisher(one, workspace) for name, one in workspace.accounts.items()}
    found: list[Problem] = []
    seen: set[tuple[str, str, str, str]] = set()
    for one in planned:
        mark = (one.action, one.post, one.account, one.content.text)
        if mark not in seen:
            seen.add(mark)
            found += _of_delivery(one, by_name[one.action, one.post], publishers[one.account], workspace)
    return found


def _of_delivery(planned: Planned, post: Post, publisher: Publisher, workspace: Workspace) -> list[Problem]:
    return [
        Problem(
            place=_place(post, finding.about),
            level=finding.level,
            rule=finding.rule,
            message=finding.message,
            post=f"{planned.action}/{planned.post}",
        )
        for finding in [*publisher.problems(planned.content), *_card_findings(planned, publisher, workspace)]
    ]


def _card_findings(planned: Planned, publisher: Publisher, workspace: Workspace) -> list[Finding]:
    from media.card import check as check_card
    from media.errors import MediaError

    if planned.content.card is None:
        return []
    try:
        check_card(rendering.card(planned.content.card, workspace), size=publisher.limits.card)
    except (MediaError, UserError) as error:
        return [Finding(rule="card", message=f"on {planned.account}: {error}", about="card")]
    return []


def _place(post: Post, about: str) -> Place:
    """Return where in the file the thing stands that a finding is about."""
    return post.places.get(about) or post.places.get("text") or post.place
