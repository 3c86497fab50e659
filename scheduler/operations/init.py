"""Make a new workspace: commented, and passing `check`."""

import json
from datetime import timedelta
from importlib import resources
from pathlib import Path
from string import Template

from scheduler import config, posts
from scheduler.clock import Clock
from scheduler.errors import UsageError, UserError

_ACTION = "welcome"


def init(folder: Path, *, clock: Clock) -> list[Path]:
    """Write the files of a new workspace into `folder`; return their paths.

    Raises:
        UserError: the folder holds a workspace already, or can't be written.
    """
    files = _contents(clock)
    present = [name for name in files if (folder / name).exists()]
    if present:
        msg = f"{folder / present[0]}: is there already: choose another folder"
        raise UsageError(msg)
    written = []
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            written.append(path)
    except OSError as error:
        msg = f"{folder}: can't be written ({error.strerror})"
        raise UserError(msg) from None
    return written


def _contents(clock: Clock) -> dict[str, str]:
    today = clock.now().date()
    values = {
        "timezone": "America/Toronto",
        "action": _ACTION,
        "opens": today + timedelta(days=1),
        "closes": today + timedelta(days=90),
        "first": f"{today + timedelta(days=7)} 09:30",
        "since": today + timedelta(days=8),
        "until": today + timedelta(days=36),
    }
    return {
        "config.yaml": _fill("config.yaml", values),
        f"posts/{_ACTION}.yaml": _fill("action.yaml", values),
        ".env.example": _fill("env", values),
        ".gitignore": _fill("gitignore", values),
        ".solidarity/post.schema.json": json.dumps(posts.schema(), indent=2, ensure_ascii=False) + "\n",
        ".solidarity/config.schema.json": json.dumps(config.schema(), indent=2, ensure_ascii=False) + "\n",
    }


def _fill(name: str, values: dict[str, object]) -> str:
    text = (resources.files("scheduler.starter") / f"{name}.template").read_text("utf-8")
    return Template(text).substitute(values)
