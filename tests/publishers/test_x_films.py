"""Films on X: sent in segments, step by step; X works on them for a while, and what it can't use is named."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from scheduler.clock import SimulatedClock
from scheduler.errors import AccountBlocked, Rejected, TryLater
from scheduler.model import Medium, Outgoing, Staged
from scheduler.publishers import x_media
from scheduler.publishers.x import Publisher
from scheduler.standins.faults import FAULTS
from scheduler.standins.x import USERS, Server
from tests.media import films
from tests.publishers.conftest import Make
from tests.publishers.harness_x import Harness
from tests.publishers.test_x_faults import CLEAR, outcome, patience

INITIALIZE, APPEND = "POST /2/media/upload/initialize", "POST /2/media/upload/:id/append"
FINALIZE, STATUS = "POST /2/media/upload/:id/finalize", "GET /2/media/upload"


@pytest.fixture
def clock(x: Server) -> SimulatedClock:
    """Return a clock that stands still, X's too."""
    clock = SimulatedClock(datetime(2027, 3, 1, 12, tzinfo=UTC))
    x.now = lambda: clock.now().timestamp()
    return clock


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Medium:
    """Return a film of a second, with sound."""
    return kept(tmp_path_factory.mktemp("film") / "film.mp4", films.film(sounds=[films.tone()]))


def kept(path: Path, data: bytes, size: tuple[int, int] = (160, 120)) -> Medium:
    """Return a film in a file."""
    path.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    wide, high = size
    return Medium(path=path, mime="video/mp4", width=wide, height=high, size=len(data), sha256=digest, alt="Un film")


def going(film: Medium, **more: object) -> Outgoing:
    """Return a delivery that shows a film."""
    return replace(Harness(film.path.parent).out("Regardez", film), **more)


def staged(make: Callable[[], Publisher], out: Outgoing, clock: SimulatedClock) -> Staged:
    """Stage as the daemon does: each step stored as JSON, the next by whoever comes along."""
    step = make().stage(out)
    for _ in range(1000):
        if step.again_at is None:
            return step
        clock.move_to(max(clock.now(), step.again_at))
        step = make().stage(out, begun=Staged(json.loads(json.dumps(dict(step.ids))), step.again_at))
    raise AssertionError


def test_a_film_goes_out(x: Server, make: Make, clock: SimulatedClock, film: Medium) -> None:
    """A film is uploaded, waited for as long as X says, and posted to the byte; nothing shows before."""
    out, since = going(film), clock.now()
    step = make(clock=clock).stage(out)
    assert (step.again_at, list(x.uploads)) == (since, [step.ids["film"]["id"]])
    ready = staged(lambda: make(clock=clock), out, clock)
    assert clock.now() - since >= timedelta(seconds=x.film_takes)
    assert not x.posts
    assert ready.ids["since_id"] is None
    receipt = make(clock=clock).publish(out, ready)
    (post,) = x.state()["posts"]
    assert (post["id"], post["media"][0]["sha256"]) == (receipt.remote_id, film.sha256)
    assert make(clock=clock).find(out, ready, since) == receipt
    assert not x.asked("POST /2/media/metadata")


def test_a_film_is_never_in_memory_whole(
    x: Server, make: Make, clock: SimulatedClock, film: Medium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes in segments, in order, none larger than asked for, and an interrupted step begins where it ended."""
    monkeypatch.setattr(x_media, "SEGMENT", 5_000)
    monkeypatch.setattr(x_media, "_ONE_STEP", timedelta())
    monkeypatch.setattr(Path, "read_bytes", None)
    ready = staged(lambda: make(clock=clock), going(film), clock)
    bodies = [json.loads(request.body) for request in x.asked(APPEND)]
    assert [body["segment_index"] for body in bodies] == list(range(-(-film.size // 5_000)))
    assert max(len(base64.b64decode(body["media"])) for body in bodies) == 5_000
    assert x.pictures[ready.ids["media_ids"][0]].sha256 == film.sha256
    assert len(x.asked(INITIALIZE)) == len(x.asked(FINALIZE)) == 1


def test_a_film_by_another_name_begins_anew(x: Server, make: Make, clock: SimulatedClock, film: Medium) -> None:
    """What was begun for another film, or lost its form, is not gone on with."""
    for begun in (
        {"film": {"id": "1", "sha256": "other", "sent": 0}},
        {"film": "?"},
        {"film": {"sha256": film.sha256}},
    ):
        step = make(clock=clock).stage(going(film), begun=Staged(begun))
        assert step.ids["film"]["id"] in x.uploads
    assert len(x.uploads) == 3


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"form": "mov"}, "no MP4"),
        ({"codec": "mpeg4"}, "H.264"),
        ({"sounds": [films.tone()], "sound_codec": "mp3"}, "AAC"),
        ({"times": [Fraction(0), Fraction(1, 5)]}, "0.5 to 140"),
        ({"size": (640, 160)}, "640 x 160"),
        ({"times": [Fraction(number, 90) for number in range(90)]}, "pictures a second"),
    ],
)
def test_a_film_that_x_can_t_use_is_named(
    make: Make, clock: SimulatedClock, tmp_path: Path, made: dict[str, object], why: str
) -> None:
    """X opens the file: form, codecs, length, size and speed; its word is passed on."""
    odd = kept(tmp_path / "odd.mp4", films.film(**made))
    with pytest.raises(Rejected, match=why):
        staged(lambda: make(clock=clock), going(odd), clock)


def test_no_film_is_sent_that_can_t_be_right(x: Server, make: Make, clock: SimulatedClock, film: Medium) -> None:
    """Too many pixels or bytes, or pictures beside it: refused here already."""
    odd = [replace(film, width=1281), replace(film, height=1025), replace(film, size=512_000_001)]
    for out in (*(going(one) for one in odd), replace(going(film), media=(film, film))):
        with pytest.raises(Rejected):
            make(clock=clock).stage(out)
    with pytest.raises(TryLater, match=r"film\.mp4"):
        staged(lambda: make(clock=clock), going(replace(film, path=film.path.parent / "gone" / "film.mp4")), clock)
    assert not x.asked(APPEND)


def test_x_takes_ten_minutes_at_most(x: Server, make: Make, clock: SimulatedClock, film: Medium) -> None:
    """A film that X never finishes is given up, in words that say so; what it says of waiting is kept to."""
    x.film_takes, began = 1e6, clock.now()
    with pytest.raises(TryLater, match=r"has not finished with the film film\.mp4 in 10 minutes"):
        staged(lambda: make(clock=clock), going(film), clock)
    assert clock.now() - began == x_media.LONGEST_WORK
    assert len(x.asked(STATUS)) == 600  # every second, as it asks


def test_a_warning_goes_with_the_media(x: Server, make: Make, clock: SimulatedClock, film: Medium) -> None:
    """X is told to warn of pictures and films of a post that has a warning."""
    ready = staged(lambda: make(clock=clock), going(film, warning="Violence"), clock)
    harness = Harness(film.path.parent)
    make(clock=clock).stage(replace(harness.out("Photo", harness.picture()), warning="Violence"))
    assert [one.warned for one in x.pictures.values()] == [True, True]
    assert next(iter(x.pictures)) == ready.ids["media_ids"][0]


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [(step, fault) for step in (INITIALIZE, APPEND, FINALIZE, STATUS) for fault in sorted({*FAULTS, *Server.refusals})],
)
def test_a_fault_on_the_way_shows_nothing(
    x: Server, make: Make, clock: SimulatedClock, film: Medium, *, endpoint: str, fault: str
) -> None:
    """Whatever a step meets: never "unknown", nothing shown, and staged anew it is good."""
    x.fail(endpoint, fault)
    out = going(film)
    after = outcome(lambda: staged(lambda: make(patience(fault), clock=clock), out, clock))
    final = (AccountBlocked, Rejected) if fault in {*CLEAR, *Server.refusals} else ()
    assert isinstance(after, (Staged, TryLater, *final))
    assert not x.posts
    x.clear()
    make(clock=clock).publish(out, staged(lambda: make(clock=clock), out, clock))
    assert x.posts[0].media[0].sha256 == film.sha256


def test_others_can_t_touch_an_upload(make: Make, clock: SimulatedClock, film: Medium) -> None:
    """An upload is its owner's: for anybody else it isn't there, and it begins anew."""
    begun = make(clock=clock).stage(going(film))
    with pytest.raises(TryLater, match="no longer knows"):
        make(clock=clock, user=USERS[1]).stage(going(film), begun=begun)
