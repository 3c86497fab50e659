"""A good file becomes the action it describes; hostile and half-written ones become problems."""

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from scheduler.model import Every, Lateness, Phase, Risk, Text, Then
from tests.posts import campaign


def test_whole_action(tmp_path):
    """Every key of the file arrives in the action, in the words of the model."""
    loaded = campaign.load(campaign.make(tmp_path, syria_not_safe=campaign.ACTION))
    assert loaded.problems == ()
    (action,) = loaded.actions
    assert (action.key, action.phase, action.file) == ("syria-not-safe", Phase.ongoing, "posts/syria-not-safe.yaml")
    assert action.title == Text({"en": "Syria is not safe", "fr": "La Syrie n'est pas sûre"})
    assert action.opens_at == datetime(2021, 9, 8, 4, tzinfo=UTC)
    assert action.closes_at == datetime(2021, 12, 31, 23, tzinfo=UTC)
    assert action.manual_release
    assert action.hashtags == ("SyriaNotSafe",)
    assert action.tags["instagram"] == ("AmnestyCanada",)
    assert action.link == Text({"": "https://example.org/syria"})
    assert action.accounts == ("x-en", "x-fr")
    assert (action.theme, action.risk) == ("candle", Risk.elevated)
    assert action.late == Lateness(after=timedelta(hours=2), then=Then.skip)
    assert action.replies[0].links == ("https://example.org/help",)


def test_whole_post(tmp_path):
    """Every key of a post arrives, its files named from the workspace, its keys with their places."""
    loaded = campaign.load(campaign.make(tmp_path, syria_not_safe=campaign.ACTION))
    report, reminder, monday = loaded.actions[0].posts
    assert report.at == datetime(2021, 9, 10, 9)  # noqa: DTZ001 - wall clock
    assert report.text_for == {"x-en": Text({"": "Hi"})}
    assert (report.card.theme, report.card.photo) == ("poster", "posts/images/street.jpg")
    assert (report.images[0].file, report.images[0].place.line) == ("posts/images/map.jpg", 21)
    assert report.video.alt == Text({"": "A call"})
    assert (report.accounts, report.approve) == (("x-en",), True)
    assert report.late == Lateness(after=timedelta(minutes=10), then=Then.skip)
    assert str(report.places["text"]) == "posts/syria-not-safe.yaml:18:11"
    assert reminder.every == Every(
        rrule="FREQ=WEEKLY;BYDAY=TU,TH", time=time(12), since=date(2021, 9, 14), until=date(2021, 10, 28)
    )
    assert monday.every.rrule == "FREQ=MONTHLY;BYDAY=1MO"


def test_day_closes_at_its_end(tmp_path):
    """`closes: 2021-09-10` lets a post go at 23:59 of that day, and closes at midnight in the zone."""
    text = campaign.SMALL.replace("09:00", "23:59").replace("phase", "closes: 2021-09-10\nphase")
    loaded = campaign.load(campaign.make(tmp_path, one=text))
    assert loaded.problems == ()
    assert loaded.actions[0].closes_at == datetime(2021, 9, 11, 4, tzinfo=UTC)


def test_recurrence_ends_with_the_action(tmp_path):
    """Where `until` is left out, the day on which the action closes is the last."""
    text = campaign.SMALL.replace("at: 2021-09-10 09:00", 'every: {days: daily, time: "12:00", from: 2021-09-10}')
    loaded = campaign.load(campaign.make(tmp_path, one=text.replace("phase", "closes: 2021-09-30\nphase")))
    assert loaded.actions[0].posts[0].every.until == date(2021, 9, 30)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("daily", "MO,TU,WE,TH,FR,SA,SU"),
        ("weekdays", "MO,TU,WE,TH,FR"),
        ("[weekends, monday]", "MO,SA,SU"),
        ("Tue", "TU"),
    ],
)
def test_words_for_days(tmp_path, days, expected):
    """Days may be said by name, in full or short, or as daily, weekdays, weekends."""
    every = f'every: {{days: {days}, time: "12:00", from: 2021-09-10, until: 2021-09-30}}'
    loaded = campaign.load(campaign.make(tmp_path, one=campaign.SMALL.replace("at: 2021-09-10 09:00", every)))
    assert loaded.actions[0].posts[0].every.rrule == f"FREQ=WEEKLY;BYDAY={expected}"


def test_words_stay_words(tmp_path):
    """`NO` is a text and 12:30 a time of day: YAML 1.2, not 1.1."""
    text = campaign.SMALL.replace("Hello", "NO").replace("title: T", "title: 12:30")
    (action,) = campaign.load(campaign.make(tmp_path, one=text)).actions
    assert action.title == Text({"": "12:30"})
    assert action.posts[0].text == Text({"": "NO"})


@pytest.mark.parametrize("before", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_other_editors(tmp_path, before, ending):
    """A byte-order mark and the line ends of Windows change nothing."""
    raw = (before + campaign.ACTION.replace("\n", ending)).encode()
    assert campaign.load(campaign.make(tmp_path, one=raw)).problems == ()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (campaign.SMALL.encode("utf-16"), "1:1: error: the file is in UTF-16 or UTF-32; save it as UTF-8 [encoding]"),
        (b"title: T\nphase: \xe9", "2:8: error: byte 0xE9 is not UTF-8; save the file as UTF-8 [encoding]"),
        (b"title: a\0b", "1:9: error: the invisible character U+0000 can't stand here; delete it [encoding]"),
        (
            b"#" * 1_048_577,
            "1:1: error: the file is larger than 1 MB; divide it into several actions [file-too-large]",
        ),
        (b"", "1:1: error: the file is empty; fill it or delete it [empty-file]"),
    ],
)
def test_bytes_that_are_no_text(tmp_path, raw, expected):
    """What can't be read as text says so, with the place and the cure, and is broken as a whole."""
    loaded = campaign.load(campaign.make(tmp_path, one=raw))
    assert [str(problem) for problem in loaded.problems] == [f"posts/one.yaml:{expected}"]
    assert loaded.broken == {"one"}


def test_pipe_and_folder_and_device_are_not_opened(tmp_path):
    """A pipe nobody writes to, a folder, a device: a problem at once, no waiting."""
    campaign.make(tmp_path)
    os.mkfifo(tmp_path / "posts" / "pipe.yaml")
    (tmp_path / "posts" / "folder.yaml").mkdir()
    assert campaign.rules(campaign.load(tmp_path)) == ["not-a-file", "not-a-file"]


def test_links_out_of_the_workspace(tmp_path):
    """A symbolic link that leaves the workspace is refused, as an action and as a picture; a loop too."""
    (tmp_path / "secret.yaml").write_text(campaign.SMALL)
    folder = campaign.make(tmp_path / "w", one=campaign.SMALL.replace("text:", "images: [{file: l, alt: A}], text:"))
    (folder / "posts" / "l").symlink_to(tmp_path / "secret.yaml")
    (folder / "posts" / "linked.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "posts" / "loop.yaml").symlink_to(folder / "posts" / "loop.yaml")
    loaded = campaign.load(folder)
    assert set(campaign.rules(loaded)) <= {"outside-workspace", "unreadable-file"}
    assert loaded.broken == {"linked", "loop"}
    assert loaded.actions[0].posts == ()


def test_unreadable_file(tmp_path):
    """A file without permission is a problem, not a traceback."""
    campaign.make(tmp_path, one=campaign.SMALL)
    (tmp_path / "posts" / "one.yaml").chmod(0)
    expected = [] if os.access(tmp_path / "posts" / "one.yaml", os.R_OK) else ["unreadable-file"]
    assert campaign.rules(campaign.load(tmp_path)) == expected


def test_one_broken_file_leaves_the_others(tmp_path):
    """A half-written file is named as broken; the other actions are there."""
    folder = campaign.make(tmp_path, good=campaign.SMALL, half=campaign.ACTION[:300])
    loaded = campaign.load(folder)
    assert [action.key for action in loaded.actions] == ["good"]
    assert loaded.broken == {"half"}


def test_one_broken_post_leaves_the_others(tmp_path):
    """A post with an error is left out and noted; its neighbours stay."""
    loaded = campaign.load(campaign.make(tmp_path, one=campaign.ACTION.replace("[tue, thu]", "[tues, thu]")))
    assert [post.id for post in loaded.actions[0].posts] == ["report", "first-monday"]
    assert loaded.broken_posts == {("one", "reminder")}
    assert [problem.post for problem in loaded.problems] == ["one/reminder"]


def test_broken_action_is_a_draft(tmp_path):
    """What could be read of a broken action can still be checked, and isn't planned."""
    loaded = campaign.load(campaign.make(tmp_path, one=campaign.ACTION.replace("ongoing", "ongoin")))
    assert loaded.actions == ()
    assert [len(draft.posts) for draft in loaded.drafts] == [3]


def test_only_the_named_files(tmp_path):
    """With files named only these are read; config.yaml among them is passed over, a missing one is a problem."""
    folder = campaign.make(tmp_path, one=campaign.SMALL, two="broken")
    named = [Path("posts/one.yaml"), folder / "config.yaml", folder / "posts" / "nowhere.yaml"]
    loaded = campaign.load(folder, named)
    assert [action.key for action in loaded.actions] == ["one"]
    assert [str(problem.place) for problem in loaded.problems] == ["posts/nowhere.yaml:1:1"]
    assert campaign.rules(loaded) == ["missing-file"]


def test_account_with_an_error_is_known(tmp_path):
    """A post may name an account that config.yaml has an error in: the error is told once, there."""
    text = campaign.CONFIG.replace("keys: X_FR", "base_url: http://example.org")
    folder = campaign.make(tmp_path, config_text=text, one=campaign.SMALL.replace("phase", "accounts: [x-fr]\nphase"))
    from scheduler import config, posts

    workspace, problems = config.load(folder, campaign.PLATFORMS)
    assert [problem.rule for problem in problems] == ["bad-url"]
    assert workspace.broken_accounts == {"x-fr"}
    assert posts.load(workspace, now=campaign.NOW).problems == ()


def test_hashtags_of_other_scripts(tmp_path):
    """Hashtags in Arabic, Burmese, Tigrinya, Chinese and with a joiner are whole words."""
    tags = ["أنقذوا_سوريا", "မြန်မာ", "ትግራይ", "自由", "می\u200cخواهم"]
    text = campaign.SMALL.replace("phase", f"hashtags: [{', '.join(tags)}]\nphase")
    assert campaign.load(campaign.make(tmp_path, one=text)).actions[0].hashtags == tuple(tags)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYDAY=1MO",
        "freq=monthly;byday=-1fr",
        "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;WKST=MO",
        "FREQ=MONTHLY;BYMONTHDAY=15,-1",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=9,10;BYDAY=SU",
        "FREQ=DAILY;INTERVAL=3;",
    ],
)
def test_rules_that_people_write(tmp_path, rule):
    """Ordinary rules of RFC 5545 are taken, in whatever case."""
    every = f'every: {{rrule: "{rule}", time: "12:00", from: 2021-09-10, until: 2021-12-31}}'
    loaded = campaign.load(campaign.make(tmp_path, one=campaign.SMALL.replace("at: 2021-09-10 09:00", every)))
    assert loaded.problems == ()
    assert loaded.actions[0].posts[0].every.rrule.startswith("FREQ=")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_cut_text_is_placed_at_its_sign(tmp_path, newline):
    """The place of a hashtag that became a comment is right with any line ending and beside any script."""
    text = campaign.SMALL.replace("title: T", "title: 🕯 Ḥalab حلب #Syria").replace("\n", newline)
    (problem,) = campaign.load(campaign.make(tmp_path, cut=text.encode())).problems
    assert (problem.rule, problem.place.line, problem.place.column) == ("cut-text", 1, 20)


def test_a_quoted_or_folded_text_keeps_its_hashtag(tmp_path):
    """In quotes and below '>-' nothing is cut off."""
    texts = "title: T\nphase: ongoing\nposts:\n  - {id: one, at: 2021-09-10 09:00, text: 'Act. #Syria'}\n"
    texts += "  - id: two\n    at: 2021-09-12 09:00\n    text: >- # folded\n      Act now.\n      #Syria\n"
    loaded = campaign.load(campaign.make(tmp_path, kept=texts))
    assert not loaded.problems
    assert [post.text.by_language[""] for post in loaded.actions[0].posts] == ["Act. #Syria", "Act now. #Syria"]
