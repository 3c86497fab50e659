"""What phones and programs write into photos and films: through the page itself, nothing of it is kept anywhere."""

import io

import pytest
from PIL import Image

from scheduler.operations import intake
from scheduler.store import submissions
from scheduler.submission import Stage, Submission
from scheduler.web.volunteers.cleaner import cleaner_of
from tests.hostile import canaries_film, canaries_photo
from tests.hostile.case import Case
from tests.hostile.oracle_bytes import WORD
from tests.media.films import film, pictures
from tests.web.site import Served
from tests.web.volunteers.test_faces import INK
from tests.web.volunteers.way import Volunteer

CASES = {"photos": canaries_photo.cases(), "films": canaries_film.cases()}


def latest(site: Served) -> Submission:
    """Return the submission that came in last."""
    with site.app.store.read() as c:
        return submissions.in_stage(c, *Stage)[-1]


def kept(site: Served) -> bytes:
    """Return every byte of the state and of what was handed in."""
    site.app.store.checkpoint()
    return b"".join(path.read_bytes() for path in (site.folder / "var").rglob("*") if path.is_file())


def _hand_over(site: Served, case: Case) -> bool:
    """Upload a file; tell whether it was taken."""
    someone = Volunteer(site).upload(case.make(), name="a.mp4" if case.kind == "video" else "a.jpg")
    if someone.status == 422:
        return False
    found = latest(site)
    assert cleaner_of(site.app).wait(found.id, 60)
    return not latest(site).problem


@pytest.mark.parametrize("kind", CASES)
def test_no_kind_of_metadata_passes_the_page(site: Served, kind: str) -> None:
    """Each class of hidden words in each kind of file: taken and made anew, or refused; never a byte of them kept."""
    taken = 0
    for case in CASES[kind]:
        was_taken = _hand_over(site, case)
        assert was_taken or case.fate != "cleaned", case.name
        assert WORD not in kept(site), case.name
        taken += was_taken
    assert taken > len(CASES[kind]) / 2


def _is_ink(image: Image.Image) -> bool:
    pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < 24 for one, other in zip(pixel, INK, strict=True))


def test_a_films_cover_is_in_every_picture_that_is_shown(site: Served) -> None:
    """Still, small picture and each frame show ink where it was covered; after handing in nothing else is left."""
    someone = Volunteer(site).upload(film(size=(320, 240)), name="clip.mp4")
    number = latest(site).id
    assert cleaner_of(site.app).wait(number, 60)
    someone.open("/add/wait").send(box=["0.3,0.3,0.7,0.7"], every="no")
    assert cleaner_of(site.app).wait(number, 60)
    someone.open("/add/faces/wait").send(message="We stand with Salma")
    for address in ("/draft/poster", "/draft/preview", "/add/faces/picture"):
        assert _is_ink(Image.open(io.BytesIO(someone.browser.get(address).content))), address
    frames = pictures(someone.browser.get("/draft/film").content)
    assert frames
    assert all(_is_ink(frame) for _, frame in frames)
    someone.open("/add/name").send()
    someone.send()
    someone.send(network=["outbox"])
    someone.send(age="adult", people="0", everyone="yes", agree="yes")
    one = latest(site)
    assert one.stage is Stage.pending
    assert {path.name for path in intake.folder(site.app).iterdir()} == {one.file, one.poster, one.preview}
    moderator = site.staff("moderator")
    for kind in ("poster", "preview"):
        assert _is_ink(Image.open(io.BytesIO(moderator.get(f"/media/{one.ref}/{kind}").content))), kind
