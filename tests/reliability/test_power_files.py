"""The power fails while a file is written for good: it is the old one or the new one; once that is said, the new one.

Tokens, secrets, the workspace's key and mark, what volunteers send, pages, copies of the state and their return.
"""

import copy
import hashlib
import os
import random
import sys
from pathlib import Path

import pytest

from tests.reliability import power, tape
from tests.reliability.disk import Disk, by_chance, everything, nothing
from tests.reliability.on_networks import tell

DATABASES = ("sqlite",)  # a file of ours; a server looks after its own
IMAGES = int(os.environ.get("SOLIDARITY_POWER_IMAGES", "50"))
OLD = {".env": "# mine\nX_ACCESS_TOKEN=old\n"}


@pytest.fixture(autouse=True)
def followed() -> None:
    """Say aloud where a process can't be followed: then nothing of this is proven here."""
    if why := tape.why_not():
        pytest.skip(f"POWER LOSS IS NOT PROVEN ON THIS MACHINE: {why}")


def sweep(folder: Path, *, plant: str = "") -> list[str]:
    """Cut the power at every change, and at chosen ones in many ways; return what was promised and isn't there."""
    workspace = folder / "workspace"
    power.files(workspace, "http://127.0.0.1:1")
    for name, text in OLD.items():
        (workspace / name).write_text(text, "utf-8")
    disk = Disk(workspace)
    run = f"{plant or 'pass'}; from pathlib import Path; from tests.reliability import writers; import sys; "
    command = [sys.executable, "-c", f"{run}writers.main(Path(sys.argv[1]))", str(workspace)]
    calls = tape.record(command, folder / "tape", env={**power.environment(), "PYTHONPATH": str(Path.cwd())})
    first = tape.Player(copy.deepcopy(disk))
    points = sum(map(first.play, calls))
    promises = [tuple(line.removeprefix(tape.TELLS.decode()).split(" ")) for line in first.told]
    chance = random.Random(plant)
    chosen = chance.choices(range(points), k=IMAGES)
    player, point, wrong = tape.Player(disk), 0, []
    for call in calls:
        if player.play(call):
            point += 1
            looks = [nothing, everything] if point in {1, points} or point % power.LOOK_EVERY == 0 else []
            ways = [*looks, *(by_chance(chance) for _ in range(chosen.count(point)))]
            for number, choice in enumerate(ways):
                image = folder / f"{point}-{number}"
                disk.lay_out(image, choice, leave_out=tape.IGNORED)
                said = len(player.told)
                wrong += [f"at change {point} of {points}: {one}" for one in _broken(image, promises, said)]
    assert len(promises) > 10
    tell("power-files", plant, points=points, images=2 * points + IMAGES, broken=len(wrong))
    return wrong


def _broken(image: Path, promises: list[tuple[str, ...]], said: int) -> list[str]:
    """Return the files that aren't what was promised last, nor what is being put in their place."""
    wrong = []
    for name in {name for name, _ in promises}:
        versions = [""] if name not in OLD else [hashlib.sha256(OLD[name].encode()).hexdigest()]
        made = [digest for number, (other, digest) in enumerate(promises) if other == name and number < said]
        coming = [digest for number, (other, digest) in enumerate(promises) if other == name and number >= said]
        file = image / name
        found = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""
        if not made and (name.endswith(".db") or name.startswith("var/uploads/")):
            continue  # a state grows in its place, and what is sent to us under a name that nobody knows yet
        if found not in {*(made or versions)[-1:], *coming}:
            wrong.append(f"{name} {'is broken' if found else 'is gone'}, after {len(made)} promises")
    return wrong


def test_a_file_is_whole_and_stays(tmp_path: Path):
    """Whenever the power fails, each file is as it was or as it was to be, and what was promised is there."""
    assert sweep(tmp_path) == []


def test_the_harness_has_teeth(tmp_path: Path):
    """Files that nobody waits for are found missing."""
    assert sweep(tmp_path, plant=power.UNSYNCED["files"]) != []
