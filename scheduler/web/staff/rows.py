"""One delivery as a line of a page: its times, account, state and first words, ready for the template."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from scheduler.errors import UserError
from scheduler.gallery import segments, words
from scheduler.store import Delivery
from scheduler.store.calendar import Entry
from scheduler.web.ask import Ask
from scheduler.web.staff import telling


@dataclass(frozen=True, kw_only=True)
class When:
    """A moment on the workspace's clock and in UTC."""

    iso: str
    day: str
    clock: str  # 09:00; with the zone's name on a day on which the clocks change
    zone: str
    utc: str  # 13:00 UTC; with the day where it is another one there


@dataclass(frozen=True, kw_only=True)
class Row:
    """One delivery, for a list."""

    key: str
    href: str
    when: When
    account: str
    platform: str
    status: str
    state: str
    title: str  # of its action
    post: str
    first: str  # line of its text
    language: str
    direction: str
    picture: str  # address, or empty
    reason: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Small:
    """One delivery in a cell of the calendar."""

    href: str
    when: When
    account: str
    status: str
    state: str
    title: str
    post: str


def titles(ask: Ask) -> Mapping[str, str]:
    """Return what each action is called, in the reader's language; nothing where the files can't be read."""
    workspace = ask.site.workspace
    try:
        actions = ask.site.campaign().actions
    except UserError:
        return {}
    return {one.key: one.title.in_language(ask.words.language, workspace.language) for one in actions}


def rows(ask: Ask, found: Iterable[Delivery]) -> list[Row]:
    """Return deliveries as lines."""
    named = titles(ask)
    return [row(ask, one, named) for one in found]


def row(ask: Ask, one: Delivery, named: Mapping[str, str]) -> Row:
    """Return one delivery as a line; `named`: what the actions are called."""
    content = one.content
    pictures = one.frozen.media if one.frozen else (content.card, *content.images)
    lines = content.text.strip().splitlines()
    return Row(
        key=one.key,
        href=address(one.key),
        when=when(ask, one.due_at),
        account=one.account,
        platform=words.platform(one.platform),
        status=str(one.status),
        state=telling.state(ask, one.status),
        title=named.get(one.action, one.action),
        post=one.post,
        first=lines[0] if lines else "",
        language=content.language,
        direction=segments.direction(content.language),
        picture=picture(one.key, 0) if any(pictures) and not content.video else "",
        reason=telling.why(ask, one),
        url=link(one.url),
    )


def small(ask: Ask, one: Entry, named: Mapping[str, str]) -> Small:
    """Return one delivery for a cell of the calendar."""
    return Small(
        href=address(one.key),
        when=when(ask, one.due_at),
        account=one.account,
        status=str(one.status),
        state=telling.state(ask, one.status),
        title=named.get(one.action, one.action),
        post=one.post,
    )


def address(key: str) -> str:
    """Return the address of a delivery's page."""
    return f"/staff/deliveries/{quote(key, safe='/')}"


def picture(key: str, number: int) -> str:
    """Return the address of one of a delivery's pictures."""
    return f"/staff/pictures/{number}/{quote(key, safe='/')}"


def link(url: str | None) -> str:
    """Return a link that a browser may follow; a folder of an outbox, or anything else, is none."""
    return url if url and url.startswith(("https://", "http://")) else ""


def when(ask: Ask, moment: datetime) -> When:
    """Return a moment as people on staff read it."""
    zone = ask.site.workspace.timezone
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    name = local.tzname() or ""
    there = f"{utc:%H:%M} UTC"
    if utc.date() != local.date():
        there = f"{there}, {ask.words.moment(utc, ZoneInfo('UTC'), form='d MMM')}"
    return When(
        iso=local.isoformat(timespec="seconds"),
        day=ask.words.moment(moment, zone, form="EEE d MMM y"),
        clock=f"{local:%H:%M} {name}" if changes(local.date(), zone) else f"{local:%H:%M}",
        zone=name,
        utc=there,
    )


def start(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day on a zone's clock, in UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    # Where the clocks skip midnight, the day begins at the first moment that bears its date.
    return midnight if midnight.astimezone(zone).date() == day else midnight + timedelta(hours=1)


def changes(day: date, zone: ZoneInfo) -> bool:
    """Tell whether the clocks change on a day."""
    return start(day + timedelta(days=1), zone) - start(day, zone) != timedelta(days=1)
