"""The pictures on the volunteers' pages: an action's card, and the framed card of what is being handed in."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.responses import Response

from scheduler import compose, rendering, slots
from scheduler.errors import UserError
from scheduler.model import Account, Action, Content
from scheduler.submission import Submission
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import draft as drafts

if TYPE_CHECKING:
    from media.order import Card

SHAPES = {"small": (480, 270), "wide": (1200, 675), "square": (1080, 1080)}
"""Pixels of an action's cards."""

PREVIEW = {"wide": (720, 405), "square": (640, 640)}
_BYTES, _SMALL_BYTES = 1_500_000, 150_000
_KEPT = 64
_LOCK = threading.Lock()
_known: "OrderedDict[object, bytes]" = OrderedDict()


def jpeg(data: bytes, *, download: str = "", status: int = 200) -> Response:
    """Return a picture; with `download` the browser saves it under that name."""
    how = {"Content-Disposition": f'attachment; filename="{download}"'} if download else {}
    return Response(data, media_type="image/jpeg", headers=how, status_code=status)


def show(ask: Ask) -> Response:
    """Show an action's card in one of its shapes."""
    action = ask.site.action(ask.path["key"])
    language, shape = ask.path["language"], ask.path["shape"]
    if action is None or shape not in SHAPES or language not in ask.site.workspace.languages:
        return pages.said(ask, 404, ask._("There is no such page"), "")
    return jpeg(of_action(ask, action, language, shape))


def of_action(ask: Ask, action: Action, language: str, shape: str) -> bytes:
    """Return an action's card: its title, in its own look."""
    workspace = ask.site.workspace
    title = action.title.in_language(language, workspace.language)
    local = ask.now.astimezone(workspace.timezone).date()
    name = (workspace.folder, action.key, title, action.theme, action.phase, action.closes_at, language, shape, local)

    def make() -> bytes:
        given = rendering.order(action, workspace, now=ask.now, message=title, lang=language)
        most = _SMALL_BYTES if shape == "small" else _BYTES
        return _set([given, replace(given, theme="candle"), replace(given, theme="plain")], SHAPES[shape], most)

    return _once(name, make)


def of_draft(ask: Ask, draft: Submission, action: Action, shape: str) -> bytes:
    """Return the framed card of a draft, as it will look.

    Raises:
        UserError: the message can't be set.
    """
    content = content_of(ask, draft, action)
    if content.card is None:
        msg = "a film goes out without a frame"
        raise UserError(msg)
    return _set([rendering.card(content.card, ask.site.workspace)], PREVIEW[shape], _SMALL_BYTES)


def framed(ask: Ask, action: Action, photo: bytes, message: str, language: str) -> bytes:
    """Return a volunteer's own photo (made anew already) in the action's frame. Nothing of it is kept.

    Raises:
        UserError: the message can't be set.
    """
    order = rendering.order(action, ask.site.workspace, now=ask.now, message=message, lang=language, theme="frame")
    return _set([replace(order, photo=photo)], SHAPES["square"], _BYTES)


def content_of(ask: Ask, draft: Submission, action: Action, platform: str = "") -> Content:
    """Return what would go out of a draft in the action's first slot: its words, its card."""
    workspace = ask.site.workspace
    post = slots.taking(action)[0]
    language = draft.language or ask.words.language
    account = Account(name=platform or "preview", platform=platform, language=language)
    coming = (slot.due_at for slot in slots.slots(action, workspace) if slot.due_at > ask.now)
    one = replace(draft, language=language)
    return compose.contribution(action, post, account, workspace, due_at=next(coming, ask.now), one=one)


def shown(ask: Ask) -> Response:
    """Show the card of one's own draft; with a message in the form (the live preview) with that one."""
    draft = drafts.mine(ask)
    action = drafts.action_of(ask, draft) if draft else None
    if draft is None or action is None or not draft.file or draft.film:
        return pages.plain("", 404)
    shape = ask.path.get("shape", "wide")
    if ask.method == "POST":
        from scheduler.operations import intake

        message = intake.tidy(ask.form["message"])[: intake.MOST_WORDS]
        draft = replace(draft, message=message or draft.message, language=ask.form["language"][:20])
    if not draft.message or shape not in PREVIEW:
        return pages.plain("", 404)
    try:
        return jpeg(of_draft(ask, draft, action, shape))
    except UserError as error:
        return pages.plain(str(error), 422)


def _set(orders: list["Card"], size: tuple[int, int], most: int) -> bytes:
    """Return the first of some cards that can be set.

    Raises:
        UserError: none can.
    """
    from media.card import render
    from media.errors import MediaError

    failure: MediaError | None = None
    for order in orders:
        try:
            return render(order, size=size, max_bytes=most).data
        except MediaError as error:
            failure = failure or error
    raise UserError(str(failure)) from failure


def _once(name: object, make: Callable[[], bytes]) -> bytes:
    """Return what was made before, or make it; the last ones are kept in memory."""
    with _LOCK:
        if name in _known:
            _known.move_to_end(name)
            return _known[name]
    data = make()
    with _LOCK:
        _known[name] = data
        while len(_known) > _KEPT:
            _known.popitem(last=False)
    return data
