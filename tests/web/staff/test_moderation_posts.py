"""Posts of the staff that wait for a yes: shown to all who look, approved by editors as they stood on the screen."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.operations import queue
from scheduler.status import Status
from scheduler.store import Delivery, deliveries
from scheduler.submission import Role
from tests.web.staff.moderated import WAITING_POST, Bench, action

KEY = "salma/report@en"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give a site whose action has a post that waits for a yes."""
    made = Bench(tmp_path, salma=action(more=WAITING_POST))
    yield made
    made.served.close()


def standing(bench: Bench) -> Delivery:
    """Return the post as it stands."""
    with bench.served.app.store.read() as c:
        found = deliveries.by_key(c, KEY)
    assert found is not None
    return found


def test_everybody_sees_them_and_editors_approve(bench: Bench) -> None:
    """Moderators see each network's text and picture without a button; editors have one."""
    for role, button in ((Role.moderator, False), (Role.editor, True), (Role.admin, True)):
        page = bench.served.staff(role).get("/staff/moderation").text
        assert "Posts that wait for a yes" in page
        assert "A report &lt;b&gt;on&lt;/b&gt; the case." in page
        assert "Un rapport." in page
        assert "Thu 5 Mar 2026, 09:00" in page
        assert "posts/salma.yaml" in page
        assert ("Approve this post" in page) is button
        assert ("Editors approve these." in page) is not button
    assert "/staff/pictures/0/salma/report%40en" in page


def test_editors_see_nothing_that_volunteers_handed_in(bench: Bench) -> None:
    """An editor's page has the posts alone."""
    one = bench.hand_in(message="private words")
    page = bench.served.staff(Role.editor).get("/staff/moderation").text
    assert "private words" not in page
    assert one.ref not in page
    assert "filter-risk" not in page


def test_an_editor_says_yes(bench: Bench) -> None:
    """The post is free to go at its time, the page says so, and the other account's still waits."""
    editor, before = bench.served.staff(Role.editor), standing(bench)
    data = {"seen": before.fingerprint}
    answer = editor.post(f"/staff/approvals/{before.id}", data=data)
    assert bench.told(answer, browser=editor) == f"{KEY} is approved."
    after = standing(bench)
    assert (after.status, after.approved) == (Status.queued, True)
    assert re.findall(r'action="/staff/approvals/(\d+)"', editor.get("/staff/moderation").text) != [str(before.id)]
    again = editor.post(f"/staff/approvals/{before.id}", data=data)
    assert bench.told(again, browser=editor) == "This post doesn’t wait for a yes any more."


def test_a_yes_to_an_older_text_counts_for_nothing(bench: Bench) -> None:
    """Edited after the page was opened, or sent without what was seen: it still waits."""
    editor, before = bench.served.staff(Role.editor), standing(bench)
    bench.served.write("salma", action(more=WAITING_POST.replace("the case", "another case")))
    queue.apply(bench.served.app, bench.served.app.load_posts())
    for data in ({"seen": before.fingerprint}, {}):
        answer = editor.post(f"/staff/approvals/{before.id}", data=data)
        assert "look at it again" in bench.told(answer, browser=editor)
    assert standing(bench).status is Status.held


def test_a_moderator_cannot_approve_posts(bench: Bench) -> None:
    """The right is the editors'."""
    before = standing(bench)
    answer = bench.browser.post(f"/staff/approvals/{before.id}", data={"seen": before.fingerprint})
    assert answer.status_code == 403
    assert standing(bench).status is Status.held


def test_what_volunteers_handed_in_is_none_of_these(bench: Bench) -> None:
    """An approved submission's deliveries never stand among the posts, and can't be approved there."""
    one = bench.hand_in("outbox")
    bench.press(one, "approve", placing="next")
    queue.apply(bench.served.app, bench.served.app.load_posts())
    page = bench.served.staff(Role.editor).get("/staff/moderation").text
    assert "salma/faces/" not in page


def test_an_editor_without_posts_is_told(tmp_path: Path) -> None:
    """Where no post waits, an editor's page says so rather than nothing."""
    bench = Bench(tmp_path)
    assert "No post waits for an approval." in bench.served.staff(Role.editor).get("/staff/moderation").text
    assert "Posts that wait" not in bench.browser.get("/staff/moderation").text
    bench.served.close()
