"""X's list of an account's own posts, and how one of them is known as the one that was handed in."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from scheduler.errors import Rejected, TryLater
from scheduler.model import Outgoing
from scheduler.publishers.x_texts import answers, as_written, canonical, is_id

_PAGES = 5  # of 100 posts: far more than an account posts between staging and the last look
# What is asked of a post, by the names of X's description since 2026-08-07, and by those before.
_FIELDS: tuple[Mapping[str, str], ...] = (
    {"post.fields": "attachments,created_at,entities,note_post", "expansions": "referenced_posts"},
    {"tweet.fields": "attachments,created_at,entities,note_tweet,referenced_tweets"},
)


class Ask(Protocol):
    """One request to X: `Wire.ask`."""

    def __call__(self, method: str, route: str, *, params: Mapping[str, str]) -> dict[str, Any]:
        """Return X's JSON object."""
        ...


class Posts:
    """The posts of accounts, newest first, as X shows them."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._fields = _FIELDS  # those that X knows, once it has said so

    def newest(self, user_id: str) -> str | None:
        """Return the id of an account's newest post: what is found after it is new."""
        posts = self._page(user_id, {"max_results": "5"}).get("data", [])
        return max((post["id"] for post in posts), key=int, default=None)

    def own(self, user_id: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return an account's posts with all that it takes to tell them apart."""
        posts: list[dict[str, Any]] = []
        wanted = {**params, "max_results": "100"}
        for _ in range(_PAGES):
            answer = self._full_page(user_id, wanted)
            posts += answer.get("data", [])
            following = answer.get("meta", {}).get("next_token")
            if not following:
                break
            wanted["pagination_token"] = following
        return posts

    def _full_page(self, user_id: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Ask for posts with all their fields, by whichever names X knows."""
        refused = Rejected()
        for fields in self._fields:
            try:
                answer = self._page(user_id, {**params, **fields})
            except Rejected as error:
                refused = error
            else:
                self._fields = (fields,)
                return answer
        raise refused

    def _page(self, user_id: str, params: Mapping[str, str]) -> dict[str, Any]:
        answer = self._ask("GET", f"/2/users/{user_id}/tweets", params=params)
        posts, meta = answer.get("data", []), answer.get("meta")
        fits = isinstance(meta, dict) and isinstance(posts, list)
        if not fits or not all(isinstance(p, dict) and is_id(p.get("id")) for p in posts):
            raise TryLater("X's list of posts is not in its own form")
        return answer


def is_it(post: Mapping[str, Any], out: Outgoing, media_ids: Sequence[str]) -> bool:
    """Tell whether a post is what was handed in: the same words, the same media, an answer to the same post.

    `media_ids` are those that X gave our uploads; empty where there are none or where they aren't known any more.
    """
    above = out.before[-1].remote_id if out.before else ""
    same_words = canonical(as_written(post)) == canonical(out.text)
    return answers(post) == above and same_words and _shows(post, media_ids, pictured=bool(out.media))


def _shows(post: Mapping[str, Any], media_ids: Sequence[str], *, pictured: bool) -> bool:
    """Tell whether a post shows our media. Where we can't name ours: whether it shows any, as ours would."""
    entities, attachments = post.get("entities"), post.get("attachments")
    links = entities.get("urls", ()) if isinstance(entities, dict) else ()
    own = re.compile(rf"/status/{post['id']}/(photo|video)/\d+$")  # a text may link to somebody else's pictures
    links = [link for link in links if own.search(str(link.get("expanded_url", "")))]
    attached = attachments.get("media_keys", ()) if isinstance(attachments, dict) else ()
    if not media_ids:
        return bool(links or (pictured and attached)) == pictured
    keys = [str(key) for key in (*attached, *(link.get("media_key", "") for link in links))]
    return {key.rpartition("_")[2] for key in keys} >= set(media_ids)  # a key is a kind of media, "_", and the id
