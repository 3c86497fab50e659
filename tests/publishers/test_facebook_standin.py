"""The server that plays Facebook refuses what Facebook would refuse."""

import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from PIL import Image

from scheduler.publishers.http_wire import hush
from scheduler.standins.facebook import PAGES, Server
from scheduler.standins.facebook_objects import Page
from tests.publishers.facebook_bench import Watch

Say = Callable[..., tuple[int, Any]]
PROOF = hmac.new(b"canary-secret", PAGES[0].token.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def watch() -> Watch:
    """Return a clock that stands still."""
    return Watch(datetime(2027, 3, 1, 9, tzinfo=UTC))


@pytest.fixture
def server(watch: Watch) -> Iterator[Server]:
    """Return the server."""
    hush()  # these tests ask by themselves, and the proof stands in their addresses
    with Server(now=watch.seconds) as running:
        yield running
    assert not running.errors


@pytest.fixture
def say(server: Server) -> Say:
    """Return what sends a request as a Page without an app's secret, and returns status and error code or body."""

    def request(method: str, path: str, *, page: Page = PAGES[1], version: str = "v26.0", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {page.token}"}
        answer = requests.request(method, f"{server.url}/{version}{path}", headers=headers, timeout=10, **more)
        body = answer.json()
        return answer.status_code, body["error"]["code"] if "error" in body else body

    return request


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    """Return the bytes of a picture."""
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind)
    return out.getvalue()


def uploaded(say: Say, **more: Any) -> str:
    """Upload a photo; return its id."""
    status, body = say(
        "POST", f"/{more.get('page', PAGES[1]).id}/photos", data={"published": "false"}, files=_file(), **more
    )
    assert status == 200
    return str(body["id"])


def _file(data: bytes | None = None) -> dict[str, tuple[str, bytes, str]]:
    return {"source": ("a.jpg", data if data is not None else picture(), "image/jpeg")}


def attached(*photos: str, **more: str) -> dict[str, str]:
    """Return the form of a post with photos."""
    return {**{f"attached_media[{n}]": json.dumps({"media_fbid": one}) for n, one in enumerate(photos)}, **more}


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 100),
        ({"message": "x", "caption": "y"}, 100),
        ({"message": "x", "published": "0"}, 100),
        ({"message": "x", "link": "example.org"}, 1500),
        ({"message": "x" * 63_207}, 100),
        ({"message": "x", "access_token": "canary-page-2"}, 190),
        ({"message": "x", "attached_media[0]": "1"}, 100),
        ({"message": "x", "attached_media[0]": "{"}, 100),
        ({"message": "x", "attached_media[1]": '{"media_fbid": "1"}'}, 100),
        ({"message": "x", "attached_media[0]": '{"media_fbid": "1"}'}, 100),
    ],
)
def test_forms_are_closed(server: Server, say: Say, form: dict[str, str], code: int) -> None:
    """A post with a field too many, an odd value or nothing in it is refused."""
    assert say("POST", "/1002/feed", data=form) == (400, code)
    assert not server.posts


def test_only_forms_are_read(say: Say) -> None:
    """A body of another kind, or a field that stands twice, is refused."""
    assert say("POST", "/1002/feed", json={"message": "x"}) == (400, 100)
    assert say("POST", "/1002/feed", data=[("message", "x"), ("message", "y")]) == (400, 100)


@pytest.mark.parametrize("path", ["/me/feed", "/1001/feed", "/9999/feed"])
def test_a_page_speaks_for_itself_only(say: Say, path: str) -> None:
    """Another Page's edges aren't there for this token."""
    assert say("POST", path, data={"message": "x"}) == (400, 100)


def test_knows_one_version(say: Say) -> None:
    """Another version's paths are unknown."""
    assert say("GET", "/me", version="v25.0") == (400, 2500)
    assert say("GET", "/me/nothing") == (400, 2500)


def test_asks_for_the_proof(say: Say) -> None:
    """An app with a secret needs its proof with every request."""
    assert say("GET", "/me", page=PAGES[0]) == (400, 100)
    assert say("GET", "/me", page=PAGES[0], params={"appsecret_proof": PROOF}) == (200, {"id": "1001"})
    stranger = Page(id="1", name="x", token="canary-nobody")
    assert say("GET", "/me", page=stranger) == (400, 190)


@pytest.mark.parametrize(
    ("data", "code"), [(b"", 324), (b"x", 324), (picture("WEBP"), 324), (picture("BMP", (1300, 1100)), 100)]
)
def test_opens_photos(server: Server, say: Say, data: bytes, code: int) -> None:
    """A photo is opened: another format, no picture, or one over 4 MB is refused."""
    assert say("POST", "/1002/photos", data={"published": "false"}, files=_file(data)) == (400, code)
    assert not server.photos


def test_photos_must_be_unpublished(say: Say) -> None:
    """This server takes photos and films only unseen: the other way can't be repeated."""
    for edge in ("photos", "videos"):
        assert say("POST", f"/1002/{edge}", files=_file()) == (400, 100)
        assert say("POST", f"/1002/{edge}", data={"published": "false"}) == (400, 100)


def test_a_photo_goes_into_one_post(server: Server, say: Say, watch: Watch) -> None:
    """A photo is taken once, by its owner, while it is fresh."""
    photo = uploaded(say)
    assert say("POST", "/1002/feed", data=attached(photo, photo)) == (400, 100)
    assert say("POST", "/1001/feed", page=PAGES[0], data=attached(photo, appsecret_proof=PROOF)) == (400, 100)
    assert say("POST", "/1002/feed", data=attached(photo))[0] == 200
    assert say("POST", "/1002/feed", data=attached(photo)) == (400, 100)
    stale = uploaded(say)
    watch.at += timedelta(days=1, seconds=1)
    assert say("POST", "/1002/feed", data=attached(stale)) == (400, 100)
    assert len(server.posts) == 1


def test_a_photo_tells_its_story_once_it_is_out(say: Say) -> None:
    """Unseen, or in a post that is held back, a photo has no story."""
    photo = uploaded(say)
    look = {"fields": "page_story_id"}
    assert say("GET", f"/{photo}", params=look) == (200, {"id": photo})
    _, post = say("POST", "/1002/feed", data=attached(photo, published="false"))
    assert say("GET", f"/{photo}", params=look) == (200, {"id": photo})
    assert say("POST", f"/{post['id']}", data={"is_published": "true"}) == (200, {"success": True})
    assert say("GET", f"/{photo}", params=look) == (200, {"id": photo, "page_story_id": post["id"]})


def test_the_same_text_twice_is_a_duplicate(say: Say, watch: Watch) -> None:
    """The text of the post before is refused for a day; held back, and with another in between, it is taken."""
    assert say("POST", "/1002/feed", data={"message": "x"})[0] == 200
    assert say("POST", "/1002/feed", data={"message": "x"}) == (400, 506)
    assert say("POST", "/1002/feed", data={"message": "x", "published": "false"})[0] == 200
    assert say("POST", "/1002/feed", data={"message": "y"})[0] == 200
    assert say("POST", "/1002/feed", data={"message": "x"})[0] == 200
    watch.at += timedelta(days=1)
    assert say("POST", "/1002/feed", data={"message": "x"})[0] == 200


def test_what_is_out_stays_out(server: Server, say: Say) -> None:
    """A post that is out can't be held back again; a film can't be published before it is processed."""
    _, post = say("POST", "/1002/feed", data={"message": "x"})
    assert say("POST", f"/{post['id']}", data={"is_published": "false"}) == (400, 100)
    assert say("POST", f"/{post['id']}", data={"message": "y"}) == (400, 100)
    _, film = say("POST", "/1002/videos", data={"published": "false"}, files=_file())
    assert say("POST", f"/{film['id']}", data={"published": "true"}) == (400, 100)
    assert len(server.state()["posts"]) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_other_pages_objects_are_not_there(server: Server, say: Say, method: str) -> None:
    """What belongs to another Page can't be read, changed or deleted."""
    post = server.add(PAGES[0], "x")
    assert say(method, f"/{post.id}", **({"data": {"is_published": "true"}} if method == "POST" else {})) == (400, 100)
    assert server.posts == [post]


def test_lists(server: Server, say: Say) -> None:
    """The published posts come newest first, by pages; the feed is another thing."""
    ids = [server.add(PAGES[1], f"x{number}").id for number in range(5)]
    say("POST", "/1002/feed", data={"message": "unseen", "published": "false"})
    _, first = say("GET", "/1002/published_posts", params={"limit": "3"})
    assert [row["id"] for row in first["data"]] == ids[:1:-1]
    after = first["paging"]["cursors"]["after"]
    _, rest = say("GET", "/1002/published_posts", params={"limit": "3", "after": after, "fields": "message"})
    assert rest["data"] == [{"id": ids[1], "message": "x1"}, {"id": ids[0], "message": "x0"}]
    assert "next" not in rest["paging"]
    _, feed = say("GET", "/1002/feed")
    assert len(feed["data"]) == 3
    assert say("GET", "/1002/published_posts", params={"limit": "101"}) == (400, 100)
    assert say("GET", "/1002/published_posts", params={"fields": "likes"}) == (400, 100)
    assert say("GET", "/1002/published_posts", params={"since": "1"}) == (400, 100)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/1003/feed"), ("POST", "/1003/photos"), ("POST", "/1003_1"), ("DELETE", "/1003_1")]
)
def test_who_may_only_look_changes_nothing(server: Server, say: Say, method: str, path: str) -> None:
    """A token without the task CREATE_CONTENT reads, and no more."""
    server.add(PAGES[2], "x")
    assert say("GET", "/1003/published_posts", page=PAGES[2])[0] == 200
    assert say(method, path, page=PAGES[2], data={"message": "y"}) == (403, 200)
    assert len(server.posts) == 1


def test_too_many_calls(server: Server, say: Say) -> None:
    """At 100 % nothing is answered any more."""
    server.usage = 100
    assert say("GET", "/me") == (400, 80001)


def test_people_are_no_pages(server: Server) -> None:
    """A person's token lists their Pages and speaks for none of them."""
    proof = hmac.new(b"canary-secret", b"canary-long-1", hashlib.sha256).hexdigest()
    headers = {"Authorization": "Bearer canary-long-1"}
    answer = requests.get(
        f"{server.url}/v26.0/1001/published_posts", headers=headers, params={"appsecret_proof": proof}, timeout=10
    )
    assert answer.json()["error"]["code"] == 200


def test_each_account_gets_its_seat(server: Server) -> None:
    """Accounts of a rehearsal get Pages of their own, always the same."""
    one, other = server.seat("facebook-fr"), server.seat("facebook-en")
    assert one == server.seat("facebook-fr")
    assert one.secrets["PAGE_ID"] != other.secrets["PAGE_ID"]
    assert set(one.secrets) == {"PAGE_ID", "PAGE_TOKEN"}
