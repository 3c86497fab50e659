"""What `make torture` has done: by the content of what was tested, so that a change of a page makes nothing void.

A step's key is the content of the program (`scheduler/`, `media/`, `pyproject.toml`), of the step's tests and of every
module of `tests/` that these import, and the step's own sizes. What passed under a key stays passed under it.
"""

import ast
import hashlib
import json
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from pathlib import Path

from tests.reliability.torture_steps import ROOT, STEPS, Step

KEPT = ROOT / "build/torture"
"""Logs and figures, which git ignores."""

RECORD = ROOT / "tests/reliability/torture.json"
"""What came of each step the last time: committed, so that another machine goes on, and anyone can see what was run."""

TESTED = ("scheduler", "media")
_SUMMARY = re.compile(r"(\d+) (passed|failed|error|errors|skipped)\b")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of a step."""

    key: str  # the content that was tested
    commit: str  # for people: where that content is to be found
    passed: bool
    changed: bool  # what it tests was changed while it ran: it holds for nothing
    minutes: float
    processor: float  # minutes of all its processes together
    figures: dict[str, int] = field(default_factory=dict)  # what its tests have counted


def key(step: Step) -> str:
    """Return what a step's result holds for: the content of the program and of its tests, and its sizes."""
    told = json.dumps([step.environment, step.database, step.chosen])
    return hashlib.sha256("\n".join([_program(), _contents(_with_imports(step.files())), told]).encode()).hexdigest()


def _program() -> str:
    found = [path for name in TESTED for path in (ROOT / name).rglob("*") if "__pycache__" not in path.parts]
    return _contents([*found, ROOT / "pyproject.toml"])


def _contents(paths: Iterable[Path]) -> str:
    files = sorted(path for path in paths if path.is_file())
    return "\n".join(f"{path.relative_to(ROOT)} {_digest(path, path.stat().st_mtime_ns)}" for path in files)


@cache
def _digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _with_imports(files: Iterable[Path]) -> set[Path]:
    """Return modules of tests with all that they import from `tests`."""
    found: set[Path] = set()
    left = list(files)
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += [*_imported(path, path.stat().st_mtime_ns), *path.parent.glob("conftest.py")]
    return found


@cache
def _imported(path: Path, _changed: int) -> tuple[Path, ...]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    files = [(ROOT / name.replace(".", "/")).with_suffix(".py") for name in sorted(names) if name.startswith("tests.")]
    return tuple(file for file in files if file.is_file())


def commit() -> str:
    """Return the commit, with a mark where what is tested differs from it."""
    head = _git("rev-parse", "--short=12", "HEAD") or "unknown"
    others = f":(exclude){RECORD.relative_to(ROOT)}"
    return f"{head}-dirty" if _git("status", "--porcelain", "--", *TESTED, "pyproject.toml", "tests", others) else head


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True).stdout.strip()


def load(file: Path = RECORD) -> dict[str, Found]:
    """Return what has run so far, whatever it was tested on; what another version has kept is left out."""
    kept = json.loads(file.read_text("utf-8")) if file.exists() else {}
    names = {one.name for one in fields(Found)}
    return {name: Found(**found) for name, found in kept.items() if name in STEPS and found.keys() == names}


def save(done: dict[str, Found], file: Path = RECORD) -> None:
    """Keep it."""
    file.write_text(json.dumps({name: asdict(found) for name, found in done.items()}, indent=1) + "\n", "utf-8")


def current(done: dict[str, Found]) -> dict[str, Found]:
    """Return what came of the steps that ran on what is there now."""
    return {name: found for name, found in done.items() if not found.changed and found.key == key(STEPS[name])}


def stands(done: dict[str, Found], name: str) -> bool:
    """Tell whether a step has passed on what is there now."""
    found = current({name: done[name]} if name in done else {})
    return name in found and found[name].passed


def told(figures: Path, log: Path) -> dict[str, int]:
    """Return the sum of each figure that the tests of a step told, and how many tests there were."""
    total: Counter[str] = Counter()
    for line in figures.read_text("utf-8").splitlines() if figures.exists() else []:
        total.update({name: value for name, value in json.loads(line).items() if isinstance(value, int)})
    last = log.read_text("utf-8", "replace").splitlines()[-1:] if log.exists() else []
    for number, what in _SUMMARY.findall(last[0] if last else ""):
        total["tests" if what == "passed" else what] += int(number)
    return dict(total)


def table(done: dict[str, Found]) -> str:
    """Return in Markdown what has run, a row for each suite and database."""
    head = ["suite", "what", "database", "size, counted", "lost", "doubled", "asked a person", "minutes", "processor"]
    rows = [head, ["---"] * len(head)]
    suites: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name, step in STEPS.items():
        if name in done:
            suites[step.suite, step.what, step.database or "its own"].append(name)
    for (suite, what, database), names in suites.items():
        found = [done[name] for name in names]
        total: Counter[str] = Counter()
        for one in found:
            total.update(one.figures)
        none = "0" if all(one.passed for one in found) else f"**{_failed(done, names)}**"
        minutes, processor = (round(sum(map(float, each))) for each in _times(found))
        rows.append([
            suite, what, database, STEPS[names[0]].size(total), none, none, _asked(total), f"{minutes:,}",
            f"{processor:,}",
        ])  # fmt: skip
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _times(found: list[Found]) -> tuple[list[float], list[float]]:
    return [one.minutes for one in found], [one.processor for one in found]


def _failed(done: dict[str, Found], names: list[str]) -> str:
    return f"see the logs of {', '.join(name for name in names if not done[name].passed)}"


def _asked(total: Counter[str]) -> str:
    return f"{total['asked']:,}" if "asked" in total else "–"
