"""Staff who race each other, and staff gone bad: two tabs, two admins, a moderator alone, somebody else's cookie."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from scheduler.operations import queue, staff, take_back
from scheduler.status import Status
from scheduler.store import controls, deliveries, submissions
from scheduler.submission import May, Placing, Role, Stage, Submission
from scheduler.web.all_routes import ROUTES
from tests.web.site import Served
from tests.web.staff.moderated import APPROVED, PENDING, Bench
from tests.web.staff.test_signing import PASSWORD, member


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give a moderator in front of the pages."""
    made = Bench(tmp_path)
    yield made
    made.served.close()


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Do things at the same moment; return what came of each."""
    line, found = threading.Barrier(len(deeds)), {}

    def do(number: int, deed: Callable[[], Any]) -> None:
        line.wait()
        found[number] = deed()

    threads = [threading.Thread(target=do, args=one) for one in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[number] for number in range(len(deeds))]


def _yes_and_back(bench: Bench) -> Submission:
    one, browser = bench.hand_in(), bench.as_(bench.ana)
    data = {"seen": one.content_hash, "placing": "next"}
    at_once(
        lambda: browser.post(f"/staff/moderation/{one.ref}/approve", data=data),
        lambda: take_back.take_back(bench.served.app, one.ref, who="volunteer"),
    )
    return bench.now(one)


def _yes_and_no(bench: Bench) -> Submission:
    one, other = bench.hand_in(), bench.as_(bench.ben)
    at_once(
        lambda: bench.approve(one, bench.ana),
        lambda: bench.press(one, "reject", browser=other, reason="off-topic"),
    )
    return bench.now(one)


def test_one_person_in_many_tabs_is_one_person(bench: Bench) -> None:
    """At high risk four tabs and two sessions of one moderator, all at once, are one yes of the two."""
    one = bench.hand_in(action="unite")
    tabs = [bench.as_(bench.ana) for _ in range(4)]
    at_once(*(lambda tab=tab: bench.press(one, "approve", browser=tab, placing="next") for tab in tabs))
    assert bench.now(one).stage is PENDING
    assert [yes.who for yes in bench.case(one).approvals] == ["Ana"]


def test_a_yes_never_wins_over_taking_back(bench: Bench) -> None:
    """A yes and a withdrawal at the same moment, again and again: it is withdrawn, and nothing of it can go out."""
    assert {_yes_and_back(bench).stage for _ in range(8)} == {Stage.withdrawn}
    queue.apply(bench.served.app, bench.served.app.load_posts())
    with bench.served.app.store.read() as c:
        assert not submissions.placed(c)
        waiting = deliveries.in_status(c, Status.queued, Status.held)
    assert not [one for one in waiting if one.from_submission]


def test_two_moderators_never_give_one_slot_twice(bench: Bench) -> None:
    """Two say yes to two pictures at the same moment: each has a slot of its own."""
    first, second = bench.hand_in(), bench.hand_in()
    at_once(lambda: bench.approve(first, bench.ana), lambda: bench.approve(second, bench.ben))
    taken = {(bench.now(one).post, bench.now(one).occurrence) for one in (first, second)}
    assert len(taken) == 2
    assert bench.now(first).stage is bench.now(second).stage is APPROVED


def test_yes_and_no_at_once_are_one_of_the_two(bench: Bench) -> None:
    """Whoever is later is told; what was rejected has no slot."""
    for found in [_yes_and_no(bench) for _ in range(6)]:
        assert found.stage in {APPROVED, Stage.rejected}
        assert bool(found.occurrence) == (found.stage is APPROVED)


def test_the_last_two_admins_cannot_remove_each_other(served: Served) -> None:
    """Both press at the same moment: one of them stays."""
    ada, bea = member(served, "Ada", Role.admin), member(served, "Bea", Role.admin)
    browsers = {"Ada": served.staff(user=ada), "Bea": served.staff(user=bea)}
    remove = "/staff/people/remove"
    at_once(
        lambda: browsers["Ada"].post(remove, data={"name": "Bea", "password": PASSWORD}),
        lambda: browsers["Bea"].post(remove, data={"name": "Ada", "password": PASSWORD}),
    )
    left = [one for one in staff.users(served.app) if one.role is Role.admin]
    assert len(left) == 1


def test_an_invitation_used_twice_at_once_lets_one_in(served: Served) -> None:
    """Two browsers with the same code and two passwords: one password counts, one browser is in."""
    _, code = staff.add_user(served.app, "Bea", Role.editor, who="Ada")
    browsers = [served.client(), served.client()]
    for browser in browsers:
        assert browser.post("/staff/welcome/code", data={"code": code}).status_code == 303
    words = ["a long first sentence", "a long second sentence"]
    at_once(
        *(
            lambda browser=browser, word=word: browser.post("/staff/welcome", data={"new": word, "again": word})
            for browser, word in zip(browsers, words, strict=True)
        )
    )
    assert sum(browser.get("/staff").status_code == 200 for browser in browsers) == 1
    assert sum(staff.check_password(served.app, "Bea", word) is not None for word in words) == 1


@pytest.mark.parametrize("what", ["approve", "reject", "alt", "risk", "second-look", "cover", "undo", "take-back"])
def test_whoever_handed_it_in_can_press_nothing(bench: Bench, what: str) -> None:
    """Forms on one's own upload, made up by hand: refused, and nothing is any different."""
    one = bench.hand_in(uploaded_by=bench.ana.id)
    fields = {"placing": "next", "reason": "off-topic", "alt": "Better", "to": "high", "do": "cover", "left": "1"}
    fields |= {"top": "1", "right": "50", "bottom": "50"}
    answer = bench.press(one, what, **fields)
    assert answer.status_code == 400
    assert bench.now(one) == one


def test_the_api_refuses_ones_own_too(bench: Bench) -> None:
    """With a token in one's own name the same holds for every decision."""
    one = bench.hand_in(uploaded_by=bench.ana.id)
    key = bench.served.token(bench.ana, May.moderate)
    head = {"Authorization": f"Bearer {key}"}
    words: dict[str, dict[str, Any]] = {
        "approve": {"seen": one.content_hash, "placing": str(Placing.next)},
        "reject": {"seen": one.content_hash, "reason": "no"},
        "cover": {"boxes": [[0.1, 0.1, 0.5, 0.5]]},
        "describe": {"alt": "Better"},
        "risk": {"risk": "high"},
        "second-look": {},
    }
    for what, body in words.items():
        answer = bench.served.client().post(f"/api/v1/submissions/{one.ref}/{what}", json=body, headers=head)
        assert 400 <= answer.status_code < 500, (what, answer.text)
        assert "somebody else has to decide" in answer.text, (what, answer.text)
    assert bench.now(one) == one


@pytest.mark.parametrize("change", ["second-look", "alt", "risk"])
def test_an_older_yes_never_counts_again(bench: Bench, change: str) -> None:
    """One of two has said yes; then it is changed, or asked about, and changed back: two yeses are needed anew."""
    one = bench.hand_in(action="unite", alt="First")
    bench.approve(one, bench.ana)
    assert len(bench.case(one).approvals) == 1
    cia = bench.as_(bench.served.user(Role.moderator, name="Cia"))
    bench.press(one, "alt" if change == "risk" else change, browser=cia, alt="Second")
    if change == "alt":
        bench.press(one, "alt", browser=cia, alt="First")
    assert bench.case(one).approvals == []
    bench.approve(one, bench.ben)
    assert bench.now(one).stage is PENDING


def test_hostile_figures_are_no_fault(bench: Bench) -> None:
    """Numbers without end, none at all and other digits, in every field and address of the moderators' pages."""
    one = bench.hand_in(faces=((0.1, 0.1, 0.2, 0.2),))
    for nasty in ("9" * 5_000, "nan", "1e999", "-1", "²", "٣", '"><script>alert(1)</script>', "\r\nX: y"):
        names = ("face", "left", "top", "right", "bottom", "at.x", "at.y", "do", "when", "placing", "reason", "more")
        data = {**dict.fromkeys((*names, "to", "alt", "action", "risk"), nasty), "seen": one.content_hash}
        for what in ("cover", "approve", "reject", "risk", "undo", "take-back"):
            answer = bench.browser.post(f"/staff/moderation/{one.ref}/{what}", data=data)
            assert answer.status_code < 500, (what, nasty[:10])
            assert "<script>alert" not in answer.text
        for what in ("", "/cover", "/framed/en"):
            query = dict.fromkeys(("boxes", "faces", "undo", "wrong", "post", "at", "of", "action"), nasty[:180])
            answer = bench.browser.get(f"/staff/moderation/{one.ref}{what}", params=query)
            assert answer.status_code < 500, (what, nasty[:10])
            assert "<script>alert" not in answer.text


def test_a_reason_writes_no_line_of_its_own_into_logs(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """A reason with line breaks and a terminal's commands is one plain line wherever it is kept."""
    forged = "calm\r\n2026-01-01 ERROR all is lost\x1b[2J"
    bench.browser.post("/staff/pause", data={"scope": "all", "why": forged})
    with bench.served.app.store.read() as c:
        (pause,) = controls.all_pauses(c)
    assert pause.why == "calm 2026-01-01 ERROR all is lost [2J"
    assert all(char not in caplog.text for char in "\r\x1b")


@pytest.mark.parametrize("role", Role)
def test_everything_can_be_stopped_from_every_page(bench: Bench, role: Role) -> None:
    """One press, on each page that anybody on staff can open, and on those that say that something is wrong."""
    one, browser = bench.hand_in(), bench.served.staff(role)
    values = {"ref": one.ref, "action": "salma", "number": "1", "key:path": "salma/x", "name": "x", "account": "en"}
    seen = 0
    for route in ROUTES:
        if route.method != "GET" or not route.path.startswith("/staff"):
            continue
        address = re.sub(r"\{([^}]+)\}", lambda found: values[found[1]], route.path)
        for end in ("", "/nowhere"):
            answer = browser.get(address + end)
            if answer.headers.get("content-type", "").startswith("text/html") and answer.status_code != 303:
                assert 'action="/staff/pause"' in answer.text, address + end
                seen += 1
    assert seen > 30


FIELDS = (
    *("view", "at", "day", "action", "account", "state", "scope", "name", "why", "back", "number", "key", "seen", "do"),
    *("reason", "more", "when", "placing", "alt", "risk", "url", "id", "label", "role", "language", "days", "after"),
    *(
        "who",
        "text",
        "title",
        "post",
        "time",
        "date",
        "hashtags",
        "message",
        "every",
        "until",
        "from",
        "frame",
        "remove",
    ),
    *("undo", "wrong", "stage", "before", "boxes", "faces", "of", "start", "end", "kind", "verify", "to", "code"),
    *("link", "credential"),
)


@pytest.mark.parametrize(
    "nasty",
    [
        "9" * 400,
        "nan",
        "²",
        '"><script>alert(1)</script>',
        "\r\nX: y",
        "9999-12-31",
        "0001-01-01",
        "{{7*7}}%s",
        "\x1b[2J",
    ],
    ids=range(9),
)
def test_no_address_and_no_field_is_a_fault(bench: Bench, nasty: str) -> None:
    """Every address of staff, every field and every part of an address: an answer in words, and nothing is obeyed."""
    one, browser = bench.hand_in(), bench.served.staff("admin")
    for route in ROUTES:
        if not route.path.startswith("/staff") or route.path == "/staff/sign-out":
            continue
        address = re.sub(
            r"\{(\w+)(?::\w+)?\}",
            lambda found: quote(one.ref if found[1] == "ref" else nasty[:150], safe=""),
            route.path,
        )
        if route.method == "GET":
            answer = browser.get(address, params=dict.fromkeys(FIELDS, nasty[:20]))
        else:
            answer = browser.post(address, data=dict.fromkeys(FIELDS, nasty))
        assert answer.status_code < 500, address
        assert "<script>alert" not in answer.text, address
        assert "X" not in answer.headers, address
