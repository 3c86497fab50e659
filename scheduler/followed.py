"""Whether the queue is known to say what the files say: then a daemon's start needn't compare every row with them.

Each time the queue is brought to the files, the state notes in the same transaction which files those were: a digest of
their bytes, of the program, and of all that the system tells of the pictures. A mark that was never set, or was taken
away, leads to a look at everything; and so does whatever volunteers handed in, for that changes without a file.
"""

import json
from dataclasses import replace

from scheduler.app import App, read_workspace
from scheduler.model import Level
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
    written, _ = read_workspace(here.folder)  # what this process works by may be an older config.yaml
    is_same = written is not None and replace(written, database=here.database) == here
    if not is_same or any(problem.level == Level.error for problem in loaded.problems):
        return ""
    names = {*loaded.looked_at, *([here.brand.logo] if here.brand.logo else [])}
    digest = basis.digest(names)
    return json.dumps({"digest": digest, "files": sorted(names)}) if digest else ""


def known(app: App) -> frozenset[str] | None:
    """Return the pictures and films of what the queue is at, where the files are still that; None where they aren't."""
    with app.store.read() as c:
        said = "" if consented.any_handed_in(c) else noted(c)
    if not said:
        return None
    found = json.loads(said)
    names = frozenset(found["files"])
    return names if Basis(app.workspace.folder, app.workspace.timezone.key).digest(names) == found["digest"] else None


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
