"""What people hold, and what they have to do."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Something held by a person, or an account held because its network refuses it."""

    scope: str  # all, action, account
    name: str  # empty for all
    kind: str  # pause, blocked
    why: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something only a person can do."""

    key: str  # of the delivery
    what: str
    at: datetime
    id: int = 0
