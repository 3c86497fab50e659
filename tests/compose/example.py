"""An action, its accounts and its workspace, made without files."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler import compose
from scheduler.model import Account, Action, Brand, Phase, Place, Post, Text, Workspace

EN = Account(name="x-en", platform="x", language="en")
FR = Account(name="x-fr", platform="x", language="fr")
LOCAL = Account(name="local", platform="outbox", language="en")
DUE = datetime(2021, 9, 10, 13, tzinfo=UTC)

WORKSPACE = Workspace(
    folder=Path(),
    name=Text({"": "Round-up"}),
    timezone=ZoneInfo("America/Toronto"),
    languages=("en", "fr"),
    accounts={one.name: one for one in (EN, FR, LOCAL)},
    brand=Brand(name=Text({"en": "Desk", "fr": "Bureau"}), theme="poster", logo="images/logo.png"),
)


def action(**given):
    """Return an action with hashtag, tag and link, or with what is given."""
    said = {
        "hashtags": ("SyriaNotSafe",),
        "tags": {"x": ("AmnestyNow",)},
        "link": Text({"": "https://example.org/syria"}),
        "phase": Phase.ongoing,
        **given,
    }
    return Action(key="syria-not-safe", title=Text({"": "Syria"}), file="posts/syria-not-safe.yaml", **said)


def post(text, **given):
    """Return a post that says `text` (a string, or strings by language)."""
    words = Text({"": text} if isinstance(text, str) else text)
    return Post(id="one", text=words, place=Place(file="posts/syria-not-safe.yaml"), **given)


def composed(text, account=EN, **given):
    """Return what goes out for a post's text."""
    return compose.text(action(**given), post(text), account, WORKSPACE)


def card(order, *, text="Hello", account=EN, due_at=DUE, workspace=WORKSPACE, **given):
    """Return the card of a post."""
    made = compose.content(action(**given), post(text, card=order), account, workspace, due_at=due_at)
    assert made.card is not None
    return made.card
