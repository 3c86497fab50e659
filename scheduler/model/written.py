"""What staff wrote: where it stands, what is wrong with it, the workspace, the actions and their posts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Place(NamedTuple):
    """A position in a file: `file` relative to the workspace, `line` and `column` counted from 1.

    A tuple, for every post has one for each of its keys, and there may be a hundred thousand of them.
    """

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Level(StrEnum):
    """How bad a problem is."""

    error = "error"  # the post can't go out like this
    warning = "warning"  # it can, but someone should look


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong in a person's file, with what to do instead in the message."""

    place: Place
    level: Level
    rule: str  # a short kebab-case name, documented in docs/rules.md
    message: str
    post: str | None = None  # ACTION/POST where it belongs to one

    def __str__(self) -> str:
        return f"{self.place}: {self.level}: {self.message} [{self.rule}]"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a publisher says against a content, before anyone knows in which file it stands."""

    rule: str
    message: str
    level: Level = Level.error
    about: str = "text"  # the key of the post it concerns: text, images, card, video


@dataclass(frozen=True)
class Text:
    """A text as staff wrote it: one for everybody (language ""), or one per language."""

    by_language: Mapping[str, str]

    def in_language(self, language: str, fallback: str = "") -> str:
        """Return the text in `language`, else in `fallback`, else the one for everybody, else any."""
        texts = self.by_language
        for wanted in (language, fallback, ""):
            if wanted in texts:
                return texts[wanted]
        return next(iter(texts.values()), "")


class Then(StrEnum):
    """What happens to a delivery that is later than its lateness rule allows."""

    hold = "hold"  # a person decides
    skip = "skip"  # it is missed
    publish = "publish"  # it goes all the same


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """How late a delivery may go by itself, and what happens past that."""

    after: timedelta = timedelta(minutes=30)
    then: Then = Then.hold


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """Hours of the workspace's wall clock in which nothing goes out; `until` is the first minute after."""

    since: time
    until: time

    def covers(self, wall: time) -> bool:
        """Tell whether the wall-clock time `wall` lies in the quiet hours (they may pass midnight)."""
        if self.since <= self.until:
            return self.since <= wall < self.until
        return wall >= self.since or wall < self.until


@dataclass(frozen=True, kw_only=True)
class Account:
    """One place to publish at."""

    name: str
    platform: str
    language: str
    keys: str = ""  # prefix of the names of its secrets; never a secret itself
    base_url: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)  # limits of this account, e.g. premium: true
    place: Place | None = None


@dataclass(frozen=True, kw_only=True)
class Brand:
    """Who speaks: shown on the cards."""

    name: Text = Text({})
    theme: str = "candle"
    logo: str | None = None


@dataclass(frozen=True, kw_only=True)
class Moderation:
    """How careful the moderators have to be with submissions to actions of high risk."""

    cooling_off: timedelta = timedelta(days=1)  # between the last yes and the earliest time it may go out
    passkeys: bool = False  # whether only somebody signed in with a passkey may decide on them


@dataclass(frozen=True, kw_only=True)
class OpenId:
    """Where else staff may sign in: an OpenID Connect provider."""

    issuer: str
    client_id: str
    keys: str  # beginning of the name of its secret, <keys>_CLIENT_SECRET


@dataclass(frozen=True, kw_only=True)
class Storage:
    """A storage that speaks S3: it lends files to networks that fetch them, and keeps the private ones of machines."""

    bucket: str  # s3://NAME, or s3://NAME/PREFIX
    endpoint: str  # its address; empty for Amazon's own
    region: str
    keys: str  # beginning of the names of its secrets, <keys>_ACCESS_KEY_ID and <keys>_SECRET_ACCESS_KEY
    private: str = ""  # s3://NAME/PREFIX for what is never lent: where several machines keep it; else each has its own
    encryption: str = ""  # how the storage is asked to encrypt what it keeps; empty: as it does by itself


@dataclass(frozen=True, kw_only=True)
class Notify:
    """How people are told that they are needed."""

    to: str  # beginning of the name of its secret, <to>_URLS: the addresses, one a line
    digest: timedelta = timedelta(minutes=10)  # how long what is new is gathered after a message
    repeat: timedelta = timedelta(hours=6)  # how soon what still waits is said again, the first time
    quiet: bool = True  # whether what can wait waits for the end of the quiet hours


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """What `config.yaml` says."""

    folder: Path
    name: Text
    timezone: ZoneInfo
    languages: tuple[str, ...]
    accounts: Mapping[str, Account]
    brand: Brand = Brand()
    late: Lateness = Lateness()
    quiet: Quiet | None = None
    stage_ahead: timedelta = timedelta(minutes=2)
    database: str = "sqlite:///var/state.db"
    public_url: str | None = None  # where people reach the web pages, without a slash at its end
    contact: Text | None = None  # where people write to: a mail address, a web address, or words
    moderation: Moderation = Moderation()
    sign_in: OpenId | None = None
    storage: Storage | None = None
    notify: Notify | None = None
    platforms: frozenset[str] = frozenset()  # every network the program knows; empty where nobody has said
    broken_accounts: frozenset[str] = frozenset()  # named in config.yaml, but with an error: not to be used

    @property
    def language(self) -> str:
        """The language used where a text isn't given in the account's."""
        return self.languages[0]

    @property
    def var(self) -> Path:
        """The git-ignored folder for state, renders and the outbox."""
        return self.folder / "var"


class Phase(StrEnum):
    """Where an action stands in the campaign."""

    focus = "focus"
    final_push = "final-push"
    ongoing = "ongoing"
    individual_case = "individual-case"
    upcoming = "upcoming"


class Risk(StrEnum):
    """How dangerous being seen with the action can be."""

    low = "low"
    elevated = "elevated"
    high = "high"


@dataclass(frozen=True, kw_only=True)
class CardOrder:
    """The card a post asks for. `message` None means the post's own text."""

    message: Text | None = None
    theme: str | None = None
    language: str | None = None
    photo: str | None = None
    photo_sha256: str = ""
    qr: bool = False


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture or video by file, with the words for those who can't see it."""

    file: str  # relative to the workspace
    alt: Text
    place: Place
    sha256: str = ""  # of its bytes, as they were when the posts were read


@dataclass(frozen=True, kw_only=True)
class Every:
    """A recurrence by wall clock: an RFC 5545 rule, a time of day and the days it runs between."""

    rrule: str  # without DTSTART and UNTIL, e.g. FREQ=WEEKLY;BYDAY=TU,TH
    time: time
    since: date
    until: date  # the last day, included


@dataclass(frozen=True, kw_only=True)
class Post:
    """One post of an action. Exactly one of `at` and `every` is set."""

    id: str
    text: Text
    place: Place  # where the post stands
    at: datetime | None = None  # naive wall clock of the workspace
    every: Every | None = None
    text_for: Mapping[str, Text] = field(default_factory=dict)  # by account or platform
    card: CardOrder | None = None
    images: tuple[Picture, ...] = ()
    video: Picture | None = None
    split: bool = False  # a text that is too long for a network becomes a thread there
    thread: tuple[Text, ...] = ()  # the parts after `text`, as staff wrote them
    warning: Text | None = None  # what readers are warned of before they see it
    accounts: tuple[str, ...] | None = None
    approve: bool = False
    submissions: bool = False  # its pictures come from volunteers; `text` is their caption, each time is a slot
    late: Lateness | None = None
    places: Mapping[str, Place] = field(default_factory=dict)  # of its keys, e.g. places["text"]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A ready-made answer that staff and volunteers copy to people who ask."""

    title: Text
    text: Text
    links: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action of the campaign: what all its posts share, and the posts."""

    key: str
    title: Text
    phase: Phase
    file: str
    posts: tuple[Post, ...] = ()
    opens_at: datetime | None = None  # UTC
    closes_at: datetime | None = None  # UTC; nothing goes at or after it
    manual_release: bool = False
    hashtags: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by platform
    link: Text | None = None
    accounts: tuple[str, ...] | None = None
    theme: str | None = None
    risk: Risk = Risk.low
    late: Lateness | None = None
    replies: tuple[Reply, ...] = ()
