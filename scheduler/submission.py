"""What volunteers hand in, what they agreed to, and who of the staff may decide on it. Frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from scheduler.model import Risk
from scheduler.status import Status

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a place in a picture, in parts (0 to 1) of its width and height."""


class Stage(StrEnum):
    """Where a submission stands. What became of an approved one is told by its deliveries."""

    draft = "draft"  # the volunteer isn't through the questions yet; nobody else sees it
    pending = "pending"  # waits for the moderators
    approved = "approved"  # has a slot, or waits in the pool for one
    rejected = "rejected"
    withdrawn = "withdrawn"  # taken back; what was published is taken down
    expired = "expired"  # nobody decided in time, or the consent ran out; its picture is gone


STEPS: Mapping[Stage, frozenset[Stage]] = {
    Stage.draft: frozenset({Stage.pending, Stage.withdrawn, Stage.expired}),
    Stage.pending: frozenset({Stage.approved, Stage.rejected, Stage.withdrawn, Stage.expired}),
    # Back to pending when what was approved is changed: a cover, the alt text, the risk.
    Stage.approved: frozenset({Stage.pending, Stage.rejected, Stage.withdrawn, Stage.expired}),
    Stage.rejected: frozenset({Stage.withdrawn}),
    Stage.withdrawn: frozenset(),
    Stage.expired: frozenset({Stage.withdrawn}),
}
"""Every allowed step. `withdrawn` is final."""


@dataclass(frozen=True, kw_only=True)
class ToCover:
    """What a volunteer wants covered in a film: these places in every picture, or each face all the way."""

    boxes: tuple[Box, ...]
    every_face: bool


class NameMode(StrEnum):
    """How the volunteer wants to be named."""

    none = "none"
    pseudonym = "pseudonym"
    first = "first"
    full = "full"


class Placing(StrEnum):
    """When an approved submission goes out."""

    next = "next"  # the next free slot of its action
    at = "at"  # a time that a moderator gave
    pool = "pool"  # whenever a slot would stay empty


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What somebody agreed to, word for word by its hash. Kept as evidence; names nobody."""

    text_sha256: str  # of the text that was shown
    text_version: str
    language: str  # of that text
    networks: tuple[str, ...]
    name_mode: NameMode
    guardian: bool  # given by a guardian
    adult: bool  # the person is of age
    people: int  # how many can be recognised
    all_agreed: bool
    faces: str  # shown, some (of them covered), covered, none
    voice: str  # none (a photo, or no sound), kept
    place: str  # none: nobody is asked for a place
    risk: Risk  # the level whose words were shown
    day: date
    expires_on: date | None = None
    withdrawn_on: date | None = None
    id: int = 0


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One photo or film that a volunteer handed in. `id` is the database's, `ref` the one in addresses of staff."""

    id: int
    ref: str
    stage: Stage
    action: str
    version: int  # raised by every change
    language: str  # of the message
    message: str
    alt: str
    name: str
    name_mode: NameMode
    group: bool
    risk: Risk
    file: str  # under var/uploads, made anew; empty while it is being cleaned, and once it is gone
    mime: str
    width: int
    height: int
    size: int
    sha256: str
    poster: str  # a film's still, under var/uploads
    preview: str  # a small JPEG, under var/uploads
    seconds: float
    faces: tuple[Box, ...]  # that were found
    covers: tuple[Box, ...]  # that are covered
    source: str  # what was handed in, under var/uploads, until it has been cleaned
    problem: str  # why cleaning refused it
    file_hash: str  # keyed, of what was handed in
    content_hash: str  # of all that an approval is an approval of
    day: date | None  # on which it was handed in
    decided_at: datetime | None
    not_before: datetime | None  # the end of the cooling-off time
    reason: str  # why it was rejected
    second_look: bool  # a moderator asked for another pair of eyes
    placing: Placing | None
    post: str  # of its slot
    occurrence: str  # of its slot
    due_at: datetime | None  # of its slot
    uploaded_by: int | None  # the member of staff who handed it in, signed in
    contact: str  # encrypted, or empty
    touched_at: datetime | None  # the last step of a draft
    to_cover: ToCover | None = None  # of a draft, until it is covered

    @property
    def film(self) -> bool:
        """Whether it is a film."""
        return self.mime.startswith("video/")


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """An approved submission in its slot, as the plan needs it."""

    submission: Submission
    consent: Consent


@dataclass(frozen=True, kw_only=True)
class Approval:
    """One moderator's yes to exactly what `content_hash` stands for."""

    user: int
    who: str
    content_hash: str
    at: datetime


class Role(StrEnum):
    """What a member of staff may do; each is told apart in `MAY`."""

    moderator = "moderator"
    editor = "editor"
    admin = "admin"


class May(StrEnum):
    """The rights that pages ask for."""

    look = "look"  # at the calendar, at what needs a person, at the accounts
    pause = "pause"  # everybody on staff may stop the press
    edit = "edit"  # resume, release, approve posts, retry, cancel, resolve, withdraw
    moderate = "moderate"  # submissions
    govern = "govern"  # staff and the audit


MAY: Mapping[Role, frozenset[May]] = {
    Role.moderator: frozenset({May.look, May.pause, May.moderate}),
    Role.editor: frozenset({May.look, May.pause, May.edit}),
    Role.admin: frozenset(May),
}


@dataclass(frozen=True, kw_only=True)
class User:
    """A member of staff."""

    id: int
    name: str
    role: Role
    language: str
    has_password: bool
    passkeys: int
    created_at: datetime

    def may(self, what: May) -> bool:
        """Tell whether this person may do something."""
        return what in MAY[self.role]


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """One delivery of a submission, as its volunteer and the moderators are told."""

    key: str
    platform: str
    status: Status
    url: str | None
    task: str  # what a person still has to do, or empty
    wanted_down: bool = False  # it was asked back, or ended otherwise
