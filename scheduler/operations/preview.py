"""Show exactly what a post will be on each account: text, length, pictures, alt texts, time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from scheduler import app as parts
from scheduler import examples, plan, rendering, slots
from scheduler.errors import UsageError
from scheduler.model import Action, CardContent, Content, Finding, Level, Medium, Planned, Workspace
from scheduler.publishers.base import Limits
from scheduler.submission import Contribution

_EXAMPLE = (
    Finding(
        rule="example",
        message="this is an example: photo, name and message are the volunteers', one of them at each of its times",
        level=Level.warning,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One text of a delivery: there are several in a thread."""

    text: str
    length: int  # as the network counts it


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One delivery as its network will get it."""

    planned: Planned
    parts: tuple[Part, ...]
    limit: int
    media: tuple[Medium, ...]
    findings: tuple[Finding, ...]  # what the network would refuse of it, or what is unwise there


def preview(actions: Iterable[Action], workspace: Workspace, *, post: str, account: str | None = None) -> list[Preview]:
    """Return the previews of a post (`ACTION/POST`, `POST`, or a delivery's key), one an account.

    Of a recurrence the first occurrence is shown, unless a key names another; of a post `from: submissions` an example
    of what volunteers send.

    Raises:
        UsageError: there is no such post, or a picture can't be made.
    """
    name, _, wanted = post.partition("@")
    wanted = account or wanted
    found: dict[str, Planned] = {}
    actions = tuple(actions)
    for one in plan.deliveries(actions, workspace, _examples(actions, workspace)):
        names = {one.post, f"{one.action}/{one.post}", one.key.partition("@")[0]}
        if name in names and (not wanted or one.account == wanted):
            found.setdefault(f"{one.action}/{one.post}@{one.account}", one)
    if not found:
        msg = f"{post}: no post of that name goes out{f' on {wanted}' if wanted else ''}: `solidarity plan` lists them"
        raise UsageError(msg)
    return [_preview(one, workspace) for one in found.values()]


def _examples(actions: Iterable[Action], workspace: Workspace) -> list[Contribution]:
    return [
        examples.contribution(action, post, examples.LONG, workspace)
        for action in actions
        for post in slots.taking(action)
    ]


def _preview(planned: Planned, workspace: Workspace) -> Preview:
    publisher = parts.pure_publisher(workspace.accounts[planned.account], workspace)
    if planned.submission_id is not None:
        planned = replace(planned, content=_with_photo(planned.content, publisher.limits, workspace))
    warning = planned.content.warning if publisher.limits.warning else ""  # its field counts as text
    return Preview(
        planned=planned,
        parts=tuple(Part(text=text, length=publisher.measure(warning + text)) for text in planned.content.parts),
        limit=publisher.text_limit(),
        media=rendering.media(planned.content, publisher.limits, workspace),
        findings=(*(_EXAMPLE if planned.submission_id is not None else ()), *publisher.findings(planned.content)),
    )


def _with_photo(content: Content, limits: Limits, workspace: Workspace) -> Content:
    """Return the content of an example with a picture in the place of a photo."""
    if content.card is None:
        return content
    words = CardContent(message="☺", language=content.card.language, theme="dawn")
    stand_in = rendering.media(Content(text="", language=content.language, card=words), limits, workspace)[0].path
    return replace(content, card=replace(content.card, photo=str(stand_in.relative_to(workspace.folder))))
