"""What the API takes and gives. The keys are those of the command line's `--json`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from scheduler import store
from scheduler.model import Risk
from scheduler.operations import audit
from scheduler.status import Status
from scheduler.store.audit import Entry as AuditEntry
from scheduler.submission import Placing, Stage, Submission, Whereabouts

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Name = Annotated[str, StringConstraints(max_length=200)]
Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
After = Annotated[int, Field(ge=0, le=2**53)]
NAMED = r"^[^.\x00-\x1f\x7f\\/][^\x00-\x1f\x7f\\/]*$"
"""What may stand in an address: the name of an action."""

KEYED = r"^[^./\x00-\x1f\x7f\\][^\x00-\x1f\x7f\\]*$"
"""The same, with slashes: the id of a delivery."""

Scope = Literal["all", "action", "account"]


class Asked(BaseModel):
    """What a request may hold: nothing that isn't described."""

    model_config = ConfigDict(extra="forbid")


class Delivery(BaseModel):
    """One post on one account."""

    id: str = Field(description="ACTION/POST[/OCCURRENCE]@ACCOUNT")
    post: str
    action: str
    account: str
    platform: str
    status: Status
    due_at: datetime
    published_at: datetime | None
    remote_id: str | None
    url: str | None
    attempts: int
    reason: str | None
    text: str
    source: str = Field(description="the file and line where the post stands")

    @classmethod
    def of(cls, one: store.Delivery) -> Self:
        """Return it."""
        names = ("post", "action", "account", "platform", "status", "due_at", "published_at", "remote_id", "url")
        told = {name: getattr(one, name) for name in (*names, "attempts")}
        told |= {"id": one.key, "reason": one.reason or None, "text": one.content.whole, "source": one.place}
        return cls.model_validate(told)


class Step(BaseModel):
    """One step of a delivery."""

    at: datetime
    event: str
    detail: str


class Pause(BaseModel):
    """Something that is held."""

    scope: Scope
    name: str | None
    kind: str = Field(description="`pause`: a person's; `blocked`: the network refuses the account")
    why: str
    at: datetime

    @classmethod
    def of(cls, one: store.Pause) -> Self:
        """Return it."""
        return cls.model_validate(
            {"scope": one.scope, "name": one.name or None, "kind": one.kind, "why": one.why, "at": one.at}
        )


class Task(BaseModel):
    """Something only a person can do."""

    id: int
    delivery: str
    what: str
    at: datetime

    @classmethod
    def of(cls, one: store.Task) -> Self:
        """Return it."""
        return cls(id=one.id, delivery=one.key, what=one.what, at=one.at)


class Standing(BaseModel):
    """Where everything stands."""

    counts: dict[str, int]
    paused: list[Pause]
    tasks: list[Task]
    daemons: dict[str, datetime] = Field(description="those that run, and their last sign of life")
    deliveries: list[Delivery]


class Held(Asked):
    """What to pause, and why."""

    scope: Scope
    name: Name = Field("", description="of the action or account; empty for all")
    why: Words


class Lifted(Asked):
    """What to resume."""

    scope: Scope
    name: Name = ""


class PauseDone(BaseModel):
    """What was paused."""

    scope: Scope
    name: str | None
    why: str
    changed: bool


class ResumeDone(BaseModel):
    """What was resumed, and what came due meanwhile and stays held until a person decides."""

    scope: Scope
    name: str | None
    late: list[Delivery]


class Released(BaseModel):
    """An action that was opened."""

    action: str
    free: int = Field(description="how many of its deliveries may go at their times now")


class Resolved(Asked):
    """A person's word on a delivery whose outcome is unknown."""

    published: Annotated[str, StringConstraints(max_length=2000)] | None = Field(
        description="where it is; null: it isn't out, and goes"
    )


class Account(BaseModel):
    """One place to publish at."""

    account: str
    platform: str
    ok: bool
    detail: str
    asked: bool = Field(description="whether the network itself was asked")


class Where(BaseModel):
    """Where one delivery of a submission stands."""

    id: str
    platform: str
    status: Status
    url: str | None
    task: str | None

    @classmethod
    def of(cls, one: Whereabouts) -> Self:
        """Return it."""
        return cls(id=one.key, platform=one.platform, status=one.status, url=one.url, task=one.task or None)


class Handed(BaseModel):
    """What a volunteer handed in. No name of a file, no address: there are none."""

    ref: str
    id: int = Field(description="for `after`")
    stage: Stage
    action: str
    content_hash: str = Field(description="what a decision is about: give it back as `seen`")
    risk: Risk
    message: str
    language: str
    alt: str
    name: str
    name_mode: str
    group: bool
    film: bool
    width: int
    height: int
    seconds: float
    faces: list[tuple[float, float, float, float]]
    covers: list[tuple[float, float, float, float]]
    networks: list[str]
    approvals: list[str] = Field(description="who said yes to it as it is now")
    needs: int = Field(description="how many people have to")
    why_not: str | None = Field(description="why you may not say yes")
    second_look: bool
    reason: str | None
    day: date | None
    due_at: datetime | None
    not_before: datetime | None
    whereabouts: list[Where]

    @classmethod
    def of(
        cls,
        one: Submission,
        *,
        networks: Sequence[str],
        approvals: Sequence[str],
        needs: int,
        why_not: str,
        whereabouts: Sequence[Whereabouts],
    ) -> Self:
        """Return it."""
        told = {name: getattr(one, name) for name in cls.model_fields if hasattr(one, name)}
        told |= {"networks": networks, "approvals": approvals, "needs": needs, "why_not": why_not or None}
        told |= {"name_mode": str(one.name_mode), "reason": one.reason or None}
        return cls.model_validate({**told, "whereabouts": [Where.of(where) for where in whereabouts]})


class Approving(Asked):
    """A yes."""

    seen: Name = Field(description="the content_hash of what was looked at")
    placing: Placing = Placing.next
    at: datetime | None = Field(None, description="with placing `at`: when, with its offset")


class Rejecting(Asked):
    """A no."""

    seen: Name
    reason: Words


class Covering(Asked):
    """Places to cover for good, in parts of the picture's width and height: left, top, right, bottom."""

    boxes: list[tuple[Part, Part, Part, Part]] = Field(min_length=1, max_length=50)


class Describing(Asked):
    """The words for those who can't see it."""

    alt: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]


class Weighing(Asked):
    """How dangerous it can be to be seen in it."""

    risk: Risk


class Entry(BaseModel):
    """What somebody did."""

    id: int
    at: datetime
    who: str
    what: str
    detail: str
    hash: str

    @classmethod
    def of(cls, one: AuditEntry) -> Self:
        """Return it."""
        return cls.model_validate({name: getattr(one, name) for name in cls.model_fields})


class Verified(BaseModel):
    """Whether the audit is whole."""

    ok: bool
    entries: int
    head: str
    broken_at: int | None

    @classmethod
    def of(cls, one: audit.Verified) -> Self:
        """Return it."""
        return cls.model_validate({name: getattr(one, name) for name in cls.model_fields})


class Health(BaseModel):
    """Whether posts go out, and what stands in the way."""

    ok: bool
    at: datetime
    faults: list[str]
    heartbeat_seconds: float | None
    oldest_due_seconds: float
    stuck: int
    deliveries: dict[str, int]
    submissions_waiting: int
    tasks: int
    paused: int
    blocked: int
    database_writable: bool
    disk_free_bytes: int
