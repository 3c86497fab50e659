"""The built-in outbox in the contract suite: folders on a disk, so no network fault applies."""

import hashlib
import json

from scheduler.model import Account
from scheduler.publishers.outbox import Publisher
from tests.publishers import harness
from tests.publishers.harness import Seen


class Harness(harness.Harness):
    platform = "outbox"
    longest = "é" * 100_000
    measured = (("abc", 3), ("日本", 2))

    def publisher(self, *, patience: float = 10.0) -> Publisher:  # noqa: ARG002
        account = Account(name="outbox-fr", platform="outbox", language="fr")
        return Publisher(account, secrets={}, folder=self.folder / "var")

    def public(self) -> list[Seen]:
        seen = []
        for file in sorted((self.folder / "var").glob("outbox/*/[0-9]*/receipt.json")):
            receipt = json.loads(file.read_text())
            pictures = tuple(
                (hashlib.sha256((file.parent / picture["file"]).read_bytes()).hexdigest(), picture["alt"])
                for picture in receipt["pictures"]
            )
            seen.append(Seen(receipt["remote_id"], (file.parent / "text.txt").read_text(), pictures))
        return seen
