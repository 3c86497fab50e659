"""The page of one outbox account: what was posted there, newest first. Written after every post."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scheduler.gallery import segments, words
from scheduler.gallery.page import render, replace


@dataclass(frozen=True, kw_only=True)
class FeedPicture:
    """A picture or video of a post. `file` is its name in the post's folder."""

    file: str
    alt: str
    width: int
    height: int
    video: bool = False


@dataclass(frozen=True, kw_only=True)
class FeedPost:
    """One post of the feed. `folder` is the name of its folder beside the page."""

    folder: str
    text: str
    language: str
    published_at: datetime  # aware UTC
    pictures: tuple[FeedPicture, ...] = ()


def write(target: Path, *, title: str, posts: Sequence[FeedPost], most: int, language: str = "en") -> None:
    """Write the page `target` listing `posts` in their order; `most` is how many it is kept to. Raises OSError."""
    entries = [
        {
            "id": f"post-{number}",
            "post": post,
            "dir": segments.direction(post.language),
            "text": segments.split(post.text),
            "day": words.heading(post.published_at.astimezone(UTC).date(), language),
            "clock": f"{post.published_at.astimezone(UTC):%H:%M} UTC",
        }
        for number, post in enumerate(posts, 1)
    ]
    page = render("feed.html.jinja", language=language, title=title, entries=entries, most=most)
    replace(target, page)
