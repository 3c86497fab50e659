"""Every change of the clocks from 2026 to 2030, in every zone there is, found by looking at what the clocks show.

What is told here of a wall-clock time is counted from UTC alone: which seconds are there that show it?
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

FIRST = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
LAST = int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())
DAY = 86_400
_SECOND = timedelta(seconds=1)


def shown(second: int, zone: ZoneInfo) -> datetime:
    """Return what the clocks show at a second of UTC."""
    return datetime.fromtimestamp(second, zone).replace(tzinfo=None)


def _offset(second: int, zone: ZoneInfo) -> timedelta:
    return shown(second, zone) - datetime.fromtimestamp(second, UTC).replace(tzinfo=None)


@dataclass(frozen=True, kw_only=True)
class Change:
    """The clocks of a zone are moved; `second` is the first that shows the new time."""

    zone: ZoneInfo
    second: int

    @property
    def before(self) -> timedelta:
        """How far the clocks were ahead of UTC."""
        return _offset(self.second - 1, self.zone)

    @property
    def after(self) -> timedelta:
        """How far they are ahead of it now."""
        return _offset(self.second, self.zone)

    def walls(self) -> list[datetime]:
        """Return the wall-clock times worth a look: a second around both ends of what is skipped or repeated, and amid.

        And noon of that day, and midnight before and after.
        """
        old, new = shown(self.second - 1, self.zone) + _SECOND, shown(self.second, self.zone)
        middle = min(old, new) + abs(new - old) // 2
        midnight = old.replace(hour=0, minute=0, second=0)
        calm = [midnight, midnight + timedelta(hours=12), midnight + timedelta(days=1)]
        edges = [at + step for at in (old, new) for step in (-_SECOND, timedelta(), _SECOND)]
        return sorted({*edges, middle.replace(microsecond=0), middle.replace(second=0, microsecond=0), *calm})

    def seconds(self, wall: datetime) -> list[int]:
        """Return the seconds near this change at which the clocks show a time: none, one or two."""
        naive = int(wall.replace(tzinfo=UTC).timestamp())
        tried = sorted({naive - int(offset.total_seconds()) for offset in (self.before, self.after)})
        return [second for second in tried if shown(second, self.zone) == wall]

    def due(self, wall: datetime) -> int:
        """Return the second that is meant by a time: the first that shows it; of a skipped one, as if unmoved."""
        naive = int(wall.replace(tzinfo=UTC).timestamp())
        return (self.seconds(wall) or [naive - int(self.before.total_seconds())])[0]

    def from_then_on(self, wall: datetime) -> int:
        """Return the first second, within two days of the change, at which the clocks show `wall` or later."""
        start = self.second - 2 * DAY
        ends = [self.second, self.second + 2 * DAY]  # within each of these stretches the clocks only go on
        for begin, end in zip([start, *ends], ends, strict=False):
            at = bisect_left(range(begin, end), wall, key=lambda second: shown(second, self.zone))
            if at < end - begin:
                return begin + at
        raise AssertionError(wall)


@cache
def changes() -> tuple[Change, ...]:
    """Return every change of the clocks; of zones that move alike, those of one."""
    alike: dict[tuple[timedelta, ...], ZoneInfo] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offsets = tuple(datetime.fromtimestamp(second, zone).utcoffset() or timedelta() for second in _days())
        alike.setdefault(offsets, zone)
    return tuple(change for offsets, zone in alike.items() for change in _of_zone(zone, offsets))


def _days() -> range:
    return range(FIRST, LAST, DAY)


def _of_zone(zone: ZoneInfo, offsets: tuple[timedelta, ...]) -> Iterator[Change]:
    for number, (old, new) in enumerate(pairwise(offsets)):
        if old != new:
            begin = _days()[number]
            seconds = range(begin, begin + DAY + 1)
            at = bisect_left(seconds, True, key=lambda second, old=old: _offset(second, zone) != old)
            yield Change(zone=zone, second=seconds[at])
