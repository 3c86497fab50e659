"""What the hostile files are thrown at: one warm sandbox for each module of tests."""

from collections.abc import Callable, Iterator

import pytest

from media.sandbox import Sandbox
from tests.hostile import attack
from tests.hostile.case import Case


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The real sandbox, its decoders loaded."""
    with Sandbox() as made:
        yield attack.warmed(made)


@pytest.fixture
def faults(sandbox: Sandbox) -> Callable[[Case], list[str]]:
    """Hands a file in and says what is wrong with what became of it."""
    return lambda case: attack.faults(case, attack.attempt(sandbox, case))
