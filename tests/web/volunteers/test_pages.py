"""The pages around the way: what is open, what is shared, what is told; small, and with nothing from elsewhere."""

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from PIL import Image

from tests.web.site import CANARY, NOON, Served
from tests.web.volunteers.way import Volunteer, action

SHOWN = ("/", "/actions/salma", "/actions/salma/share", "/actions/salma/add", "/back", "/traces", "/add/thanks")
LATER = action().replace("opens: 2026-03-01", "opens: 2026-03-20")
OVER = action().replace("closes: 2026-04-01", "closes: 2026-03-01 18:00").replace("opens: 2026-03-01\n", "")
WAITING = action().replace("opens: 2026-03-01", "release: manual")


def test_actions_stand_with_their_days(site: Served) -> None:
    """The home page says of each action whether it is open, how long, or when it opens."""
    site.write("later", LATER)
    site.write("over", OVER)
    site.write("waiting", WAITING)
    text = Volunteer(site).open("/").page.text
    assert "30 days left" in text
    assert "Opens on 20 March 2026" in text
    assert "Opens soon" in text
    assert "Ended on 1 March 2026" in text
    assert text.index("Open now") < text.index("Coming soon") < text.index("Over")


@pytest.mark.parametrize("other", [LATER, OVER, WAITING])
def test_only_open_actions_take_pictures(site: Served, other: str) -> None:
    """An action that isn't open offers no way in."""
    site.write("salma", other)
    assert "/actions/salma/add" not in Volunteer(site).open("/actions/salma").page.links


def test_an_action_without_a_place_for_pictures_can_be_shared(site: Served) -> None:
    """Where no post is `from: submissions`, the page offers sharing alone."""
    site.write("salma", action().partition("  - id: voices")[0])
    links = Volunteer(site).open("/actions/salma").page.links
    assert "/actions/salma/share" in links
    assert "/actions/salma/add" not in links


def test_replies_lead_with_the_official_page(site: Served) -> None:
    """Somebody who is asked for help finds words to copy, the official link before them."""
    html = Volunteer(site).open("/actions/salma").html
    assert html.index("https://example.org/help") < html.index("Please see")


@pytest.mark.parametrize("address", SHOWN)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_pages_are_small_and_our_own(site: Served, address: str, language: str) -> None:
    """Each page has 50 KB at most with its style and script, and asks nothing of another site."""
    someone = Volunteer(site, language).open(address)
    assert someone.status == 200
    needed = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', someone.html)
    assert all(one.startswith("/") for one in needed), needed
    files = [one for one in needed if one.startswith("/static/")]
    size = len(someone.html.encode()) + sum(len(someone.browser.get(one).content) for one in files)
    assert size <= 50_000
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", someone.html)
    assert f'<html lang="{language}" dir="ltr">' in someone.html


@pytest.mark.parametrize("address", SHOWN)
def test_every_page_has_the_way_out(site: Served, address: str) -> None:
    """Quick exit, the language and the way to take something back stand on every page."""
    links = Volunteer(site).open(address).page.links
    assert "https://www.wikipedia.org/" in links
    assert "/back" in links
    assert any("?lang=fr" in link for link in links)


def test_the_language_stays(site: Served) -> None:
    """Whoever chooses French reads on in French."""
    someone = Volunteer(site).open("/?lang=fr")
    assert "Participer" in someone.html
    assert "Reprendre" in someone.open("/back").page.text


def test_the_share_kit_has_the_right_tags(site: Served) -> None:
    """Each network gets its own tags, and a plain link to its own page that begins a post."""
    someone = Volunteer(site).open("/actions/salma/share")
    assert "@SomeMinister" in someone.page.text
    shared = [link for link in someone.page.links if link.startswith("https://x.com/intent/post?text=")]
    assert len(shared) == 1
    assert "%40SomeMinister" in shared[0]
    assert "%23BringSalmaHome" in shared[0]
    bluesky = next(link for link in someone.page.links if link.startswith("https://bsky.app/intent/compose?text="))
    assert "SomeMinister" not in bluesky
    assert someone.html.count('rel="noreferrer') >= 6


@pytest.mark.parametrize(
    ("change", "english", "french"),
    [
        (("", ""), "A report on Salma’s case.", "Un rapport sur le cas de Salma."),
        (("    at: 2026-03-03", "    approve: true\n    at: 2026-03-03"), "Bring Salma home", "Ramenez Salma"),
        (("opens: 2026-03-01", "opens: 2026-03-03"), "Bring Salma home", "Ramenez Salma"),
        (("opens: 2026-03-01", "release: manual"), "Bring Salma home", "Ramenez Salma"),
    ],
    ids=["the post to come", "one that waits for a yes", "not open yet", "not released"],
)
def test_the_words_to_share_are_the_posts(site: Served, change: tuple[str, str], english: str, french: str) -> None:
    """Volunteers copy what the campaign says itself, in their language; nothing that may not be told yet."""
    site.write("salma", action().replace(*change))
    for language, words in (("en", english), ("fr", french)):
        html = Volunteer(site, language).open("/actions/salma/share").html
        first = html.partition('class="words" dir="auto">')[2].partition("</p>")[0]
        assert first == f"{words}\n\nhttps://example.org/salma @SomeMinister #BringSalmaHome"


def test_the_latest_post_is_the_one_to_share(site: Served) -> None:
    """Once a post was due, its words are shared until the next one's time has come."""
    second = "  - {id: second, at: 2026-03-05 09:00, text: {en: The second., fr: Le second.}}\n"
    site.write("salma", action() + second)
    for day, words in ((1, "A report"), (2, "A report"), (4, "The second.")):
        site.clock.move_to(NOON + timedelta(days=day))
        assert f'dir="auto">{words}' in Volunteer(site).open("/actions/salma/share").html


@pytest.mark.parametrize(("shape", "size"), [("small", (480, 270)), ("wide", (1200, 675)), ("square", (1080, 1080))])
def test_cards_to_download(site: Served, shape: str, size: tuple[int, int]) -> None:
    """The action's card comes in each language and shape; another one is no page."""
    someone = Volunteer(site)
    english = someone.browser.get(f"/actions/salma/card/en/{shape}").content
    assert Image.open(io.BytesIO(english)).size == size
    assert someone.browser.get(f"/actions/salma/card/fr/{shape}").content != english
    assert someone.browser.get("/actions/salma/card/de/wide").status_code == 404
    assert someone.browser.get("/actions/nothing/card/en/wide").status_code == 404


def test_ones_own_photo_in_the_frame_is_kept_nowhere(site: Served) -> None:
    """The framed photo comes back at once, clean, and nothing of it stays."""
    someone = Volunteer(site).open("/actions/salma/share")
    answer = someone.browser.post(
        "/actions/salma/share", data={"message": "Hello"}, files={"file": ("a.jpg", site.photo(), "image/jpeg")}
    )
    assert answer.headers["content-disposition"] == 'attachment; filename="salma.jpg"'
    assert Image.open(io.BytesIO(answer.content)).size == (1080, 1080)
    assert CANARY not in answer.content
    uploads = site.folder / "var/uploads"
    assert not uploads.exists() or not any(uploads.iterdir())
    refused = someone.browser.post("/actions/salma/share", files={"file": ("a.jpg", b"GIF but no", "image/jpeg")})
    assert refused.status_code == 422


def test_an_action_that_is_not_there(site: Served) -> None:
    """An unknown action is no page, anywhere."""
    for address in ("/actions/nothing", "/actions/nothing/share", "/actions/nothing/add"):
        assert Volunteer(site).open(address).status == 404


def test_titles_are_shown_as_they_are_written(open_site: Callable[..., Served]) -> None:
    """Markup and placeholders in what staff and volunteers write are words, nothing else."""
    site = open_site()
    evil = "<script>alert(1)</script>{{7*7}}{0.__class__}%s"
    site.write("salma", action().replace("en: Bring Salma home", f"en: '{evil}'"))
    for address in ("/", "/actions/salma", "/actions/salma/share", "/actions/salma/add"):
        html = Volunteer(site).open(address).html
        assert "<script>alert" not in html
        assert "&lt;script&gt;" in html
        assert "{{7*7}}" in html
    someone = Volunteer(site).upload(site.photo())
    someone.send()
    someone.send(message=evil)
    assert "<script>alert" not in someone.html
    assert "{{7*7}}{0.__class__}%s" in someone.html
