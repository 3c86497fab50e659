"""The outbox: exactly once by one rename, proof both ways, and the stand-in of a rehearsal."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.clock import SimulatedClock
from scheduler.errors import AccountBlocked, OutcomeUnknown, Rejected, TryLater
from scheduler.model import Account, Content, FileContent, Finding, Level, Medium, Outgoing, Receipt, Staged
from scheduler.publishers import base
from scheduler.publishers.outbox import ON_PAGE, Publisher

DUE = datetime(2021, 9, 10, 13, 0, tzinfo=UTC)
NOW = DUE + timedelta(seconds=5)
LOCAL = Account(name="local", platform="outbox", language="en")


class Strict(base.Publisher):
    """A network with small limits that counts a letter twice and dislikes a word."""

    platform = "strict"
    limits = base.Limits(
        text=20,
        images=1,
        image_bytes=10,
        image_types=frozenset({"image/png"}),
        alt=10,
        card=(100, 100),
        source="made up",
    )

    def measure(self, text):
        return 2 * len(text)

    def text_limit(self):
        return 40 if self.account.options.get("premium") else self.limits.text

    def problems(self, content):
        found = [Finding(rule="unwise", message="Unwise.", level=Level.warning)]
        if self.measure(content.text) > self.text_limit():
            found.append(Finding(rule="text-too-long", message="Too long for Strict."))
        return found

    def stage(self, out):
        raise NotImplementedError

    def publish(self, out, staged):
        raise NotImplementedError

    def find(self, out, staged, since):
        raise NotImplementedError

    def delete(self, receipt):
        raise NotImplementedError

    def verify(self):
        raise NotImplementedError


@pytest.fixture
def outbox(tmp_path: Path) -> Publisher:
    """Return an outbox on a clock that stands still."""
    return Publisher(LOCAL, secrets={}, folder=tmp_path, clock=SimulatedClock(NOW))


@pytest.fixture
def stand_in(tmp_path: Path) -> Publisher:
    """Return an outbox in the place of the network Strict."""
    return Publisher(LOCAL, secrets={}, folder=tmp_path, like=Strict, clock=SimulatedClock(NOW))


@pytest.fixture
def medium(tmp_path: Path) -> Medium:
    """Return a picture that is on the disk."""
    path = tmp_path / "card.png"
    path.write_bytes(b"a picture")
    return Medium(path=path, mime="image/png", width=12, height=6, size=9, sha256="", alt="A candle")


def outgoing(**changes) -> Outgoing:
    """Return a delivery with some of its fields changed."""
    values = {
        "key": "syria-not-safe/report@local",
        "account": "local",
        "language": "en",
        "text": "Not safe.",
        "token": "one",
        "due_at": DUE,
    }
    return Outgoing(**(values | changes))


def home(tmp_path: Path) -> Path:
    """Return the folder of the account."""
    return tmp_path / "outbox" / "local"


def test_a_post_becomes_a_folder(outbox, tmp_path, medium):
    """Text, picture, alt text and receipt are in a folder named by time and key, at the clock's time."""
    receipt = outbox.publish(outgoing(media=(medium,)), Staged())
    folder = home(tmp_path) / receipt.remote_id
    assert receipt.remote_id.startswith("2021-09-10_1300-syria-not-safe-report-local-")
    assert receipt.published_at == NOW
    assert receipt.url == folder.as_uri()
    assert sorted(path.name for path in folder.iterdir()) == ["1.alt.txt", "1.png", "receipt.json", "text.txt"]
    assert (folder / "text.txt").read_text(encoding="utf-8") == "Not safe."
    assert (folder / "1.png").read_bytes() == b"a picture"
    assert (folder / "1.alt.txt").read_text(encoding="utf-8") == "A candle"
    assert json.loads((folder / "receipt.json").read_text(encoding="utf-8"))["key"] == "syria-not-safe/report@local"


def test_publishing_twice_is_publishing_once(tmp_path, outbox):
    """The same token gives the first receipt again, also from another instance later; another token doesn't."""
    first = outbox.publish(outgoing(), Staged())
    later = Publisher(LOCAL, secrets={}, folder=tmp_path, clock=SimulatedClock(NOW + timedelta(days=1)))
    assert later.publish(outgoing(text="changed"), Staged()) == first
    assert later.publish(outgoing(token="two"), Staged()) != first
    assert len([path for path in home(tmp_path).iterdir() if path.is_dir()]) == 2


def test_find_proves_both_ways(outbox):
    """Absent before, the very receipt after, Absent again once it is deleted."""
    out = outgoing()
    assert isinstance(outbox.find(out, Staged(), DUE), base.Absent)
    receipt = outbox.publish(out, Staged())
    assert outbox.find(out, Staged(), DUE) == receipt
    outbox.delete(receipt)
    assert isinstance(outbox.find(out, Staged(), DUE), base.Absent)


def test_a_post_that_is_found_is_on_the_page(outbox, tmp_path):
    """Whoever put it there may have been ended before it wrote the page."""
    receipt = outbox.publish(outgoing(), Staged())
    page = home(tmp_path) / "index.html"
    page.unlink()
    later = Publisher(LOCAL, secrets={}, folder=tmp_path, clock=SimulatedClock(NOW))
    assert later.find(outgoing(), Staged(), DUE) == receipt
    assert outgoing().text in page.read_text(encoding="utf-8")


def test_a_kill_before_the_rename_leaves_nothing_visible(outbox, tmp_path):
    """A half-written folder proves nothing went out; the next attempt publishes and clears it away."""
    out = outgoing()
    token = outbox.publish(out, Staged()).remote_id.rsplit("-", 1)[1]
    outbox.delete(outbox.find(out, Staged(), DUE))
    half = home(tmp_path) / f".new-{token}-killed"
    half.mkdir()
    (half / "text.txt").write_text("Not sa", encoding="utf-8")
    assert isinstance(outbox.find(out, Staged(), DUE), base.Absent)
    assert outbox.publish(out, Staged()).published_at == NOW
    assert not half.exists()


def test_a_folder_without_its_receipt_is_never_posted_again(outbox, tmp_path):
    """Where somebody tampered with a post it can't be told, and nothing is published over it."""
    receipt = outbox.publish(outgoing(), Staged())
    (home(tmp_path) / receipt.remote_id / "receipt.json").unlink()
    assert outbox.find(outgoing(), Staged(), DUE) is None
    with pytest.raises(OutcomeUnknown, match="a person must look"):
        outbox.publish(outgoing(), Staged())


def test_deleting_twice_is_deleted(outbox, tmp_path):
    """A post that is gone counts as deleted; an interrupted deletion is finished by the next."""
    receipt = outbox.publish(outgoing(), Staged())
    folder = home(tmp_path) / receipt.remote_id
    assert isinstance(outbox.delete(receipt), base.Deleted)
    assert not folder.exists()
    left = folder.with_name(f".gone-{receipt.remote_id}")
    left.mkdir()
    assert isinstance(outbox.delete(receipt), base.Deleted)
    assert not left.exists()


@pytest.mark.parametrize("name", ["", "..", "../local", "/", "index.html"])
def test_only_posts_can_be_deleted(outbox, tmp_path, name):
    """A receipt that names anything but a post of this outbox removes nothing."""
    outbox.publish(outgoing(), Staged())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Rejected, match="not a post of this outbox"):
        outbox.delete(Receipt(remote_id=name, url=None, published_at=NOW))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_cannot_be_written_is_tried_later(outbox, tmp_path):
    """Nothing went out, which is said with the cure; looking can't prove anything there."""
    (tmp_path / "outbox").write_text("a file in place of the folder", encoding="utf-8")
    with pytest.raises(TryLater, match=r"Nothing went out\. Free some space"):
        outbox.publish(outgoing(), Staged())
    assert outbox.find(outgoing(), Staged(), DUE) is None
    with pytest.raises(AccountBlocked, match="Make it writable"):
        outbox.verify()


def test_a_picture_that_is_gone_is_tried_later(outbox, tmp_path, medium):
    """A missing file leaves no half post behind."""
    medium.path.unlink()
    with pytest.raises(TryLater, match=r"card\.png"):
        outbox.publish(outgoing(media=(medium,)), Staged())
    assert list(home(tmp_path).iterdir()) == []


def test_the_page_lists_the_newest_first(outbox, tmp_path, medium):
    """Every post is on the page with text and alt; a deleted one isn't; an unreadable one hides no other."""
    first = outbox.publish(outgoing(text="The first"), Staged())
    outbox._clock.sleep(60)
    outbox.publish(outgoing(text="The second", token="two", media=(medium,)), Staged())
    page = home(tmp_path) / "index.html"
    text = page.read_text(encoding="utf-8")
    assert text.index("The second") < text.index("The first")
    assert text.count("A candle") == 2
    broken = home(tmp_path) / "2021-09-10_1300-broken-0123456789ab"
    broken.mkdir()
    outbox.delete(first)
    text = page.read_text(encoding="utf-8")
    assert "The second" in text
    assert "The first" not in text


def test_the_page_has_an_end(outbox, tmp_path):
    """The page keeps to the newest posts and says so; the folders of all stay."""
    for number in range(ON_PAGE + 2):
        outbox.publish(outgoing(token=str(number), due_at=DUE + timedelta(minutes=number)), Staged())
    page = (home(tmp_path) / "index.html").read_text(encoding="utf-8")
    assert page.count("<article") == ON_PAGE
    assert f"the last {ON_PAGE}" in page


def test_a_page_that_cannot_be_written_does_not_fail_the_post(outbox, tmp_path):
    """What is out stays out, whatever happens to the page."""
    (home(tmp_path) / "index.html").mkdir(parents=True)
    assert outbox.publish(outgoing(), Staged()).published_at == NOW


def test_verify_returns_the_folder(outbox, tmp_path):
    """`verify` makes the folder, leaves nothing in it and says where it is."""
    assert outbox.verify() == str(home(tmp_path))
    assert list(home(tmp_path).iterdir()) == []


def test_its_own_limits(outbox):
    """Too long a text and too many images are found before anything is sent."""
    images = tuple(FileContent(file=f"{n}.png", alt="") for n in range(21))
    found = outbox.problems(Content(text="a" * 100_001, language="en", images=images))
    assert [finding.rule for finding in found] == ["text-too-long", "too-many-images"]
    assert outbox.problems(Content(text="a", language="en")) == []
    assert not outbox.live


def test_an_account_name_stays_inside_the_outbox(tmp_path):
    """A name with dots and slashes makes a folder below outbox, never beside it."""
    account = replace(LOCAL, name="../../x")
    Publisher(account, secrets={}, folder=tmp_path).publish(outgoing(), Staged())
    assert [path.name for path in tmp_path.iterdir()] == ["outbox"]
    assert [path.name for path in (tmp_path / "outbox").iterdir()] == ["x"]


def test_a_stand_in_measures_like_its_network(stand_in, tmp_path):
    """Limits, measure, limit of the account and problems are the network's; the class keeps its own."""
    assert stand_in.limits is Strict.limits
    assert Publisher.limits.text == 100_000
    assert stand_in.measure("abc") == 6
    assert stand_in.problems(Content(text="a", language="en"))[0].rule == "unwise"
    premium = replace(LOCAL, options={"premium": True})
    assert Publisher(premium, secrets={}, folder=tmp_path, like=Strict).text_limit() == 40
    assert not stand_in.live


def test_a_stand_in_takes_what_its_network_takes(stand_in, tmp_path, medium):
    """A warning is no refusal; a rehearsal's folders have no page of their own."""
    receipt = stand_in.publish(outgoing(media=(medium,)), Staged())
    assert isinstance(receipt, Receipt)
    assert not (home(tmp_path) / "index.html").exists()


@pytest.mark.parametrize(
    ("post", "message"),
    [
        (("Much too long.", [{}]), "Too long for Strict."),
        (("Short.", [{}, {}]), "There are 2 images; 1 fit."),
        (("Short.", [{"size": 11}]), "card.png has 11 bytes of 10."),
        (("Short.", [{"mime": "image/webp"}]), "card.png is image/webp; it takes image/png."),
        (("Short.", [{"alt": "A long alt text"}]), "The alt text of card.png has 15 characters of 10."),
    ],
)
def test_a_stand_in_refuses_what_its_network_refuses(stand_in, tmp_path, medium, post, message):
    """What would fail on the day fails in the rehearsal, with the reason, and leaves nothing."""
    text, changes = post
    media = tuple(replace(medium, **change) for change in changes)
    with pytest.raises(Rejected) as refusal:
        stand_in.publish(outgoing(text=text, media=media), Staged())
    assert str(refusal.value) == message
    assert not home(tmp_path).exists()
