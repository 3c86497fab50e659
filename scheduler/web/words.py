"""The interface's words: English in the code, other languages in locale/LANG/*.po, read as they are."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent / "locale"
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "prs", "ps", "ug", "ur"})
_OWN_NAMES = {"en": "English", "fr": "Français"}


@dataclass(frozen=True)
class Words:
    """One language of the interface."""

    language: str
    catalogue: NullTranslations

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`."""
        return "rtl" if self.language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"

    def say(self, text: str) -> str:
        """Return an English text in this language."""
        return self.catalogue.gettext(text) if text else ""

    def count(self, one: str, many: str, number: int) -> str:
        """Return the form for a number, with `{n}` filled in."""
        return self.catalogue.ngettext(one, many, number).replace("{n}", self.number(number))

    def number(self, value: int) -> str:
        """Group a figure's digits as this language does."""
        from babel.numbers import format_decimal

        return str(format_decimal(value, locale=self._locale))

    def day(self, day: date, *, form: str = "long") -> str:
        """Write a day out: `23 November 2026`; `form` is short, medium, long or full."""
        from babel.dates import format_date

        return str(format_date(day, format=form, locale=self._locale))

    def moment(self, moment: datetime, zone: ZoneInfo, *, form: str = "EEE d MMM y, HH:mm") -> str:
        """Write a moment out on the clock of a zone; `form` is a pattern of Unicode's CLDR."""
        from babel.dates import format_datetime

        return str(format_datetime(moment, form, tzinfo=zone, locale=self._locale))

    @property
    def _locale(self) -> str:
        return {"en": "en_GB"}.get(self.language, self.language.replace("-", "_"))


def languages(folder: Path = FOLDER) -> list[str]:
    """Return the languages of the interface, English first."""
    return ["en", *sorted(entry.name for entry in folder.iterdir() if any(entry.glob("*.po")))]


def own_name(language: str) -> str:
    """Return what a language calls itself."""
    from babel import Locale

    return _OWN_NAMES.get(language) or str(Locale.parse(language.replace("-", "_")).get_display_name()).capitalize()


@cache
def words(language: str, folder: Path = FOLDER) -> Words:
    """Return the words of a language; English where there is none of that name."""
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    files = sorted((folder / language).glob("*.po")) if language != "en" else []
    if not files:
        return Words("en", NullTranslations())
    whole = Catalog(locale=language.replace("-", "_"))
    for file in files:
        for message in read_po(io.BytesIO(file.read_bytes()), locale=whole.locale):
            if message.id:
                whole[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Words(language, GNUTranslations(compiled))


def choose(wanted: Iterable[str | None], folder: Path = FOLDER) -> Words:
    """Return the first language of `wanted` that there is; each is a tag, or a whole Accept-Language header."""
    there = languages(folder)
    for one in wanted:
        for tag in _tags(one or ""):
            for name in (tag, tag.partition("-")[0]):
                if name in there:
                    return words(name, folder)
    return words(there[0], folder)


def _tags(header: str) -> list[str]:
    weighed = []
    for number, part in enumerate(header[:500].split(",")):
        tag, _, rest = part.strip().lower().partition(";")
        try:
            weight = float(rest.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        if tag and weight > 0:
            weighed.append((-weight, number, tag))
    return [tag for _, _, tag in sorted(weighed)]
