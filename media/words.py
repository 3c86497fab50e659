"""The few words a card adds by itself: in its alt text, and under the figure of a countdown."""

# language -> (one day, two days, several days); a language that isn't here shows the figure and its label alone
_DAYS = {
    "am": ("ቀን ቀርቷል", "ቀናት ቀርተዋል", "ቀናት ቀርተዋል"),
    "ar": ("يوم متبقٍ", "يومان متبقيان", "أيام متبقية"),
    "de": ("Tag noch", "Tage noch", "Tage noch"),
    "en": ("day left", "days left", "days left"),
    "es": ("día queda", "días quedan", "días quedan"),
    "fa": ("روز مانده", "روز مانده", "روز مانده"),
    "fr": ("jour restant", "jours restants", "jours restants"),
    "prs": ("روز مانده", "روز مانده", "روز مانده"),
    "my": ("ရက် ကျန်", "ရက် ကျန်", "ရက် ကျန်"),
}
_ZEROS = dict.fromkeys(("fa", "prs", "ps", "ur"), "\u06f0") | {"ar": "\u0660", "my": "\u1040"}
_LEADS = {
    "en": ("Card with the words: “{}”", "Hashtags: {}", "From {}", "Over a photo."),
    "fr": ("Carte avec les mots : « {} »", "Mots-clics : {}", "De {}", "Sur une photo."),
}


def _short(language: str) -> str:
    return language.replace("_", "-").split("-")[0].lower()


def days(count: int, language: str) -> str:
    """Return what stands under the figure `count` (1 or more), e.g. “days left”; empty if nobody told us how."""
    forms = _DAYS.get(_short(language))
    if forms is None or (_short(language) == "ar" and count > 10):
        return ""  # Arabic counts on in other forms
    return forms[min(count, 3) - 1]


def figure(count: int, language: str) -> str:
    """Return `count` in the digits people read in `language`."""
    zero = _ZEROS.get(_short(language), "0")
    return "".join(chr(ord(zero) + int(digit)) for digit in str(count))


def lead(language: str) -> tuple[str, str, str, str]:
    """Return how an alt text brings in message, hashtags, brand and photo; outside English and French, bare."""
    return _LEADS.get(_short(language), ("{}", "{}", "{}", ""))
