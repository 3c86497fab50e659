"""Short films of cards: what they show and when, how long, how calm, and that they are the same every time."""

import io
from dataclasses import replace
from itertools import pairwise

import av
import pytest
from av.video.reformatter import VideoReformatter
from PIL import Image, ImageChops, ImageStat

from media import card, clip, theme
from media.drawing.arrange import arrange
from media.drawing.canvas import compose
from media.errors import NoMessage, TooManyBytes
from media.film.picture import frame_of
from media.film.picture import image as back
from media.film.verify import verify
from media.order import Card
from tests.media.films import pictures

SIZE = (270, 270)
CARD = Card(
    message="We stand with the women of Afghanistan. Their rights are not negotiable.",
    label="Final push",
    hashtags=("UniteForAfghanistan",),
    brand="Your organisation",
    theme="plain",
)
DARI = replace(CARD, language="prs", message="ما در کنار زنان افغانستان ایستاده‌ایم. حقوق آنان قابل معامله نیست.")


def filmed(image: Image.Image) -> Image.Image:
    """A picture as a film can show it at best, with halved colour."""
    return back(frame_of(image, VideoReformatter()))


def far(one: Image.Image, other: Image.Image) -> float:
    """How much two pictures differ on average, in levels of 255."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


@pytest.fixture(scope="module")
def made() -> list[tuple[float, Image.Image]]:
    """The pictures of the film of a card, six seconds long."""
    return pictures(clip.render(CARD, size=SIZE, seconds=6).data)


def test_the_film_is_of_the_form_networks_take() -> None:
    """H.264 High, yuv420p, 30 pictures a second, no sound, index first, nothing but pictures in it."""
    film = clip.render(CARD, size=SIZE, seconds=6)
    verify(film.data)
    with av.open(io.BytesIO(film.data)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.codec_context.profile) == ("h264", "High")
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert (stream.average_rate, stream.frames) == (30, 180)
        assert container.duration == 6_000_000
    assert (film.mime, film.width, film.height, film.alt) == ("video/mp4", *SIZE, card.alt(CARD))
    assert len(film.data) < 1_000_000


def test_the_card_is_there_first_then_its_parts_come_and_stand(made: list[tuple[float, Image.Image]]) -> None:
    """The first picture is the whole card; it fades; each line comes in its turn; it stands half the time."""
    arranged = arrange(CARD, SIZE)
    lines = len(arranged.message.texts)
    grown = [filmed(compose(arranged, lines=count, foot=False)) for count in range(lines + 1)]
    whole = filmed(compose(arranged))
    steps = [*grown, whole]
    nearest = [min(range(len(steps)), key=lambda at, image=image: far(image, steps[at])) for _, image in made]
    assert nearest[0] == lines + 1
    assert far(made[0][1], whole) < 2.5
    ground = nearest.index(0)
    assert nearest[ground:] == sorted(nearest[ground:])
    assert set(nearest) == set(range(len(steps)))
    standing = sum(far(image, whole) < 2.5 for _, image in made)
    assert standing > len(made) / 2
    assert far(made[-1][1], whole) < 2.5


def test_nothing_flashes(made: list[tuple[float, Image.Image]]) -> None:
    """Every part of the picture goes to the ground once and comes back once, slowly: one fade is no flash."""
    small = [image.convert("L").resize((30, 30), Image.Resampling.BOX) for _, image in made]
    for one, other in pairwise(small):
        assert ImageChops.difference(one, other).getextrema()[1] < 32
    rows = [image.tobytes() for image in small]
    for at in range(900):
        values = [row[at] for row in rows]
        steps = sum(abs(other - one) for one, other in pairwise(values))
        assert steps <= 2 * (max(values) - min(values)) + 24


@pytest.mark.parametrize("size", [(270, 480), (480, 271), (270, 338)])
def test_every_shape_is_made(size: tuple[int, int]) -> None:
    """Upright, wide and odd sizes; an odd side gains a pixel."""
    film = clip.render(CARD, size=size, seconds=6)
    assert (film.width, film.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert pictures(film.data)[-1][1].size == (film.width, film.height)


@pytest.mark.parametrize("name", [name for name in theme.names() if not theme.load(name).photo.needed])
def test_every_theme_ends_as_its_card(name: str) -> None:
    """The last picture of each theme's film, in a right-to-left language, is its card, and so is the poster."""
    chosen = replace(DARI, theme=name, days_left=3)
    last = pictures(clip.render(chosen, size=SIZE, seconds=6).data)[-1][1]
    whole = compose(arrange(chosen, SIZE))
    assert far(last, filmed(whole)) < 2.5
    still = clip.poster(chosen, size=SIZE)
    assert (still.mime, still.width, still.height) == ("image/jpeg", *SIZE)
    assert still.data == card.render(chosen, size=SIZE).data


def test_longer_texts_stand_longer() -> None:
    """A few words take six seconds, the longest message fifteen at most; Chinese is counted by its characters."""
    few, many = replace(CARD, message="Act now"), replace(CARD, message="rights for all of us " * 6)
    assert clip.reading(few) == clip.SHORTEST
    assert clip.SHORTEST < clip.reading(CARD) < clip.reading(many) <= clip.LONGEST
    assert clip.reading(replace(CARD, message="人权" * 12, language="zh")) > clip.SHORTEST
    assert len(pictures(clip.render(few, size=SIZE).data)) == 180
    assert len(pictures(clip.render(few, size=SIZE, seconds=2).data)) == 180


def test_the_same_card_gives_the_same_film() -> None:
    """Made twice, byte for byte; another message gives another film."""
    one = clip.render(CARD, size=SIZE, seconds=6).data
    assert clip.render(CARD, size=SIZE, seconds=6).data == one
    assert clip.render(replace(CARD, message="Other words"), size=SIZE, seconds=6).data != one


def test_what_is_wrong_with_a_card_is_told_as_ever() -> None:
    """No words, and a limit that no film can meet."""
    with pytest.raises(NoMessage):
        clip.render(replace(CARD, message=" "), size=SIZE)
    with pytest.raises(TooManyBytes):
        clip.render(CARD, size=SIZE, max_bytes=2_000)
