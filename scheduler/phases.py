# other languages' letters look like ours: they are the subject here
"""PURE: the line on a card that says what phase its action is in, in the card's language or not at all."""

from collections.abc import Mapping

from media import words
from scheduler.model import Phase

# focus, final push, ongoing, individual case, upcoming. A language that isn't here has no such line on its cards:
# better none than one in another language. Whoever speaks one of those left out is welcome to add it.
_ORDER = (Phase.focus, Phase.final_push, Phase.ongoing, Phase.individual_case, Phase.upcoming)
_LABELS: Mapping[str, tuple[str, ...]] = {
    "am": ("የአጋርነት ዘመቻ", "የመጨረሻው ዙር", "በመካሄድ ላይ ያለ ዘመቻ", "የግለሰብ ጉዳይ", "አዲስ ዘመቻ"),
    "ar": ("تحرك تضامني", "المرحلة الأخيرة", "تحرك مستمر", "قضية فردية", "تحرك جديد"),
    "be": ("Акцыя салідарнасці", "Апошні рывок", "Акцыя працягваецца", "Асобная справа", "Новая акцыя"),
    "de": ("Solidaritätsaktion", "Endspurt", "Laufende Aktion", "Einzelfall", "Neue Aktion"),
    "en": ("Solidarity action", "Final push", "Ongoing action", "Individual case", "New action"),
    "es": ("Acción de solidaridad", "Recta final", "Acción en curso", "Caso individual", "Nueva acción"),
    "fa": ("اقدام همبستگی", "گام نهایی", "اقدام جاری", "پرونده فردی", "اقدام تازه"),
    "fr": ("Action de solidarité", "Dernière ligne droite", "Action en cours", "Cas individuel", "Nouvelle action"),
    "prs": ("اقدام همبستگی", "گام نهایی", "اقدام جاری", "قضیهٔ فردی", "اقدام تازه"),
    "ru": ("Акция солидарности", "Последний рывок", "Акция продолжается", "Отдельное дело", "Новая акция"),
    "zh": ("声援行动", "最后冲刺", "持续行动", "个案", "新行动"),
    "zh-hant": ("聲援行動", "最後衝刺", "持續行動", "個案", "新行動"),
}
_DAYS_LEFT = {
    "en": ("last day", "1 day left", "{} days left"),
    "fr": ("dernier jour", "plus qu'un jour", "plus que {} jours"),
    "zh": ("最后一天", "还剩 1 天", "还剩 {} 天"),
    "zh-hant": ("最後一天", "還剩 1 天", "還剩 {} 天"),
}


def label(phase: Phase, days_left: int | None, language: str) -> str:
    """Return the line for `phase` in `language` (BCP 47), with the days that are left; empty where it has none."""
    key = words.table_key(language)
    if key not in _LABELS:
        return ""
    name = _LABELS[key][_ORDER.index(phase)]
    left = "" if days_left is None else _days(days_left, key, language)
    return f"{name} · {left}" if left else name


def _days(count: int, key: str, language: str) -> str:
    if key in _DAYS_LEFT:
        return _DAYS_LEFT[key][min(count, 2)].format(count)
    spoken = words.days(count, language) if count else ""
    return f"{words.figure(count, language)} {spoken}" if spoken else ""
