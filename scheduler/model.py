"""The words everything else is said in: what staff wrote, what is to go out, and where it stands.

Frozen data. Every datetime is aware; those named `*_at` are UTC. Files are named relative to the workspace.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """A position in a file: `file` relative to the workspace, `line` and `column` counted from 1."""

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


# ── what staff wrote ────────────────────────────────────────────────────────────────────────────────────


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
    """Where files are lent out to networks that fetch them, in place of our own web pages: a storage that speaks S3."""

    bucket: str  # s3://NAME, or s3://NAME/PREFIX
    endpoint: str  # its address; empty for Amazon's own
    region: str
    keys: str  # beginning of the names of its secrets, <keys>_ACCESS_KEY_ID and <keys>_SECRET_ACCESS_KEY


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


WARNING_SIGN = "⚠"
"""Stands before the words of a warning, at the top of the text, on networks that have no field for them."""

# ── what is to go out ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class CardContent:
    """Everything a card says, in words; `media` turns it into a picture."""

    message: str
    language: str
    theme: str
    label: str = ""  # the phase line, e.g. "Final push · 3 days left"
    days_left: int | None = None
    hashtags: tuple[str, ...] = ()
    brand: str = ""
    logo: str | None = None
    photo: str | None = None
    photo_sha256: str = ""
    link: str = ""  # shown as a QR code
    alt: str = ""  # what is to be seen in the photo, where somebody has said it


@dataclass(frozen=True, kw_only=True)
class FileContent:
    """A picture or video by file, with its alt text in the account's language."""

    file: str  # relative to the workspace
    alt: str
    sha256: str = ""  # of its bytes: an approval of the post is one of the picture too


@dataclass(frozen=True, kw_only=True)
class Content:
    """What one delivery says and shows, before anything is rendered. Plain data: it is stored as JSON."""

    text: str
    language: str
    card: CardContent | None = None
    images: tuple[FileContent, ...] = ()
    video: FileContent | None = None
    thread: tuple[str, ...] = ()  # the parts after the first, each an answer to the one before
    warning: str = ""  # what readers are warned of before they see it, where the network has a field for that
    link: str = ""  # shown as a link card, where the network doesn't make one by itself
    title: str = ""  # of that card

    @property
    def parts(self) -> tuple[str, ...]:
        """The texts that go out one after the other."""
        return self.text, *self.thread

    @property
    def whole(self) -> str:
        """All that readers are told, for people who look it over: the warning, and the text with all its parts."""
        warned = f"{WARNING_SIGN} {self.warning}" if self.warning else ""
        said = () if self.text.startswith(warned) else (warned,)
        return "\n\n".join((*said, *self.parts))


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One post, at one time, on one account: what the plan wants the queue to hold."""

    key: str  # ACTION/POST[/OCCURRENCE]@ACCOUNT
    action: str
    post: str
    account: str
    platform: str
    due_at: datetime
    content: Content
    late: Lateness
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    needs_release: bool = False
    needs_approval: bool = False
    place: Place | None = None
    submission_id: int | None = None  # of the submission that it shows
    consent_id: int | None = None  # that it goes by


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A picture or video ready to be uploaded: a file of `size` bytes under the workspace."""

    path: Path
    mime: str
    width: int
    height: int
    size: int
    sha256: str
    alt: str


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A delivery frozen for its network: what is handed over, to the byte."""

    key: str
    account: str
    language: str
    text: str
    token: str  # idempotency key, the same for every attempt at this delivery
    due_at: datetime
    media: tuple[Medium, ...] = ()
    action: str = ""
    warning: str = ""
    link: str = ""
    title: str = ""
    rest: tuple[str, ...] = ()  # the texts of the parts after this one
    part: int = 1  # which part of a thread this is
    before: tuple["Receipt", ...] = ()  # of the parts that are out already, in their order

    def following(self, receipt: "Receipt") -> "Outgoing":
        """Return the next part of the thread, once this one is out: an answer to it, without pictures."""
        return replace(
            self,
            text=self.rest[0],
            rest=self.rest[1:],
            part=self.part + 1,
            before=(*self.before, receipt),
            token=hashlib.sha256(f"{self.token} {self.part + 1}".encode()).hexdigest()[:32],
            media=(),
            link="",
            title="",
        )


@dataclass(frozen=True)
class Staged:
    """What the network gave us ahead of the visible call (media ids, a baseline): plain JSON values.

    With `again_at` it isn't ready yet: it is stored as it is, and `stage` gets it back then to go on.
    """

    ids: Mapping[str, object] = field(default_factory=dict)
    again_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The network's word that a post is out. `ids`: what else it takes to answer it or to take it down."""

    remote_id: str
    url: str | None
    published_at: datetime
    ids: Mapping[str, str] = field(default_factory=dict)
