"""Files lent from a storage that speaks S3: a real server of one, on loopback."""

import json
import logging
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from scheduler import app as parts
from scheduler.clock import SystemClock
from scheduler.errors import AccountBlocked, PublishError, TryLater
from scheduler.model import CardOrder, Medium, Outgoing, Staged, Storage
from scheduler.operations import deliver
from scheduler.operations.doctor import Finding, doctor
from scheduler.operations.put_away import put_away
from scheduler.operations.take_back import take_back
from scheduler.standins.loopback import LoopbackServer
from scheduler.status import Status
from scheduler.storage import Note, place
from scheduler.testing import FakePublisher
from tests.world import NOON, World, post

CANARY = "canary-7d1f3a"
HOUR = timedelta(hours=1)
KEY, PHOTO = "act/p@a", "act/v/2026-03-02T13:00@a"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Give the address of a storage with a bucket."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    assert requests.put(f"{url}/pictures", timeout=10).status_code == 200
    yield url
    server.stop()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the storage's secrets; those of Amazon's own tools must not be heeded."""
    monkeypatch.setenv("LENT_ACCESS_KEY_ID", f"{CANARY}-id")
    monkeypatch.setenv("LENT_SECRET_ACCESS_KEY", f"{CANARY}-secret")
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "nonsense")


def settings(url: str, bucket: str = "s3://pictures/lent") -> Storage:
    """Return what config.yaml says of the storage."""
    return Storage(bucket=bucket, endpoint=url, region="eu-central-1", keys="LENT")


class Lending(FakePublisher):
    """A publisher that lends its picture while it is prepared."""

    urls: list[str]

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Lend it."""
        assert self._shelf is not None
        self.urls.append(self._shelf.url(out.media[0], until=self._clock.now() + HOUR))
        return super().stage(out, begun)


class Lent(World):
    """A world that lends from the storage: a post with a card, and a slot for a volunteer's photo, in an hour."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder, storage=settings(url))
        self.write(
            post("p", at=NOON + HOUR, card=CardOrder()),
            post("v", at=NOON + HOUR, text="They say: {message}", submissions=True),
        )
        self.ref = self.submit(self.slots()[0]).ref
        self.queue()
        self.publisher = Lending(self.workspace.accounts["a"], self.network)
        self.publisher._shelf = parts.lender(self.workspace, self.clock)
        self.publisher._clock = self.clock
        self.publisher.urls = []
        self.app = replace(self.app, factory=lambda *_: self.publisher)

    def stage(self) -> None:
        """Have everything prepared."""
        self.clock.move_to(NOON + HOUR - timedelta(minutes=1))
        self.run()
        assert set(self.statuses().values()) == {Status.staged}

    def notes(self) -> list[str]:
        """Return the names of what is noted to lie there."""
        return sorted(file.name for file in (self.workspace.var / "stored").iterdir())


@pytest.fixture
def world(tmp_path: Path, s3: str) -> Iterator[Lent]:
    """Give such a world."""
    made = Lent(tmp_path, s3)
    yield made
    made.close()


def medium(tmp_path: Path) -> Medium:
    """Return a picture."""
    path = tmp_path / "a.jpg"
    path.write_bytes(b"\xff\xd8 a picture")
    return Medium(path=path, mime="image/jpeg", width=1, height=1, size=11, sha256="0" * 64, alt="")


def status(url: str) -> int:
    """Return what the storage answers."""
    return requests.get(url, timeout=10).status_code


def test_a_network_fetches_the_very_file(world: Lent) -> None:
    """It is there, as what it is, to the byte, under a name that nobody can guess and that is new each time."""
    world.stage()
    one, other = world.publisher.urls
    for url, key in ((one, KEY), (other, PHOTO)):
        answer, frozen = requests.get(url, timeout=10), world[key].frozen
        assert frozen is not None
        assert answer.content == frozen.media[0].path.read_bytes()
        assert answer.headers["content-type"] == "image/jpeg"
        name = urlsplit(url).path.rpartition("/")[2]
        assert name.endswith(".jpg")
        assert len(name) == 44
        assert frozen.media[0].sha256 not in url
        assert frozen.media[0].path.stem not in url
    assert world.notes() == sorted(urlsplit(url).path.rpartition("/")[2] for url in (one, other))


def test_the_address_is_signed_and_runs_out(tmp_path: Path, s3: str) -> None:
    """Another implementation of the signature comes to the same one; its time is the one asked for, and bounded."""
    clock = SystemClock()
    shelf = parts.lender(replace(_workspace(tmp_path, s3)), clock)
    for wanted, seconds in ((HOUR, 3600), (timedelta(days=30), 6 * 86400), (timedelta(hours=-1), 1)):
        url = shelf.url(medium(tmp_path), until=clock.now() + wanted)
        said = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert abs(int(said["X-Amz-Expires"]) - seconds) <= 2
        assert f"{CANARY}-secret" not in url
        assert "X-Amz-Security-Token" not in said
        signer = S3SigV4QueryAuth(
            Credentials(f"{CANARY}-id", f"{CANARY}-secret"), "s3", "eu-central-1", int(said["X-Amz-Expires"])
        )
        request = AWSRequest("GET", url.partition("?")[0])
        request.context["timestamp"] = said["X-Amz-Date"]
        signer._modify_request_before_signing(request)
        request.url = url.partition("&X-Amz-Signature")[0]
        text = signer.string_to_sign(request, signer.canonical_request(request))
        assert signer.signature(text, request) == said["X-Amz-Signature"]


def _workspace(folder: Path, url: str, bucket: str = "s3://pictures/lent"):
    made = World(folder, storage=settings(url, bucket))
    made.close()
    return made.workspace


def test_once_it_is_out_it_is_deleted(world: Lent) -> None:
    """As long as it is in hand nothing is put away; once it is out all of it is, and nothing else is asked for."""
    world.stage()
    assert put_away(world.app, {}) == 0
    assert [status(url) for url in world.publisher.urls] == [200, 200]
    world.clock.move_to(NOON + HOUR)
    while deliver.send_next(world.app):
        pass
    assert put_away(world.app, {}) == 2
    assert [status(url) for url in world.publisher.urls] == [404, 404]
    assert world.notes() == []
    assert put_away(world.app, {}) == 0


def test_what_is_taken_back_is_deleted(world: Lent) -> None:
    """The daemon's next look after a volunteer's press takes their photo from the storage, and leaves the other."""
    world.stage()
    take_back(world.app, world.ref, who="volunteer")
    assert put_away(world.app, {}) == 1
    assert [status(url) for url in world.publisher.urls] == [200, 404]


def test_what_a_kill_left_is_found(world: Lent, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object is written down before it is sent: one whose process died there is deleted like any other."""
    import obstore

    def killed(*_args: object, **_options: object) -> str:
        raise KeyboardInterrupt

    world.clock.move_to(NOON + HOUR - timedelta(minutes=1))
    with monkeypatch.context() as patch:
        patch.setattr(obstore, "sign", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver.stage_next(world.app)
    (left,) = world.notes()
    world.let(2 * HOUR)
    assert set(world.statuses().values()) == {Status.published}
    assert left in world.notes()
    put_away(world.app, {})
    assert world.notes() == []


@pytest.mark.parametrize("ends", ["well", "badly", "after a long sleep"])
def test_what_is_taken_back_while_it_is_sent_there_does_not_stay(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """It arrives after it was deleted, in whichever way the sending ends: its note stays until nothing can arrive."""
    import obstore

    put, made, nap = obstore.put, Lent(tmp_path, s3), timedelta(minutes=5)

    def slow(*given: object, **options: object) -> None:
        if ends == "after a long sleep":
            made.clock.move_to(made.clock.now() + 3 * nap)
        assert put_away(made.app, {}) == (ends == "after a long sleep")  # no post needs it: it was taken back
        put(*given, **options)
        if ends == "badly":
            raise KeyboardInterrupt

    shelf, picture = parts.lender(made.workspace, made.clock), medium(tmp_path)
    with monkeypatch.context() as patch, nullcontext() if ends != "badly" else pytest.raises(KeyboardInterrupt):
        patch.setattr(obstore, "put", slow)
        shelf.url(picture, until=made.clock.now() + HOUR)
    (name,) = made.notes()
    assert status(f"{s3}/pictures/lent/{name}") == 403  # it is there, for whoever may have it
    assert put_away(made.app, {}) == (ends != "badly")
    assert status(f"{s3}/pictures/lent/{name}") == 404
    if ends == "badly":
        made.clock.move_to(made.clock.now() + nap)
        assert (put_away(made.app, {}), made.notes()) == (0, [name])
        made.clock.move_to(made.clock.now() + nap)
        assert put_away(made.app, {}) == 1
    assert made.notes() == []
    made.close()


def test_another_storage_leaves_nothing_behind(
    world: Lent, s3: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in a storage that config.yaml doesn't name any more is never forgotten: a person is told, and how."""
    assert requests.put(f"{s3}/others", timeout=10).status_code == 200
    world.stage()
    world.let(2 * HOUR)
    for other in (None, settings(s3, "s3://others/lent")):
        monkeypatch.setattr(world.app, "workspace", replace(world.workspace, storage=other))
        assert put_away(world.app, {}) == 0
        assert f"doesn't name s3://pictures/lent at {s3} any more" in caplog.text
        assert [status(url) for url in world.publisher.urls] == [200, 200]
        assert len(world.notes()) == 2
        said = lent_files(world, other)
        assert not said.ok
        assert f"2 should be gone from s3://pictures/lent at {s3}, which config.yaml no longer names" in said.detail
        caplog.clear()
    monkeypatch.setattr(world.app, "workspace", world.workspace)
    assert put_away(world.app, {}) == 2
    assert lent_files(world, world.workspace.storage).ok


def lent_files(world: Lent, storage: Storage | None) -> Finding:
    """Return what doctor finds about lent files, where config.yaml names this storage."""
    lines = [f"{name}: {getattr(storage, name)!r}" for name in ("bucket", "endpoint", "region", "keys") if storage]
    config = "name: N\ntimezone: UTC\nlanguages: [en]\naccounts: {a: {platform: outbox}}\n"
    config += f"database: '{world.workspace.database}'\n"
    config += f"database: {world.workspace.database}\n"
    config += f"storage: {{{', '.join(lines)}}}\n" if storage else ""
    (world.workspace.folder / "config.yaml").write_text(config)
    return next(one for one in doctor(world.workspace.folder, clock=world.clock) if one.name == "lent files")


def test_doctor_says_what_could_not_be_deleted(world: Lent) -> None:
    """Not while a post needs it, nor at once: where it still lies there after a while a person has to see to it."""
    there = world.workspace.storage
    world.stage()
    world.clock.move_to(world.clock.now() + 2 * HOUR)
    assert lent_files(world, there).ok
    world.let(HOUR)
    said = lent_files(world, there)
    assert (said.ok, "2 should be gone from the storage and couldn't be deleted" in said.detail) == (False, True)
    assert put_away(world.app, {}) == 2
    assert lent_files(world, there).ok
    other = Note(name="fresh.jpg", sha256="0" * 64, place=place(settings("http://x")), since=world.clock.now())
    parts.bucket(world.workspace, world.clock)._write(other)
    assert lent_files(world, there).ok


def test_a_note_of_the_older_form_is_heeded(world: Lent) -> None:
    """It holds the file's hash and no more: its object is deleted once no post needs it."""
    world.stage()
    for note in (world.workspace.var / "stored").iterdir():
        note.write_text(json.loads(note.read_text())["sha256"])
    assert put_away(world.app, {}) == 0
    world.let(2 * HOUR)
    assert put_away(world.app, {}) == 2
    assert [status(url) for url in world.publisher.urls] == [404, 404]


def test_what_cannot_be_deleted_is_tried_again(
    world: Lent, s3: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storage that is away is asked again after minutes, not seconds; it is said once each time."""
    world.stage()
    world.let(2 * HOUR)
    times: dict = {}
    monkeypatch.setattr(world.app, "workspace", replace(world.workspace, storage=settings("http://127.0.0.1:1")))
    for _ in range(3):
        assert put_away(world.app, times) == 0
    assert caplog.text.count("should be gone, and will be tried again") == 2
    assert CANARY not in caplog.text
    world.clock.move_to(world.clock.now() + timedelta(minutes=6))
    monkeypatch.setattr(world.app, "workspace", replace(world.workspace, storage=settings(s3)))
    assert put_away(world.app, times) == 2
    assert times == {}


class Storehouse(LoopbackServer):
    """A storage that refuses."""

    endpoints = {"PUT /pictures/lent/:name": "refuse", "POST /pictures": "refuse"}  # noqa: RUF012


REFUSALS = [(401, AccountBlocked), (403, AccountBlocked), (404, AccountBlocked), (429, TryLater), (503, TryLater)]


@pytest.mark.parametrize(("code", "error"), REFUSALS)
def test_a_refusal_is_sorted_and_holds_no_secret(tmp_path: Path, code: int, error: type[PublishError]) -> None:
    """Who must act is told; neither the answer nor a key is in the error, nor another error behind it."""
    from scheduler.standins.faults import Answer

    Storehouse.refuse = lambda _self, _request: Answer(code, f"<Error>{CANARY}</Error>".encode(), {})
    with Storehouse() as server:
        shelf = parts.lender(_workspace(tmp_path, server.url), SystemClock())
        with pytest.raises(error, match=r"the storage in config\.yaml") as caught:
            shelf.url(medium(tmp_path), until=SystemClock().now() + HOUR)
    assert CANARY not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_storage_that_is_away_or_without_keys(tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there: later. No keys, or no such bucket: the account is held, and the message says what to mend."""
    picture, until = medium(tmp_path), SystemClock().now() + HOUR
    with pytest.raises(TryLater, match="doesn't take files now"):
        parts.lender(_workspace(tmp_path, "http://127.0.0.1:1"), SystemClock()).url(picture, until=until)
    with pytest.raises(AccountBlocked, match="no such bucket"):
        parts.lender(_workspace(tmp_path, s3, "s3://nothing"), SystemClock()).url(picture, until=until)
    picture.path.unlink()
    with pytest.raises(TryLater, match="is gone from var/rendered"):
        parts.lender(_workspace(tmp_path, s3), SystemClock()).url(picture, until=until)
    picture = medium(tmp_path)
    monkeypatch.delenv("LENT_ACCESS_KEY_ID")
    with pytest.raises(AccountBlocked, match="account storage lacks LENT_ACCESS_KEY_ID"):
        parts.lender(_workspace(tmp_path, s3), SystemClock()).url(picture, until=until)


def test_without_a_storage_there_is_nothing_to_put_away(tmp_path: Path) -> None:
    """A workspace that lends from its web pages, or not at all, is left alone."""
    made = World(tmp_path)
    assert put_away(made.app, {}) == 0
    made.close()
