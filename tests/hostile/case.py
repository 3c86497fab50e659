"""One hostile file: its name, how it is made, and what must become of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PIL import Image

Fate = Literal["refused", "cleaned", "either"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file that a test makes.

    Attributes:
        name: short, unique in its class; the test's id.
        make: its bytes; not called before the test runs.
        fate: refused in plain words, cleaned, or either; never anything else.
        kind: whether it is handed in as a photo or as a film.
        like: what a cleaned one must look like; None: anything.
    """

    name: str
    make: Callable[[], bytes]
    fate: Fate = "either"
    kind: Literal["photo", "video"] = "photo"
    like: Callable[[], Image.Image] | None = None
