"""What cleaning a 12-megapixel photo takes, beside pyvips' thumbnail on one thread: each in a process of its own."""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PROCESSES = 5
RUNS = 9
_TIMED = """
import json, sys, time
data = open(sys.argv[1], "rb").read()
{prepare}
made = work()
taken, clock = [], []
for _ in range({runs}):
    wall, used = time.perf_counter(), time.process_time()
    made = work()
    taken.append((time.process_time() - used) * 1000)
    clock.append((time.perf_counter() - wall) * 1000)
taken.sort(); clock.sort()
status = open("/proc/self/status").read()  # getrusage would count what the parent had, too
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps([taken[len(taken) // 2], clock[len(clock) // 2], peak, len(made)]))
"""
_WAYS = {
    "library": "from media import clean\nwork = lambda: clean.photo(data).data",
    "sandbox": "from media.sandbox import Sandbox\nbox = Sandbox()\nwork = lambda: box.photo(data).data",
    "pyvips": (
        "import pyvips\n"
        "small = lambda: pyvips.Image.thumbnail_buffer(data, 2048, height=2048, size='down')\n"
        "work = lambda: small().jpegsave_buffer(Q=86, keep='none')"
    ),
    "pyvips at half": (
        "import pyvips\n"
        "small = lambda: pyvips.Image.thumbnail_buffer(data, 2000, height=2000, size='down')\n"
        "work = lambda: small().jpegsave_buffer(Q=86, keep='none')"
    ),
}


def measure() -> Iterator[str]:
    """Yield what the library call, the warm sandbox and pyvips take, and their ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(_photo())
        size = path.stat().st_size / 1e6
        runs: dict[str, list[list[float]]] = {way: [] for way in _WAYS}
        for _ in range(PROCESSES):  # in turns: what else the machine does meets them all alike
            for way, prepare in _WAYS.items():
                runs[way].append(_run(prepare, path))
    cpu, wall, peak, made = ({way: statistics.median(run[at] for run in runs[way]) for way in _WAYS} for at in range(4))
    yield (
        f"12-megapixel photo, {size:.1f} MB, cleaned and verified: {cpu['library']:.0f} ms, {peak['library']:.0f} MB; "
        f"pyvips {cpu['pyvips']:.0f} ms, {peak['pyvips']:.0f} MB "
        f"({cpu['pyvips'] / cpu['library']:.2f}x faster, {peak['library'] / peak['pyvips']:.2f}x the memory); "
        f"{made['library'] / 1000:.0f} KB and {made['pyvips'] / 1000:.0f} KB"
    )
    yield (
        f"the same at pyvips' best size, 2000 pixels: {cpu['pyvips at half']:.0f} ms, {peak['pyvips at half']:.0f} MB "
        f"({cpu['pyvips at half'] / cpu['library']:.2f}x)"
    )
    yield (
        f"the same through the warm sandbox: {wall['sandbox']:.0f} ms by the clock, pyvips {wall['pyvips']:.0f} ms "
        f"({wall['sandbox'] / wall['pyvips']:.2f}x)"
    )


def _run(prepare: str, path: Path) -> list[float]:
    program = _TIMED.format(prepare=prepare, runs=RUNS)
    environment = {**os.environ, "VIPS_CONCURRENCY": "1"}
    ran = subprocess.run([sys.executable, "-c", program, str(path)], env=environment, capture_output=True, check=True)
    return list(json.loads(ran.stdout))


def _photo() -> bytes:
    """Return a JPEG as a phone makes it: broad shapes, finer ones, and the grain of its sensor."""
    from PIL import Image  # noqa: PLC0415

    size = (4000, 3000)
    grain = Image.effect_noise(size, 18)
    broad = Image.linear_gradient("L").resize(size)
    clouds = Image.effect_noise((1000, 750), 60).resize(size, Image.Resampling.BICUBIC)
    bands = (
        Image.blend(grain, broad, 0.6),
        Image.blend(grain, broad.transpose(Image.Transpose.ROTATE_180), 0.55),
        Image.blend(clouds, broad, 0.5),
    )
    out = io.BytesIO()
    Image.merge("RGB", bands).save(out, "JPEG", quality=92)
    return out.getvalue()
