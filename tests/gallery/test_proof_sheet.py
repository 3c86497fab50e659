"""The proof sheet as a reader, a browser's policy and a screen reader meet it."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.gallery import Shown, ShownMedium, ShownPart, write
from scheduler.gallery.words import _EN, _FR, STATES
from scheduler.status import Status

TORONTO = ZoneInfo("America/Toronto")
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}
DUE = datetime(2021, 9, 10, 13, 0, tzinfo=UTC)


class Page(HTMLParser):
    """Reads a page: every start tag with its attributes, the visible words, and what wasn't balanced."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.text = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"style", "script"}:
            self.text += data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            found
            for name, found in self.tags
            if name == tag and all(value in (found.get(key) or "").split() for key, value in wanted.items())
        ]


def shown(**changes) -> Shown:
    """Return a delivery with some of its fields changed."""
    values = {
        "key": "syria-not-safe/report@x-en",
        "action": "syria-not-safe",
        "action_title": "Syria is not safe",
        "post": "report",
        "account": "x-en",
        "platform": "x",
        "language": "en",
        "status": "published",
        "due_at": DUE,
        "published_at": None,
        "reason": "",
        "text": "Syria is not safe. https://example.org/syria @AmnestyNow #SyriaNotSafe",
        "length": 70,
        "limit": 280,
        "media": (),
        "phase": "ongoing",
        "source": "posts/syria-not-safe.yaml:12",
    }
    return Shown(**(values | changes))


@pytest.fixture
def picture(tmp_path: Path) -> ShownMedium:
    """Return a picture that is on the disk."""
    path = tmp_path / "card.png"
    path.write_bytes(b"a picture")
    return ShownMedium(path=path, alt="A candle in the dark.", width=1200, height=675)


@pytest.fixture
def sheet(tmp_path: Path):
    """Return a function that writes a sheet of deliveries and reads it."""

    def make(*items: Shown, **options) -> Page:
        values = {"title": "Round-Up", "timezone": TORONTO, "shown": items} | options
        index = write(tmp_path / "sheet", **values)
        return Page(index.read_text(encoding="utf-8"))

    return make


def test_every_tag_is_closed(sheet, picture):
    """The page is well formed with pictures, without, and for a network that puts the picture first."""
    page = sheet(
        shown(media=(picture,)),
        shown(key="b", platform="instagram", media=(picture, picture), reason="A reason."),
        shown(key="c", media=(replace(picture, path=picture.path.with_suffix(".mp4")),)),
        note="A note.",
    )
    assert (page.wrong, page.open) == ([], [])


def test_a_thread_shows_its_parts_in_order(sheet):
    """Every part of a thread stands under the first, with its tags marked and its own length."""
    parts = (ShownPart(text="Second, @AmnestyNow.", length=20), ShownPart(text="Third <last>.", length=13))
    page = sheet(shown(text="First.", thread=parts))
    assert (page.wrong, page.open) == ([], [])
    assert len(page.all("ol", class_="thread")) == 1
    assert page.text.index("First.") < page.text.index("Second, @AmnestyNow.") < page.text.index("Third <last>.")
    assert "20 / 280" in page.text
    assert len(page.all("bdi", class_="tag")) == 1


def test_a_warning_stands_before_the_text(sheet):
    """A content warning is read before what it warns of."""
    page = sheet(shown(platform="mastodon", warning="Torture", text="What they did."))
    assert page.text.index("Content warning: Torture") < page.text.index("What they did.")


def test_a_link_card_names_its_page_and_host(sheet):
    """A link card shows the title and the host, nothing is fetched for it."""
    page = sheet(shown(platform="bluesky", link="https://example.org/syria?a=1", link_title="Syria & others"))
    assert (page.wrong, page.open) == ([], [])
    assert len(page.all("p", class_="card-of-link")) == 1
    assert "Syria & others" in page.text
    assert "example.org" in page.text


def test_links_are_plain_words_on_instagram(sheet):
    """Where nobody can follow a link it doesn't look like one."""
    assert sheet(shown(platform="instagram")).all("bdi", class_="link") == []
    assert len(sheet(shown(platform="threads")).all("bdi", class_="link")) == 1


def test_an_empty_campaign_still_has_a_page(sheet):
    """Nothing to show is said in words, not shown as a blank or an error."""
    page = sheet()
    assert "There is nothing to show" in page.text
    assert (page.wrong, page.open) == ([], [])


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", "{{7*7}}", '"><img src=x onerror=alert(1)>'])
def test_what_people_wrote_stays_text(sheet, picture, hostile):
    """Markup and template signs in any field reach the reader as they were typed and do nothing."""
    item = shown(
        key=hostile,
        action=hostile,
        action_title=hostile,
        account=hostile,
        platform=hostile,
        language=hostile,
        status=hostile,
        reason=hostile,
        text=hostile,
        phase=hostile,
        source=hostile,
        media=(replace(picture, alt=hostile),),
    )
    page = sheet(item, title=hostile, note=hostile)
    assert page.wrong == []
    assert len(page.all("script")) == 1
    assert len(page.all("img")) == 1
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.text.count(hostile) >= 6


def test_the_text_is_shown_to_the_character(sheet):
    """Marking links and tags up adds and drops nothing, line breaks included."""
    text = "One.\n\n  Two: https://example.org/a?b=c&d=e, @one@two.example #été."
    page = sheet(shown(text=text))
    assert text in page.text
    assert [len(page.all("bdi", class_=kind)) for kind in ("link", "tag", "hashtag")] == [1, 1, 1]


@pytest.mark.parametrize("status", [*Status])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_state_has_its_word_its_icon_and_its_reason(sheet, status, language):
    """A state is never told by colour alone, and its reason stands beside it."""
    page = sheet(shown(status=status, reason="Because of this."), language=language)
    assert status.value in STATES
    assert len(page.all("article", class_=f"is-{status}")) == 1
    assert page.all("symbol", id=f"icon-{status}")
    assert {"href": f"#icon-{status}"} in page.all("use")
    assert "Because of this." in page.text


def test_a_state_nobody_knows_is_shown(sheet):
    """A state added later appears under its own name instead of breaking or hiding the post."""
    page = sheet(shown(status="brand-new"))
    assert "Brand new" in page.text
    assert len(page.all("article")) == 1


def test_nothing_is_fetched_from_anywhere(sheet, picture):
    """Every address on the page is a fragment or a file beside it, and the style names none."""
    page = sheet(shown(media=(picture,)))
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "action", "poster", "data"):
            assert re.fullmatch(r"#[\w-]+|pictures/[0-9a-f]{32}\.\w+", attributes.get(name) or "#x")
    assert not page.all("link")
    assert not page.all("iframe")


def test_the_policy_allows_the_page_and_nothing_else(tmp_path, picture):
    """The Content-Security-Policy names the very bytes of the style and the script."""
    index = write(tmp_path, title="T", timezone=TORONTO, shown=[shown(media=(picture,))])
    source = index.read_bytes().decode()
    meta = next(m for m in Page(source).all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    policy = dict(part.split(" ", 1) for part in (meta["content"] or "").split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "'self' file: data:"
    for name, directive in (("style", "style-src"), ("script", "script-src")):
        content = re.search(rf"<{name}>(.*?)</{name}>", source, re.DOTALL)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert "url(" not in source
    assert " style=" not in source


@pytest.mark.parametrize(
    ("language", "direction"), [("fa-AF", "rtl"), ("ps", "rtl"), ("ug", "rtl"), ("fr", "auto"), ("ug-Latn", "auto")]
)
def test_a_text_says_its_language_and_direction(sheet, picture, language, direction):
    """A screen reader and a browser learn from each text how to read and set it; the page has its own."""
    page = sheet(shown(language=language, media=(picture,)))
    assert page.all("p", class_="text") == [{"class": "text", "lang": language, "dir": direction}]
    assert page.all("li", lang=language, dir=direction)
    assert page.all("img", lang=language)
    assert page.all("html") == [{"lang": "en"}]


def test_the_counts_are_right(sheet):
    """Header, filters and days count what is there."""
    page = sheet(
        shown(),
        shown(key="b", status="held", account="x-fr", language="fr"),
        shown(key="c", status="held", due_at=DUE + timedelta(days=1)),
    )
    assert re.search(r"2\s+Held", page.text)
    assert re.search(r"1\s+Published", page.text)
    assert re.search(r"x-en\s+2", page.text)
    assert re.search(r"Français\s+1", page.text)
    assert "Friday 10 September 2021 2 posts" in page.text
    assert "Saturday 11 September 2021 1 post" in page.text
    assert page.all("output")[0]["data-all"] == "3"


def test_days_are_local_and_in_order(sheet):
    """03:30 UTC is the evening before in Toronto; both times are written."""
    page = sheet(
        shown(due_at=datetime(2021, 9, 11, 12, tzinfo=UTC)),
        shown(key="b", due_at=datetime(2021, 9, 11, 3, 30, tzinfo=UTC)),
    )
    assert [day["id"] for day in page.all("section")] == ["day-2021-09-10", "day-2021-09-11"]
    assert "23:30 EDT" in page.text
    assert "03:30 UTC" in page.text
    assert page.all("time")[0]["datetime"] == "2021-09-10T23:30:00-04:00"


def test_a_late_post_stands_when_it_went(sheet):
    """A published post is filed under the time it went out and says when it was planned."""
    page = sheet(shown(published_at=DUE + timedelta(minutes=20)))
    assert "09:20 EDT" in page.text
    assert "planned for 09:00" in page.text
    assert "planned for 9 September, 09:00" in sheet(shown(due_at=DUE - timedelta(days=1), published_at=DUE)).text


def test_every_filter_has_a_box_and_a_rule(tmp_path):
    """Each value can be chosen without a script: a check box, a CSS rule by it and posts of its class."""
    items = [shown(key=str(n), action=f"a{n}", account=f"c{n % 2}", status="held") for n in range(3)]
    source = write(tmp_path, title="T", timezone=TORONTO, shown=items).read_text(encoding="utf-8")
    page = Page(source)
    boxes = [box["id"] for box in page.all("input", type="checkbox")]
    assert sorted(boxes) == ["account-0", "account-1", "action-0", "action-1", "action-2", "language-0", "state-0"]
    for box in boxes:
        assert f":not(:has(#{box}:checked)) ~ main .post.{box} {{ display: none }}" in source
        assert page.all("article", class_=box)
    assert "~ main :is(#day-2021-09-10) { display: none }" in source


def test_a_filter_speaks_the_language_of_the_page(sheet):
    """An action whose title comes in several languages is listed once, in the interface's."""
    items = shown(), shown(key="z", language="fr", action_title="La Syrie")
    for language, title in (("en", "Syria is not safe"), ("fr", "La Syrie")):
        page = sheet(*items, language=language)
        assert re.search(rf"{title}\s+2", page.text)


def test_headings_landmarks_and_names(sheet, picture):
    """One h1, days below it, posts below the days; a skip link leads to the main part; names are given."""
    page = sheet(shown(media=(picture,)), shown(key="b", due_at=DUE + timedelta(days=1)))
    assert [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)] == ["h1", "h2", "h3", "h2", "h3"]
    first_link = page.all("a")[0]
    assert (first_link["class"], first_link["href"]) == ("skip", "#posts")
    assert page.all("main", id="posts")
    assert page.all("form", role="search")[0]["aria-label"]
    assert page.all("nav")[0]["aria-label"] == "Days"
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {a["aria-labelledby"] for a in page.all("article") + page.all("section")} <= set(ids)


def test_the_meter_says_its_figures(sheet):
    """The meter is read as words, and stays within itself when a text is too long."""
    meter = sheet(shown(length=300)).all("meter")[0]
    assert (meter["value"], meter["max"], meter["class"]) == ("280", "280", "over")
    assert meter["aria-label"] == "Length: 300 of 280"


def test_pictures_are_stored_once_with_their_alt_text(sheet, tmp_path, picture):
    """The same bytes under two names are one file; size, laziness and alt text are in the page."""
    other = tmp_path / "copy.png"
    other.write_bytes(picture.path.read_bytes())
    page = sheet(shown(media=(picture,)), shown(key="z", media=(replace(picture, path=other, alt=""),)))
    assert len(list((tmp_path / "sheet/pictures").iterdir())) == 1
    image = page.all("img")[0]
    assert (image["width"], image["height"], image["loading"]) == ("1200", "675", "lazy")
    assert image["alt"] == "A candle in the dark."
    assert page.text.count("A candle in the dark.") == 1
    assert page.text.count("No alt text") == 1


def test_a_missing_picture_is_said(sheet, picture):
    """A file that is gone leaves its place and a sentence, and the rest of the page."""
    picture.path.unlink()
    page = sheet(shown(media=(picture,)))
    assert "The file of this picture is missing." in page.text
    assert not page.all("img")


def test_an_earlier_sheet_leaves_no_pictures(sheet, tmp_path, picture):
    """A picture that was taken back isn't kept by the next sheet; other people's files are."""
    sheet(shown(media=(picture,)))
    mine = tmp_path / "sheet/pictures/mine.png"
    mine.write_bytes(b"mine")
    sheet(shown())
    assert list((tmp_path / "sheet/pictures").iterdir()) == [mine]
    assert [path.name for path in (tmp_path / "sheet").iterdir() if path.is_file()] == ["index.html"]


def test_five_thousand_deliveries(tmp_path, picture):
    """A large campaign keeps one file a picture, one rule a filter value and every post."""
    many = [
        shown(
            key=f"a/{n}@c{n % 10}",
            action=f"a{n % 12}",
            account=f"c{n % 10}",
            media=(picture,),
            due_at=DUE + timedelta(hours=n // 4),
        )
        for n in range(5000)
    ]
    source = write(tmp_path, title="T", timezone=TORONTO, shown=many).read_text(encoding="utf-8")
    assert source.count("<article ") == source.count("</article>") == 5000
    assert len(set(re.findall(r'src="([^"]+)"', source))) == 1
    assert source.count('type="checkbox"') == source.count(" ~ main .post.") == 12 + 10 + 1 + 1
    assert "5,000 posts" in source


def test_both_languages_say_everything():
    """The interface has the same words in English and French, with the same figures in them."""
    assert _EN.keys() == _FR.keys()
    for name, text in _EN.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", _FR[name])), name


@pytest.mark.parametrize(("language", "words"), [("fr", _FR), ("fr-CA", _FR), ("en", _EN), ("de", _EN)])
def test_the_interface_speaks_the_language_asked_for(sheet, picture, language, words):
    """Every part of the page is in one language; an unknown one falls back to English."""
    page = sheet(shown(media=(picture,)), language=language)
    for name in ("kicker", "skip", "action", "account", "language", "show_all", "alt", "nothing_fetched"):
        assert words[name] in page.text
    assert "built-in" not in page.text
    assert ("Vendredi 10 septembre 2021" in page.text) is (words is _FR)


@pytest.mark.parametrize(
    ("language", "status", "number", "words"),
    [
        ("fr", "published", 2, r"2\s+publiées"),
        ("fr", "published", 1, r"1\s+publiée\s"),
        ("fr", "held", 2, r"2\s+retenues"),
        ("fr", "queued", 2, r"2\s+en attente"),
        ("en", "held", 2, r"2\s+Held"),
        ("en", "needs-human", 2, r"2\s+Need a person"),
        ("en", "needs-human", 1, r"1\s+Needs a person"),
        ("fr", "brand-new", 2, r"2\s+brand new"),
    ],
)
def test_a_state_agrees_with_its_number(sheet, language, status, number, words):
    """The chips count posts, in French publications, and agree with them."""
    page = sheet(*(shown(key=str(n), status=status) for n in range(number)), language=language)
    assert re.search(words, page.text)


def test_the_zone_is_named_after_a_colon_in_french(sheet):
    """« Heures de America/Toronto » would be no French."""
    assert "Heures : America/Toronto" in sheet(language="fr").text


def test_code_in_a_reason_is_set_as_code(sheet):
    """What stands between backticks is code; its markup stays text, and a single backtick stays itself."""
    page = sheet(shown(status="held", reason="Run `solidarity approve <a>`, then ` wait."))
    assert len(page.all("code")) == 1
    assert "Why: Run solidarity approve <a>, then ` wait." in page.text
    assert page.wrong == []


def test_a_line_never_begins_with_a_dot(sheet):
    """The dots between facts, and before a phase, hold on to the words before them."""
    page = sheet(shown(), shown(key="b", due_at=DUE + timedelta(days=1)))
    dots = re.findall(r"(.)·", re.sub(r"(?s)^.*?Skip to", "", page.text))
    assert len(dots) >= 6
    assert set(dots) == {"\u00a0"}


def test_a_count_is_never_wrong(tmp_path):
    """While a filter is on, the counts of posts are hidden unless the script says that it counts."""
    items = [shown(), shown(key="b", due_at=DUE + timedelta(days=1))]
    source = write(tmp_path, title="T", timezone=TORONTO, shown=items).read_text(encoding="utf-8")
    assert "#filters:has(:checked) ~ main:not(.counted) :is(.days, h2) .count { display: none }" in source
    assert "#filters:has(:checked):not(:has(~ main.counted)) .result { visibility: hidden }" in source
    script = source.partition("<script>")[2]
    assert 'getElementById("posts").classList.add("counted")' in script
    page = Page(source)
    assert page.all("output")[0]["data-some"] == "{n} of {all} posts"
    assert {"class": "counted"} not in page.all("main")
