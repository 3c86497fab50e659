"""The suites have teeth: each planted bug must be caught by the suite that is meant for it, soon.

The bugs are in `plants.py`. Each suite runs at its size for each change, or smaller, and stops at the first objection;
one that lets its bug pass proves nothing.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests import databases
from tests.acceptance.stem import Stem
from tests.reliability import kill
from tests.reliability import test_clock_jumps as jumps
from tests.reliability import test_decided_late as decided
from tests.reliability import test_disk_faults as disk_suite
from tests.reliability import test_kill as kill_suite
from tests.reliability import test_networks_weather as weather_suite
from tests.reliability import test_overslept as overslept_suite
from tests.reliability import test_state_lost_anyhow as lost_suite
from tests.reliability import test_thread_races as thread_races
from tests.reliability import test_zones as zones_suite
from tests.reliability.plants import PLANTS
from tests.reliability.test_consent_machine import ConsentMachine
from tests.reliability.test_machine import Machine

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


@contextmanager
def _stem(sprout: Callable[[Path, str], Stem], folder: Path, plant: str) -> Iterator[tuple[Stem, pytest.MonkeyPatch]]:
    (folder / "stem").mkdir(parents=True)
    with closing(sprout(folder / "stem", plant)) as stem, pytest.MonkeyPatch.context() as patch:
        yield stem, patch


def sweep(folder: Path, plant: str) -> None:
    """R2: one cycle, killed as it calls its network for the last time."""
    with _stem(kill.sprout, folder, plant) as (stem, patch):
        kill.workspace(folder / "template", stem, "post")
        with kill.copied(folder / "template", folder / "counted") as (cycle, _):
            cycle.killed(stem, 0, "hook")
            last = max(number for number, what in enumerate(cycle.points(), 1) if what == "socket.connect")
        kill_suite.sweep(folder / "swept", patch, stem, "post", [last], way="hook")


def disk(folder: Path, plant: str) -> None:
    """R4: each sync of a post's way fails once, the last ones first."""
    with _stem(disk_suite.sprout, folder, plant) as (stem, patch):
        kill.workspace(folder / "template", stem, "post")
        calls = disk_suite.count_calls(folder / "template", folder, stem)
        for number in range(calls["sync"], 0, -1):
            point = disk_suite.Point("sync", number, False, errno.EIO)
            with disk_suite.copied(folder / "template", folder / "failing", stem) as (cycle, server):
                disk_suite.judge(cycle, server, point, patch, "post")


def lost(folder: Path, plant: str) -> None:
    """R8: states lost at random."""
    del plant
    for number in range(12):
        lost_suite.case(folder / str(number), number)


def clocks(folder: Path, plant: str) -> None:
    """R6: clocks that jump between the intent and the call."""
    del plant
    jumps.test_a_jump_between_the_intent_and_the_call(folder)


def zones(folder: Path, plant: str) -> None:
    """R6: every change of every zone."""
    del folder, plant
    zones_suite.test_a_time_is_the_second_that_shows_it()


def asleep_at_one_account(folder: Path, plant: str) -> None:
    """R7: a worker that is dead, with a delivery in its hands."""
    del plant
    overslept_suite.test_what_a_dead_worker_held_is_nobodys(folder)


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
    "disk_error_is_a_no": disk,
    "copy_taken_for_the_truth": lost,
    "lost_state_forgotten": lost,
    "stood_still_unnoticed": clocks,
    "second_of_two_hours": zones,
}
"""Which suite is meant for which bug."""

ON_A_SERVER: dict[str, Suite] = {
    "no_fencing": overslept,
    "two_at_one_account": asleep_at_one_account,
    "pause_checked_too_early": decided_late,
    "window_forgotten_at_send": decided_late,
    "due_a_minute_early": decided_late,
    "receipt_before_the_call": sweep,
}
"""Those that a server's database could hide: its statements, locks and index are others."""


@pytest.mark.parametrize("plant", PLANTS)
@databases.only("sqlite")
def test_a_planted_bug_is_caught(plant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The suite that is meant for a planted bug objects to it."""
    PLANTS[plant](monkeypatch)
    with pytest.raises(AssertionError):
        CAUGHT[plant](tmp_path, plant)


@pytest.mark.parametrize("plant", ON_A_SERVER)
@databases.only("postgresql")
def test_a_planted_bug_is_caught_on_a_server(plant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where the state is in PostgreSQL, a planted bug of what is said to it is caught too."""
    PLANTS[plant](monkeypatch)
    with pytest.raises(AssertionError):
        ON_A_SERVER[plant](tmp_path, plant)


@databases.only("sqlite")
def test_the_page_lists_them_all():
    """`docs/reliability.md` has a row for each planted bug, in its words, with the suite that catches it."""
    page = (Path(__file__).parents[2] / "docs/reliability.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.partition("## Planted bugs")[2].splitlines()]
    table = {row[0]: row for row in rows if len(row) == 4}
    for name, plant in PLANTS.items():
        suite = (CAUGHT[name].__doc__ or "").partition(":")[0].strip()
        _, what, where, databases_ = table.pop(name.replace("_", " "))
        assert what == (plant.__doc__ or "").strip().rstrip("."), name
        assert suite in where or not suite.startswith("R"), name
        assert databases_ == ("both" if name in ON_A_SERVER else "SQLite"), name
    assert set(table) == {"planted bug"}
