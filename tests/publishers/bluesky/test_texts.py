"""How long texts are, and which of their words are links, tags and mentions."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.model import Content, FileContent
from scheduler.publishers.bluesky import Publisher
from scheduler.publishers.bluesky_text import facets
from scheduler.standins.bluesky import Server
from tests.publishers.bluesky.conftest import Ticking, going
from tests.publishers.harness_bluesky import XRPC, Harness

LOG_IN, REFRESH = f"POST {XRPC}.server.createSession", f"POST {XRPC}.server.refreshSession"
PUT, UPLOAD = f"POST {XRPC}.repo.putRecord", f"POST {XRPC}.repo.uploadBlob"


def _shown(text: str, dids: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Return what the facets of a text cover, and what they stand for."""
    data = text.encode()
    found = facets(text, (dids or {}).get)
    for facet in found:
        assert 0 <= facet["index"]["byteStart"] < facet["index"]["byteEnd"] <= len(data)
    return [
        (
            data[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode(),
            next(value for name, value in facet["features"][0].items() if name != "$type"),
        )
        for facet in found
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("👩‍👩‍👧 voir https://a.example/é?b=1&c=(d). Et", [("https://a.example/é?b=1&c=(d)",) * 2]),
        ("(https://a.example/b) «https://a.example/c»", [("https://a.example/b",) * 2, ("https://a.example/c",) * 2]),
        ("https://a.example/wiki/X_(y), https://[::1", [("https://a.example/wiki/X_(y)",) * 2]),
        ("#Liberté! #2026 #été_2026 a#b ##c #", [("#Liberté", "Liberté"), ("#été_2026", "été_2026")]),
        ("#آزادی، و #自由。", [("#آزادی", "آزادی"), ("#自由", "自由")]),
        ("https://a.example/#tag", [("https://a.example/#tag",) * 2]),
        (f"#{'x' * 64} #{'y' * 65}", [(f"#{'x' * 64}", "x" * 64)]),
        ("@a.bsky.social, @b.example @nobody.example a@a.bsky.social", [("@a.bsky.social", "A"), ("@b.example", "B")]),
        ("@user@a.bsky.social @a", []),
        ("(@A.bsky.social)", [("@A.bsky.social", "A")]),
        ("", []),
        ("见 https://a.example、然后", [("https://a.example", "https://a.example")]),
    ],
)
def test_facets_cover_what_they_stand_for(text: str, shown: list[tuple[str, str]]) -> None:
    """Links without the sentence's punctuation, tags, and mentions of names that somebody has."""
    assert _shown(text, {"a.bsky.social": "A", "b.example": "B"}) == shown


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["#a", "@b.example", "https://c.example/d", "é", " ", "(", ")", ".", "👩‍👩‍👧", "\n", "#", "@"])
    )
)
def test_any_text_s_facets_are_apart_and_whole(pieces: list[str]) -> None:
    """Whatever the text, facets lie within it, in order, apart, and cut no character in two."""
    text = "".join(pieces)
    data = text.encode()
    last = 0
    for facet in facets(text, lambda _: "did:plc:x"):
        start, end = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        assert last <= start < end <= len(data)
        assert data[start:end].decode() in text
        last = end


@settings(deadline=None)
@given(st.text(max_size=400))
def test_the_length_is_both_limits_in_one(text: str) -> None:
    """A text fits by our length exactly when it has at most 300 characters and 3,000 bytes."""
    import regex

    fits = len(regex.findall(r"\X", text)) <= 300 and len(text.encode("utf-8", "replace")) <= 3_000
    assert (Publisher.measure(Publisher.__new__(Publisher), text) <= 300) == fits


def test_says_what_is_wrong(publisher: Publisher) -> None:
    """An empty text, long alt texts, and pictures beside a film are found before anything is sent."""
    picture, film = FileContent(file="a.jpg", alt="é" * 2001), FileContent(file="a.mp4", alt="é" * 1001)
    content = Content(text=" ", language="fr", images=(picture,), video=film)
    found = [(one.rule, one.about) for one in publisher.problems(content)]
    expected = [("text-empty", "text"), ("alt-too-long", "images"), ("alt-too-long", "video"), ("mixed-media", "video")]
    assert found == expected
    fits = replace(content, text="x", images=(), video=replace(film, alt="é" * 1000))
    assert publisher.problems(fits) == []


def test_mentions_are_asked_for_once(network: Harness, server: Server, clock: Ticking, publisher: Publisher) -> None:
    """A handle is resolved once in half a day; one that nobody has stays plain text and stops nothing."""
    out = going(network, clock, "@amnesty.bsky.social @amnesty.bsky.social @nobody.bsky.social @gone.example")
    publisher.publish(out, publisher.stage(out))
    publisher.stage(out)
    asked = [dict(request.query)["handle"] for request in server.asked(f"GET {XRPC}.identity.resolveHandle")]
    assert asked.count("amnesty.bsky.social") == 1
    clock.pass_by(hours=13)
    publisher.stage(out)
    asked = [dict(request.query)["handle"] for request in server.asked(f"GET {XRPC}.identity.resolveHandle")]
    assert asked.count("amnesty.bsky.social") == 2
    (post,) = server.state()["posts"]
    assert len(post["facets"]) == 2


def test_card_labels_and_languages(network: Harness, clock: Ticking, publisher: Publisher) -> None:
    """A link gets a card where there are no media, media with a warning a label, and a post its language."""
    card = going(network, clock, "À signer", link="https://example.com/x", title="")
    hidden = going(network, clock, "Attention", network.picture(), warning="violence", language="pt-BR")
    plain = going(network, clock, "Sans image", warning="violence", language="?")
    for out in (card, hidden, plain):
        publisher.publish(out, publisher.stage(out))
    first, second, third = network.server.state()["posts"]
    assert first["link"] == {"uri": "https://example.com/x", "title": "example.com", "description": ""}
    assert (first["languages"], second["languages"], third["languages"]) == (["fr"], ["pt-BR"], [])
    assert (first["labels"], second["labels"], third["labels"]) == ([], ["graphic-media"], [])
