"""The reference campaign, a volunteer's photo included, on six networks at once in a strict rehearsal."""

from pathlib import Path

from scheduler.standins import names
from scheduler.status import Status
from tests.reference import rehearsed


def test_the_campaign_goes_out_on_six_networks(tmp_path: Path) -> None:
    """Whatever is due is out, each post and part once, on every network; no address looks like a real one."""
    result = rehearsed(tmp_path)
    assert result.count("failed", "unknown", "needs-human", "missed") == 0
    out = [one for one in result.deliveries if one.status is Status.published]
    assert {one.platform for one in out if one.from_submission} == names()
    for platform in names():
        assert result.there[platform] == sum(one.length for one in out if one.platform == platform) > 1
    assert {one.url for one in out} == {None}
