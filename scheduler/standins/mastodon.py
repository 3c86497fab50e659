"""A stand-in for a Mastodon server, as strict as the real one where a post could go wrong.

In a test: `with Server() as server:`. For another process: `python -m scheduler.standins.mastodon --port N --log FILE`
prints one JSON line with its address and can then be told to fail over `/_control/fail`. `--version 4.7.1` makes it
show the faults of that version.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, ClassVar

from scheduler.standins.faults import FAULTS, Answer, Fault, send
from scheduler.standins.loopback import LoopbackServer, Request, Seat, main
from scheduler.standins.mastodon_forms import (
    FILM_BYTES,
    IMAGE_BYTES,
    IMAGES,
    PIXELS,
    Refused,
    closed,
    error,
    kind,
    multipart,
    reply,
)
from scheduler.standins.mastodon_oauth import Desk
from scheduler.standins.mastodon_posts import Post, Upload, User, snowflake, weight

USERS = (User("1001", "rights_fr", "canary-token-fr-1"), User("1002", "rights_en", "canary-token-en-2"))
MEDIA_USED = "Media {} not found or already attached to another post"
NOT_READY = "Cannot attach files that have not finished processing. Try again in a moment!"
_KEY_LASTS = 3600
_SCOPES = {
    "POST /api/v1/statuses": "write:statuses",
    "DELETE /api/v1/statuses/:id": "write:statuses",
    "GET /api/v1/statuses/:id": "read:statuses",
    "GET /api/v1/statuses/:id/source": "read:statuses",
    "GET /api/v1/accounts/:id/statuses": "read:statuses",
    "GET /api/v1/accounts/verify_credentials": "read:accounts",
    "POST /api/v2/media": "write:media",
    "GET /api/v1/media/:id": "write:media",
    "GET /api/v1/apps/verify_credentials": "",
}


def _refusal(answer: Answer, *, commits: bool = False) -> Fault:
    return Fault(commits, lambda handler, _: send(handler, answer.wire()))


def _limited(reset: str) -> Fault:
    headers = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    return _refusal(error(429, "Too many requests", headers))


class Server(LoopbackServer):
    """A server for a handful of users. `posts` is what the public sees, `uploads` all that was uploaded."""

    endpoints: ClassVar[Mapping[str, str]] = {
        "POST /api/v1/statuses": "create",
        "GET /api/v1/statuses/:id": "show",
        "GET /api/v1/statuses/:id/source": "source",
        "DELETE /api/v1/statuses/:id": "remove",
        "GET /api/v1/accounts/verify_credentials": "me",
        "GET /api/v1/accounts/:id/statuses": "timeline",
        "POST /api/v2/media": "upload",
        "GET /api/v1/media/:id": "media",
        "GET /api/v2/instance": "instance",
        "GET /api/v1/apps/verify_credentials": "app",
        "POST /api/v1/apps": "register",
        "POST /oauth/token": "exchange",
    }
    refusals: ClassVar[Mapping[str, Fault]] = {
        "400": _refusal(error(400, "The request could not be understood")),
        "401": _refusal(error(401, "The access token is invalid")),
        "403_scope": _refusal(error(403, "This action is outside the authorized scopes")),
        "403_suspended": _refusal(error(403, "Your login is currently disabled")),
        "404": _refusal(error(404, "Record not found")),
        "422": _refusal(error(422, "Validation failed: Text is not what it should be")),
        "422_not_ready": _refusal(error(422, NOT_READY)),
        "422_media": _refusal(error(422, MEDIA_USED.format("7"))),
        "400_media_after_commit": _refusal(error(400, "media already attached to status: 7"), commits=True),
        "422_media_after_commit": _refusal(error(422, MEDIA_USED.format("7")), commits=True),
        "200_without_doing": _refusal(reply(200, {"id": "1", "text": ""})),
        "429_reset": _limited("2030-01-01T00:00:00.000000Z"),
        "429_integer_reset": _limited("1893456000"),  # the same moment, as GoToSocial writes it
        "429_absurd_reset": _limited("99999999999999999"),
        "429_garbled_reset": _limited("soon"),
        "html_413": FAULTS["html_403"]._replace(act=_refusal(Answer(413, b"<html>413 Too Large")).act),
    }

    def __init__(self, *, users: Iterable[User] = USERS, version: str = "4.7.2", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.users = {user.token: user for user in users}
        self.version = version
        self.limits = {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23}
        self.description_limit = 10_000 if self._since(4, 6) else 1500
        self.rates = {"": (300, 300), "POST /api/v2/media": (30, 1800), "DELETE /api/v1/statuses/:id": (30, 1800)}
        self.processing = 2.0  # seconds that a film takes to be converted
        self.media_lasts = 86_400
        self.drops = 0  # so many of the next posts are answered with yes and not kept
        self.keeps_keys = True  # False: a server that doesn't know of idempotency
        self.hidden_looks = 0  # for that many looks the list doesn't show the newest post yet
        self.posts: list[Post] = []
        self.uploads: dict[str, Upload] = {}
        self.desk = Desk()
        self._keys: dict[tuple[str, str], tuple[str, float]] = {}  # post and expiry, by user and key
        self._calls: dict[tuple[str, str, int], int] = {}
        self._last_id = 0

    def _since(self, *version: int) -> bool:
        numbers = [int(part) for part in self.version.split("+")[0].split("-")[0].split(".")]
        return tuple(numbers) >= version

    # ── for the tests ──

    def state(self) -> dict[str, Any]:
        """Return all posts that are out."""
        with self._lock:
            return {"posts": [post.plain() for post in self.posts]}

    def seat(self, account: str, _options: Mapping[str, object] = MappingProxyType({})) -> Seat:
        """Let an account take part: a user of that name, with a token of its own."""
        with self._lock:
            token = f"canary-token-{account}"
            self.users.setdefault(token, User(str(2000 + len(self.users)), account.replace("-", "_"), token))
            return Seat(base_url=self.url, secrets={"ACCESS_TOKEN": token})

    def add(self, user: User, text: str, **more: Any) -> Post:
        """Put out a post as a person would, by hand."""
        with self._lock:
            post = self._made(user, text, **more)
            self.posts.append(post)
            self.note("post", **post.plain())
            return post

    def _made(self, user: User, text: str, **more: Any) -> Post:
        post_id = self._id()
        return Post(id=post_id, owner=user, text=text, url=f"{self.url}/@{user.username}/{post_id}", **more)

    def revoke(self, user: User) -> None:
        """Make a user's token worthless."""
        del self.users[user.token]

    # ── every request ──

    def answer(self, request: Request) -> Answer:
        """Check the token, its scope and the rate, then do what is asked."""
        with self._lock:
            try:
                headers = self._counted(request.endpoint, self._checked(request))
                answer = super().answer(request)
            except Refused as refused:
                return refused.answer
            return Answer(answer.status, answer.body, {**headers, **answer.headers})

    def unknown(self, _request: Request) -> Answer:
        """Answer a path that the server does not have."""
        return error(404, "The page you are looking for isn't here.")

    def _checked(self, request: Request) -> str:
        """Return who asks: a user's id, or nobody's."""
        user = self.users.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        scope = _SCOPES.get(request.endpoint)
        if scope is None:
            return user.id if user else ""
        if user is None:
            raise Refused(error(401, "The access token is invalid"))
        if scope and not user.may(scope):
            raise Refused(error(403, "This action is outside the authorized scopes"))
        return user.id

    def _user(self, request: Request) -> User:
        return self.users[request.headers["Authorization"].removeprefix("Bearer ")]

    def _counted(self, endpoint: str, user: str) -> dict[str, str]:
        limit, seconds = self.rates.get(endpoint, self.rates[""])
        window = int(self.now()) // seconds
        key = (endpoint if endpoint in self.rates else "", user, window)
        self._calls[key] = self._calls.get(key, 0) + 1
        left = limit - self._calls[key]
        reset = (window + 1) * seconds
        is_gotosocial = "gotosocial" in self.version
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Reset": str(reset) if is_gotosocial else f"{datetime.fromtimestamp(reset, UTC):%FT%T.000000Z}",
        }
        if self.counts and left < 0:
            raise Refused(error(429, "Too many requests", headers))
        return headers

    def _id(self) -> str:
        made = snowflake(self.now(), self._last_id)
        self._last_id = int(made)
        return made

    # ── posts ──

    def create(self, request: Request) -> Answer:
        """POST /api/v1/statuses."""
        user, body = self._user(request), closed(request)
        reply_to = body.get("in_reply_to_id")
        if reply_to is not None and not any(post.id == reply_to for post in self.posts):
            return error(404, "The post you are trying to reply to does not appear to exist.")
        key = (user.id, request.headers.get("Idempotency-Key", ""))
        if replayed := self._replayed(key):
            return replayed
        media = self._attachable(body.get("media_ids", []), user)
        text, warning = body.get("status", ""), body.get("spoiler_text", "")
        if not text.strip() and not media:
            return error(422, "Validation failed: Text can't be blank")
        if weight(text, warning) > self.limits["max_characters"]:
            return error(422, f"Validation failed: Text character limit of {self.limits['max_characters']} exceeded")
        more = {name: body[name] for name in ("visibility", "language") if name in body}
        post = self._made(user, text, media=media, reply_to=reply_to, warning=warning, **more)
        if self.drops > 0:
            self.drops -= 1  # before the key is noted: the same call again would be dropped again
            return reply(200, post.shown(self.url, self.now()))
        for one in media:
            one.post = post.id
        self.posts.append(post)
        if key[1] and self.keeps_keys:
            self._keys[key] = post.id, self.now() + _KEY_LASTS
        self.note("post", **post.plain())
        return reply(200, post.shown(self.url, self.now()))

    def _replayed(self, key: tuple[str, str]) -> Answer | None:
        post_id, until = self._keys.get(key, ("", 0.0))
        if not key[1] or self.now() >= until:
            return None
        post = next((post for post in self.posts if post.id == post_id), None)
        if post is None:
            return error(404, "Record not found")
        if self._since(4, 6, 0) and not self._since(4, 7, 2):
            return error(500, "There was a problem serving this request")
        return reply(200, post.shown(self.url, self.now()))

    def _attachable(self, ids: list[Any], user: User) -> list[Upload]:
        if len(ids) > self.limits["max_media_attachments"]:
            raise Refused(error(422, f"Cannot attach more than {self.limits['max_media_attachments']} files"))
        own = [self.uploads[one] for one in ids if isinstance(one, str) and one in self.uploads]
        free = [one for one in own if one.owner == user.id and not one.post and self.now() < one.expires]
        missing = [str(one) for one in ids if one not in [upload.id for upload in free]]
        if missing and self._since(4, 3):  # an older server leaves them out, and posts the rest
            raise Refused(error(422, MEDIA_USED.format(", ".join(missing))))
        if len(free) > 1 and any(one.kind == "video" for one in free):
            raise Refused(error(422, "Cannot attach a video to a post that already contains images"))
        if any(self.now() < one.ready for one in free):
            raise Refused(error(422, NOT_READY))
        return free

    def _found(self, request: Request, *, own: bool = False) -> Post:
        user = self._user(request)
        for post in self.posts:
            seen = post.owner.id == user.id or (not own and post.visibility != "private")
            if post.id == request.args[0] and seen:
                return post
        raise Refused(error(404, "Record not found"))

    def show(self, request: Request) -> Answer:
        """GET /api/v1/statuses/:id."""
        return reply(200, self._found(request).shown(self.url, self.now()))

    def source(self, request: Request) -> Answer:
        """GET /api/v1/statuses/:id/source."""
        post = self._found(request, own=True)
        return reply(200, {"id": post.id, "text": post.text, "spoiler_text": post.warning})

    def remove(self, request: Request) -> Answer:
        """DELETE /api/v1/statuses/:id."""
        if dict(request.query).keys() - {"delete_media"}:
            return error(422, "an unknown parameter")
        post = self._found(request, own=True)
        self.posts.remove(post)
        self.note("delete", id=post.id)
        return reply(200, {**post.shown(self.url, self.now()), "text": post.text})

    # ── users ──

    def me(self, request: Request) -> Answer:
        """GET /api/v1/accounts/verify_credentials."""
        return reply(200, self._user(request).shown())

    def timeline(self, request: Request) -> Answer:
        """GET /api/v1/accounts/:id/statuses, newest first; with min_id those right after it, max_id those before."""
        query = dict(request.query)
        if query.keys() - {"limit", "max_id", "min_id", "exclude_reblogs"}:
            return error(422, "an unknown parameter")
        limit, after = min(int(query.get("limit", "20")), 40), int(query.get("min_id", "-1"))
        mine = self._user(request).id == request.args[0]
        posts = [post for post in self.posts if post.owner.id == request.args[0] and int(post.id) > after]
        if "max_id" in query:
            posts = [post for post in posts if int(post.id) < int(query["max_id"])]
        posts = [post for post in posts if mine or post.visibility != "private"]
        posts = [post for post in posts if not (post.is_boost and query.get("exclude_reblogs") == "true")]
        if self.hidden_looks > 0:
            self.hidden_looks -= 1
            posts = posts[:-1]
        page = posts[:limit] if "min_id" in query else posts[-limit:]
        return reply(200, [post.shown(self.url, self.now()) for post in page[::-1]])

    # ── media ──

    def upload(self, request: Request) -> Answer:
        """POST /api/v2/media: 200 for a picture, 202 for a film, which is converted first."""
        fields = multipart(request)
        if "file" not in fields or fields.keys() - {"file", "description"}:
            return error(422, "Validation failed: File can't be blank")
        alt, data = fields.get("description", b"").decode(), fields["file"]
        if len(alt) > self.description_limit:
            return error(422, f"Validation failed: Description character limit of {self.description_limit} exceeded")
        sort = kind(data)
        if len(data) > (FILM_BYTES if sort == "video" else IMAGE_BYTES):
            return error(422, "Validation failed: File is too big")
        now = self.now()
        ready = now + self.processing if sort == "video" else now
        made = Upload(self._id(), self._user(request).id, data, sort, alt, ready, now + self.media_lasts)
        self.uploads[made.id] = made
        return reply(200 if now >= ready else 202, made.shown(self.url, now))

    def media(self, request: Request) -> Answer:
        """GET /api/v1/media/:id: 206 while it is converted; 404 once it is attached or deleted."""
        upload, now = self.uploads.get(request.args[0]), self.now()
        if upload is None or upload.owner != self._user(request).id or upload.post or now >= upload.expires:
            return error(404, "Record not found")
        return reply(200 if now >= upload.ready else 206, upload.shown(self.url, now))

    # ── about the server, and tokens ──

    def instance(self, _request: Request) -> Answer:
        """GET /api/v2/instance."""
        media: dict[str, Any] = {"image_size_limit": IMAGE_BYTES, "image_matrix_limit": PIXELS}
        media |= {"video_size_limit": FILM_BYTES, "supported_mime_types": [*IMAGES.values(), "video/mp4"]}
        if self._since(4, 4):
            media["description_limit"] = self.description_limit
        about = {"statuses": self.limits, "media_attachments": media}
        return reply(200, {"domain": self.url.partition("://")[2], "version": self.version, "configuration": about})

    def app(self, request: Request) -> Answer:
        """GET /api/v1/apps/verify_credentials."""
        return reply(200, {"name": "Solidarity", "scopes": list(self._user(request).scopes)})

    def register(self, request: Request) -> Answer:
        """POST /api/v1/apps."""
        return self.desk.register(request.body)

    def exchange(self, request: Request) -> Answer:
        """POST /oauth/token."""
        answer, user = self.desk.exchange(request.body, self.now())
        if user:
            self.users[user.token] = user
        return answer


if __name__ == "__main__":
    main(Server, version={"default": "4.7.2"})
