"""Files lent to networks that fetch what they publish: one file an address, for a while, while its post is in hand."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scheduler import app as parts
from scheduler import shelf
from scheduler.clock import SystemClock
from scheduler.errors import AccountBlocked
from scheduler.model import CardOrder, Medium, Outgoing, Staged
from scheduler.operations import deliver, queue
from scheduler.operations.take_back import take_back
from scheduler.operations.withdraw import withdraw
from scheduler.status import Status
from scheduler.store import Delivery, deliveries
from scheduler.testing import FakePublisher
from scheduler.vault import Vault
from scheduler.web.all_routes import ROUTES
from scheduler.web.entrance import application
from scheduler.web.site import Site
from tests.web.server import serving, workspace
from tests.web.site import TestClient, drawn
from tests.world import NOON, World, post

HERE = "http://127.0.0.1:8080"
HOUR = timedelta(hours=1)
KEY = "act/p@a"
PHOTO = "act/v/2026-03-02T13:00@a"
IN_HAND = {Status.claimed, Status.queued, Status.staged, Status.sending, Status.unknown}


class Lent(World):
    """A world with web pages: a post with a card due in an hour, and a slot for a volunteer's photo."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, public_url=HERE)
        self.write(
            post("p", at=NOON + HOUR, card=CardOrder()),
            post("v", at=NOON + HOUR, text="They say: {message}", submissions=True),
        )
        self.ref = self.submit(self.slots()[0]).ref
        self.queue()
        self.site = Site(self.app)
        self.site.debug = True
        self.browser = TestClient(application(self.site, ROUTES), base_url=HERE, follow_redirects=False)

    def medium(self, key: str = KEY) -> Medium:
        """Return what a delivery shows."""
        frozen = self[key].frozen
        assert frozen is not None
        return frozen.media[0]

    def url(self, key: str = KEY, *, until: datetime = NOON + 2 * HOUR) -> str:
        """Return the address of what a delivery shows."""
        return parts.lender(self.workspace, self.clock).url(self.medium(key), until=until)

    def stage(self) -> None:
        """Have everything prepared."""
        self.clock.move_to(NOON + HOUR - timedelta(minutes=1))
        self.run()
        assert set(self.statuses().values()) == {Status.staged}

    def put(self, key: str, **values: object) -> None:
        """Change a delivery."""
        with self.store.write() as c:
            deliveries.set_columns(c, self[key], **values)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Lent]:
    """Give a world whose posts are prepared and not yet out."""
    made = Lent(tmp_path)
    made.stage()
    yield made
    made.browser.close()
    made.close()


def gone(world: Lent, url: str) -> bool:
    """Tell whether an address gives nothing, in the very words of an address that never was."""
    answer, never = world.browser.get(url), world.browser.get("/lent/never/never.jpg")
    assert (never.status_code, never.text) == (404, "There is no such file.\n")
    return (answer.status_code, answer.content, answer.headers) == (404, never.content, never.headers)


def test_a_network_fetches_the_very_file(world: Lent) -> None:
    """Whoever has the address gets the file to the byte, as what it is, as often as it takes, or only its head."""
    url, medium = world.url(), world.medium()
    for _ in range(2):
        answer = world.browser.get(url)
        assert (answer.status_code, answer.content) == (200, medium.path.read_bytes())
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["content-length"] == str(medium.size)
    head = world.browser.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(medium.size))
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/lent/[0-9a-f]+\.[0-9a-f]{64}/[0-9a-f]{64}\.jpg", url)
    assert world.browser.get(world.url(PHOTO)).content == world.medium(PHOTO).path.read_bytes()


def test_no_cache_or_engine_keeps_it_and_nobody_gets_a_cookie(world: Lent) -> None:
    """Its headers keep it out of caches and engines, and neither it nor a refusal leaves a cookie behind."""
    for url in (world.url(), f"{world.url()}?lang=fr", "/lent/a/b.jpg?lang=fr"):
        answer = world.browser.get(url)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["cache-control"] == "no-store"
        assert {"set-cookie", "location", "etag", "last-modified", "content-disposition"}.isdisjoint(answer.headers)


def test_a_part_of_it_can_be_fetched(world: Lent) -> None:
    """Networks fetch films in pieces: a range gives that range."""
    whole = world.medium().path.read_bytes()
    part = world.browser.get(world.url(), headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert world.browser.get(world.url(), headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


def test_no_other_address_gives_anything(world: Lent) -> None:
    """A guess, another file's token, another ending, another time, a way out of the folder: all are alike, nothing."""
    url = world.url()
    _, _, token, name = urlsplit(url).path.split("/")
    other_token, other_name = urlsplit(world.url(PHOTO)).path.split("/")[2:]
    seconds, _, mac = token.partition(".")
    later = f"{int(seconds, 16) + 3600:x}"
    wrong = [
        (token, other_name),
        (other_token, name),
        (f"{later}.{mac}", name),
        (f"{seconds}.{mac[:-1]}{'0' if mac[-1] != '0' else '1'}", name),
        (f"{seconds}.", name),
        (mac, name),
        ("0", name),
        ("%ff%fe", name),
        ("٣.٣", name),
        (token.upper(), name),
        (token, name.upper()),
        (token, name.replace(".jpg", ".json")),
        (token, name.replace(".jpg", ".png")),
        (token, name.replace(".jpg", "")),
        (token, world.medium().path.name),
        (token, "state.db"),
        (token, "..%2f..%2fstate.db"),
        (token, "..%2f" + name),
        (token, "%2e%2e%2fsecret.key"),
    ]
    for one, other in wrong:
        answer = world.browser.get(f"/lent/{one}/{other}")
        assert answer.status_code in {400, 404}, (one, other)
        assert b"\xff\xd8" not in answer.content
        assert "%2f" in other or "%2e" in other or gone(world, f"/lent/{one}/{other}"), (one, other)
    assert world.browser.post(url).status_code == 405
    assert world.browser.get(url).status_code == 200


def test_another_workspace_s_signature_is_none(world: Lent, tmp_path: Path) -> None:
    """Who knows the file, its hash and the program still needs this workspace's own secret."""
    forged = shelf.Pages(HERE, Vault(tmp_path / "other")).url(world.medium(), until=NOON + 2 * HOUR)
    assert gone(world, forged)


def test_after_its_time_an_address_is_over(world: Lent) -> None:
    """An address runs out by itself, though the post is still in hand."""
    until = world.clock.now() + timedelta(seconds=90)
    url = world.url(until=until)
    world.clock.move_to(until - timedelta(seconds=1))
    assert world.browser.get(url).status_code == 200
    world.clock.move_to(until)
    assert gone(world, url)


@pytest.mark.parametrize("status", Status, ids=str)
def test_only_what_is_in_hand_is_lent(world: Lent, status: Status) -> None:
    """From being prepared until it is known to be out; not before, and never after."""
    world.put(KEY, status=str(status))
    assert (world.browser.get(world.url()).status_code == 200) is (status in IN_HAND)


def test_what_only_waits_is_not_lent(world: Lent) -> None:
    """Put off and to be prepared anew: its earlier addresses give nothing until then."""
    world.put(KEY, status=str(Status.queued), staged=None)
    assert gone(world, world.url())


def test_once_it_is_out_nobody_fetches_it(world: Lent) -> None:
    """From the network's own word on the address is dead."""
    url = world.url()
    world.let(HOUR)
    assert world[KEY].status is Status.published
    assert gone(world, url)


def test_once_its_part_of_a_thread_is_out_nobody_fetches_it(tmp_path: Path) -> None:
    """The pictures of a thread are its first part's: while the others go nothing is lent."""
    made = World(tmp_path, public_url=HERE)
    made.threads["p"] = ("two", "three")
    made.write(post("p", at=NOON, card=CardOrder()))
    made.queue()
    browser = TestClient(application(Site(made.app), ROUTES), base_url=HERE)
    seen = []
    while deliver.step(made.app):
        one = made[KEY]
        assert one.frozen is not None
        url = parts.lender(made.workspace, made.clock).url(one.frozen.media[0], until=NOON + HOUR)
        seen.append((one.status, len(one.parts), browser.get(url).status_code))
    assert (Status.staged, 0, 200) in seen
    assert {(Status.staged, 1, 404), (Status.staged, 2, 404), (Status.published, 3, 404)} <= set(seen)
    browser.close()
    made.close()


def test_one_of_two_that_show_it_is_enough(tmp_path: Path) -> None:
    """The same card on two accounts is one file: it is lent until the second one is out."""
    made = World(tmp_path, accounts=("a", "b"), public_url=HERE)
    made.write(post("p", at=NOON, card=CardOrder()))
    made.queue()
    while deliver.stage_next(made.app):
        pass
    browser = TestClient(application(Site(made.app), ROUTES), base_url=HERE)
    frozen = made["act/p@b"].frozen
    assert frozen is not None
    assert frozen.media == made["act/p@a"].frozen.media
    url = parts.lender(made.workspace, made.clock).url(frozen.media[0], until=NOON + HOUR)
    assert deliver.send_next(made.app)
    assert browser.get(url).status_code == 200
    assert deliver.send_next(made.app)
    assert browser.get(url).status_code == 404
    browser.close()
    made.close()


def test_what_a_person_wants_down_is_not_lent(world: Lent) -> None:
    """From `withdraw` on nothing is given out, also while it isn't known whether it went."""
    url = world.url()
    world.put(KEY, status=str(Status.unknown))
    assert world.browser.get(url).status_code == 200
    withdraw(world.app, KEY, who="ed")
    assert world[KEY].status is Status.unknown
    assert gone(world, url)


def test_what_is_taken_back_is_gone_from_that_second(world: Lent) -> None:
    """The press of a volunteer ends the address, even where a copy of the file were left and it is being sent."""
    url, medium = world.url(PHOTO), world.medium(PHOTO)
    kept = medium.path.read_bytes()
    world.put(PHOTO, status=str(Status.sending), lease_owner="somebody", lease_until=NOON + 2 * HOUR)
    assert world.browser.get(url).status_code == 200
    take_back(world.app, world.ref, who="volunteer")
    medium.path.write_bytes(kept)
    assert world[PHOTO].status is Status.sending
    assert gone(world, url)


def test_a_file_that_is_missing_is_no_fault(world: Lent) -> None:
    """Somebody has cleaned var/rendered: the network is told that there is none."""
    url = world.url()
    world.medium().path.unlink()
    assert gone(world, url)


class Fetching(FakePublisher):
    """A publisher of a network that fetches the picture while it is handed over."""

    browser: TestClient
    fetched: list[int]

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Fetch it, as the network would."""
        assert self._shelf is not None
        url = self._shelf.url(out.media[0], until=NOON + HOUR)
        self.fetched.append(self.browser.get(url).status_code)
        return super().stage(out, begun)


def test_it_is_there_when_the_network_is_told_of_it(tmp_path: Path) -> None:
    """While `stage` runs its file can be fetched already, the first time too."""
    made = World(tmp_path, public_url=HERE)
    made.write(post("p", at=NOON, card=CardOrder()))
    made.queue()
    publisher = Fetching(made.workspace.accounts["a"], made.network)
    publisher._shelf = parts.lender(made.workspace, made.clock)
    publisher.browser = TestClient(application(Site(made.app), ROUTES), base_url=HERE)
    publisher.fetched = []
    made.run(replace(made.app, factory=lambda *_: publisher))
    assert publisher.fetched == [200]
    assert made["act/p@a"].status is Status.published
    publisher.browser.close()
    made.close()


def test_without_an_address_the_account_is_blocked(tmp_path: Path) -> None:
    """A workspace that nobody can fetch from says so, with the cure, and holds that account only."""
    made = World(tmp_path)
    medium = Medium(path=tmp_path / "a.jpg", mime="image/jpeg", width=1, height=1, size=1, sha256="0" * 64, alt="")
    with pytest.raises(AccountBlocked, match=r"write public_url into config\.yaml and run `solidarity serve`"):
        parts.lender(made.workspace, made.clock).url(medium, until=NOON)
    made.close()


def test_the_running_server_lends_and_writes_nothing_down(tmp_path: Path) -> None:
    """Over real sockets: the file, its head, a part, a refusal; and no word of the addresses in any log."""
    folder = workspace(tmp_path / "w")
    loaded, _ = parts.workspace(folder)
    app = parts.build(loaded)
    try:
        medium = _handed_over(app)
    finally:
        app.close()
    url = shelf.Pages("http://x", app.vault).url(medium, until=SystemClock().now() + HOUR)
    path = urlsplit(url).path
    with serving(folder) as server:
        answer = server.get(path)
        assert (answer.status, answer.body, answer.header("content-type")) == (200, drawn(), "image/jpeg")
        assert server.get(path, "Range: bytes=0-1").body == drawn()[:2]
        head = server.ask(f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        assert (head.status, head.body, head.header("content-length")) == (200, b"", str(len(drawn())))
        assert server.get(path[:-5]).status == 404
        metrics = server.get("/metrics").body.decode()
        server.stop()
        for word in (*path.split("/")[2:], medium.sha256):
            assert word not in server.said + metrics


def _handed_over(app: parts.App) -> Medium:
    """Bring the campaign into the queue and one post of it, with a picture, to being prepared; return the picture."""
    queue.apply(app, app.load_posts())
    file = app.workspace.var / "rendered" / "picture.jpg"
    file.parent.mkdir()
    file.write_bytes(drawn())
    facts = {"mime": "image/jpeg", "width": 640, "height": 480, "size": len(drawn()), "alt": ""}
    medium = Medium(path=file, sha256="ab" * 32, **facts)
    with app.store.write() as c:
        one: Delivery = next(one for one in deliveries.in_status(c) if one.post == "report")
        out = deliveries.frozen_column(one.outgoing((medium,)))
        deliveries.set_columns(c, one, status=str(Status.staged), due_at=datetime(2099, 1, 1, tzinfo=UTC), **out)
    return medium
