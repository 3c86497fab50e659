"""What people did, and whether the record of it is whole: each entry carries the hash of itself and the one before."""

from dataclasses import dataclass

from scheduler.app import App
from scheduler.store import audit
from scheduler.store.audit import Entry


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Whether the audit is whole."""

    ok: bool
    entries: int
    head: str  # the last entry's hash: write it down elsewhere, and nobody can shorten the audit unseen
    broken_at: int | None  # the first entry that doesn't follow from the one before it


def entries(app: App, after: int = 0, limit: int = 100, *, who: str = "", what: str = "") -> list[Entry]:
    """Return entries, newest first; `after` is the id of the last one seen (0: from the newest)."""
    with app.store.read() as c:
        return audit.newest(c, after=after, limit=limit, who=who, what=what)


def kinds(app: App) -> tuple[list[str], list[str]]:
    """Return who did something, and what kinds of things were done."""
    with app.store.read() as c:
        return audit.kinds(c)


def verify(app: App) -> Verified:
    """Compute the whole chain again; an entry that was changed, taken out or put in between breaks it."""
    head, count = "", 0
    with app.store.read() as c:
        for entry, expected in audit.chain(c):
            count += 1
            if entry.hash != expected:
                return Verified(ok=False, entries=count, head=head, broken_at=entry.id)
            head = entry.hash
    return Verified(ok=True, entries=count, head=head, broken_at=None)
