"""The daemon's process: APScheduler wakes it at the next due second, and on intervals for everything else.

The table of deliveries is the truth; APScheduler holds one date job for the next moment at which something is to do,
and a few interval jobs, in memory. Lanes (threads) take one step after the other until nothing is due.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from scheduler import belonging, cleaning
from scheduler.app import App
from scheduler.daemon.guard import Guard
from scheduler.daemon.lanes import Crew, Keeper
from scheduler.daemon.listening import Listener
from scheduler.daemon.signs import Signs
from scheduler.daemon.vitals import Vitals
from scheduler.daemon.watch import PostsWatch
from scheduler.notices import Sender
from scheduler.operations import recover
from scheduler.operations.notify import notify
from scheduler.operations.put_away import put_away
from scheduler.operations.renew import renew
from scheduler.operations.tidy import takes_turn, tidy
from scheduler.store import StateMovedError, claims, controls
from scheduler.systemd import Supervisor

_LOG = logging.getLogger(__name__)
_NOTICE_SECONDS = 1.0  # how soon a change by another process is noticed
_REREAD_SECONDS = 5.0
_BEAT_SECONDS = 10.0
_TIDY_SECONDS = 3600.0
_RECOVER_SECONDS = 5.0
_RENEW_SECONDS = 3600.0
_TELL_SECONDS = 15.0
_LINE_SECONDS = 600.0
_STOP_SECONDS = 9.0
_JOB_SECONDS = 900.0  # how long one of the scheduler's jobs may take
_CLOCK_SECONDS = 60.0  # how long the scheduler itself may give no sign of life


class Daemon:
    """Runs an App until it is told to stop."""

    def __init__(self, app: App, *, health: int | None = None) -> None:
        """`health`: the port on loopback at which it tells how it does; 0 takes any, None tells nobody.

        Raises:
            UsageError: the port can't be had.
        """
        self._app = app
        self._stopping = threading.Event()
        self._told: SimpleQueue[signal.Signals] = SimpleQueue()  # the one thing that a signal's handler may touch
        self._fatal: StateMovedError | None = None
        self._clock = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._reread = PostsWatch(app)
        self._last_seen: datetime | None = None
        self._sender, self._since = Sender(), app.clock.now()
        self._renewals: dict[str, datetime] = {}  # when each account's login is renewed next
        self._failures: dict[str, datetime] = {}  # when what couldn't be put away is tried again
        self._signs, self._guard, self._supervisor = Signs(), Guard(self._end), Supervisor()
        self._vitals = Vitals(app, self._signs)
        self._listener = None if health is None else Listener(health, self._vitals.answer)
        self._ticking = self._signs.new("the scheduler", allowed=_CLOCK_SECONDS, always=True)
        self._jobs = [(job, self._signs.new(name, allowed=_JOB_SECONDS), often) for job, name, often in self._table()]
        self._crew = Crew(app, self._guard, self._signs, self._stopping)
        self._crew.add_lanes(self._wake)
        if app.store.tells:
            self._crew.add_keepers(Keeper(name="the changes", job=self._hear, seconds=_NOTICE_SECONDS))
        self._crew.add_keepers(
            Keeper(name="the recovery", job=self._recover, seconds=_RECOVER_SECONDS),  # what a killed one held
            Keeper(name="the logins", job=self._renew, seconds=_RENEW_SECONDS),
            Keeper(name="the storage", job=self._put_away, seconds=_RECOVER_SECONDS, at_once=False),
            Keeper(name="the notices", job=self._tell, seconds=_TELL_SECONDS, at_once=False),
        )

    def run(self) -> signal.Signals:
        """Work until SIGTERM or SIGINT; then finish the call in flight and return which, within ten seconds.

        Raises:
            MachineError: an outbox account's posts lie on another machine.
            StateMovedError: the state was replaced meanwhile.
        """
        belonging.require_outbox(self._app)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        self._signs.heed(self._app.store.engine)
        self._start()
        self._supervisor.ready(self._how())
        _LOG.info("running: %d accounts", len(self._app.workspace.accounts), extra={"worker": self._app.worker})
        if self._listener is not None:
            self._listener.start()
            _LOG.info("health: http://127.0.0.1:%d/healthz and /metrics", self._listener.port)
        told = self._wait()
        self._supervisor.stopping()
        _LOG.info("stopping (%s): finishing what is in flight", told.name)
        self._stopping.set()
        self._shut_down()
        if self._fatal is not None:
            raise self._fatal
        return told

    def _table(self) -> Iterator[tuple[Callable[[], object], str, float]]:
        """Yield what the scheduler does, and how often."""
        watched = self._supervisor.watchdog_seconds
        yield self._reread.look, "the posts", _REREAD_SECONDS
        yield self._beat, "the heartbeat", _BEAT_SECONDS
        yield self._reread.follow, "the submissions", _NOTICE_SECONDS
        yield self._report, "the report", min(_BEAT_SECONDS, watched / 2) if watched else _BEAT_SECONDS
        yield self._tidy, "the housekeeping", _TIDY_SECONDS
        if self._listener is not None:
            yield self._vitals.tally.update, "the figures", _BEAT_SECONDS

    def _start(self) -> None:
        for job, sign, _ in self._jobs:
            if job in (self._reread.look, self._beat):
                self._guard.run(sign, job)
        self._crew.start()
        for job, sign, seconds in [*self._jobs, (self._wake, self._ticking, _NOTICE_SECONDS)]:
            self._clock.add_job(self._guard.run, "interval", args=[sign, job], seconds=seconds, id=sign.name)
        self._clock.start()
        self._guard.run(self._ticking, self._wake)  # what is due already needn't wait for the first interval

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._told.put(signal.Signals(number))

    def _wait(self) -> signal.Signals:
        """Return what ends it. A signal that comes at the very moment at which the wait begins doesn't break it off."""
        while True:
            with suppress(Empty):
                return self._told.get(timeout=_NOTICE_SECONDS)

    def _shut_down(self) -> None:
        end = time.monotonic() + _STOP_SECONDS
        if self._listener is not None:
            self._listener.stop()
        self._clock.shutdown(wait=False)
        self._crew.ring()
        self._sender.stop()
        cleaning.stop()  # a film may take minutes; it is opened again at the next start
        for thread in self._crew.threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._signs.ignore(self._app.store.engine)
        if any(thread.is_alive() for thread in self._crew.threads):
            _LOG.warning("a network didn't answer in time: what was being sent is looked up at the next start")
            return
        self._guard.run(self._ticking, self._forget)
        self._app.close()

    def _forget(self) -> None:
        with self._app.store.write() as c:
            controls.forget_worker(c, self._app.worker)

    def _end(self, error: StateMovedError) -> None:
        """Stop: nobody would see what is done in a state that isn't there any more."""
        self._fatal = error
        self._told.put(signal.SIGTERM)
        self._stopping.set()

    # ── what the scheduler's jobs and the keepers do ──

    def _wake(self) -> None:
        """Set the lanes to work if something is due; else come back at the next due second."""
        if self._stopping.is_set():
            return
        self._app.store.require_in_place()
        moment = self._app.together(_next_moment, None)
        if moment is None:
            return
        if moment <= self._app.clock.now():
            self._crew.ring()
        elif moment < self._app.clock.now() + timedelta(seconds=2 * _NOTICE_SECONDS):
            self._clock.add_job(
                self._guard.run,
                "date",
                args=[self._ticking, self._wake],
                run_date=moment,
                id="due",
                replace_existing=True,
            )

    def _hear(self) -> None:
        """Heed at once what others change; the line is opened anew from time to time, and when it is cut."""
        end = time.monotonic() + _LINE_SECONDS
        with self._app.store.line() as line:
            heard = True  # nobody heard what was told while there was no line
            while not self._stopping.is_set() and time.monotonic() < end:
                if heard:
                    self._wake()
                    self._reread.follow()
                heard = line.heard(_NOTICE_SECONDS)

    def _renew(self) -> None:
        renew(self._app, self._renewals)

    def _put_away(self) -> None:
        put_away(self._app, self._failures)

    def _tell(self) -> None:
        notify(self._app, send=self._sender.send, since=self._since)

    def _tidy(self) -> None:
        tidy(self._app, chores=takes_turn(self._app))

    def _recover(self) -> None:
        while not self._stopping.is_set() and recover.step(self._app):
            pass

    def _beat(self) -> None:
        self._app.store.require_form()
        now = self._app.clock.now()
        if self._last_seen is not None and now < self._last_seen - timedelta(seconds=5):
            _LOG.warning(
                "the clock was set back from %s to %s: nothing goes twice, but posts wait until their time comes again",
                self._last_seen,
                now,
            )
        self._last_seen = now
        self._app.heed_clock()
        self._app.store.beat(self._app.worker, now)

    def _report(self) -> None:
        """Say what is stuck; the service manager hears a sign of life only while nothing is."""
        faults = self._signs.faults()
        for sign in self._signs.all:
            fault = sign.fault
            if fault is not None:
                self._guard.complaints.hear(f"watch over {sign.name}", fault, about=sign.name)
            else:
                self._guard.complaints.well(f"watch over {sign.name}")
        if faults:
            self._supervisor.say(self._how())
        else:
            self._supervisor.alive(self._how())

    def _how(self) -> str:
        """Return in a few words how it goes."""
        return "; ".join(self._signs.faults()) or f"running: {len(self._app.workspace.accounts)} accounts"


def _next_moment(app: App, asked: Sequence[None]) -> list[datetime | None]:
    """Return when something will next be to do, to each lane that has just done what there was."""
    with app.store.read() as c:
        moment = claims.next_moment(c, now=app.clock.now(), ahead=app.workspace.stage_ahead)
    return [moment] * len(asked)
