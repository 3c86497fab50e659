"""What every network must do alike. Each finds its way in here by its harness file."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler import standins
from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater
from scheduler.model import CardContent, Content, FileContent, Level, Receipt
from scheduler.publishers import load, names
from scheduler.publishers.base import Deleted
from tests.publishers.harness import FAULTS, Harness, harnesses

NETWORKS = harnesses()
RAISED = {
    "refused": Rejected,
    "login-dead": AccountBlocked,
    "limited": TryLater,
    "limited-until-2030": TryLater,
    "unreachable": TryLater,
    "timeout-before": OutcomeUnknown,
    "timeout-after": OutcomeUnknown,
    "reset-after": OutcomeUnknown,
    "error-after": OutcomeUnknown,
    "cut-after": OutcomeUnknown,
    "foreign": OutcomeUnknown,
}
HANGS = {"timeout-before", "timeout-after"}


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    """Return each network in turn."""
    with NETWORKS[request.param](tmp_path).running() as running:
        yield running


def each(kind: str) -> pytest.MarkDecorator:
    """Return every fault of every network that knows it."""
    cases = [(name, fault) for name, one in NETWORKS.items() for fault in FAULTS if fault in getattr(one, kind)]
    return pytest.mark.parametrize(("network", "fault"), cases, indirect=["network"])


def test_every_network_takes_part() -> None:
    """A network without a harness would be a network nobody tests."""
    assert set(NETWORKS) == names() == {one.platform for one in NETWORKS.values()}
    assert all(load(name).platform == name for name in names())
    assert set(RAISED) == set(FAULTS)
    assert standins.names() == names() - {"outbox"}


def test_names_its_source(network: Harness) -> None:
    """The figures of a network say where they come from, and a card fits in."""
    limits = network.publisher().limits
    assert limits.source
    assert min(*limits.card, limits.text, limits.images, limits.image_bytes, limits.alt) > 0
    assert "image/jpeg" in limits.image_types


def test_opens_nothing(network: Harness) -> None:
    """Constructing and checking need neither secrets nor the network."""
    publisher = network.publisher()
    bare = type(publisher)(publisher.account, secrets={}, folder=network.folder)
    assert bare.problems(network.content("Libérez-les")) == []


def test_says_who_it_is(network: Harness) -> None:
    """The keys stand for somebody."""
    assert network.publisher().verify()


def test_publishes(network: Harness) -> None:
    """What was handed over is out once: its words to the letter, its picture to the byte, its alt text."""
    publisher = network.publisher()
    picture = network.picture()
    out = network.out("Libérez-les & <écrivez> à https://example.com/a?b=1&c=2 #Liberté", picture)
    before = datetime.now(UTC)
    receipt = publisher.publish(out, publisher.stage(out))
    (seen,) = network.public()
    assert (seen.text, seen.pictures) == (out.text, ((picture.sha256, picture.alt),))
    assert receipt.remote_id == seen.id
    assert receipt.url
    assert receipt.published_at.utcoffset() is not None
    assert abs(receipt.published_at - before).total_seconds() < 60


def test_staging_is_invisible_and_repeatable(network: Harness) -> None:
    """Nothing shows before the visible call, however often a delivery is staged."""
    publisher = network.publisher()
    out = network.out("Encore", network.picture())
    publisher.stage(out)
    staged = publisher.stage(out)
    assert network.public() == []
    assert not publisher.stage_expired(staged, datetime.now(UTC))
    publisher.publish(out, staged)
    assert len(network.public()) == 1


def test_four_pictures_keep_their_order(network: Harness) -> None:
    """Several pictures arrive in the order they were given, each with its own alt text."""
    publisher = network.publisher()
    pictures = [network.picture(f"{n}.png", f"Photo {n}") for n in range(min(4, publisher.limits.images))]
    out = network.out("Quatre", *pictures)
    publisher.publish(out, publisher.stage(out))
    (seen,) = network.public()
    assert seen.pictures == tuple((picture.sha256, picture.alt) for picture in pictures)


def test_measures_as_the_network_does(network: Harness) -> None:
    """Texts weigh what the network says."""
    publisher = network.publisher()
    assert [publisher.measure(text) for text, _ in network.measured] == [size for _, size in network.measured]
    assert publisher.measure(network.longest) == publisher.text_limit()


def test_takes_the_longest_text(network: Harness) -> None:
    """A text exactly at the limit is no problem, here or there."""
    publisher = network.publisher()
    assert publisher.problems(network.content(network.longest)) == []
    out = network.out(network.longest)
    publisher.publish(out, publisher.stage(out))
    assert len(network.public()) == 1


def test_one_letter_too_long(network: Harness) -> None:
    """One letter more is a problem here and a refusal there: the two count alike."""
    publisher = network.publisher()
    text = f"{network.longest}x"
    (found,) = publisher.problems(network.content(text))
    assert (found.rule, found.level, found.about) == ("text-too-long", Level.error, "text")
    out = network.out(text)
    with pytest.raises(Rejected):  # some networks tell their figures already while staging
        publisher.publish(out, publisher.stage(out))
    assert network.public() == []


def test_counts_a_card_as_a_picture(network: Harness) -> None:
    """As many pictures as fit, and a card: one too many."""
    publisher = network.publisher()
    images = tuple(FileContent(file=f"{n}.png", alt="") for n in range(publisher.limits.images))
    content = Content(text="x", language="fr", images=images)
    assert publisher.problems(content) == []
    card = CardContent(message="x", language="fr", theme="candle")
    (found,) = publisher.problems(Content(text="x", language="fr", images=images, card=card))
    assert (found.rule, found.level) == ("too-many-images", Level.error)


def test_refuses_a_file_that_is_no_picture(network: Harness) -> None:
    """A medium of a kind the network doesn't take never becomes public."""
    publisher = network.publisher()
    picture = network.picture()
    odd = replace(picture, mime="image/x-odd")
    out = network.out("Non", odd)
    with pytest.raises(Rejected):
        publisher.publish(out, publisher.stage(out))
    assert network.public() == []


@each("faults")
def test_tells_what_to_do(network: Harness, fault: str) -> None:
    """Each failure of the visible call is raised as what must be done, and one call is one call."""
    out = network.out("Une seule fois", network.picture())
    staged = network.publisher().stage(out)
    network.fail("publish", fault)
    with pytest.raises(RAISED[fault]) as raised:
        network.publisher(patience=0.2 if fault in HANGS else 10).publish(out, staged)
    if fault != "unreachable":
        assert len(network.public()) == (fault.endswith("-after"))
    if isinstance(raised.value, TryLater):
        assert raised.value.at == (datetime(2030, 1, 1, tzinfo=UTC) if fault == "limited-until-2030" else None)


@each("faults")
def test_finds_what_is_out_and_nothing_else(network: Harness, fault: str) -> None:
    """After a failure a look finds the post if, and only if, it is out, with the receipt it would have given."""
    if fault == "unreachable":
        return
    out = network.out("Retrouvé & <vu> https://example.com/ ? e\u0301", network.picture())
    staged = network.publisher().stage(out)
    since = datetime.now(UTC)
    network.fail("publish", fault)
    with pytest.raises(PublishError):
        network.publisher(patience=0.2 if fault in HANGS else 10).publish(out, staged)
    found = network.publisher().find(out, staged, since)
    assert [found.remote_id if isinstance(found, Receipt) else found for _ in network.public()] == [
        seen.id for seen in network.public()
    ]
    assert isinstance(found, Receipt) == bool(network.public())


@each("media_faults")
def test_a_failed_upload_publishes_nothing(network: Harness, fault: str) -> None:
    """Whatever happens to an upload, nothing is out, it is never called unknown, and staging again works."""
    out = network.out("Plus tard", network.picture())
    network.fail("upload", fault)
    with pytest.raises((TryLater, AccountBlocked, Rejected)):
        network.publisher(patience=0.2 if fault in HANGS else 10).stage(out)
    if fault != "unreachable":
        assert network.public() == []
        network.publisher().stage(out)


@each("faults")
def test_a_failed_look_is_no_answer(network: Harness, fault: str) -> None:
    """A look that fails raises a PublishError; it never says that the post is or isn't out."""
    publisher = network.publisher()
    out = network.out("Où est-il ?")
    staged = publisher.stage(out)
    since = datetime.now(UTC)
    publisher.publish(out, staged)
    network.fail("find", fault)
    with pytest.raises(PublishError):
        network.publisher(patience=0.2 if fault in HANGS else 10).find(out, staged, since)


def test_finds_without_what_was_staged(network: Harness) -> None:
    """A look works from the delivery alone: what was staged may have been lost."""
    publisher = network.publisher()
    out = network.out("Sans mémoire")
    since = datetime.now(UTC)
    receipt = publisher.publish(out, publisher.stage(out))
    found = network.publisher().find(out, type(publisher.stage(out))(), since)
    assert isinstance(found, Receipt)
    assert found.remote_id == receipt.remote_id


def test_deletes_twice(network: Harness) -> None:
    """A deleted post is gone, and deleting it again is no failure."""
    publisher = network.publisher()
    out = network.out("Retiré", network.picture())
    receipt = publisher.publish(out, publisher.stage(out))
    assert isinstance(publisher.delete(receipt), Deleted)
    assert network.public() == []
    assert isinstance(network.publisher().delete(receipt), Deleted)


@each("faults")
def test_calls_deleted_only_what_is_gone(network: Harness, fault: str) -> None:
    """Whatever happens to a deletion, Deleted means gone; asking again ends it."""
    publisher = network.publisher()
    out = network.out("À retirer")
    receipt = publisher.publish(out, publisher.stage(out))
    network.fail("delete", fault)
    try:
        answer = network.publisher(patience=0.2 if fault in HANGS else 10).delete(receipt)
    except PublishError:
        answer = None
    if fault != "unreachable":
        assert network.public() == [] or not isinstance(answer, Deleted)
        assert isinstance(publisher.delete(receipt), Deleted)
