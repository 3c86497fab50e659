"""From a path to text: only a regular file of the workspace, small, in UTF-8, is ever opened."""

import codecs
import os
import re
import stat
from pathlib import Path

from scheduler.model import Place
from scheduler.reading.report import Report, Wrong

LARGEST = 1_048_576  # bytes; a campaign action takes some thousand
POSTS = "posts"
"""The folder of the campaign's actions, one in each file."""

_ENDINGS = (".yaml", ".yml")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN = bytes((*b"\t\n\r", *range(0x20, 0x7F)))
_OTHER_ENCODINGS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def campaign(folder: Path) -> list[Path]:
    """Return the files of posts/, also those whose ending would hide them from the campaign."""
    try:
        names = sorted(os.listdir(folder / POSTS))  # noqa: PTH208 - Paths alone would be half of the time
    except OSError:
        return []
    paths = [folder / POSTS / name for name in names if name.lower().endswith(_ENDINGS) and not name.startswith(".")]
    return [path for path in paths if path.suffix]


def within(path: Path, folder: Path) -> bool:
    """Tell whether `path`, with every symbolic link followed, lies in `folder`."""
    try:
        if _is_plainly_within(path, folder):
            return True
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no file can have
        return False


def _is_plainly_within(path: Path, folder: Path) -> bool:
    """Tell whether the way from `folder` to `path` goes down only, without a link: told at a tenth of the cost."""
    way, whole = f"{folder}/", str(path)
    parts = whole.removeprefix(way).split("/")
    if not whole.startswith(way) or not {"", ".", ".."}.isdisjoint(parts):
        return False
    for part in parts:
        way += part
        if os.path.islink(way):  # noqa: PTH114 - a Path for each takes longer than looking
            return False
        way += "/"
    return True


def require_file(path: Path, folder: Path, name: str) -> None:
    """Raise Wrong unless `path` is a regular file in `folder`; nothing is opened.

    `name` is how the message calls the file.
    """
    if not within(path, folder):
        raise Wrong("outside-workspace", f"{name} leads out of the workspace; copy the file into it")
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise Wrong("missing-file", f"there is no file {name}; check the name or add the file") from None
    except (OSError, ValueError):
        raise Wrong("unreadable-file", f"{name} can't be looked at; check its name and permissions") from None
    if not stat.S_ISREG(mode):
        raise Wrong("not-a-file", f"{name} is not a plain file; put a plain file in its place")


def read_text(path: Path, folder: Path, name: str, report: Report) -> str | None:
    """Return the text of the file, or None with the problem in `report`. Never hangs, never raises."""
    try:
        require_file(path, folder, name)
        raw = _bytes(path, name)
    except Wrong as wrong:
        report.error(Place(file=name), wrong.rule, wrong.message)
        return None
    return _text(raw, name, report)


def _bytes(path: Path, name: str) -> bytes:
    # Non-blocking and looked at again once open: the file may have become a pipe since.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise Wrong("not-a-file", f"{name} is not a plain file; put a plain file in its place")
            raw = file.read(min(found.st_size, LARGEST) + 1)
            if len(raw) > found.st_size:  # it has grown since
                raw += file.read(LARGEST)
    except OSError as error:
        reason = (error.strerror or "the system refuses").lower()
        raise Wrong("unreadable-file", f"{name} can't be read: {reason}; check its permissions") from None
    if len(raw) > LARGEST:
        raise Wrong("file-too-large", "the file is larger than 1 MB; divide it into several actions")
    return raw


def _text(raw: bytes, name: str, report: Report) -> str | None:
    if raw.startswith(_OTHER_ENCODINGS):
        report.error(Place(file=name), "encoding", "the file is in UTF-16 or UTF-32; save it as UTF-8")
        return None
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        place = _place(name, raw[: error.start].decode())
        report.error(place, "encoding", f"byte 0x{raw[error.start]:02X} is not UTF-8; save the file as UTF-8")
        return None
    # What isn't plain ASCII is a small part of most files: looked at alone first.
    if _CONTROL.search(raw.translate(None, _PLAIN).decode()) and (found := _CONTROL.search(text)):
        place = _place(name, text[: found.start()])
        report.error(place, "encoding", f"the invisible character U+{ord(found[0]):04X} can't stand here; delete it")
        return None
    return text


def _place(name: str, before: str) -> Place:
    lines = re.split("\r\n|\r|\n", before)
    return Place(file=name, line=len(lines), column=len(lines[-1]) + 1)
