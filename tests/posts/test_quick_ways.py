"""What is told quickly of most times and files is what the slow way tells of all."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import datetime_ambiguous, datetime_exists

from scheduler import occurrences
from scheduler.reading import source

ZONES = ("America/Toronto", "Australia/Lord_Howe", "Africa/Casablanca", "Europe/Dublin", "Asia/Kabul", "Pacific/Apia")


@pytest.mark.parametrize("name", ZONES)
def test_times_near_a_change_of_the_clocks(name: str) -> None:
    """Proves that a time which passes for plain is shown by the clocks exactly once, at every change and beside it."""
    zone, moment, odd = ZoneInfo(name), datetime(2016, 1, 1, tzinfo=UTC), 0
    while moment.year < 2026:
        following = moment + timedelta(hours=12)
        if moment.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            for minutes in range(-4 * 60, 16 * 60, 15):
                wall = (moment + timedelta(minutes=minutes)).astimezone(zone).replace(tzinfo=None, fold=0)
                for near in (wall, wall + timedelta(minutes=45), wall + timedelta(hours=1, minutes=30)):
                    exists, twice = datetime_exists(near, zone), datetime_ambiguous(near, zone)
                    assert occurrences.exists(near, zone) == exists, near
                    assert occurrences.comes_twice(near, zone) == (exists and twice), near
                    odd += not occurrences.is_plain(near, zone)
        moment = following
    assert odd or name == "Asia/Kabul"


def test_ways_out_of_the_workspace(tmp_path: Path) -> None:
    """Proves that no link and no step up on the way passes for a file of the workspace, and each plain way does."""
    folder, outside = tmp_path / "here", tmp_path / "outside"
    for one in (folder / "posts/deep", outside):
        one.mkdir(parents=True)
        (one / "a.yaml").write_text("a: 1\n")
    (folder / "posts/a.yaml").write_text("a: 1\n")
    (folder / "linked").symlink_to(outside)
    (folder / "posts/linked.yaml").symlink_to(outside / "a.yaml")
    (folder / "posts/inside.yaml").symlink_to("a.yaml")
    (folder / "loop").symlink_to("loop")
    (tmp_path / "other").symlink_to(folder)
    ways = ["posts/a.yaml", "posts/deep/a.yaml", "posts/gone.yaml", "linked/a.yaml", "posts/linked.yaml", "loop/a.yaml"]
    ways += ["posts/inside.yaml", "../outside/a.yaml", "posts/../../outside/a.yaml", "posts/../posts/a.yaml", ".", ""]
    expected = [True, True, True, False, False, False, True, False, False, True, True, True]
    for start in (folder, tmp_path / "other"):
        assert [source.within(start / way, start) for way in ways] == expected
        assert [source.within(Path(os.path.join(start, way)), start) for way in ways] == expected  # noqa: PTH118
    assert not source.within(tmp_path / "here-too/a.yaml", folder)
    assert not source.within(outside / "a.yaml", folder)
