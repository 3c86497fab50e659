"""What this process has answered since it began, by the pattern of the address: never by the address itself."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Counts:
    """Requests by pattern, method and status, and uploads in flight."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._uploads: Counter[str] = Counter()

    def add(self, route: str, method: str, status: int) -> None:
        """Count one answer."""
        known = method if method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} else "other"
        with self._lock:
            self._requests[route, known, status] += 1

    def requests(self) -> dict[tuple[str, str, int], int]:
        """Return how often each was answered."""
        with self._lock:
            return dict(self._requests)

    @property
    def uploads(self) -> int:
        """How many files come in at this moment."""
        with self._lock:
            return self._uploads.total()

    @contextmanager
    def upload(self, client: str, *, each: int, most: int) -> Iterator[bool]:
        """Hold a place for a file that comes in; gives False where a client, or all together, have too many."""
        with self._lock:
            fits = self._uploads[client] < each and self._uploads.total() < most
            self._uploads[client] += fits
        try:
            yield fits
        finally:
            with self._lock:
                self._uploads[client] -= fits
                if not self._uploads[client]:
                    del self._uploads[client]
