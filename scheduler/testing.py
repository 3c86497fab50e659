"""Fakes for tests, shipped with the program: a network that lives in memory and fails as it is told to.

Take the clock from `scheduler.clock.SimulatedClock`; the database is always a real one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from scheduler.clock import Clock
from scheduler.errors import AccountBlocked, OutcomeUnknown, Rejected, TryLater
from scheduler.model import Account, Content, Finding, Outgoing, Receipt, Staged
from scheduler.publishers.base import Absent, Deleted, Limits, NeedsHand, Publisher

FAULTS = ("ok", "refused", "later", "blocked", "lost-after", "lost-before", "crash-after", "crash-before")
"""What the visible call can be told to do. `lost-*`: no answer, after or before the post is out."""


@dataclass
class FakeNetwork:
    """What is out, and what the next calls do. One network may stand behind several publishers."""

    clock: Clock
    honest: bool = True  # whether `find` can prove absence
    out: list[Outgoing] = field(default_factory=list)
    taken_down: list[str] = field(default_factory=list)
    staged: int = 0
    faults: list[str] = field(default_factory=list)  # for the next visible calls; "ok" once they are used up
    stage_faults: list[str] = field(default_factory=list)
    forgets: int = 0  # how many times what was staged expires

    def times(self, key: str) -> int:
        """Return how often a delivery was put out."""
        return sum(one.key == key for one in self.out)

    def post(self, out: Outgoing) -> Receipt:
        """Put a post out, in the way the next fault says."""
        fault = self.faults.pop(0) if self.faults else "ok"
        if fault in {"ok", "lost-after", "crash-after"}:
            self.out.append(out)
        _fail(fault)
        return self.receipt(out)

    def receipt(self, out: Outgoing) -> Receipt:
        """Return the receipt of a post."""
        return Receipt(remote_id=out.token, url=f"https://example.org/{out.token}", published_at=self.clock.now())


def _fail(fault: str) -> None:
    errors: Mapping[str, Exception] = {
        "refused": Rejected("the fake network says no"),
        "later": TryLater("the fake network is busy"),
        "blocked": AccountBlocked("the fake network wants a new login"),
        "lost-after": OutcomeUnknown("no answer"),
        "lost-before": OutcomeUnknown("no answer"),
        "crash-after": RuntimeError("a fault nobody thought of"),
        "crash-before": RuntimeError("a fault nobody thought of"),
    }
    if fault in errors:
        raise errors[fault]


class FakePublisher(Publisher):
    """A publisher on a FakeNetwork."""

    platform = "fake"
    limits: ClassVar[Limits] = Limits(
        text=280,
        images=4,
        image_bytes=5_000_000,
        image_types=frozenset({"image/jpeg"}),
        alt=1000,
        card=(1200, 675),
        source="our own",
    )

    def __init__(self, account: Account, network: FakeNetwork) -> None:
        super().__init__(account, secrets={}, folder=Path())
        self.network = network

    def measure(self, text: str) -> int:
        """Return the number of characters."""
        return len(text)

    def problems(self, content: Content) -> list[Finding]:
        """Return one finding when the text is too long."""
        over = len(content.text) - self.limits.text
        return [Finding(rule="text-too-long", message=f"{over} characters over")] if over > 0 else []

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:  # noqa: ARG002
        """Count, and fail as told."""
        fault = self.network.stage_faults.pop(0) if self.network.stage_faults else "ok"
        _fail(fault)
        self.network.staged += 1
        return Staged({"media": [medium.sha256 for medium in out.media]})

    def stage_expired(self, staged: Staged, now: datetime) -> bool:
        """Tell whether the network has forgotten what was staged, as told."""
        del staged, now
        return self.network.staged <= self.network.forgets

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Put the post out, in the way the next fault says."""
        del staged
        return self.network.post(out)

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | Absent | None:
        """Look by the token."""
        del staged, since
        if any(one.token == out.token for one in self.network.out):
            return self.network.receipt(out)
        return Absent() if self.network.honest else None

    def delete(self, receipt: Receipt) -> Deleted | NeedsHand:
        """Take the post down."""
        self.network.taken_down.append(receipt.remote_id)
        return Deleted()

    def verify(self) -> str:
        """Return the account's name."""
        return self.account.name


__all__ = ["FAULTS", "FakeNetwork", "FakePublisher"]
