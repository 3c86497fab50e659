"""Lends files to networks that fetch what they publish: at addresses that nobody can guess, and not for long.

The web pages give out what was lent (`web/media.py`), and `Storage` does where the workspace names one.
"""

import hmac
import math
from datetime import datetime

from scheduler.errors import AccountBlocked
from scheduler.model import Medium
from scheduler.vault import Vault

PATH = "/lent/{token}/{name}"
"""The address under which the web pages give a file out, below `public_url`."""


class Pages:
    """Lends files at the workspace's own web pages."""

    def __init__(self, public_url: str | None, vault: Vault) -> None:
        self._public_url = public_url
        self._vault = vault

    def url(self, medium: Medium, *, until: datetime) -> str:
        """Return the address at which a network finds the file, as long as its post is in hand.

        Raises:
            AccountBlocked: the workspace doesn't say where its web pages are reached.
        """
        if not self._public_url:
            raise AccountBlocked(
                "the network fetches pictures from an address, and there is none: write public_url into config.yaml "
                "and run `solidarity serve`, or name a storage there (docs/networks.md)"
            )
        name = f"{medium.sha256}{medium.path.suffix}"
        return self._public_url + PATH.format(token=token(self._vault, name, until), name=name)


def token(vault: Vault, name: str, until: datetime) -> str:
    """Return the part of an address that only this workspace can make: for this one file, until then."""
    seconds = f"{math.ceil(until.timestamp()):x}"
    return f"{seconds}.{_mac(vault, name, seconds)}"


def lent(vault: Vault, token: str, name: str, *, now: datetime) -> str:
    """Return the SHA-256 of the file behind an address; empty where we didn't make it, or its time is over."""
    seconds, _, mac = token.partition(".")
    if not hmac.compare_digest(mac.encode(), _mac(vault, name, seconds).encode()):
        return ""
    return name.partition(".")[0] if int(seconds, 16) > now.timestamp() else ""


def _mac(vault: Vault, name: str, seconds: str) -> str:
    return vault.keyed("lent", name, seconds)
