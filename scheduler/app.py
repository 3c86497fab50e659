"""The parts put together: the only place that decides which class stands behind which name."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from scheduler import config, publishers
from scheduler.clock import Clock, SystemClock
from scheduler.errors import UserError, WorkspaceError
from scheduler.model import Account, Level, Place, Problem, Text, Workspace
from scheduler.publishers.base import Publisher, Shelf
from scheduler.together import Together

if TYPE_CHECKING:  # what doesn't open the state, or read the posts, does without what they stand on
    from scheduler import posts
    from scheduler.storage import Bucket
    from scheduler.store import Store
    from scheduler.vault import Vault

NETWORKS = frozenset({"x", "facebook", "instagram", "threads", "bluesky", "mastodon"})
"""The networks that a campaign's tags may name, whether or not this version publishes there."""

MOST_DRIFT = timedelta(seconds=30)
"""How far the clocks of a machine and of the database may differ; a lease is several times as long."""


class ClockError(WorkspaceError):
    """This machine's clock and the database's differ too much."""


_Asked = TypeVar("_Asked")
_Given = TypeVar("_Given")
PublisherFactory = Callable[[Account, Workspace, Clock], Publisher]


@dataclass(kw_only=True)
class App:
    """A workspace with its state, its publishers and its clock. Give it to an operation."""

    workspace: Workspace
    clock: Clock
    store: "Store"
    worker: str
    factory: PublisherFactory
    adrift: bool = False  # whether this machine's clock can't be trusted
    calling: set[int] = field(default_factory=set)  # the deliveries whose call a thread of this process is making
    _local: threading.local = field(default_factory=threading.local)
    _rounds: dict[Any, Together[Any, Any]] = field(default_factory=dict)

    def heed_clock(self) -> None:
        """Take nothing in hand while this machine's clock and the database's differ: leases go by both.

        Raises:
            ClockError: they do.
        """
        drift = self.store.drift(self.clock.now()) if isinstance(self.clock, SystemClock) else timedelta()
        self.adrift = abs(drift) > MOST_DRIFT
        if self.adrift:
            way = "ahead of" if drift > timedelta() else "behind"
            msg = f"this machine's clock is {abs(drift).total_seconds():.0f} seconds {way} the database's"
            raise ClockError(f"{msg}: nothing is sent from here until they agree: let both follow a time server (NTP)")

    def together(self, answer: "Callable[[App, Sequence[_Asked]], Sequence[_Given]]", asked: _Asked) -> _Given:
        """Return `answer`'s answer; what other threads ask of it at this moment is answered together with it."""
        rounds: Together[_Asked, _Given] | None = self._rounds.get(answer)
        if rounds is None:
            rounds = self._rounds.setdefault(answer, Together(partial(answer, self)))
        return rounds.ask(asked)

    def publisher(self, account: str) -> Publisher:
        """Return this thread's publisher of an account.

        Raises:
            UserError: the account is gone from config.yaml, or its secrets aren't there.
        """
        if account not in self.workspace.accounts:
            msg = f"account {account!r} is no longer in config.yaml: put it back, or cancel its deliveries"
            raise UserError(msg)
        mine: dict[str, Publisher] = self._local.__dict__.setdefault("publishers", {})
        written = _written(self.workspace.folder / ".env")
        if self._local.__dict__.setdefault("env", written) != written:  # somebody logged in
            self._local.env = written
            mine.clear()
        if account not in mine:
            mine[account] = self.factory(self.workspace.accounts[account], self.workspace, self.clock)
        return mine[account]

    @cached_property
    def vault(self) -> "Vault":
        """The workspace's own secret."""
        from scheduler.vault import Vault

        return Vault(self.workspace.var)

    def adopt(self, workspace: Workspace) -> None:
        """Go on with a config.yaml that has changed, on the same state."""
        self.workspace = replace(workspace, database=self.workspace.database)
        self._local = threading.local()

    def load_posts(self) -> "posts.Loaded":
        """Read posts/*.yaml as they are now.

        Raises:
            WorkspaceError: the folder can't be read.
        """
        require_posts(self.workspace)
        return read_posts(self.workspace, now=self.clock.now())

    def close(self) -> None:
        """Close the state."""
        self.store.close()


def themes() -> frozenset[str]:
    """Return the card themes that this version has."""
    from media import theme

    return frozenset(theme.names())


def workspace(folder: Path) -> tuple[Workspace, list[Problem]]:
    """Read config.yaml; return the workspace and what is wrong in it.

    Raises:
        WorkspaceError: the folder can't be used as a workspace.
    """
    loaded, problems = read_workspace(folder)
    if loaded is None:
        raise WorkspaceError("\n".join(str(problem) for problem in problems))
    return loaded, problems


def read_workspace(folder: Path) -> tuple[Workspace | None, list[Problem]]:
    """Read config.yaml; return the workspace, None where the file can't be understood, and what is wrong in it.

    Raises:
        WorkspaceError: the folder is no workspace.
    """
    loaded, problems = config.load(folder, publishers.Options(), themes=themes())
    if loaded is None:
        return None, problems
    refused = [*_refused_settings(loaded)]
    broken = {one.name for one, _ in refused}
    workspace = replace(
        loaded,
        platforms=loaded.platforms | NETWORKS,
        accounts={name: one for name, one in loaded.accounts.items() if name not in broken},
        broken_accounts=loaded.broken_accounts | broken,
    )
    return workspace, [*problems, *(problem for _, problem in refused)]


def _refused_settings(workspace: Workspace) -> Iterator[tuple[Account, Problem]]:
    """Yield the accounts whose network's own settings can't be used, with what is wrong."""
    for account in workspace.accounts.values():
        try:
            pure_publisher(account, workspace)
        except UserError as error:
            yield (
                account,
                Problem(
                    place=account.place or Place(file="config.yaml"),
                    level=Level.error,
                    rule="bad-value",
                    message=str(error),
                ),
            )


def read_posts(workspace: Workspace, *, now: datetime, files: Sequence[Path] | None = None) -> "posts.Loaded":
    """Read posts/*.yaml, or only `files`, with everything that is wrong: in the files, and for the networks."""
    from scheduler import posts, review

    loaded = posts.load(workspace, now=now, themes=themes(), files=files)
    return review.reviewed(loaded, workspace)


def _written(file: Path) -> object:
    """Return what changes when a file is written; None where there is none."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def bare_workspace(folder: Path) -> Workspace:
    """Return what is needed to reach the state of a workspace whose config.yaml can't be read."""
    return Workspace(folder=folder, name=Text({}), timezone=ZoneInfo("UTC"), languages=("en",), accounts={})


def require_posts(workspace: Workspace) -> None:
    """Make sure that posts/ is there: a folder that can't be read must not look like one without posts.

    Raises:
        WorkspaceError: it can't be read.
    """
    folder = workspace.folder / "posts"
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        msg = f"{folder}: can't be read ({error.strerror}): put it back; until then the queue stays as it is"
        raise WorkspaceError(msg) from None


def live_publisher(account: Account, workspace: Workspace, clock: Clock) -> Publisher:
    """Return the real publisher of an account, with its secrets.

    Raises:
        UserError: some aren't there.
    """
    kind, secrets = publishers.load(account.platform), secrets_of(account, workspace)
    return kind(account, secrets=secrets, folder=workspace.var, clock=clock, shelf=lender(workspace, clock))


def newcomer(account: Account, workspace: Workspace, clock: Clock) -> Publisher:
    """Return an account's publisher with whatever secrets there are: for getting the others."""
    kind, secrets = publishers.load(account.platform), _whatever_secrets(account, workspace)
    return kind(account, secrets=secrets, folder=workspace.var, clock=clock, shelf=lender(workspace, clock))


def secrets_of(account: Account, workspace: Workspace) -> dict[str, str]:
    """Return the secrets that an account's network needs, and those it takes besides.

    Raises:
        UserError: some that it needs aren't there.
    """
    kind = publishers.load(account.platform)
    instead: tuple[str, ...] = kind.other_secrets
    found = _whatever_secrets(account, workspace) if instead else {}
    if instead and found.keys() >= set(instead):
        return found
    leads = kind.log_in is not Publisher.log_in
    cure = f"; `solidarity accounts login --account {account.name}` gets them" if leads else ""
    return config.secrets(account, kind.secrets, folder=workspace.folder, optional=kind.optional_secrets, cure=cure)


def _whatever_secrets(account: Account, workspace: Workspace) -> dict[str, str]:
    kind = publishers.load(account.platform)
    every = (*kind.secrets, *kind.optional_secrets)
    return config.secrets(account, (), folder=workspace.folder, optional=every)


def lender(workspace: Workspace, clock: Clock) -> Shelf:
    """Return what lends files to networks that fetch what they publish: the storage, else our own web pages."""
    from scheduler import shelf
    from scheduler.vault import Vault

    return bucket(workspace, clock) or shelf.Pages(workspace.public_url, Vault(workspace.var))


def bucket(workspace: Workspace, clock: Clock) -> "Bucket | None":
    """Return the workspace's storage, where it has one."""
    settings = workspace.storage
    if settings is None:
        return None
    from scheduler import storage

    def secrets() -> dict[str, str]:
        keys = Account(name="storage", platform="s3", language="", keys=settings.keys)
        return config.secrets(keys, storage.SECRETS, folder=workspace.folder)

    return storage.Bucket(settings, secrets=secrets, folder=workspace.var, clock=clock)


def pure_publisher(account: Account, workspace: Workspace) -> Publisher:
    """Return a publisher for its pure methods only: no secrets, no network."""
    return publishers.load(account.platform)(account, secrets={}, folder=workspace.var)


def open_state(workspace: Workspace, *, check: bool = True, url: str = "") -> "Store":
    """Open the state of a workspace, or the one at `url`; `check=False` takes tables of any form.

    Raises:
        StateError: it can't be opened.
    """
    from scheduler.store import open_store

    return open_store(url or workspace.database, workspace.folder, check=check, password=_password(workspace))


def _password(workspace: Workspace) -> str | None:
    keys = Account(name="database", platform="postgresql", language="", keys="DATABASE")
    return config.secrets(keys, (), folder=workspace.folder, optional=("PASSWORD",)).get("PASSWORD")


def build(
    workspace: Workspace,
    *,
    clock: Clock | None = None,
    factory: PublisherFactory = live_publisher,
    state: "Store | None" = None,
) -> App:
    """Put a workspace's parts together; `state` only where it isn't the workspace's own (a rehearsal's).

    Raises:
        StateError: the state can't be opened.
    """
    from scheduler.store.leases import identity

    store = state or open_state(workspace)
    return App(workspace=workspace, clock=clock or SystemClock(), store=store, worker=identity(), factory=factory)
