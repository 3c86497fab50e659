"""Pictures drawn ahead, in a process of their own."""

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scheduler import drawing, files, plan, rendering
from scheduler.model import Account, Action, CardOrder, Phase, Planned, Text, Workspace
from scheduler.publishers.outbox import Publisher
from scheduler.renders import FOLDER
from tests.world import NOON, ZONE, post

DATABASES = ("sqlite",)  # no state has a part in it
CARDS = 14


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have two processors: with one, nothing is drawn ahead."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def workspace(folder: Path) -> Workspace:
    """Return a workspace with one account."""
    account = Account(name="a", platform="outbox", language="en")
    return Workspace(folder=folder, name=Text({"": "T"}), timezone=ZONE, languages=("en",), accounts={"a": account})


def planned(folder: Path, count: int = CARDS) -> list[Planned]:
    """Return so many posts with a card each."""
    cards = (CardOrder(message=Text({"": f"We are with you, {number} of many"})) for number in range(count))
    posts = (post(f"p{number}", at=NOON + number * timedelta(hours=1), card=one) for number, one in enumerate(cards))
    values = {"title": Text({"": "act"}), "phase": Phase.ongoing, "file": "posts/act.yaml"}
    return plan.deliveries([Action(key="act", posts=tuple(posts), **values)], workspace(folder))


def there(folder: Path) -> set[str]:
    """Return the names of what lies among the rendered pictures."""
    rendered = workspace(folder).var / FOLDER
    return {file.name for file in rendered.iterdir()} if rendered.exists() else set()


def wait_until(what: Callable[[], object]) -> None:
    """Wait for another process; two minutes at most."""
    for _ in range(1200):
        if what():
            return
        threading.Event().wait(0.1)
    raise TimeoutError


def test_what_is_drawn_ahead_is_what_the_delivery_would_draw(tmp_path: Path) -> None:
    """The files have the names and the bytes of those drawn here."""
    here, ahead = tmp_path / "here", tmp_path / "ahead"
    wanted = [rendering.media(one.content, Publisher.limits, workspace(here))[0].path for one in planned(here)]
    with drawing.ahead(planned(ahead), workspace(ahead)):
        wait_until(lambda: {path.name for path in wanted} <= there(ahead))
    for path in wanted:
        assert (workspace(ahead).var / FOLDER / path.name).read_bytes() == path.read_bytes()


def test_the_process_ends_with_the_rehearsal(tmp_path: Path) -> None:
    """However early that is, none lives on, and no half of a file is left."""
    with drawing.ahead(planned(tmp_path, 60), workspace(tmp_path)):
        (process,) = multiprocessing.active_children()
        wait_until(lambda: there(tmp_path))
    assert not process.is_alive()
    assert {Path(name).suffix for name in there(tmp_path)} <= {".jpg", ".json"}


def test_what_is_being_written_is_written_before_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended between the making of a file and its first byte, it writes that one whole, and no more."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    made = tempfile.mkstemp

    def ended_here(**given: Any) -> tuple[int, str]:
        found = made(**given)
        os.kill(os.getpid(), signal.SIGTERM)
        return found

    monkeypatch.setattr(tempfile, "mkstemp", ended_here)
    monkeypatch.setattr(rendering, "media", lambda text, *_: files.write(tmp_path / f"{text}.jpg", b"a picture"))
    try:
        drawing._draw([("one", Publisher.limits), ("two", Publisher.limits)], workspace(tmp_path))  # type: ignore[list-item]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {"one.jpg": b"a picture"}


def test_a_few_pictures_are_not_worth_a_process(tmp_path: Path) -> None:
    """Nor are those that are there already."""
    with drawing.ahead(planned(tmp_path, 3), workspace(tmp_path)):
        assert multiprocessing.active_children() == []
    for one in planned(tmp_path):
        rendering.media(one.content, Publisher.limits, workspace(tmp_path))
    with drawing.ahead(planned(tmp_path), workspace(tmp_path)):
        assert multiprocessing.active_children() == []


def test_what_people_hand_in_and_photos_are_left_to_the_delivery(tmp_path: Path) -> None:
    """Neither is ever in the hands of another process."""
    whole = planned(tmp_path)
    theirs = [replace(one, submission_id=7) for one in whole]
    photos = [
        replace(one, content=replace(one.content, card=replace(one.content.card, photo="posts/images/a.jpg")))
        for one in whole
        if one.content.card
    ]
    assert len(photos) == len(drawing._orders(whole, workspace(tmp_path))) == CARDS
    assert drawing._orders([*theirs, *photos], workspace(tmp_path)) == []
