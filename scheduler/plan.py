"""What the queue should hold: actions x accounts -> deliveries. Pure: no clock, no database, no network."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

from scheduler import compose, occurrences, publishers
from scheduler.model import Account, Action, Content, Planned, Post, Workspace
from scheduler.publishers.base import Publisher
from scheduler.submission import Contribution, Placing, Submission


def deliveries(
    actions: Iterable[Action], workspace: Workspace, contributions: Sequence[Contribution] = ()
) -> list[Planned]:
    """Return every delivery that the actions ask for, in the order of their times.

    Occurrences of a recurrence that fall outside the action's window aren't wanted and are left out. A post
    `from: submissions` gives deliveries only where an approved submission, of `contributions`, has its slot.
    """
    actions = tuple(actions)
    network = networks(workspace)
    planned = [one for action in actions for post in action.posts for one in _of_post(action, post, workspace, network)]
    return sorted([*planned, *contributed(actions, workspace, contributions)], key=_order)


def count(actions: Iterable[Action], workspace: Workspace) -> int:
    """Return how many deliveries staff's own posts ask for, without making them."""
    return sum(
        len(targets(action, post, workspace)) * sum(1 for _ in _times(action, post, workspace))
        for action in actions
        for post in action.posts
    )


def contents(actions: Iterable[Action], workspace: Workspace) -> Iterator[tuple[Action, Post, Account, Content]]:
    """Yield what staff's own posts say on each account, as it would go out; a repeated one as often as it does."""
    network = networks(workspace)
    for action in actions:
        for post in action.posts:
            for _, due_at in _times(action, post, workspace):
                for account in targets(action, post, workspace):
                    content = compose.content(action, post, account, workspace, due_at=due_at, network=network(account))
                    yield action, post, account, content


def contributed(
    actions: Iterable[Action], workspace: Workspace, contributions: Iterable[Contribution]
) -> list[Planned]:
    """Return the deliveries of approved submissions alone: each goes to the networks that were consented to."""
    posts = {(action.key, post.id): (action, post) for action in actions for post in action.posts if post.submissions}
    network = networks(workspace)
    found: list[Planned] = []
    for one in contributions:
        place = (one.submission.action, one.submission.post)
        if place in posts and one.submission.occurrence:
            found += _of_submission(*posts[place], one, workspace, network)
    return sorted(found, key=_order)


def captions(action: Action, workspace: Workspace, one: Submission, *, now: datetime) -> list[Content]:
    """Return all that a submission may become: in each post that takes it, on each account."""
    taking = [post for post in action.posts if post.submissions]
    network, due_at = networks(workspace), one.due_at or now
    return [
        compose.contribution(action, post, account, workspace, due_at=due_at, one=one, network=network(account))
        for post in taking
        for account in targets(action, post, workspace)
    ]


def targets(action: Action, post: Post, workspace: Workspace) -> list[Account]:
    """Return the accounts that a post goes to: its own, else the action's, else all."""
    names = post.accounts if post.accounts is not None else action.accounts
    wanted = workspace.accounts if names is None else names
    return [workspace.accounts[name] for name in wanted if name in workspace.accounts]


def networks(workspace: Workspace) -> Callable[[Account], compose.Network]:
    """Return a function from an account to what its network makes of words; each publisher is built once, if at all."""

    @cache
    def publisher(name: str) -> Publisher:
        account = workspace.accounts[name]
        return publishers.load(account.platform)(account, secrets={}, folder=workspace.var)

    @cache
    def of(name: str) -> compose.Network:
        account = workspace.accounts[name]
        if account.platform not in publishers.names():
            return compose.ANY
        limits = publishers.load(account.platform).limits
        return compose.Network(
            fits=lambda text: publisher(name).measure(text) <= publisher(name).text_limit(),
            threads=limits.threads and account.options.get("threads") is not False,
            link_card=limits.link_card,
            warning=limits.warning,
        )

    return lambda account: of(account.name)


def is_open(action: Action, moment: datetime) -> bool:
    """Tell whether `moment` (aware) lies in the action's window."""
    opened = action.opens_at is None or action.opens_at <= moment
    return opened and (action.closes_at is None or moment < action.closes_at)


def occurrence(wall: datetime) -> str:
    """Return the name of a time on the wall clock, e.g. 2021-09-14T12:00; with its seconds where it has any."""
    return wall.isoformat(timespec="seconds" if wall.second else "minutes")


def key(action: str, post: str, occurrence: str, account: str) -> str:
    """Return the name of a delivery: ACTION/POST[/OCCURRENCE]@ACCOUNT."""
    middle = f"/{occurrence}" if occurrence else ""
    return f"{action}/{post}{middle}@{account}"


def _order(one: Planned) -> tuple[datetime, str]:
    return one.due_at, one.key


def _of_post(
    action: Action, post: Post, workspace: Workspace, network: Callable[[Account], compose.Network]
) -> Iterator[Planned]:
    accounts = targets(action, post, workspace)
    for name, due_at in _times(action, post, workspace):
        for account in accounts:
            content = compose.content(action, post, account, workspace, due_at=due_at, network=network(account))
            yield _planned(action, post, account, workspace, name=name, due_at=due_at, content=content)


def _times(action: Action, post: Post, workspace: Workspace) -> Iterator[tuple[str, datetime]]:
    """Yield when a post of staff's own goes out, each time with its name."""
    if post.submissions:
        return
    for name, wall in occurrences.walls(post):
        due_at = occurrences.to_utc(wall, workspace.timezone)
        if is_open(action, due_at):
            yield name, due_at


def _of_submission(
    action: Action,
    post: Post,
    one: Contribution,
    workspace: Workspace,
    network: Callable[[Account], compose.Network],
) -> Iterator[Planned]:
    wall = datetime.fromisoformat(one.submission.occurrence)
    due_at = occurrences.to_utc(wall, workspace.timezone)
    if not is_open(action, due_at) or not _has_slot(post, one, wall):
        return
    for account in targets(action, post, workspace):
        if account.platform in one.consent.networks:
            content = compose.contribution(
                action, post, account, workspace, due_at=due_at, one=one.submission, network=network(account)
            )
            name = one.submission.occurrence
            planned = _planned(action, post, account, workspace, name=name, due_at=due_at, content=content)
            yield replace(planned, needs_approval=True, submission_id=one.submission.id, consent_id=one.consent.id)


def _has_slot(post: Post, one: Contribution, wall: datetime) -> bool:
    """Tell whether the time is still one of the post's, or one that a moderator gave."""
    return one.submission.placing is Placing.at or any(wall == found for _, found in occurrences.walls(post))


def _planned(
    action: Action,
    post: Post,
    account: Account,
    workspace: Workspace,
    *,
    name: str,
    due_at: datetime,
    content: Content,
) -> Planned:
    return Planned(
        key=key(action.key, post.id, name, account.name),
        action=action.key,
        post=post.id,
        account=account.name,
        platform=account.platform,
        due_at=due_at,
        content=content,
        late=post.late or action.late or workspace.late,
        opens_at=action.opens_at,
        closes_at=action.closes_at,
        needs_release=action.manual_release,
        needs_approval=post.approve,
        place=post.place,
    )
