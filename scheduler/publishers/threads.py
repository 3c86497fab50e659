"""Threads: a profile, through Meta's Threads API.

Pictures and films are fetched by Threads from an address (`Shelf`). The container makes repeating harmless, see
`container_wire`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from scheduler.errors import PublishError, Rejected, TryLater
from scheduler.model import Account, Content, Finding, Medium, Outgoing, Receipt
from scheduler.publishers import base
from scheduler.publishers.container_login import Door, log_in_by_code
from scheduler.publishers.container_posts import Ways, checked_version
from scheduler.publishers.container_wire import Containers, receipts_named

if TYPE_CHECKING:
    from scheduler.publishers.meta_wire import Graph

_LINKS = 5  # distinct ones, since 2025-12-22
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"“”]+", re.IGNORECASE)
_WIDEST = 10.0
_SCOPES = "threads_basic,threads_content_publish,threads_delete,threads_manage_replies,threads_read_replies"
# Unicode's Extended_Pictographic, skin tones, flags and keycaps; blocks that hold little else are taken whole.
_PICTURES = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf\u23e9-\u23f3"
    "\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b07\u2b1b\u2b1c\u2b50"
    "\u2b55\u3030\u303d\u3297\u3299\ufe0f\u20e3\U0001f000-\U0001fbff\U000e0020-\U000e007f"
)
_EMOJI = re.compile(f"[{_PICTURES}]|(?<=[{_PICTURES}])\u200d")


class Publisher(Containers):
    """One profile on Threads."""

    platform = "threads"
    options = frozenset({"timeout", "version"})
    limits: ClassVar[base.Limits] = base.Limits(
        text=500,
        images=20,
        image_bytes=8_000_000,
        image_types=frozenset({"image/jpeg", "image/png"}),
        alt=1000,
        card=(1080, 1350),
        source="Meta's pages on Threads posts and publishing, of 2026-04-14",
        film=base.Film(bytes=1_000_000_000, seconds=300, width=1920, height=1920),
        threads=True,
        link_card=True,
        by_url=True,
    )
    secrets = ("ACCESS_TOKEN",)
    ways = Ways(
        create="/:user/threads",
        publish="/:user/threads_publish",
        posts="/:user/threads",
        answers="/:user/replies",
        quota="/:user/threads_publishing_limit",
        post_quota=("quota_usage", "config"),
        answer_quota=("reply_quota_usage", "reply_config"),
        text="text",
        state="status",
        why="error_message",
    )

    def __init__(self, account: Account, **kwargs: Any) -> None:
        """Options: `version` of the Threads API, `timeout` in seconds."""
        super().__init__(account, **kwargs)
        self._base_url = base.checked_url(account, "https://graph.threads.net")
        self._version = checked_version(account, "v1.0")

    # ── pure ──

    def measure(self, text: str) -> int:
        """Return the number of characters, where an emoji counts as many as it has bytes in UTF-8."""
        return len(text) + sum(len(sign.encode()) - 1 for sign in _EMOJI.findall(text))

    def problems(self, content: Content) -> list[Finding]:
        """Return what Threads would refuse (errors) or what is unwise there (warnings)."""
        found = self.length_problem(content.text)
        pictured = content.images or content.card or content.video
        if not content.text.strip() and not pictured:
            found.append(Finding(rule="text-empty", message="there is no text: write one"))
        links = _links(content.text) | ({content.link} if content.link and not pictured else set())
        if len(links) > _LINKS:
            message = f"{len(links)} different links, Threads takes {_LINKS}: leave some out"
            found.append(Finding(rule="too-many-links", message=message))
        return [*found, *self.media_problems(content)]

    # ── containers ──

    def _child(self, medium: Medium, url: str) -> dict[str, str]:
        return {"is_carousel_item": "true", **_medium(medium, url)}

    def _whole(self, out: Outgoing, urls: list[str], children: list[str]) -> dict[str, str]:
        fields = {"text": out.text} if out.text else {}
        if children:
            fields |= {"media_type": "CAROUSEL", "children": ",".join(children)}
        elif out.media:
            fields |= _medium(out.media[0], urls[0])
        else:
            fields |= {"media_type": "TEXT", **({"link_attachment": out.link} if out.link else {})}
        if out.warning and out.media:
            fields["is_spoiler_media"] = "true"
        if out.before:
            fields["reply_to_id"] = receipts_named(self, out).before[-1].remote_id
        return fields

    def _refusals(self, out: Outgoing) -> Iterator[str]:
        for medium in out.media:
            yield from self.medium_refusals(medium)
            ratio = medium.width / max(medium.height, 1)
            if medium.mime in self.limits.image_types and not 1 / _WIDEST <= ratio <= _WIDEST:
                yield f"{medium.path.name} is more than ten times as long on one side as on the other: crop it"

    def _broken(self, why: str) -> PublishError:
        words = f"Threads could not use it: {why or 'it does not say why'}"
        return Rejected(words) if why.startswith("INVALID_") else TryLater(words)

    # ── the account ──

    def _owns(self, post: Receipt) -> bool:
        return f"/@{self._user()}/" in (post.url or "")

    def _remove(self, post_id: str) -> tuple[bool, str]:
        used, total = self._quota("delete_quota_usage", "delete_config")
        if total and used >= total:
            raise self.quota_used_up(f"{used} of {total} deletions in 24 hours")
        return super()._remove(post_id)

    def verify(self) -> str:
        """Return the name that the token stands for, and for how long where that is known."""
        return f"@{self._user()}{self._keys.days_left()}"

    def _user(self) -> str:
        name = self._graph().ask("GET", "/me", params={"fields": "id,username"}).body.get("username")
        if not isinstance(name, str):
            raise TryLater("Threads did not say whose token this is")
        return name

    def _refreshed(self, token: str) -> Mapping[str, Any]:
        query = {"grant_type": "th_refresh_token"}
        return dict(self._open(token, versioned=False).ask("GET", "/refresh_access_token", params=query).body)

    def log_in(self, ask: base.Ask) -> dict[str, str]:
        """Lead through a login by the code that Threads gives."""
        door = Door(
            name="Threads",
            page="https://threads.net/oauth/authorize",
            scope=_SCOPES,
            grant="th_exchange_token",
            codes=self._base_url,
            tokens=self._base_url,
        )
        return log_in_by_code(door, ask, self._waits, self._clock)

    def _open(self, token: str, *, versioned: bool = True) -> "Graph":
        from scheduler.publishers.container_codes import ContainerGraph
        from scheduler.publishers.http_wire import Waits

        return ContainerGraph(
            cure=self._cure,
            name="Threads",
            base=f"{self._base_url}/{self._version}" if versioned else self._base_url,
            waits=Waits(*self._waits),
            token=token,
            clock=self._clock,
        )


def _medium(medium: Medium, url: str) -> dict[str, str]:
    film = medium.mime == "video/mp4"
    fields = {"media_type": "VIDEO", "video_url": url} if film else {"media_type": "IMAGE", "image_url": url}
    return {**fields, **({"alt_text": medium.alt} if medium.alt else {})}


def _links(text: str) -> set[str]:
    return {link.rstrip(".,;:!?)]}»'") for link in _LINK.findall(text)}
