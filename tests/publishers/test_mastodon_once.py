"""Mastodon: whatever fails, in whatever order, on whatever version, a post is out exactly once in the end."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.clock import SimulatedClock
from scheduler.errors import OutcomeUnknown, PublishError, TryLater
from scheduler.model import Outgoing, Receipt, Staged
from scheduler.publishers.base import Absent
from scheduler.standins.faults import FAULTS
from scheduler.standins.mastodon import Server
from tests.publishers.harness_mastodon import LIST, POST, Harness

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
SLOW = {"timeout_before_commit", "timeout_after_commit", "drip", "endless"}
QUICK = sorted(
    {*FAULTS, *Server.refusals} - SLOW - {"413", "400", "401", "404", "422", "html_413", "200_without_doing"}
)
PASSING = [fault for fault in QUICK if not fault.startswith("403")]


class Life:
    """One delivery as the program leads it: prepared, sent, looked for, sent again; each time by a new process."""

    def __init__(self, network: Harness, out: Outgoing) -> None:
        self.network, self.out, self.clock = network, out, SimulatedClock(NOON)
        network.server.now = lambda: self.clock.now().timestamp()
        self.receipt: Receipt | None = None
        self._staged: Staged | None = None

    def attempt(self) -> None:
        """Prepare and send; look for what is unknown at the times that the program would."""
        publisher = self.network.publisher(clock=self.clock)
        try:
            self._staged = self._staged or publisher.stage(self.out)
            since = self.clock.now()
            self.receipt = publisher.publish(self.out, self._staged)
        except TryLater:
            self._staged = None
        except OutcomeUnknown:
            self._look(self._staged or Staged(), since)

    def _look(self, staged: Staged, since: datetime) -> None:
        for after in self.network.publisher().looks:
            self.clock.move_to(max(since + after, self.clock.now()))
            try:
                found = self.network.publisher(clock=self.clock).find(self.out, staged, since)
            except PublishError:
                self.clock.sleep(300)
                continue
            if isinstance(found, Receipt):
                self.receipt = found
            if isinstance(found, Receipt | Absent):
                return


def lead(version: str, faults: Sequence[tuple[str, str]], waits: Sequence[int], *, lag: int, picture: bool) -> Life:
    """Lead a delivery to its end; return it."""
    with tempfile.TemporaryDirectory() as name:
        harness = Harness(Path(name))
        with harness.running(version=version) as network:
            life = Life(network, network.out("Une seule fois", *([network.picture()] if picture else [])))
            network.server.hidden_looks = lag
            for endpoint, fault in faults:
                network.server.fail(endpoint, fault)
            for minutes in [*waits, 1, 1, 1, 1, 1, 1]:
                if life.receipt is None:
                    life.attempt()
                    life.clock.sleep(timedelta(minutes=minutes).total_seconds())
            assert life.receipt is not None
            assert [post.id for post in network.server.posts] == [life.receipt.remote_id]
            return life


FAILING = st.lists(st.tuples(st.sampled_from([POST, POST, LIST]), st.sampled_from(PASSING)), max_size=4)


@given(
    version=st.sampled_from(["4.2.29", "4.5.3", "4.6.0", "4.7.1", "4.7.2", "0.19.1+gotosocial"]),
    faults=FAILING,
    waits=st.lists(st.integers(0, 200), max_size=3),
    picture=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_exactly_once(version: str, faults: list[tuple[str, str]], waits: list[int], *, picture: bool) -> None:
    """Faults of the call and of the looks, hours between attempts, every version: one post, and its receipt."""
    assert lead(version, faults, waits, lag=0, picture=picture).receipt is not None


@given(
    version=st.sampled_from(["4.5.3", "4.6.0", "4.7.1", "4.7.2"]),
    fault=st.sampled_from([fault for fault in PASSING if FAULTS.get(fault, FAULTS["html"]).commits]),
    lag=st.integers(1, 4),
    picture=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_exactly_once_though_the_list_lags(version: str, fault: str, lag: int, *, picture: bool) -> None:
    """A list that doesn't show the post for a while makes the call be repeated: the key keeps it one post."""
    assert lead(version, [(POST, fault)], [], lag=lag, picture=picture).receipt is not None
