"""A small world for tests: a workspace, a real state in a temporary folder, a network in memory, a clock that obeys."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from PIL import Image

from scheduler import plan, rendering, slots
from scheduler.app import App
from scheduler.clock import SimulatedClock
from scheduler.model import Account, Action, Phase, Place, Planned, Post, Risk, Text, Workspace
from scheduler.operations import deliver, queue, recover
from scheduler.plan import deliveries as plan_deliveries
from scheduler.posts import Loaded
from scheduler.slots import Slot
from scheduler.status import Status
from scheduler.store import Delivery, claims, consented, deliveries, staff, submissions
from scheduler.submission import Consent, NameMode, Placing, Role, Stage, Submission
from scheduler.testing import FakeNetwork, FakePublisher
from tests import databases

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("UTC")


class World:
    """Everything a delivery needs, under a test's control."""

    def __init__(self, folder: Path, *, accounts: Iterable[str] = ("a",), honest: bool = True, **settings: Any) -> None:
        self.clock = SimulatedClock(NOON)
        self.network = FakeNetwork(self.clock, honest=honest)
        self.workspace = Workspace(
            folder=folder,
            name=Text({"": "Test"}),
            timezone=ZONE,
            languages=("en",),
            accounts={name: Account(name=name, platform="fake", language="en") for name in accounts},
            **{"database": databases.state(folder), **settings},
        )
        self.actions: dict[str, Action] = {}
        self.threads: dict[str, tuple[str, ...]] = {}  # the parts after the first, by post
        (folder / "var").mkdir(parents=True, exist_ok=True)
        self.store = databases.opened(folder, self.workspace.database)
        self.app = self.daemon("first")

    def daemon(self, worker: str) -> App:
        """Return an App on the same state, as another process would have it."""
        return App(
            workspace=self.workspace,
            clock=self.clock,
            store=self.store,
            worker=worker,
            factory=lambda account, _workspace, _clock: FakePublisher(account, self.network),
        )

    def write(self, *posts: Post, action: str = "act", **settings: Any) -> None:
        """Let an action's file hold exactly these posts."""
        values = {"title": Text({"": action}), "phase": Phase.ongoing, "file": f"posts/{action}.yaml", **settings}
        self.actions[action] = Action(key=action, posts=posts, **values)

    def queue(self) -> queue.Changes:
        """Bring the queue to what the files hold."""
        with patch.object(queue.plan, "deliveries", self._planned):
            return queue.apply(self.app, Loaded(actions=tuple(self.actions.values()), problems=(), broken=frozenset()))

    def _planned(self, *given: Any) -> list[Planned]:
        """Plan as ever, with the threads that a test asks for."""
        found = plan_deliveries(*given)
        parts = self.threads
        return [
            replace(one, content=replace(one.content, thread=parts[one.post])) if parts.get(one.post) else one
            for one in found
        ]

    def submit(
        self,
        slot: Slot | None = None,
        *,
        action: str = "act",
        networks: Iterable[str] = ("fake",),
        placing: Placing = Placing.next,
        approve: int = 1,
        **values: Any,
    ) -> Submission:
        """Return a photo that somebody handed in, approved for a slot (`pool` has none) by `approve` people."""
        file = self._photo()
        with self.store.write() as c:
            ref = f"ref{len(submissions.in_stage(c, *Stage))}"
            given = {
                "message": "We see you",
                "language": "en",
                "alt": "A hand with a candle.",
                "mime": "image/jpeg",
                "file": file,
                "sha256": rendering.digest(f"var/uploads/{file}", self.workspace),
                "width": 64,
                "height": 48,
                "day": self.clock.now().date(),
            }
            number = submissions.add(
                c,
                ref=ref,
                action=action,
                risk=values.pop("risk", Risk.low),
                now=self.clock.now(),
                **{**given, **values},
            )
            consent = example_consent(networks=tuple(networks), day=self.clock.now().date())
            submissions.consent(c, submissions.by_id(c, number), consent, code_hash=ref)
            found = submissions.change(c, submissions.by_id(c, number), to=Stage.pending)
        return self.approve(found, slot, placing=placing, people=approve) if approve else found

    def approve(
        self, found: Submission, slot: Slot | None = None, *, placing: Placing = Placing.next, people: int = 1
    ) -> Submission:
        """Let `people` moderators say yes to a submission, and give it a slot."""
        where = {"post": slot.post, "occurrence": slot.occurrence, "due_at": slot.due_at} if slot else {}
        with self.store.write() as c:
            current = submissions.by_id(c, found.id)
            now = self.clock.now()
            current = submissions.change(c, current, to=Stage.approved, placing=placing, decided_at=now, **where)
            for number in range(people):
                name = f"moderator {number}"
                known = staff.user_named(c, name)
                user = known.id if known else staff.add_user(c, name, Role.moderator, now=now)
                submissions.approve(c, current, user=user, now=now)
                if (action := self.actions.get(current.action)) is not None:
                    said = plan.captions(action, self.workspace, current, now=now)
                    consented.say_yes_to(c, current, said, user=user, now=now)
            return submissions.by_id(c, current.id)

    def _photo(self) -> str:
        uploads = self.workspace.var / "uploads"
        uploads.mkdir(exist_ok=True)
        name = f"{len(list(uploads.iterdir()))}.jpg"
        picture = Image.new("RGB", (64, 48), (len(name) * 20 % 256, int(name.partition(".")[0]) % 256, 90))
        picture.save(uploads / name)
        return name

    def slots(self, action: str = "act") -> list[Slot]:
        """Return the slots of an action."""
        return slots.slots(self.actions[action], self.workspace)

    def run(self, app: App | None = None) -> int:
        """Do all that is due now, as a daemon would."""
        steps = 0
        while recover.step(app or self.app) or deliver.step(app or self.app):
            steps += 1
            assert steps < 10_000, "the daemon doesn't come to rest"
        return steps

    def let(self, length: timedelta, app: App | None = None) -> None:
        """Let time pass, waking the daemon whenever something is due."""
        end = self.clock.now() + length
        self.run(app)
        for _ in range(10_000):
            with self.store.read() as c:
                moment = claims.next_moment(c, now=self.clock.now(), ahead=self.workspace.stage_ahead)
            if moment is None or moment > end:
                break
            self.clock.move_to(max(moment, self.clock.now() + timedelta(milliseconds=10)))
            self.run(app)
        self.clock.move_to(end)
        self.run(app)

    def __getitem__(self, key: str) -> Delivery:
        with self.store.read() as c:
            found = deliveries.by_key(c, key)
        assert found is not None, key
        return found

    def statuses(self) -> dict[str, Status]:
        """Return every delivery's status by key."""
        with self.store.read() as c:
            return {one.key: one.status for one in deliveries.in_status(c)}

    def history(self, key: str) -> list[str]:
        """Return the steps of a delivery."""
        delivery = self[key]
        with self.store.read() as c:
            return [event for _, event, _ in deliveries.history(c, delivery.id)]

    def close(self) -> None:
        """Close the state."""
        self.store.close()

    def end(self) -> None:
        """Close the state and throw it away: for a test that makes one world after the other."""
        self.close()
        databases.forget(self.workspace.folder)


def example_consent(**given: Any) -> Consent:
    """Return what somebody agreed to, with what is given here."""
    said: dict[str, Any] = {
        "text_sha256": "0" * 64,
        "text_version": "1",
        "language": "en",
        "networks": ("fake",),
        "name_mode": NameMode.none,
        "guardian": False,
        "adult": True,
        "people": 1,
        "all_agreed": True,
        "faces": "shown",
        "voice": "none",
        "place": "none",
        "risk": Risk.low,
        "day": NOON.date(),
    }
    return Consent(**{**said, **given})


def post(name: str = "p", *, at: datetime = NOON, text: str = "Hello", **settings: Any) -> Post:
    """Return a post of one text at a moment in UTC."""
    wall = at.astimezone(ZONE).replace(tzinfo=None)
    return Post(id=name, text=Text({"": text}), place=Place(file="posts/act.yaml"), at=wall, **settings)


def later(post: Post, by: timedelta) -> Post:
    """Return a post moved to a later time."""
    assert post.at is not None
    return replace(post, at=post.at + by)
