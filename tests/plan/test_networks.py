"""What the plan asks of the networks, and what the check says of films, addresses and threads on them."""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from scheduler import plan, publishers, rendering, review
from scheduler.model import Account, CardOrder, Content, FileContent, Picture, Place, Post, Text, Workspace
from scheduler.posts import Loaded
from scheduler.publishers import base, outbox
from tests.media.films import RATE, film
from tests.plan.test_plan import action
from tests.plan.test_plan import workspace as plain

HERE = Place(file="posts/act.yaml", line=7)
AT = datetime(2027, 9, 1, 12)  # noqa: DTZ001 - wall clock
LONG = "One sentence. " * 20


class Small(outbox.Publisher):
    """A network with threads of 100 characters and films of two seconds, which it fetches."""

    built = 0
    limits = replace(
        outbox.Publisher.limits,
        text=100,
        threads=True,
        by_url=True,
        film=base.Film(bytes=1_000_000, seconds=2, width=320, height=100),
    )

    def __init__(self, account: Account, **given: object) -> None:
        """Count how often it is built."""
        super().__init__(account, **given)  # type: ignore[arg-type]
        Small.built += 1


@pytest.fixture
def small(monkeypatch):
    """Let every account be one on the small network."""
    monkeypatch.setattr(publishers, "load", lambda _: Small)
    monkeypatch.setattr(Small, "built", 0)


def upright(seconds: int) -> bytes:
    """Return a film that is higher than wide."""
    return film(size=(160, 200), times=[Fraction(number, RATE) for number in range(RATE * seconds)])


def post(text: str = "Hello", **given: object) -> Post:
    """Return a post that goes out once."""
    return Post(id="p", text=Text({"": text}), place=HERE, at=AT, **given)  # type: ignore[arg-type]


def problems(workspace: Workspace, *posts: Post) -> list[tuple[str, str]]:
    """Return the rules that posts break, and what is said."""
    loaded = Loaded(actions=(action(*posts),), problems=())
    return [(one.rule, one.message) for one in review.reviewed(loaded, workspace).problems]


@pytest.mark.usefixtures("small")
def test_a_publisher_is_built_once_a_plan_and_only_to_measure():
    """A plan without long texts builds none; with them it builds one an account, however many posts there are."""
    here = plain("UTC", "a", "b")
    plan.deliveries([action(*(replace(post(), id=f"p{n}") for n in range(9)))], here)
    assert Small.built == 0
    found = plan.deliveries([action(*(replace(post(LONG, split=True), id=f"p{n}") for n in range(9)))], here)
    assert Small.built == 2
    assert {len(one.content.thread) for one in found} == {3}


@pytest.mark.usefixtures("small")
def test_an_account_without_threads():
    """`threads: false` of an account keeps its texts whole."""
    here = plain("UTC", "a")
    here = replace(here, accounts={"a": replace(here.accounts["a"], options={"threads": False})})
    assert plan.deliveries([action(post(LONG, split=True))], here)[0].content.thread == ()


def test_threads_where_the_network_has_them():
    """X makes a thread of what Facebook leaves whole."""
    here = plain("UTC", "a", "b")
    platforms = {"a": "x", "b": "facebook"}
    accounts = {name: replace(one, platform=platforms[name]) for name, one in here.accounts.items()}
    x, facebook = plan.deliveries([action(post(LONG * 2, split=True))], replace(here, accounts=accounts))
    assert (len(x.content.thread), facebook.content.thread) == (2, ())
    assert facebook.content.text == (LONG * 2).strip()


@pytest.mark.usefixtures("small")
def test_every_part_is_checked():
    """A part that staff wrote and that is too long is named by its number, at its post."""
    here = plain("UTC", "a")
    shown = post(thread=(Text({"": "Short"}), Text({"": "x" * 101})))
    assert [rule for rule, _ in problems(here, shown)] == ["text-too-long"]
    assert problems(here, shown)[0][1].startswith("part 3: ")


@pytest.mark.usefixtures("small")
def test_pictures_need_an_address_where_the_network_fetches_them(tmp_path: Path):
    """Without `public_url` a post with a film or picture can't go there, and one without can."""
    (tmp_path / "call.mp4").write_bytes(upright(1))
    here = replace(plain("UTC", "a"), folder=tmp_path)
    shown = post(video=Picture(file="call.mp4", alt=Text({"": "A call"}), place=HERE))
    assert [rule for rule, _ in problems(here, shown)] == ["public-url-missing"]
    assert "public_url" in problems(here, shown)[0][1]
    assert problems(here, post()) == []
    assert problems(replace(here, public_url="https://solidarity.example.org"), shown) == []


@pytest.mark.usefixtures("small")
def test_a_film_that_is_too_long_for_a_network(tmp_path: Path):
    """Its length is read from its tables, once, and said with the network's."""
    (tmp_path / "call.mp4").write_bytes(upright(3))
    here = replace(plain("UTC", "a", "b"), folder=tmp_path, public_url="https://solidarity.example.org")
    shown = post(video=Picture(file="call.mp4", alt=Text({"": "A call"}), place=HERE))
    found = problems(here, shown)
    assert [rule for rule, _ in found] == ["film-too-long", "film-too-long"]
    assert "lasts 3 seconds, a takes 2" in found[0][1]


def test_a_film_within_the_limits_of_its_network(tmp_path: Path):
    """It is made as small as the network wants; networks that take the usual size share one file, named as ever."""
    (tmp_path / "call.mp4").write_bytes(upright(1))
    here = replace(plain("UTC", "a"), folder=tmp_path)
    shown = FileContent(file="call.mp4", alt="A call", sha256=rendering.digest("call.mp4", here))
    content = Content(text="x", language="en", video=shown)
    roomy = base.Film(bytes=300_000_000, seconds=180, width=1920, height=1920)
    usual, same, small = (
        rendering.media(content, replace(outbox.Publisher.limits, film=one), here)[0]
        for one in (None, roomy, Small.limits.film)
    )
    assert usual == same
    assert small.path != usual.path
    assert (usual.width, usual.height) == (160, 200)
    assert (small.width, small.height) == (80, 100)


def test_accounts_that_show_the_same_card_have_it_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Networks that differ in the bytes they take share a drawing that fits them all, under names of their own."""
    from media import card as cards

    drawn = []
    draw = cards.render
    monkeypatch.setattr(cards, "render", lambda *given, **more: drawn.append(more) or draw(*given, **more))
    here = replace(plain("UTC", "a"), folder=tmp_path)
    content = plan.deliveries([action(post("Drawn once", card=CardOrder()))], here)[0].content
    sizes = (1_000_000, 5_000_000, 20_000)
    roomy, large, tight = (
        rendering.media(content, replace(outbox.Publisher.limits, image_bytes=most), here)[0] for most in sizes
    )
    assert roomy.path != large.path
    assert roomy.sha256 == large.sha256 != tight.sha256
    assert tight.size <= 20_000
    assert len(drawn) == 2
