"""Run every measurement, or those named (`python -m bench check due`): a line each, with its bound and PASS or MISS."""

import importlib
import sys

from bench.figures import machine

NAMES = (
    *("commands", "check", "queue", "claims", "due", "backlog", "slow", "idle", "punctuality", "postgres"),
    "millions",
    *("publishing", "rehearsal", "cards", "collage", "photos", "films", "uploads"),
)


def main(names: list[str]) -> int:
    """Print each figure beside what it is held against; return 2 where a name isn't known."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"{', '.join(unknown)}: no such measurement; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        print(f"── {name} ({machine()}) ──", flush=True)
        for line in importlib.import_module(f"bench.{name}").measure():
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
