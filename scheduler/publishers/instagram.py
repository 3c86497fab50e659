"""Instagram: a professional account, through Meta's content publishing API.

Pictures and films are fetched by Instagram from an address (`Shelf`). The container makes repeating harmless, see
`container_wire`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from scheduler.errors import PublishError, Rejected, TryLater, UserError
from scheduler.model import Account, Content, Finding, Level, Medium, Outgoing, Receipt
from scheduler.publishers import base
from scheduler.publishers.container_login import Door, log_in_by_code, log_in_by_token
from scheduler.publishers.container_posts import Ways, checked_version, video_alt
from scheduler.publishers.container_wire import Containers

if TYPE_CHECKING:
    from scheduler.publishers.meta_wire import Graph

_HASHTAGS = 5  # announced by Instagram on 2025-12-18
_MENTIONS = 3
_RATIOS = (4 / 5, 1.91)
_ROUNDING = 0.01
_HASHTAG = re.compile(r"(?<![\w&/#])#(?=\w*[^\W\d_])\w+")
_MENTION = re.compile(r"(?<![\w.@/])@\w[\w.]*")
_HOSTS = {"facebook": "https://graph.facebook.com", "instagram": "https://graph.instagram.com"}
_SUBCODE = re.compile(r"\b220\d{4}\b")


class Publisher(Containers):
    """One account on Instagram."""

    platform = "instagram"
    options = frozenset({"timeout", "version", "login"})
    limits: ClassVar[base.Limits] = base.Limits(
        text=2200,
        images=10,
        image_bytes=8_000_000,
        image_types=frozenset({"image/jpeg"}),
        alt=1000,
        card=(1080, 1350),
        ratio=(_RATIOS[0] - _ROUNDING, _RATIOS[1] + _ROUNDING),
        source="Meta's pages on Instagram content publishing and IG User media, of 2026-06-30 and 2026-09-28",
        film=base.Film(bytes=300_000_000, seconds=900, width=1920, height=1920),
        by_url=True,
    )
    secrets = ("USER_ID", "ACCESS_TOKEN")
    optional_secrets = ("APP_SECRET",)
    ways = Ways(
        create="/:user/media",
        publish="/:user/media_publish",
        posts="/:user/media",
        answers="/:user/media",
        quota="/:user/content_publishing_limit",
        post_quota=("quota_usage", "config"),
        answer_quota=("quota_usage", "config"),
        text="caption",
        state="status_code",
        why="status",
    )

    def __init__(self, account: Account, **kwargs: Any) -> None:
        """Options: `login` (facebook or instagram), `version` of the Graph API, `timeout` in seconds."""
        super().__init__(account, **kwargs)
        self._login = _checked_login(account)
        self._base_url = base.checked_url(account, _HOSTS[self._login])
        self._version = checked_version(account, "v26.0")

    # ── pure ──

    def measure(self, text: str) -> int:
        """Return the number of characters."""
        return len(text)

    def problems(self, content: Content) -> list[Finding]:
        """Return what Instagram would refuse (errors) or what is unwise there (warnings)."""
        found = [*self.length_problem(content.text), *_tag_problems(content.text), *self.media_problems(content)]
        if not content.images and content.card is None and content.video is None:
            message = "Instagram takes no post without a picture: give it one, or `card: true`"
            found.append(Finding(rule="needs-picture", message=message, about="images"))
        return [*found, *video_alt(content, "Instagram")]

    # ── containers ──

    def _route(self, route: str) -> str:
        return route.replace(":user", self._secrets["USER_ID"])

    def _child(self, medium: Medium, url: str) -> dict[str, str]:
        return {"is_carousel_item": "true", **_picture(medium, url)}

    def _whole(self, out: Outgoing, urls: list[str], children: list[str]) -> dict[str, str]:
        if children:
            return {"media_type": "CAROUSEL", "children": ",".join(children), "caption": out.text}
        medium, url = out.media[0], urls[0]
        if medium.mime == "video/mp4":
            return {"media_type": "REELS", "video_url": url, "caption": out.text}
        return {**_picture(medium, url), "caption": out.text}

    def _refusals(self, out: Outgoing) -> Iterator[str]:
        if not out.media:
            yield "Instagram takes no post without a picture: give it one, or `card: true`"
        if not self._secrets["USER_ID"].isdigit():
            yield f"{self.account.keys}_USER_ID is the account's number, nothing else"
        for medium in out.media:
            yield from self.medium_refusals(medium)
            if medium.mime == "image/jpeg" and not _fits(medium):
                yield (
                    f"{medium.path.name} is {medium.width} by {medium.height}: Instagram takes pictures between 4:5 "
                    "(upright) and 1.91:1 (wide): crop it, or use a card"
                )

    def _broken(self, why: str) -> PublishError:
        from scheduler.publishers.container_codes import FINAL

        codes = {int(code) for code in _SUBCODE.findall(why)}
        words = f"Instagram could not use it: {why or 'it does not say why'}"
        return Rejected(words) if codes & FINAL else TryLater(words)

    # ── the account ──

    def _remove(self, post_id: str) -> tuple[bool, str]:
        if self._login == "instagram":
            return False, "with login: instagram nothing can be deleted by the API"
        return super()._remove(post_id)

    def _marks(self) -> dict[str, str]:
        return {"account": self._secrets["USER_ID"]}

    def _owns(self, post: Receipt) -> bool:
        return post.ids.get("account") == self._secrets["USER_ID"]

    def verify(self) -> str:
        """Return the name that the token stands for, and for how long where that is known."""
        answer = self._graph().ask("GET", self._route("/:user"), params={"fields": "username"})
        name = answer.body.get("username")
        if not isinstance(name, str):
            raise TryLater("Instagram did not say whose account this is")
        return f"@{name}{self._keys.days_left()}"

    def renew(self) -> datetime | None:
        """Renew the token of an Instagram login once a week; one of a Facebook login is only looked at, daily."""
        if self._login == "instagram":
            return super().renew()
        self.verify()
        return self._clock.now() + timedelta(days=1)

    def _refreshed(self, token: str) -> Mapping[str, Any]:
        query = {"grant_type": "ig_refresh_token"}
        return dict(self._open(token, versioned=False).ask("GET", "/refresh_access_token", params=query).body)

    def log_in(self, ask: base.Ask) -> dict[str, str]:
        """Lead through an Instagram login, or take the token of a Facebook login and find its account."""
        if self._login == "facebook":
            return log_in_by_token(ask, self._open)
        door = Door(
            name="Instagram",
            page="https://www.instagram.com/oauth/authorize",
            scope="instagram_business_basic,instagram_business_content_publish",
            grant="ig_exchange_token",
            codes=self.account.base_url or "https://api.instagram.com",
            tokens=self._base_url,
            me="user_id",
        )
        return log_in_by_code(door, ask, self._waits, self._clock)

    def _open(self, token: str, *, versioned: bool = True) -> "Graph":
        from scheduler.publishers.container_codes import ContainerGraph
        from scheduler.publishers.http_wire import Waits

        return ContainerGraph(
            cure=self._cure,
            name="Instagram",
            base=f"{self._base_url}/{self._version}" if versioned else self._base_url,
            waits=Waits(*self._waits),
            token=token,
            clock=self._clock,
            app_secret=self._secrets.get("APP_SECRET", ""),
        )


def _picture(medium: Medium, url: str) -> dict[str, str]:
    return {"image_url": url, **({"alt_text": medium.alt} if medium.alt else {})}


def _fits(medium: Medium) -> bool:
    ratio = medium.width / max(medium.height, 1)
    return _RATIOS[0] - _ROUNDING <= ratio <= _RATIOS[1] + _ROUNDING


def _tag_problems(text: str) -> list[Finding]:
    found = []
    tags, mentions = _HASHTAG.findall(text), _MENTION.findall(text)
    if len(tags) > _HASHTAGS:
        message = f"{len(tags)} hashtags, Instagram takes {_HASHTAGS}: keep the best"
        found.append(Finding(rule="too-many-hashtags", message=message))
    if len(mentions) > _MENTIONS:
        message = f"{len(mentions)} accounts are mentioned; Instagram may refuse more than {_MENTIONS}: keep the best"
        found.append(Finding(rule="many-mentions", message=message, level=Level.warning))
    return found


def _checked_login(account: Account) -> str:
    login = account.options.get("login", "facebook")
    if login not in _HOSTS:
        raise UserError(f"{account.name}: login is facebook or instagram, not {login!r}")
    return str(login)
