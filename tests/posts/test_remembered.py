"""Looking again is quick where nothing has changed, and never says anything else than looking anew."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler import remembered
from scheduler.clock import SimulatedClock
from scheduler.operations.check import Checked, check, look
from scheduler.remembered import Found

NOW = datetime(2021, 9, 1, tzinfo=UTC)
CONFIG = """\
name: Campaign
timezone: America/Toronto
languages: [en]
brand: {logo: logo.png}
accounts:
  one: {platform: outbox, lang: en}
"""
ACTION = """\
title: {title}
phase: ongoing
closes: 2021-12-31
posts:
  - {{id: first, at: 2021-09-10 09:00, text: "Hello, {title} {{lnk}}"}}
  - {{id: shown, at: 2021-09-11 09:00, text: "See {title}", images: [{{file: map.png, alt: A map}}]}}
  - {{id: again, every: {{days: tue, time: "12:00", from: 2021-09-14, until: 2021-10-28}}, text: "More {title}"}}
"""


def picture(shade: int = 0) -> bytes:
    """Return a picture."""
    from io import BytesIO

    from PIL import Image

    found = BytesIO()
    Image.new("RGB", (64, 64), (shade, 100, 100)).save(found, "PNG")
    return found.getvalue()


@dataclass
class Desk:
    """A workspace, and the cache of the person who looks at it."""

    folder: Path
    cache: Path
    clock: SimulatedClock

    def look(self) -> Found:
        """Look as the command does; whatever comes of it must be what looking anew gives."""
        found, anew = (
            look(self.folder, clock=self.clock, cache=self.cache),
            check(self.folder, clock=self.clock),
        )
        assert (found.posts, found.deliveries, found.problems) == (anew.posts, anew.deliveries, anew.problems)
        return found

    def remembers(self) -> bool:
        """Look, and tell whether that was told from memory."""
        return not isinstance(self.look(), Checked)

    @property
    def entry(self) -> Path:
        """The one entry of the cache."""
        (found,) = self.cache.iterdir()
        return found

    def write(self, name: str, data: bytes | str) -> None:
        """Write a file of the workspace, and give it the times that it had: only a careful look tells."""
        path = self.folder / name
        times = path.stat() if path.exists() else None
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        if times:
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A workspace of two actions that has been looked at once."""
    monkeypatch.setattr(remembered, "SETTLED", -1e6)  # all was written this very second
    made = Desk(tmp_path / "here", tmp_path / "cache", SimulatedClock(NOW))
    made.folder.mkdir()
    for name, data in {
        "config.yaml": CONFIG,
        "logo.png": picture(),
        "map.png": picture(),
        "posts/one.yaml": ACTION.format(title="One"),
        "posts/two.yaml": ACTION.format(title="Two"),
    }.items():
        made.write(name, data)
    assert not made.remembers()
    return made


def test_unchanged_is_told_from_memory(desk: Desk) -> None:
    """Proves that the second look reads nothing anew, says the same, warnings included, and leaves no trace here."""
    before = sorted(str(one) for one in desk.folder.rglob("*"))
    assert desk.remembers()
    found = desk.look()
    assert (found.posts, found.deliveries) == (6, 18)
    assert {one.rule for one in found.problems} == {"near-placeholder"}
    assert sorted(str(one) for one in desk.folder.rglob("*")) == before
    assert desk.entry.stat().st_mode & 0o777 == 0o600


CHANGES: dict[str, Callable[[Desk], object]] = {
    "a letter": lambda desk: desk.write("posts/one.yaml", ACTION.format(title="0ne")),
    "what another file says too": lambda desk: desk.write("posts/one.yaml", ACTION.format(title="Two")),
    "broken": lambda desk: desk.write("posts/one.yaml", ACTION.format(title="[ne")),
    "another action": lambda desk: desk.write("posts/three.yaml", ACTION.format(title="Three")),
    "an action gone": lambda desk: (desk.folder / "posts/two.yaml").unlink(),
    "an action's name": lambda desk: (desk.folder / "posts/two.yaml").rename(desk.folder / "posts/2.yaml"),
    "a link": lambda desk: (desk.folder / "posts/three.yaml").symlink_to("/etc/hostname"),
    "the zone": lambda desk: desk.write("config.yaml", CONFIG.replace("Toronto", "Halifax")),
    "the network": lambda desk: desk.write("config.yaml", CONFIG.replace("outbox", "bluesky")),
    "quiet hours": lambda desk: desk.write("config.yaml", CONFIG + 'quiet: {from: "08:00", until: "10:00"}\n'),
    "a picture": lambda desk: desk.write("map.png", b"x" * len(picture())),
    "a picture gone": lambda desk: (desk.folder / "map.png").unlink(),
    "a picture nearer by": lambda desk: desk.write("posts/map.png", b"no picture"),
    "the logo gone": lambda desk: (desk.folder / "logo.png").unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_noticed(desk: Desk, change: Callable[[Desk], object]) -> None:
    """Proves that no change is missed, whatever the files' times say, and that the old state is known again after."""
    change(desk)
    assert not desk.remembers()


def test_another_program_looks_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proves that another version, of the program or of a library, doesn't trust what its forerunner found."""
    for name in ("_libraries", "_program"):
        assert desk.remembers()
        own = getattr(remembered, name)
        monkeypatch.setattr(remembered, name, lambda path, own=own: [*own(path), ("another-2.0.dist-info", 1, 1)])
        assert not desk.remembers()


def test_a_program_that_was_just_put_in_place_keeps_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proves that what the old program found, while the new one took its place, is not taken for the new one's."""
    own, later = remembered._program, 2**62
    monkeypatch.setattr(remembered, "_program", lambda path: [*own(path), ("new.py", 1, later)])
    assert [desk.remembers(), desk.remembers()] == [False, False]


def test_time_goes_on(desk: Desk) -> None:
    """Proves that a post whose time has passed is warned of at once, never early; likewise the end of a recurrence."""
    instant = timedelta(microseconds=1)
    for passed, (month, day, hour) in enumerate(((9, 10, 13), (9, 11, 13), (10, 26, 16))):
        moment = datetime(2021, month, day, hour, tzinfo=UTC)
        desk.clock.move_to(moment - instant)
        desk.look()
        assert desk.remembers()
        assert sum(one.rule == "past-time" for one in desk.look().problems) == 2 * passed
        desk.clock.move_to(moment + instant)
        assert not desk.remembers()
        assert sum(one.rule == "past-time" for one in desk.look().problems) == 2 * passed + 2
    earlier = Desk(desk.folder, desk.cache, SimulatedClock(NOW))
    assert not earlier.remembers()  # its clock was put back


def test_what_changes_meanwhile_is_not_kept(desk: Desk) -> None:
    """Proves that what is found of files which somebody saves at that moment isn't taken for what they say after."""
    desk.write("posts/one.yaml", ACTION.format(title="Uno"))

    class Saving(SimulatedClock):
        """A clock during whose reading somebody saves a file."""

        def now(self) -> datetime:
            """Return the time."""
            desk.write("posts/one.yaml", ACTION.format(title="Eins"))
            return super().now()

    look(desk.folder, clock=Saving(NOW), cache=desk.cache)
    assert not desk.remembers()


def test_a_picture_just_saved_is_looked_at_once_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proves that nothing is kept while a picture is so new that a further change might leave no sign."""
    monkeypatch.setattr(remembered, "SETTLED", 1e6)
    desk.write("map.png", picture(3))
    assert [desk.remembers(), desk.remembers()] == [False, False]


def test_only_whole_looks_are_kept(desk: Desk) -> None:
    """Proves that a look at some of the files neither asks the memory nor fills it."""
    file = desk.folder / "posts/one.yaml"
    found = look(desk.folder, clock=desk.clock, cache=desk.cache, files=[file])
    assert (found.posts, isinstance(found, Checked)) == (3, True)
    assert desk.remembers()


def test_nothing_is_kept_beside_a_secret(desk: Desk) -> None:
    """Proves that no entry comes of a config.yaml in which something is wrong: it may be a secret."""
    desk.entry.unlink()
    desk.write("config.yaml", CONFIG + "secret: ghp_0123456789abcdef0123\n")
    assert not desk.remembers()
    assert not [*desk.cache.iterdir()]


def _sealed(body: str) -> bytes:
    return f"{remembered._digest(body)}\n{body}".encode()


def _spoilt(whole: bytes) -> list[bytes]:
    """Return an entry damaged in many ways, and others that are whole but not ours."""
    entry = json.loads(whole.partition(b"\n")[2])
    found = [b"", b"\n", b"\xff" * 90, b"[" * 50_000, whole[1:], whole + b" ", b"{}", _sealed("[" * 50_000)]
    found += [whole[:end] for end in range(0, len(whole), len(whole) // 40)]
    found += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, len(whole), len(whole) // 60)]
    for name in entry:
        found.append(_sealed(json.dumps({key: value for key, value in entry.items() if key != name})))
        found += [
            _sealed(json.dumps(entry | {name: odd}))
            for odd in (None, [], {}, "x", [[1]], {"a": 1})
            if odd != entry[name]
        ]
    return found + [_sealed(odd) for odd in ("null", "[]", "1", '"x"', "{}", "NaN")]


def test_a_damaged_entry_is_as_none(desk: Desk) -> None:
    """Proves that whatever stands in the cache, what is said is what looking anew gives, without a traceback."""
    anew, path = desk.look(), desk.entry
    whole = path.read_bytes()
    for data in _spoilt(whole):
        path.write_bytes(data)
        known = remembered.Memory(desk.cache, desk.folder).recall(NOW)
        assert known is None or (known.posts, known.deliveries) == (anew.posts, anew.deliveries), data[:200]
    path.write_bytes(whole[:-1])
    assert [desk.remembers(), desk.remembers()] == [False, True]


def test_only_a_plain_file_of_ones_own_is_believed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proves that links, folders, pipes and what others may write are never read, and do no harm."""
    path = desk.entry
    whole = path.read_bytes()
    path.chmod(0o666)
    assert [desk.remembers(), desk.remembers()] == [False, True]
    elsewhere = desk.folder.parent / "elsewhere"
    elsewhere.write_bytes(whole)
    for put in (lambda: path.symlink_to(elsewhere), lambda: os.mkfifo(path), path.mkdir):
        path.unlink()
        put()
        assert not desk.remembers()
    assert not desk.remembers()  # a folder stays in the way
    path.rmdir()
    assert [desk.remembers(), desk.remembers()] == [False, True]
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    assert not desk.remembers()  # it is another user's


def test_where_nothing_can_be_kept_looking_is_as_ever(desk: Desk, tmp_path: Path) -> None:
    """Proves that a cache that can't be written, or that nobody has, is simply not there."""
    (tmp_path / "file").write_text("x")
    for cache in (tmp_path / "file/cache", Path("/proc/solidarity"), Path("/dev/null")):
        assert not Desk(desk.folder, cache, desk.clock).remembers()
    assert isinstance(look(desk.folder, clock=desk.clock, cache=None), Checked)


def test_entries_that_nobody_renews_are_forgotten(desk: Desk) -> None:
    """Proves that the cache doesn't grow with every workspace that there ever was."""
    old = desk.cache / "0123.json"
    old.write_text("{}")
    os.utime(old, (1, 1))
    desk.write("posts/one.yaml", ACTION.format(title="Uno"))
    desk.look()
    assert not old.exists()
    assert desk.remembers()
