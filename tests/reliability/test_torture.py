"""The steps of `make torture` are what they say: their sizes are asked for, and what they test decides what stands."""

from collections import Counter
from pathlib import Path

import pytest

from tests.reliability import torture, torture_record
from tests.reliability.torture_record import Found
from tests.reliability.torture_steps import STEPS, Step

DATABASES = ("sqlite",)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_each_size_is_asked_for(step: Step):
    """A variable that no test of a step reads would leave that step small, and nobody would know."""
    said = "".join(file.read_text("utf-8") for file in torture_record._with_imports(step.files()))
    assert [name for name in step.environment if f'"{name}"' not in said] == []
    assert step.minutes <= 60


def test_the_sizes_of_a_release():
    """The state machine plays fifty thousand examples of a hundred steps, over both databases together."""
    machine = [step.environment for step in STEPS.values() if step.suite == "R1"]
    assert sum(int(one["SOLIDARITY_MACHINE_EXAMPLES"]) for one in machine) == 50_000
    assert {one["SOLIDARITY_MACHINE_STEPS"] for one in machine} == {"100"}
    assert len({(one["SOLIDARITY_MACHINE_SEED"], one["SOLIDARITY_MACHINE_EXAMPLES"]) for one in machine}) == len(
        machine
    )
    assert {step.suite for step in STEPS.values()} >= {f"R{number}" for number in range(1, 13)}


def test_what_a_result_holds_for():
    """It holds for the tests of its step and for what they import, and for its sizes; not for another step's tests."""
    names = {file.name for file in torture_record._with_imports(STEPS["r4-sqlite"].files())}
    assert {"test_disk_faults.py", "kill.py", "stem.py", "world.py"} <= names
    assert "test_machine.py" not in names
    one, two = STEPS["r1-00-sqlite"], STEPS["r1-01-sqlite"]
    assert torture_record.key(one) == torture_record.key(one) != torture_record.key(two)


def test_where_the_checkout_lies_is_of_no_matter():
    """What passed in one checkout holds in another with the same content."""
    assert torture_record._contents([Path(__file__)]).startswith("tests/reliability/test_torture.py ")


def test_what_stands(tmp_path: Path):
    """What has passed on the same content stands; what failed, changed meanwhile, or ran on another doesn't."""
    key = torture_record.key(STEPS["r8-sqlite"])
    good = {"key": key, "commit": "x", "passed": True, "changed": False, "minutes": 2.0, "processor": 1.0}
    for told, stands in [({}, True), ({"passed": False}, False), ({"changed": True}, False), ({"key": "y"}, False)]:
        file = tmp_path / "done.json"
        torture_record.save({"r8-sqlite": Found(**{**good, **told})}, file)
        assert torture_record.stands(torture_record.load(file), "r8-sqlite") is stands


def test_what_is_counted(tmp_path: Path):
    """The figures of a step are what its tests told, summed; its tests are counted too, and what was skipped."""
    (tmp_path / "f").write_text('{"suite": "x", "points": 3}\n{"suite": "x", "points": 4, "asked": 1}\n', "utf-8")
    (tmp_path / "log").write_text("..\n2 passed, 1 skipped, 3 deselected in 4.20s\n", "utf-8")
    told = torture_record.told(tmp_path / "f", tmp_path / "log")
    assert told == {"points": 7, "asked": 1, "tests": 2, "skipped": 1}
    assert STEPS["r4-sqlite"].size(Counter(told)) == "7 points"


def test_the_table():
    """A row for each suite and database: sizes as counted, and a failure that nobody can overlook."""
    found = Found(key="", commit="", passed=True, changed=False, minutes=2, processor=1, figures={"examples": 2000})
    failed = Found(key="", commit="", passed=False, changed=False, minutes=2, processor=1)
    said = torture_record.table({"r1-00-sqlite": found, "r1-01-sqlite": found, "r8-sqlite": failed}).splitlines()
    assert said[2].startswith("| R8 | the state is lost | sqlite | 0 tests | **see the logs of r8-sqlite** | **see")
    assert said[3].startswith("| R1 | the state machine | sqlite | 4,000 examples, 0 steps | 0 | 0 | – | 4 | 2 |")


def test_what_is_listed():
    """The list names each step with its size, and ends with how long all that is left takes about."""
    *steps, last = torture.listed(["r4-sqlite", "r8-sqlite"], 2).splitlines()
    assert len(steps) == 2
    assert "DISK_POINTS=500" in steps[0]
    assert "hours with 2 at once" in last
