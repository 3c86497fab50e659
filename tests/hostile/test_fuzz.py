"""Hypothesis looks for a file that breaks the sandbox, and for a parent that doesn't bear it."""

import io
import os
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.sandbox import Sandbox
from tests.hostile import attack, bases, makers_damage, makers_disguises
from tests.hostile.case import Case
from tests.reliability.on_networks import tell

EXAMPLES = int(os.environ.get("SOLIDARITY_HOSTILE_EXAMPLES", "150"))
ROUNDS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
GROWTH = 8 << 20


@ROUNDS
@given(
    kind=st.sampled_from((*makers_damage.PHOTOS, "MP4")),
    steps=st.lists(st.tuples(st.sampled_from(makers_damage.DAMAGES), st.integers(0, 2**32)), min_size=1, max_size=6),
)
def test_any_heap_of_damage_is_borne(sandbox: Sandbox, kind: str, steps: list[tuple[object, int]]) -> None:
    """However ways of damage are heaped, the answer is a plain refusal or a clean file."""

    def make() -> bytes:
        data = makers_damage.whole(kind)
        for damage, seed in steps:
            data = damage(data, random.Random(seed)) if len(data) > 200 else data  # type: ignore[operator]
        return data

    tell("hostile files", kind, examples=1)
    case = Case(name=kind, make=make, kind="video" if kind == "MP4" else "photo")
    assert attack.faults(case, attack.attempt(sandbox, case)) == []


@ROUNDS
@given(
    head=st.sampled_from(
        (
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"RIFF\0\0\0\0WEBP",
            b"\0\0\0\x18ftypheic",
            b"\0\0\0\x18ftypavif",
            b"",
        )
    ),
    data=st.binary(max_size=400),
)
def test_any_bytes_behind_a_signature_are_borne(sandbox: Sandbox, head: bytes, data: bytes) -> None:
    """Whatever follows a kind's first bytes, the answer is a plain refusal or a clean file."""
    tell("hostile files", "bytes", examples=1)
    case = Case(name="bytes", make=lambda: head + data)
    assert attack.faults(case, attack.attempt(sandbox, case)) == []


def test_the_parent_doesn_t_grow(sandbox: Sandbox) -> None:
    """A second round of two hundred hostile files leaves the parent's memory and open files where the first did."""
    cases = [*makers_damage.mutations()[::4], *makers_disguises.cases()[::2]]
    files = [(case.kind, case.make()) for case in cases]
    seen = []
    for _ in range(2):
        for kind, data in files:
            _handed_in(sandbox, kind, data)
        seen.append((attack.resident(), attack.descriptors()))
    assert seen[1][0] - seen[0][0] < GROWTH
    assert seen[1][1] == seen[0][1]
    assert sandbox.photo(bases.saved("JPEG")).mime == "image/jpeg"


def _handed_in(sandbox: Sandbox, kind: str, data: bytes) -> None:
    try:
        if kind == "photo":
            sandbox.photo(data, seconds=attack.SECONDS)
        else:
            sandbox.video(io.BytesIO(data), seconds=attack.SECONDS)
    except attack.MediaError:
        return
