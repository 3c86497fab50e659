"""Rendered pictures and films as files under var/rendered, each with what is known of it in a file beside it.

Where several machines share their private files, what one has rendered for a delivery the others fetch.
"""

import hashlib
import hmac
import json
import shutil
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler import blobs, files
from scheduler.errors import UserError
from scheduler.files import MachineError
from scheduler.model import Medium, Workspace
from scheduler.vault import Vault

if TYPE_CHECKING:
    from media.card import Rendered
    from media.errors import MediaError

MADE_OF = "made_of"
"""What is known of a rendered file beside its facts: the SHA-256 of the photo or film that it was made of."""

THEIRS = "theirs"
"""Beside that: whether a volunteer handed that photo or film in."""

REHEARSED = "rehearsal.txt"
"""The file by which a rehearsal's folder is known; where it is gone meanwhile, something was taken back."""

_SEAL = "seal"
"""Beside that, where machines share it: what only they can write, so that nobody slips them another picture."""

FOLDER = "rendered"
THEIRS_THERE = f"{FOLDER}/theirs"
"""The folder of the storage for what was made of volunteers' photos and films."""

KEPT = timedelta(days=30)
"""How long a rendered picture is kept after it was last made; it is rendered again whenever it is needed."""

_SHARING = 20.0  # seconds for giving a rendered file to the other machines, which can do without it


def kept(
    name: str,
    render: "Callable[[], Rendered]",
    workspace: Workspace,
    *,
    what: str,
    made_of: bytes | None,
    ending: str = "jpg",
    theirs: bool = False,
    share: bool = False,
) -> Medium:
    """Return what was rendered under a name; where there is nothing yet, `render` makes it.

    Args:
        name: the same for the same picture, and for no other.
        render: makes it.
        workspace: in whose var/ it is kept.
        what: what an error is about, in words.
        made_of: the bytes of the photo or film that it shows.
        ending: of the file's name.
        theirs: whether that is a volunteer's.
        share: fetch it from the other machines, or give it to them.

    Raises:
        UserError: it can't be made.
    """
    from media.errors import MediaError

    folder = workspace.var / FOLDER
    picture, facts = folder / f"{name}.{ending}", folder / f"{name}.json"
    source = hashlib.sha256(made_of).hexdigest() if made_of is not None else ""
    place = _place(source, workspace, theirs=theirs) if share and blobs.shared(workspace) else ""
    known = _known(picture, facts) or (_fetched(picture, facts, place, workspace) if place else None)
    if known is not None:
        return known
    try:
        made = render()
    except MediaError as error:
        raise as_user_error(error, what) from None
    found = medium(picture, made)
    values = {name: value for name, value in asdict(found).items() if name != "path"}
    values |= {MADE_OF: source, **({THEIRS: True} if theirs else {})}
    values |= {_SEAL: _seal(picture, values, workspace)} if place else {}
    # A picture needn't outlast a power cut: it is made again. But one of somebody is never there without its facts.
    files.write(facts, json.dumps(values).encode(), durable=made_of is not None)
    files.write(picture, made.data, durable=False)
    if place:
        _give(picture, facts, place, workspace)
    return found


def _give(picture: Path, facts: Path, place: str, workspace: Workspace) -> None:
    """Give a rendered file to the other machines; where that fails they make it themselves."""
    with suppress(MachineError):
        for file in (picture, facts):
            blobs.put(workspace, f"{place}/{file.name}", file, seconds=_SHARING)


def _fetched(picture: Path, facts: Path, place: str, workspace: Workspace) -> Medium | None:
    """Return what another machine rendered, once it is here; None where that can't be had to the byte."""
    with suppress(MachineError):
        if blobs.fetch(workspace, f"{place}/{facts.name}", facts):
            values = facts_of(facts)
            if hmac.compare_digest(str(values.pop(_SEAL, "")), _seal(picture, values, workspace)):
                blobs.fetch(workspace, f"{place}/{picture.name}", picture)
                return _known(picture, facts)
            facts.unlink(missing_ok=True)
    return None


def _seal(picture: Path, values: dict[str, Any], workspace: Workspace) -> str:
    return Vault(workspace.var).keyed("facts of a render", picture.name, json.dumps(values, sort_keys=True))


def _place(source: str, workspace: Workspace, *, theirs: bool) -> str:
    """Return where what was made of a photo or film is shared."""
    return f"{THEIRS_THERE}/{folder_of(workspace, source)}" if theirs else f"{FOLDER}/ours"


def folder_of(workspace: Workspace, source: str) -> str:
    """Return the name that stands for a volunteer's photo or film there: never its own hash."""
    return Vault(workspace.var).keyed("rendered", source)


def here(medium: Medium, sources: Iterable[str], workspace: Workspace) -> Path | None:
    """Return this machine's copy of a rendered file, which another may have made; None where it can't be had.

    Args:
        medium: the file as it was frozen.
        sources: SHA-256, in hexadecimal, of the photos and films of its delivery.
        workspace: the workspace.
    """
    if not blobs.shared(workspace):
        return medium.path if medium.path.is_file() else None
    picture = workspace.var / FOLDER / medium.path.name
    facts = picture.with_suffix(".json")
    if _known(picture, facts) == medium:
        return picture
    places = [f"{FOLDER}/ours", *(_place(source, workspace, theirs=True) for source in sources)]
    return picture if any(_fetched(picture, facts, place, workspace) == medium for place in places) else None


def forget_shared(sources: Collection[str], workspace: Workspace) -> None:
    """Delete what the machines share of what was made of these photos and films.

    Raises:
        AwayError: the storage doesn't answer.
    """
    if blobs.shared(workspace):
        for source in sources:
            blobs.delete(workspace, _place(source, workspace, theirs=True))


def forget_here(workspace: Workspace, *, ended: Collection[str], alive: Collection[str]) -> int:
    """Delete what this machine has of photos and films that another let go; return how many files that were.

    Args:
        workspace: whose var/ they lie in.
        ended: SHA-256, in hexadecimal, of photos and films of submissions that are over.
        alive: likewise, of those that aren't: what is a volunteer's and made of no such one is an old copy.
    """
    done, folder = 0, workspace.var / FOLDER
    for file in folder.glob("*.json"):
        facts = facts_of(file)
        made_of = facts.get(MADE_OF)
        if made_of not in alive and (made_of in ended or facts.get(THEIRS)):
            with suppress(OSError):  # what can't be deleted is tried again in an hour, and keeps nothing else
                drop(folder, file.stem)
                done += 1
    if done:
        forget_rehearsal(workspace)
    return done


def forget_rehearsal(workspace: Workspace) -> None:
    """Delete the rehearsals under var/, whatever is in them; what is still being written goes by who writes it."""
    var = workspace.var
    for rehearsal in {var / "rehearsal", *(mark.parent for mark in var.glob(f"*/{REHEARSED}"))}:  # they show copies
        with suppress(OSError):
            (rehearsal / REHEARSED).unlink()  # first, so that what is written after this is known to be
        shutil.rmtree(rehearsal, ignore_errors=True)


def drop(folder: Path, stem: str) -> None:
    """Delete a rendered picture, then what is known of it."""
    for ending in ("jpg", "mp4", "json"):
        (folder / f"{stem}.{ending}").unlink(missing_ok=True)


def _known(picture: Path, facts: Path) -> Medium | None:
    """Return what was rendered earlier, if it is whole."""
    values = facts_of(facts)
    try:
        if hashlib.sha256(picture.read_bytes()).hexdigest() == values["sha256"]:
            about = {name: value for name, value in values.items() if name not in {MADE_OF, THEIRS, _SEAL}}
            return Medium(path=picture, **about)
    except (OSError, KeyError, TypeError):
        pass
    return None


def facts_of(file: Path) -> dict[str, Any]:
    """Return what is known of a rendered file; nothing where that can't be read."""
    try:
        values = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def medium(path: Path, rendered: "Rendered") -> Medium:
    """Return a rendered picture or film as a file that can be uploaded."""
    return Medium(
        path=path,
        mime=rendered.mime,
        width=rendered.width,
        height=rendered.height,
        size=len(rendered.data),
        sha256=hashlib.sha256(rendered.data).hexdigest(),
        alt=rendered.alt,
    )


def as_user_error(error: "MediaError", what: str) -> UserError:
    """Return whose fault it is: the file's, or this machine's, which may do better later."""
    from media.errors import Unfinished

    return (MachineError if isinstance(error, Unfinished) else UserError)(f"{what}: {error}" if what else str(error))
