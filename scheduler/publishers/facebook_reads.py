"""What is read of Facebook: an object and the Page's own posts; and what it takes to know that something is gone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scheduler.errors import AccountBlocked, PublishError, Rejected, TryLater
from scheduler.model import Receipt
from scheduler.publishers import facebook_posts
from scheduler.publishers.facebook_links import is_node

if TYPE_CHECKING:
    from scheduler.publishers.http_wire import Verdict
    from scheduler.publishers.meta_wire import Graph

_PAGES = 5  # of 100 posts: far more than a Page posts between the call and the last look


class Unseen(TryLater):
    """A look that failed, though not because nobody is let in."""


def _failures() -> "dict[Verdict, type[PublishError]]":
    from scheduler.publishers.http_wire import Verdict

    return {Verdict.unclear: Unseen, Verdict.unsent: Unseen}


def read(wire: "Graph", node: str, field: str) -> dict[str, Any]:
    """Return a field of an object; nothing where it isn't there."""
    answer = wire.ask("GET", f"/{node}", params={"fields": field}, missing_ok=True, meaning=_failures())
    return dict(answer.body) if answer.status < 300 else {}


def posts(wire: "Graph", page: str) -> Iterator[dict[str, Any]]:
    """Yield a Page's published posts, newest first; of a busy Page only the latest."""
    params = {"fields": "id,message,created_time", "limit": "100"}
    for _ in range(_PAGES):
        answer = wire.ask("GET", f"/{page}/published_posts", params=params, meaning=_failures()).body
        rows = facebook_posts.rows(answer)
        if rows is None:
            raise Unseen("Facebook's list of posts is not in its own form")
        yield from rows
        after = facebook_posts.following(answer)
        if after is None:
            return
        params["after"] = after


def take_down(wire: "Graph", page: str, receipt: Receipt) -> str:
    """Delete a post and its photos with the Page's own token; return why one of them may still be there.

    Facebook says "not there" also of what a token may not see. So it counts only of the Page's own objects, and while
    the Page's posts can be read and the post isn't one of them.
    """
    node, url = receipt.remote_id, receipt.url or ""
    ours = node.startswith(f"{page}_") or f"/{page}/" in url
    if "/posts/" in url and node.isdigit():
        node = f"{page}_{node}"
    photos = [one for one in receipt.ids.get("photos", "").split(",") if is_node(one)]
    refused = []
    for one in (node, *photos):  # a post that stays is no reason to leave its pictures
        try:
            remove(wire, one, ours=ours or one != node)
        except (AccountBlocked, Rejected) as error:
            refused.append(str(error))
    if not refused and any(post["id"] == node for post in posts(wire, page)):
        raise TryLater("Facebook still lists the post after deleting it")
    return refused[0] if refused else ""


def remove(wire: "Graph", node: str, *, ours: bool = True) -> None:
    """Delete an object; return once Facebook says that it isn't there.

    It says so also of what a token may not see: of an object that may not be the Page's own (`ours`), this counts
    only after it was deleted.
    """
    refusal, done = None, False
    try:
        done = wire.ask("DELETE", f"/{node}", missing_ok=True).status < 300
    except Rejected as error:
        refusal = error
    if read(wire, node, "id"):
        raise refusal or TryLater("Facebook still shows the post after deleting it")
    if not (done or ours):
        raise refusal or Rejected("Facebook shows it to this Page's token neither before nor after")
