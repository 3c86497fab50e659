"""People are told what needs them: at once, gathered, now and then; once by several daemons; never a post's words."""

import json
import threading
from collections.abc import Iterator
from datetime import time
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from scheduler.errors import UserError
from scheduler.model import Notify, Quiet
from scheduler.needs import Kind, Need
from scheduler.operations.cancel import cancel
from scheduler.store import controls, notices
from scheduler.store.tables import notice_targets
from scheduler.store.tables import notices as told
from tests.operations.post_office import HOUR, MINUTE, URLS, Office

DAY = 24 * HOUR
NIGHT = Quiet(since=time(11), until=time(18))
"""Around the noon at which these worlds begin."""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A world that tells two targets, with nothing to tell yet."""
    here = Office(tmp_path)
    yield here
    here.close()


def rows(office: Office) -> list[tuple[int, str]]:
    """Return what the state remembers of what was told."""
    with office.store.read() as c:
        every = c.execute(select(told).order_by(told.c.target, told.c.kind))
        return [(one.target, f"{one.kind}:{about}") for one in every for about in json.loads(one.told)]


def test_nothing_is_said_where_nobody_is_needed(office: Office) -> None:
    """No need, no message, and nothing is written."""
    assert office.live(2 * HOUR, 10 * MINUTE) == []
    assert rows(office) == []


def test_the_first_of_a_kind_goes_at_once_and_the_rest_is_gathered(office: Office) -> None:
    """One message at once, to each target; what comes within ten minutes after it is one more, at their end."""
    first = office.fail("one")
    assert [first in body for body in office.tell()] == [True]
    assert len(office.got[URLS[1]]) == 1
    begun, more = office.clock.now(), []
    for name in ("two", "three"):
        office.clock.move_to(office.clock.now() + 2 * MINUTE)
        more.append(office.fail(name))
        assert office.tell() == []
    [(at, body)] = office.live(15 * MINUTE)
    assert at - begun == 10 * MINUTE
    assert first not in body
    assert all(key in body for key in more)
    assert len(body.splitlines()) == 1


def test_another_kind_does_not_wait(office: Office) -> None:
    """A second kind within the ten minutes goes at once as well, by itself."""
    office.fail("one")
    office.tell()
    office.clock.move_to(office.clock.now() + MINUTE)
    office.fail("two", "blocked")
    [body] = office.tell()
    assert "accounts login --account a" in body
    assert "act/one@a" not in body


def test_what_still_waits_is_said_ever_more_seldom(office: Office) -> None:
    """After six hours, twice that, then once a day; on a simulated week."""
    office.fail("one")
    office.tell()
    at = [office.clock.now(), *(at for at, _ in office.live(5 * DAY, 3 * HOUR))]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    assert gaps == [6 * HOUR, 12 * HOUR, DAY, DAY, DAY, DAY]
    assert office.got[URLS[0]][-1][1] == "Solidarity: still waiting for a person"


def test_what_is_settled_is_said_once_and_forgotten(office: Office) -> None:
    """One closing line in the next digest, and the state remembers nothing of it."""
    key = office.fail("one")
    office.tell()
    cancel(office.app, key, who="ed")
    [(at, body)] = office.live(HOUR, 5 * MINUTE)
    assert at - office.got[URLS[0]][0][0] >= 10 * MINUTE
    assert body == f"- No longer needed: refused ({key})."
    assert rows(office) == []


def test_what_comes_back_at_once_was_never_away(office: Office) -> None:
    """What flickers is neither said to be over nor said anew."""
    office.room = 0
    assert len(office.tell()) == 1
    for room in (office.room + 10**12, 0, 10**12, 0):
        office.room = room
        assert office.live(5 * MINUTE) == []
    assert rows(office) == [(0, "disk:"), (1, "disk:")]


def test_two_daemons_say_it_once(office: Office) -> None:
    """A second daemon that looks before, while and after the first one tells says nothing again."""
    office.fail("one")
    second = office.daemon("second")

    def meanwhile(messages):
        office.tell(second)
        return office.take(messages)

    office.tell(send=meanwhile)
    office.tell(second)
    assert {url: len(found) for url, found in office.got.items()} == dict.fromkeys(URLS, 1)
    office.live(5 * HOUR, HOUR)
    assert {url: len(found) for url, found in office.got.items()} == dict.fromkeys(URLS, 1)


def test_one_that_oversleeps_its_turn_forgets_nothing_for_the_others(office: Office) -> None:
    """What another daemon has told meanwhile stays told."""
    office.fail("one")
    second = office.daemon("second")

    def asleep(messages):
        office.clock.move_to(office.clock.now() + HOUR)
        office.fail("two")
        office.tell(second)
        return office.take(messages)

    office.tell(send=asleep)
    before = {url: len(found) for url, found in office.got.items()}
    office.live(HOUR, 10 * MINUTE)
    assert {url: len(found) for url, found in office.got.items()} == before


def test_four_daemons_at_the_same_moment_say_it_once(office: Office) -> None:
    """Whoever takes the turn tells; the others find that it is told."""
    office.fail("one")
    apps = [office.daemon(f"daemon {number}") for number in range(4)]
    start = threading.Barrier(len(apps))

    def look(app) -> None:
        start.wait()
        for _ in range(5):
            office.tell(app)

    threads = [threading.Thread(target=look, args=[app]) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {url: len(found) for url, found in office.got.items()} == dict.fromkeys(URLS, 1)


def test_a_daemon_that_died_while_telling_is_replaced(office: Office) -> None:
    """Its turn runs out after three minutes; then another daemon tells it."""
    office.fail("one")

    def die(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        office.tell(send=die)
    second = office.daemon("second")
    assert office.tell(second) == []
    office.clock.move_to(office.clock.now() + 3 * MINUTE)
    assert len(office.tell(second)) == 1


def test_a_target_that_is_down_is_tried_ever_more_seldom_and_gets_what_still_holds(office: Office) -> None:
    """The other target isn't kept waiting; the one that was down gets one message, without what is settled."""
    office.down = {URLS[0]}
    key = office.fail("one")
    office.tell()
    assert len(office.got[URLS[1]]) == 1
    begun = office.clock.now()
    office.live(25 * MINUTE)
    office.live(3 * HOUR, 5 * MINUTE)
    tries = [(at - begun) // MINUTE for at, url in office.tried if url == URLS[0]]
    assert tries == [0, 1, 3, 8, 23, 85, 145, 205]
    other = office.fail("two")
    cancel(office.app, key, who="ed")
    office.down = set()
    [(_, body)] = office.live(2 * HOUR, 20 * MINUTE)
    assert other in body
    assert key not in body


def test_what_was_given_up_at_the_end_is_told_by_the_next(office: Office) -> None:
    """A daemon that is stopped in the middle of a message notes no failure, and gives its turn back."""
    office.fail("one")
    assert office.tell(send=lambda messages: [None] * len(messages)) == []
    assert len(office.tell(office.daemon("second"))) == 1


def test_nothing_is_told_without_an_address(office: Office) -> None:
    """The message says which variable is empty, and nothing is noted as told."""
    (office.workspace.folder / ".env").write_text("")
    office.fail("one")
    with pytest.raises(UserError, match="DESK_URLS is empty"):
        office.tell()
    assert rows(office) == []


def test_a_target_that_is_gone_is_forgotten(office: Office) -> None:
    """An address that is taken out leaves nothing in the state."""
    office.fail("one")
    office.tell()
    office.addresses(URLS[0])
    office.tell()
    with office.store.read() as c:
        assert [one.target for one in c.execute(select(notice_targets))] == [0]
    assert {target for target, _ in rows(office)} == {0}


def test_a_clock_set_back_keeps_nobody_from_being_told(office: Office) -> None:
    """What was told in the future holds up neither what is new nor what still waits."""
    office.clock.move_to(office.clock.now() + 300 * DAY)
    office.fail("one")
    office.tell()
    office.clock.move_to(office.clock.now() - 200 * DAY)
    other = office.fail("two")
    [body] = office.tell()
    assert other in body


@pytest.mark.parametrize("quiet", [True, False])
def test_the_night_is_quiet_for_what_can_wait(tmp_path: Path, *, quiet: bool) -> None:
    """In the quiet hours a full disk waits for the morning, unless `quiet: false`; what may be out doesn't."""
    office = Office(tmp_path, settings=Notify(to="DESK", quiet=quiet), quiet=NIGHT)
    office.room = 0
    assert len(office.tell()) == (0 if quiet else 1)
    with office.store.write() as c:
        controls.pause(c, "account", "a", why="x", now=office.clock.now(), kind="blocked")
    assert len(office.tell()) == (0 if quiet else 1)
    [(at, body)] = office.live(8 * HOUR, HOUR)  # their end, or time to say it again
    assert f"{at:%H:%M}" == "18:00"
    assert len(body.splitlines()) == 2
    office.close()


def test_an_unknown_outcome_is_told_in_the_night(tmp_path: Path) -> None:
    """What the public may be seeing can't wait, and brings nothing with it that can."""
    office = Office(tmp_path, honest=False)
    key = office.fail("one", "lost-before")
    office.let(HOUR)
    object.__setattr__(office.workspace, "quiet", NIGHT)
    office.room = 0
    [body] = office.tell()
    assert f"solidarity resolve {key} --published" in body
    assert "disk" not in body
    office.close()


def test_no_word_of_a_post_or_an_address_in_what_is_told_or_kept(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """Messages hold keys and names of accounts; the state holds no address; the log neither."""
    caplog.set_level("DEBUG")
    office.down = {URLS[1]}
    office.fail("one")
    office.fail("two", "blocked")
    office.tell()
    said = "".join(title + body for found in office.got.values() for _, title, body in found)
    with office.store.read() as c:
        kept = "".join(str(tuple(row)) for table in (told, notice_targets) for row in c.execute(select(table)))
    for text in (said, kept, "".join(line for line in caplog.messages if line.startswith("notify"))):
        assert "anary" not in text
    for theirs in ("says no", "new login"):  # the network's
        assert theirs not in said + kept
    assert not [line for line in caplog.messages if "canary-" in line or "canarytoken" in line]
    assert [line for line in caplog.messages if "target 2" in line]


def test_needs_are_read_anew_from_what_another_version_wrote(office: Office) -> None:
    """A kind that this version doesn't know is left alone."""
    office.fail("one")
    office.tell()
    with office.store.write() as c:
        c.execute(told.update().where(told.c.target == 0).values(kind="flood"))
        assert notices.told(c, 0) == {}
    assert len(office.tell()) == 1


def test_thousands_are_kept_and_forgotten(office: Office) -> None:
    """In a row."""
    many = tuple(Need(kind=Kind.failed, about=f"act/p{number:04}@a") for number in range(1200))
    then = office.clock.now()
    with office.store.write() as c:
        notices.write(c, 0, notices.rows(notices.Told(need=one, at=then, times=1, again_at=then) for one in many))
        assert len(notices.told(c, 0)) == 1200
        notices.write(c, 0, {})
        assert notices.told(c, 0) == {}
