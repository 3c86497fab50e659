"""A network of one file for tests of logins: it takes the tokens it gave, renews them, and fails as it is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scheduler import publishers

CANARY = "canary-7d1f3a"
"""A word that every secret here holds, and that nothing but .env and var/tokens may ever hold."""

_SOURCE = '''
"""A gate: who has its token gets in."""

from datetime import timedelta

from scheduler.errors import AccountBlocked, Rejected
from scheduler.model import Receipt, Staged
from scheduler.publishers import base
from scheduler.tokens import Tokens
from tests import gate


class Publisher(base.Publisher):
    """One gate."""

    platform = "gate"
    limits = base.Limits(text=100, images=1, image_bytes=1000000, image_types=frozenset({"image/jpeg"}), alt=100,
                         card=(600, 600), source="the gate, 2026-11", by_url=True)
    secrets = ("TOKEN",)
    optional_secrets = ("APP_SECRET",)

    def measure(self, text):
        return len(text)

    def problems(self, content):
        return []

    def _token(self):
        return self._tokens().read(seed=self._secrets["TOKEN"]).get("token", self._secrets["TOKEN"])

    def _tokens(self):
        return Tokens(self._folder, self.account.name)

    def _enter(self):
        if self._token() not in gate.GATE.good:
            cure = f"`solidarity accounts login --account {self.account.name}`"
            raise AccountBlocked(f"the gate refuses the token: {cure}")

    def stage(self, out, begun=None):
        self._enter()
        return Staged()

    def publish(self, out, staged):
        self._enter()
        gate.GATE.out.append(out.text)
        return Receipt(remote_id=str(len(gate.GATE.out)), url=None, published_at=self._clock.now())

    def find(self, out, staged, since):
        return base.Absent()

    def delete(self, receipt):
        return base.Deleted()

    def verify(self):
        self._enter()
        return f"@{self.account.name}, 59 days left"

    def renew(self):
        if gate.GATE.fault is not None:
            raise gate.GATE.fault
        self._enter()
        with self._tokens().turn():
            self._tokens().write({"token": gate.GATE.give()}, seed=self._secrets["TOKEN"])
        return self._clock.now() + timedelta(days=50)

    def log_in(self, ask):
        if gate.GATE.fault is not None:
            raise gate.GATE.fault
        code = ask("Open https://gate.example/allow, allow it, and paste the code:")
        if code != "12345":
            raise Rejected("the gate doesn't know that code: open the address again, and copy it whole")
        return {"TOKEN": gate.GATE.give(), "APP_SECRET": ask("The app's secret:", hidden=True)}
'''


@dataclass
class Gate:
    """What the network knows."""

    good: set[str] = field(default_factory=set)
    out: list[str] = field(default_factory=list)
    given: int = 0
    fault: Exception | None = None

    def give(self) -> str:
        """Return a new token; those before it are void."""
        self.given += 1
        self.good = {f"{CANARY}-token-{self.given}"}
        return f"{CANARY}-token-{self.given}"


GATE = Gate()


@contextmanager
def opened(folder: Path) -> Iterator[Gate]:
    """Have the network there, as one more file beside the others."""
    folder.mkdir()
    (folder / "gate.py").write_text(_SOURCE)
    publishers.__path__.append(str(folder))
    publishers.names.cache_clear()
    publishers.load.cache_clear()
    GATE.__init__()
    try:
        yield GATE
    finally:
        publishers.__path__.remove(str(folder))
        publishers.names.cache_clear()
        publishers.load.cache_clear()
