"""Those who would harm a volunteer or the campaign: floods, whoever finds the phone, whoever tries everything."""

import io
import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image, ImageDraw

from scheduler.model import Risk
from scheduler.operations import intake
from scheduler.store import drafts, submissions
from scheduler.submission import NameMode, Stage, Submission
from scheduler.web.volunteers import ROUTES, upload
from tests.web.site import Served, drawn
from tests.web.volunteers.test_faces import three
from tests.web.volunteers.way import Volunteer, action


def those(site: Served) -> list[Submission]:
    """Return every submission there is."""
    with site.app.store.read() as c:
        return submissions.in_stage(c, *Stage)


def before_consent(site: Served, photo: bytes = b"") -> Volunteer:
    """Go as far as the agreement."""
    someone = Volunteer(site).upload(photo or site.photo())
    someone.send()
    someone.send(message="We stand with Salma")
    someone.open("/add/name").send()
    someone.send()
    return someone.send(network=["outbox"])


AGREED = {"age": "adult", "people": "1", "everyone": "yes", "agree": "yes"}

# ── floods ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_crowd_behind_one_address_is_no_flood(site: Served) -> None:
    """Three hundred people of one camp, or one mobile network, each begin something within an hour; then it ends."""
    browser = site.client()
    empty = {"data": {"once": "a"}, "files": {"file": ("a.jpg", b"", "image/jpeg")}}
    answers = [browser.post("/actions/salma/add", **empty).status_code for _ in range(301)]
    assert answers == [422] * 300 + [429]
    assert upload.LIMIT == "300 per hour"


def test_too_many_waiting_files_are_refused_in_words(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where very many files wait to be made anew, one more is refused; it leaves nothing behind."""
    monkeypatch.setattr(drafts, "MOST_WAITING", {"photo": 0, "film": 0})
    someone = Volunteer(site).upload(site.photo())
    assert someone.status == 422
    assert "Very many pictures are coming in" in someone.page.text
    assert not those(site)
    assert not any(intake.folder(site.app).iterdir())
    assert not someone.browser.cookies


def test_thousands_of_drafts_make_room(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many drafts, those that nobody goes on with go, with their files; fresh ones stay."""
    monkeypatch.setattr(drafts, "MOST", 2)
    first, second = (Volunteer(site).upload(site.photo(seed=seed)) for seed in (1, 2))
    full = Volunteer(site).upload(site.photo(seed=3))
    assert (full.status, len(those(site))) == (422, 2)
    site.clock.move_to(site.clock.now() + timedelta(minutes=21))
    second.send()
    second.send(message="I go on")
    third = Volunteer(site).upload(site.photo(seed=3))
    assert third.here == "/add/faces"
    assert [one.file_hash for one in those(site)].count("") == 0
    assert len(list(intake.folder(site.app).iterdir())) == 4, "two drafts, each with its photo and its preview"
    assert first.open("/add/faces").status == 404
    assert "I go on" in second.open("/add/message").html


def test_a_disk_that_is_nearly_full_takes_nothing_more(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state and what goes out need the rest of the disk: a file is refused in plain words, before it is read."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=400_000_000))
    someone = Volunteer(site).upload(site.photo())
    assert someone.status == 503
    assert "no room for more pictures" in someone.page.text
    assert not those(site)
    assert not any(intake.folder(site.app).iterdir())
    assert someone.open("/back").status == 200, "taking back goes on"


# ── whoever finds the phone ─────────────────────────────────────────────────────────────────────────────


def test_the_receipt_is_not_there_for_ever(site: Served) -> None:
    """On the next day the browser shows no code any more, though its cookie is there; the code itself still works."""
    someone = Volunteer(site).upload(site.photo())
    code = someone.through()
    assert not [one.name for one in someone.browser.cookies.jar if one.name.endswith("where")], "what was ticked"
    site.clock.move_to(site.clock.now() + timedelta(hours=11))
    assert someone.open("/add/receipt").code() == code
    site.clock.move_to(site.clock.now() + timedelta(hours=2))
    assert someone.open("/add/receipt").status == 404
    assert someone.open("/add/receipt/code").status == 404
    assert code not in someone.open("/add/consent").html
    assert someone.open("/back").send(code=code).send().status == 200
    assert those(site)[0].stage is Stage.withdrawn


@pytest.mark.parametrize("address", ["/nowhere", "/add/faces", "/add/message", "/actions/none", "/add/receipt"])
def test_the_quick_exit_is_on_every_error_too(site: Served, address: str) -> None:
    """Whatever went wrong, the way out and the way to take something back stand on the page."""
    someone = Volunteer(site).open(address)
    assert someone.status == 404
    assert "data-exit" in someone.html
    assert "/back" in someone.page.links


# ── what was agreed to ──────────────────────────────────────────────────────────────────────────────────


def test_a_risk_that_rises_meanwhile_is_told(site: Served) -> None:
    """An action becomes dangerous while somebody answers: no name stays, and the text of that risk is agreed to."""
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message="We stand with Salma")
    someone.open("/add/name").send(mode="full", name="Ada Lovelace")
    someone.send()
    someone.send(network=["outbox"])
    assert "can be dangerous" not in someone.page.text
    site.write("salma", action("high"))
    someone.send(**AGREED)
    assert (someone.here, someone.status) == ("/add/consent", 422)
    assert "has changed" in someone.page.text
    assert "can be dangerous" in someone.page.text
    (found,) = those(site)
    assert (found.stage, found.risk, found.name, found.name_mode) == (Stage.draft, Risk.high, "", NameMode.none)
    someone.send(**AGREED)
    assert someone.here == "/add/receipt"
    with site.app.store.read() as c:
        given = submissions.consent_of(c, those(site)[0])
    assert given is not None
    assert (given.risk, given.name_mode) == (Risk.high, NameMode.none)


def test_consent_says_that_only_some_faces_are_covered(site: Served) -> None:
    """Of three faces one is covered: the record doesn't say that they are."""
    someone = Volunteer(site).upload(three())
    ticks = [part.partition('"')[0] for part in someone.html.split('name="box" value="')[1:]]
    someone.send(box=ticks[:1])
    someone.send(message="We stand with Salma")
    someone.open("/add/name").send()
    someone.send()
    someone.send(network=["outbox"])
    someone.send(**{**AGREED, "people": "2"})
    with site.app.store.read() as c:
        given = submissions.consent_of(c, those(site)[0])
    assert given is not None
    assert (given.faces, given.people) == ("some", 2)


def test_covers_taken_off_in_another_tab_are_noticed(site: Served) -> None:
    """The agreement spoke of covered faces; in another tab they were uncovered: it has to be read once more."""
    someone = before_consent(site, three())
    someone.browser.post("/add/faces", data={"box": "0.1,0.1,0.3,0.3"})
    someone.send(**AGREED)
    assert (someone.here, someone.status) == ("/add/consent", 422)
    assert those(site)[0].stage is Stage.draft


def test_handing_in_twice_at_once_is_once(site: Served) -> None:
    """Two tabs, or an impatient thumb: one submission, one receipt, for both."""
    someone = before_consent(site)
    shown = someone.html.partition('name="shown" value="')[2].partition('"')[0]
    answers = at_once(
        lambda: someone.browser.post("/add/consent", data={**AGREED, "shown": shown}).headers.get("location")
    )
    assert answers == ["/add/receipt"] * 4
    assert [one.stage for one in those(site)] == [Stage.pending]


def at_once(deed: Callable[[], Any], times: int = 4) -> list[Any]:
    """Do something several times at the same moment; return what came of it."""
    line, found = threading.Barrier(times), []

    def do() -> None:
        line.wait()
        found.append(deed())

    threads = [threading.Thread(target=do) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


# ── covered is covered ──────────────────────────────────────────────────────────────────────────────────


def hiding(colour: tuple[int, int, int]) -> bytes:
    """Return a photo that differs from its siblings only in a small place at its middle."""
    image = Image.open(io.BytesIO(drawn((640, 480)))).convert("RGB")
    ImageDraw.Draw(image).rectangle((300, 220, 340, 260), fill=colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_nothing_that_anybody_is_shown_depends_on_what_is_covered(site: Served) -> None:
    """Photo, preview, card and staff's pictures of three different faces under one cover are the same, byte by byte."""
    seen: list[set[bytes]] = [set() for _ in range(7)]
    moderator = site.staff("moderator")
    for colour in ((255, 0, 0), (0, 255, 0), (250, 240, 30)):
        someone = Volunteer(site).upload(hiding(colour))
        someone.send(box=["0.35,0.3,0.65,0.7"])
        someone.send(message="We stand with Salma")
        for number, address in enumerate(("/draft/photo", "/draft/preview", "/add/card/wide", "/add/card/square")):
            answer = someone.browser.get(address)
            assert answer.status_code == 200
            seen[number].add(answer.content)
        someone.open("/add/name").send()
        someone.send()
        someone.send(network=["outbox"])
        someone.send(**AGREED)
        one = those(site)[-1]
        page = moderator.get(f"/staff/moderation/{one.ref}").text
        framed = page.partition(f"/staff/moderation/{one.ref}/framed/")[2].partition('"')[0].replace("&amp;", "&")
        addresses = (f"/media/{one.ref}/photo", f"/media/{one.ref}/preview")
        for number, address in enumerate((*addresses, f"/staff/moderation/{one.ref}/framed/{framed}"), 4):
            answer = moderator.get(address)
            assert answer.status_code == 200, address
            seen[number].add(answer.content)
        kept = {one.file, one.preview} | {name for other in those(site) for name in (other.file, other.preview)}
        assert {path.name for path in intake.folder(site.app).iterdir()} == kept, "the uncovered file is gone at once"
    assert [len(pictures) for pictures in seen] == [1] * 7


# ── whoever tries everything ────────────────────────────────────────────────────────────────────────────

NASTY = (
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "{{7*7}}${7*7}%s{0.__class__}",
    "javascript:alert(1)",
    "\r\nSet-Cookie: a=b\r\n\r\n",
    "9" * 4_000,
    "1e400,nan,inf,-0",
    "\ud83d\ude00\u202e\u0000\ufffe".encode("utf-16", "surrogatepass").decode("utf-16"),
    "../../../etc/passwd",
    "=cmd|' /C calc'!A0",
    'en"lang',
    "٣٫٥",
)


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_field_breaks_out_or_breaks_down(site: Served, nasty: str) -> None:
    """Every field of every form, whatever is in it: no fault of the program, no markup, no other header."""
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message="We stand with Salma")
    names = ("box", "small.x", "small.y", "large.x", "left", "top", "wide", "high", "every", "again", "message")
    names += ("language", "mode", "name", "alt", "network", "age", "people", "everyone", "agree", "shown", "lasting")
    names += ("contact", "code", "once", "who", "on")
    someone.browser.cookies.set("__Host-where", "outbox", domain="solidarity.example")
    for route in ROUTES:
        if route.method != "POST" or route.path in {"/add/stop", "/back/confirm"}:
            continue
        address = route.path.replace("{key}", "salma")
        answer = someone.browser.post(address, data={**dict.fromkeys(names, nasty), "small.y": "5"})
        assert answer.status_code < 500, address
        assert "<script>alert" not in answer.text, address
        assert "onmouseover='alert" not in answer.text, address
        assert "a=b" not in answer.headers.get("set-cookie", ""), address
        assert answer.headers.get("location", "/").startswith("/"), address
    for address in (
        "/add/faces",
        "/add/message",
        "/add/preview",
        "/add/name",
        "/add/alt",
        "/add/where",
        "/add/consent",
    ):
        page = someone.browser.get(address)
        assert page.status_code < 500, address
        assert "<script>alert" not in page.text
        assert "49$" not in page.text, "a placeholder was obeyed"


@pytest.mark.parametrize("address", ["/actions/salma/add", "/back", "/staff/sign-in", "/staff/welcome/code"])
def test_halves_of_letters_are_no_fault(site: Served, address: str) -> None:
    """A form that names UTF-7 as its encoding brings letters that no database takes: they are taken out."""
    words = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n+2AA-\r\n'
        for name in ("once", "code", "name", "password")
    )
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + site.photo() + b"\r\n--x--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x; charset=utf-7"}
    body = words.encode() + (file if address.endswith("/add") else b"--x--\r\n")
    assert site.client().post(address, content=body, headers=kind).status_code < 500
