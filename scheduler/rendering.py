"""From words to files: cards are rendered, pictures re-encoded clean, and a delivery frozen to the byte.

Files are named by what is in them (`var/rendered/HASH.jpg`): the same card is rendered once, and a picture that
someone edits after it was frozen changes nothing of what goes out.
"""

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler.errors import UserError
from scheduler.model import CardContent, Content, FileContent, Medium, Outgoing, Workspace
from scheduler.publishers.base import Limits, Publisher
from scheduler.store import Delivery

if TYPE_CHECKING:
    from media.card import Card, Rendered

_FORM = 2
"""Raised whenever the same words are to give another picture, so that old files aren't taken for new ones."""


class MachineError(UserError):
    """This machine can't do it now; the post itself is well."""


def freeze(delivery: Delivery, publisher: Publisher, workspace: Workspace) -> Outgoing:
    """Return a delivery as it is handed over: its text, and its media as files.

    Raises:
        UserError: a picture is missing or can't be used, or a card can't be set.
    """
    return delivery.outgoing(media(delivery.content, publisher.limits, workspace))


def media(content: Content, limits: Limits, workspace: Workspace) -> tuple[Medium, ...]:
    """Return a content's pictures as files under var/rendered: the card first, then the images.

    Raises:
        UserError: a picture is missing or can't be used, or a card can't be set.
    """
    if content.video is not None:
        msg = f"{content.video.file}: videos can't be published yet: use a picture"
        raise UserError(msg)
    cards = (_card(content.card, limits, workspace),) if content.card else ()
    return (*cards, *(_image(image, limits, workspace) for image in content.images))


def card(content: CardContent, workspace: Workspace) -> "Card":
    """Return what `media` needs to set a card.

    Raises:
        UserError: its photo or the logo is missing.
    """
    from media.card import Card

    values = asdict(content)
    expected = values.pop("photo_sha256")
    values["photo"] = _unchanged(content.photo, expected, workspace) if content.photo else None
    values["logo"] = _read(content.logo, workspace) if content.logo else None
    return Card(**values)


def card_to(
    out: Path, content: CardContent, workspace: Workspace, *, size: tuple[int, int], max_bytes: int, photo: Path | None
) -> Medium:
    """Write one card to a file of a person's choice; `photo` may lie anywhere.

    Raises:
        UserError: the card can't be set, or a file can't be read or written.
    """
    from media.card import render
    from media.errors import MediaError

    order = card(content, workspace)
    try:
        if photo is not None:
            order = replace(order, photo=photo.read_bytes())
        rendered = render(order, size=size, max_bytes=max_bytes)
        out.write_bytes(rendered.data)
    except MediaError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        msg = f"{error.filename}: {error.strerror}"
        raise UserError(msg) from None
    return _medium(out, rendered)


def _medium(path: Path, rendered: "Rendered") -> Medium:
    return Medium(
        path=path,
        mime=rendered.mime,
        width=rendered.width,
        height=rendered.height,
        size=len(rendered.data),
        sha256=hashlib.sha256(rendered.data).hexdigest(),
        alt=rendered.alt,
    )


def _card(content: CardContent, limits: Limits, workspace: Workspace) -> Medium:
    order = card(content, workspace)
    name = _name("card", asdict(order), limits.card, limits.image_bytes)

    def render() -> "Rendered":
        from media.card import render

        return render(order, size=limits.card, max_bytes=limits.image_bytes)

    return _rendered(name, render, workspace, what=f"card {content.message[:40]!r}")


def _image(image: FileContent, limits: Limits, workspace: Workspace) -> Medium:
    data = _unchanged(image.file, image.sha256, workspace)
    name = _name("image", data, image.alt, limits.image_bytes)

    def render() -> "Rendered":
        from media.clean import clean

        return clean(data, alt=image.alt, max_bytes=limits.image_bytes)

    return _rendered(name, render, workspace, what=image.file)


def _name(*parts: object) -> str:
    digest = hashlib.sha256(repr(_FORM).encode())
    for part in parts:
        plain = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(hashlib.sha256(plain).digest())
    return digest.hexdigest()[:40]


def digest(file: str, workspace: Workspace) -> str:
    """Return the SHA-256 of a picture's bytes in hexadecimal; empty where it can't be read now."""
    try:
        return hashlib.sha256(_read(file, workspace)).hexdigest()
    except UserError:
        return ""


def _unchanged(file: str, expected: str, workspace: Workspace) -> bytes:
    """Read a picture, which must still be the one that was queued (and perhaps approved)."""
    data = _read(file, workspace)
    if expected and hashlib.sha256(data).hexdigest() != expected:
        msg = f"{file}: is another picture than the one that was queued: `solidarity queue`, then `solidarity retry`"
        raise UserError(msg)
    return data


def _read(file: str, workspace: Workspace) -> bytes:
    path = workspace.folder / file
    try:
        if not path.resolve().is_relative_to(workspace.folder.resolve()) or not path.is_file():
            msg = f"{file}: there is no such picture in the workspace: put it there, or name another one"
            raise UserError(msg)
        return path.read_bytes()
    except OSError as error:
        msg = f"{file}: can't be read ({error.strerror})"
        raise UserError(msg) from None


def _rendered(name: str, render: "Callable[[], Rendered]", workspace: Workspace, *, what: str) -> Medium:
    from media.errors import MediaError

    folder = workspace.var / "rendered"
    picture, facts = folder / f"{name}.jpg", folder / f"{name}.json"
    known = _known(picture, facts)
    if known is not None:
        return known
    try:
        rendered = render()
    except MediaError as error:
        msg = f"{what}: {error}"
        raise UserError(msg) from None
    medium = _medium(picture, rendered)
    _write(picture, rendered.data)
    _write(facts, json.dumps({name: value for name, value in asdict(medium).items() if name != "path"}).encode())
    return medium


def _known(picture: Path, facts: Path) -> Medium | None:
    """Return what was rendered earlier, if it is whole."""
    try:
        values: dict[str, Any] = json.loads(facts.read_bytes())
        if hashlib.sha256(picture.read_bytes()).hexdigest() == values["sha256"]:
            return Medium(path=picture, **values)
    except (OSError, ValueError, KeyError):
        pass
    return None


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        cure = "free some space" if error.errno == errno.ENOSPC else "give this user the right to write there"
        msg = f"{path.parent}: can't be written ({error.strerror}): {cure}"
        raise MachineError(msg) from None
