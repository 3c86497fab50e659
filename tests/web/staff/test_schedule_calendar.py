"""The calendar: every view with real deliveries, days on which the clocks change, filters, size, export."""

import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.status import Status
from scheduler.store import calendar
from scheduler.web.staff.calendar import _month
from scheduler.web.staff.rows import changes, start
from tests.web.site import CONFIG, NOON, Served
from tests.web.staff.schedule import fill, put, statements

BERLIN = CONFIG.replace("America/Toronto", "Europe/Berlin")


def _page(served, address):
    answer = served.staff("moderator").get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_month_shows_each_delivery_on_its_local_day_in_both_times(served):
    """What is due at night in UTC stands on the evening before in Toronto, with both times."""
    put(served.app, "salma/late@en", datetime(2026, 3, 11, 2, 30, tzinfo=UTC))
    page = _page(served, "/staff/calendar?view=month&at=2026-03-01")
    cell = page[page.index("10 March 2026") :]
    cell = cell[: cell.index("</td>")]
    assert "22:30" in cell
    assert "02:30 UTC, 11 Mar" in cell
    assert "/staff/deliveries/salma/late%40en" in cell
    assert page.count("Wednesday") > 0
    assert page.count("</th>") == 7


def test_days_of_one_post_are_told_apart(served):
    """What one line of a file repeats is counted on each of its days: its place there has nothing to do with it."""
    for day, number in ((2, 6), (3, 1), (5, 5)):
        for minute in range(number):
            due_at = datetime(2026, 3, day, 17, minute, tzinfo=UTC)
            put(served.app, f"salma/daily/{day}-{minute}@en", due_at, place="posts/salma.yaml:5:5")
    with served.app.store.read() as c:
        edges = [datetime(2026, 3, day, tzinfo=UTC) for day in range(2, 7)]
        found = calendar.spans(c, edges, calendar.Wanted(), most=4)
    assert [span.total for span in found] == [6, 1, 0, 5]
    assert [len(span.first) for span in found] == [4, 1, 0, 4]
    page = _page(served, "/staff/calendar?view=month&at=2026-03-01")
    assert re.findall(r"and (\d+) more", page) == ["2", "1"]


def test_month_shows_the_first_of_a_day_and_counts_the_rest(served):
    """A full day shows four deliveries, and a link to all of them with their number."""
    for number in range(7):
        put(served.app, f"salma/p{number}@en", NOON + timedelta(minutes=number))
    page = _page(served, "/staff/calendar?view=month&at=2026-03-01")
    assert "and 3 more" in page
    assert "view=day&amp;at=2026-03-02" in page
    day = _page(served, "/staff/calendar?view=day&at=2026-03-02")
    assert day.count('class="line ') == 7


@pytest.mark.parametrize(
    ("config", "day", "hours"),
    [(BERLIN, "2026-03-29", 23), (BERLIN, "2026-10-25", 25), (CONFIG, "2026-03-08", 23), (CONFIG, "2026-11-01", 25)],
)
def test_days_on_which_the_clocks_change_hold_all_their_hours(tmp_path, config, day, hours):
    """A day of 23 or 25 hours begins and ends where the zone says, and nothing is shown twice or lost."""
    served = Served(tmp_path, config=config)
    zone = served.app.workspace.timezone
    first = start(datetime.fromisoformat(day).date(), zone)
    assert start(datetime.fromisoformat(day).date() + timedelta(days=1), zone) - first == timedelta(hours=hours)
    for number in range(-1, hours + 1):
        put(served.app, f"salma/h{number + 1}@en", first + timedelta(hours=number))
    for view in ("month", "week", "day"):
        page = _page(served, f"/staff/calendar?view={view}&at={day}")
        shown = set(re.findall(r"/staff/deliveries/salma/h(\d+)%40en", page))
        if view == "day":
            assert shown == {str(number + 1) for number in range(hours)}
        if view == "week":
            assert {str(number + 1) for number in range(hours)} <= shown
        if view != "day":
            assert "The clocks change" in page
    names = {
        moment.tzname() for moment in (first.astimezone(zone), (first + timedelta(hours=hours - 1)).astimezone(zone))
    }
    day_page = _page(served, f"/staff/calendar?view=day&at={day}")
    assert len(names) == 2
    assert all(name in day_page for name in names)
    served.close()


def test_a_day_that_begins_at_one_because_the_clocks_skip_midnight():
    """Where the clocks skip midnight, a day begins at its first moment, and no moment lies in two days."""
    zone = ZoneInfo("America/Santiago")
    skipped = datetime(2026, 9, 6, tzinfo=UTC).date()
    assert start(skipped, zone).astimezone(zone).hour == 1
    assert changes(skipped, zone)
    assert not changes(skipped + timedelta(days=1), zone)


def test_week_stands_by_the_hour(served):
    """The week has a row for each hour in which anything is due, and a column a day."""
    put(served.app, "salma/a@en", datetime(2026, 3, 3, 14, 5, tzinfo=UTC))
    put(served.app, "salma/b@en", datetime(2026, 3, 5, 14, 50, tzinfo=UTC))
    page = _page(served, "/staff/calendar?view=week&at=2026-03-04")
    assert page.count('scope="row"') == 1
    assert ">09:00</th>" in page
    assert page.count('scope="col"') == 8


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", "abc"),
        ("&action=salma", "ab"),
        ("&account=fr", "b"),
        ("&state=published", "c"),
        ("&state=to-go", "ab"),
        ("&state=asking", "b"),
        ("&action=other&account=en&state=published", "c"),
        ("&action=nothing", ""),
        ("&state=nonsense", "abc"),
    ],
)
def test_filters_narrow_every_view_and_both_exports(served, query, shown):
    """Action, account and state narrow the month, the week, the list and what is taken along."""
    put(served.app, "salma/a@en", NOON)
    put(served.app, "salma/b@fr", NOON, status=Status.held, hold="late", reason="late: was due")
    put(served.app, "other/c@en", NOON, status=Status.published, published_at=NOON)
    for view in ("month", "week", "list", "day"):
        page = _page(served, f"/staff/calendar?view={view}&at=2026-03-02{query}")
        assert {one for one in "abc" if re.search(rf"/staff/deliveries/\w+/{one}%40", page)} == set(shown), view
    browser = served.staff("editor")
    table = browser.get(f"/staff/export.csv?view=month&at=2026-03-02{query}")
    assert {line.split(",")[2] for line in table.text.splitlines()[1:]} == set(shown)
    calendar = browser.get(f"/staff/export.ics?view=month&at=2026-03-02{query}")
    assert calendar.text.count("BEGIN:VEVENT") == len(shown)


@pytest.mark.parametrize(
    "query", ["at=nonsense", "at=0001-01-01", "at=9999-12-31", "view=evil", "page=-3", "page=9" * 9]
)
def test_what_cant_be_meant_is_left_out(served, query):
    """An address that nobody's form made shows the calendar all the same."""
    assert "<h1" in _page(served, f"/staff/calendar?{query}")


def test_a_form_without_a_script_narrows_the_calendar(served):
    """Filters are a form that asks by its address; the choices are kept and so are they by the links around it."""
    page = _page(served, "/staff/calendar?view=week&at=2026-03-04&account=fr&state=held")
    assert '<form class="narrowing no-print" method="get" action="/staff/calendar"' in page
    assert '<option value="fr" selected>' in page
    assert "view=week&amp;at=2026-03-11&amp;account=fr&amp;state=held" in page
    assert "view=week&amp;at=2026-02-25&amp;account=fr&amp;state=held" in page


def test_the_list_has_pages(served):
    """The list goes on from page to page, each with fifty."""
    fill(served.app, 120, NOON, apart=timedelta(minutes=1))
    first = _page(served, "/staff/calendar?view=list&at=2026-03-02")
    assert first.count('class="line ') == 50
    assert "Page 1 of 3" in first
    assert _page(served, "/staff/calendar?view=list&at=2026-03-02&page=3").count('class="line ') == 20


def test_months_are_counted_right():
    """The month after the last of January is February's last day, over any year's end."""
    day = datetime(2026, 1, 31, tzinfo=UTC).date()
    assert _month(day, 1).isoformat() == "2026-02-28"
    assert _month(day, -2).isoformat() == "2025-11-30"
    assert _month(day, 12).isoformat() == "2027-01-31"


def test_twenty_thousand_deliveries_cost_as_many_statements_as_one(served):
    """A page asks the database as often with 20,000 deliveries as with one, and the month is there quickly."""
    pages = ("/staff", "/staff/calendar?view=month&at=2026-03-02", "/staff/calendar?view=week&at=2026-03-02")
    pages += ("/staff/calendar?view=list&at=2026-03-02", "/staff/needs", "/staff/accounts", "/staff/pauses")
    put(served.app, "salma/one@en", NOON)
    browser = served.staff("admin")
    before = {}
    for address in pages:
        browser.get(address)
        with statements(served) as asked:
            browser.get(address)
        before[address] = len(asked)
    fill(served.app, 20_000, NOON - timedelta(days=10), apart=timedelta(minutes=2))
    for address in pages:
        with statements(served) as asked:
            begun = time.perf_counter()
            assert browser.get(address).status_code == 200
            took = time.perf_counter() - begun
        assert len(asked) == before[address] <= 30, address
        assert took < 3, (address, took)  # some tenths of a second on a machine that does nothing else


def test_a_cell_that_a_spreadsheet_takes_for_a_formula_is_text(served):
    """A text that begins like a formula is marked as text in the table."""
    put(served.app, "salma/f@en", NOON, text="=HYPERLINK(1)")
    table = served.staff("editor").get("/staff/export.csv")
    assert table.headers["content-disposition"] == 'attachment; filename="calendar.csv"'
    assert "'=HYPERLINK(1)" in table.text


def test_the_calendar_speaks_french(served):
    """Days, months and words are French where the reader is."""
    browser = served.staff("editor")
    browser.headers["Accept-Language"] = "fr"
    put(served.app, "salma/a@en", NOON)
    page = browser.get("/staff/calendar?view=month&at=2026-03-02").text
    assert "Mars 2026" in page
    assert "Lundi" in page
    assert "En attente" in page
