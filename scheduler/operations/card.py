"""Render one card, as a post of its action would bear it: a picture, a short film, or all looks on one sheet."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler import files, rendering
from scheduler.errors import UsageError, UserError
from scheduler.model import Action, Medium, Workspace

if TYPE_CHECKING:
    from media.order import Card, Rendered

ALL = "all"
"""The theme that stands for every one there is: they come on one sheet."""

_MOST_BYTES = 5_000_000
_LARGEST_FILM = 1920  # pixels; no network shows more
_TILE = 600  # pixels, the width of a card on the sheet


def make(
    action: Action,
    workspace: Workspace,
    *,
    now: datetime,
    message: str,
    size: tuple[int, int],
    out: Path,
    lang: str | None = None,
    theme: str | None = None,
    photo: Path | None = None,
    qr: bool = False,
) -> Medium:
    """Write a card to `out`: a JPEG, or a short film where `out` ends in .mp4.

    Raises:
        UsageError: there is no such folder, or the action has no link to show.
        UserError: the card can't be set, or a file can't be read or written.
    """
    from media.errors import MediaError

    files.check_targets([out], [photo] if photo else [])
    film = out.suffix.lower() == ".mp4"
    if film and max(size) > _LARGEST_FILM:
        msg = f"a film has at most {_LARGEST_FILM} pixels a side: name a smaller --size"
        raise UsageError(msg)
    try:
        picture = files.read(photo) if photo else None
        order = rendering.order(
            action, workspace, now=now, message=message, lang=lang, theme=theme, photo=picture, qr=qr
        )
        if order.theme == ALL:
            if film:
                msg = "every theme at once makes a sheet, not a film: name one theme, or a file that ends in .jpg"
                raise UsageError(msg)
            return rendering.save(out, _sheet(order, size))
        return rendering.save(out, _film(order, size) if film else _still(order, size))
    except MediaError as error:
        raise UserError(str(error)) from None


def _still(order: "Card", size: tuple[int, int]) -> "Rendered":
    from media.card import render

    return render(order, size=size, max_bytes=_MOST_BYTES)


def _film(order: "Card", size: tuple[int, int]) -> "Rendered":
    from media.clip import render

    return render(order, size=size)


def _sheet(order: "Card", size: tuple[int, int]) -> "Rendered":
    from media import theme
    from media.sheet import contact_sheet

    height = round(_TILE * size[1] / size[0])
    return contact_sheet([(name, replace(order, theme=name)) for name in theme.names()], size=(_TILE, height))
