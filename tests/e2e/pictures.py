"""Make the pictures of the web pages anew: `python -m tests.e2e.pictures docs/pictures`.

Real pages of a real served workspace, in a real browser; the people who hand in are drawn.
"""

import io
import random
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from playwright.sync_api import Browser, Page, sync_playwright

from media.text import fonts
from scheduler.submission import Role
from tests.e2e import eyes, journey
from tests.e2e.house import House
from tests.media import drawn_faces
from tests.media.drawn_faces import CLOTHES, HAIRS, TONES, Look, Scene

CONFIG = """\
name: {en: Fall campaign, fr: Campagne d’automne}
timezone: America/Toronto
languages: [en, fr]
public_url: https://solidarity.example.org
brand: {name: {en: Solidarity, fr: Solidarité}, theme: candle}
accounts:
  x-en: {platform: x, lang: en, keys: X_EN}
  x-fr: {platform: x, lang: fr, keys: X_FR}
  newsletter: {platform: outbox, lang: en}
"""
ACTION = """\
title: {{en: "{en}", fr: "{fr}"}}
phase: {phase}
risk: {risk}
hashtags: [{tag}]
accounts: [{accounts}]
theme: {theme}
link: {{en: "https://example.org/{tag}", fr: "https://example.org/fr/{tag}"}}
posts:
"""
POST = """\
  - id: {name}
    at: {day} {time}
    text: {{en: "{en}", fr: "{fr}"}}
    card: true
    approve: {approve}
"""
VOICES = """\
  - id: voices
    from: submissions
    every: {{days: [tue, fri], time: "17:00", from: {first}, until: {last}}}
    text:
      en: "Sent by {{name|someone who stands with Afghanistan}}. Add your own: {{link}}"
      fr: "Envoyé par {{name|une personne solidaire de l’Afghanistan}}. Envoyez la vôtre : {{link}}"
"""
WORDS = {
    "unite": ("Stand with the women of Afghanistan.", "Soutenons les femmes d’Afghanistan."),
    "belarus": ("Speaking is not a crime in Belarus.", "Parler n’est pas un crime au Bélarus."),
    "tigray": ("Let aid reach the people of Tigray.", "L’aide doit atteindre les gens du Tigré."),
}
MESSAGE = "Nous ne vous oublions pas. Nous restons à vos côtés."
ALT = "Trois personnes se tiennent côte à côte, la nuit, et portent une pancarte : « Ensemble »."
PAGES = ("action", "faces", "preview", "consent", "receipt")
_WIDE, _GAP = 1200, 14
"""How wide a strip of pages of the phone is, and how far apart they stand, in pixels."""
_MOST = 150 * 1024
"""How large a picture may be, in bytes."""

PEOPLE = (
    Look(tone=TONES[2], hair=HAIRS[1], cloth=CLOTHES[1], style="scarf", smile=0.8, turn=0.15, tilt=-3),
    Look(tone=TONES[6], hair=HAIRS[0], cloth=CLOTHES[3], style="short", smile=1.0, turn=0.0, tilt=1),
    Look(tone=TONES[0], hair=HAIRS[3], cloth=CLOTHES[2], style="long", smile=0.7, turn=-0.15, tilt=4, glasses=True),
)


# ── what they hand in ───────────────────────────────────────────────────────────────────────────────────


def evening(size: tuple[int, int], seed: int) -> Image.Image:
    """Return a place to stand in: a square in the evening, its lights out of focus."""
    pick = random.Random(seed)
    width, height = size
    sky = Image.new("RGB", (1, height))
    for y in range(height):
        part = y / height
        sky.putpixel((0, y), (round(28 + 120 * part), round(38 + 62 * part), round(78 + 22 * part)))
    place = sky.resize(size)
    for _ in range(60):
        x, down = pick.uniform(0, width), pick.uniform(0.05, 0.75) * height
        r = pick.uniform(0.012, 0.045) * width
        light = Image.new("L", size)
        ImageDraw.Draw(light).ellipse((x - r, down - r, x + r, down + r), fill=pick.randint(40, 130))
        place.paste(pick.choice(((255, 214, 140), (255, 190, 110), (255, 236, 200))), mask=light)
    return place.filter(ImageFilter.GaussianBlur(width / 220))


def sign(words: str, width: int) -> Image.Image:
    """Return a cardboard sign with words on it, a little askew."""
    high = round(width * 0.36)
    card = Image.new("RGBA", (width, high + 40))
    draw = ImageDraw.Draw(card)
    draw.rounded_rectangle((0, 20, width - 1, high + 20), radius=10, fill=(238, 226, 200))
    draw.rounded_rectangle((6, 26, width - 7, high + 14), radius=8, outline=(214, 198, 164), width=4)
    plain = next(fonts.folders()[0].glob("NotoSans[[]*.ttf"))
    font = ImageFont.truetype(str(plain), round(width * 0.13))
    draw.text((width / 2, 20 + high / 2), words, font=font, fill=(40, 30, 36), anchor="mm", stroke_width=3)
    return card.rotate(2, Image.Resampling.BICUBIC, expand=True)


def photo(people: tuple[Look, ...], words: str, *, seed: int = 3, size: tuple[int, int] = (1600, 1000)) -> bytes:
    """Return a photo of people with a sign, as a phone would make it."""
    width, height = size
    scene = Scene(image=evening(size, seed), faces=())
    side = min(height * 0.92, width / (len(people) + 0.5) * 2)
    for at, look in enumerate(people):
        middle = width / 2 + (at - (len(people) - 1) / 2) * side * 0.60
        scene = drawn_faces.stand(scene, look, (middle, height - side * (0.50 + at % 2 * 0.05)), side)
    held = sign(words, round(width * 0.38))
    scene.image.paste(held, ((width - held.width) // 2, height - held.height - 12), held)
    out = io.BytesIO()
    scene.image.save(out, "JPEG", quality=92)
    return out.getvalue()


# ── the campaign ────────────────────────────────────────────────────────────────────────────────────────


def campaign(house: House) -> date:
    """Write three actions with posts all over the next month; return its first day."""
    (house.folder / "config.yaml").write_text(CONFIG, "utf-8")
    first = (datetime.now(UTC).date().replace(day=1) + timedelta(days=32)).replace(day=1)
    actions = (
        (
            "unite",
            "Unite for Afghanistan",
            "Unis pour l’Afghanistan",
            "focus",
            "elevated",
            "candle",
            "x-fr, newsletter",
        ),
        ("belarus", "Free voices in Belarus", "Bélarus : voix libres", "ongoing", "low", "poster", "x-en, x-fr"),
        ("tigray", "Justice for Tigray", "Justice pour le Tigré", "ongoing", "low", "dawn", "x-en"),
    )
    for place, (name, en, fr, phase, risk, theme, accounts) in enumerate(actions):
        tag = en.title().replace(" ", "")
        text = ACTION.format(en=en, fr=fr, phase=phase, risk=risk, theme=theme, tag=tag, accounts=accounts)
        english, french = WORDS[name]
        for number in range(1, 5):
            day, time = first + timedelta(days=7 * number - 5 + 2 * place), f"{8 + 2 * number}:30"
            text += POST.format(
                name=f"day-{number}",
                day=day,
                time=time,
                en=english,
                fr=french,
                approve=str(place == number % 3).lower(),
            )
        if name == "unite":
            text += VOICES.format(first=first, last=first + timedelta(days=80))
        house.write(text, name)
    house.say("queue")
    return first


# ── what the browser sees ───────────────────────────────────────────────────────────────────────────────


class Eyes:
    """Keeps what the browser shows, by name."""

    def __init__(self) -> None:
        self.seen: dict[str, Image.Image] = {}

    def look(self, page: Page, name: str) -> None:
        """Keep what the window shows now."""
        page.wait_for_load_state("networkidle")
        page.evaluate("document.activeElement && document.activeElement.blur()")
        self.seen[name] = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")

    def strip(self, *names: str) -> Image.Image:
        """Return some of them side by side."""
        wide = min((_WIDE - _GAP) // len(names) - _GAP, 300)
        high = round(wide * eyes.PHONE["height"] / eyes.PHONE["width"])
        strip = Image.new("RGB", (len(names) * (wide + _GAP) + _GAP, high + 2 * _GAP), (226, 222, 212))
        for at, name in enumerate(names):
            small = self.seen[name].resize((wide, high), Image.Resampling.LANCZOS)
            strip.paste(small, (_GAP + at * (wide + _GAP), _GAP))
        return strip


def phone(browser: Browser, house: House) -> Page:
    """Return a phone in French with two pixels for each of the page's."""
    context = browser.new_context(
        viewport=eyes.PHONE,  # type: ignore[arg-type]
        device_scale_factor=2,
        locale="fr-CA",
        reduced_motion="reduce",
        base_url=house.address,
    )
    return context.new_page()


def make(folder: Path) -> None:
    """Make all of them."""
    found = eyes.chromium()
    if found is None:
        raise SystemExit("there is no Chromium on this machine: apt-get install chromium")
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        house = House(Path(temporary, "campaign"), Path(temporary, "home"))
        first = campaign(house)
        browser = playwright.chromium.launch(executable_path=found, args=list(eyes.FLAGS))
        with house.serving():
            shown = Eyes()
            code = _volunteers(browser, house, Path(temporary), shown)
            desk = eyes.person(browser, size=eyes.DESK, address=house.address).new_page()
            _staff(desk, house, first, shown)
            page = phone(browser, house)
            journey.take_back(page, code, look=shown.look)
        browser.close()
    pictures = {
        "volunteer-phone.jpg": shown.strip(*PAGES),
        "moderation.jpg": shown.seen["moderation"],
        "calendar.jpg": shown.seen["calendar"],
        "withdrawal.jpg": shown.strip("back", "found", "taken back"),
    }
    for name, picture in pictures.items():
        size = _save(picture, folder / name)
        sys.stdout.write(f"{name}: {picture.width}x{picture.height}, {size // 1024} kB\n")


def _save(picture: Image.Image, file: Path) -> int:
    """Write a picture as well as 150 kB allow; return its size."""
    for quality in range(85, 60, -3):
        picture.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
        if (size := file.stat().st_size) <= _MOST:
            break
    return size


def _volunteers(browser: Browser, house: House, folder: Path, shown: Eyes) -> str:
    """Let three people hand something in; return the first one's code."""
    given = (
        (PEOPLE, "ENSEMBLE", MESSAGE, "fr"),
        ((drawn_faces.anyone(12), drawn_faces.anyone(5)), "WITH YOU", "From Halifax: you are not alone.", "en"),
        ((drawn_faces.anyone(21),), "HUMAN RIGHTS", "Your rights are our rights.", "en"),
    )
    codes = []
    for number, (people, words, message, language) in enumerate(given):
        file = folder / f"photo-{number}.jpg"
        file.write_bytes(photo(people, words, seed=number + 3))
        page = phone(browser, house)
        look = shown.look if number == 0 else journey._nothing
        journey.send(page, file, group=True, look=look)
        found = page.locator("main input[type=checkbox]").all()
        for box in found[: len(found) - (number == 0)]:
            box.set_checked(False, force=True)
        page.wait_for_timeout(300)
        look(page, "faces")
        journey.press(page, "main form button[name=on]")
        journey.tell(page, message, language=language, alt=ALT, look=look)
        codes.append(journey.agree(page, people=len(people) - (number == 0), look=look))
        page.context.close()
    return codes[0]


def _staff(page: Page, house: House, first: date, shown: Eyes) -> None:
    """Look at a submission, and at the next month once one is approved."""
    journey.join(page, house, "Ana", Role.admin)
    page.goto("/staff/moderation")
    page.locator("a.open").nth(1).click()
    page.wait_for_url("**/staff/moderation/*")
    shown.look(page, "moderation")
    journey.approve(page)
    house.say("queue")
    page.set_viewport_size({"width": 1280, "height": 1100})
    page.goto(f"/staff/calendar?view=month&at={first.replace(day=15)}")
    shown.look(page, "calendar")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
