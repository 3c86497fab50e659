"""A volunteer's whole way, without JavaScript: from the action to the receipt."""

import hashlib
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from PIL import Image

from scheduler import consents
from scheduler.model import Risk
from scheduler.operations import intake
from scheduler.store import submissions
from scheduler.submission import NameMode, Stage, Submission
from tests.web.site import NOON, Served
from tests.web.volunteers.way import Volunteer


def handed_in(site: Served) -> Submission:
    """Return the one submission there is."""
    with site.app.store.read() as c:
        (found,) = submissions.in_stage(c, *Stage)
    return found


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ["Which photo", "This is how it will look", "Thank you"]), ("fr", ["Quelle photo", "Voici", "Merci"])],
)
def test_the_whole_way(site: Served, language: str, words: list[str]) -> None:
    """Somebody goes from the home page to the receipt, in English and in French, by links and forms alone."""
    someone = Volunteer(site, language).open("/")
    assert "/actions/salma" in someone.page.links
    someone.open("/actions/salma")
    assert "/actions/salma/add" in someone.page.links
    someone.open("/actions/salma/add")
    assert words[0] in someone.page.text
    someone.upload(site.photo(), who="group")
    assert (someone.here, someone.status) == ("/add/faces", 200)
    someone.send()
    someone.send(message="We stand with Salma", language="en")
    assert someone.here == "/add/preview"
    assert words[1] in someone.page.text
    assert "We stand with Salma" in someone.page.text
    someone.open("/add/name").send(mode="first", name="Ada")
    assert someone.here == "/add/alt"
    someone.send(alt="Three people hold a sign")
    someone.send(network=["outbox"])
    someone.send(age="adult", people="3", everyone="yes", agree="yes", lasting="month", contact="ada@example.org")
    assert someone.here == "/add/receipt"
    assert words[2] in someone.page.text
    found = handed_in(site)
    assert found.stage is Stage.pending
    assert (found.message, found.name, found.name_mode) == ("We stand with Salma", "Ada", NameMode.first)
    assert (found.alt, found.group) == ("Three people hold a sign", True)
    assert site.app.vault.unseal(found.contact) == "ada@example.org"
    assert "example.org" not in found.contact


def test_the_record_of_the_consent_is_exact(open_site: Callable[..., Served]) -> None:
    """What is kept is what was shown and ticked: its hash, version, language, networks, risk, people, and the day."""
    site = open_site("elevated")
    someone = Volunteer(site, "fr").upload(site.photo())
    someone.send()
    someone.send(message="Nous sommes avec Salma")
    someone.open("/add/name").send()
    someone.send()
    someone.send(network=["outbox"])
    shown = someone.html
    someone.send(age="guardian", people="0", everyone="yes", agree="yes", lasting="month")
    with site.app.store.read() as c:
        given = submissions.consent_of(c, handed_in(site))
    assert given is not None
    text = consents.text("fr", Risk.elevated, ["outbox"], brand="Bureau de solidarité", action="Ramenez Salma")
    assert all(paragraph.replace("'", "&#39;") in shown for paragraph in text.paragraphs)
    assert (given.text_sha256, given.text_version, given.language) == (text.sha256, consents.VERSION, "fr")
    assert (given.networks, given.risk, given.people) == (("outbox",), Risk.elevated, 0)
    assert (given.guardian, given.adult, given.all_agreed) == (True, False, True)
    assert (given.faces, given.voice, given.place, given.name_mode) == ("none", "none", "none", NameMode.none)
    assert given.day == NOON.date()
    assert given.expires_on == NOON.date() + timedelta(days=30)
    assert handed_in(site).touched_at is None, "the hour is nobody's business"


def test_nothing_is_ticked_beforehand(site: Served) -> None:
    """No network, no agreement and no age is chosen for anybody, and without them nothing is handed in."""
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message="Hello")
    someone.open("/add/name").send()
    someone.send()
    someone.send()
    assert someone.status == 422
    assert "Tick at least one place" in someone.page.text
    someone.send(network=["outbox"])
    someone.send()
    assert (someone.here, someone.status) == ("/add/consent", 422)
    for words in ("Choose one of the two", "Write a number", "only when everybody", "Tick this to hand it in"):
        assert words in someone.page.text
    assert handed_in(site).stage is Stage.draft


def test_a_network_that_the_action_has_not_is_not_taken(site: Served) -> None:
    """Only places that the action goes to can be agreed to, whatever a form says."""
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message="Hello")
    someone.open("/add/where").send(network=["x", "mars"])
    assert someone.status == 422


@pytest.mark.parametrize(("language", "said"), [("en", "Our own archive"), ("fr", "Nos propres archives")])
def test_a_choice_begins_with_a_capital(site: Served, language: str, said: str) -> None:
    """What can be ticked begins as a sentence does."""
    someone = Volunteer(site, language).upload(site.photo())
    someone.send()
    someone.send(message="Hello")
    assert f"<span>{said}</span>" in someone.open("/add/where").html


def test_consent_to_an_older_text_is_asked_again(site: Served) -> None:
    """Who saw another text than the one that counts now reads it once more."""
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message="Hello")
    someone.open("/add/where").send(network=["outbox"])
    someone.send(age="adult", people="1", everyone="yes", agree="yes", shown="0" * 64)
    assert someone.status == 422
    assert "has changed" in someone.page.text
    assert handed_in(site).stage is Stage.draft


def test_high_risk_asks_for_no_name(open_site: Callable[..., Served]) -> None:
    """At high risk no name and no contact is asked for, and none is kept whatever is sent."""
    site = open_site("high")
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message="Hello")
    assert "/add/alt" in someone.page.links
    assert "/add/name" not in someone.page.links
    someone.browser.post("/add/name", data={"mode": "full", "name": "Ada Lovelace"})
    someone.open("/add/where").send(network=["outbox"])
    assert 'name="contact"' not in someone.html
    assert "can be dangerous" in someone.page.text
    someone.send(age="adult", people="0", everyone="yes", agree="yes", contact="ada@example.org")
    assert someone.here == "/add/receipt"
    found = handed_in(site)
    assert (found.name, found.name_mode, found.contact) == ("", NameMode.none, "")


def test_the_card_shows_the_message(site: Served) -> None:
    """The preview is the framed card: another message gives another picture, and so does the live one."""
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message="We stand with Salma")
    first = someone.browser.get("/add/card/wide").content
    assert Image.open(io.BytesIO(first)).size == (720, 405)
    live = someone.browser.post("/add/card", data={"message": "Something else", "language": "en"}).content
    assert live != first
    assert someone.browser.get("/add/card/wide").content == first, "a live preview keeps nothing"
    assert Image.open(io.BytesIO(someone.browser.get("/add/card/square").content)).size == (640, 640)


def test_a_message_that_does_not_fit_is_told_at_once(site: Served) -> None:
    """A message without words, too long, or that no font can set comes back with its reason beside the field."""
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    for message in ("   ", "a" * 121, "\U000e0fff\U0001fbff" * 3):
        someone.send(message=message)
        assert (someone.here, someone.status) == ("/add/message", 422), message
        assert 'aria-invalid="true"' in someone.html
        assert 'id="wrong-message"' in someone.html


def test_marks_that_turn_writing_around_are_taken_out(site: Served) -> None:
    """A name or message can't turn around or hide what stands beside it."""
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message="Free\u202e Salma\u0000\u2066 now")
    assert handed_in(site).message == "Free Salma now"


def test_the_code_is_told_once_and_again_if_the_answer_was_lost(site: Served) -> None:
    """Who hands in twice, because the first answer never came, gets the same code; nobody else sees it."""
    someone = Volunteer(site).upload(site.photo())
    code = someone.through()
    again = someone.browser.post("/add/consent", data={"agree": "yes"})
    assert (again.status_code, again.headers["location"]) == (303, "/add/receipt")
    assert Volunteer(site).open("/add/receipt").status == 404
    someone.open("/add/receipt")
    assert someone.code() == code
    assert someone.browser.get("/add/receipt/code").headers["content-type"] == "image/svg+xml"
    someone.send()
    assert someone.here == "/add/thanks"
    assert someone.open("/add/receipt").status == 404
    assert not [cookie for cookie in someone.browser.cookies.jar if cookie.name.endswith(("draft", "where"))]


def test_nothing_secret_stands_in_an_address(site: Served) -> None:
    """No address of the way holds a code, a name, a message or the draft's secret; no answer lets itself be kept."""
    someone = Volunteer(site).upload(site.photo())
    secret = next(cookie.value for cookie in someone.browser.cookies.jar if cookie.name.endswith("draft"))
    code = someone.through(message="Unmistakable words")
    someone.send()
    whole = " ".join(someone.addresses)
    for word in (secret or "-", code, "Unmistakable", "?"):
        assert word not in whole
    assert someone.headers["cache-control"] == "no-store"
    assert someone.headers["referrer-policy"] in {"same-origin", "no-referrer"}


def test_the_cookie_is_for_this_browser_and_this_site_alone(site: Served) -> None:
    """The draft's cookie can't be read by scripts, isn't sent from elsewhere, and ends with the browser."""
    someone = Volunteer(site).open("/actions/salma/add")
    answer = someone.browser.post(
        "/actions/salma/add", data={"once": "a"}, files={"file": ("a.jpg", site.photo(), "image/jpeg")}
    )
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-draft=")
    for word in ("httponly", "samesite=strict", "secure", "path=/"):
        assert word in cookie
    assert "max-age" not in cookie
    assert "expires" not in cookie


def test_somebody_elses_draft_is_nobodys(site: Served) -> None:
    """Without its cookie a draft can't be seen, answered or handed in; the database keeps only a hash of it."""
    someone = Volunteer(site).upload(site.photo())
    other = Volunteer(site)
    for name in ("faces", "message", "preview", "name", "alt", "where", "consent", "faces/picture", "card/wide"):
        assert other.open(f"/add/{name}").status == 404, name
    secret = next(cookie.value for cookie in someone.browser.cookies.jar if cookie.name.endswith("draft"))
    assert secret
    files = b"".join(path.read_bytes() for path in (site.folder / "var").glob("state.db*"))
    assert secret.encode() not in files
    assert hashlib.sha256(secret.encode()).hexdigest().encode() in files


def test_stopping_deletes_everything(site: Served) -> None:
    """Whoever stops in the middle leaves no row and no file."""
    someone = Volunteer(site).upload(site.photo())
    folder = intake.folder(site.app)
    assert any(folder.iterdir())
    answer = someone.browser.post("/add/stop")
    assert answer.headers["location"] == "/actions/salma"
    assert not any(folder.iterdir())
    with site.app.store.read() as c:
        assert not submissions.in_stage(c, *Stage)


def test_staff_who_upload_are_known(site: Served) -> None:
    """Whoever hands something in while signed in can't decide on it: it is noted who it was."""
    user = site.user("moderator")
    someone = Volunteer(site)
    someone.browser = site.staff(user=user)
    someone.upload(site.photo())
    assert handed_in(site).uploaded_by == user.id
