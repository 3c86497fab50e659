"""The file: it arrives once, and what can't be opened safely leaves nothing."""

import re
import threading
from io import BytesIO

import pytest

from scheduler import cleaning
from scheduler.files import MachineError
from scheduler.operations import cover, intake
from scheduler.store import submissions
from scheduler.submission import Stage, Submission
from scheduler.web.volunteers.cleaner import Cleaner, cleaner_of
from tests.hostile import makers_bombs, makers_disguises
from tests.media.films import film, tone
from tests.web.site import CANARY, Served, TestClient
from tests.web.volunteers.way import Volunteer, action

DISGUISES = {
    case.name: case
    for case in makers_disguises.cases()
    if case.fate == "refused" and not case.name.startswith("polyglot-film")  # as photos these are well
}
BOMBS = {case.name: case for case in makers_bombs.cases() if case.fate == "refused"}
REFUSED = [*list(DISGUISES.values())[::7], *list(BOMBS.values())[::12]]


def drafts(site: Served) -> list[Submission]:
    """Return every submission there is."""
    with site.app.store.read() as c:
        return submissions.in_stage(c, *Stage)


def sent(client: TestClient, data: bytes, once: str = "one") -> int:
    """Send a file as a script does that tries again."""
    return client.post(
        "/actions/salma/add", data={"once": once, "who": "alone"}, files={"file": ("p.jpg", data, "image/jpeg")}
    ).status_code


def test_the_same_form_sent_twice_is_one_submission(site: Served) -> None:
    """A line that breaks after the file has arrived costs nothing: sent again, it is the same draft, in any browser."""
    client, photo = site.client(), site.photo()
    assert sent(client, photo) == 303
    assert sent(client, photo) == 303
    assert sent(site.client(), photo) == 303
    (found,) = drafts(site)
    assert found.file
    names = {path.name for path in intake.folder(site.app).iterdir()}
    assert names == {found.file, found.preview}, "no second file stays"


def test_another_file_in_the_same_form_takes_the_place_of_the_first(site: Served) -> None:
    """Whoever goes back and chooses another picture has one draft: the new one."""
    client = site.client()
    sent(client, site.photo(seed=1))
    (first,) = drafts(site)
    sent(client, site.photo(seed=2))
    (second,) = drafts(site)
    assert second.sha256 != first.sha256
    assert not (intake.folder(site.app) / first.file).exists()


def test_a_file_in_use_is_not_taken_twice(site: Served) -> None:
    """What waits for the moderators needn't be sent again, and the page says so."""
    photo = site.photo()
    Volunteer(site).upload(photo).through()
    other = Volunteer(site).upload(photo)
    assert other.status == 422
    assert "already" in other.page.text
    assert len(drafts(site)) == 1


def test_a_file_that_was_taken_back_never_comes_in_again(site: Served) -> None:
    """What somebody took back is refused by its keyed hash, though nothing of it is kept."""
    photo = site.photo()
    someone = Volunteer(site).upload(photo)
    code = someone.through()
    someone.open("/back").send(code=code).send()
    other = Volunteer(site).upload(photo)
    assert other.status == 422
    assert "taken back once" in other.page.text


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_hostile_files_are_refused_and_leave_nothing(site: Served, case: object) -> None:
    """A file that can't be opened safely gets a 4xx with fixed words; no row, no file and no cookie stay."""
    someone = Volunteer(site).upload(case.make())
    assert someone.status == 422, someone.page.text
    assert 'role="alert"' in someone.html
    assert not drafts(site)
    assert not any(intake.folder(site.app).iterdir())
    assert not [cookie for cookie in someone.browser.cookies.jar if cookie.name.endswith("draft") and cookie.value]
    assert Volunteer(site).upload(site.photo()).here == "/add/faces", "the site goes on"


def test_no_file_at_all_is_told(site: Served) -> None:
    """An empty form comes back with its reason."""
    someone = Volunteer(site).open("/actions/salma/add")
    someone.send(files={"nothing": ("", b"", "text/plain")})
    assert someone.status == 422
    assert "Choose a photo or a video first" in someone.page.text


def test_a_name_never_matters(site: Served) -> None:
    """Whatever a file is called, the name goes nowhere."""
    for number, name in enumerate(("../../etc/passwd", "a\u202egpj.exe", "x" * 300, "a.jpg.php", CANARY.decode())):
        someone = Volunteer(site).upload(site.photo(seed=number), name=name)
        assert someone.here == "/add/faces", name
    stored = {path.name for path in intake.folder(site.app).iterdir()}
    assert all(re.fullmatch(r"[0-9a-f]{32}(-small)?\.jpg", name) for name in stored), stored
    files = [path for path in (site.folder / "var").rglob("*") if path.is_file()]
    assert not [path for path in files if CANARY in path.read_bytes()]


def test_an_action_that_takes_nothing_takes_nothing(site: Served) -> None:
    """Where an action is over, the form isn't there, and a file that comes all the same isn't kept."""
    site.write("salma", action().replace("closes: 2026-04-01", "closes: 2026-03-01 18:00"))
    someone = Volunteer(site).open("/actions/salma/add")
    assert "takes no pictures" in someone.page.text
    sent(site.client(), site.photo())
    assert not drafts(site)


def test_a_film_goes_the_same_way(site: Served) -> None:
    """A film is made anew beside the request; its page waits, shows its still, and it is handed in with its voice."""
    someone = Volunteer(site).upload(film(size=(320, 240), sounds=(tone(),)), name="clip.mp4")
    assert someone.here in {"/add/wait", "/add/faces"}
    (found,) = drafts(site)
    assert cleaner_of(site.app).wait(found.id, 60)
    someone.open("/add/wait")
    assert someone.here == "/add/faces"
    someone.send(every="yes")
    assert cleaner_of(site.app).wait(found.id, 60)
    someone.open("/add/faces/wait")
    assert someone.here == "/add/message"
    someone.send(message="Hello")
    assert "/draft/film" in someone.html
    assert someone.browser.get("/draft/film").headers["content-type"] == "video/mp4"
    someone.open("/add/name").send()
    someone.send()
    someone.send(network=["outbox"])
    assert "voice" in someone.page.text
    someone.send(age="adult", people="0", everyone="yes", agree="yes")
    (found,) = drafts(site)
    with site.app.store.read() as c:
        given = submissions.consent_of(c, found)
    assert given is not None
    assert (given.voice, given.faces) == ("kept", "none")
    assert {path.name for path in intake.folder(site.app).iterdir()} == {found.file, found.poster, found.preview}


def test_what_was_waiting_is_cleaned_after_a_restart(site: Served) -> None:
    """A process that ends between taking a file in and making it anew loses nothing: the next one does it."""
    photo = site.photo()
    salma = site.site.action("salma")
    assert salma is not None
    begun = intake.begin(
        site.app, action=salma, source=BytesIO(photo), size=len(photo), once="a", group=False, uploaded_by=None
    )
    assert intake.unfinished(site.app) == [begun.submission.id]
    again = Cleaner(site.app)
    again.start()
    assert again.wait(begun.submission.id, 60)
    again.stop()
    assert intake.unfinished(site.app) == []
    found = intake.draft(site.app, begun.secret)
    assert found is not None
    assert found.file
    assert not found.source


def test_waiting_pages_look_again_by_themselves(site: Served) -> None:
    """While a file is being made anew the page says so, and comes again without a script."""
    photo = site.photo()
    salma = site.site.action("salma")
    assert salma is not None
    begun = intake.begin(
        site.app, action=salma, source=BytesIO(photo), size=len(photo), once="a", group=False, uploaded_by=None
    )
    someone = Volunteer(site)
    someone.browser.cookies.set("__Host-draft", begun.secret, domain="solidarity.example")
    assert someone.open("/add/message").here == "/add/wait"
    assert '<meta http-equiv="refresh"' in someone.html
    assert cleaner_of(site.app).wait(begun.submission.id, 60)
    assert someone.open("/add/wait").here == "/add/faces"


def test_a_film_that_another_process_covers_is_waited_for(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """No page lets it through uncovered: not beside another process, nor after a restart, nor when covering failed."""
    someone = Volunteer(site).upload(film(size=(320, 240)), name="clip.mp4")
    (found,) = drafts(site)
    assert cleaner_of(site.app).wait(found.id, 60)
    cover.want(site.app, found, [(0.1, 0.1, 0.4, 0.4)], every_face=False)  # and its process is another one, or ended
    for page in ("message", "preview", "name", "alt", "where", "consent"):
        assert someone.open(f"/add/{page}").here == "/add/faces/wait", page
    assert someone.status == 200

    def tired(*_: object, **__: object) -> None:
        raise MachineError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(cleaning, "film", tired)
        cleaner_of(site.app).start()
        assert cleaner_of(site.app).wait(found.id, 60)
    assert someone.open("/add/message").here == "/add/faces"
    assert "We can't open it just now" in someone.page.text
    assert 'value="0.1,0.1,0.4,0.4" checked' in " ".join(someone.html.split())
    cleaner_of(site.app).start()  # as the next process does
    assert cleaner_of(site.app).wait(found.id, 60)
    assert someone.open("/add/faces/wait").here == "/add/message"
    (found,) = drafts(site)
    assert (found.covers, found.to_cover) == (((0.1, 0.1, 0.4, 0.4),), None)


def test_a_film_that_is_never_covered_is_asked_about_again(site: Served) -> None:
    """The process that was to cover it is gone for good: after a while its volunteer decides once more."""
    someone = Volunteer(site).upload(film(size=(320, 240)), name="clip.mp4")
    (found,) = drafts(site)
    assert cleaner_of(site.app).wait(found.id, 60)
    cover.want(site.app, found, [(0.1, 0.1, 0.4, 0.4)], every_face=False)
    site.clock.move_to(site.clock.now() + cover.PATIENCE)
    assert someone.open("/add/message").here == "/add/faces"
    someone.send(drop=("box",))
    assert someone.here == "/add/message"
    assert drafts(site)[0].to_cover is None


def test_nobody_is_led_past_the_question_of_faces(site: Served) -> None:
    """A file that became clean a moment ago, while the thread that did it hasn't quite ended, leads to its faces."""
    someone = Volunteer(site).upload(site.photo())
    (found,) = drafts(site)
    ending = threading.Event()

    def end() -> Submission:
        ending.wait(60)
        return found

    cleaner = cleaner_of(site.app)
    cleaner.submit(found.id, end)
    try:
        assert someone.open("/add/wait").here == "/add/faces"
        assert someone.send().here == "/add/message"
    finally:
        ending.set()
    assert cleaner.wait(found.id, 60)
