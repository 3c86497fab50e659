"""Say what is missing on this machine, and the cure."""

import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler import app as parts
from scheduler import belonging, blobs, publishers, sharing, storage
from scheduler.addressees import addressees
from scheduler.app import App
from scheduler.clock import Clock
from scheduler.errors import SchedulerError
from scheduler.model import Account, Level, Workspace
from scheduler.store import StateError, controls, lent
from scheduler.store.leases import is_gone

_LITTLE_SPACE = 500 * 1024**2
_PUT_AWAY = timedelta(minutes=15)
"""The daemon deletes within seconds what was lent from a storage, and with cron the next call does."""
_RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
"""A clock that shows an earlier time than this program's own release is wrong."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at; `detail` holds the cure where it isn't well."""

    name: str
    ok: bool
    detail: str


def doctor(folder: Path, *, clock: Clock) -> list[Finding]:
    """Look at everything a workspace needs; never raises for what it finds."""
    found = [_look("fonts", _fonts), _look("pictures", _pictures)]
    try:
        workspace, problems = parts.workspace(folder)
    except SchedulerError as error:
        return [*found, Finding(name="workspace", ok=False, detail=str(error))]
    said = "; ".join(str(one) for one in problems) or f"config.yaml is in order; accounts: {len(workspace.accounts)}"
    broken = any(one.level is Level.error for one in problems)
    found.append(Finding(name="workspace", ok=not broken, detail=said))
    found.append(_look("clock", lambda: _clock(workspace, clock)))
    found.append(_look("disk", lambda: _disk(workspace)))
    found.append(_look("database", lambda: _database(workspace)))
    found.append(_look("secrets", lambda: _private(workspace)))
    found.append(_look("public address", lambda: _address(workspace)))
    found.append(_look("lent files", lambda: _lent(workspace, clock)))
    found.append(_look("private files", lambda: _private_files(workspace, clock)))
    found.append(_look("outboxes", lambda: _outboxes(workspace, clock)))
    found.append(_look("notices", lambda: _notices(workspace)))
    found += _credentials(workspace, clock)
    found.append(_look("daemon", lambda: _daemon(workspace, clock)))
    return found


def _look(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=look())
    except SchedulerError as error:
        return Finding(name=name, ok=False, detail=str(error))
    except Exception as error:
        return Finding(name=name, ok=False, detail=f"{type(error).__name__}: {error}")


def _fonts() -> str:
    from media.card import Card, render

    for language, message in (("en", "We stand with you"), ("ar", "نحن معكم"), ("fa", "ما با شما هستیم")):
        render(Card(message=message, language=language), size=(600, 338))
    return "Latin and Arabic are set and shaped"


def _pictures() -> str:
    from media.card import Card, render
    from scheduler import cleaning

    cleaning.photo(render(Card(message="We stand with you"), size=(600, 338)).data, find_faces=True)
    if not cleaning.confined():
        msg = (
            "they are opened in a process of their own, but this machine can't keep it from files and network: "
            "use Linux on x86-64 or ARM64 for what people send you"
        )
        raise SchedulerError(msg)
    return "opened in a process without files, network or secrets; faces are looked for"


def _clock(workspace: Workspace, clock: Clock) -> str:
    now = clock.now()
    if now < _RELEASED:
        msg = f"the clock shows {now:%Y-%m-%d %H:%M} UTC, which is past: set it (an NTP service keeps it right)"
        raise SchedulerError(msg)
    ahead = [at for at in _beats(workspace).values() if at > now + controls.ALIVE]
    if ahead:
        msg = f"the clock was set back: the daemon last wrote at {max(ahead):%Y-%m-%d %H:%M} UTC: set it right"
        raise SchedulerError(msg)
    return f"{now:%Y-%m-%d %H:%M:%S} UTC, {now.astimezone(workspace.timezone):%H:%M} {workspace.timezone.key}"


def _beats(workspace: Workspace) -> dict[str, datetime]:
    """Return the daemons' signs of life; none where the state can't be opened, which `_database` says."""
    try:
        store = parts.open_state(workspace)
    except StateError:
        return {}
    try:
        with store.read() as c:
            return controls.beats(c)
    except StateError:
        return {}
    finally:
        store.close()


def _disk(workspace: Workspace) -> str:
    free = shutil.disk_usage(workspace.folder).free
    if free < _LITTLE_SPACE:
        msg = f"only {free // 1024**2} MB are free: make room before the daemon stops for lack of it"
        raise SchedulerError(msg)
    return f"{free // 1024**3} GB free"


def _database(workspace: Workspace) -> str:
    store = parts.open_state(workspace)
    try:
        with store.write() as c:
            controls.set_meta(c, "doctor", "wrote")
        return str(store.path or store.engine.url.render_as_string(hide_password=True))
    finally:
        store.close()


def _private(workspace: Workspace) -> str:
    """Look whether others on this machine can read secrets, or tokens that were renewed."""
    tokens = workspace.var / "tokens"
    files = [workspace.folder / ".env", workspace.var / "secret.key", tokens, *sorted(tokens.glob("*.json"))]
    open_to_all = [file for file in files if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077]
    if open_to_all:
        cure = "; ".join(f"chmod {'700' if file.is_dir() else '600'} {file}" for file in open_to_all)
        msg = f"others on this machine can read them: {cure}"
        raise SchedulerError(msg)
    return "readable by their owner only" if any(file.exists() for file in files) else "there are none"


def _address(workspace: Workspace) -> str:
    """Look whether networks that fetch what they publish have an address to fetch it from."""
    every = workspace.accounts.values()
    fetched = [one.name for one in every if publishers.load(one.platform).limits.by_url]
    if fetched and not workspace.public_url and not workspace.storage:
        msg = (
            f"the networks of {', '.join(fetched)} fetch pictures from an address, and there is none: write "
            "public_url into config.yaml and run `solidarity serve`, or name a storage there"
        )
        raise SchedulerError(msg)
    place = workspace.storage.bucket if workspace.storage else workspace.public_url
    return f"{place or 'none'}; needed by {', '.join(fetched) or 'no account'}"


def _lent(workspace: Workspace, clock: Clock) -> str:
    """Look whether a storage still holds what no post needs any more."""
    bucket, left = parts.bucket(workspace, clock), _unneeded(workspace, clock.now())
    here = [one for one in left if bucket is not None and bucket.holds(one)]
    said = []
    if here:
        said.append(
            f"{len(here)} should be gone from the storage and couldn't be deleted: the daemon's log says why "
            "(let the keys delete there)"
        )
    elsewhere = [one.place for one in left if one not in here]
    said += [
        f"{elsewhere.count(place)} should be gone from {place or 'a storage'}, which config.yaml no longer names: "
        "name it there again until they are, or delete them by hand, and then the files of the same names in var/stored"
        for place in sorted(set(elsewhere))
    ]
    if said:
        raise SchedulerError("; ".join(said))
    return "no storage holds what no post needs any more"


def _notices(workspace: Workspace) -> str:
    """Look whether anybody is told when a person is needed; not to want that is no fault."""
    if workspace.notify is None:
        return "nobody is told when a person is needed: add 'notify: {to: NOTIFY}' to config.yaml"
    count = len(addressees(workspace))
    return f"addresses: {count}; `solidarity notify --test` tries them"


def _unneeded(workspace: Workspace, now: datetime) -> list[storage.Note]:
    old = [one for one in storage.notes(workspace.var) if now - one.since > _PUT_AWAY]
    if not old:
        return []
    store = parts.open_state(workspace)
    try:
        with store.read() as c:
            return [one for one in old if lent.in_hand(c, one.sha256, now=now) is None]
    finally:
        store.close()


def _private_files(workspace: Workspace, clock: Clock) -> str:
    """Look whether the storage that machines share answers, keeps what is put there, and nothing besides."""
    with _app(workspace, clock) as app:
        said = sharing.look(app)
    if said:
        raise SchedulerError("; ".join(said))
    return f"kept in {blobs.place(workspace)}" if blobs.shared(workspace) else "kept on this machine, in var/"


def _outboxes(workspace: Workspace, clock: Clock) -> str:
    """Look whether what outbox accounts have sent lies on this machine."""
    with _app(workspace, clock) as app:
        belonging.require_outbox(app, take=False)
    used = any(one.platform == "outbox" for one in workspace.accounts.values())
    return "their posts lie on this machine, in var/outbox" if used else "no account has one"


@contextmanager
def _app(workspace: Workspace, clock: Clock) -> Iterator[App]:
    store = parts.open_state(workspace)
    try:
        yield App(workspace=workspace, clock=clock, store=store, worker="doctor", factory=parts.live_publisher)
    finally:
        store.close()


def _credentials(workspace: Workspace, clock: Clock) -> Iterator[Finding]:
    for account in workspace.accounts.values():

        def build(account: Account = account) -> str:
            if not parts.live_publisher(account, workspace, clock).secrets:
                return "needs no secrets"
            return "its secrets are there; `solidarity accounts verify` asks the network"

        yield _look(f"account {account.name}", build)


def _daemon(workspace: Workspace, clock: Clock) -> str:
    now = clock.now()
    alive = [name for name, at in _beats(workspace).items() if now - at < controls.ALIVE and not is_gone(name)]
    if not alive:
        msg = "no daemon runs on this workspace: start `solidarity run`, or call `solidarity run --once` from cron"
        raise SchedulerError(msg)
    return f"{len(alive)} running"
