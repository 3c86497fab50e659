"""Copy the state while the daemon runs, and put a copy back: paused, and only looking things up."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scheduler import belonging, blobs, followed
from scheduler.app import App, open_state
from scheduler.clock import Clock
from scheduler.errors import UsageError, UserError
from scheduler.model import Workspace
from scheduler.status import MOVES, Status
from scheduler.store import (
    Connection,
    Delivery,
    Pause,
    StateAwayError,
    StateError,
    StateMovedError,
    Store,
    aside,
    controls,
    copy_database,
    database_path,
    deliveries,
    is_damage,
    open_store,
    require_copy,
    require_mark,
    require_not_moved,
    schema,
    submissions,
    succession,
    transfer,
    unhurried,
    watermark,
    withdrawals,
)
from scheduler.store.leases import identity
from scheduler.store.records import parts_json
from scheduler.submission import Stage, Submission

_KNOWN = "known from the state that was replaced"


def backup(app: App, target: Path) -> int:
    """Write a consistent copy of the state to `target`; return its bytes.

    Raises:
        UserError: the file is there already, or can't be written.
    """
    if target.exists():
        msg = f"{target}: is there already: name a new file"
        raise UsageError(msg)
    if not target.absolute().parent.is_dir():
        msg = f"{target.absolute().parent}: there is no such folder: make it, or name another file"
        raise UsageError(msg)
    copy_database(app.store, target)
    return target.stat().st_size


def restore(workspace: Workspace, source: Path, *, clock: Clock, who: str) -> int:
    """Put a copy of the state in place of the present one, which is kept beside it.

    The restored state starts paused. What was due since the copy was made may have gone out: it is looked up, never
    sent. Return how many deliveries that concerns.

    Raises:
        UserError: the copy isn't one, or can't be put in place, or another one is being put there.
    """
    path = database_path(workspace.database, workspace.folder)
    if not source.is_file():
        msg = f"{source}: there is no such copy: name a file that `solidarity backup` wrote"
        raise UsageError(msg)
    require_copy(source)
    now = clock.now()
    place = path or workspace.var / "state.db"
    with aside.alone(place):
        _make_ready(place, source)
        fresh, kept = place.with_name(f".{place.name}.restoring"), aside.place_aside(place, now)
        with _held(workspace, path, now=now) as present:
            doubtful = _prepared(workspace, source, fresh, present.since, now=now, who=who)
            if path is None:
                _fill(workspace, present, fresh, kept)
            else:
                _swap(fresh, path, kept)
        if path is not None and present.connection is not None:
            aside.make_whole(kept)
    return doubtful


def _make_ready(path: Path, source: Path) -> None:
    """Undo what an earlier call left half done; a state that is put back as its own copy must be one file."""
    try:
        aside.undo_swap(path)
    except OSError as error:
        raise _irreplaceable(path, error) from None
    if source.resolve() == path:
        aside.make_whole(path)


def _irreplaceable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path}: can't be replaced ({error.strerror}): give this user the right to write there")


@dataclass(frozen=True, kw_only=True)
class _Since:
    """What the replaced state knows: nothing that a person decided since the copy is forgotten with it."""

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    pauses: list[Pause] = field(default_factory=list)
    estate: succession.Estate = field(default_factory=succession.Estate)
    whose: str | None = None  # which workspace's it is
    outbox: str | None = None  # the mark of the folder that its outbox accounts' posts lie in


@dataclass(frozen=True, kw_only=True)
class _Present:
    """The state that is about to be replaced, and what it knows; nothing of a file that isn't there, or is damaged."""

    store: Store | None = None
    connection: Connection | None = None
    since: _Since = field(default_factory=_Since)


@contextmanager
def _held(workspace: Workspace, path: Path | None, *, now: datetime) -> Iterator[_Present]:
    """Keep everybody from changing the state in place from when it is read until another stands there.

    Who waits for that finds the other one, or that the file was replaced: nothing is decided in between and lost.
    """
    with ExitStack() as stack:
        if path is not None and not path.is_file():
            yield _Present()
            return
        try:
            present = _read(workspace, stack, now=now)
        except (StateAwayError, StateMovedError):
            raise
        except StateError as error:
            if path is None:
                msg = (
                    f"{error}. Nothing was restored: where that database is beyond reading, write an empty one into "
                    "config.yaml under database, and restore there"
                )
                raise StateError(msg) from None
            if not is_damage(error):
                raise
            present = _Present()  # that is what the copy is for
        yield present


def _read(workspace: Workspace, stack: ExitStack, *, now: datetime) -> _Present:
    """Lock the state in place and read it. Raises StateError."""
    store = open_state(workspace, check=False)
    stack.callback(store.close)
    if store.path is None and schema.revision(store.engine) is None:
        store.upgrade()
    c = stack.enter_context(store.write())
    unhurried(c)
    form = schema.revision(store.engine)
    if form is None:
        return _Present(store=store, connection=c)
    if form < schema.HEAD:  # unread, what people stopped since the copy would go out after all
        msg = "the state in place has an older form: run `solidarity upgrade` first, then restore"
        raise UserError(msg)
    require_not_moved(c)
    if controls.alive(c, now):
        msg = "a daemon is running on this state: stop it first, then restore"
        raise UserError(msg)
    if form > schema.HEAD:
        msg = "the state in place was written by a newer version of Solidarity"
        raise StateError(msg)
    known = {one.key: one for one in deliveries.in_status(c)}
    pauses, estate = controls.all_pauses(c), succession.read(c)
    whose, outbox = controls.get_meta(c, "workspace"), controls.get_meta(c, belonging.OUTBOX)
    since = _Since(deliveries=known, pauses=pauses, estate=estate, whose=whose, outbox=outbox)
    return _Present(store=store, connection=c, since=since)


def _fill(workspace: Workspace, present: _Present, fresh: Path, kept: Path) -> None:
    """Put what was prepared into a server's database, in the transaction that holds it; a file keeps what was there."""
    assert present.store is not None  # noqa: S101
    assert present.connection is not None  # noqa: S101
    there = open_state(workspace, check=False, url=f"sqlite:///{fresh}")
    try:
        copy_database(present.store, kept)
        with there.read() as source:
            transfer.clear(present.connection)
            transfer.copy_rows(source, present.connection)
    finally:
        there.close()
        for file in fresh.parent.glob(f"{fresh.name}*"):
            file.unlink()


def _prepared(workspace: Workspace, source: Path, fresh: Path, since: _Since, *, now: datetime, who: str) -> int:
    """Copy the copy and pause it there, so that it is never in place without its pause."""
    try:
        fresh.parent.mkdir(parents=True, exist_ok=True)
        for left in fresh.parent.glob(f"{fresh.name}*"):  # of a call that was killed: a log is no other copy's
            left.unlink()
        shutil.copyfile(source, fresh)
    except OSError as error:
        msg = f"{fresh.parent}: can't be written ({error.strerror})"
        raise UserError(msg) from None
    store = open_store(f"sqlite:///{fresh}", workspace.folder, check=False)
    try:
        store.upgrade()
        with store.write() as c:
            require_not_moved(c)
            identity_of_copy = controls.get_meta(c, "workspace") or ""
            require_mark(workspace.folder, identity_of_copy, source)
            since = _of(identity_of_copy, since, workspace)
            controls.set_meta(c, "restored_at", now.isoformat())
            watermark.catch_up(c, workspace.folder)
            followed.forget(c)
            controls.set_meta(c, belonging.MARKS, "[]")  # what was given since the copy isn't known to it
            controls.pause(c, "all", "", why="a copy of the state was put back: look at `solidarity status`", now=now)
            alone = succession.take_over(c, since.estate, now=now)
            controls.note(c, "restore", source.name, who=who, now=now)
            _carry_over(c, since, now=now)
            _hold(c, workspace, alone, now=now)
            return sum(_doubt(c, one.id, now=now) for one in deliveries.in_status(c) if one.due_at <= now)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    finally:
        store.close()


def _of(whose: str, since: _Since, workspace: Workspace) -> _Since:
    """Return what the replaced state knows of this workspace: another's file is only put aside."""
    if since.whose in {None, whose}:
        return since
    if database_path(workspace.database, workspace.folder) is None:
        msg = "the state in place belongs to another workspace: give each workspace a database of its own"
        raise StateError(msg)
    return _Since()


def _carry_over(c: Connection, since: _Since, *, now: datetime) -> None:
    """Take over what is known to be out and where, and what people cancelled, withdrew and paused, since the copy."""
    if since.outbox is not None:  # another machine that came first would write there what isn't found
        controls.set_meta(c, belonging.OUTBOX, since.outbox)
    for pause in since.pauses:
        controls.pause(c, pause.scope, pause.name, why=pause.why, now=pause.at, kind=pause.kind)
    for one in deliveries.in_status(c):
        known = since.deliveries.get(one.key)
        if known is None or one.status is Status.withdrawn:
            continue
        if one.status is Status.published:
            _stays_down(c, one, known, now=now)
            continue
        if known.parts or known.receipt is not None:
            _file(c, one, known, now=now)
        deliveries.set_columns(c, one, withdraw_wanted=known.withdraw_wanted or one.withdraw_wanted)
        if known.cancelled_by == "person" and Status.cancelled in MOVES[deliveries.by_id(c, one.id).status]:
            here = deliveries.by_id(c, one.id)
            deliveries.move(
                c,
                here,
                Status.cancelled,
                worker=identity(),
                now=now,
                reason=known.reason,
                fenced=False,
                cancelled_by="person",
            )


def _stays_down(c: Connection, one: Delivery, known: Delivery, *, now: datetime) -> None:
    """Take over of a post that was out already that it is wanted down, and how much of it is."""
    deliveries.set_columns(c, one, withdraw_wanted=known.withdraw_wanted or one.withdraw_wanted)
    if len(known.parts) >= len(one.parts) > 0:
        deliveries.set_columns(c, one, parts=parts_json(known.parts))
    if known.status is Status.withdrawn:
        deliveries.move(c, one, Status.withdrawn, worker=identity(), now=now, detail=_KNOWN, fenced=False)


def _file(c: Connection, one: Delivery, known: Delivery, *, now: datetime) -> None:
    """File what is known to be out, of a thread each part, and what of it was taken down since."""
    if known.parts:  # from its first part on a thread is what it was then
        deliveries.like_there(c, one, known)
        one = deliveries.by_id(c, one.id)
    receipts = [part.receipt for part in known.parts] if known.parts else [known.receipt]
    for receipt in receipts[len(one.parts) :]:
        _doubt(c, one.id, now=now, whatever=True)
        here = deliveries.by_id(c, one.id)
        if receipt is not None:
            deliveries.file_receipt(c, here, receipt, worker=identity(), now=now, detail=_KNOWN)
    if known.parts:
        deliveries.set_columns(c, one, parts=parts_json(known.parts))
    here = deliveries.by_id(c, one.id)
    if known.status is Status.withdrawn and here.status is Status.queued:
        deliveries.move(c, here, Status.cancelled, worker=identity(), now=now, detail=_KNOWN, fenced=False)
        here = deliveries.by_id(c, one.id)
    if known.status is Status.withdrawn:
        deliveries.move(c, here, Status.withdrawn, worker=identity(), now=now, detail=_KNOWN, fenced=False)


def _hold(c: Connection, workspace: Workspace, alone: list[Submission], *, now: datetime) -> None:
    """Stop what may have been taken back since the copy was made; ask the moderators about the rest.

    `alone`: the submissions of which only the copy knows. One whose files are gone was taken back, or its time was up.
    """
    for ended in submissions.in_stage(c, Stage.withdrawn, Stage.rejected, Stage.expired):
        withdrawals.block(c, ended, why=str(ended.stage), worker=identity(), now=now)
    for one in alone:
        if one.stage not in {Stage.pending, Stage.approved}:
            continue
        if blobs.upload(workspace, one.file).is_file():
            submissions.change(c, one, to=Stage.pending, decided_at=None, not_before=None, touched_at=now)
        else:
            submissions.take_back(c, one, day=now.date())
            withdrawals.block(c, one, why="its files are gone", worker=identity(), now=now)
            submissions.forget(c, one, to=Stage.withdrawn, now=now)


def _swap(fresh: Path, path: Path, kept: Path) -> None:
    try:
        aside.swap(fresh, path, kept)
    except OSError as error:
        raise _irreplaceable(path, error) from None


def _doubt(c: Connection, delivery_id: int, *, now: datetime, whatever: bool = False) -> bool:
    """Mark a delivery that may have gone out since the copy was made as unknown; it is looked up.

    What had failed, was missed or cancelled by then is looked for first, should a person put it back.
    """
    delivery = deliveries.by_id(c, delivery_id)
    if delivery.status in {Status.failed, Status.missed, Status.cancelled}:
        deliveries.set_columns(c, delivery, look_first=True)
        if not whatever:
            return False
        deliveries.move(c, delivery, Status.queued, worker=identity(), now=now, fenced=False)
        delivery = deliveries.by_id(c, delivery_id)
    if Status.unknown not in MOVES[delivery.status] or (delivery.hold == "approval" and delivery.due_at > now):
        return False
    reason = "may have gone out after the copy that was put back was made, is being looked up"
    return deliveries.move(
        c, delivery, Status.unknown, worker=identity(), now=now, reason=reason, fenced=False, next_look_at=now
    )
