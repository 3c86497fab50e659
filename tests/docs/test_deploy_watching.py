"""What watches the daemon fits it: the units' watchdogs, and the alerts on its figures."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from scheduler.daemon import process
from scheduler.daemon.signs import Signs
from scheduler.daemon.vitals import Vitals
from scheduler.operations import deliver
from tests.docs import pages
from tests.docs.test_deploy_web import DEPLOY, unit
from tests.world import World

UNITS = ("solidarity.service", "solidarity-web.service")
_LABEL = re.compile(r'(\w+)\{(\w+)=~?"([^"]+)"\}')
_WORD = re.compile(r"\b(solidarity_\w+|up)\b")


@pytest.mark.parametrize("name", UNITS)
def test_the_service_manager_is_told_and_watches(name: str) -> None:
    """It waits for the start, takes signs of life from the process itself, and ends in peace what gives none."""
    service = unit(name)["Service"]
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert int(service["WatchdogSec"]) / 2 >= process._BEAT_SECONDS
    assert int(service["WatchdogSec"]) < deliver.LEASE.total_seconds()
    assert service["WatchdogSignal"] == "SIGTERM"
    assert service["LimitCORE"] == "0"
    assert "AF_UNIX" in service["RestrictAddressFamilies"], "the way to the service manager"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="NO SYSTEMD: the units aren't verified here")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_units(name: str, tmp_path: Path) -> None:
    """Systemd itself finds nothing wrong in them."""
    text = re.sub(
        r"^ExecStart=\S+", f"ExecStart={sys.executable}", (DEPLOY / name).read_text("utf-8"), flags=re.MULTILINE
    )
    (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    ours = [line for line in (done.stdout + done.stderr).splitlines() if name in line]
    assert ours == []


def test_the_alerts_ask_for_figures_that_there_are(tmp_path: Path) -> None:
    """Every figure and label that a rule names is one that the daemon tells; every rule says what to do."""
    world = World(tmp_path)
    answer = Vitals(world.app, Signs()).answer("/metrics")
    world.close()
    assert answer is not None
    told = answer[2].decode()
    groups = YAML(typ="safe").load((DEPLOY / "prometheus-alerts.yml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 5
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["annotations"]["summary"]
        for name in set(_WORD.findall(rule["expr"])) - {"up"}:
            assert re.search(rf"^{name}[ {{]", told, re.MULTILINE), name
        found = _LABEL.findall(rule["expr"])
        assert len(found) == rule["expr"].count("{"), "every choice is looked at"
        for name, label, values in found:
            for value in values.split("|"):
                assert name == "up" or f'{name}{{{label}="{value}"}} ' in told, value


def test_the_guide_names_them() -> None:
    """docs/operating.md says how to listen, what is watched, and where the alerts are; each figure it names is told."""
    page = pages.text("operating.md")
    for words in ("--health 9464", "WatchdogSec", "../deploy/prometheus-alerts.yml", "journalctl -u solidarity"):
        assert words in page
