"""The property machine has teeth: bugs of the kind that make a scheduler post twice are planted, and it must object.

A planted bug replaces one function for the length of one test. A machine that lets any of them pass proves nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from scheduler.operations import deliver, recover
from scheduler.publishers.base import Absent
from scheduler.status import Status
from scheduler.store import Delivery, deliveries
from scheduler.testing import FakePublisher
from tests.reliability.test_machine import Machine

Plant = Callable[[pytest.MonkeyPatch], None]


def requeue_after_crash(patch: pytest.MonkeyPatch) -> None:
    """A delivery whose worker died while sending is simply sent again."""
    free = recover._free

    def planted(c: Any, app: Any, delivery: Any, now: Any) -> bool:
        if delivery.status is Status.sending:
            return deliveries.move(c, delivery, Status.queued, worker="", now=now)
        return free(c, app, delivery, now)

    patch.setattr(recover, "_free", planted)


def retry_after_timeout(patch: pytest.MonkeyPatch) -> None:
    """A call without an answer counts as not sent."""
    planted = lambda app, sending, error, publisher: deliver._not_sent(app, sending, deliver.TryLater("?"))  # noqa: ARG005, E731
    patch.setattr(deliver, "_unknown", planted)


def assume_sent(patch: pytest.MonkeyPatch) -> None:
    """A call without an answer counts as sent."""

    def planted(app: Any, sending: Any, error: Any, publisher: Any) -> None:
        del error
        with app.store.write() as c:
            receipt = publisher.network.receipt(sending.frozen)
            deliveries.file_receipt(c, sending, receipt, worker="", now=app.clock.now(), detail="")

    patch.setattr(deliver, "_unknown", planted)


def not_found_is_absent(patch: pytest.MonkeyPatch) -> None:
    """A post that isn't seen counts as not there, and its network isn't waited for."""

    def planted(self: Any, out: Any, staged: Any, since: Any) -> Any:
        del staged, since
        seen = any(one.token == out.token for one in self.network.out[:-1])
        return self.network.receipt(out) if seen else Absent()

    patch.setattr(FakePublisher, "find", planted)


def forget_which_parts_are_out(patch: pytest.MonkeyPatch) -> None:
    """A thread that stopped halfway begins anew."""
    patch.setattr(Delivery, "next_of", lambda self, out: out)  # noqa: ARG005


def take_pending_for_ready(patch: pytest.MonkeyPatch) -> None:
    """What a network is still preparing is sent."""
    begun = deliver._begun

    def planted(delivery: Any, publisher: Any, now: Any) -> Any:
        found = begun(delivery, publisher, now)
        return found and replace(found, again_at=None)

    patch.setattr(deliver, "_begun", planted)


PLANTS = (
    requeue_after_crash,
    retry_after_timeout,
    assume_sent,
    not_found_is_absent,
    forget_which_parts_are_out,
    take_pending_for_ready,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch):
    """The machine objects to a planted bug, soon."""
    plant(monkeypatch)
    quick = settings(
        max_examples=200,
        stateful_step_count=50,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(Machine, settings=quick)
