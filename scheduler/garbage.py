"""Python's search for garbage, held back while much is read and all of it is needed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected(*, keeps: bool = False) -> Iterator[None]:
    """Look for no garbage meanwhile: among ten thousand posts there is none, and looking takes a fifth of the time.

    `keeps`: what is read stays until the program ends, so that it need not be looked through afterwards either.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on and keeps:
            gc.freeze()
        if was_on:
            gc.enable()
