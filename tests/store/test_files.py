"""Files are written whole or not at all, and stay when the power fails."""

import os
from pathlib import Path

import pytest

from scheduler import config, files
from scheduler.tokens import Tokens


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return what is done to the disk, in order: what was brought there, and what was renamed to what."""
    done: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace

    def bring(number: int) -> None:
        done.append(("bring", Path(f"/proc/self/fd/{number}").readlink().name))
        fsync(number)

    def rename(path: Path, target: Path) -> Path:
        done.append((f"rename {path.name}", target.name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", bring)
    monkeypatch.setattr(Path, "replace", rename)
    return done


def test_a_file_is_on_the_disk_before_its_name_and_its_name_before_we_go_on(
    tmp_path: Path, steps: list[tuple[str, str]]
) -> None:
    """Also all the secrets of a workspace, which are written anew at each login, and renewed tokens."""
    (tmp_path / ".env").write_text("ALL=secrets\n")
    tokens = Tokens(tmp_path, "one")
    tokens.write({})
    steps.clear()
    for name, write in (
        ("plain", lambda: files.write(tmp_path / "plain", b"data")),
        (".env", lambda: config.put(tmp_path, {"A": "b"}, {})),
        ("one.json", lambda: tokens.write({"token": "t"})),
    ):
        write()
        (first, half), (renamed, target), last = steps
        assert (first, renamed, target) == ("bring", f"rename {half}", name)
        assert half.startswith(".")
        assert last == ("bring", "tokens" if name == "one.json" else tmp_path.name)
        steps.clear()


def test_a_disk_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be brought to the disk doesn't take the place of anything, and leaves nothing half written."""

    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "plain").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(files.MachineError, match="free some space"):
        files.write(tmp_path / "plain", b"new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("plain", "old")]
