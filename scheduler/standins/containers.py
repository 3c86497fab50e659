"""What the stand-ins for Instagram and Threads share: containers, tokens that run out, and what is out."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from scheduler.standins import graph
from scheduler.standins.faults import Answer, Fault
from scheduler.standins.graph import Refused, User, after_all, error, form, no_object, refusal, reply
from scheduler.standins.loopback import Request

DAY = 86_400
_TOKEN_DAYS = 60
ACTION_BLOCKED = error(400, 4, "Application request limit reached", 2207051, is_transient=False)
NOT_READY = error(400, 9007, "Media ID is not available", 2207027)
FOUND_NOT = error(400, 24, "The requested resource does not exist", 4279009)
FULL = error(400, 9, "You reached the maximum number of posts.", 2207042)
ALREADY = error(400, 100, "The media of this container has already been published")

REFUSALS: Mapping[str, Fault] = {
    **graph.REFUSALS,
    "2207051": refusal(ACTION_BLOCKED),
    "2207051_after_commit": after_all(ACTION_BLOCKED),
    "2207001": refusal(error(400, -1, "Instagram server error. Try again.", 2207001)),
    "2207001_after_commit": after_all(error(400, -1, "Instagram server error. Try again.", 2207001)),
    "2207003": refusal(error(400, -2, "It takes too long to download the media.", 2207003)),
    "2207008": refusal(error(400, 24, "The container has expired", 2207008)),
    "2207010": refusal(error(400, 100, "The caption is too long.", 2207010)),
    "2207027": refusal(NOT_READY),
    "2207032": refusal(error(400, -1, "Create media failed, please try again", 2207032)),
    "2207042": refusal(FULL),
    "2207042_until_2030": refusal(Answer(400, FULL.body, {"Retry-After": "Tue, 01 Jan 2030 00:00:00 GMT"})),
    "2207050": refusal(error(400, 25, "The account is restricted.", 2207050)),
    "2207053": refusal(error(400, -1, "Unknown upload error", 2207053)),
    "2207085": refusal(error(400, 100, "The media can't be deleted", 2207085)),
    "4279009": refusal(FOUND_NOT),
    "4279009_after_commit": after_all(FOUND_NOT),
    "already": refusal(ALREADY),
    "meta_100_after_commit": after_all(error(400, 100, "Invalid parameter")),
    "meta_190_after_commit": after_all(error(400, 190, "Invalid OAuth access token.")),
}


@dataclass(frozen=True)
class File:
    """What was fetched."""

    data: bytes
    alt: str

    def plain(self) -> dict[str, str]:
        """Return it as the tests want it."""
        return {"sha256": hashlib.sha256(self.data).hexdigest(), "alt": self.alt}


@dataclass
class Container:
    """A post to be, or one of its pictures."""

    id: str
    owner: str
    made_at: float
    fields: Mapping[str, str]
    files: list[File] = field(default_factory=list)
    working: int = 0  # that many looks it is still being worked on
    broken: str = ""  # what is said once that is over
    published: bool = False
    lags: int = 0  # that many looks it doesn't yet say that it is published

    @property
    def is_child(self) -> bool:
        """Whether it is one of several pictures."""
        return self.fields.get("is_carousel_item") == "true"

    def state(self, now: float, *, looked: bool = False) -> str:
        """Return where it stands; each look brings it forward."""
        if self.published and self.lags > 0:
            self.lags -= looked
            return "FINISHED"
        if self.published:
            return "PUBLISHED"
        if now >= self.made_at + DAY:
            return "EXPIRED"
        if self.working > 0:
            self.working -= looked
            return "IN_PROGRESS"
        return "ERROR" if self.broken else "FINISHED"


@dataclass
class Post:
    """What is out."""

    id: str
    owner: str
    user: str
    text: str
    at: float
    url: str
    media: list[File] = field(default_factory=list)
    reply_to: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Return it as the tests want it."""
        facts = {"id": self.id, "user": self.user, "text": self.text, "at": self.at, "reply_to": self.reply_to}
        return {**facts, "media": [one.plain() for one in self.media], "url": self.url, **self.more}


class Containers(graph.Graph):
    """A network whose posts are containers first. `posts` is what the public sees."""

    refusals: ClassVar[Mapping[str, Fault]] = REFUSALS
    open_to_all: ClassVar[frozenset[str]] = frozenset({"POST /oauth/access_token", "GET /access_token"})
    text_field: ClassVar[str]
    state_field: ClassVar[str]
    why_field: ClassVar[str]
    grants: ClassVar[tuple[str, str]]  # to lengthen a token, and to renew it
    app: ClassVar[tuple[str, str]] = ("5001", "canary-app-secret")

    def __init__(self, *, users: Iterable[User], **kwargs: Any) -> None:
        super().__init__(users=users, **kwargs)
        self.issued = {token: self.now() - 2 * DAY for token in self.users}
        self.codes: dict[str, User] = {}  # what a login in the browser gives
        self.short: dict[str, User] = {}
        self.posts: list[Post] = []
        self.containers: dict[str, Container] = {}
        self.published_at: list[tuple[str, float, bool]] = []  # owner, when, whether an answer: for the quotas
        self.working, self.working_film = 1, 3  # looks that a container is worked on
        self.lags = 0  # looks that a container still seems not to be published
        self.hidden_looks = 0  # looks at the list without the newest post
        self.forgets = False  # whether a container is gone once it is published

    # ── for the tests ──

    def state(self) -> dict[str, Any]:
        """Return what is out, and how many containers there are."""
        with self._lock:
            return {"posts": [post.plain() for post in self.posts], "containers": len(self.containers)}

    def add(self, user: User, text: str) -> Post:
        """Put out a post as a person would, by hand."""
        with self._lock:
            post = Post(self.new_id(), user.id, user.name, text, self.now(), "https://example.org/by-hand")
            self.posts.append(post)
            return post

    def let_in(self, user: User) -> None:
        """Let a user take part, with a token two days old."""
        with self._lock:
            self.users[user.token] = user
            self.issued[user.token] = self.now() - 2 * DAY

    # ── who asks ──

    def authorize(self, request: Request) -> User:
        """See Graph; a token is good for 60 days.

        Raises:
            Refused: it is over.
        """
        user = super().authorize(request)
        if self.now() >= self.issued[user.token] + _TOKEN_DAYS * DAY:
            raise Refused(error(400, 190, "Error validating access token: Session has expired", 463))
        return user

    def refresh(self, request: Request) -> Answer:
        """GET /refresh_access_token: a younger token; the old one stays good."""
        user, query = self.authorize(request), dict(request.query)
        graph.closed(query, {"grant_type"})
        if query.get("grant_type") != self.grants[1]:
            return error(400, 100, "Unsupported grant type")
        if self.now() < self.issued[user.token] + DAY:
            return error(400, 100, "The token must be at least 24 hours old")
        return self._token(replace(user, token=f"canary-renewed-{self.new_id()}"))

    def _token(self, user: User) -> Answer:
        self.users[user.token] = user
        self.issued[user.token] = self.now()
        return reply({"access_token": user.token, "token_type": "bearer", "expires_in": _TOKEN_DAYS * DAY})

    def exchange_code(self, request: Request) -> Answer:
        """POST /oauth/access_token: a token of one hour for a code, once."""
        fields = form(request).fields
        graph.closed(fields, {"client_id", "client_secret", "grant_type", "redirect_uri", "code"})
        if (fields.get("client_id"), fields.get("client_secret")) != self.app:
            return error(400, 101, "Error validating application. Invalid application ID or secret.")
        user = self.codes.pop(fields.get("code", ""), None)
        if user is None or fields.get("grant_type") != "authorization_code":
            return error(400, 100, "This authorization code has been used, or never was")
        self.short[f"canary-short-{user.id}"] = user
        return reply({"access_token": f"canary-short-{user.id}", "user_id": int(user.id)})

    def lengthen(self, request: Request) -> Answer:
        """GET /access_token: a token of 60 days for one of an hour."""
        query = dict(request.query)
        graph.closed(query, {"grant_type", "client_secret"})
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.short or query.get("client_secret") != self.app[1]:
            return error(400, 190, "Invalid OAuth access token.")
        if query.get("grant_type") != self.grants[0]:
            return error(400, 100, "Unsupported grant type")
        return self._token(replace(self.short[token], token=f"canary-long-{self.new_id()}"))

    # ── containers ──

    def new_container(self, user: User, fields: Mapping[str, str], files: list[File], broken: str = "") -> Answer:
        """Keep a container and return its id."""
        film = "video_url" in fields
        working = self.working_film if film else self.working if files else 0
        made = Container(self.new_id(), user.id, self.now(), fields, files, working, broken, lags=self.lags)
        self.containers[made.id] = made
        return reply({"id": made.id})

    def children(self, user: User, names: str, most: int) -> list[Container]:
        """Return the containers that another is to hold.

        Raises:
            Refused: they aren't between two and `most`, or one can't be used.
        """
        listed = names.split(",") if names else []
        found = [self.containers.get(name) for name in listed]
        good = [one for one in found if one and one.owner == user.id and one.is_child]
        if not 2 <= len(listed) <= most or len(set(listed)) != len(listed):
            raise Refused(error(400, 100, f"a carousel holds 2 to {most} different children", 2207028))
        if len(good) != len(listed) or any(one.state(self.now()) != "FINISHED" for one in good):
            raise Refused(error(400, 9007, "A child is not available", 2207027))
        return good

    def take_out(self, request: Request, user: User) -> Container:
        """Return the container that a request wants published.

        Raises:
            Refused: it isn't there, isn't ready, or is out already.
        """
        fields = form(request).fields
        graph.closed(fields, {"creation_id"})
        found = self.containers.get(fields.get("creation_id", ""))
        if found is None or found.owner != user.id or found.is_child:
            raise Refused(FOUND_NOT)
        state = found.state(self.now())
        if found.published:
            raise Refused(ALREADY)
        if state != "FINISHED":
            raise Refused(NOT_READY if state == "IN_PROGRESS" else error(400, 24, f"The container: {state}", 2207008))
        return found

    def put_out(self, container: Container, post: Post) -> Answer:
        """Make a post of a container."""
        container.published = True
        self.posts.append(post)
        self.published_at.append((post.owner, self.now(), post.reply_to is not None))
        self.note("post", **post.plain())
        if self.forgets:
            del self.containers[container.id]
        return reply({"id": post.id})

    def used(self, user: User, *, answers: bool = False) -> int:
        """Return how much of a quota is used up."""
        return sum(
            owner == user.id and answer == answers and at > self.now() - DAY for owner, at, answer in self.published_at
        )

    # ── objects ──

    def look(self, request: Request) -> Answer:
        """GET /{id}: a container or a post of one's own."""
        user, (name,) = self.authorize(request), request.args
        container = self.containers.get(name)
        if container and container.owner == user.id:
            fields = graph.wanted(request, {"id", self.state_field, self.why_field})
            state = container.state(self.now(), looked=True)
            facts = {"id": name, self.state_field: state}
            if state == "ERROR":
                facts[self.why_field] = container.broken
            return reply({key: facts[key] for key in ("id", *fields) if key in facts})
        for post in self._own(user):
            if post.id == name:
                return reply(self._shown(post, graph.wanted(request, self._fields)))
        return no_object(name)

    def remove(self, request: Request) -> Answer:
        """DELETE /{id}."""
        user, (name,) = self.authorize(request), request.args
        for post in self._own(user):
            if post.id == name:
                self.posts.remove(post)
                self.note("delete", id=name)
                return reply({"success": True})
        return no_object(name, "delete")

    def listed(self, request: Request, posts: list[Post]) -> Answer:
        """Return a page of posts, newest first."""
        query = dict(request.query)
        graph.closed(query, {"fields", "limit", "after"})
        size, start = int(query.get("limit", "25")), int(query.get("after", "0"))
        if not 1 <= size <= 100:
            return error(400, 100, "(#100) limit is at most 100")
        fields = graph.wanted(request, self._fields)
        if self.hidden_looks > 0:
            self.hidden_looks -= 1
            posts = posts[:-1]
        newest = posts[::-1]
        rows = [self._shown(post, fields) for post in newest[start : start + size]]
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + size)}}
        if start + size < len(newest):
            paging["next"] = f"{self.url}/…"
        return reply({"data": rows, "paging": paging} if rows else {"data": []})

    @property
    def _fields(self) -> Collection[str]:
        return {"id", self.text_field, "timestamp", "permalink", "media_type", "username"}

    def _own(self, user: User) -> list[Post]:
        return [post for post in self.posts if post.owner == user.id]

    def _shown(self, post: Post, fields: Iterable[str]) -> dict[str, Any]:
        at = datetime.fromtimestamp(post.at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        facts = {"id": post.id, "timestamp": at, "permalink": post.url, "username": post.user}
        if post.text:
            facts[self.text_field] = post.text
        return {key: facts[key] for key in ("id", *fields) if key in facts}


def flag(fields: Mapping[str, str], name: str) -> None:
    """Let a yes or no be one.

    Raises:
        Refused: it is something else.
    """
    if fields.get(name, "true") not in {"true", "false"}:
        raise Refused(error(400, 100, f"(#100) {name} must be a boolean"))
