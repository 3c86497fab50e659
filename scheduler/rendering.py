"""From words to files: cards are rendered, pictures re-encoded clean, and a delivery frozen to the byte.

Files are named by what is in them (`var/rendered/HASH.jpg`): the same card is rendered once, and a picture that
someone edits after it was frozen changes nothing of what goes out.
"""

import hashlib
import io
import math
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler import blobs, cleaning, compose, files, renders
from scheduler.errors import TryLater, UsageError, UserError
from scheduler.model import (
    Account,
    Action,
    CardContent,
    CardOrder,
    Content,
    FileContent,
    Medium,
    Outgoing,
    Place,
    Post,
    Text,
    Workspace,
)
from scheduler.publishers.base import Limits, Publisher
from scheduler.store import Delivery
from scheduler.store.records import card_values

if TYPE_CHECKING:
    from media.card import Card, Rendered
    from media.order import Cleaned

_lengths: dict[str, float] = {}  # seconds of the films looked at, by their SHA-256: each is opened once
_AT_HAND = 12
_LOCK = threading.Lock()
_drawn: "dict[str, Rendered]" = {}  # the cards drawn last, none of them with a volunteer's photo
_FORM = 3
"""Raised whenever the same words are to give another picture, so that old files aren't taken for new ones."""


def freeze(delivery: Delivery, publisher: Publisher, workspace: Workspace) -> Outgoing:
    """Return a delivery as it is handed over: its text, and its media as files.

    Raises:
        UserError: a picture is missing or can't be used, or a card can't be set.
    """
    return delivery.outgoing(media(delivery.content, publisher.limits, workspace, share=True))


def at_hand(delivery: Delivery, publisher: Publisher, workspace: Workspace) -> Outgoing:
    """Return what was frozen, perhaps on another machine, with its files on this one, to the byte.

    Raises:
        TryLater: they can't be had here as they were.
    """
    frozen = delivery.frozen or delivery.outgoing()
    if not frozen.media or delivery.parts:
        return frozen
    if not blobs.shared(workspace):
        if not all(_is_whole(medium) for medium in frozen.media):
            raise TryLater("its pictures aren't there as they were prepared, and are made again")
        return frozen
    try:
        found = media(delivery.content, publisher.limits, workspace, share=True)
    except UserError as error:
        raise TryLater(str(error)) from None
    if found != frozen.media:
        raise TryLater("its pictures aren't on this machine as they were prepared")
    return replace(frozen, media=found)


def _is_whole(medium: Medium) -> bool:
    """Tell whether a rendered file is what it was: a power cut may empty it, for it is written without waiting."""
    try:
        return files.digest(medium.path) == medium.sha256
    except UserError:
        return False


def media(content: Content, limits: Limits, workspace: Workspace, *, share: bool = False) -> tuple[Medium, ...]:
    """Return a content's pictures and film as files under var/rendered: the card first, then the images.

    `share`: with the other machines, where there are any.

    Raises:
        UserError: a picture is missing or can't be used, or a card can't be set.
    """
    cards = (_card(content.card, limits, workspace, share=share),) if content.card else ()
    films = (_film(content.video, limits, workspace, share=share),) if content.video else ()
    return (*cards, *(_image(image, limits, workspace, share=share) for image in content.images), *films)


def card(content: CardContent, workspace: Workspace, *, photo: bytes | None = None) -> "Card":
    """Return what `media` needs to set a card; `photo` takes the place of the content's own.

    Raises:
        UserError: its photo or the logo is missing, or the photo can't be used.
    """
    own, logo = _files(content, workspace)
    return _order(content, own if photo is None else photo, logo)


def order(
    action: Action,
    workspace: Workspace,
    *,
    now: datetime,
    message: str,
    lang: str | None = None,
    theme: str | None = None,
    photo: bytes | None = None,
    qr: bool = False,
) -> "Card":
    """Return the card that a post of `action` with this message would bear now.

    Raises:
        UsageError: a QR code is asked for, and the action has no link.
        UserError: a picture is missing or can't be used.
    """
    if qr and action.link is None:
        msg = f"{action.key}: a QR code shows the action's link, and it has none: give it one, or leave out --qr"
        raise UsageError(msg)
    language = lang or workspace.language
    said = Text({"": message})
    wanted = CardOrder(message=said, theme=theme, language=language, qr=qr)
    post = Post(id="card", text=said, place=Place(file=action.file), card=wanted)
    account = Account(name="card", platform="", language=language)
    return card(compose.card(action, post, account, workspace, now), workspace, photo=photo)


def _files(content: CardContent, workspace: Workspace) -> tuple[bytes | None, bytes | None]:
    """Return the bytes of a card's photo and logo, as they are in the workspace."""
    return (
        _unchanged(content.photo, content.photo_sha256, workspace) if content.photo else None,
        _read(content.logo, workspace) if content.logo else None,
    )


def _order(content: CardContent, photo: bytes | None, logo: bytes | None) -> "Card":
    from media.card import Card
    from media.errors import MediaError

    values = asdict(content)
    del values["photo_sha256"], values["alt"]
    if photo is not None:
        try:
            clean = cleaning.picture(photo)
        except MediaError as error:
            raise renders.as_user_error(error, content.photo or "") from None
        values.update(photo=clean.data, faces=clean.faces)
    if logo is not None:
        try:
            values["logo"] = cleaning.logo(logo)
        except MediaError as error:
            raise renders.as_user_error(error, content.logo or "") from None
    return Card(**values)


def save(path: Path, rendered: "Rendered") -> Medium:
    """Write a finished picture or film to a file of a person's choice, whole or not at all.

    Raises:
        MachineError: the file can't be written.
    """
    files.write(path, rendered.data, private=False)
    return renders.medium(path, rendered)


def _card(content: CardContent, limits: Limits, workspace: Workspace, *, share: bool) -> Medium:
    photo, logo = _files(content, workspace)
    # The words of a volunteer, which are deleted one day, never come to stand in a delivery's history, which stays.
    theirs = _theirs(content.photo or "")

    def render() -> "Rendered":
        from media.card import render
        from media.errors import TextTooLong

        def drawn(most: int) -> "Rendered":
            return render(_order(content, photo, logo), size=limits.card, max_bytes=most)

        try:
            made = drawn(limits.image_bytes) if theirs else _shared(drawn, limits, content, photo, logo)
        except TextTooLong as error:
            raise TextTooLong(*(() if theirs else error.args)) from None  # its own message quotes the text
        return replace(made, alt=_described(content.alt, made.alt, limits.alt))

    name = _card_name(content, photo, logo, limits)
    what = "card" if theirs else f"card {content.message[:40]!r}"
    return renders.kept(name, render, workspace, what=what, made_of=photo, theirs=theirs, share=share)


def _theirs(file: str) -> bool:
    """Tell whether a file is one that a volunteer handed in."""
    return file.startswith(f"{compose.UPLOADS}/")


def _shared(
    drawn: "Callable[[int], Rendered]", limits: Limits, content: CardContent, photo: bytes | None, logo: bytes | None
) -> "Rendered":
    """Return a card at its best where its network takes that; the last ones are at hand for the next account."""
    key = _name(card_values(content), photo or b"", logo or b"", limits.card)
    made = _drawn.get(key)
    if made is None:
        made = drawn(cleaning.MOST_BYTES)
        with _LOCK:
            while len(_drawn) >= _AT_HAND:
                del _drawn[next(iter(_drawn))]
            _drawn[key] = made
    return made if len(made.data) <= limits.image_bytes else drawn(limits.image_bytes)


def _card_name(content: CardContent, photo: bytes | None, logo: bytes | None, limits: Limits) -> str:
    return _name("card", card_values(content), photo or b"", logo or b"", limits.card, limits.image_bytes)


def _described(photo: str, card: str, most: int) -> str:
    """Return the alt text of a card with somebody's photo: what is to be seen in it, then what the card says."""
    if not photo:
        return card
    stop = "" if photo.rstrip().endswith((".", "!", "?", "…", "؟", "。", "।", "።")) else "."
    whole = f"{photo.rstrip()}{stop} {card}"
    return whole if len(whole) <= most else f"{whole[: most - 1].rstrip()}…"


def _image(image: FileContent, limits: Limits, workspace: Workspace, *, share: bool) -> Medium:
    data = _unchanged(image.file, image.sha256, workspace)
    name = _name("image", data, image.alt, limits.image_bytes)

    def render() -> "Rendered":
        return _with_alt(cleaning.picture(data, max_bytes=limits.image_bytes), image.alt)

    return renders.kept(name, render, workspace, what=image.file, made_of=data, share=share)


def _film(film: FileContent, limits: Limits, workspace: Workspace, *, share: bool) -> Medium:
    data = _unchanged(film.file, film.sha256, workspace)
    size = _film_size(film, limits, workspace)

    def render() -> "Rendered":
        return _with_alt(cleaning.film(io.BytesIO(data), **size), film.alt)

    # What keeps the usual size is named as it always was: one file serves every network that takes it.
    name = _name("film", data, film.alt, *([sorted(size.items())] if size else []))
    kind: dict[str, Any] = {"ending": "mp4", "theirs": _theirs(film.file), "share": share}
    return renders.kept(name, render, workspace, what=film.file, made_of=data, **kind)


def _film_size(film: FileContent, limits: Limits, workspace: Workspace) -> dict[str, Any]:
    """Return in what the film must differ from the usual one to be within the limits of a network."""
    from media import video

    most = limits.film
    if most is None:
        return {}
    length = math.ceil(check_film(film, workspace))
    seconds = max(video.MOST_SECONDS, length) if most.seconds >= length else most.seconds
    box = [min(most.width, video.LONGEST_SIDE), min(most.height, video.LONGEST_SIDE)]
    wanted = {"max_seconds": float(seconds), "max_bytes": min(most.bytes, video.MOST_BYTES), "max_side": box}
    usual = {
        "max_seconds": video.MOST_SECONDS,
        "max_bytes": video.MOST_BYTES,
        "max_side": [video.LONGEST_SIDE, video.LONGEST_SIDE],
    }
    return {name: value for name, value in wanted.items() if value != usual[name]}


def _with_alt(made: "Cleaned", alt: str) -> "Rendered":
    from media.card import Rendered

    return Rendered(data=made.data, mime=made.mime, width=made.width, height=made.height, alt=alt)


def _name(*parts: object) -> str:
    digest = hashlib.sha256(repr(_FORM).encode())
    for part in parts:
        plain = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(hashlib.sha256(plain).digest())
    return digest.hexdigest()[:40]


def expect(posts: Iterable[Post], workspace: Workspace) -> None:
    """Begin to open the pictures of posts, beside whatever is done meanwhile."""
    named = (file for post in posts for file in (*(i.file for i in post.images), post.card and post.card.photo) if file)
    cleaning.expect(partial(_read, file, workspace) for file in dict.fromkeys(named) if not _theirs(file))


def check_image(image: FileContent, limits: Limits, workspace: Workspace) -> None:
    """Make sure that a picture can be used.

    Raises:
        UserError: it is missing, damaged, too large, too narrow or too wide, or no picture.
    """
    from media.errors import MediaError

    try:
        made = cleaning.picture(_unchanged(image.file, image.sha256, workspace), max_bytes=limits.image_bytes)
    except MediaError as error:
        raise renders.as_user_error(error, image.file) from None
    if limits.ratio is not None and not limits.ratio[0] <= made.width / made.height <= limits.ratio[1]:
        narrow, wide = limits.ratio
        raise UserError(
            f"{image.file}: is {made.width} × {made.height} pixels; the network takes pictures from {narrow:.2f} to "  # noqa: RUF001
            f"{wide:.2f} times as wide as high: crop it, or put it on a card as its photo"
        )


def check_film(film: FileContent, workspace: Workspace) -> float:
    """Return how many seconds a film lasts, once it is sure that it can be used, as far as its tables tell.

    Raises:
        UserError: it is missing, damaged, too long or too large, or no film.
    """
    from media.errors import MediaError

    path = _within(film.file, workspace)
    known = _lengths.get(film.sha256)
    if known is not None:
        return known
    try:
        with files.open_plain(path) as file:
            seconds = cleaning.film_seconds(file)
    except MediaError as error:
        raise renders.as_user_error(error, film.file) from None
    if film.sha256:
        _lengths[film.sha256] = seconds
    return seconds


def digest(file: str, workspace: Workspace) -> str:
    """Return the SHA-256 of a picture's or film's bytes in hexadecimal; empty where it can't be read now."""
    try:
        return files.digest(_within(file, workspace))
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
    return files.read(_within(file, workspace))


def _within(file: str, workspace: Workspace) -> Path:
    path = workspace.folder / file
    if _theirs(file) and Path(file).parent == Path(compose.UPLOADS):
        blobs.upload(workspace, path.name)
    if not path.resolve().is_relative_to(workspace.folder.resolve()) or not path.is_file():
        msg = f"{file}: there is no such picture in the workspace: put it there, or name another one"
        raise UserError(msg)
    return path


def forget(found: Iterable[Delivery], workspace: Workspace, *, made_of: Iterable[str] = ()) -> None:
    """Delete every picture and film that was rendered for these deliveries, or of these photos, and any rehearsal.

    Args:
        found: deliveries whose photo or film is to be gone.
        workspace: whose var/ they lie in.
        made_of: SHA-256, in hexadecimal, of more photos or films: of those that never came into a delivery.

    Raises:
        AwayError: the storage that the machines share doesn't answer; on this one all is gone.
    """
    found = list(found)
    hashes = {digest for one in found for digest in sources(one.content)} | set(made_of) - {""}
    folder = workspace.var / "rendered"
    for facts in folder.glob("*.json"):
        if renders.facts_of(facts).get(renders.MADE_OF) in hashes:
            renders.drop(folder, facts.stem)
    for medium in (medium for one in found if one.frozen is not None for medium in one.frozen.media):
        if medium.path.parent.resolve() == folder.resolve():
            renders.drop(folder, medium.path.stem)
    if found or hashes:
        renders.forget_rehearsal(workspace)
    renders.forget_shared(hashes, workspace)


def sources(content: Content) -> Iterator[str]:
    """Yield the SHA-256, in hexadecimal, of the photos and films of a content, as far as they are known."""
    if content.card is not None and content.card.photo_sha256:
        yield content.card.photo_sha256
    yield from (file.sha256 for file in (*content.images, *([content.video] if content.video else [])) if file.sha256)
