"""What is remembered of a post whose outcome wasn't known: one small file in var/mastodon/ until it is.

A delivery may be staged anew between two attempts. What its first attempt was must not be lost by that: from when
on its post would be in the account's list, with which uploaded media, and since when the server knows its key.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler import files

APART = timedelta(seconds=60)
"""How far two looks must lie apart to count as two."""

LASTS = timedelta(days=30)
"""How long an attempt is remembered that nobody ends here: a person may have cancelled or resolved its delivery."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The first attempt at a post. Times are seconds since 1970."""

    first: float  # the visible call came after this
    since_id: str = ""  # the account's newest post before
    media: tuple[tuple[str, ...], ...] = ()  # the uploads of this and later attempts
    not_seen: float = 0.0  # when it was looked for in vain first since the last call; 0: it wasn't
    dropped: str = ""  # the id that the server gave it without keeping it

    @property
    def first_at(self) -> datetime:
        """When the visible call may have come at the earliest."""
        return datetime.fromtimestamp(self.first, UTC)

    def is_second_look(self, now: datetime) -> bool:
        """Tell whether an earlier look was in vain too."""
        return 0 < self.not_seen <= now.timestamp() - APART.total_seconds()


class Memory:
    """The attempts of one account that are open."""

    def __init__(self, var: Path) -> None:
        self._folder = var / "mastodon"

    def _file(self, token: str) -> Path:
        return self._folder / f"{''.join(c for c in token if c.isalnum())[:64]}.json"

    def recall(self, token: str) -> Attempt | None:
        """Return what is remembered of a delivery, None where its outcome was never in doubt."""
        return _read(self._file(token))

    def keep(self, token: str, attempt: Attempt) -> bool:
        """Remember an attempt; tell whether that succeeded: a full disk keeps nothing."""
        try:
            files.write(self._file(token), json.dumps(asdict(attempt)).encode())
        except files.MachineError:
            return False
        return True

    def forget(self, token: str, now: datetime) -> None:
        """Remember nothing of a delivery any more: its outcome is known. Nor of those that are long over."""
        with contextlib.suppress(OSError):  # it is only read where the outcome is in doubt
            self._file(token).unlink(missing_ok=True)
            for path in self._folder.glob("*.json"):
                attempt = _read(path)
                if attempt is not None and now - attempt.first_at > LASTS:
                    path.unlink(missing_ok=True)


def _read(path: Path) -> Attempt | None:
    try:
        kept = json.loads(path.read_bytes())
        media = tuple(tuple(map(str, ids)) for ids in kept.pop("media"))
        return Attempt(**kept, media=media)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def begun(ids: Mapping[str, object], since: datetime) -> Attempt:
    """Return an attempt from what was staged for it, and when it was made."""
    newest, media = ids.get("since_id"), ids.get("media_ids")
    uploads = (tuple(map(str, media)),) if isinstance(media, list) and media else ()
    return Attempt(first=since.timestamp(), since_id=newest if isinstance(newest, str) else "", media=uploads)
