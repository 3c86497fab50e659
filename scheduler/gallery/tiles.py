"""One delivery and one day as the proof sheet shows them: every word and figure ready for the template."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from urllib.parse import urlsplit
from zlib import crc32
from zoneinfo import ZoneInfo

from scheduler.gallery import segments, words
from scheduler.gallery.facets import Facet
from scheduler.gallery.pictures import Pictures, is_video
from scheduler.gallery.segments import Segment
from scheduler.gallery.shown import Shown, ShownMedium

TONES = 6
"""How many colours avatars have in style.css (tone-0 …)."""

# The narrowest and the widest picture each network shows uncropped in its feed, width by height.
_RATIOS: Mapping[str, tuple[float, float]] = {
    "instagram": (4 / 5, 1.91),
    "facebook": (4 / 5, 1.91),
    "x": (3 / 4, 2.0),
    "threads": (3 / 4, 2.0),
}
_ANY_RATIO = (1 / 2, 2.0)
_PLAIN_LINKS = frozenset({"instagram"})  # shows addresses as words that nobody can follow
_LATE = timedelta(minutes=1)  # below it, planned and published are the same time to a reader


@dataclass(frozen=True)
class Frame:
    """A picture as the network frames it. `ratio` names a class made by `ratio_rules`."""

    address: str
    alt: str
    width: int
    height: int
    ratio: str
    video: bool


@dataclass(frozen=True)
class Tile:
    """One delivery, ready to be set."""

    id: str
    shown: Shown
    css: str
    icon: str
    state: str
    phase: str
    clock: str
    zone: str
    utc: str
    iso: str
    planned: str
    reason: list[Segment]
    initials: str
    tone: int
    platform: str
    lang: str
    dir: str
    text: list[Segment]
    thread: list[tuple[list[Segment], str]]  # each part after the first, with its length
    host: str  # of the link card
    frames: list[Frame]
    length: str
    limit: str


@dataclass(frozen=True)
class Day:
    """One local day of the sheet."""

    id: str
    day: date
    heading: str
    weekday: str
    month: str
    count: str
    tiles: list[Tile]

    @property
    def classes(self) -> frozenset[str]:
        """Every class its posts can be filtered by."""
        return frozenset(css for tile in self.tiles for css in tile.css.split())


class Setter:
    """Turns deliveries into tiles: knows the zone, the interface's language and where pictures go."""

    def __init__(self, *, timezone: ZoneInfo, language: str, facets: Mapping[str, Facet], pictures: Pictures) -> None:
        self._zone = timezone
        self._language = language
        self._classes = {name: {choice.value: choice.css for choice in facet.choices} for name, facet in facets.items()}
        self._pictures = pictures
        self.ratios: dict[str, tuple[int, int]] = {}

    def days(self, shown: Sequence[Shown]) -> list[Day]:
        """Return the days in order, each with its tiles by time."""
        ordered = sorted(shown, key=lambda item: (item.at, item.key))
        groups = groupby(ordered, key=lambda item: item.at.astimezone(self._zone).date())
        number = 0
        days = []
        for day, items in groups:
            tiles = []
            for item in items:
                number += 1
                tiles.append(self.tile(item, f"post-{number}"))
            days.append(self._day(day, tiles))
        return days

    def _day(self, day: date, tiles: list[Tile]) -> Day:
        return Day(
            id=f"day-{day.isoformat()}",
            day=day,
            heading=words.heading(day, self._language),
            weekday=words.short_weekday(day, self._language),
            month=words.month(day, self._language),
            count=words.count(len(tiles), self._language),
            tiles=tiles,
        )

    def tile(self, item: Shown, name: str) -> Tile:
        """Return one delivery as a tile with the id `name`."""
        local = item.at.astimezone(self._zone)
        known = item.status if item.status in words.STATES else "unknown"
        return Tile(
            id=name,
            shown=item,
            css=self._css(item),
            icon=known,
            state=words.state(item.status, self._language),
            phase=words.phase(item.phase, self._language),
            clock=f"{local:%H:%M}",
            zone=local.tzname() or "",
            utc=f"{item.at.astimezone(UTC):%H:%M}",
            iso=local.isoformat(timespec="seconds"),
            planned=self._planned(item),
            reason=segments.code(item.reason),
            initials=initials(item.account),
            tone=crc32(item.account.encode()) % TONES,
            platform=words.platform(item.platform),
            lang=item.language,
            dir=segments.direction(item.language),
            text=segments.split(item.text, links=item.platform not in _PLAIN_LINKS),
            thread=[(segments.split(part.text), words.number(part.length, self._language)) for part in item.thread],
            host=urlsplit(item.link).hostname or "" if item.link else "",
            frames=[self._frame(medium, item) for medium in item.media],
            length=words.number(item.length, self._language),
            limit=words.number(item.limit, self._language),
        )

    def _css(self, item: Shown) -> str:
        values = {
            "state": item.status,
            "action": item.action,
            "account": item.account,
            "language": item.language,
        }
        return " ".join(self._classes[facet][str(value)] for facet, value in values.items())

    def _planned(self, item: Shown) -> str:
        """Return when it was due, where that isn't when it went: `09:00`, on another day with the day."""
        if abs(item.at - item.due_at) < _LATE:
            return ""
        due, at = item.due_at.astimezone(self._zone), item.at.astimezone(self._zone)
        clock = f"{due:%H:%M}"
        return clock if due.date() == at.date() else f"{self._short(due)}, {clock}"

    def _short(self, moment: datetime) -> str:
        return words.long_date(moment.date(), self._language, year=False, weekday=False)

    def _frame(self, medium: ShownMedium, item: Shown) -> Frame:
        width, height = max(1, medium.width), max(1, medium.height)
        low, high = _RATIOS.get(item.platform, _ANY_RATIO)
        ratio = min(max(width / height, low), high)
        # Whole per mille: pictures of one ratio share one rule.
        name = f"ratio-{round(ratio * 1000)}"
        self.ratios.setdefault(name, (round(ratio * 1000), 1000))
        return Frame(
            address=self._pictures.add(medium.path),
            alt=medium.alt,
            width=width,
            height=height,
            ratio=name,
            video=is_video(medium),
        )

    def ratio_rules(self) -> str:
        """Return the CSS of the ratios met so far."""
        return "".join(
            f".{name} {{ aspect-ratio: {width} / {height} }}\n" for name, (width, height) in self.ratios.items()
        )


def initials(account: str) -> str:
    """Return one or two letters for an avatar: `x-en` gives XE, `local` gives L."""
    parts = [part for part in re.split(r"[\W_]+", account) if part]
    return "".join(part[0].upper() for part in parts[:2]) or "?"
