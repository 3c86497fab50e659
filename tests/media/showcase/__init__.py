"""The pictures of the documentation: every theme in every language, frames around photos, a mosaic, every size.

The people in them are drawn. `python -m tests.media.showcase FOLDER` makes them anew.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace

from PIL import Image

from media import collage, theme
from media.card import Card, render
from media.order import Rendered
from media.sheet import contact_sheet
from scheduler import phases
from scheduler.model import Phase
from tests.media import drawn_faces

TAG, BRAND = "UniteForAfghanistan", "Solidarity Desk"
LANGUAGES = {
    "en": "We stand with the women of Afghanistan.",
    "fr": "Nous sommes aux côtés des femmes afghanes : « pas de retour en arrière » !",
    "ar": "نقف مع نساء أفغانستان، وحقوقهن ليست للتفاوض.",
    "prs": "ما در کنار زنان افغانستان ایستاده‌ایم.",
    "ps": "موږ د افغانستان له ښځو سره ولاړ یو.",
    "ug": "ئۇيغۇرلارغا ئەركىنلىك! ھوقۇق ھەممىگە باراۋەر.",
    "zh-Hans": "我们与维吾尔人站在一起：释放“伊力哈木”。",
    "my": "မြန်မာပြည်သူများနှင့်အတူ ကျွန်ုပ်တို့ ရပ်တည်သည်။",
    "ti": "ሰላም ንህዝቢ ትግራይ። ፍትሒ ንኹሉ።",
    "am": "ለሁሉም ሰው ፍትሕ፣ ሰላም እና ነፃነት!",
    "ru": "Свободу политзаключённым! Мы не молчим.",
    "be": "Свабоду Марыі Калеснікавай і ўсім палітвязням!",
}
SIZES = {
    "X, Bluesky, Mastodon": (1200, 675),
    "Facebook": (1200, 630),
    "Instagram": (1080, 1080),
    "Instagram, tall": (1080, 1350),
    "a story": (1080, 1920),
}


def card(language: str = "en", **given: object) -> Card:
    """Return a card of the kind the campaign makes."""
    plain = Card(message=LANGUAGES[language], language=language, hashtags=(TAG,), brand=BRAND)
    return replace(plain, **given)  # type: ignore[arg-type]


def people(seed: int, size: tuple[int, int], count: int) -> bytes:
    """Return a photo of drawn people, a JPEG."""
    looks = [drawn_faces.anyone(seed + number) for number in range(count)]
    out = io.BytesIO()
    drawn_faces.group(looks, size, seed=seed).image.save(out, "JPEG", quality=90)
    return out.getvalue()


def languages() -> Rendered:
    """Return every language in every theme that needs no photo."""
    names = [name for name in theme.names() if not theme.load(name).photo.needed]
    tiles = [
        (
            f"{name} · {language}",
            card(language, theme=name, label=phases.label(Phase.final_push, 3, language), days_left=3),
        )
        for language in LANGUAGES
        for name in names
    ]
    return contact_sheet(tiles, columns=len(names), max_bytes=1_400_000)


def frames() -> Rendered:
    """Return photos of one and of many, wide and tall, in frames, with words over them and beside them."""
    photos = {
        "one, wide": people(3, (1600, 1067), 1),
        "two, tall": people(11, (1067, 1600), 2),
        "four": people(20, (1600, 1000), 4),
    }
    tiles = [
        (f"{name} · {what}", card(theme=name, photo=photo, message="From Halifax to Herat: we are with you."))
        for name in ("frame", "portrait", "candle", "paper")
        for what, photo in photos.items()
    ]
    return contact_sheet(tiles, columns=3, max_bytes=1_000_000)


def sizes() -> Rendered:
    """Return one card in every shape the networks show, side by side at one scale, with a QR code."""
    wanted = card(theme="dawn", label="Solidarity action", link="https://example.org/act")
    made = [_picture(render(wanted, size=size)) for size in SIZES.values()]
    scale, gap = 0.42, 24
    small = [
        one.resize((round(one.width * scale), round(one.height * scale)), Image.Resampling.LANCZOS) for one in made
    ]
    height = max(one.height for one in small)
    sheet = Image.new("RGB", (sum(one.width + gap for one in small) + gap, height + 2 * gap), (58, 57, 64))
    left = gap
    for one in small:
        sheet.paste(one, (left, gap))
        left += one.width + gap
    return _rendered(sheet)


def mosaic(count: int = 120) -> Rendered:
    """Return one picture of many photos."""
    photos = [people(seed * 5, (480, 360), 1 + seed % 3) for seed in range(count)]
    return collage.render(photos, card(message="We are many. We are with you."), size=(1200, 675))


def _picture(made: Rendered) -> Image.Image:
    return Image.open(io.BytesIO(made.data)).convert("RGB")


def _rendered(image: Image.Image) -> Rendered:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=86)
    return Rendered(data=out.getvalue(), mime="image/jpeg", width=image.width, height=image.height, alt="")


PICTURES: Sequence[tuple[str, Callable[[], Rendered]]] = (
    ("languages.jpg", languages),
    ("frames.jpg", frames),
    ("sizes.jpg", sizes),
    ("mosaic.jpg", mosaic),
)
