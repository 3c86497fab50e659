"""Sharing by oneself: the action's picture to download, the words to copy, each network's own share page."""

from urllib.parse import quote

from starlette.responses import Response

from scheduler import cleaning, compose, consents, occurrences, plan
from scheduler.errors import UserError
from scheduler.model import Account, Action, Place, Post
from scheduler.operations import intake
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.volunteers import cards, home, standing
from scheduler.web.volunteers.saying import problem

MOST = 31_000_000
"""Bytes of the form: a photo of 30 MB, and the little around it."""

NETWORKS = ("x", "instagram", "facebook", "threads", "bluesky", "mastodon")
_SHARE = {
    "x": "https://x.com/intent/post?text={text}",
    "facebook": "https://www.facebook.com/sharer/sharer.php?u={link}",
    "threads": "https://www.threads.com/intent/post?text={text}",
    "bluesky": "https://bsky.app/intent/compose?text={text}",
    "whatsapp": "https://wa.me/?text={text}",
}
"""The networks' own pages that begin a post. Mastodon has one on each server, Instagram none."""


def show(ask: Ask) -> Response:
    """Show all that is needed to share an action."""
    action = ask.site.action(ask.path["key"])
    if action is None:
        return home.no_action(ask)
    return _page(ask, action)


def frame(ask: Ask) -> Response:
    """Give back a volunteer's own photo in the action's frame. Nothing of it is kept."""
    from media.errors import MediaError

    action = ask.site.action(ask.path["key"])
    if action is None:
        return home.no_action(ask)
    file = ask.form.files.get("file")
    message = intake.tidy(ask.form["message"])[: intake.MOST_WORDS]
    if file is None:
        return _page(ask, action, wrong=ask._("Choose a photo first."))
    language = ask.words.language
    message = message or action.title.in_language(language, ask.site.workspace.language)
    try:
        clean = cleaning.photo(file.file.read(), max_side=1600)
        data = cards.framed(ask, action, clean.data, message, language)
    except MediaError as error:
        return _page(ask, action, wrong=problem(ask, type(error).__name__))
    except UserError:
        wrong = ask._("This doesn't fit on the picture. Use fewer or simpler words.")
        return _page(ask, action, wrong=wrong)
    return cards.jpeg(data, download=f"{action.key}.jpg")


def _page(ask: Ask, action: Action, *, wrong: str = "") -> Response:
    return pages.page(
        ask,
        "volunteers/share.html.jinja",
        status=422 if wrong else 200,
        action=action,
        one=home.shown(ask, action),
        texts=_texts(ask, action),
        languages=ask.site.workspace.languages,
        wrong=wrong,
        most=intake.MOST_WORDS,
    )


def _post(ask: Ask, action: Action) -> Post:
    """Return the latest post that was due, before the first the one to come; the title alone where there is none.

    What waits for somebody's yes, or for its action to open, isn't told before its time.
    """
    zone = ask.site.workspace.timezone
    timed = [
        (occurrences.to_utc(wall, zone), number)
        for number, post in enumerate(action.posts)
        if not post.submissions and not post.approve
        for _, wall in occurrences.walls(post)
    ]
    timed = [one for one in timed if plan.is_open(action, one[0])]
    state = standing.state(ask, action)
    past = [one for one in timed if one[0] <= ask.now and state != standing.SOON]
    if past or (timed and state == standing.OPEN):
        return action.posts[(max(past) if past else min(timed))[1]]
    return Post(id="share", text=action.title, place=Place(file=action.file))


def _texts(ask: Ask, action: Action) -> list[dict[str, str]]:
    """Return the words for each network, with its own tags, and the address that begins a post there."""
    workspace, language = ask.site.workspace, ask.words.language
    link = action.link.in_language(language, workspace.language) if action.link else ""
    post = _post(ask, action)
    found = []
    for name in (*NETWORKS, "whatsapp"):
        text = compose.text(action, post, Account(name="share", platform=name, language=language), workspace)
        pattern = _SHARE.get(name, "")
        if "{link}" in pattern and not link:
            pattern = ""
        address = pattern.replace("{text}", quote(text, safe="")).replace("{link}", quote(link, safe=""))
        shown = "WhatsApp" if name == "whatsapp" else consents.network_name(name, language)
        found.append({"name": name, "network": shown, "text": text, "address": address})
    return found
