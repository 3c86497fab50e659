"""Copies the pictures of the proof sheet into its folder, each once, named by its own hash."""

import hashlib
import os
import re
import shutil
from pathlib import Path

from scheduler.gallery.shown import ShownMedium

_NAME = re.compile(r"[0-9a-f]{32}\.[a-z0-9]{1,5}")
_VIDEO = frozenset({".mp4", ".m4v", ".mov", ".webm"})


class Pictures:
    """The `pictures` folder of one proof sheet; the same bytes are stored once whatever their files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "pictures"
        self._names: dict[Path, str] = {}  # a card shown a thousand times is read once

    def add(self, path: Path) -> str:
        """Copy `path` and return its address relative to the page; "" when the file isn't there."""
        if path not in self._names:
            self._names[path] = self._copy(path)
        name = self._names[path]
        return f"pictures/{name}" if name else ""

    def _copy(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
        except OSError:
            return ""
        name = f"{digest}{path.suffix.lower() if path.suffix.isascii() else ''}"
        target = self._folder / name
        if not target.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            half = self._folder / f".{name}.new"
            shutil.copyfile(path, half)
            half.replace(target)  # a copy cut short must not pass for the picture next time
        return name

    def drop_others(self) -> None:
        """Remove what an earlier proof sheet left: a withdrawn picture mustn't live on in a folder."""
        used = set(self._names.values())
        if not self._folder.is_dir():
            return
        for entry in os.scandir(self._folder):
            if entry.name not in used and _NAME.fullmatch(entry.name.removeprefix(".").removesuffix(".new")):
                Path(entry.path).unlink(missing_ok=True)


def is_video(medium: ShownMedium) -> bool:
    """Tell a video from a picture, by its file's name."""
    return medium.path.suffix.lower() in _VIDEO
