"""What goes out and what doesn't, and what people decide about it: all on an outbox account."""

import os

from tests.acceptance.command import Campaign, ago, ahead
from tests.acceptance.test_writing import DELIVERY


def test_what_is_due_goes_once_and_its_way_is_in_the_log(campaign: Campaign):
    """`run --once` publishes what is due, by itself without `queue`; a second run publishes nothing."""
    campaign.write(f"id: now, at: {ago(minutes=2)}, text: 'Hello: world'", f"id: later, at: {ahead(days=1)}, text: B")
    ran = campaign("run", "--once")
    assert ran.out.splitlines()[-1] == "1 published"
    assert not ran.err
    assert campaign("run", "--once").out == "nothing went out\n"
    (receipt,) = campaign.outbox()
    assert (receipt.parent / "text.txt").read_text("utf-8") == "Hello: world"
    standing = campaign("status", "--json").json
    assert set(standing) >= {"counts", "paused", "deliveries"}
    assert standing["counts"] == {"published": 1, "queued": 1}
    assert standing["paused"] == []
    out = standing["deliveries"][0]
    for name, kind in DELIVERY.items():
        assert isinstance(out[name], kind), name
    assert (out["attempts"], out["remote_id"]) == (1, receipt.parent.name)
    steps = campaign("log", "act/now@local", "--json").json
    assert [step["event"] for step in steps] == ["queued", "claimed", "staged", "sending", "published"]
    assert set(steps[0]) == {"at", "event", "detail"}
    words = campaign("log", "act/now@local").out.splitlines()
    assert "event" in words[0]
    assert len(words) == 1 + len(steps)
    assert "act/now@local" in campaign("status", "act/now").out


def test_an_approval_is_for_the_text_as_it_stands(campaign: Campaign):
    """Held until a person approves; an edit afterwards voids the approval."""
    post = f"id: a, at: {ago(minutes=1)}, approve: true, text: "
    campaign.write(post + "First")
    held = campaign("run", "--once", "--json").json
    assert held["held"] == 1
    assert held["deliveries"][0]["reason"].startswith("approval: ")
    assert "is approved" in campaign("approve", "act/a@local").out
    campaign.write(post + "Second")
    assert campaign("run", "--once", "--json").json["held"] == 1
    assert campaign("approve", "act/a@local", "--json").json["status"] == "queued"
    assert campaign("run", "--once", "--json").json["published"] == 1
    assert campaign.outbox()[0].with_name("text.txt").read_text("utf-8") == "Second"
    assert "it is published" in campaign("approve", "act/a@local", code=1).err


def test_an_action_that_waits_for_a_release_goes_after_it(campaign: Campaign):
    """`release: manual` holds every post of the action until `release`, once and for all."""
    campaign.write(
        f"id: a, at: {ago(minutes=1)}, text: A", f"id: b, at: {ahead(days=1)}, text: B", head="release: manual"
    )
    campaign("run", "--once")
    assert campaign.statuses() == {"act/a": "held", "act/b": "held"}
    assert campaign("release", "act").out == "act is released: 2 deliveries may go at their times\n"
    campaign("run", "--once")
    assert campaign.statuses() == {"act/a": "published", "act/b": "queued"}
    campaign.write(f"id: c, at: {ahead(days=1)}, text: C", action="open")
    campaign("queue")
    assert "without a release" in campaign("release", "open", code=1).err


def test_a_pause_holds_and_nothing_goes_by_itself_afterwards(campaign: Campaign):
    """What came due under a pause is listed by `resume` and stays held until a person decides."""
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: A", f"id: b, at: {ahead(days=1)}, text: B")
    campaign("queue")
    assert campaign("pause", "--action", "act", "--why", "a fire", "--json").json["changed"] is True
    assert "was paused already" in campaign("pause", "--action", "act", "--why", "again").out
    campaign("run", "--once")
    paused = campaign("status", "--json").json
    assert [(one["scope"], one["name"], one["why"]) for one in paused["paused"]] == [("action", "act", "a fire")]
    assert {one["post"]: one["status"] for one in paused["deliveries"]} == {"a": "held", "b": "queued"}
    assert "a fire" in campaign("status").out
    assert "action act" in campaign("resume", code=1).err  # everything isn't paused: it says what is
    resumed = campaign("resume", "--action", "act")
    assert "1 delivery came due" in resumed.out
    assert "`solidarity retry act/a@local`" in resumed.out
    campaign("run", "--once")
    assert campaign.statuses()["act/a"] == "held"
    assert campaign("retry", "act/a@local").out.startswith("act/a@local is queued")
    campaign("run", "--once")
    assert campaign.statuses() == {"act/a": "published", "act/b": "queued"}


def test_a_late_post_follows_its_rule(campaign: Campaign):
    """Ten minutes late with one minute allowed: held, skipped or published, as its rule says."""
    rules = ("hold", "skip", "publish")
    campaign.write(
        *(f"id: {then}, at: {ago(minutes=10)}, text: {then}, late: {{after: 1 minute, then: {then}}}" for then in rules)
    )
    ran = campaign("run", "--once", "--json").json
    assert (ran["held"], ran["missed"], ran["published"]) == (1, 1, 1)
    assert campaign.statuses() == {"act/hold": "held", "act/skip": "missed", "act/publish": "published"}
    assert campaign.delivery("act/hold@local")["reason"].startswith("late: ")
    campaign("retry", "act/hold@local")
    assert "1 published" in campaign("run", "--once").out


def test_what_a_person_took_out_stays_out(campaign: Campaign):
    """A cancelled post isn't queued again by its file; `retry` brings it back; what is out can't be cancelled."""
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: A")
    campaign("queue")
    assert campaign("cancel", "act/a@local", "--json").json["status"] == "cancelled"
    assert "cancelled already" in campaign("cancel", "act/a@local", code=1).err
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: Another text")
    assert campaign("run", "--once").out == "nothing went out\n"
    campaign("retry", "act/a@local")
    assert "1 published" in campaign("run", "--once").out
    assert "solidarity withdraw" in campaign("cancel", "act/a@local", code=1).err
    assert "out already" in campaign("retry", "act/a@local", code=1).err
    assert "published" in campaign("resolve", "act/a@local", "--not-published", code=1).err


def test_a_withdrawn_post_is_gone_for_good(campaign: Campaign):
    """`withdraw` takes it down on its network; neither its file, `retry` nor a second `withdraw` changes that."""
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: A", f"id: b, at: {ahead(days=1)}, text: B")
    campaign("run", "--once")
    folder = campaign.outbox()[0].parent
    ran = campaign("withdraw", "act/a@local")
    assert "act/a@local is withdrawn" in ran.out
    assert "Copies" in ran.err
    assert not folder.exists()
    assert "taken down already" in campaign("withdraw", "act/a@local", code=1).err
    assert "never goes out again" in campaign("retry", "act/a@local", code=1).err
    before = campaign("withdraw", "act/b@local", "--json").json
    assert (before["id"], before["status"]) == ("act/b@local", "cancelled")
    campaign("run", "--once")
    assert campaign.statuses() == {"act/a": "withdrawn", "act/b": "cancelled"}


def test_what_is_not_there_is_said(campaign: Campaign):
    """A name that nothing bears ends with a line that says so, and nothing is done."""
    for *args, code in (
        ("approve", "nosuch", 2),
        ("cancel", "nosuch", 2),
        ("retry", "nosuch", 2),
        ("withdraw", "nosuch", 2),
        ("log", "nosuch", 2),
        ("status", "nosuch", 2),
        ("release", "nosuch", 2),
        ("resolve", "nosuch", "--not-published", 2),
        ("resolve", "nosuch", 2),
        ("pause", "--action", "nosuch", "--why", "x", 2),
        ("pause", "--account", "nosuch", "--why", "x", 2),
        ("pause", "--account", "local", "--action", "act", "--why", "x", 2),
        ("pause", "--why", " ", 2),
        ("cancel", "\udcff", 2),
        ("resume", 1),
    ):
        ran = campaign(*args, code=code)
        assert len(ran.said) == 1, args
        assert not ran.out, args


def test_a_run_by_cron_keeps_house_too(campaign: Campaign):
    """What belongs to no submission is deleted without a daemon as well; what is younger than an hour stays."""
    campaign.write(f"id: later, at: {ahead(days=1)}, text: B")
    uploads = campaign.folder / "var/uploads"
    uploads.mkdir(parents=True)
    for name in ("old.jpg", "new.jpg"):
        (uploads / name).write_bytes(b"x")
    os.utime(uploads / "old.jpg", (0, 0))
    campaign("run", "--once")
    assert [file.name for file in uploads.iterdir()] == ["new.jpg"]
