"""Housekeeping: what no one needs any more goes. Nothing here touches what is still to go out, or its history."""

from datetime import timedelta
from pathlib import Path

from scheduler.app import App
from scheduler.store import controls
from scheduler.store.leases import is_gone

KEPT = timedelta(days=30)
"""How long a rendered picture is kept after it was last made; it is rendered again whenever it is needed."""

_SILENT = timedelta(days=1)


def tidy(app: App) -> int:
    """Drop old renders and the signs of life of daemons that are gone, and shorten the write-ahead log.

    Returns how many files were dropped.
    """
    now = app.clock.now()
    with app.store.write() as c:
        for worker, at in controls.beats(c).items():
            if is_gone(worker) or now - at > _SILENT:
                controls.forget_worker(c, worker)
    app.store.checkpoint()
    oldest = now.timestamp() - KEPT.total_seconds()
    return sum(_drop(file, oldest) for file in (app.workspace.var / "rendered").glob("*"))


def _drop(file: Path, oldest: float) -> bool:
    try:
        if file.stat().st_mtime >= oldest:
            return False
        file.unlink()
    except OSError:
        return False  # it goes next time
    return True
