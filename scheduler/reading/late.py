"""The lateness rule, which the workspace, an action and a post may each give."""

from scheduler.model import Lateness, Then
from scheduler.reading.shapes import Fields, Key, Record
from scheduler.reading.times import DURATION
from scheduler.reading.values import choice

LATE_KEYS = Record(
    (
        Key(name="after", shape=DURATION, doc="how late a delivery may go by itself, e.g. 30 minutes"),
        Key(name="then", shape=choice(Then, "what happens to a late one"), doc="past that: hold, skip or publish"),
    ),
    "late",
)


def lateness(fields: Fields | None) -> Lateness | None:
    """Return the lateness rule that was read; what it doesn't say is as everywhere. None gives None."""
    if fields is None:
        return None
    return Lateness(after=fields.get("after", Lateness.after), then=fields.get("then", Lateness.then))
