"""The posts of one's own account on Mastodon: which of them is the one that we may have sent."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scheduler.errors import TryLater
from scheduler.model import Outgoing, Receipt
from scheduler.publishers import mastodon_text
from scheduler.publishers.mastodon_memory import Attempt

if TYPE_CHECKING:
    from scheduler.publishers.mastodon_wire import Wire

_PAGE, _PAGES = 40, 50  # posts a page, and pages: more than any account posts between staging and the last look
_SOURCES = 10  # posts whose text as written is asked for, where their HTML says something else

_LINK = re.compile(r"https?://([^/?#]*)(?:/(?:@|users/|p/)([^/?#]+)/)?", re.IGNORECASE)  # to a post: server and name

Post = Mapping[str, Any]


def is_id(value: object) -> bool:
    """Tell whether a value is an id: digits on Mastodon, letters too on others."""
    return isinstance(value, str) and re.fullmatch(r"[0-9A-Za-z_-]{1,64}", value) is not None


def strings(value: object) -> list[str]:
    """Return the texts in a list of staged values; nothing where it is no list."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def receipt(post: Post, now: datetime, server: str) -> Receipt | None:
    """Return the receipt of a post, None where what the server says is none; it tells whose it is, and where."""
    from scheduler.publishers.mastodon_wire import moment

    if not is_id(post.get("id")):
        return None
    url = post.get("url")
    shown = url if isinstance(url, str) and url.startswith(("https://", "http://")) else None
    owner = post.get("account")
    account_id = owner.get("id") if isinstance(owner, dict) else None
    ids = {"server": server, "account_id": account_id} if isinstance(account_id, str) else {"server": server}
    return Receipt(remote_id=post["id"], url=shown, published_at=moment(post.get("created_at")) or now, ids=ids)


def body(out: Outgoing, media: list[str], visibility: str) -> dict[str, object]:
    """Return what is posted."""
    made: dict[str, object] = {"status": out.text, "visibility": visibility, "language": out.language}
    if media:
        made["media_ids"] = media
    if out.warning:
        made |= {"spoiler_text": out.warning, "sensitive": True}
    if out.before:
        made["in_reply_to_id"] = out.before[-1].remote_id
    return made


def is_at(receipt: Receipt, server: str) -> bool:
    """Tell whether a post is on a server, as far as its receipt says."""
    if (known := receipt.ids.get("server")) is not None:
        return known == server
    found = _LINK.match(receipt.url or "")
    return found is None or found[1].lower() == server.partition("://")[2].partition("/")[0].lower()


def is_of(receipt: Receipt, account_id: str, name: str) -> bool:
    """Tell whether a post is an account's: by its receipt or, where a person gave its link, by the name in that."""
    if (known := receipt.ids.get("account_id")) is not None:
        return known == account_id
    found = _LINK.match(receipt.url or "")
    return found is not None and found[2] is not None and found[2].lower() == name.lower()


def newest(wire: "Wire", account_id: str) -> str:
    """Return the id of the account's newest post; "0", which comes before all, where it has none."""
    posts = _page(wire, account_id, {"limit": "1"})
    return str(posts[0]["id"]) if posts else "0"


def _page(wire: "Wire", account_id: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
    posts = wire.rows(f"/api/v1/accounts/{account_id}/statuses", {**params, "exclude_reblogs": "true"})
    if not all(is_id(post.get("id")) for post in posts):
        raise TryLater("Mastodon's list of posts is not in its own form")
    return posts


def _after(wire: "Wire", account_id: str, since_id: str, earliest: datetime) -> tuple[list[dict[str, Any]], bool]:
    """Return the posts after another or, where that isn't known, after a moment; oldest first, and whether all."""
    if not since_id:
        return _late(wire, account_id, earliest)
    posts: list[dict[str, Any]] = []
    for _ in range(_PAGES):
        page = _page(wire, account_id, {"limit": str(_PAGE), "min_id": since_id})
        if not page:
            return posts, True
        posts += page[::-1]
        since_id = page[0]["id"]
    return posts, False


def _late(wire: "Wire", account_id: str, earliest: datetime) -> tuple[list[dict[str, Any]], bool]:
    """Return the posts after a moment, from the newest back: oldest first, and whether all."""
    posts: list[dict[str, Any]] = []
    before: dict[str, str] = {}
    for _ in range(_PAGES):
        page = _page(wire, account_id, {"limit": str(_PAGE), **before})
        late = [post for post in page if _is_late(post, earliest)]
        posts += late
        if len(page) < _PAGE or len(late) < len(page):
            return posts[::-1], True
        before = {"max_id": page[-1]["id"]}
    return posts[::-1], False


def look(
    wire: "Wire", account_id: str, out: Outgoing, attempt: Attempt, *, earliest: datetime
) -> tuple[Post | None, bool]:
    """Return our post where it is out, and whether all posts were seen that could be it. Read-only."""
    posts, whole = _after(wire, account_id, attempt.since_id, earliest)
    near = [post for post in posts if _answers_the_same(post, out)]
    uploads = {one for ids in attempt.media for one in ids}
    if out.media and uploads:  # an upload can be in one post only: nothing tells them apart better
        return next((post for post in near if uploads & set(_media(post))), None), whole
    near = [post for post in near if _looks_alike(post, out) and _is_late(post, earliest)]
    wanted = mastodon_text.canonical(out.text)
    for post in near:
        if mastodon_text.canonical(mastodon_text.plain(str(post.get("content", "")))) == wanted:
            return post, whole
    return next((post for post in near[:_SOURCES] if _source(wire, post) == wanted), None), whole


def _media(post: Post) -> list[str]:
    return [str(one.get("id")) for one in post.get("media_attachments") or () if isinstance(one, dict)]


def _answers_the_same(post: Post, out: Outgoing) -> bool:
    return post.get("in_reply_to_id") == (out.before[-1].remote_id if out.before else None)


def _looks_alike(post: Post, out: Outgoing) -> bool:
    shown = [one.get("description") or "" for one in post.get("media_attachments") or () if isinstance(one, dict)]
    return shown == [medium.alt for medium in out.media] and not post.get("reblog")


def _is_late(post: Post, earliest: datetime) -> bool:
    """Tell whether a post is no older than that: the same words may stand in one from before our call."""
    from scheduler.publishers.mastodon_wire import moment

    return (moment(post.get("created_at")) or earliest) >= earliest


def _source(wire: "Wire", post: Post) -> str:
    """Return the text of a post as it was handed in: its HTML may not tell, on a server of another kind."""
    from scheduler.publishers.mastodon_wire import LOOKING

    answer = wire.ask("GET", f"/api/v1/statuses/{post['id']}/source", missing_ok=True, meaning=LOOKING)
    return mastodon_text.canonical(str(answer.body.get("text", "")))
