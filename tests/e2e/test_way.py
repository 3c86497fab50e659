"""The whole way: a stranger's photo is handed in, moderated, published framed, taken back, and gone everywhere."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from scheduler.standins.x import USERS, Server
from tests.acceptance.command import wait_for
from tests.e2e import eyes, journey
from tests.e2e.house import CONFIG, House, action
from tests.web.site import CANARY, spoiled

MESSAGE = "Nous restons à vos côtés."
ALT = "Une personne tient une pancarte."


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a photo full of what nobody may ever learn from it."""
    file = tmp_path / f"{CANARY.decode()}-name.jpg"
    file.write_bytes(spoiled())
    return file


@pytest.fixture
def x() -> Iterator[Server]:
    """Return a server that plays X, as strict as the real one."""
    with Server() as server:
        yield server
    assert not server.errors


@pytest.fixture
def house(tmp_path: Path, x: Server) -> Iterator[House]:
    """Return a served workspace with an account on every network there is."""
    made = House(tmp_path / "campaign", tmp_path / "home")
    (made.folder / "config.yaml").write_text(
        f"{CONFIG}  x-fr: {{platform: x, lang: fr, keys: X_FR, base_url: '{x.url}'}}\n"
    )
    made.env = {f"X_FR_{name}": secret for name, secret in USERS[0].secrets.items()}
    made.write(action())
    with made.serving():
        yield made


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_strangers_photo_goes_out_and_comes_back(
    house: House, person: Callable[..., BrowserContext], photo: Path, x: Server, *, scripts: bool
):
    """From a phone in French: handed in, approved at a desk, out on every network, taken back, gone everywhere."""
    phone = person(language="fr", scripts=scripts).new_page()
    code = journey.hand_in(phone, photo, MESSAGE, language="fr", alt=ALT)
    house.write(action(slot=datetime.now(UTC) + timedelta(seconds=40)))
    desk = person(size=eyes.DESK, scripts=scripts).new_page()
    journey.join(desk, house, "Ana", "admin")
    journey.approve(desk)
    _rehearsed(house)
    with house.daemon():
        wait_for(lambda: len(house.outbox()) == 2 and len(x.state()["posts"]) == 1, seconds=90)
        framed = _framed(house, x)
        journey.take_back(phone, code)
        wait_for(lambda: not house.outbox() and not x.state()["posts"], seconds=60)
    assert [path for path in (house.folder / "var/uploads").rglob("*") if path.is_file()] == []
    kept = {_digest(path) for path in (house.folder / "var").rglob("*") if path.is_file()}
    assert not framed & kept
    statuses = {one["status"] for one in json.loads(house.say("status", "unite/faces", "--json"))["deliveries"]}
    assert statuses == {"withdrawn"}
    _nowhere(house, CANARY, MESSAGE.encode(), ALT.encode(), code.encode())


def _rehearsed(house: House) -> None:
    """Make sure that the photo takes part in a rehearsal, and that the gallery shows it on each account."""
    told = json.loads(house.say("rehearse", "--json"))
    shown = [one for one in told["deliveries"] if one["post"] == "faces"]
    assert [one["status"] for one in shown] == ["published"] * 3
    assert (Path(told["out"]) / "index.html").read_text("utf-8").count(ALT) >= 3


def _framed(house: House, x: Server) -> set[str]:
    """Make sure that what is out bears alt text, tags and hashtag; return the pictures' hashes."""
    for folder in house.outbox():
        assert json.loads((folder / "receipt.json").read_text("utf-8"))["key"].startswith("unite/faces")
        assert (folder / "1.jpg").stat().st_size > 10_000
        assert ALT in (folder / "1.alt.txt").read_text("utf-8")
        assert "#UniteForAfghanistan" in (folder / "text.txt").read_text("utf-8")
    (post,) = x.state()["posts"]
    assert "@AmnestyNow #UniteForAfghanistan" in post["text"]
    assert ALT in json.dumps(post, ensure_ascii=False)
    return {_digest(folder / "1.jpg") for folder in house.outbox()} | {one["sha256"] for one in post["media"]}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _nowhere(house: House, *words: bytes) -> None:
    """Make sure that words are in no file of the workspace's state once the pages are closed."""
    house.say("status", "--json")
    for file in (house.folder / "var").rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert [word for word in words if word in data] == [], file


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("size", [eyes.PHONE, eyes.DESK], ids=["phone", "desk"])
def test_every_page_of_volunteers_is_for_everybody(
    person: Callable[..., BrowserContext], photo: Path, language: str, size: dict[str, int]
):
    """Each step, on a phone and at a desk, in both languages, light and dark: axe is content, nothing sticks out."""
    page = person(language=language, size=size, dark=size is eyes.DESK).new_page()

    def look(page: Page, _name: str) -> None:
        eyes.demand(page)

    for address in ("/", "/traces", "/actions/unite/share", "/nowhere"):
        page.goto(address)
        look(page, address)
    code = journey.hand_in(page, photo, "سلام و همبستگی", language="prs", look=look)
    look(page, "thanks")
    journey.take_back(page, code, look=look)


@pytest.mark.parametrize("address", ["/", "/actions/unite", "/actions/unite/add", "/back", "/staff/sign-in"])
def test_right_to_left_mirrors_the_whole_page(person: Callable[..., BrowserContext], address: str):
    """Set from right to left a page stays whole: what stood at the left edge stands at the right one."""
    page = person().new_page()
    page.goto(address)
    middle = "() => { const box = document.querySelector('h1').getBoundingClientRect(); return [box.left, box.right] }"
    left, _ = page.evaluate(f"({middle})()")
    page.evaluate("document.documentElement.dir = 'rtl'")
    _, right = page.evaluate(f"({middle})()")
    assert abs(left - (eyes.PHONE["width"] - right)) < 20
    assert eyes.overflow(page) <= 0


def test_the_name_on_top_keeps_its_words_whole(house: House, person: Callable[..., BrowserContext]):
    """On a small phone in French the organisation's name goes over two lines, and no word is torn."""
    config = (house.folder / "config.yaml").read_text("utf-8")
    (house.folder / "config.yaml").write_text(config.replace("Bureau de solidarité", "Votre organisation"), "utf-8")
    page = person(language="fr").new_page()
    wait_for(lambda: page.goto("/") and page.inner_text(".brand") == "Votre organisation", seconds=30)
    lines = page.evaluate(
        "() => { const range = document.createRange();"
        " range.selectNodeContents(document.querySelector('.brand')); return range.getClientRects().length }"
    )
    assert lines <= 2
    word = page.evaluate(
        "() => { const range = document.createRange(); const text = document.querySelector('.brand').firstChild;"
        " range.setStart(text, 6); range.setEnd(text, text.length); return range.getClientRects().length }"
    )
    assert word == 1


def test_nothing_secret_in_any_address(person: Callable[..., BrowserContext], photo: Path):
    """Not one address that a browser asks for, or keeps in its history, holds a message, a name or a code."""
    context = person()
    asked: list[str] = []
    context.on("request", lambda one: asked.append(one.url))
    page = context.new_page()
    code = journey.hand_in(page, photo, "Wordsofmine", language="en", alt="Whatisseen")
    page.goto(f"/back#{code}")
    page.wait_for_function("document.querySelector('#code').value !== ''")
    assert page.evaluate("location.hash") == ""
    page.fill("#code", "")
    page.evaluate("code => { location.hash = code; }", code)  # the link again, in the tab that is there already
    page.wait_for_function("location.hash === ''")
    assert page.input_value("#code") == code
    journey.press(page)
    journey.press(page)
    told = " ".join(asked)
    for secret in (code, code.replace("-", ""), "Wordsofmine", "Whatisseen", CANARY.decode()):
        assert secret not in told.replace(f"/back#{code}", "")
