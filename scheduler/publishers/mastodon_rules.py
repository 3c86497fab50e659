"""What a Mastodon server refuses: said while people write, and again before sending, by the server's own figures.

Both count alike: see `mastodon_text`.
"""

from scheduler.errors import Rejected
from scheduler.model import Content, Finding, Level, Medium, Outgoing
from scheduler.publishers import mastodon_text
from scheduler.publishers.base import Limits
from scheduler.publishers.mastodon_figures import Figures


def size(text: str, warning: str, figures: Figures) -> int:
    """Return the length of a text with its warning, which counts too."""
    link = figures.characters_reserved_per_url
    return mastodon_text.length(text, link=link) + mastodon_text.length(warning, link=link)


def _at_most(text: str, figures: Figures) -> int:
    """Return what a text can't be longer than: told at once, and enough for all that aren't near the limit."""
    return len(text) + figures.characters_reserved_per_url * text.count("://")


def of_text(content: Content, figures: Figures, account: str) -> list[Finding]:
    """Return what is wrong with a text."""
    found = []
    over = 0
    if _at_most(content.text, figures) + _at_most(content.warning, figures) > figures.max_characters:
        over = size(content.text, content.warning, figures) - figures.max_characters
    if over > 0:
        what = f"{over} character{'s' if over > 1 else ''} over the {figures.max_characters} of {account}"
        counted = " (the warning counts)" if content.warning else ""
        cure = "shorten the text, or write a shorter one for it under text_for"
        found.append(Finding(rule="text-too-long", message=f"{what}{counted}: {cure}"))
    if not content.text.strip():
        found.append(Finding(rule="text-empty", message="there is no text: write one"))
    for mention in mastodon_text.local_mentions(content.text):
        message = f"{mention} is looked for on the account's own server: write {mention}@ and their server"
        found.append(Finding(rule="local-mention", message=message, level=Level.warning))
    return found


def of_media(content: Content, figures: Figures, account: str) -> list[Finding]:
    """Return what is wrong with pictures and film."""
    found = []
    pictures, most = len(content.images) + (content.card is not None), figures.max_media_attachments
    if pictures > most:
        message = f"{pictures} pictures, {account} takes {most} (a card counts as one): leave some out"
        found.append(Finding(rule="too-many-images", message=message, about="images"))
    described = [(f"picture {n}", image.alt, "images") for n, image in enumerate(content.images, 1)]
    described += [("the video", content.video.alt, "video")] if content.video else []
    for name, alt, about in described:
        if (over := len(alt) - figures.description_limit) > 0:
            message = f"the alt text of {name} is {over} over the {figures.description_limit} of {account}: shorten it"
            found.append(Finding(rule="alt-too-long", message=message, about=about))
    if content.video is not None and pictures:
        message = "Mastodon takes pictures or a video, not both: keep one kind"
        found.append(Finding(rule="mixed-media", message=message, about="video"))
    return found


def refuse(out: Outgoing, figures: Figures, limits: Limits, where: str) -> None:
    """Make sure that a post is within the server's own figures, which config.yaml may not know.

    Raises:
        Rejected: it isn't.
    """
    if (length := size(out.text, out.warning, figures)) > figures.max_characters:
        raise Rejected(f"the text has {length} characters, {where} takes {figures.max_characters}")
    if len(out.media) > figures.max_media_attachments:
        raise Rejected(f"{len(out.media)} media, {where} takes {figures.max_media_attachments}")
    for medium in out.media:
        _refuse_medium(medium, figures, limits, where)


def _refuse_medium(medium: Medium, figures: Figures, limits: Limits, where: str) -> None:
    is_film = limits.film is not None and medium.mime == "video/mp4"
    known = figures.video_size_limit if is_film else figures.image_size_limit
    most = known or (limits.film.bytes if is_film and limits.film else limits.image_bytes)
    if (not is_film and medium.mime not in limits.image_types) or medium.size > most:
        raise Rejected(f"{medium.path.name}: {medium.mime} of {medium.size} bytes is not for {where}")
    pixels = medium.width * medium.height
    if not is_film and figures.image_matrix_limit and pixels > figures.image_matrix_limit:
        raise Rejected(f"{medium.path.name}: {medium.width} x {medium.height} pixels are too many for {where}")
    if len(medium.alt) > figures.description_limit:
        raise Rejected(f"an alt text has {len(medium.alt)} characters, {where} takes {figures.description_limit}")
