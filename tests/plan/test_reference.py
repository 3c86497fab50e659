"""The campaign that comes with the program: it uses all six networks, and each of them takes all of it."""

from pathlib import Path

import pytest

from scheduler.clock import SystemClock
from scheduler.model import Level, Planned
from scheduler.operations.check import Checked, check
from scheduler.plan import deliveries

ROOT = Path(__file__).parents[2]
NETWORKS = {"bluesky", "facebook", "instagram", "mastodon", "threads", "x"}


@pytest.fixture(scope="module")
def checked() -> Checked:
    """Return what the check says of the campaign."""
    return check(ROOT, clock=SystemClock())


@pytest.fixture(scope="module")
def planned(checked: Checked) -> list[Planned]:
    """Return what goes out of it."""
    from scheduler.app import workspace

    return deliveries(checked.actions, workspace(ROOT)[0])


def test_no_network_refuses_any_of_it(checked: Checked) -> None:
    """There is no error, and no warning but that its dates are past and that Instagram takes no alt text of films."""
    assert [str(one) for one in checked.problems if one.level is Level.error] == []
    assert {one.rule for one in checked.problems} <= {"past-time", "video-alt"}


def test_each_action_goes_to_every_network(planned: list[Planned]) -> None:
    """None of the twelve actions is missing on any of the six networks, or in the folder."""
    actions = {one.action for one in planned}
    assert len(actions) == 12
    assert {(one.action, one.platform) for one in planned} == {
        (action, network) for action in actions for network in {*NETWORKS, "outbox"}
    }


def test_hashtags_and_tags_of_the_action_are_in_every_post(planned: list[Planned]) -> None:
    """What belongs to the action is said in each post, in its network's form."""
    tags = {
        "bluesky": "@amnesty.example.org",
        "facebook": "@AmnestyCanada",
        "instagram": "@AmnestyCanada",
        "mastodon": "@amnesty@mastodon.example",
        "threads": "@AmnestyCanada",
        "x": "@AmnestyNow",
    }
    hashtags = {"syria-not-safe": "#SyriaNotSafe", "unite-for-afghanistan": "#UniteForAfghanistan"}
    for one in planned:
        assert tags.get(one.platform, "") in one.content.whole, one.key
        assert hashtags.get(one.action, "") in one.content.whole, one.key


def test_it_shows_what_the_program_can_do(planned: list[Planned]) -> None:
    """There are a thread cut by itself and one given, a warning, a film, pictures, cards and recurrences."""
    threads = {(one.action, one.post) for one in planned if one.content.thread}
    assert {("syria-not-safe", "why"), ("vaccines-canada", "explained")} <= threads
    assert {one.platform for one in planned if one.content.thread} == {"bluesky", "mastodon", "threads", "x"}
    assert any(one.content.warning for one in planned)
    assert {one.platform for one in planned if one.content.video} == {*NETWORKS, "outbox"}
    assert any(one.content.images for one in planned)
    assert any(one.key.count("/") == 2 for one in planned)
    assert all(one.content.card or one.content.images or one.content.video for one in planned)
