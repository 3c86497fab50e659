"""A message a language, set in a box: what the pictures in this folder show. They have been reviewed by eye."""

from pathlib import Path

from PIL import Image

from media.text import fonts, script
from media.text.typeset import Block, Style, fit

FOLDER = Path(__file__).parent
WIDTH, HEIGHT, MARGIN = 600, 300, 20

# name: (language, font, message)
MESSAGES = {
    "en": ("en", "sans", "Free every prisoner of conscience. Today, “not later” – AVAILABLE: 24/7"),
    "fr": ("fr", "serif", "Leurs droits : « non négociables » ! Où est Ilham ? Cœur, garçon, 1 000 000 €"),
    "ar": ("ar", "sans", "الحرية لكل سجناء الرأي الآن، فالحقوق ليست قابلة للتفاوض!"),
    "prs": ("prs", "sans", "حقوق زنان افغانستان قابل معامله نیست؛ می‌خواهیم مکتب‌ها باز شوند."),
    "ps": ("ps", "sans", "د ښځو حقونه د معاملې وړ نه دي؛ ښوونځي دې پرانیستل شي، ټولې نجونې دې زده کړه وکړي."),
    "ug": ("ug", "sans", "ئۇيغۇرلارغا ئەركىنلىك! ھەممە كىشىنىڭ ھوقۇقى باراۋەر، زۇلۇم توختىسۇن."),
    "zh-Hans": (
        "zh-Hans",
        "sans",
        "我们与维吾尔人站在一起：立即释放“伊力哈木”，停止任意拘押，把自由还给每一个人——就在2026年！",
    ),
    "zh-Hant": ("zh-Hant", "serif", "我們與香港人站在一起：立即釋放「良心犯」，停止任意拘押，把自由還給每一個人。"),
    "zh-HK": ("zh-HK", "sans", "自由、直骨、令戶：還我言論自由！"),
    "my": ("my", "sans", "မြန်မာနိုင်ငံရှိ လူ့အခွင့်အရေး ချိုးဖောက်မှုများကို ရပ်တန့်ပါ။ ၂၀၂၁ ခုနှစ်ကတည်းက"),
    "ti": ("ti", "sans", "ፍትሒ ንኹሉ። ኣብ ትግራይ ዝፍጸም ዘሎ ግፍዒ ይቋረጽ፣ ሰላም ንህዝቢ ።"),
    "am": ("am", "sans", "በትግራይ፡የሚፈጸመው፡ጥቃት፡ይቁም። ለሁሉም ሰው ፍትሕ፣ ሰላም እና ነፃነት!"),
    "ru": ("ru", "serif", "Свободу политзаключённым! Объявите об этом всем — подпишите «обращение» № 7."),
    "be": ("be", "sans", "Свабоду Марыі Калеснікавай і ўсім палітвязням! Жыве Беларусь: з’яднаныя, моцныя."),
    "mixed-ar": (
        "ar",
        "sans",
        "وقّعوا (Amnesty International) الآن: 50% من 1,200 توقيع مع @free_them و #FreeAll2026 و #حرية",
    ),
    "mixed-en": ("en", "sans", "Freedom is حرية (ḥurriyya), свобода, 自由 and #حرية_الآن for @a_b 🕯️"),
    "emoji": ("en", "sans", "Fists ✊ ✊🏿 ✊🏼, flags 🇺🇦 🇲🇲 🏳️‍🌈, families 👨‍👩‍👧‍👦 👩🏽‍🦱 ❤️‍🔥 1️⃣ ☮ ☮️"),
}


def block(name: str) -> Block:
    """Set the message `name` as large as its box allows."""
    language, font, message = MESSAGES[name]
    fonts.require(message)
    box = (WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN)
    style = Style(language=language, font=font)
    return fit(script.tidy(message, language), style, box, largest=72, smallest=20, leading=1.2)


def picture(name: str) -> Image.Image:
    """Return the message `name` in black on white (mode L), at the side its language begins."""
    made, image = block(name), Image.new("L", (WIDTH, HEIGHT), 255)
    baseline = MARGIN + made.lines[0].ascent
    for ink in made.lines:
        left = WIDTH - MARGIN - ink.width if script.right_to_left(MESSAGES[name][0]) else MARGIN
        image.paste(0, (left, baseline - ink.ascent), ink.mask)
        baseline += made.leading
    return image
