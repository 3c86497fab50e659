"""Throws every hostile file at the sandbox and prints a table: `python -m tests.hostile`."""

import itertools
import sys
from typing import NamedTuple

from media.sandbox import Sandbox
from tests.hostile import (
    attack,
    canaries_film,
    canaries_photo,
    makers_bombs,
    makers_damage,
    makers_disguises,
    makers_films,
    makers_moving,
    makers_pixels,
)
from tests.hostile.case import Case

CLASSES = {
    "bombs": makers_bombs.cases,
    "animations, grids": makers_moving.cases,
    "films": makers_films.cases,
    "disguises": makers_disguises.cases,
    "pixels": makers_pixels.cases,
    "truncations": makers_damage.truncations,
    "mutations": makers_damage.mutations,
    "canaries in photos": canaries_photo.cases,
    "canaries in films": canaries_film.cases,
}


_HEAD = ("class", "files", "refused", "cleaned", "by clock", "worst s", "worst MB", "faults")


class Row(NamedTuple):
    """What became of one class: counts, the longest time in seconds, the most memory in bytes, and the faults."""

    name: str
    files: int
    refused: int
    late: int
    seconds: float
    peak: int
    faults: list[str]

    def __str__(self) -> str:
        counts = f"{self.files:9} {self.refused:9} {self.files - self.refused:9} {self.late:9}"
        return f"{self.name:20} {counts} {self.seconds:9.2f} {self.peak >> 20:9} {len(self.faults):9}"


def main() -> int:
    """Print a row for each class and the faults found; return 1 if there were any."""
    print(f"{_HEAD[0]:20}", *(f"{word:>9}" for word in _HEAD[1:]))
    rows = []
    for name, cases in CLASSES.items():
        rows.append(_row(name, cases()))
        print(rows[-1], flush=True)
    names, *counts, seconds, peaks, faults = zip(*rows, strict=True)
    found = [*itertools.chain(*faults)]
    print(Row(f"all {len(names)} classes", *map(sum, counts), max(seconds), max(peaks), found))
    print(*found, sep="\n")
    return int(bool(found))


def _row(name: str, cases: list[Case]) -> Row:
    refused = late = 0
    worst, found = 0.0, []
    with Sandbox() as sandbox:
        attack.warmed(sandbox)
        for case in cases:
            outcome = attack.attempt(sandbox, case)
            refused += outcome.made is None
            late += "seconds to open" in outcome.said
            worst = max(worst, outcome.seconds)
            found += [f"{name}: {case.name}: {fault}" for fault in attack.faults(case, outcome)]
        return Row(name, len(cases), refused, late, worst, sandbox.peak, found)


if __name__ == "__main__":
    sys.exit(main())
