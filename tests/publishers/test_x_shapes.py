"""Every request to X has the shape of X's own description of its API, as X's SDK was generated from it.

The SDK's models allow keys that they don't know; here such a key is an error, at any depth. Ranges and patterns are
not in the models: those the stand-in checks.
"""

import base64
import inspect
import json
import typing
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from xdk import Client, schemas
from xdk.media.client import MediaClient
from xdk.users.client import UsersClient

from scheduler.clock import SimulatedClock
from scheduler.errors import Rejected
from scheduler.standins.x import USERS, Server
from tests.media import films
from tests.publishers.conftest import Make
from tests.publishers.harness_x import Harness
from tests.publishers.test_x_films import going, kept, staged
from tests.publishers.test_x_threads import thread

BODIES: Mapping[str, type[BaseModel]] = {
    "POST /2/tweets": schemas.CreatePostsRequest,
    "POST /2/media/upload": schemas.MediaUploadRequest,
    "POST /2/media/metadata": schemas.CreateMediaMetadataRequest,
    "POST /2/media/upload/initialize": schemas.InitializeMediaUploadRequest,
    "POST /2/media/upload/:id/append": schemas.AppendMediaUploadRequest,
}
QUERIES = {
    "GET /2/users/:id/tweets": UsersClient.get_posts,
    "GET /2/media/upload": MediaClient.get_upload_status,
}
WITHOUT = {
    "GET /2/users/me",
    "GET /2/tweets/:id",
    "DELETE /2/tweets/:id",
    "POST /2/media/upload/:id/finalize",
}


def unknown(model: object) -> list[str]:
    """Return the keys that a model doesn't define, at any depth."""
    if isinstance(model, list):
        return [key for one in model for key in unknown(one)]
    if not isinstance(model, BaseModel):
        return []
    inside = [key for name in type(model).model_fields for key in unknown(getattr(model, name))]
    return [*(model.model_extra or {}), *inside]


def check(kind: type[BaseModel], body: Mapping[str, Any]) -> None:
    """Check a body against X's model, its types strictly and its keys all known."""
    assert unknown(kind.model_validate(body, strict=True)) == []


def check_query(endpoint: str, query: Iterable[tuple[str, str]]) -> None:
    """Check a query against the parameters of X's SDK and the values that they may have."""
    known = inspect.signature(QUERIES[endpoint]).parameters if endpoint in QUERIES else {}
    for name, value in query:
        # The SDK's own modules don't import all the names in their annotations.
        wanted = eval(known[name.replace(".", "_")].annotation, {**vars(typing), "schemas": schemas})
        given = value.split(",") if "List" in str(wanted) else value
        TypeAdapter(wanted).validate_python(given)


@pytest.fixture
def all_of_it(x: Server, make: Make, tmp_path: Path) -> Server:
    """Return a server that has seen every kind of request a publisher makes."""
    clock = SimulatedClock(datetime(2027, 3, 1, 12, tzinfo=UTC))
    x.now = lambda: clock.now().timestamp()
    publisher, harness = make(clock=clock), Harness(tmp_path)
    film = going(kept(tmp_path / "film.mp4", films.film()), warning="Violence")
    publisher.publish(film, staged(lambda: publisher, film, clock))
    out = thread(tmp_path)
    receipt = publisher.publish(out, publisher.stage(out))
    second = out.following(receipt)
    last = publisher.publish(second, publisher.stage(second))
    publisher.find(second, publisher.stage(second), clock.now())
    publisher.find(harness.out("Jamais"), type(publisher.stage(second))(), clock.now())
    publisher.delete(last)
    return x


def test_every_request_has_the_shape_that_x_describes(all_of_it: Server) -> None:
    """Each body fits X's model, each query names parameters X has, and nothing is sent where X wants nothing."""
    seen = set()
    for request in all_of_it.requests:
        seen.add(request.endpoint)
        if request.endpoint in BODIES:
            check(BODIES[request.endpoint], json.loads(request.body))
        else:
            assert request.body == b""
        check_query(request.endpoint, request.query)
    assert seen == {*BODIES, *QUERIES, *WITHOUT}


@pytest.mark.parametrize(
    ("endpoint", "wrong"),
    [
        ("POST /2/tweets", {"text": 1}),
        ("POST /2/tweets", {"text": "x", "reply": {"in_reply_to": "1"}}),
        ("POST /2/tweets", {"text": "x", "media": {"media_ids": ["1"], "alt": "x"}}),
        ("POST /2/media/upload", {"media": "", "media_category": "photo"}),
        ("POST /2/media/upload", {"media": "", "media_category": "tweet_image", "media_type": "image/png"}),
        ("POST /2/media/upload/initialize", {"media_type": "video/avi"}),
        ("POST /2/media/upload/:id/append", {"media": "", "segment_index": "0"}),
        ("POST /2/media/metadata", {"metadata": {"alt_text": {"text": "x"}}}),
        ("POST /2/media/metadata", {"id": "1", "metadata": {"alt": {"text": "x"}}}),
    ],
)
def test_the_check_can_fail(make: Make, endpoint: str, wrong: Mapping[str, Any]) -> None:
    """A wrong type, value or key, at any depth, is found by X's models, and refused by the stand-in."""
    with pytest.raises((ValidationError, AssertionError)):
        check(BODIES[endpoint], wrong)
    begin = {"media_type": "video/mp4", "media_category": "tweet_video", "total_bytes": 5}
    begun = make()._wire().ask("POST", "/2/media/upload/initialize", body=begin)
    route = endpoint.partition(" ")[2].replace(":id", begun["data"]["id"])
    with pytest.raises(Rejected):
        make()._wire().ask("POST", route, body=wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [("tweet.fields", "text"), ("post.fields", "referenced_posts"), ("exclude", "reposts"), ("max_results", "many")],
)
def test_the_check_of_queries_can_fail(name: str, value: str) -> None:
    """A parameter or value that X doesn't have is found."""
    with pytest.raises((ValidationError, KeyError)):
        check_query("GET /2/users/:id/tweets", [(name, value)])


def test_x_s_own_sdk_gets_along_with_the_stand_in(x: Server, tmp_path: Path) -> None:
    """What X's SDK sends to upload a film and to post a thread is taken: the stand-in isn't cut to our publisher."""
    x.film_takes = 0.0
    x._access["canary-sdk"] = (USERS[0], x.now() + 60)
    client = Client(access_token="canary-sdk", base_url=x.url)
    film = kept(tmp_path / "film.mp4", films.film())
    begin = {"media_type": "video/mp4", "media_category": "tweet_video", "total_bytes": film.size}
    media_id = data(client.media.initialize_upload(body=schemas.InitializeMediaUploadRequest(**begin)))["id"]
    coded = base64.b64encode(film.path.read_bytes()).decode()
    client.media.append_upload(media_id, body=schemas.AppendMediaUploadRequest(media=coded, segment_index=0))
    client.media.finalize_upload(media_id)
    status = data(client.media.get_upload_status(media_id, command="STATUS"))
    assert status["processing_info"]["state"] == "succeeded"
    media = schemas.CreatePostsMedia(media_ids=[media_id])
    first = data(client.posts.create(body=schemas.CreatePostsRequest(text="Un", media=media)))
    reply = schemas.CreatePostsReply(in_reply_to_tweet_id=first["id"])
    client.posts.create(body=schemas.CreatePostsRequest(text="Deux", reply=reply))
    assert [post["reply_to"] for post in x.state()["posts"]] == [None, first["id"]]


def data(answer: BaseModel) -> dict[str, Any]:
    """Return what an answer of X's SDK holds."""
    return answer.model_dump()["data"]
