"""Move a workspace's state into another database, row for row: from SQLite to PostgreSQL, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scheduler.app import open_state
from scheduler.clock import Clock
from scheduler.config.keys import DATABASE
from scheduler.errors import UsageError, UserError
from scheduler.model import Workspace
from scheduler.reading.report import Wrong
from scheduler.store import MOVED_TO, Connection, Store, aside, controls, database_path, schema, transfer, unhurried


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What was copied."""

    rows: dict[str, int]  # by table
    aside: Path | None = None  # where what stood in the new place is kept
    before: bool = False  # an earlier call had copied it already


def copy_state(
    workspace: Workspace,
    source: str,
    target: str,
    *,
    clock: Clock,
    who: str,
    progress: transfer.Progress | None = None,
) -> Copied:
    """Copy every row, read all of them back, and only then let the old place be the old one.

    From then on the old state refuses to be used: its message names the new one. Addresses are as `database:` takes
    them. A call that was interrupted is simply made again.

    Raises:
        UserError: a daemon works on either, the target holds another state, or one of them can't be used.
    """
    _require_addresses(source, target)
    old, new = database_path(source, workspace.folder), database_path(target, workspace.folder)
    if source == target or (old is not None and old == new):
        msg = "these are the same database: name the one that is, and the one that is to be"
        raise UsageError(msg)
    if old is not None and not old.is_file():
        msg = f"{old}: there is no such state: name the one that config.yaml has under database"
        raise UsageError(msg)
    with _opened(workspace, source) as here:
        _require_ready(here, source, clock)
        if new is None:
            with _opened(workspace, target) as there:
                if schema.revision(there.engine) is None:
                    there.upgrade()
                _require_ready(there, target, clock, moved=True)
                return _copied(here, there, target, who=who, clock=clock, progress=progress)
        with aside.alone(new):
            return _into_file(workspace, here, new, target, who=who, clock=clock, progress=progress)


def _require_addresses(*given: str) -> None:
    """Refuse what config.yaml would refuse: a password would stand in the audit, and in the old state, for good."""
    for address in given:
        try:
            DATABASE.parse(address)
        except Wrong as wrong:
            raise UsageError(wrong.message) from None


def _into_file(
    workspace: Workspace,
    here: Store,
    new: Path,
    target: str,
    *,
    who: str,
    clock: Clock,
    progress: transfer.Progress | None,
) -> Copied:
    """Make a new file; one that stands there is put aside, where it has moved away."""
    kept = None
    if new.exists():
        with _opened(workspace, target) as there:
            _require_ready(there, target, clock, moved=True)
            with there.read() as c:
                moved = controls.get_meta(c, MOVED_TO) is not None
            if not moved:
                return _copied(here, there, target, who=who, clock=clock, progress=progress)
            there.checkpoint()
        kept = aside.place_aside(new, clock.now())
        aside.set_aside(new, kept)
    with _opened(workspace, target) as there:
        there.upgrade()
        done = _copied(here, there, target, who=who, clock=clock, progress=progress)
    return Copied(rows=done.rows, aside=kept, before=done.before)


@contextmanager
def _opened(workspace: Workspace, url: str) -> Iterator[Store]:
    store = open_state(workspace, url=url, check=False)
    try:
        yield store
    finally:
        store.close()


def _require_ready(store: Store, url: str, clock: Clock, *, moved: bool = False) -> None:
    """Make sure that nobody works on a state, and that it has this version's form."""
    if schema.revision(store.engine) != schema.HEAD:
        msg = f"{url}: the state has another form: run `solidarity upgrade` first"
        raise UserError(msg)
    with store.read() as c:
        _require_free(c, url, clock, moved=moved)


def _require_free(c: Connection, url: str, clock: Clock, *, moved: bool = False) -> None:
    """Make sure that nobody works on a state, and that it is the one to work on."""
    alive, away = controls.alive(c, clock.now()), controls.get_meta(c, MOVED_TO)
    if alive:
        msg = f"{url}: a daemon is running on this state: stop it first"
        raise UserError(msg)
    if away is not None and not moved:
        msg = f"{url}: this state has moved to {away} already"
        raise UserError(msg)


def _copied(
    here: Store, there: Store, target: str, *, who: str, clock: Clock, progress: transfer.Progress | None
) -> Copied:
    """Copy while nobody can write in either; who waits for that to end finds the mark in the old one."""
    with here.write() as source:
        unhurried(source)
        _require_free(source, str(here.engine.url.database), clock)
        with there.write() as c:
            unhurried(c)
            _require_free(c, target, clock, moved=True)
            found = _copy(source, c, target, progress)
        controls.set_meta(source, MOVED_TO, target)
    if not found.before:
        with there.write() as c:
            controls.note(c, "copy state", f"to {target}", who=who, now=clock.now())
    return found


def _copy(source: Connection, c: Connection, target: str, progress: transfer.Progress | None) -> Copied:
    if transfer.is_empty(c) or controls.get_meta(c, MOVED_TO) is not None:
        transfer.clear(c)
        return Copied(rows=transfer.copy_rows(source, c, progress=progress))
    if not transfer.same(source, c):
        msg = f"{target}: holds a state already: name an empty database"
        raise UserError(msg)
    return Copied(rows={}, before=True)
