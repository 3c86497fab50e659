"""Faces: boxes are proposed, a person decides, and what is covered is gone from the pixels."""

import io
import re
from collections.abc import Callable
from functools import cache

import pytest
from PIL import Image

from scheduler.operations import intake
from scheduler.store import submissions
from scheduler.submission import Stage, Submission
from scheduler.web.volunteers import draft as drafts
from scheduler.web.volunteers import faces
from tests.media import drawn_faces
from tests.web.site import Served
from tests.web.volunteers.way import Volunteer

INK = (18, 18, 28)


@cache
def three() -> bytes:
    """Return a photo of three people."""
    scene = drawn_faces.group([drawn_faces.anyone(seed) for seed in (1, 4, 7)], (1200, 900), seed=3)
    out = io.BytesIO()
    scene.image.save(out, "JPEG", quality=90)
    return out.getvalue()


def draft_of(site: Served) -> Submission:
    """Return the one submission there is."""
    with site.app.store.read() as c:
        (found,) = submissions.in_stage(c, *Stage)
    return found


def covered(site: Served, box: tuple[float, float, float, float]) -> bool:
    """Tell whether the middle of a box is filled in the stored picture."""
    found = draft_of(site)
    image = Image.open(intake.folder(site.app) / found.file).convert("RGB")
    x, y = (box[0] + box[2]) / 2 * image.width, (box[1] + box[3]) / 2 * image.height
    pixel = image.getpixel((int(x), int(y)))
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 8 for one, other in zip(pixel, INK, strict=True))


@pytest.mark.parametrize(("risk", "ticked"), [("low", 0), ("elevated", 3), ("high", 3)])
def test_faces_are_proposed(open_site: Callable[..., Served], risk: str, ticked: int) -> None:
    """Each face gets a box; from elevated risk on all of them are ticked beforehand."""
    site = open_site(risk)
    someone = Volunteer(site).upload(three())
    assert someone.html.count('name="box"') == 3
    assert sum(name == "box" for form in someone.page.forms for name, _ in form.values) == ticked


def test_places_are_numbered_as_one_reads() -> None:
    """Whatever order the faces were found in, their numbers go from left to right, row by row from the top."""
    left, middle, right = (0.1, 0.22, 0.3, 0.5), (0.4, 0.2, 0.6, 0.5), (0.7, 0.25, 0.9, 0.55)
    below = (0.05, 0.6, 0.2, 0.8)
    assert faces.in_rows([middle, below, right, left]) == [left, middle, right, below]


def test_the_page_numbers_faces_from_the_left(site: Served) -> None:
    """Three people in a row are place 1, 2 and 3 from the left."""
    someone = Volunteer(site).upload(three())
    edges = [float(found) for found in re.findall(r'name="box" value="([\d.]+),', someone.html)]
    assert len(edges) == 3
    assert edges == sorted(edges)


def test_what_is_ticked_is_covered_everywhere(open_site: Callable[..., Served]) -> None:
    """Covers are burnt into a new file and its preview; the uncovered one is deleted when it is handed in."""
    site = open_site("elevated")
    someone = Volunteer(site).upload(three())
    boxes = drafts.proposals(draft_of(site))
    plain = draft_of(site).sha256
    someone.send()
    found = draft_of(site)
    assert len(found.covers) == 3
    assert found.sha256 != plain
    assert all(covered(site, box) for box in boxes)
    small = Image.open(intake.folder(site.app) / found.preview).convert("RGB")
    left, top, right, bottom = boxes[0]
    pixel = small.getpixel((int((left + right) / 2 * small.width), int((top + bottom) / 2 * small.height)))
    assert isinstance(pixel, tuple)
    assert max(pixel) < 40
    assert found.source, "until it is handed in, covers can be changed"
    uncovered = found.source
    someone.send(message="Hello")
    someone.open("/add/name").send()
    assert "Faces are covered" in someone.page.text
    someone.send()
    someone.send(network=["outbox"])
    assert "doesn’t hide a person" in someone.html
    someone.send(age="adult", people="0", everyone="yes", agree="yes")
    assert not (intake.folder(site.app) / uncovered).exists()
    found = draft_of(site)
    assert {path.name for path in intake.folder(site.app).iterdir()} == {found.file, found.preview}


def test_a_person_may_change_their_mind(open_site: Callable[..., Served]) -> None:
    """Until it is handed in, covers can be taken away again, and nothing of the old files stays."""
    site = open_site("elevated")
    someone = Volunteer(site).upload(three())
    someone.send()
    someone.open("/add/faces").send(drop=("box",))
    found = draft_of(site)
    assert found.covers == ()
    assert found.source == ""
    assert {path.name for path in intake.folder(site.app).iterdir()} == {found.file, found.preview}


def test_a_press_on_the_picture_adds_a_box(site: Served) -> None:
    """Without a script a press sends its place; a box around it is covered and shown, and can be taken away."""
    someone = Volunteer(site).upload(three())
    someone.send(**{"small.x": "32", "small.y": "24"})
    assert someone.here == "/add/faces"
    (box,) = draft_of(site).covers
    assert box[0] < 0.1 < box[2]
    assert box[1] < 0.1 < box[3]
    assert covered(site, box)
    assert someone.html.count('name="box"') == 4
    someone.send(**{"large.x": "320", "large.y": "20"})
    assert len(draft_of(site).covers) == 2
    someone.send(drop=("box",))
    assert draft_of(site).covers == ()


def test_enter_on_the_keyboard_is_no_press(site: Served) -> None:
    """A browser that sends the form by the keyboard names the place 0, 0: no box comes of it."""
    someone = Volunteer(site).upload(three())
    someone.send(**{"small.x": "0", "small.y": "0"})
    assert draft_of(site).covers == ()


def test_boxes_can_be_typed(site: Served) -> None:
    """Whoever can't press on a picture writes where the box is, in hundredths."""
    someone = Volunteer(site).upload(three())
    someone.send(left="10", top="20,5", wide="30", high="40", again="1")
    assert draft_of(site).covers == ((0.1, 0.205, 0.4, 0.605),)
    assert someone.here == "/add/faces"


@pytest.mark.parametrize("box", ["1,2,3", "a,b,c,d", "nan,0,1,1", "0.5,0.5,0.1,0.1", "-1,0,2,1", "inf,inf,inf,inf"])
def test_nonsense_is_no_box(site: Served, box: str) -> None:
    """A box that is none is left out."""
    Volunteer(site).upload(three()).send(box=[box])
    assert draft_of(site).covers == ()


def test_the_uncovered_picture_is_for_its_own_browser(open_site: Callable[..., Served]) -> None:
    """While boxes are chosen, the bare picture is shown to the browser it came from, and to nobody once handed in."""
    site = open_site("elevated")
    someone = Volunteer(site).upload(three())
    bare = someone.browser.get("/add/faces/picture").content
    someone.send()
    assert someone.browser.get("/add/faces/picture").content == bare
    assert someone.browser.get("/draft/photo").content != bare
    assert site.client().get("/add/faces/picture").status_code == 404
