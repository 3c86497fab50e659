"""Fakes for tests, shipped with the program: a network that lives in memory and fails as it is told to.

Take the clock from `scheduler.clock.SimulatedClock`; the database is always a real one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
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
    waits: list[timedelta] = field(default_factory=list)  # how long the next steps of staging take: none, or longer
    steps: list[tuple[str, int]] = field(default_factory=list)  # of staging: the token, and the step it went on from
    price: Decimal = Decimal(0)  # of each part
    complaints: list[str] = field(default_factory=list)  # what no network would take

    def times(self, key: str, part: int = 1) -> int:
        """Return how often a delivery, or a part of a thread, was put out."""
        return sum((one.key, one.part) == (key, part) for one in self.out)

    def live(self) -> set[str]:
        """Return the keys of what the public sees."""
        return {one.key for one in self.out if one.token not in self.taken_down}

    def post(self, out: Outgoing) -> Receipt:
        """Put a post out, in the way the next fault says."""
        known = [one.token for one in self.out]
        if len(out.before) != out.part - 1 or [one.remote_id for one in out.before if one.remote_id not in known]:
            self.complaints.append(f"{out.key}: part {out.part} answers what isn't there")
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
        threads=True,
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

    def price(self, content: Content) -> Decimal:
        """Return the price of its parts."""
        return self.network.price * (1 + len(content.thread))

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Count, take as many steps as told, and fail as told."""
        fault = self.network.stage_faults.pop(0) if self.network.stage_faults else "ok"
        _fail(fault)
        step = int(str(begun.ids["step"])) if begun else 0
        self.network.steps.append((out.token, step))
        if begun and begun.ids["token"] != out.token:
            self.network.complaints.append(f"{out.key}: part {out.part} goes on with what is another's")
        ids = {"token": out.token, "media": [medium.sha256 for medium in out.media], "step": step + 1}
        if self.network.waits:
            return Staged(ids, self.network.clock.now() + self.network.waits.pop(0))
        self.network.staged += 1
        return Staged({**ids, "ready": True})

    def stage_expired(self, staged: Staged, now: datetime) -> bool:
        """Tell whether the network has forgotten what was staged, as told."""
        del staged, now
        return self.network.staged <= self.network.forgets

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Put the post out, in the way the next fault says."""
        if not staged.ids.get("ready") or staged.ids["token"] != out.token:
            self.network.complaints.append(f"{out.key}: part {out.part} was not prepared")
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
