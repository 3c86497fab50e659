"""The peer: APScheduler with the SQLAlchemy job store of its documentation, as it comes."""

import pickle
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.job import Job
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

_begun: list[float] = []


def job(_number: int) -> None:
    """Note that it was called."""
    _begun.append(time.time())


def ran(folder: Path, moments: list[tuple[int, datetime]], *, until: float) -> list[float]:
    """Return when jobs ran that were stored before the start; `moments`: how many are due when.

    It is waited until `until` seconds after the last of them came to an end, or nothing happens any more.
    """
    store = SQLAlchemyJobStore(url=f"sqlite:///{folder / 'jobs.sqlite'}")
    scheduler = BackgroundScheduler(jobstores={"default": store}, timezone=UTC)
    scheduler.start(paused=True)
    template = scheduler.add_job(job, "date", run_date=datetime(2090, 1, 1, tzinfo=UTC), args=[0], id="template")
    _store(store, template, moments)
    _begun.clear()
    scheduler.resume()
    soon = [one for _, one in moments if one.year < 2090]
    end = max(time.time(), *(one.timestamp() for one in soon)) + until
    wanted = sum(number for number, one in moments if one.year < 2090)
    while time.time() < end and len(_begun) < wanted:
        seen = len(_begun)
        time.sleep(0.5)
        if len(_begun) > seen:
            end = max(end, time.time() + 3)
    scheduler.shutdown(wait=False)
    return list(_begun)


def _store(store: SQLAlchemyJobStore, template: Job, moments: list[tuple[int, datetime]]) -> None:
    """Write the jobs as the store itself writes them, but in one transaction: one by one it takes minutes."""
    with store.engine.begin() as connection:
        connection.execute(store.jobs_t.insert(), list(_rows(template, moments)))


def _rows(template: Job, moments: list[tuple[int, datetime]]) -> Iterator[dict[str, object]]:
    state = template.__getstate__()
    for group, (number, moment) in enumerate(moments):
        for at in range(number):
            name = f"{group}-{at}"
            mine = {**state, "id": name, "args": (at,), "trigger": DateTrigger(moment), "next_run_time": moment}
            written = pickle.dumps(mine, pickle.HIGHEST_PROTOCOL)
            yield {"id": name, "next_run_time": moment.timestamp(), "job_state": written}
