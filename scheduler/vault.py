"""The workspace's own secret, in var/secret.key for its user alone, and what is made with it.

It stands outside the database: who has a copy of one can't use it without the other.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path

from scheduler import files
from scheduler.errors import WorkspaceError

_SIZE = 32


class Vault:
    """Keyed hashes, and short texts sealed for staff. Opening it reads nothing yet."""

    def __init__(self, var: Path) -> None:
        self._file = var / "secret.key"

    def keyed(self, purpose: str, *parts: str | bytes) -> str:
        """Return a hash that nobody can compute without the secret, in hexadecimal; another one for each purpose."""
        mac = hmac.new(self._derived(purpose), digestmod=hashlib.sha256)
        for part in parts:
            data = part.encode() if isinstance(part, str) else part
            mac.update(len(data).to_bytes(8, "big") + data)
        return mac.hexdigest()

    def mac(self, purpose: str) -> "hmac.HMAC":
        """Return a running keyed hash, for what is too large to be held at once."""
        return hmac.new(self._derived(purpose), digestmod=hashlib.sha256)

    def seal(self, text: str) -> str:
        """Return a text that only this workspace can read again; empty stays empty."""
        from cryptography.fernet import Fernet

        return Fernet(self._fernet).encrypt(text.encode()).decode() if text else ""

    def unseal(self, sealed: str) -> str:
        """Return a sealed text; empty where it can't be read (the secret was replaced)."""
        from cryptography.fernet import Fernet, InvalidToken

        try:
            return Fernet(self._fernet).decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken:
            return ""

    @property
    def _fernet(self) -> bytes:
        return base64.urlsafe_b64encode(self._derived("seal"))

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self._secret, purpose.encode(), "sha256")

    @cached_property
    def _secret(self) -> bytes:
        """Read the secret, or make it: whole, once, also when two processes start together."""
        try:
            with contextlib.suppress(FileNotFoundError):
                return self._checked(self._file.read_bytes())
            files.make_folder(self._file.parent)
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(secrets.token_bytes(_SIZE))
                    file.flush()
                    os.fsync(file.fileno())
                with contextlib.suppress(FileExistsError):
                    os.link(name, self._file)
                files.sync_folder(self._file.parent)
            finally:
                Path(name).unlink(missing_ok=True)
            return self._checked(self._file.read_bytes())
        except OSError as error:
            msg = f"{self._file}: can't be read or written ({error.strerror}): give it to the user who runs Solidarity"
            raise WorkspaceError(msg) from None

    def _checked(self, data: bytes) -> bytes:
        if len(data) != _SIZE:
            msg = f"{self._file}: isn't a secret of ours: put the right one back from your copy"
            raise WorkspaceError(msg)
        return data
