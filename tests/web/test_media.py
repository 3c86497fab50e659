"""What volunteers handed in, as it is shown: to whom, as what, and never the file that came."""

from pathlib import Path

import pytest

from scheduler.submission import Role, Stage
from scheduler.web.media import DRAFT
from tests.web.site import Served, drawn


def browser(served: Served, number: int):
    """Return the browser of the volunteer whose draft has a number."""
    made = served.client()
    made.cookies.set(served.site.cookie(DRAFT), f"draft-{number}", domain="127.0.0.1")
    return made


@pytest.mark.parametrize("role", Role)
def test_staff_see_what_was_handed_in(served: Served, role: Role) -> None:
    """Moderators get the very file, as a picture that no cache keeps; editors don't, strangers are sent to sign in."""
    ref = served.submission().ref
    answer = served.staff(role).get(f"/media/{ref}/photo")
    if role is Role.editor:
        assert answer.status_code == 403
        return
    assert answer.content == drawn(seed=1)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert not {"etag", "last-modified", "content-disposition"} & set(answer.headers)
    assert served.client().get(f"/media/{ref}/photo").status_code == 303


@pytest.mark.parametrize("kind", ["film", "poster", "source", "file", "..", "photo.php", "%2e%2e", ""])
def test_only_what_there_is_is_shown(served: Served, kind: str) -> None:
    """Another kind, a path, a draft, what was taken back: there is no such page."""
    ref = served.submission().ref
    assert served.staff("admin").get(f"/media/{ref}/{kind}").status_code in {400, 404}


def test_a_draft_is_its_volunteers_alone(served: Served) -> None:
    """It is shown to the browser that has its secret, and to nobody on staff."""
    draft = served.submission(stage=Stage.draft)
    assert browser(served, 1).get("/draft/photo").content == drawn(seed=1)
    assert browser(served, 1).get("/draft/preview").status_code == 200
    assert browser(served, 2).get("/draft/photo").status_code == 404
    assert served.client().get("/draft/photo").status_code == 404
    assert served.staff("admin").get("/draft/photo").status_code == 404
    assert served.staff("admin").get(f"/media/{draft.ref}/photo").status_code == 404


def test_a_secret_ends_when_it_is_handed_in(served: Served) -> None:
    """What waits for the moderators isn't shown by the draft's cookie any more."""
    served.submission(stage=Stage.pending)
    assert browser(served, 1).get("/draft/photo").status_code == 404


@pytest.mark.parametrize("stage", [Stage.withdrawn, Stage.expired])
def test_what_waits_to_be_deleted_is_not_shown(served: Served, stage: Stage) -> None:
    """Where a disk failed in the middle of deleting, the file is there for a while, and nobody sees it."""
    ref = served.submission(stage=stage).ref
    assert (served.app.workspace.var / "uploads/photo-1.jpg").is_file()
    for kind in ("photo", "preview"):
        assert served.staff("admin").get(f"/media/{ref}/{kind}").status_code == 404


def test_what_is_gone_is_gone(served: Served) -> None:
    """A file that isn't there any more, or a name that leads elsewhere, is no page."""
    (served.folder / "var/secret.txt").write_text("x")
    for name in ("photo-9.jpg", "../secret.txt", str(Path("/etc/passwd"))):
        ref = served.submission(file=name).ref
        assert served.staff("admin").get(f"/media/{ref}/photo").status_code == 404


def test_a_part_of_a_film_can_be_asked_for(served: Served) -> None:
    """Players ask for ranges; what can't be satisfied is refused, whatever condition comes with it."""
    made = served.submission(mime="video/mp4", poster="small-1.jpg")
    client = served.staff("moderator")
    part = client.get(f"/media/{made.ref}/film", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, drawn(seed=1)[10:20])
    assert part.headers["content-type"] == "video/mp4"
    whole = client.get(f"/media/{made.ref}/film", headers={"Range": "bytes=10-19", "If-Range": "x"})
    assert whole.status_code == 200
    assert client.get(f"/media/{made.ref}/film", headers={"Range": "bytes=99999999-"}).status_code == 416
    assert client.get(f"/media/{made.ref}/film", headers={"Range": "nonsense"}).status_code == 400
    assert client.get(f"/media/{made.ref}/poster").headers["content-type"] == "image/jpeg"
    assert client.get(f"/media/{made.ref}/photo").status_code == 404
