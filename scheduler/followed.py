"""Whether the queue is known to say what the files say: then a daemon's start needn't compare every row with them.

Each time the queue is brought to the files, the state notes in the same transaction which files those were: a digest of
their bytes, of the program, and of all that the system tells of the pictures. A mark that was never set, or was taken
away, leads to a look at everything; and so does whatever volunteers handed in, for that changes without a file.
"""

import json
from contextlib import suppress
from dataclasses import replace

from scheduler.app import App, read_workspace, require_posts
from scheduler.errors import WorkspaceError
from scheduler.model import Level, Workspace
from scheduler.posts import Loaded
from scheduler.remembered import Basis
from scheduler.store import Connection, consented, controls

_MARK = "followed"


def load(app: App) -> tuple[Loaded, str]:
    """Read posts/*.yaml; return also the mark of what was read."""
    basis = Basis(app.workspace.folder, app.workspace.timezone.key)
    loaded = app.load_posts()
    return loaded, mark(app, basis, loaded)


def mark(app: App, basis: Basis, loaded: Loaded) -> str:
    """Return the mark of what was read since `basis` was taken.

    Empty where the files have changed since then, or something is wrong in them that has to be said each time.
    """
    here = app.workspace
    if any(problem.level == Level.error for problem in loaded.problems) or not _is_by(here):
        return ""
    names = {*loaded.looked_at, *([here.brand.logo] if here.brand.logo else [])}
    digest = basis.digest(names)
    return json.dumps({"digest": digest, "files": sorted(names)}) if digest else ""


def _is_by(here: Workspace) -> bool:
    """Tell whether config.yaml is what this process works by: it may have been written since."""
    with suppress(WorkspaceError):
        written, _ = read_workspace(here.folder)
        return written is not None and replace(written, database=here.database) == here
    return False


def known(app: App) -> frozenset[str] | None:
    """Return the pictures and films of what the queue is at, where the files are still that; None where they aren't.

    Raises:
        WorkspaceError: posts/ can't be read.
    """
    require_posts(app.workspace)
    with app.store.read() as c:
        said = "" if consented.any_handed_in(c) else noted(c)
    with suppress(ValueError, LookupError, TypeError):  # none, or of another version
        found = json.loads(said)
        names = frozenset(map(str, found["files"]))
        if Basis(app.workspace.folder, app.workspace.timezone.key).digest(names) == found["digest"]:
            return names
    return None


def noted(c: Connection) -> str:
    """Return the mark of what the queue was brought to last; empty where that isn't known."""
    return controls.get_meta(c, _MARK) or ""


def note(c: Connection, mark: str) -> None:
    """Note, in the transaction that brings the queue there, what it is brought to; empty where something is left."""
    if noted(c) != mark:
        controls.set_meta(c, _MARK, mark)


def forget(c: Connection) -> None:
    """Let the next daemon compare all of the queue with the files."""
    note(c, "")
