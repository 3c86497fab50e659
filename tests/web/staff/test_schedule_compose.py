"""A post composed on the page is a post that the reader takes, word for word; and nothing is written."""

import html
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler import posts
from scheduler.web.staff.draft import Draft, as_yaml, check
from tests.web.site import ACTION, NOON

FORM = {
    "action": "salma",
    "id": "first-monday",
    "day": "2026-03-10",
    "time": "09:00",
    "text-en": "Hello: a 'post' #1",
    "text-fr": "Bonjour",
    "do": "check",
}


def _yaml(page):
    found = re.search(r'<pre class="yaml"[^>]*><code>(.*?)</code>', page.text, re.DOTALL)
    assert found, page.text
    return html.unescape(found[1])


def test_what_is_pasted_is_read_as_it_was_written(served):
    """The YAML, put at the end of the file, gives exactly the post that was composed."""
    more = {"card": "on", "card-en": "Short", "theme": "poster", "accounts": "en", "approve": "on"}
    late = {"late_after": "2 hours", "late_then": "skip"}
    page = served.staff("moderator").post("/staff/compose", data={**FORM, **more, **late})
    assert page.status_code == 200, page.text
    made = _yaml(page)
    assert 'at: "2026-03-10 09:00"' in made
    served.write("salma", ACTION + made)
    loaded = served.app.load_posts()
    assert not [one for one in loaded.problems if one.level == "error"]
    post = loaded.actions[0].posts[-1]
    assert post.text.by_language == {"en": "Hello: a 'post' #1", "fr": "Bonjour"}
    assert post.card is not None
    assert (post.card.theme, post.accounts, post.approve) == ("poster", ("en",), True)
    assert post.late is not None
    assert (post.late.after.total_seconds(), str(post.late.then)) == (7200, "skip")


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")) | st.sampled_from("\n:#'\"{}[]|>-%@`&*!"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS.map(lambda said: said.strip()).filter(lambda said: said and len(said) < 200))
def test_any_text_comes_back_to_the_character(served, text):
    """Whatever somebody types is quoted so that the reader gives it back to the character."""
    draft = Draft(action="salma", id="any", at="2026-03-10 09:00", texts={"en": text})
    file = served.folder / "posts" / "salma.yaml"
    file.write_text(ACTION + as_yaml(draft), "utf-8")
    loaded = posts.load(served.app.workspace, now=NOON, files=[file])
    refused = [one for one in loaded.problems if one.level == "error"]
    if not refused:  # characters that no post may hold are named, never changed
        assert loaded.actions[0].posts[-1].text.by_language["en"] == text
    else:
        assert {one.rule for one in refused} <= {"invisible-character", "bad-value", "not-yaml", "yaml"}, refused


def test_nothing_is_written(served):
    """Composing leaves posts/ and the state as they were, and no temporary file."""
    before = {file: file.read_bytes() for file in (served.folder / "posts").rglob("*")}
    served.staff("editor").post("/staff/compose", data=FORM)
    assert {file: file.read_bytes() for file in (served.folder / "posts").rglob("*")} == before
    assert not list((served.folder / "var").glob("compose-*"))


def test_it_can_be_downloaded(served):
    """The same YAML comes as a file, named by action and post."""
    browser = served.staff("editor")
    answer = browser.post("/staff/compose", data={**FORM, "do": "download"})
    assert answer.headers["content-disposition"] == 'attachment; filename="salma-first-monday.yaml"'
    assert answer.text == _yaml(browser.post("/staff/compose", data=FORM))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"action": ""}, "action"),
        ({"action": "nothing"}, "action"),
        ({"id": ""}, "id"),
        ({"id": "Not A Name"}, "id"),
        ({"id": "report"}, "id"),
        ({"time": ""}, "at"),
        ({"day": "2026-03-08", "time": "02:30"}, "at"),  # the clocks skip it in Toronto
        ({"text-en": "", "text-fr": ""}, "text"),
    ],
)
def test_each_problem_stands_beside_its_field(served, change, field):
    """What is missing or wrong is said at its field, with what to do, and the field is marked."""
    page = served.staff("editor").post("/staff/compose", data={**FORM, **change})
    assert page.status_code == 400
    assert f'<div id="wrong-{field}">' in page.text
    assert f'aria-describedby="wrong-{field}"' in page.text
    assert "Download it" not in page.text


def test_the_post_is_shown_as_each_account_would_publish_it(served):
    """Each account has the text in its language with link and hashtags, its length, and the card."""
    page = served.staff("editor").post("/staff/compose", data={**FORM, "card": "on"})
    assert page.text.count('class="spoken"') == 2
    assert "#BringSalmaHome" in page.text
    assert "as the network counts" in page.text
    address = re.search(r'src="(/staff/compose/picture/[^"]+)"', page.text)
    assert address
    browser = served.staff("moderator")
    assert browser.get(address[1]).content.startswith(b"\xff\xd8")
    for wrong in ("../state.db", "x.jpg", "0" * 40 + ".jpg", "%2e%2e%2fstate.db"):
        assert browser.get(f"/staff/compose/picture/{wrong}").status_code == 404


def test_a_broken_file_is_said(served):
    """Where the action's own file can't be read, nothing is composed into it."""
    browser = served.staff("editor")
    browser.get("/staff/compose")
    served.write("salma", "title: [")
    assert browser.post("/staff/compose", data=FORM).status_code == 400


def test_other_keys_of_the_file_stay_as_they_are(served):
    """Keys behind `posts:` count for the draft too."""
    served.write("salma", ACTION.replace("hashtags: [BringSalmaHome]\n", "") + "hashtags: [StandsLast]\n")
    action = served.site.action("salma")
    draft = Draft(action="salma", id="any", at="2026-03-10 09:00", texts={"en": "Hi"})
    checked = check(draft, action, served.app.workspace, now=NOON)
    assert "#StandsLast" in checked.shown[0].planned.content.text
    assert not [one for _, one in checked.problems if one.level == "error"]
