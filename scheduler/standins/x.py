"""A stand-in for X's API v2, as strict as the real one where a post could go wrong.

In a test: `with XServer() as server:`. For another process: `python -m scheduler.standins.x --port N --log FILE`
prints one JSON line with its address and can then be told to fail over `/_control/fail`.
"""

import argparse
import base64
import binascii
import hmac
import io
import json
import signal
from collections.abc import Iterable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from PIL import Image

from scheduler.standins import oauth1
from scheduler.standins.faults import FAULTS, Answer, Fault, send
from scheduler.standins.loopback import LoopbackServer, Request
from scheduler.standins.x_posts import FIELDS, Picture, Post, User, normal, snowflake, weight

USERS = (
    User("1001", "rights_fr", "canary-ak-1", "canary-as-1/+&", "1001-canary/at", "canary-ts-1%"),
    User("1002", "rights_en", "canary-ak-2", "canary-as-2", "1002-canary-at", "canary-ts-2", premium=True),
)
PROBLEMS = "https://api.twitter.com/2/problems"
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
BAD_MEDIA = "Your media IDs are invalid."
_LIMITS = {"POST /2/tweets": 100, "DELETE /2/tweets/:id": 50, "POST /2/media/upload": 500}
_TWEET_KEYS = {"text": str, "media": dict}
_KINDS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


def _json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), headers or {})


def _problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: object) -> Answer:
    return _json(status, {"title": title, "type": kind, "status": status, "detail": detail, **more})


def _invalid(message: str) -> Answer:
    detail = "One or more parameters to your request was invalid."
    return _problem(400, "Invalid Request", detail, f"{PROBLEMS}/invalid-request", errors=[{"message": message}])


class _Refused(Exception):  # noqa: N818
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _refusal(answer: Answer) -> Fault:
    return Fault(False, lambda handler, _: send(handler, answer.wire()))


def _echo(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    """Refuse and quote the request's signature, as a careless proxy might."""
    send(handler, _problem(400, "Invalid Request", f"unexpected {handler.headers['Authorization']}").wire())


def _name_key(handler: BaseHTTPRequestHandler, _answer: Answer) -> None:
    """Refuse and name the access token, as it is and as it stands in an address."""
    token = oauth1.parameters(handler.headers["Authorization"])["oauth_token"]
    send(handler, _problem(400, "Invalid Request", f"{token} ({quote(token, safe='')}) is unknown").wire())


def _limited(reset: str) -> Fault:
    headers = {"x-rate-limit-limit": "100", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
    return _refusal(Answer(429, b'{"title": "Too Many Requests", "status": 429}', headers))


class XServer(LoopbackServer):
    """X for a handful of users. `posts` is what the public sees, `pictures` all that was uploaded."""

    endpoints: ClassVar[Mapping[str, str]] = {
        "POST /2/tweets": "create",
        "GET /2/tweets/:id": "look",
        "DELETE /2/tweets/:id": "remove",
        "GET /2/users/me": "me",
        "GET /2/users/:id/tweets": "timeline",
        "POST /2/media/upload": "upload",
        "POST /2/media/metadata": "describe",
    }
    refusals: ClassVar[Mapping[str, Fault]] = {
        "400": _refusal(_invalid("the request is not what it should be")),
        "400_echo": Fault(False, _echo),
        "400_names_key": Fault(False, _name_key),
        "200_without_doing": _refusal(_json(200, {"data": {"deleted": True}})),
        "400_media": _refusal(_problem(400, "Invalid Request", BAD_MEDIA)),
        "401": _refusal(_problem(401, "Unauthorized", "Unauthorized")),
        "402": _refusal(_problem(402, "CreditsDepleted", "Your account has no credits.", f"{PROBLEMS}/credits")),
        "403_permission": _refusal(_problem(403, "Forbidden", "You are not permitted to perform this action.")),
        "403_client": _refusal(
            _problem(
                403, "Client Forbidden", "Not enrolled", f"{PROBLEMS}/client-forbidden", reason="client-not-enrolled"
            )
        ),
        "403_spend": _refusal(_problem(403, "SpendCapReached", "Spend cap reached", f"{PROBLEMS}/spend-cap")),
        "403_usage": _refusal(_problem(403, "UsageCapExceeded", "Usage cap exceeded", f"{PROBLEMS}/usage-capped")),
        "403_long": _refusal(_problem(403, "Forbidden", "Tweet needs to be a bit shorter.")),
        "403_duplicate": _refusal(_problem(403, "Forbidden", DUPLICATE)),
        "403_duplicate_after_commit": FAULTS["no_id"]._replace(act=_refusal(_problem(403, "Forbidden", DUPLICATE)).act),
        "404": _refusal(_problem(404, "Not Found Error", "Not there", f"{PROBLEMS}/resource-not-found")),
        "429_reset": _limited("1893456000"),  # 2030-01-01T00:00:00Z
        "429_absurd_reset": _limited("99999999999999999"),
        "429_garbled_reset": _limited("soon"),
        "429_usage": _refusal(_problem(429, "UsageCapExceeded", "Monthly cap", f"{PROBLEMS}/usage-capped")),
    }

    def __init__(self, *, users: Iterable[User] = USERS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.users = {user.access_token: user for user in users}
        self.posts: list[Post] = []
        self.pictures: dict[str, Picture] = {}
        self.hidden_looks = 0  # for that many looks the timeline doesn't show the newest post yet
        self.media_lasts = 86_400
        self._nonces: set[tuple[str, str, str]] = set()
        self._calls: dict[tuple[str, str, int], int] = {}
        self._last_id = 0

    # ── for the tests ──

    def state(self) -> dict[str, Any]:
        """Return all posts that are out."""
        with self._lock:
            return {"posts": [post.plain() for post in self.posts]}

    def add(self, user: User, text: str, *, kind: str = "post") -> Post:
        """Put out a post as a person would, by hand."""
        with self._lock:
            post = Post(self._id(), user, normal(text), [], kind)
            self.posts.append(post)
            self.note("post", **post.plain())
            return post

    def revoke(self, user: User) -> None:
        """Make a user's keys worthless."""
        del self.users[user.access_token]

    # ── every request ──

    def answer(self, request: Request) -> Answer:
        """Check the signature and the rate, then do what is asked."""
        with self._lock:
            try:
                user = self._signed_by(request)
                headers = self._counted(request.endpoint, user)
                answer = super().answer(request)
            except _Refused as refused:
                return refused.answer
            return Answer(answer.status, answer.body, {**headers, **answer.headers})

    def _signed_by(self, request: Request) -> User:
        given = oauth1.parameters(request.headers.get("Authorization", ""))
        user = self.users.get(given.get("oauth_token", ""))
        pairs = [*request.query, *((k, v) for k, v in given.items() if k not in {"oauth_signature", "realm"})]
        once = (given.get("oauth_token", ""), given.get("oauth_timestamp", ""), given.get("oauth_nonce", ""))
        fresh = once[1].isdigit() and abs(int(once[1]) - self.now()) <= oauth1.WINDOW and once not in self._nonces
        if user and fresh and given.get("oauth_consumer_key") == user.api_key:
            secrets = {"consumer_secret": user.api_secret, "token_secret": user.access_secret}
            right = oauth1.signature(request.method, request.url, pairs, **secrets)
            if hmac.compare_digest(right, given.get("oauth_signature", "")):
                self._nonces.add(once)
                return user
        raise _Refused(_problem(401, "Unauthorized", "Unauthorized"))

    def _counted(self, endpoint: str, user: User) -> dict[str, str]:
        window = int(self.now()) // 900
        key = (endpoint, user.id, window)
        self._calls[key] = self._calls.get(key, 0) + 1
        limit = _LIMITS.get(endpoint, 900)
        left = limit - self._calls[key]
        headers = {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(left, 0)),
            "x-rate-limit-reset": str((window + 1) * 900),
        }
        if left < 0:
            raise _Refused(_json(429, {"title": "Too Many Requests", "status": 429}, headers))
        return headers

    def _user(self, request: Request) -> User:
        return self.users[oauth1.parameters(request.headers["Authorization"])["oauth_token"]]

    def _id(self) -> str:
        made = snowflake(self.now(), self._last_id)
        self._last_id = int(made)
        return made

    # ── posts ──

    def create(self, request: Request) -> Answer:
        """POST /2/tweets."""
        user = self._user(request)
        body = _closed(request, _TWEET_KEYS)
        text = normal(body.get("text", ""))
        _check_text(text, 25_000 if user.premium else 280)
        pictures = self._pictures(body.get("media"), user)
        own = [post for post in self.posts if post.owner == user]
        if own and own[-1].text == text:
            return _problem(403, "Forbidden", DUPLICATE)
        for picture in pictures:
            picture.used = True
        post = Post(self._id(), user, text, pictures)
        self.posts.append(post)
        self.note("post", **post.plain())
        shown = post.shown(frozenset())
        return _json(201, {"data": {key: shown[key] for key in ("id", "text", "edit_history_tweet_ids")}})

    def _pictures(self, media: object, user: User) -> list[Picture]:
        if media is None:
            return []
        ids = media.get("media_ids") if isinstance(media, dict) and set(media) == {"media_ids"} else None
        if not isinstance(ids, list) or not 1 <= len(ids) <= 4 or len(set(ids)) != len(ids):
            raise _Refused(_invalid("$.media.media_ids: must hold between 1 and 4 different ids"))
        found = [self.pictures.get(media_id) for media_id in ids]
        good = [p for p in found if p and p.owner == user.id and not p.used and p.expires > self.now()]
        if len(good) != len(ids):
            raise _Refused(_problem(400, "Invalid Request", BAD_MEDIA))
        return good

    def look(self, request: Request) -> Answer:
        """GET /2/tweets/:id: what isn't there comes as 200 with errors, as on X."""
        (wanted,) = request.args
        for post in self.posts:
            if post.id == wanted:
                return _json(200, {"data": post.shown(_fields(dict(request.query)))})
        missing = {"title": "Not Found Error", "type": f"{PROBLEMS}/resource-not-found", "resource_id": wanted}
        return _json(200, {"errors": [missing]})

    def remove(self, request: Request) -> Answer:
        """DELETE /2/tweets/:id."""
        (wanted,) = request.args
        for post in self.posts:
            if post.id == wanted:
                if post.owner != self._user(request):
                    return _problem(403, "Forbidden", "You are not authorized to delete this Tweet.")
                self.posts.remove(post)
                self.note("delete", id=wanted)
                return _json(200, {"data": {"deleted": True}})
        return _problem(404, "Not Found Error", "Could not find tweet", f"{PROBLEMS}/resource-not-found")

    # ── users ──

    def me(self, request: Request) -> Answer:
        """GET /2/users/me."""
        user = self._user(request)
        return _json(200, {"data": {"id": user.id, "name": user.username.title(), "username": user.username}})

    def timeline(self, request: Request) -> Answer:
        """GET /2/users/:id/tweets, newest first."""
        query = dict(request.query)
        known = {"since_id", "start_time", "max_results", "pagination_token", "exclude", "tweet.fields"}
        if unknown := query.keys() - known:
            return _invalid(f"The query parameter {sorted(unknown)} is not one of {sorted(known)}")
        size = int(query.get("max_results", "10"))
        if not 5 <= size <= 100:
            return _invalid("max_results is not between 5 and 100")
        posts = self._listed(request.args[0], query)
        start = int(query.get("pagination_token", "t0")[1:])
        page = posts[start : start + size]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
        if start + size < len(posts):
            meta["next_token"] = f"t{start + size}"
        shown = [post.shown(_fields(query)) for post in page]
        return _json(200, {"data": shown, "meta": meta} if shown else {"meta": meta})

    def _listed(self, user_id: str, query: Mapping[str, str]) -> list[Post]:
        excluded = {
            {"retweets": "retweet", "replies": "reply"}[name] for name in query.get("exclude", "").split(",") if name
        }
        after = int(query.get("since_id", "0"))
        since = datetime.fromisoformat(query["start_time"]).timestamp() if "start_time" in query else 0
        posts = [post for post in self.posts if post.owner.id == user_id and post.kind not in excluded]
        if self.hidden_looks > 0:
            self.hidden_looks -= 1
            posts = posts[:-1]
        return [post for post in reversed(posts) if int(post.id) > after and post.at >= since]

    # ── media ──

    def upload(self, request: Request) -> Answer:
        """POST /2/media/upload, the whole picture as base64."""
        body = _closed(request, {"media": str, "media_category": str})
        if body.get("media_category") != "tweet_image":
            return _invalid("$.media_category: must be tweet_image")
        try:
            data = base64.b64decode(body.get("media", ""), validate=True)
        except binascii.Error:
            return _invalid("$.media: must be base64")
        if len(data) > 5_000_000:
            return _problem(413, "Payload Too Large", "The picture is larger than 5 MB")
        try:
            with Image.open(io.BytesIO(data), formats=tuple(_KINDS)) as image:
                image.load()
                kind, size = _KINDS[str(image.format)], image.size
        except (OSError, ValueError, SyntaxError):
            return _problem(400, "Invalid Request", "media type unrecognized.", f"{PROBLEMS}/invalid-request")
        picture = Picture(self._id(), self._user(request).id, data, kind, self.now() + self.media_lasts)
        self.pictures[picture.id] = picture
        facts = {"id": picture.id, "media_key": f"3_{picture.id}", "size": len(data)}
        more = {"expires_after_secs": self.media_lasts, "image": {"image_type": kind, "w": size[0], "h": size[1]}}
        return _json(200, {"data": {**facts, **more}})

    def describe(self, request: Request) -> Answer:
        """POST /2/media/metadata: the alt text of a picture."""
        body = _closed(request, {"id": str, "metadata": dict})
        picture = self.pictures.get(body.get("id", ""))
        alt = body.get("metadata", {}).get("alt_text", {})
        if set(body.get("metadata", {})) != {"alt_text"} or set(alt) != {"text"}:
            return _invalid("$.metadata: holds alt_text.text and nothing else")
        if picture is None or picture.owner != self._user(request).id:
            return _invalid("$.id: is not a picture of yours")
        if not 0 < len(alt["text"]) <= 1000:
            return _invalid("$.metadata.alt_text.text: must be 1 to 1000 characters long")
        picture.alt = alt["text"]
        return _json(200, {"data": {"id": picture.id, "associated_metadata": body["metadata"]}})


def _closed(request: Request, keys: Mapping[str, type]) -> dict[str, Any]:
    """Return a JSON body that has no other keys than these, of these types."""
    if request.headers.get("Content-Type") != "application/json":
        raise _Refused(_problem(415, "Unsupported Media Type", "must be application/json"))
    body = json.loads(request.body)
    for key, value in body.items():
        if key not in keys:
            said = f"$.{key}: is not defined in the schema and the schema does not allow additional properties"
            raise _Refused(_invalid(said))
        if not isinstance(value, keys[key]):
            raise _Refused(_invalid(f"$.{key}: {type(value).__name__} found"))
    return dict(body)


def _check_text(text: str, limit: int) -> None:
    if not text:
        raise _Refused(_invalid("$.text: must be at least 1 character long"))
    if weight(text) > limit:
        raise _Refused(_problem(400, "Invalid Request", "Your Tweet text is too long."))


def _fields(query: Mapping[str, str]) -> frozenset[str]:
    fields = frozenset(query.get("tweet.fields", "id").split(","))
    if not fields <= FIELDS:
        raise _Refused(_invalid(f"tweet.fields: {sorted(fields - FIELDS)} unknown"))
    return fields


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    given = parser.parse_args()
    with XServer(port=given.port, log=given.log) as server:
        print(json.dumps({"url": server.url}), flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
