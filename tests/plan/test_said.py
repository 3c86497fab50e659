"""What `plan` and `preview` say of threads, warnings and money, in words and in JSON."""

import os
from pathlib import Path

import pytest

from tests.docs import pages

CONFIG = """\
name: Test
timezone: America/Toronto
languages: [en]
accounts:
  x-en: {platform: x, keys: X_EN, budget: 1}
  masto: {platform: mastodon, keys: M, base_url: "https://mastodon.example"}
  local: {platform: outbox}
"""
POSTS = """\
title: Act
phase: ongoing
link: https://example.org/act
posts:
  - {id: plain, at: 2035-09-10 09:00, text: Hello, accounts: [x-en, local]}
  - id: long
    at: 2035-09-11 09:00
    thread: true
    warning: Torture
    accounts: [x-en, masto]
    text: >-
      %s
  - id: evening
    every: {days: daily, time: "18:00", from: 2035-10-01, until: 2035-10-06}
    text: Good evening
    accounts: [x-en]
"""


@pytest.fixture
def campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a workspace with two networks and a folder."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG, "utf-8")
    (tmp_path / "posts/act.yaml").write_text(POSTS % ("This is a sentence of some length. " * 12), "utf-8")
    monkeypatch.chdir(tmp_path)
    return Path(os.curdir)


@pytest.mark.usefixtures("campaign")
def test_plan_says_what_it_costs() -> None:
    """Each part of a thread on X costs, more where there is a link; months over the budget are named."""
    (price,) = pages.run("plan", "--json").json["prices"]
    assert price == {
        "account": "x-en",
        "deliveries": 8,
        "estimate": 1.615,
        "currency": "USD",
        "budget": 1.0,
        "over": ["2035-10"],
    }
    said = pages.run("plan")
    assert "x-en: 8 posts, about US$ 1.62, budget 1 a month" in said.out
    assert "warning: x-en: the posts of 2035-10 cost about US$ 1.20, and its budget is 1 a month" in said.err


@pytest.mark.usefixtures("campaign")
def test_what_is_queued_still_costs() -> None:
    """The estimate is of all that is to go out: queueing it changes nothing, cancelling a post does."""
    before = pages.run("queue", "--json").json
    assert len(before["add"]) == 10
    after = pages.run("plan", "--json").json
    assert (after["add"], after["prices"]) == ([], before["prices"])
    assert pages.run("cancel", "act/plain@x-en").code == 0
    assert pages.run("plan", "--json").json["prices"][0]["deliveries"] == 7


@pytest.mark.usefixtures("campaign")
def test_preview_shows_every_part() -> None:
    """The parts with their lengths as the network counts them; the warning in its place."""
    x, masto = sorted(pages.run("preview", "act/long", "--json").json, key=lambda one: one["platform"] != "x")
    assert [part["limit"] for part in x["parts"]] == [280, 280]
    assert all(part["length"] <= 280 for part in x["parts"])
    assert x["parts"][0]["text"].startswith("⚠ Torture\n\nThis")
    assert x["parts"][1]["text"].endswith("(2/2)")
    assert (masto["warning"], "Torture" in masto["parts"][0]["text"]) == ("Torture", False)
    assert x["link"] is None
    said = pages.run("preview", "act/long", "--account", "masto").out
    assert "readers are warned first: Torture" in said
    assert "part 2, an answer to part 1:" in pages.run("preview", "act/long", "--account", "x-en").out
