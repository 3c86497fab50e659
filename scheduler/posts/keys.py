"""The keys of an action's file: what each takes and what it is for. The check and the JSON Schema stand on this."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scheduler.model import Phase, Risk, Workspace
from scheduler.posts.recurrence import DAYS, SPANS, day_codes, rule
from scheduler.posts.tags import Tag
from scheduler.reading.files import finder
from scheduler.reading.late import LATE_KEYS
from scheduler.reading.nodes import Node, Row, Scalar, Table
from scheduler.reading.report import Report, Wrong
from scheduler.reading.shapes import Json, Key, Leaf, ListOf, MapOf, Record, Shape, Split
from scheduler.reading.source import POSTS
from scheduler.reading.times import DAY, DAY_OR_MOMENT, MOMENT, TIME
from scheduler.reading.values import FLAG, HASHTAG, ID, LANG, LINK, POST_ID, choice, known, texts

MUST = "missing-key"
# An action is tagged for all the networks of a campaign, also for those where other people or tools publish it.
NETWORKS = frozenset({"bluesky", "facebook", "instagram", "mastodon", "threads", "x"})


@dataclass(frozen=True, kw_only=True)
class World:
    """What there is to refer to; None where nobody has said, so that anything goes."""

    languages: Collection[str] = ()
    accounts: Collection[str] | None = None
    platforms: Collection[str] | None = None
    themes: Collection[str] | None = None
    find: Callable[[str], str] = str

    @cached_property
    def action(self) -> Record:
        """The shape of an action's file here: put together once, for all of them."""
        return action(self)

    @classmethod
    def of(cls, workspace: Workspace, themes: Collection[str]) -> "World":
        """Return what an action of `workspace` can refer to."""
        accounts = workspace.accounts.values()
        return cls(
            languages=(*workspace.languages, *(account.language for account in accounts)),
            accounts=workspace.accounts.keys() | workspace.broken_accounts,
            platforms=workspace.platforms | NETWORKS if workspace.platforms else None,
            themes=themes or None,
            find=finder(workspace.folder, POSTS, ""),
        )


def _release(text: str) -> bool:
    if text != "manual":
        raise Wrong("bad-value", "'release' can only be manual; take it out where nobody has to open the action")
    return True


def _from(text: str) -> bool:
    if text != "submissions":
        raise Wrong("bad-value", "'from' can only be submissions; take it out where the post has its own pictures")
    return True


def _alt(text: str) -> str:
    if not text.strip():
        raise Wrong("missing-alt", "the alt text is empty; say what is to be seen, for those who can't see it")
    return text


_DAY = Leaf("a text (a day: mon to sun)", day_codes, {"enum": [*DAYS, *SPANS]})
_RULE = Leaf("a text (a rule of RFC 5545)", rule, {"type": "string", "examples": ["FREQ=MONTHLY;BYDAY=1MO"]})
_DAYS = Split("a list of days ([tue, thu])", _DAY, ListOf(_DAY, "a list of days ([tue, thu])", 1))
_EVERY = Record(
    (
        Key(name="days", shape=_DAYS, doc="days of the week, or daily, weekdays, weekends"),
        Key(name="rrule", shape=_RULE, doc="instead of days: a rule of RFC 5545, e.g. FREQ=MONTHLY;BYDAY=1MO"),
        Key(name="time", shape=TIME, doc='the time of day, e.g. "12:00"', absent=MUST),
        Key(name="from", shape=DAY, doc="the first day, e.g. 2021-09-14", absent=MUST),
        Key(name="until", shape=DAY, doc="the last day, included; the day on which the action closes otherwise"),
    ),
    "every",
)


def _accounts(world: World) -> ListOf:
    one = known("an account", "unknown-account", "of config.yaml", world.accounts)
    return ListOf(one, "a list of accounts ([x-en])")


def _theme(world: World) -> Leaf:
    return known("a theme", "unknown-theme", "of the cards", world.themes)


def _file(world: World) -> Leaf:
    return Leaf("a text (a file's name)", world.find)


def _picture(world: World, what: str) -> Record:
    words = texts(world.languages, Leaf("a text", _alt, is_prose=True))
    return Record(
        (
            Key(name="file", shape=_file(world), doc="the file, beside this one or in the workspace", absent=MUST),
            Key(name="alt", shape=words, doc="what is to be seen, for those who can't see it", absent="missing-alt"),
        ),
        what,
    )


def _card(world: World) -> Split:
    keys = (
        Key(name="message", shape=texts(world.languages), doc="what the card says; the post's own text otherwise"),
        Key(name="theme", shape=_theme(world), doc="the card's look; the action's otherwise"),
        Key(name="photo", shape=_file(world), doc="a photo behind the words"),
        Key(name="lang", shape=LANG, doc="the language of the card where it isn't the account's"),
        Key(name="qr", shape=FLAG, doc="true: the action's link as a QR code on it"),
    )
    return Split("true, or what the card holds (message: …)", FLAG, Record(keys, "card"))


def _thread(world: World) -> Split:
    what = "true, or a list of texts ([{en: …}])"
    return Split(what, FLAG, ListOf(texts(world.languages), what, 1))


def _post(world: World) -> Record:
    words = texts(world.languages)
    names = {*(world.accounts or ()), *(world.platforms or ())} if world.accounts is not None else None
    named = known("an account or network", "unknown-account", "of the workspace", names)
    images = ListOf(_picture(world, "an image"), "a list of images ([{file: …, alt: …}])")
    source = Leaf("submissions", _from, {"const": "submissions"})
    return Record(
        (
            Key(name="id", shape=POST_ID, doc="a name of its own in the action", absent=MUST),
            Key(name="at", shape=MOMENT, doc="when: the workspace's wall clock, e.g. 2021-09-10 09:00"),
            Key(name="every", shape=_EVERY, doc="instead of at: a recurrence"),
            Key(name="from", shape=source, doc="submissions: what volunteers hand in, one at each of its times"),
            Key(name="text", shape=words, doc="what it says; link, tags and hashtags are added", absent=MUST),
            Key(name="text_for", shape=MapOf(words, named.parse), doc="another text for an account or network"),
            Key(name="card", shape=_card(world), doc="a card with the post's text, or with what is given here"),
            Key(name="images", shape=images, doc="pictures, each with its alt text"),
            Key(name="video", shape=_picture(world, "a video"), doc="a video with its alt text"),
            Key(name="thread", shape=_thread(world), doc="true: a long text in several posts; or the texts after text"),
            Key(name="warning", shape=words, doc="what readers are warned of before they see it"),
            Key(name="accounts", shape=_accounts(world), doc="where it goes; the action's accounts otherwise"),
            Key(name="approve", shape=FLAG, doc="true: it waits until a person approves it"),
            Key(name="late", shape=LATE_KEYS, doc="how late it may go, and what happens past that"),
        ),
        "a post",
    )


def _reply(world: World) -> Record:
    return Record(
        (
            Key(name="title", shape=texts(world.languages), doc="when to use it", absent=MUST),
            Key(name="text", shape=texts(world.languages), doc="the answer to copy", absent=MUST),
            Key(name="links", shape=ListOf(LINK, "a list of web addresses"), doc="pages to send people to"),
        ),
        "a reply",
    )


def _tags(world: World) -> MapOf:
    platform = known("a network", "unknown-platform", "that this program knows", world.platforms)
    tags = ListOf(Tag(), "a list of tags ([AmnestyNow])")
    return MapOf(tags, platform.parse, "a mapping of tags by network (x: [AmnestyNow])")


def action(world: World) -> Record:
    """Return the shape of an action's file. Problems of a post are noted as those of the report's action/its id."""
    words = texts(world.languages)
    hashtags = ListOf(HASHTAG, "a list of hashtags ([SyriaNotSafe])")
    release = Leaf("manual", _release, {"const": "manual"})
    replies = ListOf(_reply(world), "a list of replies")
    return Record(
        (
            Key(name="title", shape=words, doc="what the action is called", absent=MUST),
            Key(name="phase", shape=choice(Phase, "a phase"), doc="where it stands in the campaign", absent=MUST),
            Key(name="opens", shape=DAY_OR_MOMENT, doc="nothing goes out before: a day, or a day and time"),
            Key(name="closes", shape=DAY_OR_MOMENT, doc="nothing goes out after; a day closes at its end"),
            Key(name="release", shape=release, doc="manual: nothing goes out before a person releases the action"),
            Key(name="hashtags", shape=hashtags, doc="hashtags without #, added to every post"),
            Key(name="tags", shape=_tags(world), doc="accounts to tag by network, without @, added to every post"),
            Key(name="link", shape=texts(world.languages, LINK), doc="the action's page, added to every post"),
            Key(name="accounts", shape=_accounts(world), doc="where its posts go; all accounts otherwise"),
            Key(name="theme", shape=_theme(world), doc="the look of its cards; the brand's otherwise"),
            Key(name="risk", shape=choice(Risk, "a risk"), doc="how dangerous being seen with it can be"),
            Key(name="late", shape=LATE_KEYS, doc="how late a delivery may go, and what happens past that"),
            Key(name="replies", shape=replies, doc="ready-made answers that people copy"),
            Key(name="posts", shape=Posts(_post(world)), doc="the posts", absent=MUST),
        ),
        "an action",
    )


@dataclass(frozen=True)
class Posts(Shape):
    """The list of posts: each is read with a report of its own, so that one can't spoil another."""

    item: Record
    what: str = "a list of posts (- id: …)"

    def read(self, node: Node, name: str, report: Report) -> Any:
        """Return a (Fields or None, Report) per post; the report isn't taken over into `report`."""
        if not isinstance(node, Row):
            self.refuse(node, name, report)
            return None
        found = []
        for item in node.items:
            named = item.get("id") if isinstance(item, Table) else None
            post = f"{report.action}/{named.text}" if isinstance(named, Scalar) and ID.fullmatch(named.text) else None
            own = Report(post)
            found.append((self.item.read(item, "posts", own), own))
        return tuple(found)

    def schema(self) -> Json:
        """See Shape."""
        return {"type": "array", "items": self.item.schema()}
