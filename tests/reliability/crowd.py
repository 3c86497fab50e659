"""Many photos that were handed in and approved, each in a slot of its own, all in the queue."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.store import submissions
from scheduler.submission import NameMode, Submission
from tests.world import NOON, World, post

EVERY = timedelta(minutes=30)
"""How far the slots are apart."""


class Crowd(World):
    """A world with `number` photos; their words hold `canary NUMBER.`."""

    networks: tuple[str, ...] = ("fake",)

    def __init__(self, folder: Path, number: int, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.prepare()
        places = [
            post(f"p{one}", at=NOON + (one + 1) * EVERY, text="{message}", submissions=True) for one in range(number)
        ]
        self.write(*places)
        found = [
            self.submit(slot, networks=self.networks, message=said, name=said, name_mode=NameMode.full)
            for said, slot in ((f"canary {one}.", slot) for one, slot in enumerate(self.slots()))
        ]
        self.refs = [one.ref for one in found]
        self.names = [one.file for one in found]
        self.queue()
        self.keys = [f"act/{one.post}/{one.occurrence}@{name}" for one in found for name in self.workspace.accounts]
        assert set(self.keys) == set(self.statuses())

    def prepare(self) -> None:
        """Change the workspace before anything is written in it."""

    def due(self, number: int) -> datetime:
        """Return when a photo is due."""
        return NOON + (number + 1) * EVERY

    def look(self, ref: str) -> Submission:
        """Return a submission as it is now."""
        with self.store.read() as c:
            found = submissions.find(c, ref=ref)
        assert found is not None
        return found
