"""A stand-in for X's API v2, as strict as the real one where a post could go wrong.

In a test: `with Server() as server:`. For another process: `python -m scheduler.standins.x --port N --log FILE`
prints one JSON line with its address and can then be told to fail over `/_control/fail`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from scheduler.standins.faults import Answer, Fault
from scheduler.standins.loopback import Request, main
from scheduler.standins.x_answers import (
    DUPLICATE,
    PROBLEMS,
    REFUSALS,
    Refused,
    closed,
    closed_object,
    gone,
    invalid,
    not_yours,
    plain,
    problem,
    unseen,
)
from scheduler.standins.x_login import USERS
from scheduler.standins.x_media import Media
from scheduler.standins.x_posts import EXPANSIONS, FIELDS, OLD_NAMES, Picture, Post, User, normal, weight

__all__ = ["USERS", "Server", "User"]

# Calls in a quarter of an hour, for one user.
_LIMITS = {
    "POST /2/tweets": 100,
    "DELETE /2/tweets/:id": 50,
    "POST /2/media/upload": 500,
    "POST /2/media/metadata": 500,
    "GET /2/media/upload": 1000,
    "POST /2/media/upload/initialize": 1875,
    "POST /2/media/upload/:id/append": 1875,
    "POST /2/media/upload/:id/finalize": 1875,
}
_OPEN = {"POST /2/oauth2/token", "POST /oauth/request_token", "POST /oauth/access_token"}  # to those not let in yet


class Server(Media):
    """X for a handful of users. `posts` is what the public sees, `pictures` all that was uploaded."""

    endpoints: ClassVar[Mapping[str, str]] = {
        "POST /2/tweets": "create",
        "GET /2/tweets/:id": "look",
        "DELETE /2/tweets/:id": "remove",
        "GET /2/users/me": "me",
        "GET /2/users/:id/tweets": "timeline",
        "POST /2/media/upload": "upload",
        "GET /2/media/upload": "status",
        "POST /2/media/upload/initialize": "initialize",
        "POST /2/media/upload/:id/append": "append",
        "POST /2/media/upload/:id/finalize": "finalize",
        "POST /2/media/metadata": "describe",
        "POST /2/oauth2/token": "token",
        "POST /oauth/request_token": "request_token",
        "POST /oauth/access_token": "access_token",
    }
    refusals: ClassVar[Mapping[str, Fault]] = REFUSALS

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.posts: list[Post] = []
        self.hidden_looks = 0  # for that many looks the timeline doesn't show the newest post yet
        self.old_names = False  # speaks as X did before 2026-08-07
        self._calls: dict[tuple[str, str, int], int] = {}

    # ── for the tests ──

    def state(self) -> dict[str, Any]:
        """Return all posts that are out."""
        with self._lock:
            return {"posts": [post.plain() for post in self.posts]}

    def add(self, user: User, text: str, *, kind: str = "post", reply_to: str = "") -> Post:
        """Put out a post as a person would, by hand."""
        with self._lock:
            post = Post(self.new_id(), user, normal(text), [], kind, reply_to)
            self.posts.append(post)
            self.note("post", **post.plain())
            return post

    # ── every request ──

    def answer(self, request: Request) -> Answer:
        """Check who asks and how often, then do what is asked."""
        with self._lock:
            try:
                if request.endpoint in _OPEN:
                    return super().answer(request)
                self._speaking = self.speaker(request)
                headers = self._counted(request.endpoint, self._speaking)
                answer = super().answer(request)
            except Refused as refused:
                return refused.answer
            return Answer(answer.status, answer.body, {**headers, **answer.headers})

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
            raise Refused(plain(429, {"title": "Too Many Requests", "status": 429}, headers))
        return headers

    # ── posts ──

    def create(self, request: Request) -> Answer:
        """POST /2/tweets."""
        user = self.user()
        body = closed(request, {"text": str, "media": dict, "reply": dict})
        text = normal(body.get("text", ""))
        _check_text(text, 25_000 if user.premium else 280)
        pictures = self.shown(body.get("media"))
        above = self._answered(body.get("reply"), user)
        own = [post for post in self.posts if post.owner == user]
        if own and (own[-1].text, own[-1].media) == (text, pictures):
            return problem(403, "Forbidden", DUPLICATE)
        post = self._put_out(text, pictures, above)
        shown = post.shown(frozenset())
        return plain(201, {"data": {key: shown[key] for key in ("id", "text", "edit_history_post_ids")}})

    def _put_out(self, text: str, pictures: list[Picture], above: str) -> Post:
        for picture in pictures:
            picture.used = True
        kind = "reply" if above else "post"
        post = Post(self.new_id(), self.user(), text, pictures, kind, above)
        self.posts.append(post)
        self.note("post", **post.plain())
        return post

    def _answered(self, reply: object, user: User) -> str:
        """Return the id of the post that a new one answers, or refuse: only one's own may be answered by a program."""
        if reply is None:
            return ""
        wanted = closed_object(reply, {"in_reply_to_tweet_id": str}, "$.reply").get("in_reply_to_tweet_id", "")
        if not wanted.isdigit() or len(wanted) > 19:
            raise Refused(invalid("$.reply.in_reply_to_tweet_id: does not match the pattern ^[0-9]{1,19}$"))
        above = next((post for post in self.posts if post.id == wanted), None)
        if above is None:
            raise Refused(unseen())
        if above.owner != user:
            raise Refused(not_yours())
        return above.id

    def look(self, request: Request) -> Answer:
        """GET /2/tweets/:id: what isn't there comes as 200 with errors, as on X."""
        (wanted,) = request.args
        for post in self.posts:
            if post.id == wanted:
                return plain(200, {"data": self._as_asked(post, dict(request.query))})
        missing = {"title": "Not Found Error", "type": f"{PROBLEMS}/resource-not-found", "resource_id": wanted}
        return plain(200, {"errors": [missing]})

    def remove(self, request: Request) -> Answer:
        """DELETE /2/tweets/:id."""
        (wanted,) = request.args
        for post in self.posts:
            if post.id == wanted:
                if post.owner != self.user():
                    return problem(403, "Forbidden", "You are not authorized to delete this Tweet.")
                self.posts.remove(post)
                self.note("delete", id=wanted)
                return plain(200, {"data": {"deleted": True}})
        return gone("tweet")

    # ── users ──

    def me(self, _request: Request) -> Answer:
        """GET /2/users/me."""
        user = self.user()
        return plain(200, {"data": {"id": user.id, "name": user.username.title(), "username": user.username}})

    def timeline(self, request: Request) -> Answer:
        """GET /2/users/:id/tweets, newest first."""
        query = dict(request.query)
        known = {"since_id", "start_time", "max_results", "pagination_token", "exclude"}
        known |= {"tweet.fields"} if self.old_names else {"post.fields", "expansions"}
        if unknown := query.keys() - known:
            return invalid(f"The query parameter {sorted(unknown)} is not one of {sorted(known)}")
        size = int(query.get("max_results", "10"))
        if not 5 <= size <= 100:
            return invalid("max_results is not between 5 and 100")
        posts = self._listed(request.args[0], query)
        start = int(query.get("pagination_token", "t0")[1:])
        page = posts[start : start + size]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
        if start + size < len(posts):
            meta["next_token"] = f"t{start + size}"
        shown = [self._as_asked(post, query) for post in page]
        return plain(200, {"data": shown, "meta": meta} if shown else {"meta": meta})

    def _as_asked(self, post: Post, query: Mapping[str, str]) -> dict[str, Any]:
        """Return a post with the fields asked for, under the names that X has for them."""
        if not self.old_names:
            fields = _chosen(query, "post.fields", FIELDS) | _chosen(query, "expansions", EXPANSIONS)
            return post.shown(fields)
        back = {old: new for new, old in OLD_NAMES.items()}
        everything = frozenset(OLD_NAMES.get(name, name) for name in FIELDS | EXPANSIONS)
        shown = post.shown(frozenset(back.get(name, name) for name in _chosen(query, "tweet.fields", everything)))
        return {OLD_NAMES.get(name, name): value for name, value in shown.items()}

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


def _check_text(text: str, limit: int) -> None:
    if not text:
        raise Refused(invalid("$.text: must be at least 1 character long"))
    if weight(text) > limit:
        raise Refused(problem(400, "Invalid Request", "Your Tweet text is too long."))


def _chosen(query: Mapping[str, str], name: str, known: frozenset[str]) -> frozenset[str]:
    """Return the values of a parameter that lists some."""
    chosen = frozenset(query[name].split(",")) if name in query else frozenset()
    if not chosen <= known:
        raise Refused(invalid(f"{name}: {sorted(chosen - known)} unknown"))
    return chosen


if __name__ == "__main__":
    main(Server)
