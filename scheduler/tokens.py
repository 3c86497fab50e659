"""The tokens that the program renews by itself: one file an account, var/tokens/ACCOUNT.json, for its user alone.

Renewing is one transaction for one process at a time: `turn` locks, the new token is on the disk before the lock ends.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scheduler import files
from scheduler.errors import TryLater

_SEED = "seed"


class Tokens:
    """What an account's network gave us last. Plain JSON values by name; never the workspace's own secrets."""

    def __init__(self, var: Path, account: str) -> None:
        plain = account.isascii() and account.replace("-", "").replace("_", "").isalnum() and len(account) <= 100
        name = account if plain else ""
        self._file = var / "tokens" / f"{name or hashlib.sha256(account.encode()).hexdigest()[:40]}.json"

    def read(self, *, seed: str = "") -> dict[str, Any]:
        """Return what is kept; nothing where it was made from another `seed`.

        `seed` is the secret that a person gave: when they give another one, what was made from the old one is void.
        """
        try:
            values = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}  # not there, or not to be used: a person's own secret still holds
        if not isinstance(values, dict) or values.pop(_SEED, "") != _hash(seed):
            return {}
        return values

    def write(self, values: Mapping[str, Any], *, seed: str = "") -> None:
        """Keep values in the place of what was kept: on the disk when this returns, whole or not at all.

        Call it within `turn`.

        Raises:
            TryLater: the file can't be written.
        """
        self._folder()
        data = json.dumps({**values, _SEED: _hash(seed)}).encode()
        try:
            files.write(self._file, data, half=self._half_written)
        except files.MachineError as error:
            raise TryLater(str(error)) from None

    def forget(self) -> None:
        """Keep nothing any more."""
        self._file.unlink(missing_ok=True)

    @property
    def _half_written(self) -> str:
        return f".{self._file.stem}-new."

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Let nobody else, in any process, read and renew meanwhile.

        Raises:
            TryLater: the folder can't be written to.
        """
        self._folder()
        try:
            lock = os.open(self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable(self._file, error) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in self._file.parent.glob(f"{self._half_written}*"):  # by a process that was killed
                left.unlink(missing_ok=True)
            yield
        finally:
            os.close(lock)

    def _folder(self) -> None:
        try:
            files.make_folder(self._file.parent, mode=0o700)
        except OSError as error:
            raise _unusable(self._file, error) from None


def _hash(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()


def _unusable(file: Path, error: OSError) -> TryLater:
    return TryLater(f"{file}: can't be written ({error.strerror}): give it to the user who runs Solidarity")
