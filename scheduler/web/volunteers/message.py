"""The message, the picture with it (the reward, and it comes early), the name, and words for those who can't see."""

from starlette.responses import Response

from scheduler.errors import UserError
from scheduler.model import Action
from scheduler.operations import intake
from scheduler.submission import NameMode, Submission
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import cards
from scheduler.web.volunteers import draft as drafts
from scheduler.web.volunteers.saying import why
from scheduler.web.words import own_name

LANGUAGES = {
    "am": "አማርኛ",
    "ar": "العربية",
    "be": "Беларуская",
    "my": "မြန်မာ",
    "prs": "دری",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "ps": "پښتو",
    "fa": "فارسی",
    "ru": "Русский",
    "ti": "ትግርኛ",
    "ug": "ئۇيغۇرچە",
    "uk": "Українська",
    "zh": "中文",
}
"""The languages of messages by their own names: those of the pages, and of the people that campaigns are about."""


def show(ask: Ask, draft: Submission, action: Action) -> Response:
    """Ask for the message."""
    return _page(ask, draft, action, message=draft.message, language=draft.language or ask.words.language)


def take(ask: Ask, draft: Submission, action: Action) -> Response:
    """Keep the message, if the card can show it."""
    message, language = ask.form["message"], ask.form["language"]
    language = language if language in _languages(ask) else ask.words.language
    try:
        made = intake.describe(ask.site.app, draft, message=message, language=language)
    except intake.RefusedError as error:
        return _page(ask, draft, action, message=message, language=language, wrong={"message": why(ask, error)})
    if not made.film:
        try:
            cards.of_draft(ask, made, action, "wide")
        except UserError:
            wrong = {"message": ask._("This doesn't fit on the picture. Use fewer or simpler words.")}
            return _page(ask, draft, action, message=message, language=language, wrong=wrong)
    return pages.go("/add/preview")


def _page(
    ask: Ask, draft: Submission, action: Action, *, message: str, language: str, wrong: dict[str, str] | None = None
) -> Response:
    return drafts.question(
        ask,
        "message",
        draft,
        action,
        status=422 if wrong else 200,
        message=message,
        language=language,
        languages=_languages(ask),
        most=intake.MOST_WORDS,
        wrong=wrong or {},
    )


def _languages(ask: Ask) -> dict[str, str]:
    """Return the languages a message may be in: those of the campaign first."""
    own = {language: LANGUAGES.get(language) or own_name(language) for language in ask.site.workspace.languages}
    return own | LANGUAGES


def preview(ask: Ask, draft: Submission, action: Action) -> Response:
    """Show the framed picture as it will look, with the words that go with it."""
    if not draft.message:
        return pages.go("/add/message")
    content = cards.content_of(ask, draft, action)
    return drafts.question(ask, "preview", draft, action, text=content.text)


def ask_name(ask: Ask, draft: Submission, action: Action) -> Response:
    """Ask how the volunteer wants to be named."""
    return drafts.question(ask, "name", draft, action, mode=draft.name_mode, name=draft.name)


def take_name(ask: Ask, draft: Submission, action: Action) -> Response:
    """Keep how the volunteer wants to be named."""
    modes = {str(mode): mode for mode in NameMode}
    mode = modes.get(ask.form["mode"], NameMode.none)
    name = "" if mode is NameMode.none else ask.form["name"]
    wrong = {}
    if mode is not NameMode.none and not intake.tidy(name):
        wrong["name"] = ask._("Write the name, or choose “No name”.")
    elif len(intake.tidy(name)) > intake.MOST_NAME:
        wrong["name"] = ask._("That is too long. Please shorten it.")
    if wrong:
        return drafts.question(ask, "name", draft, action, status=422, mode=mode, name=name, wrong=wrong)
    intake.describe(ask.site.app, draft, name=name, name_mode=mode)
    return pages.go("/add/alt")


def ask_alt(ask: Ask, draft: Submission, action: Action) -> Response:
    """Ask what is to be seen, for those who can't see it."""
    return drafts.question(ask, "alt", draft, action, alt=draft.alt or _usual(ask, draft), most=intake.MOST_ALT)


def take_alt(ask: Ask, draft: Submission, action: Action) -> Response:
    """Keep what is to be seen."""
    alt = ask.form["alt"]
    if len(intake.tidy(alt)) > intake.MOST_ALT:
        wrong = {"alt": ask._("That is too long. Please shorten it.")}
        return drafts.question(ask, "alt", draft, action, status=422, alt=alt, most=intake.MOST_ALT, wrong=wrong)
    intake.describe(ask.site.app, draft, alt=alt or _usual(ask, draft))
    return pages.go("/add/where")


def _usual(ask: Ask, draft: Submission) -> str:
    """Return words that are right for most pictures."""
    if draft.film:
        return ask._("Short video of a group.") if draft.group else ask._("Short video of one person.")
    if draft.covers:
        return ask._("Photo. Faces are covered.")
    return ask._("Photo of a group.") if draft.group else ask._("Photo of one person.")
