"""A whole year on a clock that obeys, with the daemon's own jobs and faults at random: nothing grows (R10)."""

import logging
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.status import Status
from scheduler.store import deliveries
from tests.reliability.on_networks import tell
from tests.reliability.year import DAY, TURN, Taken, Year

SEED = int(os.environ.get("SOLIDARITY_YEAR_SEED", "2026"))
MEGABYTE = 1024**2
FEW = {"heartbeats": 2, "notices": 20, "notice_targets": 2, "pauses": 4, "sessions": 0, "meta": 10}
"""How many rows there may be, at any time, of what the daemon keeps for its own work."""


@pytest.fixture
def year(tmp_path: Path) -> Iterator[Year]:
    """Return the world at the beginning of the year."""
    logging.disable(logging.CRITICAL)  # pytest would keep every line, and count as the daemon's memory
    world = Year(tmp_path, SEED)
    yield world
    world.close()
    logging.disable(logging.NOTSET)


def _live(year: Year) -> list[Taken]:
    """Let the year pass; return what was taken at the end of each month."""
    taken = []
    chance = random.Random(SEED)
    for day in range(1, 366):
        year.weather()
        for _ in range(round(DAY / TURN)):
            year.turn(year.clock.now() + TURN)
        if day % 7 == 0:
            year.week()
        if day % 11 == 0:
            year.volunteer(min(11, (day - 1) // 30))
        if chance.random() < 0.01:
            year.hold()
        if day % 30 == 15 and day < 360:
            year.month(day // 30, edited=", as we know now")
        if day % 30 == 0:
            taken.append(year.taken())
            if day < 360:
                year.month(day // 30)
    year.kill_next = False
    for _ in range(4):  # people come to the end of what waits for them
        year.network.faults, year.network.stage_faults = [], []
        year.week()
        year.turn(year.clock.now() + 2 * DAY)
    return taken


def test_a_year(year: Year, database: str):
    """Memory, handles, threads, files and what the daemon keeps for itself are flat; each post went out once."""
    taken = _live(year)
    half, end = taken[5], taken[-1]
    grown = (end.rss - half.rss) / MEGABYTE
    sent = _all_once(year)
    tell(
        "year",
        database,
        sent=sent,
        kills=year.kills,
        restarts=year.restarts,
        messages=year.told,
        condensed=year.rolled_up(),
        megabytes=round(end.rss / MEGABYTE),
        grown=round(grown),
        state=end.state,
        log=max(one.log for one in taken),
        free=round(100 * year.free_pages()),
        steps=end.rows["events"],
    )
    assert grown <= 10, "MB in half a year"
    second = taken[5:]
    assert len({one.handles for one in second}) == 1
    assert len({one.threads for one in second}) == 1
    assert second[0].threads <= taken[0].threads  # of the first month one may just be ending
    assert max(one.log for one in taken) <= 4 * MEGABYTE
    assert max(one.rendered for one in second) <= 20
    assert max(one.files for one in second) <= 40
    for name, most in FEW.items():
        assert max(one.rows[name] for one in taken) <= most, name
    assert max(one.claims for one in taken) <= 3, "the first and the last, and one that isn't worth replacing"
    assert year.free_pages() <= 0.25
    assert year.rolled_up() >= 3
    assert min(year.kills, year.restarts) >= 3


def _all_once(year: Year) -> int:
    """Check that nothing was lost and nothing doubled; return how many posts were sent."""
    with year.store.read() as c:
        found = {one.key: one for one in deliveries.in_status(c)}
    assert {key for key in year.wanted if found[key].status is not Status.published} == set()
    times = {Status.published: 1, Status.withdrawn: 1, Status.cancelled: 0}
    assert {key: year.network.times(key) for key in found} == {key: times[one.status] for key, one in found.items()}
    for one in found.values():
        assert (one.token in year.network.taken_down) == (one.status is Status.withdrawn), one.key
        assert one.from_submission or one.status is Status.published
    return len(year.network.out)
