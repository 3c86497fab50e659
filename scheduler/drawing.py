"""Pictures drawn ahead, in a process of their own, while a rehearsal delivers: each is there when its post comes.

The one drawn ahead is the very file that the delivery would draw (`rendering`). Where this fails, or is too late, the
delivery draws it itself, and says what is wrong.
"""

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from scheduler import files, publishers, rendering
from scheduler.model import Content, Planned, Workspace
from scheduler.publishers.base import Limits
from scheduler.renders import FOLDER

_WORTH = 12  # pictures: a process takes half a second to start
_FILM = 150  # deliveries: as many are done while a short film is made, so it is begun that much earlier

_PATIENCE = 5.0  # seconds that it may take to end what it is just writing

Order = tuple[Content, Limits]


@contextmanager
def ahead(planned: Iterable[Planned], workspace: Workspace) -> Iterator[None]:
    """Draw what is planned, in its order, as long as the block goes on; nothing that a volunteer handed in."""
    orders = _orders(planned, workspace)
    there = sum(1 for _ in (workspace.var / FOLDER).glob("*.json"))  # of an earlier rehearsal, for the most part
    if len(orders) - there < _WORTH or (os.cpu_count() or 1) == 1:
        yield
        return
    process = multiprocessing.get_context("spawn").Process(target=_draw, args=(orders, workspace), daemon=True)
    with suppress(OSError):  # a machine without room for one more does without it
        process.start()
    try:
        yield
    finally:
        if process.pid is not None:
            process.terminate()
            process.join(_PATIENCE)
            process.kill()
            process.join()


def _orders(planned: Iterable[Planned], workspace: Workspace) -> list[Order]:
    """Return each card without a photo, and each film, once, in the order in which it is needed.

    Photos are left out: `check` has just opened them in this process, which has them at hand.
    """
    found: dict[Order, int] = {}
    for number, one in enumerate(planned):
        card, film = one.content.card, one.content.video
        if one.submission_id is None and ((card and not card.photo) or film):
            shown = Content(text="", language="", card=None if card and card.photo else card, video=film)
            limits = publishers.load(workspace.accounts[one.account].platform).limits
            found.setdefault((shown, limits), number - (_FILM if film else 0))
    return sorted(found, key=lambda order: found[order])


def _draw(orders: list[Order], workspace: Workspace) -> None:
    """Draw all of them, in a process of its own, until there is no one any more to draw them for."""
    ending: list[int] = []

    def end(signal: int, frame: FrameType | None) -> None:
        ending.append(signal)
        if not any(where.f_code is files.write.__code__ for where, _ in traceback.walk_stack(frame)):
            sys.exit()  # a file that is just being written is written first: no half of it is left

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the rehearsal, which then ends this
    signal.signal(signal.SIGTERM, end)
    parent = multiprocessing.parent_process()
    for content, limits in orders:
        if ending or (parent is not None and not parent.is_alive()):
            return
        with suppress(Exception):  # the delivery meets it too, and says so
            rendering.media(content, limits, workspace)
