"""What machines that share their private files do about them: give, let go, and look after what another let go.

Nothing of a draft is ever given: the file as it came, and what is made of it until it is handed in, stay on the
machine that took it. Where the files lie on one machine alone, nothing here does anything.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

from scheduler import belonging, blobs, erasure, renders
from scheduler.app import App
from scheduler.files import MachineError
from scheduler.store import StateError, controls, held, submissions, withdrawals
from scheduler.submission import Stage, Submission

_LOG = logging.getLogger(__name__)
_HELD = (Stage.pending, Stage.approved, Stage.rejected)
"""Of these the storage has the files; nobody looks at those of the others any more, or yet."""

_ALIVE = (Stage.draft, Stage.pending, Stage.approved)
_OVER = (Stage.rejected, Stage.withdrawn, Stage.expired)
_WRITING, _COMING = timedelta(seconds=40), timedelta(minutes=5)
"""So long a clean file, or one as it came, may be without a submission here: its row is still being written."""

STRAY = timedelta(minutes=15)
"""Likewise in the storage: longer than giving all files of a submission may take."""

_PLAUSIBLE = 20
"""So many files may belong to nothing; where there are more, and they are most of all, the state itself is in doubt."""

_COPY = timedelta(days=1)
"""How long a copy is kept on a machine; it is fetched again whenever it is needed."""

_SECRET = "private files' secret"  # noqa: S105 - the name of a fact of the state
ANOTHER_KEY = (
    "var/secret.key is another one than on the machines that share these files, so that no code given here would be "
    "known there: put theirs in its place"
)


def require(app: App) -> None:
    """Make sure that what is handed in now can be given to the other machines.

    Raises:
        MachineError: the storage doesn't answer, or isn't the one where they keep it; they have another secret, or
            another state.
    """
    if not blobs.shared(app.workspace):
        return
    belonging.require(app)
    with app.store.read() as c:
        known = controls.get_meta(c, _SECRET), controls.get_meta(c, erasure.PLACE)
    if known != (_fingerprint(app), blobs.place(app.workspace)):
        _settle(app)


def _settle(app: App) -> None:
    """Note at the first time where the files lie, and with which secret; from then on every machine holds to it."""
    mine = {_SECRET: _fingerprint(app), erasure.PLACE: blobs.place(app.workspace)}
    with app.store.write() as c:
        for name, value in mine.items():
            if (known := controls.get_meta(c, name)) is None:
                controls.set_meta(c, name, value)
            elif known != value:
                raise MachineError(ANOTHER_KEY if name == _SECRET else erasure.other_place(known))


def _fingerprint(app: App) -> str:
    return app.vault.keyed(_SECRET)


@contextmanager
def given(app: App, submission: Submission) -> Iterator[None]:
    """Give a draft's files to the machines, then do what hands it in; where that fails they are taken back.

    Raises:
        MachineError: they can't be given now.
    """
    if not blobs.shared(app.workspace):
        yield
        return
    with app.store.read() as c:
        found = submissions.find(c, id=submission.id)
    names = [found.file, found.preview, found.poster] if found is not None and found.stage is Stage.draft else []
    with giving(app, names):
        yield


@contextmanager
def giving(app: App, names: Iterable[str]) -> Iterator[None]:
    """Give files, then do what makes them somebody's; where that fails they are taken back."""
    names = [name for name in names if name] if blobs.shared(app.workspace) else []
    begun: set[str] = set()
    try:
        if names:
            require(app)
            belonging.renew(app)
        for name in names:
            begun.add(name)
            blobs.put(app.workspace, f"{blobs.UPLOADS}/{name}", erasure.uploads(app) / name)
        yield
    except StateError:  # nobody knows whether it was done: what is nobody's is a stray, and goes as such
        raise
    except BaseException:
        with suppress(MachineError):  # else likewise
            with app.store.read() as c:  # sent twice, it may have gone through the other time
                kept = held.files(c, *_HELD)
            for name in begun - kept:
                blobs.delete(app.workspace, f"{blobs.UPLOADS}/{name}")
        raise


# ── what others let go ──────────────────────────────────────────────────────────────────────────────────


def sweep_here(app: App) -> int:
    """Delete this machine's copies of what is over; return how many files that were. The storage isn't asked."""
    if not blobs.shared(app.workspace):
        return 0
    with app.store.read() as c:
        kept, ended = held.files(c, Stage.draft, *_HELD), held.files(c, *_OVER)
        alive, over = held.hashes(c, *_ALIVE), held.hashes(c, *_OVER)
    now = app.clock.now()
    done = renders.forget_here(app.workspace, ended=over, alive=alive)
    for file in erasure.uploads(app).glob("*"):
        if file.name not in kept:
            fresh = _WRITING if file.suffix else _COMING
            done += erasure.drop(file, (now - fresh).timestamp(), whatever=file.name in ended)
    return done


def strays(app: App) -> list[str]:
    """Return what lies in the storage and belongs to nothing, not just put there.

    Raises:
        AwayError: it doesn't answer.
        MachineError: that would be most of what is there, and no person has said that it may go.
    """
    before = app.clock.now() - STRAY
    there = blobs.listed(app.workspace, blobs.UPLOADS)
    found = _old(there, before)
    made = _old(blobs.listed(app.workspace, renders.THEIRS_THERE), before)
    with app.store.read() as c:  # after the storage was asked: what was given meanwhile is young
        kept = held.files(c, *_HELD)
        alive = {renders.folder_of(app.workspace, one) for one in held.hashes(c, *_ALIVE)}
        unknown = found - kept - held.files(c, *_OVER)
    if len(unknown) > max(_PLAUSIBLE, len(there) // 2):
        what = f"of {len(there)} files in the storage {len(unknown)} belong to nothing that this state knows:"
        belonging.require_word(app, f"{what} nothing is swept there until a person has seen to it that this is right.")
    folders = {name.partition("/")[0] for name in made}
    return [
        *(f"{blobs.UPLOADS}/{name}" for name in sorted(found - kept)),
        *(f"{renders.THEIRS_THERE}/{name}" for name in sorted(folders - alive)),
    ]


def _old(found: dict[str, datetime], before: datetime) -> set[str]:
    return {name for name, at in found.items() if at < before}


def sweep_there(app: App) -> int:
    """Delete from the storage what belongs to nothing; return how many files and folders that were.

    Raises:
        AwayError: it doesn't answer.
        MachineError: it is another state's, or this would be most of what is there.
    """
    if not blobs.shared(app.workspace):
        return 0
    require(app)
    belonging.renew(app)
    found = strays(app)
    for name in found:
        blobs.delete(app.workspace, name)
    belonging.forget_word(app)
    return len(found)


def look(app: App) -> list[str]:
    """Return what is amiss with the files that the machines share, each with its cure; for `doctor`."""
    with app.store.read() as c:
        where, left = controls.get_meta(c, erasure.PLACE), withdrawals.unfinished(c)
    said = []
    if where not in {None, blobs.place(app.workspace)}:
        said.append(erasure.other_place(str(where)))
    if not blobs.shared(app.workspace):
        return said
    try:
        require(app)
        blobs.prove(app.workspace)
        if found := strays(app):
            said.append(
                f"{len(found)} lie in the storage and belong to nothing: the daemon deletes them; its log says why not"
            )
        if alone := only_here(app):
            said.append(f"{len(alone)} are on this machine alone: its daemon gives them to the others within an hour")
    except MachineError as error:
        said.append(str(error))
    if left and said:
        said.append(f"of {len(left)} that are over not all is deleted yet: it is tried again until it is")
    return list(dict.fromkeys(said))


# ── how long copies are kept ────────────────────────────────────────────────────────────────────────────


def only_here(app: App) -> list[str]:
    """Return the files on this machine that the others should have and don't. Raises AwayError."""
    there = blobs.listed(app.workspace, blobs.UPLOADS)
    with app.store.read() as c:
        kept = held.files(c, *_HELD)
    return [name for name in sorted(kept - set(there)) if (erasure.uploads(app) / name).is_file()]


def lighten(app: App) -> None:
    """Give what only this machine has, then drop old copies; of the storage, what was rendered long ago.

    Raises:
        MachineError: the storage doesn't answer, or isn't the one where the machines keep their files.
    """
    if not blobs.shared(app.workspace):
        return
    require(app)
    for name in only_here(app):
        blobs.put(app.workspace, f"{blobs.UPLOADS}/{name}", erasure.uploads(app) / name)
    there, now = blobs.listed(app.workspace, blobs.UPLOADS), app.clock.now()
    with app.store.read() as c:
        kept = held.files(c, *_HELD)
    for name in kept & set(there):
        erasure.drop(erasure.uploads(app) / name, (now - _COPY).timestamp())
    for name in _old(blobs.listed(app.workspace, renders.FOLDER), now - renders.KEPT):
        blobs.delete(app.workspace, f"{renders.FOLDER}/{name}")
