"""The same card (photo, veil, fitted headline, hashtag, logo), again and again: ours beside bare Pillow and others.

The peers are Node packages (`bench/peers`) and a browser; one that isn't there is named and left out.
"""

import functools
import importlib.util
import io
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fontTools.varLib import instancer  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from media.card import Card, render

CARDS = 200
ROUNDS = 3
SIZE = (1200, 675)
TAG = "UniteForAfghanistan"
PEERS = ("canvas", "satori", "takumi", "chromium")
WHO = ("women", "girls", "teachers", "journalists", "judges", "doctors", "students", "poets", "nurses", "singers")
WHAT = ("Their rights are not negotiable.", "They are not forgotten.", "Nobody may silence them.", "Open the doors.")
MESSAGES = [f"We stand with the {who} of Afghanistan. {what}" for who in WHO for what in WHAT]
HERE = Path(__file__).parent / "peers"


def measure() -> Iterator[str]:
    """Yield milliseconds a card for each way to draw it, in one run, and how they compare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay_out(folder)
        runs: dict[str, list[float]] = {"ours": [], "pillow": []}
        for _ in range(ROUNDS):  # in turn: the machine's mood is shared
            for way, found in runs.items():
                found.append(statistics.median(_child(way, folder)["ms"]))
        ours, pillow = (statistics.median(runs[way]) for way in ("ours", "pillow"))
        yield f"a card: ours {ours:.1f} ms, bare Pillow {pillow:.1f} ms: {pillow / ours:.2f} x its speed"
        yield f"its memory at the most: {_child('ours', folder)['mb']:.0f} MB"
        one, two = (_throughput(folder, workers) for workers in (1, 2))
        yield f"cards a second: {one:.0f} in one process, {two:.0f} in two ({two / one:.1f} x)"
        for peer in PEERS:
            yield _beside(peer, folder, ours)


def _lay_out(folder: Path) -> None:
    """Write what every peer reads: a photo, a logo, a static font, the messages."""
    spec = importlib.util.find_spec("manimgx_fonts")
    assert spec
    assert spec.submodule_search_locations
    with TTFont(Path(spec.submodule_search_locations[0], "NotoSans[wght].ttf")) as font:
        axes = {axis.axisTag: axis.defaultValue for axis in font["fvar"].axes}
        instancer.instantiateVariableFont(font, {**axes, "wght": 700}).save(folder / "NotoSans-Bold.ttf")
    source = random.Random(7)
    photo = Image.frombytes("RGB", (240, 135), source.randbytes(240 * 135 * 3)).filter(ImageFilter.GaussianBlur(3))
    photo.resize(SIZE, Image.Resampling.BICUBIC).save(folder / "photo.jpg", quality=90)
    logo = Image.new("RGBA", (96, 96))
    logo.paste("#ffdd33", (12, 12, 84, 84))
    logo.save(folder / "logo.png")
    (folder / "messages.json").write_text(json.dumps(MESSAGES), encoding="utf-8")


def _child(way: str, folder: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.cards", way, str(folder)], check=True, capture_output=True, text=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def _beside(peer: str, folder: Path, ours: float) -> str:
    browser = shutil.which("chromium") or shutil.which("google-chrome") or ""
    if not (HERE / "node_modules").is_dir() or not shutil.which("node"):
        return f"{peer}: not measured: `npm install` in {HERE.parent.name}/{HERE.name} first"
    if peer == "chromium" and not browser:
        return "chromium: not measured: it isn't installed"
    done = subprocess.run(
        ["node", str(HERE / "draw.mjs"), peer, str(folder), "60", browser], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"{peer}: not measured: {done.stderr.strip().splitlines()[-1:]}"
    other = statistics.median(json.loads(done.stdout))
    return f"{peer}: {other:.1f} ms a card: ours is {other / ours:.1f} x as fast"


# ── in a child ──────────────────────────────────────────────────────────────────────────────────────────


def _ours(folder: Path) -> Callable[[str], bytes]:
    photo, logo = ((folder / name).read_bytes() for name in ("photo.jpg", "logo.png"))

    def draw(message: str) -> bytes:
        return render(Card(message=message, hashtags=(TAG,), photo=photo, faces=(), logo=logo), size=SIZE).data

    return draw


def _pillow(folder: Path) -> Callable[[str], bytes]:
    """The least that draws such a card: everything is open, nothing is measured or checked."""
    photo = Image.open(folder / "photo.jpg").convert("RGB")
    logo = Image.open(folder / "logo.png").resize((48, 48))
    veil = Image.linear_gradient("L").resize((SIZE[0], 475)).point([value * 217 // 255 for value in range(256)])
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
        sheet = photo.copy()
        sheet.paste((11, 10, 18), (0, 200), veil)
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
    for message in MESSAGES[:5]:
        draw(message)
    times = []
    for at in range(CARDS):
        began = time.perf_counter()
        draw(_new(at))
        times.append((time.perf_counter() - began) * 1000)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"ms": times, "mb": most}))


def _new(at: int) -> str:
    """Return a message that wasn't there before: nobody draws the same card twice."""
    return f"{MESSAGES[at % len(MESSAGES)]} Day {at}."


def _share(folder: Path, first: int) -> int:
    draw = _ours(folder)
    for at in range(first, first + CARDS):
        draw(_new(at))
    return CARDS


def _throughput(folder: Path, workers: int) -> float:
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_share, [folder] * workers, [0] * workers))  # fonts open
        began = time.perf_counter()
        done = sum(pool.map(_share, [folder] * workers, range(1000, 1000 + workers * CARDS, CARDS)))
        return done / (time.perf_counter() - began)


if __name__ == "__main__":
    _draw(sys.argv[1], Path(sys.argv[2]))
