"""When a post is due: its times on the workspace's wall clock, and what they are in UTC. Pure.

A recurrence runs on the wall clock: noon stays noon over a change of the clocks.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from dateutil.tz import datetime_ambiguous, datetime_exists

from scheduler.model import Every, Post

MOST = 5000
"""How many times a single recurrence is followed; far more than any campaign has."""


def walls(post: Post) -> Iterator[tuple[str, datetime]]:
    """Yield the name of each occurrence ("" for a post that isn't repeated) and its naive wall-clock time."""
    if post.at is not None:
        yield "", post.at
    elif post.every is not None:
        for wall in recurring(post.every):
            yield wall.isoformat(timespec="minutes"), wall


def recurring(every: Every) -> Iterator[datetime]:
    """Yield the naive wall-clock times of a recurrence, at most `MOST`.

    Raises:
        ValueError: the rule is none of RFC 5545.
    """
    rule = rrulestr(every.rrule, dtstart=datetime.combine(every.since, every.time))
    for wall in islice(rule, MOST):
        if wall.date() > every.until:
            return
        yield wall


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the clocks of `zone` ever show `wall` (they skip an hour in spring)."""
    return is_plain(wall, zone) or bool(datetime_exists(wall, zone))


def comes_twice(wall: datetime, zone: ZoneInfo) -> bool:
    """Tell whether the clocks of `zone` show `wall` twice (in autumn)."""
    if is_plain(wall, zone):
        return False
    return bool(datetime_ambiguous(wall, zone)) and exists(wall, zone)  # it calls a skipped time ambiguous too


def is_plain(wall: datetime, zone: ZoneInfo) -> bool:
    """Tell whether `wall` comes exactly once: nearly all times do, and it's told at a tenth of the cost."""
    aware = wall.replace(tzinfo=zone, fold=0)
    return aware.utcoffset() == aware.replace(fold=1).utcoffset()


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clocks of `zone` show `wall`: the first one where they do so twice.

    For a time that they skip: the moment that would have borne its name, had they not moved.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def reached(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment from which on the clocks of `zone` have reached `wall`: where they skip it, when they skip."""
    meant = to_utc(wall, zone)
    if exists(wall, zone):
        return meant
    earlier = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # by the clocks as they go after it
    seconds = range(int((meant - earlier).total_seconds()))
    passed = bisect_left(seconds, wall, key=lambda second: _shown(earlier + timedelta(seconds=second), zone))
    return earlier + timedelta(seconds=passed)


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
