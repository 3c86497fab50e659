"""The daemon's process: APScheduler wakes it at the next due second, and on intervals for everything else.

The table of deliveries is the truth; APScheduler holds one date job for the next moment at which something is to do,
and a few interval jobs, in memory. Lanes (threads) take one step after the other until nothing is due.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from queue import SimpleQueue
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from scheduler import cleaning
from scheduler.app import App
from scheduler.daemon.watch import PostsWatch
from scheduler.errors import SchedulerError
from scheduler.operations import deliver, recover
from scheduler.operations.put_away import put_away
from scheduler.operations.renew import renew
from scheduler.operations.tidy import tidy
from scheduler.store import StateMovedError, claims, controls

_LOG = logging.getLogger(__name__)
_LANES = 8
_NOTICE_SECONDS = 1.0  # how soon a change by another process is noticed
_REREAD_SECONDS = 5.0
_BEAT_SECONDS = 10.0
_TIDY_SECONDS = 3600.0
_RECOVER_SECONDS = 5.0
_RENEW_SECONDS = 3600.0
_STOP_SECONDS = 9.0
_REST_SECONDS = 1.0  # after a step that failed, so that a full disk isn't asked a thousand times a second


class Daemon:
    """Runs an App until it is told to stop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._told: SimpleQueue[signal.Signals] = SimpleQueue()  # the one thing that a signal's handler may touch
        self._fatal: StateMovedError | None = None
        self._clock = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._reread = PostsWatch(app)
        self._last_seen: datetime | None = None
        lanes = max(1, min(_LANES, len(app.workspace.accounts)))
        self._bells = [threading.Event() for _ in range(lanes)]
        self._lanes = [threading.Thread(target=self._lane, args=[bell], daemon=True) for bell in self._bells]
        keepers = (self._keep_looking, self._keep_renewing, self._keep_putting_away)
        self._lanes += [threading.Thread(target=keeper, daemon=True) for keeper in keepers]
        self._renewals: dict[str, datetime] = {}  # when each account's login is renewed next
        self._failures: dict[str, datetime] = {}  # when what couldn't be put away is tried again

    def run(self) -> signal.Signals:
        """Work until SIGTERM or SIGINT; then finish the call in flight and return which, within ten seconds."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        self._guarded(self._reread.look)
        self._guarded(self._beat)
        for lane in self._lanes:
            lane.start()
        self._add_jobs()
        self._clock.start()
        _LOG.info("running: %d accounts", len(self._app.workspace.accounts))
        told = self._told.get()
        _LOG.info("stopping (%s): finishing what is in flight", told.name)
        self._stopping.set()
        self._shut_down()
        if self._fatal is not None:
            raise self._fatal
        return told

    def _add_jobs(self) -> None:
        for job, seconds in (
            (self._wake, _NOTICE_SECONDS),
            (self._reread.look, _REREAD_SECONDS),
            (self._reread.follow, _NOTICE_SECONDS),
            (self._beat, _BEAT_SECONDS),
            (self._tidy, _TIDY_SECONDS),
        ):
            self._clock.add_job(self._guarded, "interval", args=[job], seconds=seconds, id=job.__name__)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._told.put(signal.Signals(number))

    def _shut_down(self) -> None:
        end = time.monotonic() + _STOP_SECONDS
        self._clock.shutdown(wait=False)
        self._ring()
        cleaning.stop()  # a film may take minutes; it is opened again at the next start
        for lane in self._lanes:
            lane.join(max(0.0, end - time.monotonic()))
        if any(lane.is_alive() for lane in self._lanes):
            _LOG.warning("a network didn't answer in time: what was being sent is looked up at the next start")
            return
        self._guarded(self._forget)
        self._app.close()

    def _forget(self) -> None:
        with self._app.store.write() as c:
            controls.forget_worker(c, self._app.worker)

    # ── what the scheduler's jobs do ──

    def _guarded(self, job: Callable[[], object]) -> None:
        """Run a job; what it raises is said, and it runs again at its next time."""
        try:
            job()
        except StateMovedError as error:
            self._end(error)
        except SchedulerError as error:
            _LOG.error("%s", error)
        except Exception:  # the daemon outlives every fault of a job
            _LOG.exception("unexpected fault in %s", getattr(job, "__name__", job))

    def _end(self, error: StateMovedError) -> None:
        """Stop: nobody would see what is done in a state that isn't there any more."""
        self._fatal = error
        self._told.put(signal.SIGTERM)
        self._stopping.set()

    def _wake(self) -> None:
        """Set the lanes to work if something is due; else come back at the next due second."""
        if self._stopping.is_set():
            return
        self._app.store.require_in_place()
        with self._app.store.read() as c:
            moment = claims.next_moment(c, now=self._app.clock.now(), ahead=self._app.workspace.stage_ahead)
        if moment is None:
            return
        if moment <= self._app.clock.now():
            self._ring()
        elif moment < self._app.clock.now() + timedelta(seconds=2 * _NOTICE_SECONDS):
            self._clock.add_job(
                self._guarded, "date", args=[self._wake], run_date=moment, id="due", replace_existing=True
            )

    def _keep_looking(self) -> None:
        """Recover, in a thread that may be left behind: a network that hangs must not keep the daemon from ending."""
        while not self._stopping.is_set():  # at the start too: what a killed one held needn't wait
            self._guarded(self._recover)
            self._stopping.wait(_RECOVER_SECONDS)

    def _keep_renewing(self) -> None:
        """Renew what lets us in, at the start and once an hour, likewise in a thread of its own."""
        while not self._stopping.is_set():
            self._guarded(self._renew)
            self._stopping.wait(_RENEW_SECONDS)

    def _renew(self) -> None:
        renew(self._app, self._renewals)

    def _keep_putting_away(self) -> None:
        """Take back what was lent from a storage, likewise."""
        while not self._stopping.wait(_RECOVER_SECONDS):
            self._guarded(self._put_away)

    def _put_away(self) -> None:
        put_away(self._app, self._failures)

    def _tidy(self) -> None:
        tidy(self._app)

    def _recover(self) -> None:
        while not self._stopping.is_set() and recover.step(self._app):
            pass

    def _beat(self) -> None:
        now = self._app.clock.now()
        if self._last_seen is not None and now < self._last_seen - timedelta(seconds=5):
            _LOG.warning(
                "the clock was set back from %s to %s: nothing goes twice, but posts wait until their time comes again",
                self._last_seen,
                now,
            )
        self._last_seen = now
        with self._app.store.write() as c:
            controls.beat(c, self._app.worker, now)

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    def _lane(self, bell: threading.Event) -> None:
        """Wait to be called; then take one step after the other while something is due."""
        while not self._stopping.is_set():
            bell.wait()
            bell.clear()
            worked = False
            while not self._stopping.is_set() and self._step():
                worked = True
            if worked:  # what was finished may have freed its account for the next one in line
                self._guarded(self._wake)

    def _step(self) -> bool:
        try:
            return deliver.step(self._app)
        except StateMovedError as error:
            self._end(error)
        except SchedulerError as error:
            _LOG.error("%s", error)
        except Exception:
            _LOG.exception("unexpected fault in a lane")
        self._stopping.wait(_REST_SECONDS)
        return False
