"""What is queued keeps its hash over an upgrade: tokens stay the same, and nothing looks edited."""

from dataclasses import replace
from datetime import UTC, datetime

from scheduler.model import CardContent, Content, FileContent, Lateness, Planned
from scheduler.store.records import content_from, content_values, planned_values

CARD = CardContent(
    message="Safe?",
    language="en",
    theme="poster",
    label="Ongoing action",
    hashtags=("SyriaNotSafe",),
    brand="Desk",
    photo="posts/images/street.jpg",
    photo_sha256="ab" * 32,
)
PLANNED = Planned(
    key="syria/report@x-en",
    action="syria",
    post="report",
    account="x-en",
    platform="x",
    due_at=datetime(2021, 9, 10, 13, tzinfo=UTC),
    content=Content(
        text="Hello #SyriaNotSafe",
        language="en",
        card=CARD,
        images=(FileContent(file="posts/images/map.jpg", alt="A map", sha256="cd" * 32),),
    ),
    late=Lateness(),
    closes_at=datetime(2022, 1, 1, tzinfo=UTC),
    needs_approval=True,
)


def test_the_hashes_of_the_first_version():
    """The very hashes that the version before photos of volunteers gave."""
    values = planned_values(PLANNED)
    assert values["content_hash"] == "a34edc8f0bd3daf520a9d4cdfb15959bec47de8cb1b0bb851d1331c4baf3d714"
    assert values["fingerprint"] == "5a31aa8bc14427bfb84e19b915f5593923b7dca8d150511d037cad76bd3fa3d2"


def test_an_alt_text_is_part_of_the_content():
    """With an alt text of its own a card is another one, and comes back as it was stored."""
    described = replace(PLANNED.content, card=replace(CARD, alt="A street."))
    assert (
        planned_values(replace(PLANNED, content=described))["content_hash"] != planned_values(PLANNED)["content_hash"]
    )
    for content in (PLANNED.content, described):
        assert content_from(content_values(content)) == content
