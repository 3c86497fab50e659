"""Days, times and durations as people write them, and the workspace's wall clock as an instant."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from scheduler.reading.report import Wrong, shown
from scheduler.reading.shapes import Leaf
from scheduler.reading.values import ANY_WORD

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_MOMENT = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:(?:[Tt]| +)(.*))?")
_ZONED = re.compile(r"\d(\.\d+)? *([Zz]|UTC|GMT|[+-]\d{1,2}(:?\d{2})?|[A-Z]{2,5})$")
_DURATION = re.compile(r"(\d{1,6}) *(second|minute|hour|day|week)s?")
_YEARS = range(1970, 2200)  # far from where adding a day or a zone runs off the calendar


@lru_cache(maxsize=1024)
def _date(text: str) -> date:
    try:
        year, month, day = (int(part) for part in text.split("-"))
        found = date(year, month, day)
    except ValueError:
        raise Wrong("bad-date", f"{shown(text)} is not a day; write it as 2021-09-30") from None
    if year not in _YEARS:
        raise Wrong("bad-date", f"the year of {shown(text)} can't be meant; use 1970 to 2199")
    return found


@lru_cache(maxsize=1024)
def _time(text: str) -> time:
    found = _CLOCK.fullmatch(text)
    if found:
        hour, minute, second = (int(part or 0) for part in found.groups())
        if hour < 24 and minute < 60 and second < 60:
            return time(hour, minute, second)
    if text.startswith("24:00"):
        raise Wrong("bad-time", "a day ends with 23:59; write 00:00 and the day after")
    raise Wrong("bad-time", f"{shown(text)} is not a time of day; write it as 09:00 or 18:30")


def _moment(text: str) -> datetime:
    """Read a wall-clock moment."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        raise Wrong("bad-date", f"{shown(text)} is not a date and time; write it as 2021-09-30 18:00")
    day = _date(found[1])
    clock = (found[2] or "").strip()
    if not clock:
        raise Wrong("bad-date", f"{shown(text)} has no time of day; write it as {day} 09:00")
    if not _CLOCK.fullmatch(clock) and _ZONED.search(clock):
        message = "a time is the workspace's wall clock; take the zone or offset off"
        raise Wrong("bad-date", message)
    return datetime.combine(day, _time(clock))


def _day_or_moment(text: str) -> date | datetime:
    if re.fullmatch(r"[\d-]+", text.strip()):
        return _date(text)
    if not _MOMENT.fullmatch(text.strip()):
        message = f"{shown(text)} is not a date, or a date and time; write it as 2021-09-30 or 2021-09-30 18:00"
        raise Wrong("bad-date", message)
    return _moment(text)


@lru_cache(maxsize=256)
def _duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text.strip().lower())
    if not found:
        message = f"{shown(text)} is not a duration; write it as 90 seconds, 30 minutes, 2 hours or 1 day"
        raise Wrong("bad-duration", message)
    duration = timedelta(**{f"{found[2]}s": int(found[1])})
    if duration > timedelta(days=366):
        raise Wrong("bad-duration", f"{shown(text)} is longer than a year; write a shorter one")
    return duration


_DAY_JSON = {"type": "string", "examples": ["2021-09-30"]}
_MOMENT_JSON = {"type": "string", "examples": ["2021-09-30 18:00"]}

DAY = Leaf("a day (2021-09-30)", _date, _DAY_JSON, ANY_WORD)
MOMENT = Leaf("a date and time (2021-09-30 18:00)", _moment, _MOMENT_JSON, ANY_WORD)
DAY_OR_MOMENT = Leaf("a day, or a date and time", _day_or_moment, _MOMENT_JSON, ANY_WORD)
TIME = Leaf("a time of day (09:00)", _time, {"type": "string", "examples": ["09:00"]}, ANY_WORD)
DURATION = Leaf("a duration (30 minutes)", _duration, {"type": "string", "examples": ["30 minutes"]}, ANY_WORD)
