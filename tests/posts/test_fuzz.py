"""Whatever the bytes of a file are: problems, never a traceback."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.posts import keys
from scheduler.posts.action import read
from tests.posts import campaign

QUIETLY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
PIECES = [
    *(": ", "- ", "\n", "\t", "  ", "[", "]", "{", "}", "#", "&a", "*a", "!!str ", "|", ">", '"', "'", "%", "---"),
    *("\\u", "@", "?", ",", "title", "posts", "id", "every", "at", "2021-09-10 09:00", "\x85", "é", "\ufeff", "\r"),
]


@pytest.fixture
def attempt(tmp_path):
    """Return a function that reads the bytes as an action's file."""
    campaign.make(tmp_path)
    workspace = campaign.workspace(tmp_path)
    world = keys.World.of(workspace, campaign.THEMES)
    file = tmp_path / "posts" / "one.yaml"

    def reading(raw: bytes):
        file.write_bytes(raw)
        return read(file, "posts/one.yaml", world, workspace, campaign.NOW)

    return reading


@QUIETLY
@given(raw=st.binary(max_size=300))
def test_any_bytes(attempt, raw):
    """Random bytes give a problem and a broken action."""
    reading = attempt(raw)
    assert reading.is_broken
    assert reading.report.problems


@QUIETLY
@given(pieces=st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40))
def test_any_yaml(attempt, pieces):
    """Random pieces of YAML give a problem or an action, nothing else."""
    reading = attempt("".join(pieces).encode(errors="surrogatepass"))
    assert reading.is_broken or reading.action


@QUIETLY
@given(
    at=st.integers(0, len(campaign.ACTION)),
    drop=st.integers(0, 30),
    put=st.sampled_from(PIECES) | st.text(max_size=8),
)
def test_any_slip(attempt, at, drop, put):
    """A good file with something cut out and something put in gives a problem or an action."""
    text = campaign.ACTION[:at] + put + campaign.ACTION[at + drop :]
    reading = attempt(text.encode(errors="surrogatepass"))
    assert reading.is_broken or reading.action


def test_half_written_at_every_byte(attempt):
    """A good file cut off after any byte never raises, and is broken as a whole until its first post."""
    raw = campaign.ACTION.encode()
    first = raw.index(b"  - id: report")
    for length in range(len(raw)):
        reading = attempt(raw[:length])
        assert reading.is_broken or (reading.action and length > first), length


def test_a_problem_has_its_place(attempt):
    """Places count from 1 and lie in the file, also after characters that take several bytes."""
    reading = attempt("title: ééé\nphase: ongoing\nposts: []\nété: 1\n".encode())
    assert [str(problem.place) for problem in reading.report.problems if problem.rule == "unknown-key"] == [
        "posts/one.yaml:4:1"
    ]
    assert Path(reading.report.problems[0].place.file) == Path("posts/one.yaml")
