"""Each thing that needs a person is seen as long as it does, and said with what to do, in English and French."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from scheduler.needs import Letter, words
from scheduler.operations.notify import LITTLE_SPACE, needs
from scheduler.operations.pause import pause, resume
from scheduler.operations.release import approve, release
from scheduler.operations.resolve import resolve
from scheduler.operations.withdraw import withdraw
from scheduler.publishers.base import NeedsHand
from scheduler.store import claims, controls, submissions
from scheduler.submission import NameMode, Stage
from scheduler.testing import FakePublisher
from tests.operations.post_office import HOUR, MINUTE, Office
from tests.world import NOON, later, post


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A world with nothing to tell yet."""
    here = Office(tmp_path, honest=False)
    yield here
    here.close()


def seen(office: Office, **more: object) -> list[str]:
    """Return what needs a person now."""
    return [f"{one.kind}:{one.about}" for one in needs(office.app, free=lambda _: office.room, **more)]  # type: ignore[arg-type]


def test_an_outcome_that_nobody_can_tell(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is looked up nobody is needed; then a person is, until they have said what they saw."""
    monkeypatch.setattr(FakePublisher, "looks", (MINUTE, 5 * MINUTE))
    key = office.fail("one", "lost-before")
    assert seen(office) == []
    office.let(HOUR)
    assert seen(office) == [f"outcome:{key}"]
    resolve(office.app, key, url=None, who="ed")
    assert "outcome" not in str(seen(office))


def test_a_post_that_only_a_person_can_take_down(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a need until somebody has ticked it off; what the network says of it isn't repeated."""
    key = office.fail("one", "ok")
    monkeypatch.setattr(FakePublisher, "delete", lambda *_: NeedsHand("canary hand"))
    withdraw(office.app, key, who="ed")
    office.run()
    assert seen(office) == [f"takedown:{key}"]
    with office.store.write() as c:
        controls.done_task(c, controls.open_tasks(c)[0].id, now=office.clock.now())
    assert seen(office) == []


def test_an_account_that_its_network_refuses(office: Office) -> None:
    """The account is named, not each of its posts."""
    office.fail("one", "blocked")
    assert [one for one in seen(office) if not one.startswith("late")] == ["account:a"]


def test_what_is_late_after_an_outage_and_what_is_refused(office: Office) -> None:
    """Both by their keys."""
    refused = office.fail("one")
    office.write(*office.posts, post("two", at=NOON + HOUR))
    office.queue()
    office.clock.move_to(NOON + 5 * HOUR)
    office.run()
    assert seen(office) == ["late:act/two@a", f"failed:{refused}"]


def test_what_waits_for_a_yes_or_a_release_and_is_due_soon(office: Office) -> None:
    """Within a day of its time, and not before."""
    office.write(post("one", at=NOON + 30 * HOUR, approve=True))
    office.write(post("two", at=NOON + 30 * HOUR), action="later", manual_release=True)
    office.queue()
    office.run()
    office.let(5 * HOUR)
    assert seen(office) == []
    office.let(2 * HOUR)
    assert seen(office) == ["approval:act/one@a", "release:later"]
    approve(office.app, "act/one@a", who="ed")
    release(office.app, "later", who="ed")
    assert seen(office) == []


def test_what_volunteers_handed_in_and_nobody_looks_at(office: Office) -> None:
    """After a day the action is named: not who, nor what, nor which."""
    office.submit(approve=0, message="canary words", alt="canary face", name="Canary", name_mode=NameMode.full)
    assert seen(office) == []
    office.clock.move_to(NOON + timedelta(days=2))
    [only] = needs(office.app, free=lambda _: LITTLE_SPACE)
    assert (only.kind, only.about) == ("moderation", "act")
    _, body = words(Letter(new=(only,)), language="en", pages="https://desk.example.org")
    assert body == (
        "- Photos or films wait for the moderators: act. Decide here: https://desk.example.org/staff/needs."
    )


def test_a_submission_in_its_slot_that_changed_after_the_yes(office: Office) -> None:
    """It waits for the moderators anew, and its time comes near."""
    office.write(post("pool", at=NOON + 30 * HOUR, submissions=True))
    [slot] = office.slots()
    given = office.submit(slot)
    office.queue()
    with office.store.write() as c:
        submissions.change(c, given, to=Stage.pending)
    assert seen(office) == []
    office.clock.move_to(NOON + 8 * HOUR)
    assert seen(office) == ["moderation:act"]


def test_what_is_due_and_does_not_leave(office: Office) -> None:
    """Without a daemon for more than five minutes; not while it is paused, nor before a daemon had its time."""
    office.write(post("one"))
    office.queue()
    office.clock.move_to(NOON + 4 * MINUTE)
    assert seen(office) == []
    office.clock.move_to(NOON + 6 * MINUTE)
    assert seen(office) == ["overdue:"]
    assert seen(office, since=NOON + 5 * MINUTE) == []
    pause(office.app, scope="all", name="", why="wait", who="ed")
    assert seen(office) == []
    resume(office.app, scope="all", name="", who="ed")
    office.run()
    assert seen(office) == ["late:act/one@a"]


def test_what_follows_a_long_film_is_not_overdue(office: Office) -> None:
    """While a worker has one delivery of the account in hand the others wait for it."""
    office.write(post("one"), later(post("two"), MINUTE))
    office.queue()
    with office.store.write() as c:
        taken = claims.claim_to_stage(c, worker="other", now=NOON, ahead=timedelta(0), lease=20 * MINUTE)
    assert len(taken) == 1
    office.clock.move_to(NOON + 10 * MINUTE)
    assert seen(office) == []
    office.clock.move_to(NOON + 30 * MINUTE)
    assert seen(office) == ["overdue:"]


def test_a_state_that_was_put_back(office: Office) -> None:
    """Until somebody resumes; a pause that a person made later is no such thing."""
    with office.store.write() as c:
        controls.set_meta(c, "restored_at", NOON.isoformat())
        controls.pause(c, "all", "", why="a copy", now=NOON)
    assert seen(office) == ["restored:"]
    resume(office.app, scope="all", name="", who="ed")
    office.clock.move_to(NOON + HOUR)
    pause(office.app, scope="all", name="", why="a person's", who="ed")
    assert seen(office) == []


def test_a_disk_that_is_nearly_full(office: Office) -> None:
    """By what is left where var/ lies."""
    assert seen(office) == []
    office.room = LITTLE_SPACE - 1
    assert seen(office) == ["disk:"]
    assert LITTLE_SPACE > 400_000_000


def test_a_login_that_ends_soon(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A week before its end: by then it should have been renewed seven times."""
    monkeypatch.setattr(FakePublisher, "ends_at", lambda _: NOON + timedelta(days=8))
    assert seen(office) == []
    office.clock.move_to(NOON + timedelta(days=1, hours=1))
    assert seen(office) == ["login:a"]


def test_what_an_account_s_budget_holds(office: Office) -> None:
    """Nothing of it goes by itself before the next month."""
    office.network.price = Decimal(1)
    accounts = {name: replace(one, options={"budget": "0.5"}) for name, one in office.workspace.accounts.items()}
    office.app.adopt(replace(office.workspace, accounts=accounts))
    key = office.fail("one", "ok")
    assert seen(office) == [f"budget:{key}"]
