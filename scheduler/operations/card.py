"""Render one card, as a post of its action would bear it."""

from collections.abc import Iterable
from pathlib import Path

from scheduler import compose, rendering
from scheduler.clock import SystemClock
from scheduler.errors import UsageError, UserError
from scheduler.model import Account, Action, CardOrder, Medium, Place, Post, Text, Workspace

_MOST_BYTES = 5_000_000


def make(
    actions: Iterable[Action],
    workspace: Workspace,
    *,
    action: str,
    message: str,
    size: tuple[int, int],
    out: Path,
    lang: str | None = None,
    theme: str | None = None,
    photo: Path | None = None,
) -> Medium:
    """Write a card to `out`.

    Raises:
        UsageError: there is no such action.
        UserError: the card can't be set, or the file can't be written.
    """
    found = next((one for one in actions if one.key == action), None)
    if found is None:
        msg = f"{action}: there is no such action in posts/"
        raise UsageError(msg)
    if not out.absolute().parent.is_dir():
        msg = f"{out.absolute().parent}: there is no such folder: make it, or name another file with -o"
        raise UsageError(msg)
    language = lang or workspace.language
    post = Post(
        id="card",
        text=Text({"": message}),
        place=Place(file=found.file),
        card=CardOrder(message=Text({"": message}), theme=theme, language=language),
    )
    account = Account(name="card", platform="", language=language)
    content = compose.content(found, post, account, workspace, due_at=SystemClock().now())
    if content.card is None:
        msg = "no card was asked for"
        raise UserError(msg)
    return rendering.card_to(out, content.card, workspace, size=size, max_bytes=_MOST_BYTES, photo=photo)
