"""What the interface of the proof sheet says, in English and French. Texts of the campaign never pass here."""

# ruff: noqa: RUF001 - French is set with its own apostrophe

from collections.abc import Mapping
from datetime import date

_EN = {
    "kicker": "Proof sheet",
    "skip": "Skip to the posts",
    "filters": "Filter the posts",
    "state": "State",
    "action": "Action",
    "account": "Account",
    "language": "Language",
    "show_all": "Show all",
    "days": "Days",
    "one": "{n} post",
    "many": "{n} posts",
    "some": "{n} of {all} posts",
    "none": "No post matches these filters.",
    "empty": "There is nothing to show: no post falls into this time.",
    "on_accounts": "{n} accounts",
    "on_account": "1 account",
    "on_actions": "{n} actions",
    "on_action": "1 action",
    "zone": "Times in {zone}",
    "planned": "planned for {time}",
    "alt": "Alt text",
    "no_alt": "No alt text",
    "missing": "The file of this picture is missing.",
    "length": "Length: {n} of {limit}",
    "why": "Why",
    "warning": "Content warning",
    "thread": "The other parts of the thread",
    "top": "Back to the top",
    "nothing_fetched": "This page works from its own folder. It fetches nothing and tells nobody.",
    "outbox": "Outbox",
    "newest": "Newest first. The page shows the last {n}; older posts are in their folders beside it.",
    "no_posts": "Nothing has been published here yet.",
    "folder": "Folder",
}
_FR = {
    "kicker": "Planche d’épreuves",
    "skip": "Aller aux publications",
    "filters": "Filtrer les publications",
    "state": "État",
    "action": "Action",
    "account": "Compte",
    "language": "Langue",
    "show_all": "Tout afficher",
    "days": "Jours",
    "one": "{n} publication",
    "many": "{n} publications",
    "some": "{n} sur {all} publications",
    "none": "Aucune publication ne correspond à ces filtres.",
    "empty": "Rien à afficher : aucune publication ne tombe dans cette période.",
    "on_accounts": "{n} comptes",
    "on_account": "1 compte",
    "on_actions": "{n} actions",
    "on_action": "1 action",
    "zone": "Heures : {zone}",
    "planned": "prévue pour {time}",
    "alt": "Texte de remplacement",
    "no_alt": "Pas de texte de remplacement",
    "missing": "Le fichier de cette image est introuvable.",
    "length": "Longueur : {n} sur {limit}",
    "why": "Pourquoi",
    "warning": "Avertissement",
    "thread": "Les autres parties du fil",
    "top": "Retour en haut",
    "nothing_fetched": "Cette page vit dans son dossier. Elle ne charge rien et n’informe personne.",
    "outbox": "Boîte d’envoi",
    "newest": "La plus récente d’abord. La page montre les {n} dernières ; les autres sont dans leurs dossiers.",
    "no_posts": "Rien n’a encore été publié ici.",
    "folder": "Dossier",
}
_INTERFACE = {"en": _EN, "fr": _FR}

_STATES = {
    "published": ("Published", "Publiée"),
    "held": ("Held", "Retenue"),
    "missed": ("Missed", "Manquée"),
    "failed": ("Failed", "Refusée"),
    "needs-human": ("Needs a person", "À vérifier"),
    "unknown": ("Unknown", "Incertaine"),
    "queued": ("Queued", "En attente"),
    "claimed": ("In hand", "En main"),
    "staged": ("Prepared", "Préparée"),
    "sending": ("Sending", "En envoi"),
    "cancelled": ("Cancelled", "Annulée"),
    "withdrawn": ("Withdrawn", "Retirée"),
}
# After a figure of two or more, where that differs.
_STATES_OF_MANY = {
    "published": ("Published", "Publiées"),
    "held": ("Held", "Retenues"),
    "missed": ("Missed", "Manquées"),
    "failed": ("Failed", "Refusées"),
    "needs-human": ("Need a person", "À vérifier"),
    "unknown": ("Unknown", "Incertaines"),
    "staged": ("Prepared", "Préparées"),
    "cancelled": ("Cancelled", "Annulées"),
    "withdrawn": ("Withdrawn", "Retirées"),
}
STATES = tuple(_STATES)
"""Every state the page knows, in the order of its header."""

_PHASES = {
    "focus": ("Focus", "À la une"),
    "final-push": ("Final push", "Dernière ligne droite"),
    "ongoing": ("Ongoing", "En cours"),
    "individual-case": ("Individual case", "Cas individuel"),
    "upcoming": ("Upcoming", "À venir"),
}

_WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),  # noqa: SIM905 - reads as a list
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche".split(),  # noqa: SIM905
}
_MONTHS = {
    "en": (
        "January February March April May June July August September October November December".split()  # noqa: SIM905
    ),
    "fr": (
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()  # noqa: SIM905
    ),
}

# Each language in its own words: whoever filters by Pashto reads Pashto.
_LANGUAGES = {
    "am": "አማርኛ",
    "ar": "العربية",
    "be": "Беларуская",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fa": "فارسی",
    "fa-af": "دری",
    "fr": "Français",
    "my": "မြန်မာ",
    "prs": "دری",
    "ps": "پښتو",
    "pt": "Português",
    "ru": "Русский",
    "ti": "ትግርኛ",
    "ug": "ئۇيغۇرچە",
    "uk": "Українська",
    "zh": "中文",
}
_PLATFORMS = {"x": "X", "outbox": "Outbox", "linkedin": "LinkedIn"}


def interface(language: str) -> Mapping[str, str]:
    """Return the interface's words in `language` (fr-CA counts as fr); English where there are none."""
    return _INTERFACE[_known(language)]


def _known(language: str) -> str:
    first = language.lower().replace("_", "-").split("-")[0]
    return first if first in _INTERFACE else "en"


def _pair(table: Mapping[str, tuple[str, str]], word: str, language: str) -> str:
    if word not in table:
        return word.replace("-", " ").capitalize()
    return table[word][1 if _known(language) == "fr" else 0]


def state(status: str, language: str) -> str:
    """Return the word for a state; one that isn't known is shown as it is rather than hidden."""
    return _pair(_STATES, status, language)


def state_of(value: int, status: str, language: str) -> str:
    """Return the word for a state as it stands after the figure `value`: `15 Held`, `15 retenues`."""
    many = value > 1 and status in _STATES_OF_MANY
    word = _pair(_STATES_OF_MANY if many else _STATES, status, language)
    return word[0].lower() + word[1:] if _known(language) == "fr" else word


def phase(name: str, language: str) -> str:
    """Return the word for a phase of the campaign; "" stays empty."""
    return _pair(_PHASES, name, language)


def language_name(tag: str) -> str:
    """Return a language's own name, else its tag."""
    wanted = tag.lower().replace("_", "-")
    return _LANGUAGES.get(wanted) or _LANGUAGES.get(wanted.split("-")[0]) or tag


def platform(name: str) -> str:
    """Return a network's name as people write it."""
    return _PLATFORMS.get(name, name.capitalize())


def long_date(day: date, language: str, *, year: bool = True, weekday: bool = True) -> str:
    """Write a day out: `Wednesday 8 September 2021`, `mercredi 1er septembre 2021`."""
    known = _known(language)
    number = "1er" if known == "fr" and day.day == 1 else str(day.day)
    parts = [_WEEKDAYS[known][day.weekday()]] if weekday else []
    parts += [number, _MONTHS[known][day.month - 1]]
    return " ".join([*parts, str(day.year)] if year else parts)


def heading(day: date, language: str) -> str:
    """Write a day out for the beginning of a line: French, too, gets its capital there."""
    written = long_date(day, language)
    return written[0].upper() + written[1:]


def short_weekday(day: date, language: str) -> str:
    """Return three letters of the day of the week."""
    return _WEEKDAYS[_known(language)][day.weekday()][:3]


def month(day: date, language: str) -> str:
    """Return the month's name."""
    return _MONTHS[_known(language)][day.month - 1]


def number(value: int, language: str) -> str:
    """Group the digits of a figure: `63,206`, in French with a narrow no-break space."""
    return f"{value:,}".replace(",", "\u202f" if _known(language) == "fr" else ",")


def count(value: int, language: str) -> str:
    """Return `1 post`, `12 posts`; in French nought is singular."""
    known = _known(language)
    single = value in (0, 1) if known == "fr" else value == 1
    return _INTERFACE[known]["one" if single else "many"].format(n=number(value, language))
