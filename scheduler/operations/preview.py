"""Show exactly what a post will be on each account: text, length, pictures, alt texts, time."""

from collections.abc import Iterable
from dataclasses import dataclass

from scheduler import app as parts
from scheduler import plan, rendering
from scheduler.errors import UsageError
from scheduler.model import Action, Finding, Medium, Planned, Workspace


@dataclass(frozen=True, kw_only=True)
class Preview:
    """One delivery as its network will get it."""

    planned: Planned
    length: int
    limit: int
    media: tuple[Medium, ...]
    findings: tuple[Finding, ...]  # what the network would refuse of it, or what is unwise there


def preview(actions: Iterable[Action], workspace: Workspace, *, post: str, account: str | None = None) -> list[Preview]:
    """Return the previews of a post (`ACTION/POST`, `POST`, or a delivery's key), one an account.

    Of a recurrence the first occurrence is shown, unless a key names another.

    Raises:
        UsageError: there is no such post, or a picture can't be made.
    """
    name, _, wanted = post.partition("@")
    wanted = account or wanted
    found: dict[str, Planned] = {}
    for one in plan.deliveries(actions, workspace):
        names = {one.post, f"{one.action}/{one.post}", one.key.partition("@")[0]}
        if name in names and (not wanted or one.account == wanted):
            found.setdefault(f"{one.action}/{one.post}@{one.account}", one)
    if not found:
        msg = f"{post}: no post of that name goes out{f' on {wanted}' if wanted else ''}: `solidarity plan` lists them"
        raise UsageError(msg)
    return [_preview(one, workspace) for one in found.values()]


def _preview(planned: Planned, workspace: Workspace) -> Preview:
    publisher = parts.pure_publisher(workspace.accounts[planned.account], workspace)
    return Preview(
        planned=planned,
        length=publisher.measure(planned.content.text),
        limit=publisher.text_limit(),
        media=rendering.media(planned.content, publisher.limits, workspace),
        findings=tuple(publisher.problems(planned.content)),
    )
