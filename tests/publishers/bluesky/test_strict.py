"""The stand-in is as strict as the servers it stands in for: what it refuses, and what it counts."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from scheduler.standins import bluesky_cids
from scheduler.standins.bluesky import Server
from tests.publishers.bluesky.conftest import Ticking, going
from tests.publishers.harness_bluesky import XRPC, Harness

FACET = "app.bsky.richtext.facet"
KEY = "3kkk2222aaa2b"


class Client:
    """Asks the stand-in as any program might."""

    def __init__(self, server: Server) -> None:
        self.server, user = server, server.user("bluesky-fr")
        given = {"identifier": user.did, "password": user.app_password}
        self.did = user.did
        self.session = self.ask("POST", ".server.createSession", given, token="")

    def ask(self, method: str, name: str, body: object = None, *, token: str | None = None, **more: Any) -> Any:
        """Return an answer's JSON."""
        with requests.Session() as session:
            session.trust_env = False
            bearer = self.session["accessJwt"] if token is None else token
            headers = {"Authorization": f"Bearer {bearer}", **more.pop("headers", {})}
            where = f"{self.server.url}{XRPC}{name}"
            return session.request(method, where, json=body, headers=headers, timeout=30, **more).json()

    def put(self, *, key: str = KEY, whole: dict[str, Any] | None = None, **fields: Any) -> Any:
        """Return the answer to a record."""
        record = {"$type": "app.bsky.feed.post", "text": "É #a", "createdAt": "2027-03-01T12:00:00.000Z", **fields}
        record = {name: value for name, value in record.items() if value is not None}
        body = {"repo": self.did, "collection": "app.bsky.feed.post", "rkey": key, "record": record, **(whole or {})}
        return self.ask("POST", ".repo.putRecord", body)


@pytest.fixture
def client(server: Server) -> Client:
    """Return a client that is logged in."""
    return Client(server)


def _tag(start: int, end: int, tag: str = "a") -> list[dict[str, Any]]:
    index = {"byteStart": start, "byteEnd": end}
    return [{"index": index, "features": [{"$type": f"{FACET}#tag", "tag": tag}]}]


def _image(blob: object, **more: Any) -> dict[str, Any]:
    image = {"image": blob, "alt": "", "aspectRatio": {"width": 120, "height": 68}, **more}
    return {"$type": "app.bsky.embed.images", "images": [image]}


WRONG: dict[str, dict[str, Any]] = {
    "no text": {"text": None},
    "a text that is none": {"text": 7},
    "301 characters": {"text": "é" * 301},
    "3,001 bytes": {"text": "👨‍👩‍👧‍👦" * 120 + "x"},
    "another type": {"$type": "app.bsky.feed.like"},
    "an unknown key": {"txt": "x"},
    "a time without a zone": {"createdAt": "2027-03-01T12:00:00"},
    "a time that is none": {"createdAt": "soon"},
    "a language that is none": {"langs": ["français"]},
    "four languages": {"langs": ["fr", "en", "de", "es"]},
    "a facet past the end": {"facets": _tag(3, 6)},
    "a facet within a character": {"facets": _tag(1, 5)},
    "a facet of characters, not bytes": {"facets": _tag(2, 4)},
    "a facet of something else": {"facets": _tag(3, 5, "b")},
    "a facet twice": {"facets": _tag(3, 5) * 2},
    "a facet of an unknown kind": {"facets": [{"index": {"byteStart": 3, "byteEnd": 5}, "features": [{"$type": "x"}]}]},
    "a label nobody knows": {"labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "sad"}]}},
    "an answer to nothing": {"reply": {end: {"uri": f"at://x/y/{end}", "cid": "bafy"} for end in ("root", "parent")}},
    "an unknown embed": {"embed": {"$type": "app.bsky.embed.song"}},
    "a card without a title": {"embed": {"$type": "app.bsky.embed.external", "external": {"uri": "https://a.example"}}},
    "a picture that isn't there": {
        "embed": _image({"$type": "blob", "ref": {"$link": "bafkrei"}, "mimeType": "image/png", "size": 1})
    },
}


@pytest.mark.parametrize("why", WRONG)
def test_a_record_that_is_no_post_is_refused(client: Client, server: Server, why: str) -> None:
    """Each record that a server or a reader couldn't use is refused; without its fault it is taken."""
    answer = client.put(**WRONG[why])
    assert answer["error"] in {"InvalidRequest", "BlobNotFound"}
    assert not server.posts
    assert "uri" in client.put(facets=_tag(3, 5))


@pytest.mark.parametrize(
    "change",
    [
        lambda blob: _image({**blob, "size": blob["size"] + 1}),
        lambda blob: _image({**blob, "mimeType": "image/jpeg"}),
        lambda blob: _image(blob, aspectRatio={"width": 68, "height": 120}),
        lambda blob: {"$type": "app.bsky.embed.video", "video": blob},
    ],
)
def test_a_picture_must_be_what_the_record_says(network: Harness, client: Client, change: Callable[[Any], Any]) -> None:
    """Kind, size and ratio are the file's own, whatever the upload called it."""
    data = network.picture().path.read_bytes()
    blob = client.ask("POST", ".repo.uploadBlob", data=data, headers={"Content-Type": "image/gif"})["blob"]
    assert blob["mimeType"] == "image/png"
    assert client.put(embed=change(blob))["error"] in {"InvalidRequest", "InvalidMimeType", "InvalidSize"}
    assert "uri" in client.put(embed=_image(blob))


def test_swap_and_repetition_are_the_server_s(client: Client, server: Server) -> None:
    """The same record again is no commit; another one needs the hash of the first, or no condition at all."""
    first = client.put(whole={"swapRecord": None})
    assert client.put(whole={"swapRecord": None})["cid"] == first["cid"]
    assert server.commits == 1
    assert client.put(text="autre #a", whole={"swapRecord": None})["error"] == "InvalidSwap"
    second = client.put(text="autre", whole={"swapRecord": first["cid"]})
    assert second["cid"] != first["cid"]
    assert "commit" in client.put(text="encore")
    assert server.commits == 3
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("key", "whole", "error"),
    [
        ("post-1", {}, "InvalidRequest"),
        ("zkkk2222aaa2b", {}, "InvalidRequest"),
        (KEY, {"repo": "did:plc:other"}, "AuthenticationRequired"),
        (KEY, {"collection": "app.bsky.feed.like"}, "InvalidRequest"),
        (KEY, {"more": 1}, "InvalidRequest"),
        (KEY, {"record": []}, "InvalidRequest"),
    ],
)
def test_a_call_that_is_not_as_it_must_be(client: Client, key: str, whole: dict[str, Any], error: str) -> None:
    """Keys are TIDs, records one's own, and bodies closed."""
    assert client.put(key=key, whole=whole)["error"] == error


def test_tokens_are_for_one_use(client: Client, server: Server, clock: Ticking) -> None:
    """No token, an unknown one, another kind, an ended one: each is refused in its own words."""
    fresh = client.session
    said = [
        client.ask("GET", ".server.getSession", token=token).get("error") for token in ("", "x", fresh["refreshJwt"])
    ]
    assert said == ["AuthMissing", "InvalidToken", "InvalidToken"]
    renewed = client.ask("POST", ".server.refreshSession", token=fresh["refreshJwt"])
    again = client.ask("POST", ".server.refreshSession", token=fresh["refreshJwt"])
    assert renewed["refreshJwt"] == again["refreshJwt"] != fresh["refreshJwt"]
    clock.pass_by(hours=2, seconds=1)
    assert client.ask("GET", ".server.getSession")["error"] == "ExpiredToken"
    assert client.ask("POST", ".server.refreshSession", token=fresh["refreshJwt"])["error"] == "ExpiredToken"
    assert client.ask("POST", ".server.refreshSession", token=renewed["refreshJwt"])["did"] == client.did
    params = {"aud": server.did, "lxm": "com.atproto.repo.uploadBlob", "exp": str(clock.at.timestamp() + 4000)}
    client = Client(server)
    assert client.ask("GET", ".server.getServiceAuth", params=params)["error"] == "BadExpiration"


def test_points_run_out_and_come_back(client: Client, server: Server, clock: Ticking) -> None:
    """After 5,000 points in an hour the answer is 429 with the time of the next; then it goes on."""
    user = server.user("bluesky-fr")
    server.sessions._spent[user.did, "points"] = [(clock.at.timestamp(), 4_999)]
    assert client.put()["error"] == "RateLimitExceeded"
    clock.pass_by(hours=1)
    assert "uri" in client.put()


def test_files_over_the_limit_are_refused(client: Client) -> None:
    """No upload is larger than what a server takes."""
    answer = client.ask("POST", ".repo.uploadBlob", data=b"x" * 5_242_881, headers={"Content-Type": "image/png"})
    assert answer["error"] == "PayloadTooLarge"


def test_it_can_be_started_by_itself_and_told_to_fail(network: Harness, clock: Ticking) -> None:
    """Its state is JSON, it seats any account, always as the same user, and knows its own faults."""
    out = going(network, clock, "Vu", network.picture())
    publisher = network.publisher()
    publisher.publish(out, publisher.stage(out))
    state = json.loads(json.dumps(network.server.state()))
    assert set(state["posts"][0]) >= {"id", "user", "text", "media", "at", "reply_to"}
    assert network.server.seat("É fr!") == network.server.seat("É fr!")
    assert network.server.seat("bluesky-fr") != network.server.seat("bluesky-en")
    with pytest.raises(KeyError):
        network.server.fail("POST /nowhere", "400")


def test_what_nobody_can_ask_is_refused(client: Client, server: Server) -> None:
    """Methods, people, handles, records and films that aren't there, and bodies that must not be."""
    bad = {"identifier": "x.bsky.social", "password": "x"}
    record = {"repo": "did:plc:x", "collection": "app.bsky.feed.post", "rkey": KEY}
    refresh = client.session["refreshJwt"]
    film = "/xrpc/app.bsky.video.uploadVideo"
    said = [
        client.ask("GET", ".server.nothing"),
        client.ask("POST", ".server.createSession", bad),
        client.ask("POST", ".server.refreshSession", {}, token=refresh),
        client.ask("GET", ".identity.resolveHandle", params={"handle": "_"}),
        client.ask("GET", ".identity.resolveHandle", params={"name": "a.b"}),
        client.ask("GET", ".repo.getRecord", params=record),
        client.ask("POST", ".repo.deleteRecord", data=b"{}", headers={"Content-Type": "text/plain"}),
    ]
    assert [answer["error"] for answer in said] == [
        "XRPCNotSupported",
        "AuthenticationRequired",
        *["InvalidRequest"] * 5,
    ]
    until = str(int(server.now()) + 600)
    params = {"aud": server.did, "lxm": "com.atproto.repo.uploadBlob", "exp": until}
    token = client.ask("GET", ".server.getServiceAuth", params=params)["token"]
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "video/mp4"}
        for query in ({"did": "did:plc:x", "name": "a"}, {"did": client.did}):
            answer = session.post(f"{server.url}{film}", params=query, data=b"x", headers=headers, timeout=30).json()
            assert answer["error"] == "InvalidRequest"
        where = f"{server.url}/xrpc/app.bsky.video.getJobStatus"
        assert session.get(where, params={"jobId": "x"}, timeout=30).json()["error"] == "InvalidRequest"


def test_hashes_are_those_of_the_protocol() -> None:
    """Records are hashed as DAG-CBOR: keys by length, no fractions, links as links."""
    assert bluesky_cids.encoded({"bb": -1, "a": [True, None, False, 1000, 70_000, 2**40]}).hex() == (
        "a26161" + "86f5f6f41903e81a000111701b0000010000000000" + "62626220"
    )
    linked = bluesky_cids.encoded({"$link": bluesky_cids.of_bytes(b"")})
    assert linked.hex().startswith("d82a582500015512")
    for odd in (1.5, {"$link": "x"}, {"a": {1}}, 2**64):
        with pytest.raises(ValueError, match=r"no place|no CID|too large"):
            bluesky_cids.encoded(odd)


def test_another_process_can_ask_for_it(tmp_path: Path) -> None:
    """Started by itself it says where it is, seats accounts, and ends at a signal."""
    command = [sys.executable, "-m", "scheduler.standins.bluesky", "--log", str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, requests.Session() as session:
        session.trust_env = False
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"]
        seat = session.post(f"{url}/_control/seat", json={"account": "a"}, timeout=30).json()
        assert seat["base_url"] == seat["options"]["video_url"] == url
        assert set(seat["secrets"]) == {"IDENTIFIER", "APP_PASSWORD"}
        process.terminate()
        assert process.wait(30) == 0
