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

_STOPS = {"am": "።", "ti": "።", "my": "။"}
_ENDS = tuple(".!?…።፧፨။؟۔。！？")  # noqa: RUF001 - full-width signs end Chinese sentences
_CLOSERS = " \u00a0\u202f\u200e\u200f”»’›\"')]"  # noqa: RUF001 - may stand behind the end of a sentence


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


def sentences(parts: list[str], language: str) -> str:
    """Join `parts` with the full stops they lack: one that ends as a sentence, even within quotes, gets no second."""
    stop = _STOPS.get(_short(language), ".")
    *others, last = [part.strip() for part in parts if part.strip()] or [""]
    whole = [part if part.rstrip(_CLOSERS).endswith(_ENDS) else part + stop for part in others]
    return " ".join([*whole, last])
