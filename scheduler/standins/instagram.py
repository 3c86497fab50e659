"""A stand-in for Instagram's content publishing, as strict as the real one where a post could go wrong.

In a test: `with Server() as server:`. For another process: `python -m scheduler.standins.instagram --port N --log FILE`
prints one JSON line with its address and can then be told to fail over `/_control/fail`.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from scheduler.standins import containers, graph, loopback
from scheduler.standins.containers import DAY, File, Post
from scheduler.standins.containers_media import check_film, check_picture, fetch
from scheduler.standins.faults import Answer
from scheduler.standins.graph import Refused, User, error, form, no_object, reply
from scheduler.standins.loopback import Request, Seat


@dataclass(frozen=True, kw_only=True)
class Account(User):
    """A professional account; only a token of a Facebook login may delete."""

    login: str = "facebook"


USERS = (
    Account(id="17841400000000001", name="rights_fr", token="canary-ig-1", app_secret="canary-ig-secret"),
    Account(id="17841400000000002", name="rights_en", token="canary-ig-2"),
    Account(id="17841400000000003", name="rights_es", token="canary-ig-3", login="instagram"),
)
_KEYS = {"image_url", "video_url", "media_type", "caption", "is_carousel_item", "alt_text", "children"}
_CONTAINERS = 400  # in 24 hours
_FILM = {"FORMAT": "2207026", "DURATION": "2207026"}


class Server(containers.Containers):
    """Instagram for a handful of accounts."""

    endpoints: ClassVar[Mapping[str, str]] = {
        "GET /me": "me",
        "GET /refresh_access_token": "refresh",
        "GET /access_token": "lengthen",
        "POST /oauth/access_token": "exchange_code",
        "POST /:user/media": "create",
        "GET /:user/media": "media",
        "POST /:user/media_publish": "publish",
        "GET /:user/content_publishing_limit": "quota",
        "GET /:id": "look",
        "DELETE /:id": "remove",
    }
    use_case = "instagram"
    too_many = 80002
    text_field = "caption"
    state_field = "status_code"
    why_field = "status"
    grants = ("ig_exchange_token", "ig_refresh_token")

    def __init__(self, *, users: Iterable[User] = USERS, **kwargs: Any) -> None:
        super().__init__(users=users, **kwargs)
        self.quota_total = 100

    def seat(self, account: str, _options: Mapping[str, object] = MappingProxyType({})) -> Seat:
        """Give an account a professional account of its own."""
        name = hashlib.sha256(account.encode()).hexdigest()
        user = Account(id=f"17841{int(name[:10], 16):012d}", name=account, token=f"canary-ig-{name[:16]}")
        self.let_in(user)
        return Seat(base_url=self.url, secrets={"USER_ID": user.id, "ACCESS_TOKEN": user.token})

    # ── who asks ──

    def _user(self, request: Request) -> User:
        user = self.authorize(request)
        if request.args[0] != user.id:
            raise Refused(no_object(request.args[0], request.method.lower()))
        return user

    def me(self, request: Request) -> Answer:
        """GET /me: the account of an Instagram login, or the page of a Facebook login."""
        user = self.authorize(request)
        page = {"id": f"9{user.id}", "name": "A page", "instagram_business_account": {"id": user.id}}
        own = {"id": f"8{user.id}", "user_id": user.id, "username": user.name}
        facts = own if isinstance(user, Account) and user.login == "instagram" else page
        return reply({key: facts[key] for key in graph.wanted(request, facts)})

    def look(self, request: Request) -> Answer:
        """GET /{id}: the account itself, a container or a post."""
        user = self.authorize(request)
        if request.args[0] == user.id:
            facts = {"id": user.id, "username": user.name}
            return reply({key: facts[key] for key in ("id", *graph.wanted(request, facts))})
        return super().look(request)

    def refresh(self, request: Request) -> Answer:
        """GET /refresh_access_token: for tokens of an Instagram login alone."""
        user = self.authorize(request)
        if not isinstance(user, Account) or user.login != "instagram":
            return error(400, 190, "Invalid OAuth access token - Cannot parse access token")
        return super().refresh(request)

    def remove(self, request: Request) -> Answer:
        """DELETE /{id}: for tokens of a Facebook login alone."""
        user = self.authorize(request)
        if isinstance(user, Account) and user.login == "instagram":
            return no_object(request.args[0], "delete")
        return super().remove(request)

    # ── publishing ──

    def create(self, request: Request) -> Answer:
        """POST /{id}/media: a container, whose media are fetched at once."""
        user, fields = self._user(request), form(request).fields
        graph.closed(fields, _KEYS)
        containers.flag(fields, "is_carousel_item")
        made = [one for one in self.containers.values() if one.owner == user.id and one.made_at > self.now() - DAY]
        if len(made) >= _CONTAINERS:
            return error(400, 9, "You made too many containers in 24 hours", 2207042)
        _check_words(fields)
        kind = fields.get("media_type", "IMAGE")
        if kind == "CAROUSEL":
            graph.closed(fields, {"media_type", "children", "caption"})
            held = self.children(user, fields.get("children", ""), 10)
            return self.new_container(user, fields, [file for one in held for file in one.files])
        graph.closed(fields, _KEYS - {"children"})
        if (
            kind == "REELS"
            and not {"image_url", "alt_text", "is_carousel_item"} & set(fields)
            and "video_url" in fields
        ):
            data = fetch(fields["video_url"], {"video/mp4"})
            wrong = check_film(data, 300_000_000, 3, 900)
            broken = f"Error: Media upload has failed with error code {_FILM[wrong]}" if wrong else ""
            return self.new_container(user, fields, [File(data, "")], broken)
        if kind != "IMAGE" or "image_url" not in fields or "video_url" in fields:
            return error(400, 100, "(#100) the media_type and the address do not go together", 2207023)
        data = fetch(fields["image_url"], {"image/jpeg"})
        check_picture(data, ("JPEG",), 8_000_000, (0.795, 1.915))
        return self.new_container(user, fields, [File(data, fields.get("alt_text", ""))])

    def publish(self, request: Request) -> Answer:
        """POST /{id}/media_publish: what makes a post visible."""
        user = self._user(request)
        container = self.take_out(request, user)
        if self.used(user) >= self.quota_total:
            return error(400, 9, "You reached the maximum number of posts", 2207042)
        name = self.new_id()
        code, text = hashlib.sha256(name.encode()).hexdigest()[:11], container.fields.get("caption", "")
        url = f"https://www.instagram.com/p/{code}/"
        return self.put_out(container, Post(name, user.id, user.name, text, self.now(), url, container.files))

    def media(self, request: Request) -> Answer:
        """GET /{id}/media: the account's own posts."""
        return self.listed(request, self._own(self._user(request)))

    def quota(self, request: Request) -> Answer:
        """GET /{id}/content_publishing_limit."""
        user = self._user(request)
        row = {"quota_usage": self.used(user), "config": {"quota_total": self.quota_total, "quota_duration": DAY}}
        return reply({"data": [{key: row[key] for key in graph.wanted(request, row, "quota_usage")}]})


def _check_words(fields: Mapping[str, str]) -> None:
    caption, alt = fields.get("caption", ""), fields.get("alt_text", "")
    if len(caption) > 2200:
        raise Refused(error(400, 36004, "The caption was too long", 2207010))
    if len([tag for tag in re.findall(r"#(\w+)", caption) if not tag.isdigit()]) > 5:
        raise Refused(error(400, 100, "The caption has too many hashtags"))
    if len(alt) > 1000 or ("alt_text" in fields and not alt):
        raise Refused(error(400, 100, "(#100) alt_text must be 1 to 1000 characters long"))
    if caption and fields.get("is_carousel_item") == "true":
        raise Refused(error(400, 100, "(#100) a child of a carousel has no caption"))


if __name__ == "__main__":
    loopback.main(Server)
