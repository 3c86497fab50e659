"""When posts go out: the action's window, hours that the clocks skip or repeat, quiet hours, the past."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduler import occurrences
from scheduler.model import Every, Place, Workspace
from scheduler.occurrences import to_utc
from scheduler.posts.recurrence import MOST, weekly
from scheduler.reading.report import Report
from scheduler.reading.shapes import Fields

_FORMAT = "%Y-%m-%d %H:%M"
_LATE = "goes only if its lateness rule still allows it, and not at all when more than a day past"


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time in which an action's posts may go out."""

    opens_at: datetime | None = None  # UTC
    closes_at: datetime | None = None  # UTC; nothing goes at or after it
    last_day: date | None = None  # by the wall clock

    def holds(self, moment: datetime) -> bool:
        """Tell whether a post may go at `moment`."""
        early = self.opens_at is not None and moment < self.opens_at
        return not early and (self.closes_at is None or moment < self.closes_at)


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """What the times of an action's posts are checked against."""

    workspace: Workspace
    window: Window
    now: datetime
    ahead: list[datetime] = field(default_factory=list)  # moments that were looked at and are still to come

    def is_past(self, moment: datetime) -> bool:
        """Tell whether `moment` is past; if it isn't, it is noted: from then on something else is to be said."""
        if moment < self.now:
            return True
        self.ahead.append(moment)
        return False


def window(fields: Fields, workspace: Workspace, report: Report) -> Window:
    """Return the action's window; problems of its ends go into `report`."""
    zone = workspace.timezone
    opens, closes = fields.get("opens"), fields.get("closes")
    for name, moment in (("opens", opens), ("closes", closes)):
        if isinstance(moment, datetime):
            _check_clocks([moment], zone, fields.at(name), report)
    opens_at = _start(opens, zone) if opens else None
    last_day = closes.date() if isinstance(closes, datetime) else closes
    # A day closes at its end, which is where the next one begins.
    ends = closes if closes is None or isinstance(closes, datetime) else closes + timedelta(days=1)
    closes_at = _start(ends, zone) if ends else None
    if opens_at and closes_at and opens_at >= closes_at:
        report.error(fields.at("closes"), "empty-window", "the action closes before it opens; correct one of the two")
        return Window()
    return Window(opens_at=opens_at, closes_at=closes_at, last_day=last_day)


def _start(when: date, zone: ZoneInfo) -> datetime:
    return to_utc(when if isinstance(when, datetime) else datetime.combine(when, time()), zone)


def check_at(at: datetime, place: Place, table: Timetable, report: Report) -> None:
    """Note what is wrong with the one time of a post."""
    zone = table.workspace.timezone
    if _check_clocks([at], zone, place, report):
        return
    moment = to_utc(at, zone)
    if not table.window.holds(moment):
        report.error(place, "outside-window", _outside(moment, table.window, zone))
    _check_quiet(at.time(), place, table, report)
    if table.is_past(moment):
        report.warn(place, "past-time", f"{at:{_FORMAT}} is past: it {_LATE}")


def _outside(moment: datetime, bounds: Window, zone: ZoneInfo) -> str:
    if bounds.opens_at and moment < bounds.opens_at:
        opens = bounds.opens_at.astimezone(zone)
        return f"this is before the action opens ({opens:{_FORMAT}}); choose a later time or change 'opens'"
    closes = bounds.closes_at.astimezone(zone) if bounds.closes_at else moment
    return f"the action is closed by then ({closes:{_FORMAT}}); choose an earlier time or change 'closes'"


def _check_quiet(clock: time, place: Place, table: Timetable, report: Report) -> None:
    quiet = table.workspace.quiet
    if quiet and quiet.covers(clock):
        hours = f"{quiet.since:%H:%M} to {quiet.until:%H:%M}"
        report.error(place, "quiet-hours", f"{clock:%H:%M} lies in the quiet hours ({hours}); choose a time outside")


def _check_clocks(walls: list[datetime], zone: ZoneInfo, place: Place, report: Report) -> bool:
    """Note wall-clock times that don't exist, or that come twice; tell whether there are any of the first."""
    walls = [wall for wall in walls if not occurrences.is_plain(wall, zone)]
    skipped = [wall for wall in walls if not occurrences.exists(wall, zone)]
    if skipped:
        message = f"the clocks skip {_dates(skipped)} in {zone.key}; choose a time an hour earlier or later"
        report.error(place, "dst-gap", message)
    twice = [wall for wall in walls if wall not in skipped and occurrences.comes_twice(wall, zone)]
    if twice:
        message = f"{_dates(twice)} comes twice in {zone.key}; the first is meant, choose another time to be clear"
        report.warn(place, "dst-fold", message)
    return skipped != []


def _dates(walls: list[datetime]) -> str:
    return f"{walls[0]:{_FORMAT}}" + (f" (and {len(walls) - 1} more)" if len(walls) > 1 else "")


def every(fields: Fields, table: Timetable, report: Report) -> Every | None:
    """Return the checked recurrence, or None with the problem in `report`."""
    said = fields.written.keys() & {"days", "rrule"}
    if not said:
        report.error(fields.place, "missing-key", "every needs 'days' or 'rrule': when it recurs")
    elif len(said) == 2:
        report.error(fields.place, "bad-rrule", "a recurrence has either 'days' or 'rrule'; take one of them out")
        return None
    since, until, clock = fields.get("from"), fields.get("until"), fields.get("time")
    if "until" not in fields.written:
        until = table.window.last_day
        if until is None:
            message = "the recurrence has no end; give 'until', or 'closes' to the action"
            report.error(fields.place, "missing-key", message)
    days = fields.get("days")
    # A single word gives its codes at once, a list gives those of each item.
    codes = tuple(code for item in days or () for code in ([item] if isinstance(item, str) else item))
    written = fields.get("rrule") or (weekly(codes) if codes else None)
    if since is None or until is None or clock is None or written is None:
        return None
    found = Every(rrule=written, time=clock, since=since, until=until)
    _check_recurrence(found, fields, table, report)
    return found


def _check_recurrence(found: Every, fields: Fields, table: Timetable, report: Report) -> None:
    zone = table.workspace.timezone
    try:
        walls = list(occurrences.recurring(found))
    except (ValueError, IndexError):  # parts that are good alone and senseless together
        report.error(fields.at("rrule"), "bad-rrule", "the parts of the rule don't go together; make it simpler")
        return
    if len(walls) > MOST:
        message = f"the recurrence gives more than {MOST} posts; bring 'until' nearer"
        report.error(fields.at("until"), "recurrence-too-long", message)
        return
    planned = [wall for wall in walls if table.window.holds(to_utc(wall, zone))]
    if not planned:
        outside = "while the action is open" if walls else f"from {found.since} until {found.until}"
        message = f"the recurrence gives no post {outside}; check its days, 'from' and 'until'"
        report.error(fields.place, "recurrence-empty", message)
        return
    _check_clocks(planned, zone, fields.at("time"), report)
    _check_quiet(found.time, fields.at("time"), table, report)
    if table.is_past(to_utc(planned[-1], zone)):
        message = f"every time of the recurrence is past: each {_LATE}; bring 'until' further on"
        report.warn(fields.place, "past-time", message)
