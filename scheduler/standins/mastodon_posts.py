"""What a stand-in for Mastodon keeps, and how it shows it: snowflake ids, counted graphemes, text as HTML."""

import hashlib
import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import regex
from twitter_text import extract_urls_with_indices

MENTION = regex.compile(r"(?<![=/\w])@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)(?:@(\w+(?:[.-]+\w+)*))?", regex.IGNORECASE)
HASHTAG = regex.compile(r"(?<![=/\)\p{L}\p{N}_])#([\p{L}\p{M}\p{N}_]*[\p{L}\p{M}_][\p{L}\p{M}\p{N}_]*)")
_SHOWN = 30  # characters of a link, behind https://www.


@dataclass(frozen=True)
class User:
    """An account on the server and the token that acts for it."""

    id: str
    username: str
    token: str
    scopes: tuple[str, ...] = ("read", "write")

    def may(self, scope: str) -> bool:
        """Tell whether the token covers a scope, e.g. write:statuses."""
        return bool({scope, scope.partition(":")[0]} & set(self.scopes))

    def shown(self) -> dict[str, Any]:
        """Return the account as the API shows it."""
        return {"id": self.id, "username": self.username, "acct": self.username, "display_name": self.username}


@dataclass
class Upload:
    """An uploaded file: `ready` and `expires` in epoch seconds."""

    id: str
    owner: str
    data: bytes
    kind: str  # image or video
    alt: str
    ready: float
    expires: float
    post: str = ""  # that it is attached to

    def shown(self, url: str, now: float) -> dict[str, Any]:
        """Return it as the API shows it; while it is converted it has no address."""
        address = f"{url}/media/{self.id}" if now >= self.ready else None
        return {"id": self.id, "type": self.kind, "url": address, "preview_url": address, "description": self.alt}


@dataclass
class Post:
    """A post: `text` as it came in."""

    id: str
    owner: User
    text: str
    url: str
    media: list[Upload] = field(default_factory=list)
    reply_to: str | None = None
    warning: str = ""
    visibility: str = "public"
    language: str = "en"
    is_boost: bool = False

    @property
    def at(self) -> float:
        """When it was posted, in epoch seconds."""
        return (int(self.id) >> 16) / 1000

    def shown(self, url: str, now: float) -> dict[str, Any]:
        """Return it as the API shows it."""
        return {
            "id": self.id,
            "created_at": datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{_millis(self.at)}Z",
            "in_reply_to_id": self.reply_to,
            "in_reply_to_account_id": self.owner.id if self.reply_to else None,
            "sensitive": bool(self.warning),
            "spoiler_text": self.warning,
            "visibility": self.visibility,
            "language": self.language,
            "uri": f"{url}/users/{self.owner.username}/statuses/{self.id}",
            "url": self.url,
            "content": rendered(self.text, url),
            "reblog": {"id": "1"} if self.is_boost else None,
            "account": self.owner.shown(),
            "media_attachments": [one.shown(url, now) for one in self.media],
            "edited_at": None,
            "poll": None,
        }

    def plain(self) -> dict[str, Any]:
        """Return it as the tests want it: what the public would see, and when."""
        return {
            "id": self.id,
            "user": self.owner.username,
            "text": self.text,
            "media": [{"sha256": hashlib.sha256(one.data).hexdigest(), "alt": one.alt} for one in self.media],
            "at": self.at,
            "reply_to": self.reply_to,
            "warning": self.warning,
            "visibility": self.visibility,
            "language": self.language,
        }


def _millis(at: float) -> str:
    return f"{round(at * 1000) % 1000:03d}"


def snowflake(now: float, after: int) -> str:
    """Return an id for `now` that is greater than `after`."""
    return str(max(int(now * 1000) << 16, after + 1))


def weight(text: str, warning: str = "") -> int:
    """Return the length of a text with its warning, as Mastodon counts."""
    for found in reversed(_links(text)):
        start, end = found["indices"]
        text = text[:start] + "x" * 23 + text[end:]
    return len(regex.findall(r"\X", warning + MENTION.sub(r"@\1", text)))


def _links(text: str) -> list[dict[str, Any]]:
    return list(extract_urls_with_indices(text, extract_urls_without_protocol=False))


def rendered(text: str, url: str) -> str:
    """Return a text as Mastodon's HTML: links cut short to the eye, tags, mentions, paragraphs."""
    links = [(*found["indices"], _link(found["url"])) for found in _links(text)]
    names = [(*m.span(), _mention(m[1], m[2], url)) for m in MENTION.finditer(text)]
    tags = [(*m.span(), _hashtag(m[1], url)) for m in HASHTAG.finditer(text)]
    made, last = "", 0
    for start, end, shown in sorted([*links, *names, *tags]):
        if start >= last:
            made += html.escape(text[last:start]) + shown
            last = end
    made += html.escape(text[last:])
    blocks = re.split(r"\n\n+", made.replace("\r\n", "\n").strip("\n"))
    return "".join(f"<p>{block.replace(chr(10), '<br />')}</p>" for block in blocks)


def _link(url: str) -> str:
    prefix = re.match(r"https?://(?:www\.)?", url)
    skip = prefix.end() if prefix else 0
    shown, rest = url[skip : skip + _SHOWN], url[skip + _SHOWN :]
    spans = [("invisible", url[:skip]), ("ellipsis" if rest else "", shown), ("invisible", rest)]
    inside = "".join(f'<span class="{kind}">{html.escape(part)}</span>' for kind, part in spans)
    rel = "nofollow noopener noreferrer"
    return f'<a href="{html.escape(url)}" target="_blank" rel="{rel}" translate="no">{inside}</a>'


def _mention(name: str, server: str | None, url: str) -> str:
    home = f"https://{server}/@{name}" if server else f"{url}/@{name}"
    link = f'<a href="{html.escape(home)}" class="u-url mention">@<span>{html.escape(name)}</span></a>'
    return f'<span class="h-card" translate="no">{link}</span>'


def _hashtag(name: str, url: str) -> str:
    name = html.escape(name)
    return f'<a href="{url}/tags/{name}" class="mention hashtag" rel="tag">#<span>{name}</span></a>'
