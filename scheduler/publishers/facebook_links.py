"""The links that people copy from Facebook, and what the API calls the post behind each."""

import re
from urllib.parse import parse_qs, urlsplit

from scheduler.errors import UserError

_HOSTS = frozenset({"facebook.com", "www.facebook.com", "m.facebook.com", "web.facebook.com", "mbasic.facebook.com"})
_NODE = re.compile(r"[0-9]{1,25}(?:_[0-9]{1,25})?")
_SLUG = re.compile(r"pfbid[0-9A-Za-z]{10,}")


def is_node(value: object) -> bool:
    """Tell whether the API takes a value for the id of a post, a photo or a video."""
    return isinstance(value, str) and _NODE.fullmatch(value) is not None


def post_url(post_id: str) -> str:
    """Return the address of a post; Facebook leads from it to the one it likes best."""
    return f"https://www.facebook.com/{post_id}"


def remote_id(url: str) -> tuple[str, str]:
    """Return the id of the post behind a link, and the link without what tells who copied it.

    A post's number alone, or its `pfbid`, isn't enough for the API; both come back as they stand.

    Raises:
        UserError: the link is none to a post.
    """
    parts = urlsplit(url.strip())
    if parts.scheme in {"http", "https"} and parts.hostname in _HOSTS:
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        names = [name for name in parts.path.split("/") if name]
        found = _of_query(names, query) or _of_path(names)
        if found is not None:
            return found
    msg = (
        f"{url}: this is no link to a post on Facebook: open the post, click on its date and copy the address "
        "(a link that was made with “Share” leads there)"
    )
    raise UserError(msg)


def _of_query(names: list[str], query: dict[str, str]) -> tuple[str, str] | None:
    """Read permalink.php?story_fbid=…&id=…, photo.php?fbid=… and watch/?v=…."""
    last = names[-1] if names else ""
    story, page = query.get("story_fbid", ""), query.get("id", "")
    if last in {"permalink.php", "story.php"} and (_NODE.fullmatch(story) or _SLUG.fullmatch(story)):
        node = f"{page}_{story}" if story.isdigit() and page.isdigit() else story
        return node, f"https://www.facebook.com/permalink.php?story_fbid={story}&id={page}"
    if last in {"photo.php", "photo"} and query.get("fbid", "").isdigit():
        return query["fbid"], f"https://www.facebook.com/photo.php?fbid={query['fbid']}"
    if last == "watch" and query.get("v", "").isdigit():
        return query["v"], f"https://www.facebook.com/watch/?v={query['v']}"
    return None


def _of_path(names: list[str]) -> tuple[str, str] | None:
    """Read /PAGE/posts/…, /PAGE/videos/…, /PAGE/photos/…, /reel/… and the plain /PAGE_POST."""
    if not names:
        return None
    url, last = f"https://www.facebook.com/{'/'.join(names)}", names[-1]
    if len(names) == 1:
        return (last, url) if "_" in last and is_node(last) else None
    kind = next((name for name in ("posts", "videos", "photos", "reel") if name in names[:-1]), "")
    if not kind or not (last.isdigit() or (kind == "posts" and _SLUG.fullmatch(last))):
        return None
    if kind == "posts" and last.isdigit() and names[0].isdigit():
        return f"{names[0]}_{last}", url
    return last, url
