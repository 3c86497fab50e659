"""The same card (photo, veil, fitted headline, hashtag, logo), again and again: ours beside bare Pillow and others.

The peers are Node packages (`bench/peers`) and a browser; one that isn't there is named and left out. All make JPEGs of
quality 90 (satori with resvg can only make PNGs), after the same warm-up, from the same messages, of which no two share
a line that says something. What could make the comparison unfair is settled against us:

- Ours is handed a photo as a phone takes it, 2400 x 1600, and finds out at each card that it is the same one; the
  others are handed it cropped and scaled to the card beforehand.
- Who draws by hand (bare Pillow, node-canvas) lays the one veil there is over the photo once, and measures each word
  once; ours chooses the veil by what lies under the words of each card, and measures whether they can be read.
- Ours keeps more of the colour (4:2:2), for crisp letters; the others keep the usual 4:2:0.

Milliseconds are of processor time, so that a busy machine changes little; a browser's work is done in processes of its
own, so that for it they are of the clock.
"""

import functools
import importlib.util
import io
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from media.card import Card, render

CARDS = 200
WARM = 10
ROUNDS = 3
SIZE = (1200, 675)
TAG = "UniteForAfghanistan"
PEERS = ("canvas", "satori", "takumi", "chromium")
WHO = ("women", "girls", "teachers", "journalists", "judges", "doctors", "students", "poets", "nurses", "singers")
WHERE = ("Kabul", "Herat", "Bamyan", "Kandahar", "Mazar-i-Sharif", "Jalalabad", "Kunduz")
HERE = Path(__file__).parent / "peers"


def measure() -> Iterator[str]:
    """Yield milliseconds a card for each way to draw it, in one run, and how they compare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay_out(folder)
        turns = [{way: _run(way, folder) for way in ("ours", "pillow", *PEERS)} for _ in range(ROUNDS)]
        runs = {way: [turn[way] for turn in turns] for way in turns[0]}
        ours = statistics.median(run["ms"] for run in runs["ours"] if isinstance(run, dict))
        for way, found in runs.items():
            yield f"{way}: {_told(found, ours)}"
        rates = [[_throughput(folder, workers) for workers in (1, 2)] for _ in range(ROUNDS)]
        one, two = (max(rate[at] for rate in rates) for at in (0, 1))  # the least disturbed
        yield f"ours, cards a second: {one:.0f} in one process, {two:.0f} in two ({two / one:.1f} x)"


def _told(runs: list[dict[str, float] | str], ours: float) -> str:
    """Tell what a card takes, and how ours compares; or why it wasn't measured."""
    done = [run for run in runs if isinstance(run, dict)]
    if not done:
        return f"not measured: {runs[0]}"
    time_of = statistics.median(run["ms"] for run in done)
    memory = f", {max(run['mb'] for run in done):.0f} MB of memory at the most" if "mb" in done[0] else ""
    return f"{time_of:.1f} ms a card of {done[0]['kb']:.0f} KB{memory} ({time_of / ours:.2f} x our time)"


def _lay_out(folder: Path) -> None:
    """Write what every peer reads: a photo, a logo, a static font, the messages."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # noqa: PLC0415  # its memory isn't a card's
    from fontTools.varLib import instancer  # type: ignore[import-untyped]  # noqa: PLC0415

    spec = importlib.util.find_spec("manimgx_fonts")
    assert spec
    assert spec.submodule_search_locations
    with TTFont(Path(spec.submodule_search_locations[0], "NotoSans[wght].ttf")) as font:
        axes = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
        instancer.instantiateVariableFont(font, {**axes, "wght": 700}).save(folder / "NotoSans-Bold.ttf")
    photo = _photo()
    photo.save(folder / "photo.jpg", quality=92)
    ImageOps.fit(photo, SIZE).save(folder / "card.jpg", quality=92)
    logo = Image.new("RGBA", (96, 96))
    logo.paste("#ffdd33", (12, 12, 84, 84))
    logo.save(folder / "logo.png")
    (folder / "messages.json").write_text(json.dumps([_message(at) for at in range(CARDS)]), encoding="utf-8")


def _photo() -> Image.Image:
    """Return what a phone takes: large soft shapes, edges, fine detail and a little noise."""
    source, size = random.Random(7), (2400, 1600)
    photo = Image.frombytes("RGB", (12, 8), source.randbytes(12 * 8 * 3)).resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(photo)
    for _ in range(150):
        left, top, side = source.randrange(2400), source.randrange(300, 1600), source.randrange(20, 160)
        pen.ellipse((left, top, left + side, top + side * 5 // 4), tuple(source.randbytes(3)))
    for cells, share in ((8, 0.12), (2, 0.1)):
        small = (size[0] // cells, size[1] // cells)
        detail = Image.frombytes("L", small, source.randbytes(small[0] * small[1])).resize(size).convert("RGB")
        photo = Image.blend(photo, detail, share)
    return Image.blend(photo, photo.convert("L").convert("RGB"), 0.5)


def _run(way: str, folder: Path) -> dict[str, float] | str:
    """Return a card's median milliseconds, the KB of the last and maybe the MB of memory; or why there is none."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or ""
    if way == "chromium" and not browser:
        return "it isn't installed"
    if way in PEERS and (not (HERE / "node_modules").is_dir() or not shutil.which("node")):
        return f"`npm install` in {HERE.parent.name}/{HERE.name} first"
    node = ["node", str(HERE / "draw.mjs"), way, str(folder), "60", browser]
    ours = [sys.executable, "-m", "bench.cards", way, str(folder)]
    done = subprocess.run(node if way in PEERS else ours, capture_output=True, text=True, check=way not in PEERS)
    if done.returncode:
        return str(done.stderr.strip().splitlines()[-1:])
    found = json.loads(done.stdout)
    return {**found, "ms": statistics.median(found["ms"])}


# ── in a child ──────────────────────────────────────────────────────────────────────────────────────────


def _ours(folder: Path) -> Callable[[str], bytes]:
    photo, logo = ((folder / name).read_bytes() for name in ("photo.jpg", "logo.png"))

    def draw(message: str) -> bytes:
        return render(Card(message=message, hashtags=(TAG,), photo=photo, faces=(), logo=logo), size=SIZE).data

    return draw


def _pillow(folder: Path) -> Callable[[str], bytes]:
    """The least that draws such a card: everything is open, nothing is measured or checked."""
    ground = Image.open(folder / "card.jpg").convert("RGB")
    logo = Image.open(folder / "logo.png").resize((48, 48))
    veil = Image.linear_gradient("L").resize((SIZE[0], 475)).point([value * 217 // 255 for value in range(256)])
    ground.paste((11, 10, 18), (0, 200), veil)
    font = functools.cache(lambda size: ImageFont.truetype(str(folder / "NotoSans-Bold.ttf"), size))
    width = functools.cache(lambda word: font(100).getlength(word) / 100)

    def fitted(text: str) -> tuple[int, list[str]]:
        for size in range(74, 26, -4):
            lines, line, filled = [], "", 0.0
            for word in text.split():
                if filled + size * width(f" {word}") > 835:
                    lines.append(line)
                    line, filled = "", 0.0
                line = f"{line} {word}".strip()
                filled += size * width(f" {word}")
            lines.append(line)
            if len(lines) * size * 1.2 <= 250:
                return size, lines
        raise ValueError(text)

    def draw(message: str) -> bytes:
        sheet = ground.copy()
        pen = ImageDraw.Draw(sheet)
        size, lines = fitted(message)
        for at, line in enumerate(lines):
            pen.text((53, 570 - (len(lines) - at) * size * 1.2), line, "#faf6ec", font(size))
        pen.text((53, 580), f"#{TAG}", "#ffdd33", font(35))
        sheet.paste(logo, (1099, 578), logo)
        out = io.BytesIO()
        sheet.save(out, "JPEG", quality=90)
        return out.getvalue()

    return draw


def _draw(way: str, folder: Path) -> None:
    draw = _ours(folder) if way == "ours" else _pillow(folder)
    times = []
    for at in range(WARM + CARDS):
        began = time.process_time()
        made = draw(_message(at))
        times.append((time.process_time() - began) * 1000)
    status = Path("/proc/self/status").read_text(encoding="ascii")  # getrusage would count who started us
    most = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024
    sys.stdout.write(json.dumps({"ms": times[WARM:], "mb": most, "kb": len(made) / 1000}))


def _message(at: int) -> str:
    """Return a message that wasn't there before, nor a line of it: nobody draws the same card twice."""
    who, other, where = WHO[at % 10], WHO[(at * 3 + 1) % 10], WHERE[at % 7]
    return (
        f"On day {1000 + at} we stand with {300 + at} {who} and {5000 - at} {other} of {where}. {at + 7} are in prison."
    )


def _share(folder: Path, first: int) -> int:
    draw = _ours(folder)
    for at in range(first, first + CARDS):
        draw(_message(at))
    return CARDS


def _throughput(folder: Path, workers: int) -> float:
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_share, [folder] * workers, [0] * workers))  # fonts open
        began = time.perf_counter()
        done = sum(pool.map(_share, [folder] * workers, range(1000, 1000 + workers * CARDS, CARDS)))
        return done / (time.perf_counter() - began)


if __name__ == "__main__":
    _draw(sys.argv[1], Path(sys.argv[2]))
