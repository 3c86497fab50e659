"""Which recurrences a post may have: days of the week, or a rule of RFC 5545."""

import re
from datetime import datetime

from dateutil.rrule import rrulestr

from scheduler.reading.report import Wrong, cure, shown

DAYS = {
    "mon": "MO", "monday": "MO",
    "tue": "TU", "tuesday": "TU",
    "wed": "WE", "wednesday": "WE",
    "thu": "TH", "thursday": "TH",
    "fri": "FR", "friday": "FR",
    "sat": "SA", "saturday": "SA",
    "sun": "SU", "sunday": "SU",
}  # fmt: skip
WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SPANS = {"daily": WEEK, "weekdays": WEEK[:5], "weekends": WEEK[5:]}
MOST = 3660  # occurrences of one post: ten years of every day

_DAY = r"(?:MO|TU|WE|TH|FR|SA|SU)"
_NUMBERS = r"[+-]?\d{1,3}(?:,[+-]?\d{1,3})*"
_PARTS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",  # INTERVAL=0 would never end
    "BYDAY": rf"(?:[+-]?\d{{1,2}})?{_DAY}(?:,(?:[+-]?\d{{1,2}})?{_DAY})*",
    "BYMONTHDAY": _NUMBERS,
    "BYMONTH": _NUMBERS,
    "BYYEARDAY": _NUMBERS,
    "BYWEEKNO": _NUMBERS,
    "BYSETPOS": _NUMBERS,
    "WKST": _DAY,
}
_ELSEWHERE = {
    "DTSTART": "say it with 'from'",
    "UNTIL": "say it with 'until'",
    "COUNT": "give the last day with 'until'",
    "BYHOUR": "say it with 'time'",
    "BYMINUTE": "say it with 'time'",
    "BYSECOND": "say it with 'time'",
}


def day_codes(text: str) -> tuple[str, ...]:
    """Return the RFC 5545 codes of a day's name or of daily, weekdays, weekends. Raises Wrong."""
    name = text.lower()
    if name in SPANS:
        return SPANS[name]
    if name not in DAYS:
        options = [*SPANS, *DAYS] if len(name) > 3 else [day for day in DAYS if len(day) == 3]
        raise Wrong("bad-value", f"{shown(text)} is not a day{cure(text, options)}")
    return (DAYS[name],)


def weekly(codes: tuple[str, ...]) -> str:
    """Return the rule for these days of every week."""
    return f"FREQ=WEEKLY;BYDAY={','.join(code for code in WEEK if code in codes)}"


def rule(text: str) -> str:
    """Return a checked RFC 5545 rule in upper case. Raises Wrong (bad-rrule)."""
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, _, value = part.partition("=")
        _check_part(name, value, parts)
        parts[name] = value
    if "FREQ" not in parts:
        raise Wrong("bad-rrule", "the rule has no FREQ; begin it with FREQ=WEEKLY or the like")
    daily = parts["FREQ"] in {"DAILY", "WEEKLY"}
    if daily and ("BYSETPOS" in parts or re.search(r"\d", parts.get("BYDAY", ""))):
        raise Wrong("bad-rrule", "numbered days need FREQ=MONTHLY or FREQ=YEARLY; change FREQ or take the numbers out")
    found = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        rrulestr(found, dtstart=datetime(2021, 1, 1))  # noqa: DTZ001 - wall clock
    except (ValueError, TypeError, KeyError, IndexError):
        raise Wrong(
            "bad-rrule", f"{shown(text)} is not a rule of RFC 5545; write e.g. FREQ=MONTHLY;BYDAY=1MO"
        ) from None
    return found


def _check_part(name: str, value: str, seen: dict[str, str]) -> None:
    elsewhere = next((where for word, where in _ELSEWHERE.items() if name.startswith(word)), None)
    if elsewhere:
        raise Wrong("bad-rrule", f"{shown(name.split(':', maxsplit=1)[0])} can't stand in the rule; {elsewhere}")
    if name == "FREQ" and value in {"HOURLY", "MINUTELY", "SECONDLY"}:
        raise Wrong("bad-rrule", f"a post can't recur {value.lower()}; use DAILY, WEEKLY, MONTHLY or YEARLY")
    if name not in _PARTS:
        raise Wrong("bad-rrule", f"the rule has an unknown part {shown(name)}{cure(name, _PARTS)}")
    if name in seen:
        raise Wrong("bad-rrule", f"the rule says {name} twice; keep one")
    if not re.fullmatch(_PARTS[name], value):
        raise Wrong(
            "bad-rrule", f"{shown(value)} can't be {name} of a rule; see RFC 5545, e.g. BYDAY=1MO or BYMONTHDAY=15"
        )
