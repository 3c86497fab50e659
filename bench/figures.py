"""How a figure is printed beside what it is held against, in one line, with PASS or MISS where it has a bound."""

import math
import os
import statistics
import time
from collections.abc import Callable, Sequence


def line(what: str, figure: float, *, most: float | None = None, least: float | None = None, unit: str = " x") -> str:
    """Return one line; `most` and `least` are what the figure is held to."""
    bounds = [(figure <= most, f"at most {most:g}{unit}")] if most is not None else []
    bounds += [(figure >= least, f"at least {least:g}{unit}")] if least is not None else []
    said = f"{what}: {figure:.2f}{unit}"
    if not bounds:
        return said
    verdict = "PASS" if all(holds for holds, _ in bounds) else "MISS"
    return f"{verdict}  {said} ({', '.join(words for _, words in bounds)})"


def count(what: str, done: int, wanted: int) -> str:
    """Return one line on how many of those wanted were done."""
    return f"{'PASS' if done == wanted else 'MISS'}  {what}: {done:,} of {wanted:,}"


def p99(values: Sequence[float]) -> float:
    """Return the value that one in a hundred is above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * 0.99) - 1)]


def median(times: int, work: Callable[[], object]) -> float:
    """Return the median of the seconds that `work` takes."""
    return statistics.median(seconds(work) for _ in range(times))


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def paired(times: int, ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float, float]:
    """Return the best of each, and the median of their ratios: taken by turns, so that both meet the same noise."""
    taken = [(ours(), theirs()) for _ in range(times)]
    ratio = statistics.median(one / other for one, other in taken)
    return min(one for one, _ in taken), min(other for _, other in taken), ratio


def memory(pid: int | str = "self", field: str = "VmHWM") -> float:
    """Return the megabytes of a process: at most so far, or with VmRSS now."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:  # noqa: PTH123 - of the kernel
        return next(int(one.split()[1]) / 1024 for one in status if one.startswith(field))


def machine() -> str:
    """Return what there is to say about the machine, and how busy it is with other things."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
