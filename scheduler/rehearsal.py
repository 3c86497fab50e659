"""The daemon's twin on a simulated clock: the same delivery code, with local stand-ins for the networks.

A campaign of a month takes seconds. What comes out is what the networks would get, held and missed ones with their
reasons.
"""

import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from scheduler import app as parts
from scheduler import blobs, drawing, gallery, plan, publishers, rendering, slots, standins
from scheduler.clock import Clock, SimulatedClock
from scheduler.errors import UserError
from scheduler.model import Account, Action, Planned, Workspace
from scheduler.operations import deliver, queue, recover
from scheduler.operations.fill import fill
from scheduler.posts import Loaded
from scheduler.publishers import outbox
from scheduler.publishers.base import Publisher
from scheduler.renders import REHEARSED
from scheduler.store import Delivery, StateError, claims, database_path, deliveries, lending, open_store
from scheduler.store.tables import submissions

Progress = Callable[[int, int], None]
_LOG = logging.getLogger(__name__)
_MOST_STEPS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """What a rehearsal gave."""

    deliveries: list[Delivery]
    out: Path
    begins: datetime
    ends: datetime
    rendered: Path  # where the pictures lie
    there: Mapping[str, int] = field(default_factory=dict)  # by platform: the posts that its strict stand-in has

    def count(self, *statuses: str) -> int:
        """Return how many deliveries ended in any of `statuses`."""
        return sum(one.status in statuses for one in self.deliveries)


def rehearse(
    workspace: Workspace,
    loaded: Loaded,
    *,
    out: Path,
    begins: datetime | None = None,
    ends: datetime | None = None,
    progress: Progress = lambda _done, _total: None,
    strict: bool = False,
) -> Rehearsed:
    """Let the campaign happen between two moments, in a folder of its own.

    With `strict` the real publishers speak over HTTP to stand-ins on loopback that refuse what the networks would.

    Raises:
        UserError: nothing is planned, `out` holds something else, or a volunteer took something back meanwhile.
    """
    planned = plan.deliveries(loaded.actions, workspace)
    times = _times(planned, loaded.actions, workspace)
    if not times:
        msg = "nothing is planned: `solidarity check` says what is wrong with posts/"
        raise UserError(msg)
    first = begins or times[0] - timedelta(hours=1)
    last = ends or times[-1] + timedelta(days=1)
    _empty(out)
    handed_in = _handed_in(workspace)  # after that: what is taken back from now on is seen
    clock = SimulatedClock(first)
    # Its own var/ keeps the stand-ins' posts out of the workspace's; pictures are rendered once, for both.
    stage = replace(_alone(workspace, handed_in), database=f"sqlite:///{out.resolve() / 'state.db'}")
    coming = [one for one in planned if first <= one.due_at <= last]
    networks = _networks(workspace, out, clock, strict=strict)
    with _unless_taken_back(out), drawing.ahead(coming, stage), networks as (factory, there):
        store = open_store(stage.database, out, durable=False)
        app = parts.build(stage, clock=clock, factory=factory, state=store)
        try:
            lending.lend(store, handed_in)
            fill(app, loaded, ahead=None)
            # What lies before the rehearsal's first moment isn't rehearsed: it would only be missed.
            queue.apply(app, loaded, since=first)
            _let_time_pass(app, clock, last, progress, total=len(times))
            with app.store.read() as c:
                found = deliveries.in_status(c)
            counted = there()
        finally:
            app.close()
    return Rehearsed(
        # What the stand-ins give out as addresses may be somebody's real post.
        deliveries=[replace(one, url=None) for one in found] if strict else found,
        out=out,
        begins=first,
        ends=last,
        rendered=workspace.var / "rendered",
        there=counted,
    )


def _alone(workspace: Workspace, handed_in: lending.Rows) -> Workspace:
    """Return the workspace as one that shares no files with other machines, once this one has what is rehearsed."""
    if not blobs.shared(workspace) or workspace.storage is None:
        return workspace
    for row in handed_in.get(submissions, ()):
        blobs.upload(workspace, row["file"])
    return replace(workspace, storage=replace(workspace.storage, private=""))


def _handed_in(workspace: Workspace) -> lending.Rows:
    """Return what volunteers handed in; none where there is no state, or one that can't be read."""
    path = database_path(workspace.database, workspace.folder)
    if path is not None and not path.exists():
        return {}
    try:
        store = parts.open_state(workspace, check=False)
        try:
            return lending.borrow(store)
        finally:
            store.close()
    except StateError as error:
        _LOG.warning("what volunteers handed in isn't rehearsed: %s", error)
        return {}


def _times(planned: Iterable[Planned], actions: Iterable[Action], workspace: Workspace) -> list[datetime]:
    """Return when something is planned, or would be if volunteers sent something, in order."""
    free = [slot.due_at for action in actions for slot in slots.slots(action, workspace)]
    return sorted([*(one.due_at for one in planned), *free])


def _let_time_pass(app: parts.App, clock: SimulatedClock, last: datetime, progress: Progress, *, total: int) -> None:
    done = 0
    for _ in range(_MOST_STEPS):
        while deliver.step(app) or recover.step(app):
            done += 1
            progress(min(done // 2, total), total)
        with app.store.read() as c:
            moment = claims.next_moment(c, now=clock.now(), ahead=app.workspace.stage_ahead)
        if moment is None or moment > last:
            clock.move_to(last)
            return
        clock.move_to(max(moment, clock.now() + timedelta(milliseconds=1)))
    msg = "the rehearsal doesn't come to an end: a delivery is put off again and again"
    raise UserError(msg)


@contextmanager
def _networks(
    workspace: Workspace, out: Path, clock: Clock, *, strict: bool
) -> Iterator[tuple[parts.PublisherFactory, Callable[[], dict[str, int]]]]:
    """Have the networks there: what makes an account's publisher, and what counts the posts that are out."""
    if not strict:
        yield _stand_in(out), dict
        return
    from scheduler.standins.lender import Lender

    def now() -> float:
        return clock.now().timestamp()

    with ExitStack() as running:
        shelf = running.enter_context(Lender(now=now))
        platforms = {account.platform for account in workspace.accounts.values()} & standins.names()
        servers = {name: running.enter_context(standins.load(name)(now=now)) for name in sorted(platforms)}
        seats = {
            name: servers[account.platform].seat(name, account.options)
            for name, account in workspace.accounts.items()
            if account.platform in servers
        }
        local = _stand_in(out)

        def factory(account: Account, workspace: Workspace, clock: Clock) -> Publisher:
            if account.name not in seats:
                return local(account, workspace, clock)
            seat = seats[account.name]
            options = {**account.options, **seat.options}
            there = replace(account, base_url=seat.base_url, options=options)
            kind = publishers.load(account.platform)
            return kind(there, secrets=seat.secrets, folder=out, clock=clock, shelf=shelf)

        yield factory, lambda: {name: len(server.state()["posts"]) for name, server in servers.items()}


def _stand_in(out: Path) -> parts.PublisherFactory:
    def factory(account: Account, workspace: Workspace, clock: Clock) -> Publisher:
        del workspace
        kind = publishers.load(account.platform)
        return outbox.Publisher(account, secrets={}, folder=out, like=kind, clock=clock)

    return factory


def _empty(out: Path) -> None:
    """Make the rehearsal's folder, in place of an earlier rehearsal's; never in place of anything else."""
    try:
        if out.exists() and any(out.iterdir()) and not (out / REHEARSED).exists():
            msg = f"{out}: holds something other than a rehearsal: name another folder with --out"
            raise UserError(msg)
        if out.exists():
            shutil.rmtree(out)
        out.mkdir(parents=True)
        (out / REHEARSED).write_text("The outcome of a rehearsal; the next one replaces this folder.\n", "utf-8")
    except OSError as error:
        msg = f"{out}: can't be written ({error.strerror})"
        raise UserError(msg) from None


@contextmanager
def _unless_taken_back(out: Path) -> Iterator[None]:
    """Write into a rehearsal's folder; where a volunteer took something back meanwhile, nothing of it is left."""
    try:
        yield
    finally:
        if not (out / REHEARSED).exists():
            shutil.rmtree(out, ignore_errors=True)
            msg = "a volunteer took something back meanwhile, so the rehearsal was thrown away: rehearse again"
            raise UserError(msg)


def write_gallery(result: Rehearsed, workspace: Workspace, actions: Iterable[Action], *, language: str = "en") -> Path:
    """Write the page that shows a rehearsal; return its path.

    Raises:
        UserError: a volunteer took something back meanwhile.
    """
    by_key = {action.key: action for action in actions}
    with _unless_taken_back(result.out):
        return gallery.write(
            result.out,
            title=workspace.name.in_language(language, workspace.language),
            language=language,
            timezone=workspace.timezone,
            shown=[_shown(one, workspace, by_key.get(one.action)) for one in result.deliveries],
        )


def _shown(one: Delivery, workspace: Workspace, action: Action | None) -> gallery.Shown:
    publisher = parts.pure_publisher(workspace.accounts[one.account], workspace)
    try:
        media = one.frozen.media if one.frozen else rendering.media(one.content, publisher.limits, workspace)
    except UserError:
        media = ()  # why it can't be made is in the delivery's reason
    warning = one.content.warning if publisher.limits.warning else ""  # its field counts as text
    return gallery.Shown(
        key=one.key,
        action=one.action,
        action_title=action.title.in_language(one.content.language, workspace.language) if action else one.action,
        post=one.post,
        account=one.account,
        platform=one.platform,
        language=one.content.language,
        status=str(one.status),
        due_at=one.due_at,
        published_at=one.published_at,
        reason=one.reason,
        text=one.content.text,
        thread=tuple(
            gallery.ShownPart(text=part, length=publisher.measure(warning + part)) for part in one.content.thread
        ),
        warning=warning,
        link=one.content.link,
        link_title=one.content.title,
        length=publisher.measure(warning + one.content.text),
        limit=publisher.text_limit(),
        media=tuple(
            gallery.ShownMedium(path=medium.path, alt=medium.alt, width=medium.width, height=medium.height)
            for medium in media
        ),
        phase=str(action.phase) if action else "",
        source=one.place,
    )
