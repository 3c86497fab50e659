# ruff: noqa: RUF001  # other languages' letters and signs look like ours: they are the subject here
"""The few words a card adds by itself: in its alt text, and under the figure of a countdown."""

# language -> the forms in the order of `_form`; a language that isn't here shows the figure and its label alone
_DAYS: dict[str, tuple[str, ...]] = {
    "am": ("ቀን ቀርቷል", "ቀናት ቀርተዋል"),
    "ar": ("يوم متبقٍ", "يومان متبقيان", "أيام متبقية", "يومًا متبقيًا", ""),
    "be": ("дзень застаўся", "дні засталося", "дзён засталося"),
    "de": ("Tag noch", "Tage noch"),
    "en": ("day left", "days left"),
    "es": ("día queda", "días quedan"),
    "fa": ("روز مانده",),
    "fr": ("jour restant", "jours restants"),
    "my": ("ရက် ကျန်",),
    "prs": ("روز مانده",),
    "ps": ("ورځ پاتې", "ورځې پاتې"),
    "ru": ("день остался", "дня осталось", "дней осталось"),
    "ti": ("መዓልቲ ተሪፉ",),
    "ug": ("كۈن قالدى",),
    "zh": ("剩余天数",),
    "zh-hant": ("剩餘天數",),
}
_ZEROS = dict.fromkeys(("fa", "prs", "ps", "ur"), "\u06f0") | {"ar": "\u0660", "my": "\u1040"}

# Message, hashtags, brand, photo. What isn't certain in a language stays bare.
_LEADS = {
    "am": ("ካርድ ከዚህ ጽሑፍ ጋር፦ “{}”", "ሃሽታጎች፦ {}", "ከ{}", "በፎቶ ላይ።"),
    "ar": ("بطاقة كُتب عليها: «{}»", "الوسوم: {}", "من {}", "فوق صورة."),
    "be": ("Картка з тэкстам: «{}»", "Хэштэгі: {}", "Аўтар: {}", "На фоне фатаграфіі."),
    "en": ("Card with the words: “{}”", "Hashtags: {}", "From {}", "Over a photo."),
    "fa": ("کارت با این متن: «{}»", "هشتگ‌ها: {}", "از {}", "روی یک عکس."),
    "fr": ("Carte avec les mots : « {} »", "Mots-clics : {}", "De {}", "Sur une photo."),
    "my": ("ကတ်ပေါ်ရှိ စာသား - “{}”", "{}", "{} မှ", "ဓာတ်ပုံပေါ်တွင် ရေးထားသည်။"),
    "prs": ("کارت با این متن: «{}»", "هشتگ‌ها: {}", "از {}", "روی یک عکس."),
    "ps": ("کارت له دې متن سره: «{}»", "{}", "د {} له خوا", "پر یوه انځور."),
    "ru": ("Карточка с текстом: «{}»", "Хештеги: {}", "Автор: {}", "На фоне фотографии."),
    "ti": ("ካርድ ምስ ዝስዕብ ጽሑፍ፦ “{}”", "{}", "ካብ {}", ""),
    "ug": ("كارتتىكى سۆزلەر: «{}»", "{}", "{}", ""),
    "zh": ("卡片文字：“{}”", "话题标签：{}", "来自：{}", "背景为照片。"),
    "zh-hant": ("卡片文字：「{}」", "主題標籤：{}", "來自：{}", "背景為照片。"),
}

_STOPS = {"am": "።", "ti": "።", "my": "။", "zh": "。", "zh-hant": "。", "ja": "。"}
_ENDS = tuple(".!?…።፧፨။؟۔。！？")  # the full-width ones end Chinese sentences
_CLOSERS = " \u00a0\u202f\u200e\u200f”»’›\"')]」』）》"  # may stand behind the end of a sentence


def table_key(language: str) -> str:
    """Return the key of `language` (BCP 47) in the tables above: its first part, and what Chinese is written in."""
    parts = language.replace("_", "-").lower().split("-")
    traditional = parts[0] == "zh" and "hans" not in parts and {"hant", "tw", "hk", "mo"} & set(parts)
    return "zh-hant" if traditional else parts[0]


def _form(count: int, language: str) -> int:
    """Return which of a language's forms goes with `count`, as the plural rules of Unicode's CLDR have it."""
    tens, ones = count % 100, count % 10
    if language in {"be", "ru"}:
        if ones == 1 and tens != 11:
            return 0
        return 1 if 2 <= ones <= 4 and not 12 <= tens <= 14 else 2
    if language == "ar":
        if count <= 2:
            return count - 1
        return 2 if 3 <= tens <= 10 else 3 if tens > 10 else 4
    return 0 if count == 1 else 1


def days(count: int, language: str) -> str:
    """Return what stands under the figure `count` (1 or more), e.g. “days left”; empty if nobody told us how."""
    key = table_key(language)
    forms = _DAYS.get(key, ("",))
    return forms[min(_form(count, key), len(forms) - 1)]


def figure(count: int, language: str) -> str:
    """Return `count` in the digits people read in `language`."""
    zero = _ZEROS.get(table_key(language), "0")
    return "".join(chr(ord(zero) + int(digit)) for digit in str(count))


def lead(language: str) -> tuple[str, str, str, str]:
    """Return how an alt text brings in message, hashtags, brand and photo; bare in a language not told."""
    return _LEADS.get(table_key(language), ("{}", "{}", "{}", ""))


def sentences(parts: list[str], language: str) -> str:
    """Join `parts` with the full stops they lack: one that ends as a sentence, even within quotes, gets no second."""
    stop = _STOPS.get(table_key(language), ".")
    *others, last = [part.strip() for part in parts if part.strip()] or [""]
    whole = [part if part.rstrip(_CLOSERS).endswith(_ENDS) else part + stop for part in others]
    return ("" if stop == "。" else " ").join([*whole, last])
