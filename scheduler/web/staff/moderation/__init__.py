"""Moderation: what volunteers handed in is looked at, and gets a yes or a no; posts that wait for a yes get theirs.

queue (the list) -> one (a submission) -> deciding, covering (what is pressed there) -> the next one
"""

from scheduler.web.routing import Route
from scheduler.web.staff.moderation import covering, deciding, framing, one, posts, queue, search

ROUTES: tuple[Route, ...] = (
    *queue.ROUTES,
    *one.ROUTES,
    *deciding.ROUTES,
    *covering.ROUTES,
    *framing.ROUTES,
    *posts.ROUTES,
    *search.ROUTES,
)
