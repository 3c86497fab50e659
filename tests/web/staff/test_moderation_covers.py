"""Covering faces on the page: pressed, ticked or in figures, then burnt in for good."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from scheduler.submission import Stage, Submission
from tests.web.staff.moderated import PENDING, Bench

FACE = (0.5, 0.5, 0.75, 0.75)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Give a site with moderators."""
    made = Bench(tmp_path)
    yield made
    made.served.close()


def colour(bench: Bench, one: Submission, kind: str, at: tuple[float, float]) -> tuple[int, ...]:
    """Return the colour of a picture, as staff get it, at a place in parts of its size."""
    image = Image.open(io.BytesIO(bench.browser.get(f"/media/{one.ref}/{kind}").content)).convert("RGB")
    found = image.getpixel((int(at[0] * image.width), int(at[1] * image.height)))
    assert isinstance(found, tuple)
    return tuple(int(part) for part in found)


def test_a_press_on_the_picture_comes_back_with_a_box(bench: Bench) -> None:
    """Without scripts the place that was pressed, in pixels of the 320 shown, becomes a box around it."""
    one = bench.hand_in()
    page = bench.page(one, "/cover")
    assert 'type="image" name="at"' in page
    assert 'width="320" height="240"' in page
    answer = bench.press(one, "cover", **{"at.x": "160", "at.y": "120"})
    address = urlsplit(answer.headers["location"])
    assert address.path == f"/staff/moderation/{one.ref}/cover"
    assert parse_qs(address.query)["boxes"] == ["42.0,39.3,58.0,60.7"]
    page = bench.browser.get(answer.headers["location"]).text
    assert '<rect class="mine drawn" x="420" y="295" width="160" height="160"/>' in page
    assert 'name="left" min="0" max="100" step="0.1" value="42.0"' in page
    assert bench.now(one) == one  # nothing is burnt in yet


def test_a_press_on_a_found_face_ticks_it(bench: Bench) -> None:
    """A press inside a face that was found means that face; the next press means it no more."""
    one = bench.hand_in(faces=(FACE, (0.1, 0.1, 0.2, 0.2)))
    page = bench.page(one, "/cover")
    assert "Face 1: upper left" in page
    assert "Face 2: in the middle" in page
    answer = bench.press(one, "cover", **{"at.x": "200", "at.y": "150"})
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"faces": ["0"]}
    assert 'value="0" checked' in bench.browser.get(answer.headers["location"]).text
    answer = bench.press(one, "cover", face="0", **{"at.x": "200", "at.y": "150"})
    assert "faces" not in answer.headers["location"]


def test_faces_are_numbered_as_one_reads(bench: Bench) -> None:
    """Row by row from the top and from left to right, though somebody's head is a little higher than another's."""
    right, low, left = (0.7, 0.1, 0.9, 0.3), (0.1, 0.7, 0.3, 0.9), (0.1, 0.15, 0.3, 0.35)
    page = bench.page(bench.hand_in(faces=(right, low, left)), "/cover")
    assert re.findall(r"Face (\d): ([a-z ]+)", page) == [("1", "upper left"), ("2", "upper right"), ("3", "lower left")]
    assert re.findall(r'name="face" value="(\d)"', page) == ["2", "0", "1"]


def test_the_enter_key_presses_nothing(bench: Bench) -> None:
    """In a number field Enter sends the picture's button with the place 0, 0: the boxes are kept, none is added."""
    one = bench.hand_in()
    fields = {"left": "10", "top": "10", "right": "30,5", "bottom": "40"}
    answer = bench.press(one, "cover", **{"at.x": "0", "at.y": "0", **fields})
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"boxes": ["10.0,10.0,30.5,40.0"]}


@pytest.mark.parametrize(
    "box", [("30", "10", "10", "40"), ("10", "", "30", "40"), ("10", "10", "30", "140"), ("a", "b", "c", "d")]
)
def test_figures_that_are_no_box_are_told(bench: Bench, box: tuple[str, ...]) -> None:
    """A box that isn't one is named, and nothing is covered."""
    one = bench.hand_in()
    fields = dict(zip(("left", "top", "right", "bottom"), box, strict=True))
    told = bench.told(bench.press(one, "cover", do="cover", **fields))
    assert told.startswith("Box 1: give four figures from 0 to 100")
    assert bench.now(one) == one


def test_covers_are_burnt_into_the_picture_and_its_preview(bench: Bench) -> None:
    """A ticked face and a box of one's own are painted over in every file; what lay beneath is gone."""
    one = bench.hand_in(faces=(FACE,))
    bench.press(one, "approve", placing="next")
    answer = bench.press(one, "cover", do="cover", face="0", left="5", top="5", right="25", bottom="25")
    assert bench.told(answer) == "2 places are covered for good."
    done = bench.now(one)
    assert len(done.covers) == 2
    assert done.sha256 != one.sha256
    assert done.stage is PENDING  # what was approved was another picture
    for kind in ("photo", "preview"):
        for at in ((0.62, 0.62), (0.15, 0.15)):
            assert max(colour(bench, done, kind, at)) < 60, (kind, at)
    kept = {path.name for path in (bench.served.app.workspace.var / "uploads").iterdir()}
    assert kept == {done.file, done.preview}
    page = bench.page(one)
    assert "2 places are covered." in page
    assert "Face 1" not in bench.page(one, "/cover")


def test_nothing_ticked_covers_nothing(bench: Bench) -> None:
    """Without a face or a box the page says what to do; a face number that doesn't exist is none."""
    one = bench.hand_in(faces=(FACE,))
    for fields in ({}, {"face": "7"}, {"face": "x"}):
        assert bench.told(bench.press(one, "cover", do="cover", **fields)).startswith("Tick a face")
    assert bench.now(one) == one


def test_boxes_in_an_address_that_are_none_are_left_out(bench: Bench) -> None:
    """Whatever somebody types into the address, the page shows only real boxes."""
    one = bench.hand_in()
    page = bench.page(one, "/cover?boxes=1,2;x;nan,0,1,1;90,10,10,20;10,10,20,20;<script>&faces=9,<b>")
    assert page.count('class="mine drawn"') == 2  # the real one, and the empty one for figures
    assert "<script>;" not in page


def test_there_is_nothing_to_cover_in_what_is_decided(bench: Bench) -> None:
    """A rejected submission, and one's own, have no page for covering."""
    rejected, own = bench.hand_in(), bench.hand_in(uploaded_by=bench.ana.id)
    bench.press(rejected, "reject", reason="hateful")
    assert bench.now(rejected).stage is Stage.rejected
    for one in (rejected, own):
        answer = bench.browser.get(f"/staff/moderation/{one.ref}/cover")
        assert answer.headers["location"] == f"/staff/moderation/{one.ref}"
