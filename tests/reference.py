"""Two days of the reference campaign, with a volunteer's photo in its slot, played against the strict stand-ins."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scheduler import app as parts
from scheduler import rehearsal
from scheduler.rehearsal import Rehearsed
from scheduler.standins import names
from tests.world import World

ROOT = Path(__file__).parents[1]


def rehearsed(folder: Path) -> Rehearsed:
    """Play the days around the first slot for volunteers, in a copy of the workspace."""
    for name in ("config.yaml", "posts", "images"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    world = World(folder)
    workspace, problems = parts.workspace(folder)
    assert [problem for problem in problems if problem.level == "error"] == []
    loaded = parts.read_posts(workspace, now=datetime(2021, 9, 1, tzinfo=UTC))
    world.workspace, world.actions = workspace, {action.key: action for action in loaded.actions}
    slot = world.slots("unite-for-afghanistan")[0]
    world.clock.move_to(slot.due_at - timedelta(days=3))
    world.submit(slot, action=slot.action, networks=sorted(names()), message="We see you")
    world.close()
    begins, ends = slot.due_at - timedelta(days=1), slot.due_at + timedelta(days=1)
    return rehearsal.rehearse(workspace, loaded, out=folder / "out", begins=begins, ends=ends, strict=True)
