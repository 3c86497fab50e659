"""A network is one file: this one is added beside the others while the test runs, and everything finds it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler import app as parts
from scheduler import publishers
from scheduler.app import read_workspace
from scheduler.clock import SimulatedClock
from scheduler.operations import deliver, queue
from scheduler.store import deliveries

_TOY = '''
"""A wall in the street: a post is a line of a file."""

from scheduler.errors import TryLater
from scheduler.model import Finding, Receipt, Staged
from scheduler.publishers import base


class Publisher(base.Publisher):
    """One wall."""

    platform = "wall"
    options = frozenset({"colour"})
    limits = base.Limits(text=40, images=1, image_bytes=1000000, image_types=frozenset({"image/jpeg"}), alt=100,
                         card=(600, 600), source="the street, 2026-11")

    def measure(self, text):
        return len(text)

    def problems(self, content):
        return [Finding(rule="text-too-long", message="too long for a wall")] if len(content.text) > 40 else []

    def stage(self, out, begun=None):
        return Staged()

    def publish(self, out, staged):
        with (self._folder / "wall.txt").open("a") as file:
            file.write(f"{out.token} {out.text!r}\\n")
        return self.find(out, staged, out.due_at)

    def find(self, out, staged, since):
        found = [line for line in (self._folder / "wall.txt").read_text().splitlines() if line.startswith(out.token)]
        return Receipt(remote_id=out.token, url=None, published_at=self._clock.now()) if found else base.Absent()

    def delete(self, receipt):
        raise TryLater("paint is not rubbed off")

    def verify(self):
        return "a wall"
'''


@pytest.fixture
def wall(tmp_path: Path) -> Iterator[None]:
    """Add the network for as long as the test runs."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "wall.py").write_text(_TOY)
    publishers.__path__.append(str(folder))
    publishers.names.cache_clear()
    publishers.load.cache_clear()
    yield
    publishers.__path__.remove(str(folder))
    publishers.names.cache_clear()
    publishers.load.cache_clear()


_POSTS = """
title: T
phase: ongoing
posts:
  - {id: short, at: 2021-09-10 09:00, text: Free them}
  - {id: long, at: 2021-09-10 10:00, text: Free every one of them before it is too late for all}
"""


@pytest.mark.usefixtures("wall")
def test_one_file_is_a_network(tmp_path: Path) -> None:
    """With its file there an account may name it, `check` counts as it does, and a post goes out on it once."""
    folder = tmp_path / "workspace"
    (folder / "posts").mkdir(parents=True)
    config = "name: N\ntimezone: UTC\nlanguages: [en]\naccounts:\n  street: {platform: wall, colour: red}\n"
    (folder / "config.yaml").write_text(config)
    (folder / "posts" / "act.yaml").write_text(_POSTS)
    workspace, problems = read_workspace(folder)
    assert workspace is not None
    assert problems == []
    clock = SimulatedClock(datetime(2021, 9, 10, 8, 0, tzinfo=UTC))
    app = parts.build(workspace, clock=clock)
    loaded = app.load_posts()
    assert [(problem.post, problem.rule) for problem in loaded.problems] == [("act/long", "text-too-long")]
    queue.apply(app, loaded)
    clock.move_to(datetime(2021, 9, 10, 9, 0, tzinfo=UTC))
    while deliver.step(app):
        pass
    with app.store.read() as c:
        assert [(one.key, one.status) for one in deliveries.in_status(c)] == [("act/short@street", "published")]
    app.close()
    assert len((folder / "var" / "wall.txt").read_text().splitlines()) == 1
