"""deploy/solidarity.service is a unit that starts a real command and lets it end in peace."""

import re
from configparser import ConfigParser

from tests.docs import pages
from tests.docs.test_commands import parsed

UNIT = pages.ROOT / "deploy" / "solidarity.service"


def _unit() -> ConfigParser:
    read = ConfigParser(strict=True, interpolation=None, comment_prefixes=("#", ";"), delimiters=("=",))
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(UNIT.read_text("utf-8"))
    return read


def test_the_unit_has_its_parts() -> None:
    """The service manager finds the three sections it needs, and where to hang the unit."""
    unit = _unit()
    assert unit.sections() == ["Unit", "Service", "Install"]
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_unit_starts_a_real_command() -> None:
    """ExecStart is the daemon of this program, on the workspace that the unit may write to."""
    service = _unit()["Service"]
    program, *line = pages.words(service["ExecStart"])
    assert program.endswith("/bin/solidarity")
    assert parsed(line)
    assert line[-1] == "run"
    assert service["ReadWritePaths"] == f"{service['WorkingDirectory']}/var"
    assert service["WorkingDirectory"] in line


def test_the_unit_waits_longer_than_the_daemon_takes() -> None:
    """The service manager doesn't kill the daemon while it finishes a call."""
    from scheduler.daemon import lanes, process

    assert int(_unit()["Service"]["TimeoutStopSec"]) > process._STOP_SECONDS + lanes.REST_SECONDS


def test_the_guide_installs_what_the_unit_starts() -> None:
    """docs/operating.md uses the paths and the user of the unit."""
    service, page = _unit()["Service"], pages.text("operating.md")
    for value in (
        service["WorkingDirectory"],
        re.split(r"/bin/", service["ExecStart"])[0],
        f"--shell /usr/sbin/nologin {service['User']}",
    ):
        assert value in page
