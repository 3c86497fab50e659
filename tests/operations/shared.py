"""Machines that share their private files: each a workspace's folder of its own, on one database and one storage."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import requests

from scheduler import belonging, storage
from scheduler.app import App
from scheduler.model import Action, Outgoing, Phase, Receipt, Staged, Storage, Text
from scheduler.operations import intake
from scheduler.store import staff
from scheduler.submission import Role, Submission, User
from scheduler.testing import FakePublisher
from tests.web.site import spoiled
from tests.world import World, example_consent, post

if TYPE_CHECKING:
    from obstore.store import S3Store

ACTION = Action(key="act", title=Text({"": "Act"}), phase=Phase.ongoing, file="posts/act.yaml")
NOWHERE = "http://127.0.0.1:1"
HOUR = timedelta(hours=1)


@contextmanager
def storage_server() -> Iterator[str]:
    """Give the address of a storage with an empty bucket, `pictures`."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    assert requests.put(f"{url}/pictures", timeout=10).status_code == 200
    try:
        yield url
    finally:
        server.stop()


class Showing(FakePublisher):
    """A publisher that reads its pictures in the visible call, and keeps what it has shown."""

    reads_late = True
    shown: ClassVar[list[bytes]] = []

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Show them."""
        self.shown[:] = [medium.path.read_bytes() for medium in out.media]
        return super().publish(out, staged)


class Machines(World):
    """Two machines, `one` and `other`; the clock is right, as the storage's is."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        super().__init__(folder / "one", storage=self.settings(url, folder.name))
        (folder / "other/var").mkdir(parents=True)
        (folder / "other/var/secret.key").write_bytes(self._secret())
        self.clock.move_to(datetime.now(UTC).replace(microsecond=0))
        self.one, self.other = self.machine("first", folder / "one"), self.machine("second", folder / "other")
        self.due = self.clock.now().replace(minute=0, second=0) + 2 * HOUR
        self.write(post("v", at=self.due, text="They say: {message}", submissions=True))

    @staticmethod
    def settings(url: str, prefix: str) -> Storage:
        """Return what config.yaml says of the storage; each test has a folder of its own there."""
        private = f"s3://pictures/{prefix}/private"
        return Storage(
            bucket=f"s3://pictures/{prefix}/lent", endpoint=url, region="us-east-1", keys="LENT", private=private
        )

    def _secret(self) -> bytes:
        assert self.app.vault.keyed("any")
        return (self.workspace.var / "secret.key").read_bytes()

    def machine(self, worker: str, folder: Path) -> App:
        """Return an App with a folder of its own."""
        workspace = replace(self.workspace, folder=folder)
        return App(
            workspace=workspace,
            clock=self.clock,
            store=self.store,
            worker=worker,
            factory=lambda account, _workspace, _clock: Showing(account, self.network),
        )

    @cached_property
    def moderator(self) -> User:
        """Somebody who decides."""
        with self.store.write() as c:
            staff.add_user(c, "who decides", Role.moderator, now=self.clock.now())
            found = staff.user_named(c, "who decides")
        assert found is not None
        return found

    def begin(self, app: App, seed: int = 0, data: bytes = b"") -> Submission:
        """Begin a draft with a photo full of what a phone writes down."""
        data = data or spoiled(seed=seed)
        return intake.begin(
            app,
            action=ACTION,
            source=io.BytesIO(data),
            size=len(data),
            once=f"once-{seed}",
            group=False,
            uploaded_by=None,
        ).submission

    def hand_in(self, app: App, seed: int = 0, *, networks: tuple[str, ...] = ("fake",)) -> Submission:
        """Hand a photo in on a machine."""
        draft = intake.clean(app, self.begin(app, seed).id)
        draft = intake.describe(app, draft, message="We see you", language="en", alt="A hand with a candle.")
        return intake.hand_in(app, draft, example_consent(networks=networks, day=self.clock.now().date()))[0]

    def approve_for_slot(self, found: Submission) -> str:
        """Approve what was handed in, queue it for the slot, and return its delivery's key."""
        self.approve(found, self.slots()[0])
        self.queue()
        return next(iter(self.statuses()))

    @contextmanager
    def away(self, endpoint: str = NOWHERE) -> Iterator[None]:
        """Let the storage not answer for a while, to either machine."""
        was = {id(app): app.workspace for app in (self.one, self.other)}
        for app in (self.one, self.other):
            settings = app.workspace.storage
            assert settings is not None
            app.workspace = replace(app.workspace, storage=replace(settings, endpoint=endpoint))
        try:
            yield
        finally:
            for app in (self.one, self.other):
                app.workspace = was[id(app)]

    def place(self) -> str:
        """Return the address below which `there` is."""
        settings = self.workspace.storage
        assert settings is not None
        return f"{self.url}/{settings.bucket.removeprefix('s3://').rpartition('/')[0]}"

    def there(self) -> dict[str, bytes]:
        """Return what lies in the storage for this test, by name: private and lent, but for the mark whose it is."""
        store = self._store()
        names = [one["path"] for batch in store.list() for one in batch]
        return {name: bytes(store.get(name).bytes()) for name in names if name != f"private/{belonging.NAME}"}

    def put(self, name: str, data: bytes) -> None:
        """Put something there, as somebody may who has its keys."""
        self._store().put(name, data)

    def _store(self) -> "S3Store":
        settings = self.workspace.storage
        assert settings is not None
        place, given = settings.bucket.rpartition("/")[0], {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b"}
        return storage.connection(settings, place, given, timeout=timedelta(seconds=10))

    def uploads(self, app: App) -> set[str]:
        """Return the names of the files of submissions that a machine has."""
        return {file.name for file in (app.workspace.var / "uploads").glob("*")}

    def rendered(self, app: App) -> set[str]:
        """Return the names of the rendered files that a machine has."""
        return {file.name for file in (app.workspace.var / "rendered").glob("*")}
