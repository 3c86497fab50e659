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
_PARTS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",  # INTERVAL=0 would never end
    "BYDAY": rf"(?:[+-]?\d{{1,2}})?{_DAY}(?:,(?:[+-]?\d{{1,2}})?{_DAY})*",
    "WKST": _DAY,
    "BYMONTH": r"\d{1,2}(?:,\d{1,2})*",
    **dict.fromkeys(("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"), r"[+-]?\d{1,3}(?:,[+-]?\d{1,3})*"),
}
_HIGHEST = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYYEARDAY": 366, "BYWEEKNO": 53, "BYSETPOS": 366, "BYDAY": 53}
# With these a rule of every day or week may never come true, and looking for that takes seconds.
_LONGER = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS")
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
    short = parts["FREQ"] in {"DAILY", "WEEKLY"}
    longer = [name for name in parts if name in _LONGER or (name == "BYDAY" and re.search(r"\d", parts[name]))]
    if short and longer:
        raise Wrong("bad-rrule", f"{parts['FREQ']} doesn't go with this {longer[0]}; write FREQ=MONTHLY or FREQ=YEARLY")
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
    figures = [abs(int(figure)) for figure in re.findall(r"\d+", value)] if name in _HIGHEST else []
    if not re.fullmatch(_PARTS[name], value) or not all(1 <= figure <= _HIGHEST[name] for figure in figures):
        raise Wrong(
            "bad-rrule", f"{shown(value)} can't be {name} of a rule; see RFC 5545, e.g. BYDAY=1MO or BYMONTHDAY=15"
        )
