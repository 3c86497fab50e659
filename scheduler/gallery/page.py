"""Writes the proof sheet: `index.html` and its pictures in one folder that opens without a server."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scheduler import files
from scheduler.gallery import facets, words
from scheduler.gallery.pictures import Pictures
from scheduler.gallery.shown import Shown
from scheduler.gallery.tiles import Day, Setter

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Share:
    """One state's part of the bar in the header, in thousandths of its width."""

    state: str
    start: int
    width: int


def write(
    folder: Path,
    *,
    title: str,
    timezone: ZoneInfo,
    shown: Sequence[Shown],
    language: str = "en",
    note: str = "",
) -> Path:
    """Write the proof sheet of `shown` into `folder` and return the path of its `index.html`.

    `language` is the interface's, en or fr; `note` one sentence under the title. Pictures are copied first and
    the page is replaced last, so an open page never shows half of a new one. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = Pictures(folder)
    groups = facets.build(shown, language)
    setter = Setter(timezone=timezone, language=language, facets=groups, pictures=pictures)
    days = setter.days(shown)
    rules = setter.ratio_rules() + facets.rules(groups.values(), ((day.id, day.classes) for day in days))
    page = render(
        "index.html.jinja",
        rules=rules,
        script=_asset("filter.js"),
        title=title,
        note=note,
        language=language,
        facts=_facts(shown, days, groups, language),
        zone=words.interface(language)["zone"].format(zone=timezone.key),
        total=len(shown),
        facets=groups,
        shares=_shares(groups["state"], len(shown)),
        days=days,
    )
    index = replace(folder / "index.html", page)
    pictures.drop_others()
    return index


def render(template: str, *, language: str, rules: str = "", script: str = "", **values: object) -> str:
    """Render a page of this package with its style and script inline, allowed by their hashes.

    Only the package's own files are given unescaped; everything else passes through autoescaping.
    """
    from markupsafe import Markup

    style = _asset("style.css") + rules
    return (
        _templates()
        .get_template(template)
        .render(
            words=words.interface(language),
            language=language,
            style=Markup(style),  # noqa: S704 - our own file and rules of numbered names
            script=Markup(script),  # noqa: S704 - our own file
            policy=_policy(style, script),
            **values,
        )
    )


def replace(target: Path, page: str) -> Path:
    """Put `page` in the place of `target` in one step."""
    files.write(target, page.encode(), private=False, half=f".{target.name}.new-")
    return target


def _policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy: pictures beside the page, this style, this script, nothing else."""
    parts = [
        "default-src 'none'",
        "img-src 'self' file: data:",  # 'self' alone doesn't match pages opened from the file system
        "media-src 'self' file:",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'" if script else "script-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(parts)


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _facts(shown: Sequence[Shown], days: Sequence[Day], groups: dict[str, facets.Facet], language: str) -> list[str]:
    """Return the line under the title: the days it spans, how many posts, actions and accounts."""
    if not days:
        return []
    interface = words.interface(language)
    first, last = days[0].day, days[-1].day
    span = words.long_date(last, language, weekday=False)
    if first != last:
        start = words.long_date(first, language, weekday=False, year=first.year != last.year)
        span = f"{start} – {span}"  # noqa: RUF001 - an en dash between two dates
    facts = [span, words.count(len(shown), language)]
    for name in ("action", "account"):
        number = len(groups[name].choices)
        facts.append(interface[f"on_{name}" if number == 1 else f"on_{name}s"].format(n=number))
    return facts


def _shares(states: facets.Facet, total: int) -> list[Share]:
    shares, start = [], 0
    for choice in states.choices:
        width = round(choice.count * 1000 / total)
        known = choice.value if choice.value in words.STATES else "unknown"
        shares.append(Share(state=known, start=start, width=width))
        start += width
    return shares
