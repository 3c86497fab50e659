"""Whose the shared storage and the outbox are: a state has its files there, and no other gives or sweeps there.

A mark lies in the storage beside the files. The state writes a new one whenever it gives or sweeps, and remembers the
last ones: a state that was begun anew, or a copy from before, has never known the mark that it finds, and keeps its
hands off. The outbox has one mark for good: a machine with another outbox would write posts there a second time.
"""

import json
import secrets
from pathlib import Path

from scheduler import blobs, files
from scheduler.app import App
from scheduler.files import MachineError
from scheduler.model import Workspace
from scheduler.store import controls, held
from scheduler.submission import Stage

MARKS = "private files' marks"
"""The fact of the state that says which marks it wrote last; emptied when a copy is put back."""

NAME = "owner"
"""The mark's name in the storage."""

OUTBOX = "outbox's mark"
"""The fact of the state that says in which folder its outbox accounts' posts lie, where several machines may use it."""

_CONFIRMED = "storage.id"
_REMEMBERED = 100  # more than are written while one is on its way
_NONE = "none"


def require(app: App) -> None:
    """Make sure that the storage answers, and that the files there are this state's.

    Raises:
        AwayError: it doesn't answer.
        MachineError: they are another's.
    """
    found = _mark(app)
    with app.store.read() as c:
        mine = controls.get_meta(c, "workspace")
    if not found:
        if not _is_free(app) and not _says(app, _NONE):
            raise MachineError(
                "the storage holds private files of which this state knows none: name another folder under `private` "
                f"in config.yaml; if they are nobody's, write {_NONE} into {_path(app)}, and they are deleted"
            )
        return
    workspace, _, mark = found.partition(" ")
    if workspace != mine:
        raise MachineError(
            "the storage holds another workspace's private files: name a folder of this one's own under `private` in "
            "config.yaml, or give this machine the state and the var/workspace.id that the others have"
        )
    if mark not in _known(app) and not _says(app, mark):
        raise MachineError(
            "the private files in the storage belong to another state of this workspace, so that nothing is given "
            "there or swept: let this machine use that state. Only if that one is gone for good and this one takes its "
            f"place, write {mark} into {_path(app)}"
        )


def renew(app: App) -> None:
    """Mark the storage anew as this state's, once `require` is content: no older copy of the state knows this mark.

    Raises:
        AwayError: it doesn't answer.
    """
    mark = secrets.token_hex(8)
    with app.store.write() as c:  # known before it is there: whatever is lost then, it is no stranger
        known = json.loads(controls.get_meta(c, MARKS) or "[]")
        controls.set_meta(c, MARKS, json.dumps([*known, mark][-_REMEMBERED:]))
        workspace = controls.get_meta(c, "workspace")
    blobs.write(app.workspace, NAME, f"{workspace} {mark}".encode())


def require_word(app: App, what: str) -> None:
    """Make sure that a person has said that what looks wrong is right.

    Raises:
        MachineError: nobody has; it says how.
    """
    known = _known(app)
    if not any(_says(app, mark) for mark in (*known, _NONE)):
        raise MachineError(f"{what} If it is, write {known[-1] if known else _NONE} into {_path(app)}")


def forget_word(app: App) -> None:
    """Take a person's word for once."""
    (app.workspace.var / _CONFIRMED).unlink(missing_ok=True)


def require_outbox(app: App, workspace: Workspace | None = None, *, take: bool = True) -> None:
    """Make sure that what the state has in an outbox lies here: elsewhere it isn't found, and would go out again.

    The first machine that works on the state has the outbox, with all that share its folder; without `take` it is only
    looked at. A state that is a file is one machine's.

    Raises:
        MachineError: it lies on another machine.
    """
    workspace = workspace or app.workspace
    names = [one.name for one in workspace.accounts.values() if one.platform == "outbox"]
    if not names or not app.store.tells:
        return
    place = workspace.var / "outbox" / ".id"
    with app.store.read() as c:
        known = controls.get_meta(c, OUTBOX)
    if known is None:
        if not take:
            return
        known = _taken(app, place)
    if _read(place) != known:
        raise MachineError(
            f"what the outbox accounts ({', '.join(names)}) have sent lies on another machine, and this one would "
            f"write it once more: share {workspace.var.name}/outbox between the machines, or leave these accounts out "
            f"of config.yaml. Only if that folder is gone for good, write {known} into {place}"
        )


def _taken(app: App, place: Path) -> str:
    """Mark the outbox, and note it in the state; return whose it is: of two who come at once, the first's."""
    with app.store.write() as c:  # one at a time, the file too: the other's mark isn't written over
        if (known := controls.get_meta(c, OUTBOX)) is None:
            if not (known := _read(place)):
                known = secrets.token_hex(8)
                files.write(place, f"{known}\n".encode(), private=False)
            controls.set_meta(c, OUTBOX, known)
    return known


def _mark(app: App) -> str:
    return (blobs.read(app.workspace, NAME) or b"").decode("utf-8", "replace").strip()


def _known(app: App) -> list[str]:
    with app.store.read() as c:
        return list(json.loads(controls.get_meta(c, MARKS) or "[]"))


def _is_free(app: App) -> bool:
    """Tell whether nothing lies there, or something that this state knows."""
    there = set(blobs.listed(app.workspace, blobs.UPLOADS))
    with app.store.read() as c:
        return not there or not there.isdisjoint(held.files(c, *Stage))


def _says(app: App, mark: str) -> bool:
    """Tell whether a person has written this down on this machine."""
    return _read(app.workspace.var / _CONFIRMED) == mark


def _read(place: Path) -> str:
    try:
        return place.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _path(app: App) -> str:
    return f"{app.workspace.var.name}/{_CONFIRMED}"
