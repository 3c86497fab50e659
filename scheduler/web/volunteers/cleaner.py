"""What is handed in is made anew here, beside the requests: photos side by side, films one after the other.

Nothing is lost when the process ends: a draft whose file isn't clean yet is found again by `start`.
"""

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from functools import partial

from scheduler.app import App
from scheduler.errors import UserError
from scheduler.logs import scrubbed
from scheduler.operations import cover, intake
from scheduler.store import submissions
from scheduler.submission import Submission

_LOG = logging.getLogger(__name__)
_PHOTOS = os.cpu_count() or 1

Work = Callable[[], Submission]


class Cleaner:
    """The work on the drafts of one site. At most one piece of work on a draft at a time."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._running: dict[int, Future[None]] = {}
        self._failed: dict[int, UserError] = {}
        self._ending = threading.Event()
        self._photos = ThreadPoolExecutor(_PHOTOS, thread_name_prefix="photos")
        self._films = ThreadPoolExecutor(1, thread_name_prefix="films")

    def start(self) -> None:
        """Take up what an earlier process left unfinished."""
        for number in intake.unfinished(self._app):
            self.submit(number)
        for number in cover.unfinished(self._app):
            self.submit(number, partial(cover.go_on, self._app, number))

    def submit(self, number: int, work: Work | None = None) -> None:
        """Have a draft cleaned, or other `work` on it done; nothing happens where some is being done already."""
        with self._lock:
            if self._ending.is_set() or number in self._running:
                return
            self._failed.pop(number, None)
            pool = self._films if self._is_film(number) else self._photos
            todo = work or partial(intake.clean, self._app, number, given_up=self._ending.is_set)
            self._running[number] = pool.submit(self._do, number, todo)

    def wait(self, number: int, seconds: float) -> bool:
        """Wait until no work on a draft is left, at most so long; tell whether there is none."""
        with self._lock:
            future = self._running.get(number)
        return future is None or not wait_for([future], timeout=seconds).not_done

    def failed(self, number: int) -> UserError | None:
        """Return why the last work on a draft failed."""
        with self._lock:
            return self._failed.get(number)

    def forget(self, number: int) -> None:
        """Forget why work failed."""
        with self._lock:
            self._failed.pop(number, None)

    def stop(self) -> None:
        """Take on nothing more, and give up what waits; the next start takes it up."""
        self._ending.set()
        for pool in (self._photos, self._films):
            pool.shutdown(wait=False, cancel_futures=True)

    def _is_film(self, number: int) -> bool:
        with self._app.store.read() as c:
            found = submissions.find(c, id=number)
        return found is not None and found.film

    def _do(self, number: int, work: Work) -> None:
        failure: UserError | None = None
        try:
            work()
        except UserError as error:
            failure = error
        except Exception as error:
            _LOG.error("a draft can't be cleaned: %s", scrubbed(error))
            failure = UserError()
        with self._lock:
            if failure is not None:
                self._failed[number] = failure
            self._running.pop(number, None)


_LOCK = threading.Lock()


def cleaner_of(app: App) -> Cleaner:
    """Return the one cleaner of an App, made when it is first asked for."""
    with _LOCK:
        made: Cleaner | None = app.__dict__.get("_cleaner")
        if made is None:
            made = app.__dict__["_cleaner"] = Cleaner(app)
        return made
