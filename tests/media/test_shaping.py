"""What Pango draws against HarfBuzz's own glyphs: chosen, ordered, placed and rasterised without our code.

Each sample names the font file, weight, script and direction that a line must be set in. HarfBuzz shapes it with just
those and draws its outlines itself; the line as we set it must be the same picture to a grey level or two.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uharfbuzz as hb
from PIL import Image, ImageChops, ImageStat

from media.text import fonts, measure
from media.text.typeset import Style, line

SIZE = 64
SAME = 0.022  # the antialiasing of two rasterisers differs by up to 1.7 % of the ink; see `difference`
WEIGHTS = {"Regular": 400, "Bold": 700}


@dataclass(frozen=True)
class Run:
    """Letters of one font, script and direction, in logical order; a line's runs stand from left to right."""

    text: str
    font: str
    script: str
    direction: str = "ltr"
    number: int = 0


@dataclass(frozen=True)
class Sample:
    """A line as it is given to us, and the runs it must come out as."""

    language: str
    text: str
    runs: tuple[Run, ...]
    font: str = "sans"
    weight: str = "Bold"

    @property
    def style(self) -> Style:
        return Style(language=self.language, font=self.font, weight=self.weight)


def file_of(font: str) -> Path:
    """The file of a font, found by its name in the packages we ship with."""
    packages = ("manimgx_fonts", "fontpkg_noto_serif", "manimgx_fonts_cjk")
    folders = [Path(importlib.util.find_spec(name).submodule_search_locations[0]) for name in packages]
    folders.append(folders[1] / "files")
    found = [file for folder in folders for file in folder.glob(f"{font}[[.-]*") if "Italic" not in file.name]
    assert len(found) == 1, found
    return found[0]


def one(
    language: str, text: str, file: str, script: str, direction: str = "ltr", *, number: int = 0, **style: str
) -> Sample:
    """A line of a single run."""
    return Sample(language, text, (Run(text, file, script, direction, number),), **style)


ARABIC, LATIN, EMOJI = "NotoSansArabic", "NotoSans", "NotoEmoji"
SAMPLES = {
    "en": one("en", "AVAILABLE: To fly office", LATIN, "Latn"),
    "en-regular": one("en", "Free them, today!", LATIN, "Latn", weight="Regular"),
    "fr-serif": one("fr", "« Où est Cœur » !", "NotoSerif", "Latn", font="serif"),
    "ar": one("ar", "الحرية لكل سجناء الرأي", ARABIC, "Arab", "rtl"),
    "ar-marks": one("ar", "وَقِّعوا، لا لِلتَّعذيب؟", ARABIC, "Arab", "rtl"),
    "prs": one("prs", "می‌خواهیم حقوق زنان پامال نشود", ARABIC, "Arab", "rtl"),
    "ps": one("ps", "د ښځو حقونه ټولې نجونې دې وکړي", ARABIC, "Arab", "rtl"),
    "ug": one("ug", "ئۇيغۇرلارغا ئەركىنلىك ۋە ھوقۇق", ARABIC, "Arab", "rtl"),
    "he": one("he", "זכויות אדם לכולם", "NotoSansHebrew", "Hebr", "rtl"),
    "zh-Hans": one("zh-Hans", "释放“良心犯”，还直骨自由！", "NotoSansCJK", "Hani", number=2),
    "zh-Hant": one("zh-Hant", "釋放「良心犯」，還直骨自由！", "NotoSansCJK", "Hani", number=3),
    "zh-HK": one("zh-HK", "免令戶，換直骨滑飯食茶次！", "NotoSansCJK", "Hani", number=4),
    "ja": one("ja", "直ちに「自由」を。", "NotoSansCJK", "Hani", number=0),
    "zh-serif": one("zh", "自由与正义", "NotoSansCJK", "Hani", number=2, font="serif"),
    "my": one("my", "မြန်မာနိုင်ငံ လူ့အခွင့်အရေး ချိုးဖောက်မှု", "NotoSansMyanmar", "Mymr"),
    "ti": one("ti", "ፍትሒ ንኹሉ። ዝፍጸም ግፍዒ ይቋረጽ፣", "NotoSansEthiopic", "Ethi"),
    "am": one("am", "በትግራይ፡የሚፈጸመው፡ጥቃት፡ይቁም።", "NotoSansEthiopic", "Ethi"),
    "ru": one("ru", "Свободу политзаключённым — «всем»", LATIN, "Cyrl"),
    "be": one("be", "Жыве Беларусь, з’яднаныя ўсе", LATIN, "Cyrl"),
    "handle-in-arabic": Sample(
        "ar",
        "مع @a_b الآن",
        (Run(" الآن", ARABIC, "Arab", "rtl"), Run("@a_b", LATIN, "Latn"), Run("مع ", ARABIC, "Arab", "rtl")),
    ),
    "hashtag-and-digits-in-dari": Sample(
        "prs",
        "آزادی #FreeAll2026 برای 120 زن",
        (
            Run(" زن", ARABIC, "Arab", "rtl"),
            Run("120", LATIN, "Zyyy"),
            Run(" برای ", ARABIC, "Arab", "rtl"),
            Run("#FreeAll2026", LATIN, "Latn"),
            Run("آزادی ", ARABIC, "Arab", "rtl"),
        ),
    ),
    "brackets-in-arabic": Sample(
        "ar",
        "حق (Amnesty) لنا",
        (
            Run(" لنا", ARABIC, "Arab", "rtl"),
            Run("(", LATIN, "Latn"),  # the closing one, mirrored, at the left
            Run("Amnesty", LATIN, "Latn"),
            Run(")", LATIN, "Latn"),
            Run("حق ", ARABIC, "Arab", "rtl"),
        ),
    ),
    "arabic-hashtag-in-english": Sample(
        "en",
        "for #حرية now",
        (
            Run("for ", LATIN, "Latn"),
            Run("حرية", ARABIC, "Arab", "rtl"),
            Run("#", LATIN, "Latn"),
            Run(" now", LATIN, "Latn"),
        ),
    ),
    "chinese-beside-uyghur": Sample(
        "zh",
        "自由 ئەركىنلىك",
        (Run("自由 ", "NotoSansCJK", "Hani", number=2), Run("ئەركىنلىك", ARABIC, "Arab", "rtl")),
    ),
    "emoji": Sample(
        "en",
        "Up ✊🏿🇺🇦👨‍👩‍👧‍👦❤️‍🔥 now",
        (Run("Up ", LATIN, "Latn"), Run("✊🏿🇺🇦👨‍👩‍👧‍👦❤️‍🔥", EMOJI, "Zyyy"), Run(" now", LATIN, "Latn")),
    ),
}


def shaped(run: Run, language: str, weight: int) -> tuple[hb.Font, hb.Buffer]:
    """HarfBuzz's glyphs of one run."""
    font = hb.Font(hb.Face(hb.Blob.from_file_path(str(file_of(run.font))), run.number))
    font.set_variations({"wght": weight})
    buffer = hb.Buffer()
    buffer.add_str(run.text)
    buffer.guess_segment_properties()
    buffer.script, buffer.direction, buffer.language = run.script, run.direction, language
    hb.shape(font, buffer)
    return font, buffer


def drawn(sample: Sample) -> tuple[Image.Image, int, float]:
    """HarfBuzz's picture of a line cropped to its ink, the ink's rise over the baseline, and the line's advance.

    Pango puts every glyph on a whole pixel; so does this.
    """
    raster, pen, advance = hb.RasterDraw(), 0, 0.0
    for run in sample.runs:
        font, buffer = shaped(run, sample.language, WEIGHTS[sample.weight])
        scale = SIZE / font.face.upem
        for glyph, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            assert glyph.codepoint, f"{run.font} lacks a glyph of {run.text}"
            raster.transform = (scale, 0, 0, scale, pen + round(place.x_offset * scale), round(place.y_offset * scale))
            raster.draw_glyph(font, glyph.codepoint)
            pen += round(place.x_advance * scale)
            advance += place.x_advance * scale
    made = raster.render()
    box = made.extents
    image = Image.frombytes("L", (box.width, box.height), made.buffer, "raw", "L", box.stride, -1)
    left, top, right, bottom = image.getbbox()
    return image.crop((left, top, right, bottom)), box.y_origin + box.height - top, advance


def difference(one: Image.Image, two: Image.Image) -> float:
    """How far two masks are apart: the grey that differs, in parts of the ink there is; best of shifts by a pixel."""
    width, height = max(one.width, two.width) + 4, max(one.height, two.height) + 4

    def on_canvas(image: Image.Image, x: int, y: int) -> Image.Image:
        canvas = Image.new("L", (width, height))
        canvas.paste(image, (x, y))
        return canvas

    still = on_canvas(one, 2, 2)
    ink = ImageStat.Stat(still).sum[0]
    shifts = [(x, y) for x in (1, 2, 3) for y in (1, 2, 3)]
    return min(ImageStat.Stat(ImageChops.difference(still, on_canvas(two, x, y))).sum[0] for x, y in shifts) / ink


@pytest.mark.parametrize("name", SAMPLES)
def test_a_line_is_harfbuzz_s_own_picture(name: str) -> None:
    """Glyph for glyph, place for place: the mask is what HarfBuzz draws with the font it must be set in."""
    sample = SAMPLES[name]
    expected, rise, _ = drawn(sample)
    ink = line(sample.text, sample.style, SIZE)
    assert difference(expected, ink.mask) < SAME
    assert abs(ink.width - expected.width) <= 1
    assert abs(ink.ascent - rise) <= 1


@pytest.mark.parametrize("name", SAMPLES)
def test_words_are_measured_as_they_are_set(name: str) -> None:
    """The advance by which lines are broken is HarfBuzz's, save what whole pixels add a glyph."""
    sample = SAMPLES[name]
    expected, rise, advance = drawn(sample)
    size = measure.extent(sample.text, sample.language, WEIGHTS[sample.weight], serif=sample.font == "serif")
    assert size.width * SIZE == pytest.approx(advance, abs=0.01 * advance)
    assert size.high * SIZE == pytest.approx(rise, abs=1.5)
    assert size.deep * SIZE == pytest.approx(max(expected.height - rise, 0), abs=1.5)


def wrong(name: str, text: str, **changed: str) -> float:
    """How far a sample is from HarfBuzz's picture of it when something is done wrong."""
    sample = SAMPLES[name]
    expected, *_ = drawn(sample)
    return difference(expected, line(text, replace(sample.style, **changed), SIZE).mask)


def test_the_comparison_sees_letters_that_are_not_joined() -> None:
    """Letters kept apart make another picture: the test above would fail."""
    for name in ("ar", "prs", "ps", "ug"):
        text = SAMPLES[name].text
        assert wrong(name, "\u200c".join(text)) > 10 * SAME


def test_the_comparison_sees_letters_in_the_wrong_order() -> None:
    """A line set from the wrong end, or a handle outside its isolate, makes another picture."""
    for name in ("ar", "he"):
        assert wrong(name, "\u202d" + SAMPLES[name].text + "\u202c") > 10 * SAME
    assert wrong("handle-in-arabic", "مع \u2066a_b@\u2069 الآن") > 5 * SAME
    assert wrong("chinese-beside-uyghur", SAMPLES["chinese-beside-uyghur"].text, language="ug") > 5 * SAME


def test_the_comparison_sees_burmese_left_in_typed_order() -> None:
    """Marks that don't join their letters (a joiner between them breaks the syllables) make another picture."""
    text = SAMPLES["my"].text
    assert wrong("my", "\u200b".join(text)) > 5 * SAME


def test_the_comparison_sees_the_forms_of_another_land() -> None:
    """The same Chinese text in the letters of Japan, or of the mainland, makes another picture."""
    for name, other in (("zh-Hans", "ja"), ("zh-Hant", "zh-Hans"), ("zh-HK", "zh-TW"), ("ja", "zh-Hans")):
        assert wrong(name, SAMPLES[name].text, language=other) > SAME


@pytest.mark.parametrize(
    ("tag", "number"),
    [
        ("zh", 2),
        ("zh-CN", 2),
        ("zh-Hans-HK", 2),
        ("zh-TW", 3),
        ("zh_Hant", 3),
        ("zh-Hant-MO", 4),
        ("ja-JP", 0),
        ("ko", 1),
        ("en", 2),
    ],
)
def test_a_language_s_tag_chooses_its_forms(tag: str, number: int) -> None:
    """Region and script of a tag decide which of the five sets of Chinese forms is taken."""
    assert next(face.number for face in fonts.chain("直", tag).faces if face.file.suffix == ".ttc") == number


ASKED = [(sample.text, sample.language, sample.font, sample.weight) for sample in SAMPLES.values()]
PROGRAM = """
import hashlib, json, sys
from media.text.typeset import Style, line
for text, language, font, weight in json.loads(sys.argv[1]):
    ink = line(text, Style(language=language, font=font, weight=weight), 64)
    print(hashlib.sha256(ink.mask.tobytes()).hexdigest(), *ink.mask.size, ink.ascent, ink.hang)
"""


def in_a_bare_process(asked: list[tuple[str, ...]], program: str = PROGRAM, **env: str) -> list[str]:
    """Run `program` without any variable of this machine but those given; nothing may be said on stderr."""
    bare = {"PYTHONPATH": os.pathsep.join(sys.path), "LC_ALL": "C", **env}
    command = [sys.executable, "-c", program, json.dumps(asked)]
    done = subprocess.run(command, env=bare, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_machine_without_fonts_sets_the_same_bytes(tmp_path: Path) -> None:
    """No home, no fontconfig of the system, and in another order: every line is the same to the byte."""
    (tmp_path / "fonts.conf").write_text("<fontconfig></fontconfig>")
    elsewhere = in_a_bare_process(
        ASKED[::-1], FONTCONFIG_FILE=str(tmp_path / "fonts.conf"), FONTCONFIG_PATH=str(tmp_path), HOME="/nonexistent"
    )
    here = []
    for text, language, font, weight in ASKED:
        ink = line(text, Style(language=language, font=font, weight=weight), 64)
        digest = hashlib.sha256(ink.mask.tobytes()).hexdigest()
        here.append(f"{digest} {ink.mask.width} {ink.mask.height} {ink.ascent} {ink.hang}")
    assert elsewhere[::-1] == here


def test_a_latin_text_never_opens_the_fonts_of_chinese() -> None:
    """The 32 MB are for who needs them: a process that sets English and Arabic never maps the file."""
    shown = PROGRAM + "print('CJK' in open('/proc/self/maps').read())"
    if not Path("/proc/self/maps").exists():
        pytest.skip("this system doesn't tell which files a process has mapped")
    latin = [
        ("Free them all", "zh", "sans", "Bold"),
        ("حقوق", "ar", "sans", "Bold"),
        ("« Où ? »", "fr", "serif", "Bold"),
    ]
    assert in_a_bare_process(latin, shown)[-1] == "False"
    assert in_a_bare_process([*latin, ("自由", "zh", "sans", "Bold")], shown)[-1] == "True"


THREADS = """
import hashlib, json, sys, threading
from media.text.typeset import Style, _draw, line

texts, marks, made = json.loads(sys.argv[1]), threading.Barrier(3), []

def work(number):
    line("Free them", Style(language="zh"), 64)  # Pango is up in every thread before one of them needs Chinese
    marks.wait()
    if number == 0:
        line("直", Style(language="zh"), 40)
    marks.wait()
    masks = []
    for text, language, font, weight in texts:
        _draw.cache_clear()  # each thread must ask Pango itself
        masks.append(line(text, Style(language=language, font=font, weight=weight), 64).mask)
    made.append(hashlib.sha256(b"".join(mask.tobytes() for mask in masks)).hexdigest())

threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(*made)
"""


def test_fonts_that_come_later_are_there_for_every_thread() -> None:
    """Threads that set Latin before another one loaded the Chinese fonts set Chinese as that one does."""
    digests = in_a_bare_process(ASKED, THREADS)[0].split()
    masks = [line(text, Style(language=lang, font=font, weight=weight), 64).mask for text, lang, font, weight in ASKED]
    assert digests == [hashlib.sha256(b"".join(mask.tobytes() for mask in masks)).hexdigest()] * 3
