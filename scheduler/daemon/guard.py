"""Runs what the daemon does again and again: no fault ends it, and none is said every second."""

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from scheduler.daemon.signs import Sign
from scheduler.errors import SchedulerError
from scheduler.logs import scrubbed
from scheduler.store import StateAwayError, StateError, StateMovedError

_LOG = logging.getLogger(__name__)
_AGAIN_SECONDS = 600.0  # after which a fault that lasts is said once more
_STATE = "the state"

_Result = TypeVar("_Result")


class Complaints:
    """Says what is wrong when it begins, once in ten minutes while it lasts, and when it is over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[tuple[str, str], float] = {}  # about what, in which words: when
        self._open: dict[str, str] = {}  # who complains: about what

    def hear(self, who: str, what: str, error: BaseException | None = None, *, about: str = "") -> None:
        """Note that something is wrong.

        Args:
            who: what doesn't work.
            what: in words.
            error: what it raised, if that is for the log too.
            about: what several may complain of, so that it is said once for all.
        """
        about = about or who
        unexpected = error is not None and not isinstance(error, SchedulerError)
        words = (about, _words(what, error))
        with self._lock:
            self._open[who] = about
            last, now = self._said.get(words), self._clock()
            if last is not None and now - last < _AGAIN_SECONDS:
                return
            self._said[words] = now
        _LOG.error("%s%s", "" if last is None else "still: ", what, exc_info=error if unexpected else None)

    def well(self, who: str) -> None:
        """Note that it works."""
        if who not in self._open:
            return
        with self._lock:
            about = self._open.pop(who, "")
            if about in self._open.values():
                return
            self._said = {words: at for words, at in self._said.items() if words[0] != about}
        _LOG.warning("%s", "the state answers again" if about == _STATE else f"{about}: goes on")


def _words(what: str, error: BaseException | None) -> str:
    """Return what tells one fault from another."""
    if isinstance(error, StateAwayError):  # its server's own words change from one second to the next
        return re.sub(r"\(.*\)", "", what)
    return what if error is None or isinstance(error, SchedulerError) else f"{what}: {scrubbed(error)}"


class Guard:
    """Lets jobs run, each under its sign of life."""

    def __init__(self, end: Callable[[StateMovedError], None]) -> None:
        """`end` is told that the state isn't there any more: nobody would see what is done from then on."""
        self._end = end
        self.complaints = Complaints()

    def run(self, sign: Sign, job: Callable[[], _Result]) -> _Result | None:
        """Run a job and return what it does; None where it failed, which is said, and no reason to end."""
        sign.busy()
        try:
            done = job()
        except StateMovedError as error:
            self._end(error)
        except StateError as error:
            self.complaints.hear(sign.name, str(error), error, about=_STATE)
        except SchedulerError as error:
            self.complaints.hear(sign.name, str(error), error)
        except Exception as error:  # the daemon outlives every fault of a job
            self.complaints.hear(sign.name, f"unexpected fault in {sign.name}", error)
        else:
            self.complaints.well(sign.name)
            return done
        finally:
            sign.idle()
        return None
