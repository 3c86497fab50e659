"""`solidarity run` on a network that never answers, with a lease of a second and a half: for the watchdog's test."""

import sys
import threading
from datetime import timedelta
from typing import Any

from scheduler.cli import main
from scheduler.operations import deliver
from scheduler.publishers.outbox import Publisher


def hang(*_: Any) -> Any:
    """Never answer."""
    threading.Event().wait()


if __name__ == "__main__":
    deliver.LEASE = timedelta(seconds=1.5)
    Publisher.publish = hang  # type: ignore[assignment,method-assign]
    sys.argv[0] = "solidarity"
    main()
