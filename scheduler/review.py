"""What the networks, and the cards, would refuse of what staff wrote: found before anything is queued.

Pure but for the pictures it looks at. A post with an error is left out, like one whose YAML is broken: the last good
version stays in the queue.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache

from scheduler import examples, plan, publishers, rendering
from scheduler.errors import UserError
from scheduler.model import (
    Action,
    CardContent,
    Content,
    FileContent,
    Finding,
    Level,
    Place,
    Planned,
    Post,
    Problem,
    Workspace,
)
from scheduler.posts import Loaded
from scheduler.publishers.base import Publisher

Size = tuple[int, int]

_FRAMES = 0.1  # seconds by which a film may run over: a few pictures, which are left out


def reviewed(loaded: Loaded, workspace: Workspace) -> Loaded:
    """Return what was read with the networks' findings added, and without the posts that they would refuse."""
    loaded = replace(loaded, actions=tuple(_with_digests(action, workspace) for action in loaded.actions))
    found = findings(loaded.actions, workspace)
    refused = {problem.post for problem in found if problem.level is Level.error}
    if not found:
        return loaded
    return replace(
        loaded,
        actions=tuple(_without(action, refused) for action in loaded.actions),
        problems=tuple(sorted({*loaded.problems, *found}, key=_order)),
        broken_posts=loaded.broken_posts
        | {
            (action.key, post.id)
            for action in loaded.actions
            for post in action.posts
            if _name(action, post) in refused
        },
    )


def _with_digests(action: Action, workspace: Workspace) -> Action:
    """Return an action whose posts name their pictures and films by content too: another picture is another post."""
    posts = tuple(_digested(post, workspace) for post in action.posts)
    return action if all(map(operator.is_, posts, action.posts)) else replace(action, posts=posts)


def _digested(post: Post, workspace: Workspace) -> Post:
    card = post.card
    if not (post.images or post.video or (card is not None and card.photo)):
        return post
    if card is not None and card.photo is not None:
        card = replace(card, photo_sha256=rendering.digest(card.photo, workspace))
    images = tuple(replace(image, sha256=rendering.digest(image.file, workspace)) for image in post.images)
    film = post.video and replace(post.video, sha256=rendering.digest(post.video.file, workspace))
    return replace(post, card=card, images=images, video=film)


def _order(one: Problem) -> tuple[Place, str, str, str]:
    return one.place, one.level, one.rule, one.message


def _name(action: Action, post: Post) -> str:
    return f"{action.key}/{post.id}"


def _without(action: Action, refused: set[str | None]) -> Action:
    return replace(action, posts=tuple(post for post in action.posts if _name(action, post) not in refused))


def findings(actions: Iterable[Action], workspace: Workspace) -> list[Problem]:
    """Return what would be refused of what is planned, at its place in the file; of a recurrence each text once."""
    actions = tuple(actions)
    build = {
        name: publishers.load(account.platform)(account, secrets={}, folder=workspace.var)
        for name, account in workspace.accounts.items()
    }
    cards = _cards(workspace)
    rendering.expect((post for action in actions for post in action.posts), workspace)
    found: list[Problem] = []
    seen: set[tuple[str, ...]] = set()
    for action, post, account, content in plan.contents(actions, workspace):
        if post.every is not None:
            mark = (action.key, post.id, account.name, content.whole, content.card.label if content.card else "")
            if mark in seen:
                continue
            seen.add(mark)
        found += [
            _problem(action.key, post, one) for one in _of_content(content, build[account.name], workspace, cards)
        ]
    return [*found, *_of_captions(actions, workspace)]


def refusals(planned: Planned, workspace: Workspace) -> list[Finding]:
    """Return why the network of a planned delivery would refuse it: a film where it takes none, too long a text."""
    account = workspace.accounts[planned.account]
    if account.platform not in publishers.names():
        return []
    publisher = publishers.load(account.platform)(account, secrets={}, folder=workspace.var)
    found = [*publisher.findings(planned.content), *_address_findings(planned.content, publisher, workspace)]
    return [finding for finding in found if finding.level is Level.error]


def _of_captions(actions: Iterable[Action], workspace: Workspace) -> Iterator[Problem]:
    """Yield what is wrong with the captions of submissions: for the shortest of them, and for a long one."""
    for action in actions:
        for post in (post for post in action.posts if post.submissions):
            seen = set()
            for said, level in ((examples.SHORT, Level.error), (examples.LONG, Level.warning)):
                for one in plan.contributed(
                    [action], workspace, [examples.contribution(action, post, said, workspace)]
                ):
                    for finding in refusals(one, workspace):
                        if (one.account, finding.rule) not in seen:
                            seen.add((one.account, finding.rule))
                            yield _problem(action.key, post, replace(finding, level=level))


def _of_content(
    content: Content, publisher: Publisher, workspace: Workspace, cards: Callable[[CardContent, Size], str]
) -> list[Finding]:
    found = [_with_cure(one, content, publisher) for one in publisher.findings(content)]
    if content.card:
        found += _card_findings(content.card, publisher, cards)
    if content.images or content.video:
        found += _picture_findings(content, publisher, workspace)
    return [*found, *_address_findings(content, publisher, workspace)]


def _with_cure(finding: Finding, content: Content, publisher: Publisher) -> Finding:
    """Name a thread as a cure, where the network has threads and this isn't one."""
    cut = publisher.limits.threads and publisher.account.options.get("threads") is not False
    if finding.rule != "text-too-long" or not cut or content.thread:
        return finding
    return replace(finding, message=f"{finding.message}, or make it a thread: `thread: true`")


def _problem(action: str, post: Post, finding: Finding) -> Problem:
    return Problem(
        place=_place(post, finding.about),
        level=finding.level,
        rule=finding.rule,
        message=finding.message,
        post=f"{action}/{post.id}",
    )


def _cards(workspace: Workspace) -> Callable[[CardContent, Size], str]:
    """Return a function that tells what is wrong with a card; the same one, on six accounts, is set once."""

    @cache
    def wrong(card: CardContent, size: Size) -> str:
        from media.card import check as check_card
        from media.errors import MediaError

        try:
            check_card(rendering.card(card, workspace), size=size)
        except (MediaError, UserError) as error:
            return str(error)
        return ""

    return wrong


def _card_findings(card: CardContent, publisher: Publisher, cards: Callable[[CardContent, Size], str]) -> list[Finding]:
    wrong = cards(card, publisher.limits.card)
    return [Finding(rule="card", message=f"on {publisher.account.name}: {wrong}", about="card")] if wrong else []


def _picture_findings(content: Content, publisher: Publisher, workspace: Workspace) -> list[Finding]:
    found = []
    for image in content.images:
        try:
            rendering.check_image(image, publisher.limits, workspace)
        except UserError as error:
            message = f"on {publisher.account.name}: {error}"
            found.append(Finding(rule="picture", message=message, about="images"))
    if content.video is not None:
        found += _film_findings(content.video, publisher, workspace)
    return found


def _address_findings(content: Content, publisher: Publisher, workspace: Workspace) -> list[Finding]:
    shows_something = content.card or content.images or content.video
    if not (publisher.limits.by_url and shows_something) or workspace.public_url or workspace.storage:
        return []
    message = (
        f"{publisher.account.name} fetches pictures and films from an address, and config.yaml has no public_url: "
        "write where people reach the web pages of this workspace, or name a storage"
    )
    return [Finding(rule="public-url-missing", message=message)]


def _film_findings(film: FileContent, publisher: Publisher, workspace: Workspace) -> list[Finding]:
    account = publisher.account.name
    try:
        seconds = rendering.check_film(film, workspace)
    except UserError as error:
        return [Finding(rule="picture", message=f"on {account}: {error}", about="video")]
    most = publisher.limits.film
    if most is None or seconds <= most.seconds + _FRAMES:
        return []
    message = (
        f"the film lasts {seconds:.0f} seconds, {account} takes {most.seconds:g}: cut it shorter, or name "
        "other accounts for this post"
    )
    return [Finding(rule="film-too-long", message=message, about="video")]


def _place(post: Post, about: str) -> Place:
    """Return where in the file the thing stands that a finding is about."""
    return post.places.get(about) or post.places.get("text") or post.place
