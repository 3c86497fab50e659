"""Whatever happens in whatever order: nothing of a volunteer is ever sent without a consent and the moderators' yes."""

import os
import shutil
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from scheduler import moderation
from scheduler.model import Every, Risk, Text
from scheduler.operations import deliver
from scheduler.operations.fill import fill
from scheduler.posts import Loaded
from scheduler.status import Status
from scheduler.store import consented, deliveries, submissions
from scheduler.submission import Placing, Stage
from scheduler.testing import FakePublisher
from tests.reliability.on_networks import tell
from tests.world import NOON, World, post

EXAMPLES = int(os.environ.get("SOLIDARITY_CONSENT_EXAMPLES", "25"))
HOUR = timedelta(hours=1)
_EVERY = Every(
    rrule="FREQ=HOURLY;INTERVAL=1", time=NOON.time(), since=NOON.date(), until=NOON.date() + timedelta(days=2)
)


class Watched(FakePublisher):
    """A network on which somebody else acts while a post is being prepared, and that looks at what it is given."""

    machine = None

    def stage(self, out, begun=None):
        """Let something happen in the middle."""
        self.machine.meanwhile()
        return super().stage(out, begun)

    def publish(self, out, staged):
        """Refuse to believe that everything is in order."""
        self.machine.look(out)
        return super().publish(out, staged)


class ConsentMachine(RuleBasedStateMachine):
    """A few volunteers, moderators who change their minds, an editor, and a daemon."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.world = World(self.folder)
        kind = type("Watching", (Watched,), {"machine": self})
        self.world.app = replace(
            self.world.app, factory=lambda account, _workspace, _clock: kind(account, self.world.network)
        )
        self.found = []
        self.wrong = []
        self.pending = None
        self.caption(text="One")

    def teardown(self):
        """Throw the world away."""
        self.world.end()
        shutil.rmtree(self.folder)

    # ── what people do ──

    @initialize(risks=st.lists(st.sampled_from([Risk.low, Risk.high]), min_size=1, max_size=3))
    def begin(self, risks):
        """Some are approved and queued already."""
        for risk in risks:
            found = self.world.submit(approve=0, risk=risk)
            self.found.append(found.id)
            self.world.approve(found, self._free(found), people=2)
        self.follow()

    @rule(text=st.sampled_from(["One", "Two", "{name|Somebody}: {message}"]))
    def caption(self, text):
        """An editor writes a caption."""
        self.world.write(replace(post("v", submissions=True), at=None, every=_EVERY, text=Text({"": text})))

    @precondition(lambda self: len(self.found) < 4)
    @rule(risk=st.sampled_from([Risk.low, Risk.high]))
    def hand_in(self, risk):
        """A volunteer hands a photo in."""
        self.found.append(self.world.submit(approve=0, risk=risk).id)

    @precondition(lambda self: self.found)
    @rule(data=st.data(), people=st.integers(0, 2), placing=st.sampled_from([Placing.next, Placing.pool]))
    def approve(self, data, people, placing):
        """Moderators approve one, sometimes with too few of them."""
        found = self._one(data)
        if found.stage is Stage.pending:
            self.world.clock.move_to(self.world.clock.now() + timedelta(seconds=1))
            free = self._free(found) if placing is Placing.next else None
            self.world.approve(found, free, placing=placing, people=people)

    @precondition(lambda self: self.found)
    @rule(
        data=st.data(),
        what=st.sampled_from(["alt", "withdraw", "withdraw", "reject", "forget"]),
        later=st.booleans(),
    )
    def change(self, data, what, later):
        """Somebody takes it back, or it is changed: at once, or while something is being prepared."""
        number = self._one(data).id
        if later:
            self.pending = (number, what)
        else:
            self._do(number, what)

    def meanwhile(self):
        """Do what was put off until something is being prepared."""
        if self.pending is not None:
            (number, what), self.pending = self.pending, None
            self._do(number, what)

    def _do(self, number, what):
        with self.world.store.write() as c:
            found = submissions.by_id(c, number)
            if what in {"withdraw", "forget"} and found.stage is not Stage.withdrawn:
                submissions.take_back(c, found, day=self.world.clock.now().date())
                if what == "forget":
                    submissions.change(c, found, to=Stage.withdrawn)
            elif found.stage is Stage.approved and what == "reject":
                submissions.change(c, found, to=Stage.rejected)
            elif found.stage is Stage.approved and what == "alt":
                submissions.change(c, found, to=Stage.pending, alt=f"{found.alt} More.")

    def _one(self, data):
        with self.world.store.read() as c:
            return submissions.by_id(c, data.draw(st.sampled_from(self.found)))

    def _free(self, found):
        with self.world.store.read() as c:
            taken = submissions.taken_slots(c, "act") - {(found.post, found.occurrence)}
        slots = self.world.slots()
        return next(
            one for one in slots if one.due_at > self.world.clock.now() and (one.post, one.occurrence) not in taken
        )

    # ── what the daemon does ──

    @rule()
    def follow(self):
        """The daemon brings the queue up to date."""
        fill(self.world.app, Loaded(actions=tuple(self.world.actions.values()), problems=(), broken=frozenset()))
        self.world.queue()

    @rule(minutes=st.sampled_from([1, 30, 59, 61, 120]))
    def time_passes(self, minutes):
        """The daemon works while time passes."""
        self.world.let(timedelta(minutes=minutes))

    @rule()
    def one_step(self):
        """The daemon takes a single step."""
        deliver.step(self.world.app)

    @precondition(lambda self: self.found)
    @rule(data=st.data(), what=st.sampled_from(["alt", "withdraw", "reject", "forget"]))
    def change_what_is_prepared(self, data, what):
        """Somebody takes it back, or it is changed, between its being prepared and its time."""
        found = self._one(data)
        if found.stage is Stage.approved and found.due_at is not None and found.due_at > self.world.clock.now():
            self.world.let(found.due_at - timedelta(seconds=30) - self.world.clock.now())
            self._do(found.id, what)
            self.world.let(timedelta(minutes=1))

    # ── what must hold ──

    def look(self, out):
        """At the moment of the visible call everything is in order, by another way of asking than the claim's."""
        with self.world.store.read() as c:
            delivery = deliveries.by_key(c, out.key)
            number = consented.linked_to(c, delivery.id)
            found = submissions.by_id(c, number)
            consent, yes = submissions.consent_of(c, found), submissions.approvals_of(c, found)
        # Kept rather than raised: the daemon takes whatever a network raises for an outcome that isn't known.
        self.wrong += [
            what
            for what, holds in {
                "approved": found.stage is Stage.approved,
                "agreed": consent.withdrawn_on is None and delivery.platform in consent.networks,
                "enough": len({one.user for one in yes}) >= moderation.needs(found, None),
                "as approved": delivery.approved and out.media[0].alt.startswith(found.alt),
                "in its slot": out.key == f"act/{found.post}/{found.occurrence}@a",
            }.items()
            if not holds
        ]

    @invariant()
    def everything_was_in_order(self):
        """Nothing was handed to the network that shouldn't have been."""
        assert self.wrong == []

    @invariant()
    def nobody_goes_twice(self):
        """Each photo is seen once at the most."""
        with self.world.store.read() as c:
            linked = consented.linked(c)
            shown = [linked[one.id] for one in deliveries.in_status(c, Status.published)]
        assert len(shown) == len(set(shown))


def test_whatever_happens():
    """Nothing is sent without a consent that holds and the yeses it needs, whatever happens in whatever order."""
    size = settings(
        max_examples=EXAMPLES, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(ConsentMachine, settings=size)
    tell("consent machine", "all", examples=EXAMPLES)
