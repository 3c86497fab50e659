"""A delivery as the state holds it, and how it becomes a row and back."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scheduler.model import (
    CardContent,
    Content,
    FileContent,
    Lateness,
    Medium,
    Outgoing,
    Planned,
    Receipt,
    Staged,
    Then,
)
from scheduler.status import Status

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return `moment` (aware) as whole microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Return the aware UTC moment of whole microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a thread that was put out."""

    number: int  # from 1
    receipt: Receipt
    down: bool = False  # taken down again


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One row of the queue. `id` is the database's, `key` the one that people see."""

    id: int
    key: str
    action: str
    post: str
    account: str
    platform: str
    place: str
    due_at: datetime
    opens_at: datetime | None
    closes_at: datetime | None
    late: Lateness
    needs_release: bool
    needs_approval: bool
    content: Content
    content_hash: str
    fingerprint: str
    status: Status
    hold: str
    reason: str
    not_before: datetime | None
    delays: int
    approved: bool
    late_accepted: bool
    look_first: bool
    withdraw_wanted: bool
    dropped: bool
    cancelled_by: str | None
    from_submission: bool
    lease_owner: str | None
    lease_until: datetime | None
    fence: int
    frozen: Outgoing | None
    staged: Staged | None
    staging_since: datetime | None
    parts: tuple[Part, ...]  # of a thread: those that were put out; a post by itself has none
    attempts: int
    sending_at: datetime | None
    looks: int
    next_look_at: datetime | None
    published_at: datetime | None
    remote_id: str | None
    url: str | None
    remote_ids: Mapping[str, str]  # what else it takes to answer it there, or to take all of it down

    @property
    def token(self) -> str:
        """The idempotency key: the same for every attempt at saying the same thing in the same place."""
        return digest([self.key, self.content_hash])[:32]

    @property
    def length(self) -> int:
        """How many parts it has; a post by itself has one."""
        return 1 + len(self.content.thread)

    @property
    def part(self) -> int:
        """The number of the part that is next to go."""
        return len(self.parts) + 1

    @property
    def up(self) -> tuple[Part, ...]:
        """What of it is out at this moment, as far as that is known."""
        if self.parts or self.status is not Status.published or self.receipt is None:
            return tuple(one for one in self.parts if not one.down)
        return (Part(number=1, receipt=self.receipt),)

    def next_of(self, out: Outgoing) -> Outgoing:
        """Return the part that is next to go, of what is handed over: an answer to the parts that are out."""
        for one in self.parts:
            out = out.following(one.receipt)
        return out

    def outgoing(self, media: tuple[Medium, ...] = ()) -> Outgoing:
        """Return the delivery as it is handed over, with these media: its first part, and what follows."""
        return Outgoing(
            key=self.key,
            account=self.account,
            action=self.action,
            language=self.content.language,
            text=self.content.text,
            rest=self.content.thread,
            warning=self.content.warning,
            link=self.content.link,
            title=self.content.title,
            token=self.token,
            due_at=self.due_at,
            media=media,
        )

    @property
    def receipt(self) -> Receipt | None:
        """The network's word, where there is one."""
        if self.remote_id is None or self.published_at is None:
            return None
        return Receipt(
            remote_id=self.remote_id, url=self.url, published_at=self.published_at, ids=dict(self.remote_ids)
        )


def from_row(row: Any) -> Delivery:
    """Return the delivery of a row of the table `deliveries`."""
    values = dict(row)
    for name in _MOMENTS:
        if values[name] is not None:
            values[name] = from_micros(values[name])
    for name in _FLAGS:
        values[name] = bool(values[name])
    approved = values.pop("approved_hash")
    after, then = timedelta(microseconds=values.pop("late_after")), Then(values.pop("late_then"))
    frozen, staged, parts, ids = (values[name] for name in ("frozen", "staged", "parts", "remote_ids"))
    values["status"] = Status(values["status"])
    values["content"] = content_from(json.loads(values["content"]))
    values["frozen"] = outgoing_from(json.loads(frozen)) if frozen else None
    values["staged"] = staged_from(json.loads(staged)) if staged else None
    values["parts"] = parts_from(json.loads(parts)) if parts else ()
    values["remote_ids"] = json.loads(ids) if ids else {}
    said_yes = approved is not None and approved == values["fingerprint"]
    return Delivery(**values, late=Lateness(after=after, then=then), approved=said_yes)


_MOMENTS = (
    "due_at",
    "opens_at",
    "closes_at",
    "not_before",
    "staging_since",
    "lease_until",
    "sending_at",
    "next_look_at",
    "published_at",
)
_FLAGS = (
    *("needs_release", "needs_approval", "late_accepted", "look_first", "withdraw_wanted", "dropped"),
    "from_submission",
)
_LATER_IN_CARDS = ("alt",)  # keys that their first version didn't have
_LATER = ("thread", "warning", "link", "title")  # likewise of a content


def to_json(value: object) -> str:
    """Return canonical JSON: the same value is always the same text."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str, check_circular=False
)


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON, in hexadecimal."""
    return _sha256(to_json(value))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def planned_values(planned: Planned) -> dict[str, Any]:
    """Return the columns that the plan decides, fingerprint included."""
    content = to_json(content_values(planned.content))
    values: dict[str, Any] = {
        "action": planned.action,
        "post": planned.post,
        "account": planned.account,
        "platform": planned.platform,
        "due_at": to_micros(planned.due_at),
        "opens_at": planned.opens_at and to_micros(planned.opens_at),
        "closes_at": planned.closes_at and to_micros(planned.closes_at),
        "late_after": planned.late.after // _MICROSECOND,
        "late_then": str(planned.late.then),
        "needs_release": planned.needs_release,
        "needs_approval": planned.needs_approval,
        "content_hash": _sha256(content),
    }
    return {
        **values,
        "fingerprint": digest(values),
        "content": content,
        "key": planned.key,
        "place": str(planned.place) if planned.place else "",
        "from_submission": planned.submission_id is not None,
    }


def content_values(content: Content) -> dict[str, Any]:
    """Return a content as a JSON object. Keys that came later stay out while empty: what is queued keeps its hash."""
    values = {
        name: getattr(content, name) for name in Content.__dataclass_fields__
    }  # `asdict` copies all, word by word
    values["card"] = content.card and card_values(content.card)
    values["images"] = tuple(asdict(image) for image in content.images)
    values["video"] = content.video and asdict(content.video)
    return {name: value for name, value in values.items() if name not in _LATER or value}


def wording(content: Content) -> str:
    """Return the hash of what moderators look at: all of a content but the days left, which only its time decides."""
    card = content.card
    if card is not None and card.days_left is not None:
        content = replace(content, card=replace(card, days_left=None, label=""))
    return digest(content_values(content))


def card_values(card: CardContent | None) -> dict[str, Any]:
    """Return a card's content as a JSON object, likewise."""
    values = asdict(card) if card else {}
    return {name: value for name, value in values.items() if name not in _LATER_IN_CARDS or value}


def content_from(value: Mapping[str, Any]) -> Content:
    """Return the content whose JSON object is `value`."""
    card, video = value["card"], value["video"]
    return Content(
        text=value["text"],
        language=value["language"],
        card=CardContent(**{**card, "hashtags": tuple(card["hashtags"])}) if card else None,
        images=tuple(FileContent(**image) for image in value["images"]),
        video=FileContent(**video) if video else None,
        thread=tuple(value.get("thread", ())),
        warning=value.get("warning", ""),
        link=value.get("link", ""),
        title=value.get("title", ""),
    )


def outgoing_json(out: Outgoing) -> str:
    """Return a frozen delivery as JSON."""
    before = [receipt_values(receipt) for receipt in out.before]
    return to_json({**asdict(out), "due_at": to_micros(out.due_at), "before": before})


def outgoing_from(value: Mapping[str, Any]) -> Outgoing:
    """Return the frozen delivery whose JSON object is `value`."""
    media = tuple(Medium(**{**medium, "path": Path(medium["path"])}) for medium in value["media"])
    before = tuple(receipt_from(receipt) for receipt in value.get("before", ()))
    rest = tuple(value.get("rest", ()))
    return Outgoing(**{**value, "media": media, "due_at": from_micros(value["due_at"]), "before": before, "rest": rest})


def staged_json(staged: Staged) -> str:
    """Return what the network gave ahead as JSON."""
    pending = {"again_at": to_micros(staged.again_at)} if staged.again_at else {}
    return to_json({**staged.ids, **pending})


def staged_from(value: Mapping[str, Any]) -> Staged:
    """Return what the network gave ahead whose JSON object is `value`."""
    ids = {name: one for name, one in value.items() if name != "again_at"}
    return Staged(ids, _moment(value.get("again_at")))


def receipt_values(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as a JSON object."""
    return {**asdict(receipt), "published_at": to_micros(receipt.published_at)}


def receipt_columns(receipt: Receipt) -> dict[str, Any]:
    """Return the columns of what a network says of a post, but for its time."""
    ids = to_json(receipt.ids) if receipt.ids else None
    return {"remote_id": receipt.remote_id, "url": receipt.url, "remote_ids": ids}


def receipt_from(value: Mapping[str, Any]) -> Receipt:
    """Return the receipt whose JSON object is `value`."""
    return Receipt(**{**value, "published_at": from_micros(value["published_at"])})


def parts_json(parts: Iterable[Part]) -> str:
    """Return the parts of a thread that were put out as JSON."""
    return to_json([{**receipt_values(one.receipt), "part": one.number, "down": one.down} for one in parts])


def parts_from(values: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
    """Return the parts whose JSON objects are `values`."""
    found = []
    for value in values:
        receipt = {name: one for name, one in value.items() if name not in {"part", "down"}}
        found.append(Part(number=value["part"], receipt=receipt_from(receipt), down=value["down"]))
    return tuple(found)


def told(parts: Iterable[Part], length: int) -> str:
    """Return in words which parts of a thread are out at this moment; empty where none is."""
    found = [one for one in parts if not one.down]
    if not found:
        return ""
    numbers = ", ".join(str(one.number) for one in found)
    which = f"part {numbers} of {length} is" if len(found) == 1 else f"parts {numbers} of {length} are"
    return f"{which} out: {', '.join(one.receipt.url or one.receipt.remote_id for one in found)}"
