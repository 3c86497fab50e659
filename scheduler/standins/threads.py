"""A stand-in for Threads, as strict as the real one where a post could go wrong.

In a test: `with Server() as server:`. For another process: `python -m scheduler.standins.threads --port N --log FILE`
prints one JSON line with its address and can then be told to fail over `/_control/fail`.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from twitter_text import extract_emojis_with_indices

from scheduler.standins import containers, graph, loopback
from scheduler.standins.containers import DAY, FOUND_NOT, File, Post
from scheduler.standins.containers_media import check_film, check_picture, fetch
from scheduler.standins.faults import Answer
from scheduler.standins.graph import Refused, User, error, form, reply
from scheduler.standins.loopback import Request, Seat

USERS = (
    User(id="26000000000000001", name="rights_fr", token="canary-th-1"),
    User(id="26000000000000002", name="rights_en", token="canary-th-2"),
)
_KEYS = {"media_type", "text", "image_url", "video_url", "alt_text", "is_carousel_item", "children", "reply_to_id"}
_KEYS |= {"link_attachment", "is_spoiler_media"}
_OF_KIND = {
    "TEXT": _KEYS - {"image_url", "video_url", "alt_text", "is_carousel_item", "children", "is_spoiler_media"},
    "IMAGE": _KEYS - {"video_url", "children", "link_attachment"},
    "VIDEO": _KEYS - {"image_url", "children", "link_attachment"},
    "CAROUSEL": _KEYS - {"image_url", "video_url", "alt_text", "is_carousel_item", "link_attachment"},
}


class Server(containers.Containers):
    """Threads for a handful of profiles."""

    version = "v1.0"
    endpoints: ClassVar[Mapping[str, str]] = {
        "GET /me": "me",
        "GET /refresh_access_token": "refresh",
        "GET /access_token": "lengthen",
        "POST /oauth/access_token": "exchange_code",
        "POST /me/threads": "create",
        "GET /me/threads": "threads",
        "GET /me/replies": "replies",
        "POST /me/threads_publish": "publish",
        "GET /me/threads_publishing_limit": "quota",
        "GET /:id": "look",
        "DELETE /:id": "remove",
    }
    use_case = "threads"
    too_many = 80006
    text_field = "text"
    state_field = "status"
    why_field = "error_message"
    grants = ("th_exchange_token", "th_refresh_token")

    def __init__(self, *, users: Iterable[User] = USERS, **kwargs: Any) -> None:
        super().__init__(users=users, **kwargs)
        self.totals = {"quota": 250, "reply_quota": 1000, "delete_quota": 100}
        self.deleted_at: list[tuple[str, float]] = []

    def seat(self, account: str, _options: Mapping[str, object] = MappingProxyType({})) -> Seat:
        """Give an account a profile of its own."""
        name = hashlib.sha256(account.encode()).hexdigest()
        user = User(id=f"26{int(name[:10], 16):015d}", name=account, token=f"canary-th-{name[:16]}")
        self.let_in(user)
        return Seat(base_url=self.url, secrets={"ACCESS_TOKEN": user.token})

    def me(self, request: Request) -> Answer:
        """GET /me."""
        user = self.authorize(request)
        facts = {"id": user.id, "username": user.name, "name": user.name.title()}
        return reply({key: facts[key] for key in graph.wanted(request, facts)})

    # ── publishing ──

    def create(self, request: Request) -> Answer:
        """POST /me/threads: a container, whose media are fetched at once."""
        user, fields = self.authorize(request), form(request).fields
        graph.closed(fields, _KEYS)
        kind = fields.get("media_type", "")
        if kind not in _OF_KIND:
            return error(400, 100, "(#100) media_type must be one of TEXT, IMAGE, VIDEO, CAROUSEL")
        graph.closed(fields, _OF_KIND[kind])
        for name in ("is_carousel_item", "is_spoiler_media"):
            containers.flag(fields, name)
        _check_words(kind, fields)
        if (parent := fields.get("reply_to_id")) is not None and parent not in {one.id for one in self.posts}:
            return FOUND_NOT
        if kind == "TEXT":
            return self.new_container(user, fields, [])
        if kind == "CAROUSEL":
            held = self.children(user, fields.get("children", ""), 20)
            return self.new_container(user, fields, [file for one in held for file in one.files])
        return self._with_file(user, fields, kind)

    def _with_file(self, user: User, fields: Mapping[str, str], kind: str) -> Answer:
        address = fields.get("image_url" if kind == "IMAGE" else "video_url", "")
        if kind == "IMAGE":
            data, broken = fetch(address, {"image/jpeg", "image/png"}), ""
            check_picture(data, ("JPEG", "PNG"), 8_000_000, (0.1, 10.0))
        else:
            data = fetch(address, {"video/mp4"})
            wrong = check_film(data, 1_000_000_000, 0.01, 300)
            broken = {"": "", "FORMAT": "FAILED_PROCESSING_VIDEO", "DURATION": "INVALID_DURATION"}[wrong]
        return self.new_container(user, fields, [File(data, fields.get("alt_text", ""))], broken)

    def publish(self, request: Request) -> Answer:
        """POST /me/threads_publish: what makes a post visible."""
        user = self.authorize(request)
        container = self.take_out(request, user)
        fields = container.fields
        parent = fields.get("reply_to_id")
        if self.used(user, answers=parent is not None) >= self.totals["reply_quota" if parent else "quota"]:
            return error(400, 9, "You have reached the limit of posts in 24 hours", 2207042)
        name = self.new_id()
        code = hashlib.sha256(name.encode()).hexdigest()[:11]
        url = f"https://www.threads.net/@{user.name}/post/{code}"
        more = {key: fields[key] for key in ("link_attachment", "is_spoiler_media") if key in fields}
        text = fields.get("text", "")
        post = Post(name, user.id, user.name, text, self.now(), url, container.files, parent, more)
        return self.put_out(container, post)

    def threads(self, request: Request) -> Answer:
        """GET /me/threads: the profile's posts, without its answers."""
        own = self._own(self.authorize(request))
        return self.listed(request, [post for post in own if post.reply_to is None])

    def replies(self, request: Request) -> Answer:
        """GET /me/replies: the profile's answers alone."""
        own = self._own(self.authorize(request))
        return self.listed(request, [post for post in own if post.reply_to is not None])

    def remove(self, request: Request) -> Answer:
        """DELETE /{id}: a hundred in 24 hours."""
        user = self.authorize(request)
        if self._deleted(user) >= self.totals["delete_quota"]:
            return error(400, 9, "You have reached the limit of deletions in 24 hours")
        answer = super().remove(request)
        if answer.status == 200:
            self.deleted_at.append((user.id, self.now()))
        return answer

    def _deleted(self, user: User) -> int:
        return sum(owner == user.id and at > self.now() - DAY for owner, at in self.deleted_at)

    def quota(self, request: Request) -> Answer:
        """GET /me/threads_publishing_limit."""
        user = self.authorize(request)
        usage = {"quota": self.used(user), "reply_quota": self.used(user, answers=True)}
        usage["delete_quota"] = self._deleted(user)
        row: dict[str, object] = {f"{name}_usage": used for name, used in usage.items()}
        for name, total in self.totals.items():
            row[name.replace("quota", "config")] = {"quota_total": total, "quota_duration": DAY}
        return reply({"data": [{key: row[key] for key in graph.wanted(request, row, "quota_usage")}]})


def _check_words(kind: str, fields: Mapping[str, str]) -> None:
    text, alt = fields.get("text", ""), fields.get("alt_text", "")
    if kind == "TEXT" and not text:
        raise Refused(error(400, 100, "(#100) The parameter text is required"))
    if length(text) > 500:
        raise Refused(error(400, 100, "Param text must be at most 500 characters long."))
    attached = [fields["link_attachment"]] if "link_attachment" in fields else []
    links = {link.rstrip(".,;:!?)") for link in re.findall(r"(?:https?://|www\.)\S+", text)}
    if len(links | set(attached)) > 5:
        raise Refused(error(400, 100, "THREADS_API__LINK_LIMIT_EXCEEDED"))
    if any(not link.startswith(("https://", "http://")) for link in attached):
        raise Refused(error(400, 100, "(#100) link_attachment must be a URL"))
    if len(alt) > 1000 or ("alt_text" in fields and not alt):
        raise Refused(error(400, 100, "(#100) alt_text must be 1 to 1000 characters long"))
    if text and fields.get("is_carousel_item") == "true":
        raise Refused(error(400, 100, "(#100) a child of a carousel has no text"))


def length(text: str) -> int:
    """Return the length of a text as Threads counts it: an emoji is as many as it has bytes in UTF-8."""
    return len(text) + sum(len(one["emoji"].encode()) - len(one["emoji"]) for one in extract_emojis_with_indices(text))


if __name__ == "__main__":
    loopback.main(Server)
