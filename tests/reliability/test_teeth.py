"""The suites have teeth: each planted bug must be caught by the suite that is meant for it, soon.

The bugs are in `plants.py`. Each suite runs at its size for each change, or smaller, and stops at the first objection;
one that lets its bug pass proves nothing.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.reliability import test_decided_late as decided
from tests.reliability import test_kill as kill
from tests.reliability import test_networks_weather as weather_suite
from tests.reliability import test_overslept as overslept_suite
from tests.reliability import test_thread_races as thread_races
from tests.reliability.plants import PLANTS
from tests.reliability.test_consent_machine import ConsentMachine
from tests.reliability.test_machine import Machine

DATABASES = ("sqlite",)  # what catches a bug doesn't depend on it, and both would cost twice the time
Suite = Callable[[Path, str], None]


def _examples(machine: type[RuleBasedStateMachine], number: int, steps: int) -> None:
    size = settings(
        max_examples=number,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    run_state_machine_as_test(machine, settings=size)


def machine(folder: Path, plant: str) -> None:
    """R1: a tenth of the examples of each change."""
    del folder, plant
    _examples(Machine, 100, 50)


def consents(folder: Path, plant: str) -> None:
    """The volunteers' consent, at its size for each change."""
    del folder, plant
    _examples(ConsentMachine, 25, 15)


def sweep(folder: Path, plant: str) -> None:
    """R2: one cycle, killed as it calls its network for the last time."""
    with pytest.MonkeyPatch.context() as patch:
        kill.sweep(folder, patch, "post", [kill.last_call(folder / "counted", plant)], plant=plant)


def overslept(folder: Path, plant: str) -> None:
    """R7: a worker asleep at every third point of a thread's way, while another one works."""
    del plant
    overslept_suite.test_a_worker_that_oversleeps(folder)


def decided_late(folder: Path, plant: str) -> None:
    """R9: a pause, a withdrawal, the end of an action, an outage, an edit: each before the post leaves."""
    del plant
    decided.test_an_edit_voids_what_was_approved(folder / "edit")
    for decide in decided.DECISIONS:
        decided.test_it_counts_when_the_post_leaves(folder / decide.__name__, decide)


def threads(folder: Path, plant: str) -> None:
    """R9: a thread withdrawn at every point of its way."""
    del plant
    thread_races.test_withdrawn_at_every_point(folder, "absent")


def weather(folder: Path, plant: str) -> None:
    """R5: posts on X in every weather."""
    del plant
    weather_suite.Weather(folder, "x 0", "x").passes()


CAUGHT: dict[str, Suite] = {
    "requeue_after_crash": overslept,
    "retry_after_timeout": machine,
    "no_answer_is_a_no": weather,
    "assume_sent": machine,
    "not_found_is_absent": machine,
    "receipt_before_the_call": sweep,
    "no_fencing": overslept,
    "lease_never_ends": machine,
    "two_at_one_account": machine,
    "consent_checked_too_early": consents,
    "pause_checked_too_early": decided_late,
    "window_forgotten_at_send": decided_late,
    "approval_survives_an_edit": decided_late,
    "withdrawn_goes_again": threads,
    "late_rule_ignored": decided_late,
    "thread_begun_anew": machine,
    "pending_taken_for_ready": machine,
    "hashtags_lost": sweep,
    "due_a_minute_early": decided_late,
}
"""Which suite is meant for which bug."""


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_bug_is_caught(plant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The suite that is meant for a planted bug objects to it."""
    PLANTS[plant](monkeypatch)
    with pytest.raises(AssertionError):
        CAUGHT[plant](tmp_path, plant)
