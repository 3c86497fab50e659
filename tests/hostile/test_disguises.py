"""Files that aren't what they are called, and films that point to other files."""

import contextlib
import io
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path

import av
import pytest

from media import clean, video
from media.errors import MediaError
from media.sandbox import Sandbox
from tests.hostile import bases, makers_disguises
from tests.hostile.case import Case
from tests.hostile.watch import Watch


@pytest.mark.parametrize("case", makers_disguises.cases(), ids=attrgetter("name"))
def test_a_disguise_is_seen_through(case: Case, faults: Callable[[Case], list[str]]) -> None:
    """What is no photo or film is refused in plain words; what is both is made anew from its pixels."""
    assert faults(case) == []


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A film next door, which a playlist could show."""
    path = tmp_path / "secret.mp4"
    path.write_bytes(bases.film())
    return path


def test_no_file_next_door_is_opened(secret: Path, sandbox: Sandbox) -> None:
    """Neither the sandbox nor the bare library opens the file that a playlist, script or reference names."""
    with Watch(secret) as watch:
        for case in makers_disguises.cases(str(secret)):
            data = case.make()
            for opens in (
                lambda data=data: clean.photo(data),
                lambda data=data: video.clean(io.BytesIO(data)),
                lambda data=data: sandbox.video(io.BytesIO(data)),
            ):
                with contextlib.suppress(MediaError):
                    opens()
            assert not watch.opened(), case.name


def test_the_watch_sees_a_link_followed(secret: Path) -> None:
    """The proof has teeth: a reader of scripts, which FFmpeg has, opens the file next door, and that is seen."""
    script = secret.with_name("film.mp4")
    script.write_bytes(makers_disguises.texts(str(secret))["ffconcat"])
    with Watch(secret) as watch:
        with contextlib.suppress(av.FFmpegError), av.open(str(script), format="concat", options={"safe": "0"}):
            pass
        assert watch.opened()
