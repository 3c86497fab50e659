"""The daemon, as a service runs it: on time, awake to changes, and gone when told to."""

import json
import signal
from collections.abc import Callable
from datetime import datetime

from tests.acceptance.command import Campaign, ago, ahead, stop, wait_for


def test_the_daemon_is_on_time_and_notices_what_changes(campaign: Campaign):
    """A post due in seconds leaves within a second of its time; an edited file is noticed; a copy can be made."""
    with campaign.daemon():
        campaign.write(f"id: a, at: {ahead(seconds=3)}, text: A")
        campaign("queue")
        (receipt,) = wait_for(campaign.outbox)
        told = json.loads(receipt.read_text("utf-8"))
        late = datetime.fromisoformat(told["published_at"]) - datetime.fromisoformat(told["due_at"])
        assert 0 <= late.total_seconds() < 1
        campaign.write(f"id: b, at: {ago(seconds=1)}, text: B")
        wait_for(lambda: len(campaign.outbox()) == 2)
        copy = campaign.home / "copy.db"
        campaign("backup", copy)
        assert "daemon is running" in campaign("restore", copy, code=1).err
        well = {check["name"]: check["ok"] for check in campaign("doctor", "--json").json["checks"]}
        assert well["daemon"] is True
    assert campaign.statuses() == {"act/a": "published", "act/b": "published"}
    campaign("restore", copy)


def test_the_daemon_ends_as_it_was_told_to(campaign: Campaign):
    """SIGTERM, a service's stop, is exit code 0; SIGINT, a person's Ctrl-C, is 130: both within ten seconds."""
    for how, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        with campaign.daemon() as process:
            said = stop(process, how)
            assert process.returncode == code
            assert how.name in said


def test_ctrl_c_before_anything_has_begun(campaign: Campaign):
    """A command that is interrupted while it waits ends with 130 and without a traceback."""
    campaign.write(
        *(f"id: p{number}, at: {ahead(days=1, minutes=number)}, text: A, card: true" for number in range(60))
    )
    process = campaign.start("rehearse")
    wait_for((campaign.folder / "var/rehearsal/state.db").exists)
    stop(process, signal.SIGINT)
    assert process.returncode == 130


def test_a_file_that_breaks_under_the_daemon_keeps_its_last_good_version(campaign: Campaign):
    """The daemon says what is wrong, goes on, and publishes what was queued before the file broke."""
    campaign.write(f"id: a, at: {ahead(seconds=4)}, text: Good")
    with campaign.daemon() as process:
        wait_for(lambda: campaign("status", "--json").json["counts"])
        (campaign.folder / "posts/act.yaml").write_text("title: [", "utf-8")
        wait_for(campaign.outbox)
        wait_for(lambda: any("posts/act.yaml:" in line for line in process.stderr or ()))
    assert campaign.outbox()[0].with_name("text.txt").read_text("utf-8") == "Good"


def test_two_daemons_publish_everything_once(make: Callable[[str], Campaign]):
    """Twenty posts due at once, two daemons on one workspace: each goes out exactly once."""
    campaign = make("shared")
    campaign.write(*(f"id: p{number}, at: {ahead(seconds=4)}, text: Post {number}" for number in range(20)))
    campaign("queue")
    with campaign.daemon(), campaign.daemon():
        wait_for(lambda: len(campaign.outbox()) == 20)
    deliveries = campaign("status", "--json").json["deliveries"]
    assert {one["status"] for one in deliveries} == {"published"}
    assert {one["attempts"] for one in deliveries} == {1}
    assert len({one["remote_id"] for one in deliveries}) == len(campaign.outbox()) == 20


def test_a_daemon_whose_log_was_lost(campaign: Campaign):
    """Killed, and its state's log gone: refused with the cure, then paused and looked up; nothing goes out again."""
    campaign.write(f"id: a, at: {ago(seconds=1)}, text: A")
    campaign("queue")
    state = campaign.folder / "var/state.db"
    with campaign.daemon() as process:
        wait_for(campaign.outbox)
        wait_for(lambda: state.with_name("state.mark").exists())
        process.kill()
        process.wait()
    state.with_name("state.db-wal").unlink()
    said = campaign("run", "--once", code=2).err
    assert f"{state}: this state is older than what was done with it" in said
    assert f"`solidarity restore {state}`" in said
    assert "everything is paused" in campaign("restore", state).out
    campaign("resume")
    campaign("run", "--once")
    assert campaign.statuses() == {"act/a": "published"}
    assert len(campaign.outbox()) == 1
