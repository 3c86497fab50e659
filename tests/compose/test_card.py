"""What a card says, and what else goes out with a post."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scheduler import compose
from scheduler.model import CardOrder, Phase, Picture, Place, Text
from tests.compose.example import DUE, EN, FR, WORKSPACE, action, card, post

MIDNIGHT = datetime(2021, 9, 16, 4, tzinfo=UTC)  # the end of 15 September in Toronto


def test_own_text_without_placeholders():
    """A card without a message shows the post's text, placeholders taken out and spaces tidied."""
    assert card(CardOrder(), text="Sign here: {link}\n{tags} {hashtags}").message == "Sign here:"


def test_own_message_and_look():
    """Message, theme and photo of the card come first; logo and brand are the workspace's."""
    order = CardOrder(message=Text({"en": "Safe?", "fr": "Sûr?"}), theme="night", photo="a.jpg")
    made = card(order, account=FR, theme="candle")
    assert (made.message, made.theme, made.photo, made.language) == ("Sûr?", "night", "a.jpg", "fr")
    assert (made.brand, made.logo, made.hashtags) == ("Bureau", "images/logo.png", ("SyriaNotSafe",))


def test_a_qr_code_shows_the_actions_link_in_the_cards_language():
    """The link is on the card only where a QR code is asked for, and in the language the card speaks."""
    link = Text({"en": "https://example.org/en", "fr": "https://example.org/fr"})
    assert card(CardOrder(qr=True), account=FR, link=link).link == "https://example.org/fr"
    assert card(CardOrder(), account=FR, link=link).link == ""


def test_theme_of_action_then_brand():
    """Without a theme of its own a card has the action's, then the brand's."""
    assert card(CardOrder(), theme="candle").theme == "candle"
    assert card(CardOrder()).theme == "poster"


@pytest.mark.parametrize(
    ("phase", "english", "french"),
    [
        (Phase.focus, "Solidarity action", "Action de solidarité"),
        (Phase.final_push, "Final push", "Dernière ligne droite"),
        (Phase.ongoing, "Ongoing action", "Action en cours"),
        (Phase.individual_case, "Individual case", "Cas individuel"),
        (Phase.upcoming, "New action", "Nouvelle action"),
    ],
)
def test_label_of_each_phase(phase, english, french):
    """Every phase reads differently, in both languages."""
    assert card(CardOrder(), phase=phase).label == english
    assert card(CardOrder(), phase=phase, account=FR).label == french


@pytest.mark.parametrize(
    ("due_at", "days", "english", "french"),
    [
        (datetime(2021, 9, 12, 13, tzinfo=UTC), 3, "3 days left", "plus que 3 jours"),
        (datetime(2021, 9, 15, 3, 59, tzinfo=UTC), 1, "1 day left", "plus qu'un jour"),
        (datetime(2021, 9, 15, 4, tzinfo=UTC), 0, "last day", "dernier jour"),
        (datetime(2021, 9, 16, 3, 59, tzinfo=UTC), 0, "last day", "dernier jour"),
    ],
)
def test_days_left(due_at, days, english, french):
    """Days are counted on the calendar of the workspace; closing at midnight, the day before is the last."""
    for account, words in ((EN, english), (FR, french)):
        made = card(CardOrder(), account=account, phase=Phase.final_push, closes_at=MIDNIGHT, due_at=due_at)
        assert made.days_left == days
        assert made.label.endswith(f" · {words}")


def test_only_a_final_push_counts_days():
    """An ongoing action that closes one day has no countdown."""
    made = card(CardOrder(), closes_at=MIDNIGHT)
    assert (made.label, made.days_left) == ("Ongoing action", None)


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("prs", "اقدام جاری"),
        ("zh-Hant-HK", "持續行動"),
        ("zh-Hans", "持续行动"),
        ("fr-CA", "Action en cours"),
        ("my", ""),
    ],
)
def test_a_label_speaks_the_cards_language_or_is_left_out(language, label):
    """No card bears a line in another language than its own, whatever the workspace's first one is."""
    for first in ("en", "fr"):
        workspace = replace(WORKSPACE, languages=(first,))
        assert card(CardOrder(language=language), workspace=workspace).label == label


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("ar", "المرحلة الأخيرة · ٣ أيام متبقية"),
        ("ru", "Последний рывок · 3 дня осталось"),
        ("zh", "最后冲刺 · 还剩 3 天"),
    ],
)
def test_days_are_counted_in_the_cards_language(language, label):
    """Figures, plural and words are those of the language."""
    due = datetime(2021, 9, 12, 13, tzinfo=UTC)
    order = CardOrder(language=language)
    assert card(order, phase=Phase.final_push, closes_at=MIDNIGHT, due_at=due).label == label


def test_language_is_what_is_spoken():
    """A text that falls back to another language is said to be in that one, for voices and networks."""
    made = compose.content(action(), post({"en": "Hello"}, card=CardOrder()), FR, WORKSPACE, due_at=DUE)
    assert (made.language, made.card.language, made.card.label) == ("en", "en", "Ongoing action")
    assert compose.content(action(), post("Hello"), FR, WORKSPACE, due_at=DUE).language == "fr"


def test_card_in_a_language_of_its_own():
    """A card may be in the language of the people concerned; the post stays in the account's."""
    order = CardOrder(message=Text({"": "همبستگی"}), language="prs")
    made = compose.content(action(), post("Hello", card=order), EN, WORKSPACE, due_at=DUE)
    assert (made.language, made.card.language, made.card.message) == ("en", "prs", "همبستگی")


def test_files_with_their_words():
    """Pictures and the video carry their alt text in the account's language."""
    place = Place(file="posts/a.yaml")
    picture = Picture(file="posts/map.jpg", alt=Text({"en": "A map", "fr": "Une carte"}), place=place)
    one = post("Hello", images=(picture,), video=picture)
    made = compose.content(action(), one, FR, WORKSPACE, due_at=DUE)
    assert (made.images[0].alt, made.video.alt, made.card) == ("Une carte", "Une carte", None)
