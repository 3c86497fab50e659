"""What Instagram and Threads share: a post is a container first, which is made, watched, and published once.

The container is what makes "exactly once" possible: publishing it a second time does nothing, and it can be asked
whether it is out. So its id is stored before anything goes on, and the very same one is published again.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import Account, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import base
from scheduler.publishers.container_posts import OwnPosts, is_id, moment

_LIVES = timedelta(hours=23)  # a container is kept for 24 hours
_LENT = timedelta(hours=2)  # how long after its time a file can still be fetched
_PROCESSING = timedelta(minutes=5)  # Meta's own advice is to give up then
_HASTY, _HASTE = timedelta(seconds=3), timedelta(seconds=30)  # how often a container is asked at first, and how long
_PATIENT = timedelta(minutes=1)
_BEFORE = timedelta(minutes=5)  # how long before its time a post can't have gone out
_SETTLED = timedelta(seconds=150)  # from when on "not published" is believed
_GONE = timedelta(minutes=10)  # how long a container is missing before that says that it is out


class State(StrEnum):
    """Where a container stands."""

    working = "IN_PROGRESS"
    ready = "FINISHED"
    out = "PUBLISHED"
    broken = "ERROR"
    expired = "EXPIRED"
    missing = "MISSING"  # our own word: it can't be read


_SAID = frozenset(State) - {State.missing}


class _Unsent(TryLater):
    """Proven not sent."""


class Containers(OwnPosts):
    """One account on one of the two."""

    looks = (timedelta(seconds=15), timedelta(seconds=60), timedelta(seconds=180))

    def __init__(self, account: Account, **kwargs: Any) -> None:
        super().__init__(account, **kwargs)
        # Of containers, as long as this process knows of them; what is forgotten costs one more round, no more.
        self._refused: dict[str, PublishError] = {}  # what was said, until it is known whether that counts
        self._missing_since: dict[str, datetime] = {}

    # ── what each network says for itself ──

    @abstractmethod
    def _child(self, medium: Medium, url: str) -> dict[str, str]:
        """Return what makes the container of one of several pictures."""

    @abstractmethod
    def _whole(self, out: Outgoing, urls: list[str], children: list[str]) -> dict[str, str]:
        """Return what makes the container that is published: with one medium or none, or with children."""

    @abstractmethod
    def _refusals(self, out: Outgoing) -> Iterator[str]:
        """Say what the network would refuse for good."""

    @abstractmethod
    def _broken(self, why: str) -> PublishError:
        """Return what a container that failed means."""

    # ── ahead of time ──

    def stage(self, out: Outgoing, begun: Staged | None = None) -> Staged:
        """Make one container, or ask once how far it is; whatever has an id is stored before the next step."""
        now = self._clock.now()
        ids = dict(begun.ids) if begun and not self.stage_expired(begun, now) else {}
        if "container" not in ids:
            return self._make_next(out, ids, now)
        state, why = self._state(str(ids["container"]))
        if state in {State.ready, State.out}:
            return Staged({**ids, "ready": True})
        return self._wait(ids, state, why, now)

    def _make_next(self, out: Outgoing, ids: dict[str, object], now: datetime) -> Staged:
        if not ids:
            if refusals := list(self._refusals(out)):
                raise Rejected("; ".join(refusals))
            self._check_quota(out)
            self._graph().ease()
        made, settled = _ids(ids, "children"), ids.get("settled", 0)
        several = len(out.media) > 1
        if several and len(made) < len(out.media):
            medium = out.media[len(made)]
            child = self._create(self._child(medium, self._lend(medium, out, now)))
            return _going_on(ids, now, children=[*made, child], made=_stamp(now))
        for child in made[settled if isinstance(settled, int) else 0 :]:
            state, why = self._state(child)
            if state is not State.ready:
                return self._wait(ids, state, why, now)
            ids["settled"] = made.index(child) + 1
        urls = [] if several else [self._lend(medium, out, now) for medium in out.media]
        return _going_on(ids, now, container=self._create(self._whole(out, urls, made)), made=_stamp(now))

    def _wait(self, ids: Mapping[str, object], state: State, why: str, now: datetime) -> Staged:
        """Return when to ask again for a container that isn't ready, unless it never will be."""
        if state is State.broken:
            raise self._broken(why)
        if state is State.expired:
            raise TryLater(f"{self._name} has let a container expire: it is made anew")
        waited = now - moment(ids.get("made"), now)
        if waited >= _PROCESSING:
            raise TryLater(f"{self._name} is still at work on it after 5 minutes: it is handed over anew")
        return Staged(ids, again_at=now + (_HASTY if waited < _HASTE else _PATIENT))

    def _create(self, fields: Mapping[str, str]) -> str:
        from scheduler.publishers.http_wire import Verdict

        missing = {Verdict.missing: TryLater}  # said also of what only can't be read just now
        answer = self._graph().ask("POST", self._route(self.ways.create), data=fields, meaning=missing)
        made = answer.body.get("id")
        if not is_id(made):
            raise TryLater(f"{self._name} gave no id for a container")
        return str(made)

    def _lend(self, medium: Medium, out: Outgoing, now: datetime) -> str:
        if self._shelf is None:
            raise AccountBlocked(f"{self._name} fetches pictures from an address, and there is none: set public_url")
        return self._shelf.url(medium, until=max(now, out.due_at) + _LENT)

    def _check_quota(self, out: Outgoing) -> None:
        """Refuse to begin what can't be published today; a quota that can't be read stops nobody."""
        used, total = self._quota(*(self.ways.answer_quota if out.before else self.ways.post_quota))
        if total and used >= total:
            raise self.quota_used_up(f"{used} of {total} posts in 24 hours")

    def stage_expired(self, staged: Staged, now: datetime) -> bool:
        """Tell whether the container has expired or is about to."""
        made = staged.ids.get("made")
        return isinstance(made, str) and now >= moment(made, now) + _LIVES

    # ── at the due second ──

    def publish(self, out: Outgoing, staged: Staged) -> Receipt:
        """Publish the container.

        A refusal counts once a container has said for a while, too, that it isn't out: then it is raised here, at the
        next try, and nothing is sent.
        """
        container = staged.ids.get("container")
        if not is_id(container) or not staged.ids.get("ready"):
            raise TryLater(f"not staged for {self._name}, or not all of it: nothing was sent")
        if (refused := self._refused.pop(str(container), None)) is not None:
            raise refused.with_traceback(None)
        graph = self._graph()
        try:
            from scheduler.publishers.http_wire import Verdict

            answer = graph.ask(
                "POST",
                self._route(self.ways.publish),
                data={"creation_id": container},
                visible=True,
                meaning={Verdict.unsent: _Unsent, Verdict.missing: OutcomeUnknown},
            )
        except OutcomeUnknown:
            raise
        except PublishError as error:
            refused = error
        else:
            if not is_id(answer.body.get("id")):
                raise OutcomeUnknown(f"{self._name} answered without an id")
            return self._receipt(str(answer.body["id"]))
        return self._after_refusal(refused, out, str(container))

    def _after_refusal(self, refused: PublishError, out: Outgoing, container: str) -> Receipt:
        """Return the receipt where the post is out in spite of the refusal, else raise what is safe."""
        if isinstance(refused, _Unsent):
            raise TryLater(str(refused))
        from scheduler.publishers.container_codes import is_dead, is_final

        state, nobody = State.missing, False
        try:
            state, _ = self._state(container)
        except PublishError as error:
            nobody = is_dead(str(refused)) and is_dead(str(error))  # is let in at all
        if nobody or (state in {State.ready, State.working} and is_final(str(refused))):
            raise refused
        if state in {State.ready, State.working}:
            self._keep(refused, container)
            raise OutcomeUnknown(f"refused, and a container may tell late that it is out all the same: {refused}")
        try:
            found = self._listed(out, min(out.due_at, self._clock.now()) - _BEFORE)
        except PublishError:
            state, found = State.missing, []
        if len(found) == 1:
            return found[0]
        if not found and state in {State.broken, State.expired}:
            raise TryLater(f"the container can't be published any more, a new one is made: {refused}")
        raise OutcomeUnknown(f"refused, and the container doesn't say that it isn't out: {refused}")

    def _keep(self, refused: PublishError, container: str) -> None:
        """Keep what was said, unless the very same call may simply be made again in a few minutes."""
        if not isinstance(refused, TryLater) or (refused.at is not None and refused.at > self._clock.now()):
            self._refused[container] = refused

    # ── afterwards ──

    def find(self, out: Outgoing, staged: Staged, since: datetime) -> Receipt | base.Absent | None:
        """Ask the container, then the account's own posts.

        A container that is still ready some minutes later was not published: Absent, and the same one is published
        again, which can't make a second post. One that was ready and has been missing for minutes is out, though its
        post can't be told. Without a container nothing proves absence.
        """
        container = staged.ids.get("container")
        if not is_id(container):
            found = self._listed(out, since)
            return found[0] if len(found) == 1 else None
        settled = self._clock.now() - since >= _SETTLED
        state, _ = self._state(str(container))
        if state is State.working:
            raise TryLater(f"{self._name} is still at work on the container")
        if state is State.ready and not settled:
            return None
        try:
            found = self._listed(out, since)
        except PublishError:
            if state is not State.out or not settled:
                raise
            found = []  # that it is out is known, and its id may never be
        if len(found) == 1:
            return found[0]
        if not settled:
            return None
        gone = not found and state is State.missing and self._is_gone_for_good(str(container), staged)
        is_out = found or gone or state is State.out
        return self._nameless(out, str(container), since) if is_out else base.Absent()

    def _is_gone_for_good(self, container: str, staged: Staged) -> bool:
        """Tell whether a container that was ready, and can't have expired, was published and is gone since.

        Raises:
            TryLater: it hasn't been missing for long: Meta says of things that they aren't there while it only can't
                read them.
        """
        now = self._clock.now()
        if self.stage_expired(staged, now):
            return False
        if now - self._missing_since[container] < _GONE:
            raise TryLater(f"{self._name} doesn't know the container any more, and doesn't show the post")
        return True

    def _state(self, container: str) -> tuple[State, str]:
        """Return where a container stands, and what went wrong with it."""
        from scheduler.publishers.container_codes import without_addresses

        fields = f"{self.ways.state},{self.ways.why}"
        answer = self._graph().ask("GET", f"/{container}", params={"fields": fields}, missing_ok=True)
        if answer.status >= 300:
            self._missing_since.setdefault(container, self._clock.now())
            return State.missing, ""
        self._missing_since.pop(container, None)
        said = answer.body.get(self.ways.state)
        if said not in _SAID:
            raise TryLater(f"{self._name} doesn't say where the container stands")
        return State(said), without_addresses(str(answer.body.get(self.ways.why) or ""))


def receipts_named(publisher: Containers, out: Outgoing) -> Outgoing:
    """Return a part of a thread whose parts before it have their own ids.

    Raises:
        TryLater: the network doesn't tell which post the one before is.
    """
    if not out.before or "container" not in out.before[-1].ids:
        return out
    last = publisher.named(out.before[-1])
    if last is None:
        raise TryLater("it can't be told yet which post the part before is")
    return replace(out, before=(*out.before[:-1], last))


def _going_on(ids: Mapping[str, object], now: datetime, **more: object) -> Staged:
    return Staged({**ids, **more}, again_at=now)


def _ids(ids: Mapping[str, object], name: str) -> list[str]:
    found = ids.get(name)
    return [str(one) for one in found] if isinstance(found, list) else []


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat()
