"""The list of what waits for the moderators, decisions on several at once, and the search of earlier ones."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from scheduler import cleaning
from scheduler.model import Risk
from scheduler.submission import NameMode, Role, Stage
from tests.media import drawn_faces
from tests.media.photos import saved
from tests.web.site import TestClient
from tests.web.staff.moderated import PENDING, REJECTED, Bench, action


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give a site with moderators."""
    made = Bench(tmp_path)
    yield made
    made.served.close()


def listed(browser: TestClient, path: str = "/staff/moderation") -> list[str]:
    """Return the references that a list shows, in its order."""
    answer = browser.get(path)
    assert answer.status_code == 200
    return re.findall(r'class="open" href="/staff/moderation/([^"?]+)', answer.text)


@contextmanager
def statements(bench: Bench) -> Iterator[list[str]]:
    """Collect the SQL statements that are run."""
    found: list[str] = []

    def note(*args: object) -> None:
        found.append(str(args[2]))

    with bench.served.app.store.read() as c:
        engine = c.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_the_oldest_comes_first_with_what_it_takes_to_choose(bench: Bench) -> None:
    """Each line has its risk, language, message, networks, people, days waiting and yeses; own ones are marked."""
    day = bench.served.clock.now().date()
    first = bench.hand_in("outbox", "x", message="The first", day=day - timedelta(days=9), group=True, language="fr")
    second = bench.hand_in(action="unite", message="", day=day - timedelta(days=1), uploaded_by=bench.ana.id)
    assert listed(bench.browser) == [first.ref, second.ref]
    page = bench.browser.get("/staff/moderation").text
    for words in (
        "Low risk",
        "Français",
        "The first",
        "Outbox, X",
        "Group: 1 person",
        "9 days",
        "2 wait for a decision",
    ):
        assert words in page
    for words in ("High risk", "No message", "0 of 2 yeses", "1 day", "Your own"):
        assert words in page


def test_previews_are_small_and_hold_their_place(bench: Bench) -> None:
    """Every picture of the list is the preview, of a fixed size, loaded only when it comes into view."""
    refs = [bench.hand_in().ref for _ in range(3)]
    page = bench.browser.get("/staff/moderation").text
    found = re.findall(r"<img[^>]*>", page)
    assert [re.search(r'src="([^"]+)"', one)[1] for one in found] == [f"/media/{ref}/preview" for ref in refs]  # type: ignore[index]
    assert all('width="96" height="96" loading="lazy" decoding="async"' in one for one in found)


@pytest.mark.parametrize("seed", [3, 9])
def test_a_preview_weighs_at_most_twenty_kilobytes(seed: int) -> None:
    """The preview of a photo full of people is light enough for a slow line."""
    photo = saved(drawn_faces.photo(seed).image, "JPEG", quality=90)
    assert len(cleaning.small(photo).data) <= 20_000


def test_an_empty_list_says_so(bench: Bench) -> None:
    """Where nothing waits the page says so, and has no buttons for several."""
    page = bench.browser.get("/staff/moderation").text
    assert "Nothing waits here. Thank you." in page
    assert "bulk" not in page


def test_filters(bench: Bench) -> None:
    """The list is narrowed by action and by risk, the higher of its own and its action's; nonsense narrows nothing."""
    low, raised, high = bench.hand_in(), bench.hand_in(risk=Risk.elevated), bench.hand_in(action="unite")
    of_action = bench.hand_in(action="unite", risk=Risk.low)
    assert listed(bench.browser, "/staff/moderation?action=salma") == [low.ref, raised.ref]
    assert listed(bench.browser, "/staff/moderation?risk=high") == [high.ref, of_action.ref]
    assert listed(bench.browser, "/staff/moderation?action=salma&risk=elevated") == [raised.ref]
    assert len(listed(bench.browser, "/staff/moderation?risk=mild&after=x&action=")) == 4
    assert len(listed(bench.browser, f"/staff/moderation?after={10**30}")) == 4
    page = bench.browser.get("/staff/moderation?risk=high").text
    assert "2 wait for a decision" in page
    assert f'href="/staff/moderation/{high.ref}?risk=high"' in page


def test_pages_of_fifty(bench: Bench) -> None:
    """Fifty stand on a page; the next page goes on where it ended, within the filter, and back to the start."""
    refs = [bench.hand_in().ref for _ in range(53)]
    for start in ("/staff/moderation", "/staff/moderation?risk=low"):
        assert listed(bench.browser, start) == refs[:50]
        page = bench.browser.get(start).text
        following = re.search(r'href="([^"]+)" rel="next"', page)
        assert following
        assert listed(bench.browser, following[1].replace("&amp;", "&")) == refs[50:]
        assert 'rel="first"' in bench.browser.get(following[1].replace("&amp;", "&")).text


def test_a_page_takes_the_same_few_statements_however_much_waits(bench: Bench) -> None:
    """With three waiting or sixty, with yeses or without, the list costs one number of SQL statements."""
    bench.hand_in(second_look=True)
    for _ in range(2):
        bench.hand_in()
    bench.browser.get("/staff/moderation")
    with statements(bench) as few:
        bench.browser.get("/staff/moderation")
    for number in range(60):
        one = bench.hand_in("outbox", "x", second_look=True)
        if number < 5:
            bench.approve(one, bench.ben)
    with statements(bench) as many:
        bench.browser.get("/staff/moderation")
    with statements(bench) as within:
        bench.browser.get("/staff/moderation?risk=low")
    assert len(many) == len(few) == len(within)
    assert len(many) <= 30


def test_the_list_is_moved_through_with_keys(bench: Bench) -> None:
    """Each line can be stepped to; the dialog tells the keys."""
    bench.hand_in()
    page = bench.browser.get("/staff/moderation").text
    assert page.count("data-step>") == 1
    assert 'data-key="?" aria-keyshortcuts="?"' in page
    for key in ("j", "k", "Enter", "x", "z", "?"):
        assert f"<kbd>{key}</kbd>" in page


def test_several_of_low_risk_are_approved_to_the_next_slots(bench: Bench) -> None:
    """The ticked ones get one free slot after the other; the others still wait."""
    ones = [bench.hand_in() for _ in range(3)]
    ticked = {"ref": [one.ref for one in ones[:2]], **{f"seen:{one.ref}": one.content_hash for one in ones}}
    answer = bench.browser.post("/staff/moderation/bulk", data={**ticked, "do": "approve"})
    assert bench.told(answer) == "2 approved."
    assert [bench.now(one).occurrence for one in ones] == ["2026-03-03T12:00", "2026-03-04T12:00", ""]
    assert bench.now(ones[2]).stage is PENDING


def test_several_are_rejected_with_one_reason(bench: Bench) -> None:
    """A reason is needed; then all ticked ones have it."""
    ones = [bench.hand_in() for _ in range(2)]
    ticked = {"ref": [one.ref for one in ones], **{f"seen:{one.ref}": one.content_hash for one in ones}}
    answer = bench.browser.post("/staff/moderation/bulk", data={**ticked, "do": "reject", "reason": ""})
    assert bench.told(answer) == "Choose a reason, or write one."
    answer = bench.browser.post("/staff/moderation/bulk", data={**ticked, "do": "reject", "reason": "advertising"})
    assert bench.told(answer) == "2 rejected."
    assert [(bench.now(one).stage, bench.now(one).reason) for one in ones] == [(REJECTED, "advertising")] * 2


def test_nothing_but_low_risk_goes_together(bench: Bench) -> None:
    """Elevated and high risk, own uploads, second looks and stale ones have no box; sent anyway, they still wait."""
    others = [
        bench.hand_in(risk=Risk.elevated),
        bench.hand_in(action="unite"),
        bench.hand_in(action="unite", risk=Risk.low),
        bench.hand_in(second_look=True),
        bench.hand_in(uploaded_by=bench.ana.id),
    ]
    page = bench.browser.get("/staff/moderation").text
    assert 'type="checkbox" name="ref"' not in page
    stale = bench.hand_in()
    seen = {f"seen:{one.ref}": one.content_hash for one in others} | {f"seen:{stale.ref}": "old"}
    for do in ("approve", "reject"):
        refs = [one.ref for one in (*others, stale)]
        data = {"ref": refs, **seen, "do": do, "reason": "off-topic"}
        told = bench.told(bench.browser.post("/staff/moderation/bulk", data=data))
        assert "still wait" in told
        assert [bench.now(one).stage for one in (*others, stale)] == [PENDING] * 6


def test_bulk_without_a_tick_or_a_deed_says_so(bench: Bench) -> None:
    """Nothing ticked, and an unknown button, are told; references that don't exist are refused one by one."""
    one = bench.hand_in()
    send = lambda **data: bench.told(bench.browser.post("/staff/moderation/bulk", data=data))  # noqa: E731
    assert send(do="approve") == "Tick the ones that you decide on."
    assert send(ref=one.ref, do="burn") == "Choose what to do with them."
    assert "0 approved. 1 still waits." in send(ref="nothing", do="approve")
    assert bench.now(one).stage is PENDING


def test_bulk_is_for_moderators(bench: Bench) -> None:
    """An editor can't decide on several either."""
    one = bench.hand_in()
    data = {"ref": one.ref, f"seen:{one.ref}": one.content_hash, "do": "approve"}
    assert bench.served.staff(Role.editor).post("/staff/moderation/bulk", data=data).status_code == 403
    assert bench.now(one).stage is PENDING


# ── earlier ones ────────────────────────────────────────────────────────────────────────────────────────


def test_the_search_tells_where_each_stands_and_names_nobody(bench: Bench) -> None:
    """Newest first, with stage, slot and what became of it; no message, name, alt text or picture, for any role."""
    words = {"message": "secret words", "alt": "secret sight", "name": "Secret Name", "name_mode": NameMode.full}
    first, second = bench.hand_in(**words), bench.hand_in(**words)
    bench.press(first, "approve", placing="next")
    bench.press(second, "reject", reason="private", more="a passport")
    for browser in (bench.browser, bench.served.staff(Role.editor)):
        page = browser.get("/staff/submissions").text
        assert page.index(second.ref[:8]) < page.index(first.ref[:8])
        assert "ecret" not in page
        assert "<img" not in page
        assert "Tue 3 Mar 2026, 12:00" in page
    assert "a passport" not in page  # an editor isn't told why
    assert "a passport" in bench.browser.get("/staff/submissions").text


def test_the_search_is_narrowed_and_paged(bench: Bench) -> None:
    """By stage and action, fifty on a page; drafts are nobody's business."""
    draft = bench.served.submission(stage=Stage.draft)
    ones = [bench.hand_in() for _ in range(51)]
    other = bench.hand_in(action="unite")
    bench.press(ones[0], "reject", reason="unreadable")
    get = lambda end: bench.browser.get(f"/staff/submissions{end}").text  # noqa: E731
    assert draft.ref not in get("")
    assert other.ref not in get("?action=salma")
    assert "Nothing of that kind." in get("?stage=withdrawn")
    assert "Too dark, blurred or small" in get("?stage=rejected")
    following = re.search(r'href="([^"]+)" rel="next"', get("?stage=pending"))
    assert following
    rest = bench.browser.get(following[1].replace("&amp;", "&")).text
    assert ones[1].ref in rest
    assert ones[2].ref not in rest
    assert 'rel="first"' in rest


def test_what_is_on_its_way_is_counted(tmp_path: Path) -> None:
    """The search shows the states of a submission's deliveries, and its page shows where each one is."""
    from scheduler.operations import queue

    bench = Bench(tmp_path, salma=action())
    one = bench.hand_in("outbox")
    bench.press(one, "approve", placing="next")
    queue.apply(bench.served.app, bench.served.app.load_posts())
    assert "2 Queued" in bench.browser.get("/staff/submissions").text
    page = bench.page(one)
    assert "Where it is now" in page
    assert "salma/faces/2026-03-03T12:00@en" in page
    bench.served.close()
