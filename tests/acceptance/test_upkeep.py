"""Keeping it well: doctor, export, backup and restore, upgrade, rehearse."""

import csv
import io
import re
import sqlite3
from pathlib import Path

from tests.acceptance.command import Campaign, ago, ahead
from tests.acceptance.test_writing import DELIVERY


def test_doctor_says_what_is_missing(campaign: Campaign):
    """Each check has a name, a verdict and the cure; without a daemon it isn't well."""
    ran = campaign("doctor", "--json", code=1)
    assert set(ran.json) == {"ok", "checks"}
    assert ran.json["ok"] is False
    assert all(set(check) == {"name", "ok", "detail"} for check in ran.json["checks"])
    verdicts = {check["name"]: check["ok"] for check in ran.json["checks"]}
    assert {"fonts", "database", "clock", "disk", "daemon", "account local"} <= set(verdicts)
    assert [name for name, well in verdicts.items() if not well] == ["daemon"]
    (campaign.folder / "var/state.db").write_bytes(b"this is no database" * 100)
    words = campaign("doctor", code=1).out
    assert "solidarity restore" in words
    assert "solidarity run" in words


def test_the_calendar_is_for_other_tools(campaign: Campaign):
    """CSV and iCalendar parse, hold every delivery, and no cell is a formula to a spreadsheet."""
    evil = '=HYPERLINK("http://127.0.0.1")'
    campaign.write(
        f"id: a, at: {ahead(days=1)}, text: '{evil}'",
        f"id: b, at: '2121-07-01 12:30', text: 'Ligne {'é' * 60}; a, b\\c', approve: true",
        head="hashtags: [Now]",
    )
    campaign("queue")
    rows = list(csv.DictReader(io.StringIO(campaign("export", "--format", "csv").out)))
    assert [row["id"] for row in rows] == ["act/a@local", "act/b@local"]
    assert rows[0]["text"] == f"'{evil}\n\n#Now"
    assert (rows[1]["due_utc"], rows[1]["due_local"]) == ("2121-07-01T12:30:00Z", "2121-07-01 12:30")
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    raw = campaign("export", "--format", "ics").out
    lines = re.sub(r"\r?\n ", "", raw).splitlines()
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert lines.count("BEGIN:VEVENT") == lines.count("END:VEVENT") == 2
    assert {"UID:act/a@local", "DTSTART:21210701T123000Z", "STATUS:TENTATIVE"} <= set(lines)
    assert f"DESCRIPTION:Ligne {'é' * 60}\\; a\\, b\\\\c\\n\\n#Now" in lines
    assert all(len(line.encode()) <= 75 for line in raw.splitlines())


def test_a_copy_put_back_starts_paused_and_sends_nothing_again(campaign: Campaign):
    """What went out after the copy was made is known from the state it replaces, which is kept; or it is looked up."""
    campaign.write(f"id: a, at: {ago(minutes=1)}, text: A", f"id: b, at: {ahead(days=1)}, text: B")
    campaign("queue")
    copy = campaign.home / "copy.db"
    assert "copy.db" in campaign("backup", copy).out
    assert [path.name for path in campaign.home.iterdir()] == ["copy.db"]
    assert "is there already" in campaign("backup", copy, code=2).err
    campaign("run", "--once")
    assert "everything is paused" in campaign("restore", copy).out
    assert campaign.statuses() == {"act/a": "published", "act/b": "queued"}
    (campaign.folder / "var/state.db").write_bytes(b"damaged" * 1000)
    assert "1 delivery may have gone out" in campaign("restore", copy).out
    assert list((campaign.folder / "var").glob("state.db.before-*"))
    standing = campaign("status", "--json").json
    assert [one["scope"] for one in standing["paused"]] == ["all"]
    assert standing["counts"] == {"unknown": 1, "queued": 1}
    campaign("run", "--once")
    assert campaign.statuses() == {"act/a": "published", "act/b": "queued"}
    assert len(campaign.outbox()) == 1
    assert "goes on" in campaign("resume").out


def test_what_is_no_copy_is_not_put_back(campaign: Campaign):
    """A file of something else, none at all, or a folder: refused, and the state stays as it was."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: A")
    campaign("queue")
    other = campaign.home / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    text = campaign.home / "letter.txt"
    text.write_text("Dear friends, " * 500, "utf-8")
    for source in (other, text, campaign.home / "nosuch", campaign.home):
        assert "no copy" in campaign("restore", source, code=2).err.replace("no such copy", "no copy")
    assert "no such folder" in campaign("backup", campaign.home / "nosuch/copy.db", code=2).err
    assert campaign.statuses() == {"act/a": "queued"}


def test_upgrade_says_which_form_the_state_has(campaign: Campaign):
    """Twice is once; a form that this version doesn't know is said, by `upgrade` and by everything else."""
    assert campaign("upgrade").out.startswith("the state has form ")
    assert campaign("upgrade").out.endswith(" already\n")
    for form, said in (("9999", "newer version"), ("0000", "solidarity upgrade")):
        with sqlite3.connect(campaign.folder / "var/state.db") as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [form])
        connection.close()
        assert said in campaign("status", code=2).err
        assert "state.db" in campaign("upgrade", code=2).err


def test_a_rehearsal_lets_the_campaign_happen_and_publishes_nothing(campaign: Campaign):
    """Every post between two moments goes through the real code into a folder of its own, with a gallery."""
    campaign.write(
        "id: early, at: '2121-07-01 12:00', text: A",
        "id: a, at: '2121-07-02 12:00', text: B, card: true",
        "id: b, at: '2121-07-03 12:00', text: C, approve: true",
        "id: late, at: '2121-07-04 12:00', text: D",
    )
    out = campaign.home / "show"
    args = ["rehearse", "--from", "2121-07-02", "--to", "2121-07-03", "--out", out]
    ran = campaign(*args, "--json").json
    assert {name: ran[name] for name in ("published", "held", "missed", "failed")} == {
        "published": 1,
        "held": 1,
        "missed": 0,
        "failed": 0,
    }
    assert ran["out"] == str(out)
    assert "<html" in (out / "index.html").read_text("utf-8")
    for one in ran["deliveries"]:
        for name, kind in DELIVERY.items():
            assert isinstance(one[name], kind), name
    first = next(one for one in ran["deliveries"] if one["post"] == "a")
    assert (first["status"], first["due_at"]) == ("published", "2121-07-02T12:00:00Z")
    assert "\n1 published, 1 held" in f"\n{campaign(*args).out}"
    assert not (campaign.folder / "var/state.db").exists()
    assert campaign.outbox() == []


def test_a_rehearsal_refuses_what_makes_no_sense(campaign: Campaign):
    """Moments that are none, an end before the beginning, a folder that holds something else, nothing to rehearse."""
    assert "nothing is planned" in campaign("rehearse", code=1).err
    campaign.write("id: a, at: '2121-07-02 12:00', text: A", "id: b, at: '2121-07-03 12:00', txt: B")
    for moment in ("yesterday", "0001-01-01", "9999-12-31"):
        assert "write a date" in campaign("rehearse", "--from", moment, code=2).err
    assert "after the beginning" in campaign("rehearse", "--from", "2121-02-01", "--to", "2121-01-01", code=2).err
    kept = campaign.home / "letter.txt"
    kept.write_text("mine", "utf-8")
    for out in (campaign.home, kept):
        assert str(out) in campaign("rehearse", "--out", out, code=1).err
    assert kept.read_text("utf-8") == "mine"
    ran = campaign("rehearse", "--json", code=1)
    assert ran.json["published"] == 1
    assert "posts/act.yaml:5:" in ran.err


def test_restore_heals_a_damaged_state(campaign: Campaign):
    """A copy can be put back over a state that can't be opened any more."""
    campaign.write(f"id: a, at: {ahead(days=1)}, text: A")
    campaign("queue")
    copy, state = campaign.home / "copy.db", campaign.folder / "var/state.db"
    campaign("backup", copy)
    state.write_bytes(b"\0" * 5000)
    for command in (["status"], ["run", "--once"]):
        assert "solidarity restore" in campaign(*command, code=2).err
    campaign("restore", copy)
    assert campaign.statuses() == {"act/a": "queued"}
    assert Path(copy).exists()
