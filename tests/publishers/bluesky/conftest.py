"""Bluesky at another time than the machine's, and publishers that share its clock."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.model import Outgoing
from scheduler.publishers.bluesky import Publisher
from scheduler.standins.bluesky import Server
from tests.publishers.harness_bluesky import XRPC, Harness

LOG_IN, REFRESH = f"POST {XRPC}.server.createSession", f"POST {XRPC}.server.refreshSession"
PUT, UPLOAD = f"POST {XRPC}.repo.putRecord", f"POST {XRPC}.repo.uploadBlob"


class Ticking:
    """A clock that publisher and server share."""

    def __init__(self) -> None:
        self.at = datetime(2027, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> Ticking:
    """Return the clock."""
    return Ticking()


@pytest.fixture
def network(tmp_path: Path, clock: Ticking) -> Iterator[Harness]:
    """Return Bluesky, at another time than the machine's."""
    with Harness(tmp_path).running() as running:
        running.server.now = lambda: clock.now().timestamp()
        running.server.seat("bluesky-fr")
        yield running


@pytest.fixture
def server(network: Harness) -> Server:
    """Return the server behind it."""
    return network.server


def made(network: Harness, clock: Ticking, **secrets: str) -> Publisher:
    """Return a new publisher, as another run of the program would make it."""
    publisher = network.publisher()
    return type(publisher)(
        publisher.account, secrets={**publisher._secrets, **secrets}, folder=network.folder, clock=clock
    )


@pytest.fixture
def publisher(network: Harness, clock: Ticking) -> Publisher:
    """Return a publisher."""
    return made(network, clock)


def going(network: Harness, clock: Ticking, text: str, *media: object, **more: object) -> Outgoing:
    """Return a delivery that is due now."""
    return replace(network.out(text, *media), due_at=clock.at, **more)  # type: ignore[arg-type]
