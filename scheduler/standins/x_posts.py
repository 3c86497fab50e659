"""What a stand-in for X keeps, and how it shows it: snowflake ids, t.co links, escaped text."""

import functools
import hashlib
import html
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from twitter_text import extract_urls_with_indices, parse_tweet

EPOCH = 1_288_834_974_657
FIELDS = frozenset({"attachments", "created_at", "entities", "id", "lang", "note_post", "text"})
EXPANSIONS = frozenset({"author_id", "edit_history_post_ids", "referenced_posts"})
OLD_NAMES = {
    "edit_history_post_ids": "edit_history_tweet_ids",
    "note_post": "note_tweet",
    "referenced_posts": "referenced_tweets",
}
"""What X's description called them until 2026-08-07."""


@dataclass(frozen=True)
class User:
    """An account on X and the keys that act for it."""

    id: str
    username: str
    api_key: str
    api_secret: str
    access_token: str
    access_secret: str
    premium: bool = False

    @property
    def secrets(self) -> dict[str, str]:
        """The four secrets by the names the publisher gives them."""
        names = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_SECRET")
        return dict(zip(names, (self.api_key, self.api_secret, self.access_token, self.access_secret), strict=True))


@dataclass
class Picture:
    """An uploaded picture or film."""

    id: str
    owner: str
    sha256: str
    kind: str
    expires: float
    alt: str = ""
    used: bool = False
    warned: bool = False  # X puts a warning over it
    is_film: bool = False
    ready_at: float = 0.0  # until then X works on it
    failed: str = ""  # why X can't use it

    @property
    def key(self) -> str:
        """How posts name it: what kind it is, and its id."""
        return f"{13 if self.is_film else 3}_{self.id}"


@dataclass
class Post:
    """A post: `text` as it came in, normalised; `kind` is post, reply or retweet; `reply_to` what it answers."""

    id: str
    owner: User
    text: str
    media: list[Picture] = field(default_factory=list)
    kind: str = "post"
    reply_to: str = ""

    @property
    def at(self) -> float:
        """When it was posted, in epoch seconds."""
        return ((int(self.id) >> 22) + EPOCH) / 1000

    @property
    def url(self) -> str:
        """Its public address."""
        return f"https://x.com/{self.owner.username}/status/{self.id}"

    def shown(self, fields: frozenset[str]) -> dict[str, Any]:
        """Return it as the API shows it, with the fields asked for."""
        text, links = _with_short_links(self.text)
        long = weight(self.text) > 280
        if long:
            text, kept = self.text[:270] + "…", links
        if self.media:
            short = _short(self.url)
            text += f" {short}"
            links = [*links, *(_shown_medium(short, self.url, medium) for medium in self.media)]
        everything = {
            "attachments": {"media_keys": [medium.key for medium in self.media]} if self.media else None,
            "created_at": datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "entities": {"urls": links} if links else None,
            "note_post": {
                "text": html.escape(_with_short_links(self.text)[0], quote=False),
                "entities": {"urls": kept},
            }
            if long
            else None,
            "referenced_posts": {
                "post": None,
                "reply": [{"type": "replied_to", "id": self.reply_to or "1"}],
                "retweet": [{"type": "retweeted", "id": "1"}],
            }[self.kind],
            "author_id": self.owner.id,
            "lang": "en",
        }
        asked = {name: value for name, value in everything.items() if name in fields and value is not None}
        return {"id": self.id, "text": html.escape(text, quote=False), "edit_history_post_ids": [self.id], **asked}

    def plain(self) -> dict[str, Any]:
        """Return it as the tests want it: what the public would see, and when."""
        media = [{"sha256": medium.sha256, "alt": medium.alt, "warned": medium.warned} for medium in self.media]
        facts = {"id": self.id, "user": self.owner.username, "text": self.text, "at": self.at, "media": media}
        return {**facts, "reply_to": self.reply_to or None, "url": self.url}


@functools.lru_cache(maxsize=4096)  # whoever looks for a post is shown those before it, each with its length
def weight(text: str) -> int:
    """Return the weighted length of a text."""
    return int(parse_tweet(text).weightedLength)


def normal(text: str) -> str:
    """Return a text as X keeps it."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def snowflake(now: float, after: int) -> str:
    """Return an id for `now` that is greater than `after`."""
    return str(max((int(now * 1000) - EPOCH) << 22, after + 1))


def _with_short_links(text: str) -> tuple[str, list[dict[str, Any]]]:
    links = []
    for found in reversed(extract_urls_with_indices(text)):
        start, end = found["indices"]
        written = found["url"] if "://" in found["url"] else f"http://{found['url']}"
        short = _short(f"{written} {start}")
        links.append(_link(short, written))
        text = text[:start] + short + text[end:]
    return text, links[::-1]


def _short(url: str) -> str:
    return f"https://t.co/{hashlib.sha256(url.encode()).hexdigest()[:10]}"


def _link(short: str, written: str) -> dict[str, Any]:
    return {"url": short, "expanded_url": written, "display_url": written.partition("://")[2], "start": 0, "end": 0}


def _shown_medium(short: str, url: str, medium: Picture) -> dict[str, Any]:
    kind = "video" if medium.is_film else "photo"
    return {**_link(short, f"{url}/{kind}/1"), "media_key": medium.key}
