"""Mastodon in the contract suite."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from scheduler.clock import SimulatedClock
from scheduler.errors import OutcomeUnknown
from scheduler.model import Account, Outgoing, Staged
from scheduler.publishers.base import Absent
from scheduler.publishers.mastodon import Publisher
from scheduler.standins.mastodon import USERS, Server
from tests.publishers import harness
from tests.publishers.harness import FAULTS, WORDS, Seen

POST, LIST = "POST /api/v1/statuses", "GET /api/v1/accounts/:id/statuses"
UPLOAD, DELETE = "POST /api/v2/media", "DELETE /api/v1/statuses/:id"
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
_ENDPOINTS = {"upload": UPLOAD, "publish": POST, "find": LIST, "delete": DELETE}
_WORDS = {**WORDS, "refused": "422"}


class Harness(harness.Harness):
    platform = "mastodon"
    faults: ClassVar = frozenset(FAULTS)
    media_faults: ClassVar = frozenset(FAULTS)
    longest = "https://example.com/" + "a" * 50 + " @ami@mastodon.example " + "é" * 470 + "👨\u200d👩\u200d👧"
    measured = (
        ("abc", 3),
        ("日本", 2),
        ("e\u0301", 1),
        ("👨\u200d👩\u200d👧", 1),
        ("https://example.com/a/very/long/path", 23),
        ("voir @ami@mastodon.example", 9),
    )

    @contextmanager
    def running(self, **options: Any) -> Iterator[Self]:
        with Server(**options) as self.server:
            yield self
        assert not self.server.errors

    def publisher(self, *, patience: float = 10.0, **more: Any) -> Publisher:
        options = {"timeout": [10 if patience >= 1 else 1, patience], **more.pop("options", {})}
        base_url = more.pop("base_url", None) or self.server.url
        account = Account(name="mastodon-fr", platform="mastodon", language="fr", base_url=base_url, options=options)
        secrets = more.pop("secrets", {"ACCESS_TOKEN": USERS[0].token})
        return Publisher(account, secrets=secrets, folder=self.folder, **more)

    def public(self) -> list[Seen]:
        return [
            Seen(post["id"], post["text"], tuple((medium["sha256"], medium["alt"]) for medium in post["media"]))
            for post in self.server.state()["posts"]
        ]

    def fail(self, step: str, fault: str) -> None:
        if fault == "unreachable":
            self.server.stop()
        else:
            self.server.fail(_ENDPOINTS[step], _WORDS[fault])


class World:
    """A server and publishers that share a simulated clock."""

    def __init__(self, network: Harness) -> None:
        self.network, self.server, self.clock = network, network.server, SimulatedClock(NOON)
        self.server.now = lambda: self.clock.now().timestamp()

    def publisher(self, **more: object) -> Publisher:
        """Return a new publisher, as after a restart."""
        return self.network.publisher(clock=self.clock, **more)

    def lost(self, out: Outgoing, staged: Staged, fault: str) -> datetime:
        """Publish, and lose the answer; return when the call was about to be made."""
        since = self.clock.now()
        self.server.fail(POST, fault)
        with pytest.raises(OutcomeUnknown):
            self.publisher(patience=0.15 if fault.startswith("timeout") else 10).publish(out, staged)
        return since

    def looks_in_vain(self, out: Outgoing, staged: Staged, since: datetime) -> None:
        """Look twice, as the program does, until the post is said not to be out."""
        self.wait(seconds=15)
        assert self.publisher().find(out, staged, since) is None
        self.wait(seconds=135)
        assert isinstance(self.publisher().find(out, staged, since), Absent)

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.clock.sleep(timedelta(**span).total_seconds())


@contextmanager
def world(folder: Path, **options: object) -> Iterator[World]:
    """Have a server there, of a version."""
    with Harness(folder).running(**options) as network:
        yield World(network)
