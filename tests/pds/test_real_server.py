"""The Bluesky publisher against the real server: what is sent is kept, once, and as it was meant."""

import hashlib
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from PIL import Image

from scheduler.errors import AccountBlocked, OutcomeUnknown, Rejected, UserError
from scheduler.model import Medium, Outgoing, Receipt, Staged
from scheduler.publishers.base import IN_FLIGHT, Absent, Deleted
from scheduler.publishers.bluesky_wire import claims
from scheduler.standins import bluesky_cids
from tests.pds.conftest import Member, Pds
from tests.publishers.harness_bluesky import Harness


def out(text: str, *media: Medium, **more: object) -> Outgoing:
    """Return a delivery ready to go."""
    token = hashlib.sha256(text.encode()).hexdigest()
    now = datetime.now(UTC)
    going = Outgoing(key="a/b@c", account="bsky", language="fr", text=text, token=token, due_at=now, media=media)
    return replace(going, **more)


def picture(folder: Path, name: str, alt: str) -> Medium:
    """Return a picture in a file of its own."""
    path = folder / name
    Image.new("RGB", (160, 90), f"#{hashlib.sha256(name.encode()).hexdigest()[:6]}").save(path)
    data = path.read_bytes()
    mime = "image/jpeg" if name.endswith("jpg") else "image/png"
    digest = hashlib.sha256(data).hexdigest()
    return Medium(path=path, mime=mime, width=160, height=90, size=len(data), sha256=digest, alt=alt)


def test_a_text_is_out_once(member: Member) -> None:
    """A text is kept to the letter, at the address that was known before the call, in its language."""
    going = out("Libérez-les & <écrivez> 👩‍👩‍👧\nsans relâche")
    publisher = member.publisher()
    receipt = publisher.publish(going, publisher.stage(going))
    (post,) = member.posts()
    assert post["uri"] == receipt.remote_id
    assert post["cid"] == receipt.ids["cid"] == bluesky_cids.of_record(post["value"])
    assert (post["value"]["text"], post["value"]["langs"]) == (going.text, ["fr"])
    assert receipt.url == f"https://bsky.app/profile/{member.handle}/post/{post['uri'].rpartition('/')[2]}"
    assert publisher.verify() == f"@{member.handle}"


def test_pictures_arrive_to_the_byte(member: Member) -> None:
    """Four pictures are kept to the byte, in their order, each with its alt text and its ratio."""
    pictures = [picture(member.folder, f"{n}.{'jpg' if n % 2 else 'png'}", f"Photo nº {n}") for n in range(4)]
    going = out("Quatre", *pictures)
    publisher = member.publisher()
    publisher.publish(going, publisher.stage(going))
    (post,) = member.posts()
    kept = post["value"]["embed"]["images"]
    assert [image["alt"] for image in kept] == [one.alt for one in pictures]
    assert {(image["aspectRatio"]["width"], image["aspectRatio"]["height"]) for image in kept} == {(160, 90)}
    for image, sent in zip(kept, pictures, strict=True):
        params = {"did": member.did, "cid": image["image"]["ref"]["$link"]}
        data = requests.get(f"{member.pds.url}/xrpc/com.atproto.sync.getBlob", params=params, timeout=30).content
        assert data == sent.path.read_bytes()


def test_facets_point_at_their_words(member: Member) -> None:
    """Links, tags and mentions cover just their bytes; a handle nobody has stays plain text."""
    text = f"É👩‍👩‍👧 https://example.com/é?a=1. #Liberté, @{member.handle} et @nobody.test"
    going = out(text)
    publisher = member.publisher()
    publisher.publish(going, publisher.stage(going))
    (post,) = member.posts()
    data = text.encode()
    shown = {
        data[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(): facet["features"][0]
        for facet in post["value"]["facets"]
    }
    kind = "app.bsky.richtext.facet"
    assert shown == {
        "https://example.com/é?a=1": {"$type": f"{kind}#link", "uri": "https://example.com/é?a=1"},
        "#Liberté": {"$type": f"{kind}#tag", "tag": "Liberté"},
        f"@{member.handle}": {"$type": f"{kind}#mention", "did": member.did},
    }


def test_a_link_card_and_a_warning(member: Member) -> None:
    """A link gets its card; pictures with a warning get the label that hides them."""
    publisher = member.publisher()
    card = out("À signer", link="https://example.com/x", title="Pétition")
    hidden = out("Attention", picture(member.folder, "a.png", "une scène"), warning="violence")
    for going in (card, hidden):
        publisher.publish(going, publisher.stage(going))
    first, second = (post["value"] for post in member.posts())
    assert first["embed"]["external"] == {"uri": "https://example.com/x", "title": "Pétition", "description": ""}
    assert second["labels"]["values"] == [{"val": "graphic-media"}]


def test_a_thread_of_three(member: Member) -> None:
    """Each part answers the one before, all of them the first, and they stand in their order."""
    publisher = member.publisher()
    part, receipts = out("Un", rest=("Deux", "Trois")), []
    while True:
        receipts.append(publisher.publish(part, publisher.stage(part)))
        if not part.rest:
            break
        part = part.following(receipts[-1])
    first, second, third = member.posts()
    assert [post["value"]["text"] for post in (first, second, third)] == ["Un", "Deux", "Trois"]
    ends = [{"uri": receipt.remote_id, "cid": receipt.ids["cid"]} for receipt in receipts]
    assert second["value"]["reply"] == {"root": ends[0], "parent": ends[0]}
    assert third["value"]["reply"] == {"root": ends[0], "parent": ends[1]}


def test_the_same_again_changes_nothing(member: Member) -> None:
    """Putting the same record again, by another process too, makes no second commit and gives the same receipt."""
    publisher = member.publisher()
    going = out("Encore", picture(member.folder, "a.png", "une bougie"))
    staged = publisher.stage(going)
    receipt = publisher.publish(going, staged)
    revision = member.revision()
    stored = Staged(json.loads(json.dumps(staged.ids)))
    assert [member.publisher().publish(going, stored) for _ in range(3)] == [receipt] * 3
    assert member.revision() == revision
    assert len(member.posts()) == 1


def test_two_at_once_post_once(member: Member) -> None:
    """Many calls of the same post at the same moment leave one post."""
    going = out("Ensemble")
    staged = member.publisher().stage(going)
    said: list[object] = []

    def post() -> None:
        said.append(member.publisher().publish(going, staged))

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 6
    assert len({str(receipt) for receipt in said}) == 1
    assert len(member.posts()) == 1


def test_never_over_another_record(member: Member) -> None:
    """A later record for the same delivery is not put over the first; the look finds the first."""
    publisher = member.publisher()
    going = out("Premier")
    receipt = publisher.publish(going, publisher.stage(going))
    changed = publisher.stage(replace(going, text="Second"))
    with pytest.raises(OutcomeUnknown, match="InvalidSwap"):
        publisher.publish(going, changed)
    assert publisher.find(going, changed, datetime.now(UTC)) == receipt
    assert [post["value"]["text"] for post in member.posts()] == ["Premier"]


def test_killed_between_the_call_and_the_receipt(member: Member) -> None:
    """Before the call a look proves absence; after it, it gives the receipt that was lost, from the delivery alone."""
    going = out("Tué")
    staged = member.publisher().stage(going)
    since = datetime.now(UTC)
    assert isinstance(member.publisher().find(going, staged, since - IN_FLIGHT), Absent)
    lost = member.publisher().publish(going, staged)
    assert member.publisher().find(going, staged, since) == lost
    assert member.publisher().find(going, Staged(), since) == lost


def test_deleted_twice(member: Member) -> None:
    """A deleted post is gone, deleting it again is no failure, and a link from the network serves as well."""
    publisher = member.publisher()
    going = out("Retiré", picture(member.folder, "a.png", "une bougie"))
    receipt = publisher.publish(going, publisher.stage(going))
    remote_id, url = publisher.remote_id(str(receipt.url))
    by_hand = Receipt(remote_id=remote_id, url=url, published_at=receipt.published_at)
    assert isinstance(publisher.delete(by_hand), Deleted)
    assert member.posts() == []
    revision = member.revision()
    assert isinstance(member.publisher().delete(receipt), Deleted)
    assert member.revision() == revision


def test_one_letter_too_long(member: Member) -> None:
    """The longest text is taken, one letter more is refused: the server counts as we do."""
    publisher = member.publisher()
    for text in (Harness.longest, "ก็" * 300, "e\u0301" * 300):
        going = out(text)
        assert publisher.measure(text) == 300
        publisher.publish(going, publisher.stage(going))
        longer = out(f"{text}x")
        with pytest.raises(Rejected):
            publisher.publish(longer, publisher.stage(longer))
    assert len(member.posts()) == 3


def test_a_session_lasts_over_many_runs(member: Member) -> None:
    """A later run uses the kept session; one that has ended is renewed, and the call made again."""
    first = member.publisher()
    first.verify()
    kept = member.folder / "tokens" / "bsky.json"
    before = json.loads(kept.read_text())
    member.publisher().verify()
    assert json.loads(kept.read_text()) == before
    ended = member.pds.signed({**claims(before["access"]), "iat": 1_700_000_000, "exp": 1_700_000_001})
    kept.write_text(json.dumps({**before, "access": ended}))
    assert member.publisher().verify() == f"@{member.handle}"
    after = json.loads(kept.read_text())
    assert claims(after["refresh"])["jti"] != claims(before["refresh"])["jti"]
    assert after["access"] != ended


def test_renewed_ahead(member: Member) -> None:
    """A session that ends soon is renewed before it does; one that lasts is left alone."""

    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(minutes=100)

    kept = member.folder / "tokens" / "bsky.json"
    again_at = member.publisher().renew()
    assert again_at is not None
    assert timedelta(minutes=80) < again_at - datetime.now(UTC) < timedelta(minutes=91)
    before = kept.read_text()
    member.publisher().renew()
    assert kept.read_text() == before
    member.publisher(clock=Later()).renew()
    assert kept.read_text() != before


def test_a_session_that_cannot_be_renewed_is_made_anew(member: Member) -> None:
    """Where the server no longer knows the session, the app password makes another; a wrong one holds the account."""
    member.publisher().verify()
    kept = member.folder / "tokens" / "bsky.json"
    values = json.loads(kept.read_text())
    made_up = {**values, "access": f"{values['access'][:-3]}AAA", "refresh": f"{values['refresh'][:-3]}AAA"}
    kept.write_text(json.dumps(made_up))
    assert member.publisher().verify() == f"@{member.handle}"
    with pytest.raises(AccountBlocked, match="solidarity accounts login --account bsky") as raised:
        replace(member, app_password="canary-wrong").publisher().verify()
    assert "canary" not in str(raised.value)


def test_logging_in_by_hand(member: Member) -> None:
    """A person gives a handle and an app password; their own password isn't taken."""
    given = iter([f"@{member.handle}", member.app_password, member.handle, "canary-own"])
    publisher = member.publisher()
    publisher._secrets = {}
    secrets = publisher.log_in(lambda _question, hidden=False: next(given))  # noqa: ARG005
    assert secrets == {"IDENTIFIER": member.handle, "APP_PASSWORD": member.app_password}
    assert (member.folder / "tokens" / "bsky.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(UserError, match="app password"):
        publisher.log_in(lambda _question, hidden=False: next(given))  # noqa: ARG005


def test_a_token_for_the_video_service(member: Member, pds: Pds) -> None:
    """An app password is enough to be let in at the video service."""
    about = member.publisher()._line().read("com.atproto.server.describeServer", {}).body
    params = {"aud": about["did"], "lxm": "com.atproto.repo.uploadBlob"}
    until = int(datetime.now(UTC).timestamp()) + 1500
    answer = (
        member.publisher()._line().ask("GET", "com.atproto.server.getServiceAuth", params={**params, "exp": str(until)})
    )
    assert claims(answer.body["token"])["lxm"] == "com.atproto.repo.uploadBlob"
    assert pds.version
