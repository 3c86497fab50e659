"""What people decide on the pages really changes the state, says what it did, and refuses in words that fit a page."""

import html
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from scheduler.model import Content, FileContent
from scheduler.operations.deliver import step
from scheduler.status import Status
from scheduler.store import controls, deliveries, rollup
from tests.web.site import ACTION, NOON, Served
from tests.web.staff.schedule import get, put

KEY = "salma/report@en"
PAGE = "/staff/deliveries/salma/report%40en"
CANARY = "<script>alert('x')</script>{{7*7}}\"'><img src=x onerror=1>"


def _pauses(served):
    with served.app.store.read() as c:
        return [(one.scope, one.name, one.why) for one in controls.all_pauses(c)]


def _audit(served):
    from sqlalchemy import select

    from scheduler.store.tables import audit

    with served.app.store.read() as c:
        return [tuple(row) for row in c.execute(select(audit.c.who, audit.c.what, audit.c.detail))]


def _do(browser, do, **more):
    return browser.post(PAGE, data={"do": do, **more})


def _said(browser, address="/staff"):
    return html.unescape(browser.get(address).text)


# ── one delivery ──


def test_a_late_one_is_sent_or_dropped(served):
    """“Send now” puts a late delivery back into the queue, “Drop” takes it out; both stand in the audit."""
    put(served.app, KEY, NOON, status=Status.held, hold="late", reason="late: was due")
    browser = served.staff("editor")
    answer = _do(browser, "retry", back="/staff/needs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/needs")
    assert get(served.app, KEY).status is Status.queued
    assert get(served.app, KEY).late_accepted
    assert f"{KEY} goes out as soon as it may." in _said(browser)
    assert _do(browser, "cancel").status_code == 303
    assert get(served.app, KEY).status is Status.cancelled
    assert [what for _, what, _ in _audit(served)] == ["retry", "cancel"]


def test_an_unknown_outcome_is_settled_with_its_link(served):
    """“It is there” with a link files the receipt; the link is kept, and nothing is sent again."""
    put(served.app, KEY, NOON, status=Status.needs_human)
    answer = _do(served.staff("editor"), "published", url="https://example.org/posts/77")
    assert answer.status_code == 303
    delivery = get(served.app, KEY)
    assert (delivery.status, delivery.remote_id) == (Status.published, "77")


@pytest.mark.parametrize("url", ["", "nonsense", "javascript:alert(1)"])
def test_a_link_that_is_none_is_refused_beside_its_field(served, url):
    """A missing or useless link changes nothing; the error stands at the field, which is marked as wrong."""
    put(served.app, KEY, NOON, status=Status.needs_human)
    answer = _do(served.staff("editor"), "published", url=url)
    assert answer.status_code in {400, 409}
    assert 'aria-invalid="true" aria-describedby="wrong-published"' in answer.text
    assert 'id="wrong-published"' in answer.text
    assert get(served.app, KEY).status is Status.needs_human


def test_what_is_not_there_goes(served):
    """“It is not there” queues the delivery again, late or not."""
    put(served.app, KEY, NOON, status=Status.needs_human)
    assert _do(served.staff("editor"), "absent").status_code == 303
    assert get(served.app, KEY).status is Status.queued


def test_approval_is_of_what_was_seen(served):
    """An approval counts for what stood on the page; after an edit it is refused, and the page says so."""
    put(served.app, KEY, NOON, status=Status.held, hold="approval", needs_approval=True)
    browser = served.staff("editor")
    assert _do(browser, "approve", seen="another").status_code == 409
    assert _do(browser, "approve").status_code == 409
    assert not get(served.app, KEY).approved
    assert get(served.app, KEY).fingerprint in browser.get(PAGE).text
    assert _do(browser, "approve", seen=get(served.app, KEY).fingerprint).status_code == 303
    assert get(served.app, KEY).approved
    assert get(served.app, KEY).status is Status.queued


def test_taking_down_is_wanted_and_left_to_the_daemon(served):
    """“Take down” notes that a published post must go; what waits still is dropped in the same step."""
    put(served.app, KEY, NOON, status=Status.published, published_at=NOON, url="https://example.org/1")
    browser = served.staff("editor")
    assert _do(browser, "withdraw").status_code == 303
    assert get(served.app, KEY).withdraw_wanted
    assert "It is to be taken down" in browser.get(PAGE).text


def test_errors_speak_of_buttons_not_of_commands(served):
    """What an operation refuses is said without the name of a command, and without the delivery's."""
    put(served.app, KEY, NOON, status=Status.published, published_at=NOON, url="https://example.org/1")
    answer = _do(served.staff("editor"), "cancel")
    assert answer.status_code == 409
    assert "it is out: “Take down” takes it down" in html.unescape(answer.text)
    assert "solidarity " not in answer.text


def test_reasons_never_name_a_command(served):
    """The reasons that the state holds speak of commands; the pages speak of buttons."""
    reasons = {
        "release": f"release: the action waits for a person: `solidarity release {KEY}` opens it",
        "approval": f"approval: a person must look at it first: `solidarity approve {KEY}`",
        "late": f"late: x said the same already: `solidarity retry {KEY}` sends it too",
        "account": "account: en can't be used: then `solidarity resume --account en`",
        "consent": "consent: no longer given",
    }
    browser = served.staff("editor")
    for number, (hold, reason) in enumerate(reasons.items()):
        put(served.app, f"salma/r{number}@en", NOON, status=Status.held, hold=hold, reason=reason)
        assert "solidarity re" not in browser.get(f"/staff/deliveries/salma/r{number}@en").text
    text = "solidarity resolve x --published URL"
    cure = f"looked 3 times: look at en yourself, then say `{text}` or `--not-published`"
    put(served.app, "salma/h@en", NOON, status=Status.needs_human, reason=cure)
    assert text not in browser.get("/staff/needs").text


def test_a_moderator_sees_and_may_not_change(served):
    """Without the right to edit there is nothing to press, and pressing all the same is refused."""
    put(served.app, KEY, NOON, status=Status.held, hold="late")
    browser = served.staff("moderator")
    assert "Send now" not in browser.get(PAGE).text
    assert _do(browser, "retry").status_code == 403
    assert get(served.app, KEY).status is Status.held


@pytest.mark.parametrize("status", list(Status))
def test_every_state_has_its_page_and_only_what_can_be_done(served, status):
    """Each state shows its page; whatever button it has really works."""
    put(served.app, KEY, NOON, status=status, hold="late" if status is Status.held else "")
    browser = served.staff("editor")
    page = browser.get(PAGE)
    assert page.status_code == 200
    for do in ("retry", "cancel", "absent", "withdraw"):
        if f'name="do" value="{do}"' in page.text:
            other = f"salma/{do}@en"
            put(served.app, other, NOON, status=status, hold="late" if status is Status.held else "")
            assert browser.post(f"/staff/deliveries/{other}", data={"do": do}).status_code == 303


# ── what is shown ──


def test_nothing_from_outside_becomes_markup(served):
    """Texts, alt texts, reasons, links and names are shown as they are, on every page."""
    content = Content(text=CANARY, language="en", images=(FileContent(file="no.jpg", alt=CANARY),))
    put(served.app, KEY, NOON, content=content, status=Status.held, hold="late", reason=f"late: {CANARY}")
    put(served.app, "salma/j@en", NOON, status=Status.published, published_at=NOON, url="javascript:alert(1)")
    browser = served.staff("admin")
    browser.post("/staff/pause", data={"scope": "account:en", "why": CANARY})
    with served.app.store.write() as c:
        controls.add_task(c, get(served.app, KEY).id, CANARY, now=NOON)
    compose = {"action": "salma", "id": CANARY, "day": CANARY, "time": CANARY, "text-en": CANARY, "do": "check"}
    pages = [
        browser.get(f"/staff{one}") for one in ("", "/needs", "/pauses", "/accounts", "/resume?scope=account&name=en")
    ]
    pages += [browser.get(PAGE), browser.get("/staff/calendar?view=list&action=" + CANARY.replace("&", ""))]
    pages += [browser.get("/staff/deliveries/salma/j@en"), browser.post("/staff/compose", data=compose)]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert 'href="javascript:' not in page.text
        assert "style=" not in page.text
        assert " onclick" not in page.text


def test_pictures_are_only_those_of_the_delivery(served):
    """The picture of a card is served; a number or a file that isn't the delivery's is not."""
    served.write("salma", ACTION.replace("    text:", "    card: true\n    text:"))
    from scheduler.operations import queue

    queue.apply(served.app, served.app.load_posts())
    browser = served.staff("moderator")
    picture = browser.get("/staff/pictures/0/salma/report@en")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")
    assert "/staff/pictures/0/salma/report%40en" in browser.get(PAGE).text
    for wrong in (
        "1/salma/report@en",
        "x/salma/report@en",
        "0/salma/none@en",
        "0/../config.yaml",
        "-1/salma/report@en",
    ):
        assert browser.get(f"/staff/pictures/{wrong}").status_code == 404


def test_a_picture_outside_var_is_never_served(served):
    """A frozen delivery that names a file elsewhere gets no picture."""
    from dataclasses import replace

    from scheduler.model import Medium
    from scheduler.store.deliveries import frozen_column

    secret = served.folder / "config.yaml"
    medium = Medium(path=secret, mime="image/jpeg", width=1, height=1, size=1, sha256="", alt="")
    put(served.app, KEY, NOON)
    delivery = get(served.app, KEY)
    with served.app.store.write() as c:
        deliveries.set_columns(c, delivery, **frozen_column(replace(delivery.outgoing(), media=(medium,))))
    assert served.staff("admin").get("/staff/pictures/0/salma/report@en").status_code == 404


def test_the_page_names_file_line_and_what_to_write(served):
    """Posts stay in files: the page says which line, and what a later time looks like there."""
    from scheduler.operations import queue

    queue.apply(served.app, served.app.load_posts())
    page = html.unescape(served.staff("editor").get(PAGE).text)
    assert "<code>posts/salma.yaml</code>, line 12" in page
    assert 'at: "2026-03-04 09:00"' in page


def test_today_is_loud_without_a_daemon_and_calm_with_one(served):
    """Today cries out when nobody publishes; with a heartbeat it says when it was last seen."""
    browser = served.staff("moderator")
    assert "No daemon is running: nothing goes out" in browser.get("/staff").text
    with served.app.store.write() as c:
        controls.beat(c, served.app.worker, NOON)
    page = browser.get("/staff").text
    assert "No daemon is running" not in page
    assert "It is running." in page
    put(served.app, KEY, NOON - timedelta(minutes=10))
    assert "1 delivery should have gone out by now." in browser.get("/staff").text


def test_today_shows_the_next_day_too(served):
    """What is due within 24 hours is on the page, what comes later is not."""
    put(served.app, "salma/soon@en", NOON + timedelta(hours=23))
    put(served.app, "salma/later@en", NOON + timedelta(hours=25))
    page = served.staff("moderator").get("/staff").text
    assert "/salma/soon%40en" in page
    assert "/salma/later%40en" not in page


# ── stopping and going on ──


def test_one_press_stops_everything(served):
    """A form with nothing but its button pauses everything, with a reason; nothing leaves from then on."""
    put(served.app, KEY, NOON)
    browser = served.staff("moderator")
    answer = browser.post("/staff/pause", data={"scope": "all"})
    assert answer.status_code == 303
    assert [one[:2] for one in _pauses(served)] == [("all", "")]
    while step(served.app):
        pass
    assert get(served.app, KEY).status is Status.held
    assert "Everything is paused." in browser.get("/staff").text


@pytest.mark.parametrize("scope", ["action:salma", "account:fr"])
def test_a_part_is_stopped_with_a_reason(served, scope):
    """An action or an account is paused by the frame's form, and comes back to where it was pressed."""
    data = {"scope": scope, "why": "A threat", "back": "/staff/calendar?view=week"}
    answer = served.staff("moderator").post("/staff/pause", data=data)
    assert answer.headers["location"] == "/staff/calendar?view=week"
    assert _pauses(served) == [(*scope.split(":"), "A threat")]


@pytest.mark.parametrize("scope", ["action:nothing", "account:nobody", "nonsense", "all:x"])
def test_what_isnt_there_cant_be_paused(served, scope):
    """A slip must not look like a pause."""
    answer = served.staff("moderator").post("/staff/pause", data={"scope": scope, "why": "x"})
    if scope == "all:x":  # everything is everything
        assert answer.status_code == 303
    else:
        assert answer.status_code == 400
        assert not _pauses(served)


def test_resuming_shows_what_is_late_and_sends_nothing(served):
    """The page before a resume lists what came due; the resume holds it as late, and nothing of it leaves by itself."""
    put(served.app, KEY, NOON + timedelta(minutes=5))
    put(served.app, "salma/later@en", NOON + timedelta(days=2))
    browser = served.staff("editor")
    browser.post("/staff/pause", data={"scope": "all", "why": "A threat"})
    served.clock.move_to(NOON + timedelta(hours=1))
    page = browser.get("/staff/resume?scope=all").text
    assert "/salma/report%40en" in page
    assert "/salma/later%40en" not in page
    assert get(served.app, KEY).status is Status.queued
    answer = browser.post("/staff/resume", data={"scope": "all"})
    assert answer.headers["location"] == "/staff/needs"
    assert not _pauses(served)
    while step(served.app):
        pass
    assert (get(served.app, KEY).status, get(served.app, KEY).hold) == (Status.held, "late")
    assert get(served.app, "salma/later@en").status is Status.queued
    assert "/salma/report%40en" in browser.get("/staff/needs").text
    assert browser.post("/staff/resume", data={"scope": "all"}).status_code == 409


def test_a_moderator_may_stop_but_not_resume(served):
    """Everybody may stop the press; letting go again takes the right to edit."""
    browser = served.staff("moderator")
    browser.post("/staff/pause", data={"scope": "all"})
    assert browser.get("/staff/resume?scope=all").status_code == 403
    assert browser.post("/staff/resume", data={"scope": "all"}).status_code == 403
    assert _pauses(served)


def test_a_release_says_first_what_it_frees(served):
    """The page before a release lists what goes then; the release frees it, and that can't be done twice."""
    put(served.app, KEY, NOON + timedelta(days=1), status=Status.held, hold="release", needs_release=True)
    browser = served.staff("editor")
    assert "/staff/release/salma" in browser.get("/staff").text
    page = browser.get("/staff/release/salma")
    assert "This frees 1 delivery." in page.text
    assert "/salma/report%40en" in page.text
    assert get(served.app, KEY).status is Status.held
    assert browser.post("/staff/release", data={"action": "salma"}).status_code == 303
    assert get(served.app, KEY).status is Status.queued
    assert "It is released already." in browser.get("/staff/release/salma").text
    assert browser.post("/staff/release", data={"action": "nothing"}).status_code == 404
    assert served.staff("moderator").post("/staff/release", data={"action": "salma"}).status_code == 403


# ── needs a person, accounts ──


def test_a_removal_by_hand_is_ticked_off(served):
    """“It is down” ends the task, and the post counts as taken down; a second press says that it was done."""
    put(served.app, KEY, NOON, status=Status.published, published_at=NOON, url="https://example.org/1")
    with served.app.store.write() as c:
        controls.add_task(c, get(served.app, KEY).id, "Delete it in the app", now=NOON)
        number = controls.open_tasks(c)[0].id
    browser = served.staff("editor")
    assert "Delete it in the app" in browser.get("/staff/needs").text
    assert "Delete it in the app" in browser.get(PAGE).text
    assert browser.post(f"/staff/tasks/{number}").status_code == 303
    assert get(served.app, KEY).status is Status.withdrawn
    assert browser.post(f"/staff/tasks/{number}").status_code == 409
    assert browser.post("/staff/tasks/x").status_code == 409


def test_everything_that_waits_has_its_place(served):
    """Each kind of waiting stands in its own part, with its count, and the account that is refused is named."""
    put(served.app, "salma/a@en", NOON, status=Status.needs_human)
    put(served.app, "salma/b@en", NOON, status=Status.failed, reason="The network says no")
    put(served.app, "salma/c@en", NOON, status=Status.held, hold="consent", reason="consent: gone")
    put(served.app, "salma/d@en", NOON, status=Status.held, hold="approval", needs_approval=True)
    with served.app.store.write() as c:
        controls.pause(c, "account", "en", why="the token has expired", now=NOON, kind="blocked")
    page = served.staff("editor").get("/staff/needs").text
    for part in ("outcome", "failed", "other", "approval", "accounts"):
        assert f'<h2 id="{part}">' in page
    assert "the token has expired" in page
    assert "The network says no" in page
    lines = served.staff("editor").get("/staff/accounts").text
    assert "Can&#39;t publish" in lines


def test_an_account_is_checked_only_on_request(served):
    """Looking at the accounts asks no network; the press does, and its answer is said."""
    browser = served.staff("moderator")
    assert "Fonctionne" not in browser.get("/staff/accounts").text
    assert browser.post("/staff/accounts/en/verify").status_code == 303
    assert "en works" in _said(browser, "/staff/accounts")
    assert browser.post("/staff/accounts/nobody/verify").status_code == 404


def test_every_state_can_be_told():
    """No state lacks its word, and no word of the history its place."""
    from scheduler.web.staff import telling
    from scheduler.web.words import words

    class Asking:
        _ = staticmethod(words("en").say)

    assert len({telling.state(Asking(), status) for status in Status}) == len(Status)
    assert telling.event(Asking(), "approved") == "Approved"
    assert telling.event(Asking(), "something-new") == "something-new"


def test_condensed_steps_are_told_in_the_reader_s_language():
    """What the roll-up writes in place of steps is said in French too, on the workspace's clock."""
    from scheduler.web.staff import telling
    from scheduler.web.words import words

    until = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    written = rollup.SAID.format(number=20, until=until, kinds="claimed 7, new-kind 13")
    french, site = words("fr"), SimpleNamespace(workspace=SimpleNamespace(timezone=ZoneInfo("America/Toronto")))
    asking = SimpleNamespace(_=french.say, many=french.count, words=french, site=site)
    assert telling.event(asking, rollup.ROLLED_UP) != rollup.ROLLED_UP
    said = telling.detail(asking, written).replace("\N{NO-BREAK SPACE}", " ")
    assert said.startswith("20 étapes semblables à celles d’avant et d’après, jusqu’au lun. 2 mars 2026, 07:30 : ")
    assert said.endswith(f"{telling.state(asking, Status.claimed)} 7, new-kind 13")


def test_the_site_is_needed(tmp_path):
    """A workspace whose posts can't be read shows its queue all the same."""
    served = Served(tmp_path)
    put(served.app, KEY, NOON)
    (tmp_path / "posts/salma.yaml").write_text("title: [", "utf-8")
    assert "/salma/report%40en" in served.staff("editor").get("/staff").text
    served.close()


def test_every_step_is_said_in_the_readers_language(served):
    """The steps that the program writes itself are told in French; a network's own words stay as they are."""
    one = put(served.app, KEY, NOON)
    with served.app.store.write() as c:
        for event, detail in (
            ("claimed", ""),
            ("staged", "2 media"),
            ("sending", "attempt 3"),
            ("approved", "by Ana, the first of two"),
            ("withdraw-wanted", "by Ben"),
            ("failed", "The network says no"),
        ):
            deliveries.record(c, one.id, event, detail, worker="test", now=NOON)
    browser = served.staff("editor")
    browser.headers["Accept-Language"] = "fr"
    page = _said(browser, PAGE)
    steps = page[page.index('class="steps-table"') :]
    for words in ("ajoutée", "En main", "2 fichiers", "essai 3", "par Ana, la première de deux", "par Ben", "says no"):
        assert words in steps
    assert not [word for word in ("added", "claimed", "media", "attempt", "by A") if f"<td>{word}" in steps]
