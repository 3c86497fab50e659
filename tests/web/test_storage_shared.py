"""Pages of a machine that shares its private files with others: what is shown, and what while the storage is away."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scheduler import blobs, cleaning
from scheduler.operations.take_back import take_back
from scheduler.store import submissions
from scheduler.submission import Role, Stage
from scheduler.web.volunteers.cleaner import cleaner_of
from tests.operations.shared import NOWHERE, Machines
from tests.operations.test_storage_shared import s3
from tests.web.site import Served
from tests.web.volunteers.way import Volunteer

__all__ = ["s3"]


@pytest.fixture
def site(served: Served, s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Give a site whose machine shares its private files."""
    monkeypatch.setenv("LENT_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("LENT_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(blobs, "_REST", 0.0)
    settings = Machines.settings(s3, served.folder.name)
    served.app.workspace = replace(served.app.workspace, storage=settings)
    served.site.debug = False
    yield served
    cleaner_of(served.app).stop()
    cleaning.stop()


def away(site: Served) -> None:
    """Let the storage not answer from now on."""
    settings = site.app.workspace.storage
    assert settings is not None
    site.app.workspace = replace(site.app.workspace, storage=replace(settings, endpoint=NOWHERE))


def files(site: Served) -> list[str]:
    """Return the names of the files that the machine has of submissions."""
    return sorted(file.name for file in (site.app.workspace.var / "uploads").glob("*"))


def handed_in(site: Served) -> str:
    """Let somebody hand a photo in by the pages; return its reference."""
    Volunteer(site).upload(site.photo()).through()
    with site.app.store.read() as c:
        (found,) = submissions.in_stage(c, Stage.pending)
    return found.ref


def test_a_machine_without_a_copy_fetches_it(site: Served) -> None:
    """Handed in by the pages of one machine, it is shown by those of any other."""
    ref = handed_in(site)
    for name in files(site):
        (site.app.workspace.var / "uploads" / name).unlink()
    moderator = site.staff(Role.moderator)
    assert moderator.get(f"/media/{ref}/photo").headers["content-type"] == "image/jpeg"
    assert moderator.get(f"/media/{ref}/preview").status_code == 200


def test_an_upload_while_the_storage_is_away(site: Served) -> None:
    """A page says to try again in some minutes, and nothing is stored: no file, no draft."""
    away(site)
    answer = site.client().post("/actions/salma/add", data={"once": "a"}, files={"file": ("a.jpg", site.photo())})
    assert answer.status_code == 503
    assert "try again" in answer.text
    assert "127.0.0.1:1" not in answer.text
    assert files(site) == []
    with site.app.store.read() as c:
        assert submissions.in_stage(c, *Stage) == []


def test_handing_in_while_the_storage_is_away(site: Served) -> None:
    """The last page says to try again; the draft stays, and goes through once the storage is back."""
    settings = site.app.workspace.storage
    someone = Volunteer(site).upload(site.photo())
    away(site)
    with pytest.raises(AssertionError):
        someone.through()
    assert someone.status == 503
    with site.app.store.read() as c:
        assert [one.stage for one in submissions.in_stage(c, *Stage)] == [Stage.draft]
    site.app.workspace = replace(site.app.workspace, storage=settings)
    assert files(site)


def test_pages_of_moderators_while_the_storage_is_away(site: Served) -> None:
    """In place of a picture there is a grey box; the pages themselves are there."""
    ref = handed_in(site)
    for name in files(site):
        (site.app.workspace.var / "uploads" / name).unlink()
    away(site)
    moderator = site.staff(Role.moderator)
    answer = moderator.get(f"/media/{ref}/photo")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "image/svg+xml")
    assert moderator.get("/staff/moderation").status_code == 200
    assert moderator.get(f"/staff/moderation/{ref}").status_code == 200


def test_a_machine_with_pages_alone_lets_go_too(site: Served) -> None:
    """What was taken back on another machine is gone from this one at its next look, the storage being away or not."""
    ref = handed_in(site)
    copies = {file: file.read_bytes() for file in (site.app.workspace.var / "uploads").glob("*")}
    take_back(site.app, ref, who="volunteer")
    for file, data in copies.items():
        file.write_bytes(data)
    away(site)
    site.clock.move_to(datetime.now(UTC) + timedelta(seconds=45))
    site.site.look()
    assert files(site) == []
