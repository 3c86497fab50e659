"""Photos taken back while X fails in every way: at the visible call, the look, the deletion, the reading back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from scheduler.app import App
from scheduler.model import Account
from scheduler.operations import deliver, recover
from scheduler.operations.pause import resume
from scheduler.operations.take_back import take_back
from scheduler.publishers.x import Publisher
from scheduler.standins.faults import FAULTS
from scheduler.standins.x import USERS, Server, User
from scheduler.status import Status
from scheduler.store import controls, withdrawals
from tests.reliability.crowd import EVERY, Crowd
from tests.reliability.on_networks import tell

ALL = sorted({*FAULTS, *Server.refusals})
HANGS = frozenset({"timeout_before_commit", "timeout_after_commit", "drip"})
CREATE, TIMELINE, DELETE, LOOK = (
    *("POST /2/tweets", "GET /2/users/:id/tweets"),
    *("DELETE /2/tweets/:id", "GET /2/tweets/:id"),
)


class Patient(Server):
    """X without a limit on how often one may ask."""

    def _counted(self, endpoint: str, user: User) -> dict[str, str]:
        del endpoint, user
        return {}


class OnX(Crowd):
    """A world whose one account is on X."""

    networks = ("x",)
    patience = 10.0
    server: Server

    def prepare(self) -> None:
        """Put the account where the server is."""
        options = {"timeout": [10, self.patience]}
        account = Account(name="a", platform="x", language="en", base_url=self.server.url, options=options)
        self.workspace.accounts["a"] = account  # type: ignore[index]
        self.app.adopt(self.workspace)

    def daemon(self, worker: str) -> App:
        """Return an App whose publisher talks to the server."""
        app = super().daemon(worker)
        app.factory = lambda account, _workspace, _clock: Publisher(
            account, secrets=USERS[0].secrets, folder=self.workspace.var
        )
        return app

    def weather(self, fault: str) -> None:
        """Be as patient as a fault lets one be."""
        self.patience = 0.15 if fault in HANGS else 10.0
        self.prepare()

    def asked(self) -> set[str]:
        """Return the keys of the deliveries about which a person was asked."""
        with self.store.read() as c:
            return {one.key for one in controls.open_tasks(c)}

    def live(self) -> set[int]:
        """Return the numbers of the photos that the public sees."""
        return {int(post.text.split()[1].strip(".")) for post in self.server.posts}

    def calm(self) -> None:
        """Let every fault pass, mend the account, and let a while pass."""
        self.server.clear()
        self.weather("")
        with self.store.read() as c:
            blocked = [one for one in controls.all_pauses(c) if one.kind == "blocked"]
        for one in blocked:
            resume(self.app, scope=one.scope, name=one.name, who="x")
        with self.store.write() as c:
            c.exec_driver_sql("UPDATE deliveries SET not_before = NULL")  # X may have asked us to wait for years
        for _ in range(3):
            self.let(EVERY / 4)


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that plays X."""
    with Patient() as running:
        yield running
    assert not running.errors


@pytest.mark.parametrize("endpoint", [CREATE, TIMELINE, DELETE, LOOK])
def test_whatever_x_does(tmp_path: Path, server: Server, endpoint: str):
    """Every fault at one of its endpoints: never sent afterwards, never live after a failed try without a task."""
    OnX.server = server
    # 404 is X's own word that the post isn't there: nobody can know better.
    faults = [fault for fault in ALL if fault != "404" or endpoint in {CREATE, TIMELINE}]
    world = OnX(tmp_path, len(faults))
    for number, fault in enumerate(faults):
        key, ref = world.keys[number], world.refs[number]
        world.clock.move_to(world.due(number) - timedelta(minutes=1))
        deliver.stage_next(world.app)
        world.clock.move_to(world.due(number))
        world.weather(fault)
        if endpoint == TIMELINE:
            server.fail(CREATE, "reset_after_commit")
        if endpoint == LOOK:
            server.fail(DELETE, "200_without_doing")
        server.fail(endpoint, fault)
        deliver.send_next(world.app)
        sent = len(server.asked(CREATE))
        assert sent == number + 1, f"{fault}: {world[key].status} {world[key].reason}"
        take_back(world.app, ref, who="volunteer")
        world.clock.move_to(world.clock.now() + timedelta(seconds=20))
        for _ in range(3):
            recover.step(world.app)
            tried = world[key].status is Status.published and world[key].delays > 0
            assert not tried or number not in world.live() or key in world.asked(), f"{fault}: nobody was asked"
        world.calm()
        assert len(server.asked(CREATE)) == sent, f"{fault}: it was sent after it was taken back"
        status, asked = world[key].status, key in world.asked()
        assert number not in world.live() or asked, f"{fault}: live, {status}, and nobody was asked"
        over = status in {Status.withdrawn, Status.cancelled}
        assert over or (status is Status.needs_human and asked), f"{fault}: ends as {status}"
    with world.store.read() as c:
        assert withdrawals.unfinished(c) == []
    assert world.live() == set()
    tell("taken back, bad weather", endpoint, races=len(faults))
    world.close()
