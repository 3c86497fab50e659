"""PURE: the secret that a draft's browser keeps, and the code on its receipt that comes of it."""

import secrets
from datetime import datetime, timedelta

from scheduler.consents import codes
from scheduler.vault import Vault

SHOWN = timedelta(hours=12)
"""How long after a draft was begun its browser shows the code: not to whoever finds the phone on the next day."""


def new_secret(now: datetime) -> str:
    """Return a fresh secret for a draft's browser. The hour in it is kept nowhere else."""
    return f"{secrets.token_urlsafe(32)}.{_hour(now)}"


def is_shown(secret: str, now: datetime) -> bool:
    """Tell whether a browser that had a draft still shows the receipt."""
    hour = secret.rpartition(".")[2]
    plain = hour.isascii() and hour.isdecimal() and len(hour) < 10
    return plain and 0 <= _hour(now) - int(hour) <= SHOWN / timedelta(hours=1)


def code(vault: Vault, secret: str) -> str:
    """Return the code that a draft's secret gives, as it is shown."""
    return codes.written(int(vault.keyed("withdrawal", secret), 16) % (1 << codes.BITS))


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600
