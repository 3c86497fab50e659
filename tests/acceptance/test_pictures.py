"""Pictures and films by hand: card, collage, clean."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.acceptance.command import Campaign, ahead
from tests.media import drawn_faces, films

CARD = ["card", "--action", "act", "--message", "Courage"]


@pytest.fixture
def ready(campaign: Campaign) -> Campaign:
    """A workspace with one action that has a link."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: Hello", head="link: https://example.org/act")
    return campaign


def photo(path: Path, *, seed: int = 1, faces: int = 0) -> Path:
    """Write a photo with people, a place and a camera in its EXIF."""
    looks = [drawn_faces.anyone(seed + number) for number in range(faces)]
    size = (1200, 900)
    image = drawn_faces.group(looks, size, seed=seed).image if faces else drawn_faces.ground(size, seed)
    exif = Image.Exif()
    exif[0x010F] = "CANARY camera"
    exif.get_ifd(0x8825)[2] = (31.0, 12.0, 7.0)
    image.save(path, "JPEG", exif=exif.tobytes())
    return path


def test_a_card_is_a_picture_of_the_size_asked_for(campaign: Campaign):
    """`card` writes a JPEG and says its size and alt text; what can't be made is said in a line."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: Hello")
    out = campaign.home / "card.jpg"
    args = ["card", "--action", "act", "--message", "Courage"]
    made = campaign(*args, "--size", "600x338", "-o", out, "--json").json
    assert set(made) == {"path", "width", "height", "bytes", "alt"}
    assert made["bytes"] == out.stat().st_size
    assert "Courage" in made["alt"]
    with Image.open(out) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (600, 338) == (made["width"], made["height"])
    assert "choose one of" in campaign(*args, "--theme", "nosuch", "-o", out, code=1).err
    assert "600x" in campaign(*args, "--size", "600x", "-o", out, code=2).err
    assert "no such folder" in campaign(*args, "-o", campaign.home / "nosuch/card.jpg", code=2).err


def test_a_card_shows_its_actions_link_as_a_qr_code_where_asked(ready: Campaign):
    """With --qr the card has a code and its alt text the address; an action without a link is an error."""
    out = ready.home / "card.jpg"
    plain = ready(*CARD, "-o", out, "--json").json
    coded = ready(*CARD, "--qr", "-o", ready.home / "qr.jpg", "--json").json
    assert "example.org/act" in coded["alt"]
    assert "example.org/act" not in plain["alt"]
    ready.write(f"id: a, at: {ahead(days=1)}, text: Hello")
    assert "link" in ready(*CARD, "--qr", "-o", out, code=2).err


def test_all_themes_come_on_one_sheet(ready: Campaign):
    """`--theme all` writes one picture larger than a card, and it is no film."""
    out = ready.home / "all.jpg"
    made = ready(*CARD, "--theme", "all", "-o", out, "--json").json
    assert made["height"] > 675
    with Image.open(out) as picture:
        assert picture.size == (made["width"], made["height"])
    assert "one theme" in ready(*CARD, "--theme", "all", "-o", ready.home / "all.mp4", code=2).err


def test_a_card_becomes_a_film_where_the_file_is_one(ready: Campaign):
    """A name that ends in .mp4 asks for a short film with the same words."""
    out = ready.home / "card.mp4"
    made = ready(*CARD, "--size", "640x360", "-o", out, "--json").json
    assert (made["width"], made["height"]) == (640, 360)
    assert "Courage" in made["alt"]
    assert out.read_bytes()[4:8] == b"ftyp"


def test_a_collage_is_made_of_a_folder_of_photos(ready: Campaign):
    """`collage` takes files and folders; too few, or one that is none, is a line that says so."""
    folder = ready.home / "photos"
    folder.mkdir()
    for number in range(5):
        photo(folder / f"{number}.jpg", seed=number)
    args = ["collage", "--action", "act", "--message", "Courage", "-o", ready.home / "all.jpg"]
    made = ready(*args, folder, photo(ready.home / "one.jpg"), "--json").json
    assert (made["width"], made["height"]) == (1200, 675)
    assert "6" in made["alt"]
    assert "4" in ready(*args, folder / "0.jpg", code=1).err
    (folder / "9.jpg").write_bytes(b"no picture")
    assert "9.jpg" in ready(*args, folder, code=1).err


def test_a_cleaned_photo_tells_nothing_beside_its_pixels(ready: Campaign):
    """`clean` writes a JPEG without place and camera, names what it removed, and leaves the original as it is."""
    source, out = photo(ready.home / "in.jpg", faces=2), ready.home / "out.jpg"
    before = source.read_bytes()
    made = ready("clean", source, out, "--json").json
    assert {"path", "mime", "width", "height", "bytes", "faces", "removed"} <= set(made)
    assert (made["mime"], made["width"], made["height"], made["faces"]) == ("image/jpeg", 1200, 900, 2)
    assert made["bytes"] == out.stat().st_size
    assert any("GPS" in one for one in made["removed"])
    assert b"CANARY" in before
    assert b"CANARY" not in out.read_bytes()
    assert source.read_bytes() == before
    assert out.stat().st_mode & 0o077 == 0


def test_faces_are_covered_where_asked_and_places_by_hand(ready: Campaign):
    """After --blur-faces no face is found any more; --cover paints the box that it is given."""
    source, out = photo(ready.home / "in.jpg", faces=2), ready.home / "out.jpg"
    assert ready("clean", source, out, "--blur-faces", "--json").json["faces"] == 2
    assert ready("clean", out, ready.home / "again.jpg", "--json").json["faces"] == 0
    ready("clean", source, out, "--cover", "0,0,25,25")
    with Image.open(out) as picture:
        corner = picture.crop((8, 8, 280, 200)).getextrema()
    assert all(high - low <= 2 for low, high in corner)
    assert "percent" in ready("clean", source, out, "--cover", "50,0,25,25", code=2).err


def test_what_is_refused_leaves_nothing_behind(ready: Campaign):
    """A text, a torn photo and the original as its own target are one line each, and no file is written."""
    source, out = photo(ready.home / "in.jpg"), ready.home / "out.jpg"
    text, torn = ready.home / "notes.jpg", ready.home / "torn.jpg"
    text.write_text("#EXTM3U\nhttp://example.org/x.ts\n")
    torn.write_bytes(source.read_bytes()[:2000])
    for bad in (text, torn):
        assert str(bad) in ready("clean", bad, out, code=1).err
        assert not out.exists()
    assert "original" in ready("clean", source, source, code=2).err
    assert "no such folder" in ready("clean", source, ready.home / "nosuch/out.jpg", code=2).err


def test_no_original_and_no_device_is_ever_written_over(ready: Campaign):
    """The photo on a card, the photos of a collage and a pipe stay what they are; the same name twice is refused."""
    source, pipe = photo(ready.home / "in.jpg"), ready.home / "pipe"
    before = source.read_bytes()
    os.mkfifo(pipe)
    assert "original" in ready(*CARD, "--photo", source, "-o", source, code=2).err
    collage = ["collage", "--action", "act", "--message", "Courage", *[source] * 4]
    assert "original" in ready(*collage, "-o", source, code=2).err
    for args in ([*CARD, "-o", pipe], ["clean", source, pipe]):
        assert "no plain file" in ready(*args, code=2).err
    assert "twice" in ready("clean", source, ready.home / "a", "--poster", ready.home / "a", code=2).err
    assert source.read_bytes() == before
    assert pipe.is_fifo()


def test_what_may_never_end_is_not_waited_for(ready: Campaign):
    """A pipe, a device and an empty file are refused at once, as photo of a card too."""
    pipe, empty, out = ready.home / "pipe", ready.home / "empty.jpg", ready.home / "out.jpg"
    os.mkfifo(pipe)
    empty.touch()
    for bad in (pipe, Path("/dev/zero"), empty):
        ready("clean", bad, out, code=1)
        ready(*CARD, "--photo", bad, "-o", out, code=1)
    assert not out.exists()
    for size in ("²00x²00", "9" * 5000 + "x300", "200x"):
        assert "WIDTHxHEIGHT" in ready(*CARD, "--size", size, "-o", out, code=2).err


def test_what_is_the_matter_with_a_film_is_said(ready: Campaign):
    """Sound without pictures is refused in its own words; a film's faces are looked for only where asked."""
    source, out = ready.home / "in.mp4", ready.home / "out.mp4"
    source.write_bytes(films.film(sounds=[films.tone()]))
    made = ready("clean", source, out, "--json").json
    assert (made["mime"], made["faces"], made["boxes"]) == ("video/mp4", None, None)
    assert "--blur-faces" in ready("clean", source, out).out
    assert ready("clean", source, out, "--blur-faces", "--json").json["faces"] == 0
    source.write_bytes(films.film(size=(16, 16)))
    assert "too few" in ready("clean", source, out, code=1).err


def test_a_damaged_picture_is_found_by_check(ready: Campaign):
    """A picture that can't be opened is an error of its post before anything is queued."""
    whole = io.BytesIO()
    Image.new("RGB", (640, 360), "#345").save(whole, "JPEG")
    (ready.folder / "posts/torn.jpg").write_bytes(whole.getvalue()[:300])
    ready.write(f"id: a, at: {ahead(days=1)}, text: Hello, images: [{{file: torn.jpg, alt: A wall}}]")
    found = ready("check", "--json", code=1).json["problems"]
    assert [one["rule"] for one in found] == ["picture"]
    assert "torn.jpg" in found[0]["message"]
    (ready.folder / "posts/call.mp4").write_text("no film")
    ready.write(f"id: a, at: {ahead(days=1)}, text: Hello, video: {{file: call.mp4, alt: A wall}}")
    found = ready("check", "--json", code=1).json["problems"]
    assert [one["rule"] for one in found] == ["picture"]
    assert "call.mp4" in found[0]["message"]


@pytest.mark.parametrize("kind", ["video: {file: it, alt: A wall}", "images: [{file: it, alt: A wall}]"])
def test_an_approval_is_one_of_the_very_file(ready: Campaign, kind: str):
    """Another picture or film under the same name is another post: it waits for an approval of its own."""
    file, name = ready.folder / "posts/it", "act/a@local"

    def put(*, seed: int) -> None:
        if kind.startswith("video"):
            file.write_bytes(films.film(sounds=[films.tone(pitch=440.0 * seed)]))
        else:
            photo(file, seed=seed)

    put(seed=1)
    ready.write(f"id: a, at: {ahead(days=1)}, text: Hello, approve: true, {kind}")

    def status() -> str:
        ready("queue")
        return str(ready("status", "--json").json["deliveries"][0]["status"])

    assert status() == "held"
    ready("approve", name)
    assert status() == "queued"
    put(seed=2)
    assert status() == "held"
