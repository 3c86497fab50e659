"""The Bluesky part of the reference campaign, on the real server."""

from pathlib import Path

from scheduler.clock import SimulatedClock
from scheduler.status import Status
from tests.pds.conftest import Member
from tests.reference import rehearsed


def test_the_campaign_is_out_once(member: Member, tmp_path: Path) -> None:
    """What the rehearsal sent to the stand-in is taken by the real server too: each post, its pictures, its parts."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    result = rehearsed(folder)
    sent = []
    for one in result.deliveries:
        if one.platform == "bluesky" and one.status is Status.published:
            out = one.frozen
            assert out is not None
            assert {medium.mime for medium in out.media} <= {"image/jpeg"}  # the server has no service for films
            publisher = member.publisher(clock=SimulatedClock(one.due_at))
            receipt = publisher.publish(out, publisher.stage(out))
            sent.append(out)
            while out.rest:
                out = out.following(receipt)
                receipt = publisher.publish(out, publisher.stage(out))
                sent.append(out)
    kept = member.posts()
    assert sorted(post["value"]["text"] for post in kept) == sorted(out.text for out in sent)
    assert len(kept) > 4
    pictures = [image["alt"] for post in kept for image in post["value"].get("embed", {}).get("images", [])]
    assert sorted(pictures) == sorted(medium.alt for out in sent for medium in out.media)
    assert any("We see you" in alt for alt in pictures)
