"""PURE: an action and a post -> the words that go out on one account, and the words on its card.

Hashtags, tags and the link belong to the action: they are added here, so that no post can lose them.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from scheduler import captions, phases, splitting
from scheduler.captions import Caption
from scheduler.model import (
    WARNING_SIGN,
    Account,
    Action,
    CardContent,
    CardOrder,
    Content,
    FileContent,
    Phase,
    Picture,
    Post,
    Risk,
    Text,
    Workspace,
)
from scheduler.submission import NameMode, Submission

PLACEHOLDERS = ("link", "tags", "hashtags")
FRAME = "frame"
"""The theme of a volunteer's photo, where its post doesn't ask for another."""

UPLOADS = "var/uploads"
"""Where what volunteers handed in lies, in the workspace."""

_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")
_ADDRESS = re.compile(r"https?://\S+")
_MARKS = re.compile("[#@]|://")
# A word set in beside these needs no space; beside anything else it would run into its neighbour.
_OPENING = "([{<«“‘„\"'¿¡"  # noqa: RUF001
_CLOSING = ")]}>»”’\"'.,;:!?…؟،؛。、！？：；"  # noqa: RUF001
_SENTENCE_END = ".,;:!?)]}'\"»”’…。"  # noqa: RUF001
_NOT_BEFORE = ("&", "#", "@", "/")  # right before a hashtag or tag they keep it from being one
# What X's own rules take inside a hashtag beside letters, marks and digits (twitter-text, read 2026-08).
_JOINERS = "_\u200c\u200d\u00b7\u05f3\u05f4\u0f0b\u30fb"


@dataclass(frozen=True, kw_only=True)
class Network:
    """What an account's network makes of words: which texts fit it, and what it has a field for."""

    fits: Callable[[str], bool] = bool
    threads: bool = False
    link_card: bool = False
    warning: bool = False


ANY = Network()
"""A network without limits, and without fields for anything but the text."""


def text(action: Action, post: Post, account: Account, workspace: Workspace) -> str:
    """Return all that the post says on the account, as one text, with the action's link, tags and hashtags.

    Each of the three stands where its placeholder is, otherwise in one line at the end, after a blank line;
    what the text holds already isn't said twice.
    """
    return _parts(action, post, account, workspace, ANY)[0]


def _parts(action: Action, post: Post, account: Account, workspace: Workspace, network: Network) -> tuple[str, ...]:
    """Return the texts of a thread, or the one text; what is added to every post stands with the first."""
    if post.warning is None and not post.thread and not (post.split and network.threads):  # as nearly every post
        body = _chosen(post, account).in_language(account.language, workspace.language)
        if not _has_marks(body):
            body, line = body.strip(), _whole_line(action, account, workspace)
            return (f"{body}\n\n{line}" if body and line else body or line,)
    said = (_chosen(post, account), *post.thread)
    bodies = [one.in_language(account.language, workspace.language) for one in said]
    whole = "\n\n".join(bodies)
    words = _words(action, account, workspace, _PLACEHOLDER.sub(" ", whole) if "{" in whole else whole)
    warned = "" if network.warning else _warned(post, account, workspace)
    filled = [warned, *(_fill(body, words) for body in bodies)]
    line = _line(words, whole)
    if post.thread and network.threads:
        return _joined(*filled[:2], line), *filter(None, filled[2:])
    if post.split and network.threads:
        shown = _warning(post, account, workspace) if network.warning else ""  # its field counts as text
        return splitting.parts(_joined(*filled), line, lambda part: network.fits(shown + part))
    return (_joined(*filled, line),)


def _has_marks(body: str) -> bool:
    """Tell whether a text may hold a placeholder, an address, a tag or a hashtag: then they aren't said twice."""
    return "{" in body or "#" in body or "@" in body or "://" in body


def _whole_line(action: Action, account: Account, workspace: Workspace) -> str:
    link = action.link.in_language(account.language, workspace.language) if action.link else ""
    return _set_out(link, action.tags.get(account.platform, ()), action.hashtags)


@lru_cache(maxsize=1024)
def _set_out(link: str, tags: tuple[str, ...], hashtags: tuple[str, ...]) -> str:
    """Return the line of all three; all posts of an action have the same one."""
    return " ".join(filter(None, (link, _row("@", tags), _row("#", hashtags))))


def _line(words: Mapping[str, str], body: str) -> str:
    """Return the line of what `body` has no place for."""
    placed = set(_PLACEHOLDER.findall(body)) if "{" in body else ()
    return " ".join(value for name, value in words.items() if value and name not in placed)


def _joined(*texts: str) -> str:
    return "\n\n".join(one for one in texts if one)


def _warning(post: Post, account: Account, workspace: Workspace) -> str:
    """Return the words of the post's warning on one line, empty where it has none."""
    said = post.warning.in_language(account.language, workspace.language) if post.warning else ""
    return " ".join(said.split())


def _warned(post: Post, account: Account, workspace: Workspace) -> str:
    """Return the warning as a line of the text."""
    words = _warning(post, account, workspace)
    return f"{WARNING_SIGN} {words}" if words else ""


def content(
    action: Action,
    post: Post,
    account: Account,
    workspace: Workspace,
    *,
    due_at: datetime,
    network: Network = ANY,
) -> Content:
    """Return everything that goes out on the account at `due_at` (aware)."""
    language = account.language
    parts = _parts(action, post, account, workspace, network)
    shows_link = network.link_card and action.link is not None and not (post.card or post.images or post.video)
    return Content(
        text=parts[0],
        language=_spoken(_chosen(post, account), language, workspace),
        card=card(action, post, account, workspace, due_at) if post.card else None,
        images=tuple(_file(picture, language, workspace) for picture in post.images) if post.images else (),
        video=_file(post.video, language, workspace) if post.video else None,
        thread=parts[1:],
        warning=_warning(post, account, workspace) if post.warning else "",
        link=action.link.in_language(language, workspace.language) if shows_link and action.link else "",
        title=action.title.in_language(language, workspace.language) if shows_link else "",
    )


def contribution(
    action: Action,
    post: Post,
    account: Account,
    workspace: Workspace,
    *,
    due_at: datetime,
    one: Submission,
    network: Network = ANY,
) -> Content:
    """Return what goes out on the account at `due_at` (aware) of what a volunteer handed in, in a post's slot.

    A photo stands on a card with the volunteer's message, a film by itself.
    """
    said = _chosen(post, account)
    named = one.name if one.name_mode is not NameMode.none and one.risk is not Risk.high else ""
    body = said.in_language(account.language, workspace.language)
    caption = _captioned(action, account, workspace, captions.caption(body, {"name": named, "message": one.message}))
    content = Content(
        text=caption if network.warning else _joined(_warned(post, account, workspace), caption),
        language=_spoken(said, account.language, workspace),
        warning=_warning(post, account, workspace),
    )
    file = f"{UPLOADS}/{one.file}"
    if one.film:
        return replace(content, video=FileContent(file=file, alt=one.alt, sha256=one.sha256))
    order = replace(
        post.card or CardOrder(),
        message=Text({one.language: one.message}),
        language=one.language or account.language,
        photo=file,
        photo_sha256=one.sha256,
    )
    framed = replace(post, card=order if order.theme else replace(order, theme=FRAME))
    made = card(action, framed, account, workspace, due_at)
    return replace(content, card=replace(made, message=one.message, alt=one.alt))


def _captioned(action: Action, account: Account, workspace: Workspace, given: Caption) -> str:
    words = _words(action, account, workspace, given.said(_PLACEHOLDER.sub(" ", given.body)))
    return _joined(given.said(_fill(given.body, words)), _line(words, given.body))


# ── the text ────────────────────────────────────────────────────────────────────────────────────────────


def _chosen(post: Post, account: Account) -> Text:
    if not post.text_for:
        return post.text
    return post.text_for.get(account.name) or post.text_for.get(account.platform) or post.text


def _spoken(said: Text, language: str, workspace: Workspace) -> str:
    """Return the language that `in_language` really gives: screen readers and networks are told it."""
    given = said.by_language
    if language in given or not given:
        return language
    if workspace.language in given:
        return workspace.language
    return language if "" in given else next(iter(given))


def _words(action: Action, account: Account, workspace: Workspace, literal: str) -> dict[str, str]:
    """Return the link, the tags and the hashtags that `literal` doesn't hold yet."""
    link = action.link.in_language(account.language, workspace.language) if action.link else ""
    tags = action.tags.get(account.platform, ())
    if not _MARKS.search(literal):  # it holds none of them
        return {"link": link, "tags": _row("@", tags), "hashtags": _row("#", action.hashtags)}
    addresses = {found.rstrip(_SENTENCE_END) for found in _ADDRESS.findall(literal)}
    spoken = _folded(_ADDRESS.sub(" ", literal))
    return {
        "link": "" if link.rstrip(_SENTENCE_END) in addresses else link,
        "tags": " ".join(f"@{tag}" for tag in _unique(tags) if not _holds(spoken, f"@{tag}")),
        "hashtags": " ".join(f"#{tag}" for tag in _unique(action.hashtags) if not _holds(spoken, f"#{tag}")),
    }


@lru_cache(maxsize=1024)
def _row(sign: str, names: tuple[str, ...]) -> str:
    return " ".join(f"{sign}{name}" for name in _unique(names))


@lru_cache(maxsize=1024)
def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names without those that say the same as an earlier one; all posts of an action have the same ones."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(_folded(name), name)
    return tuple(found.values())


@lru_cache(maxsize=1024)
def _folded(words: str) -> str:
    if words.isascii():
        return words.casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", words).casefold())


def _holds(folded: str, word: str) -> bool:
    """Tell whether the text has `word` as a hashtag or tag of its own, not as a part of a longer one."""
    wanted = _folded(word)
    start = folded.find(wanted)
    while start >= 0:
        after = folded[start + len(wanted) :][:2]
        if _may_begin(folded[:start]) and not _name_goes_on(wanted, after):
            return True
        start = folded.find(wanted, start + 1)
    return False


def _may_begin(before: str) -> bool:
    """Tell whether a hashtag or tag may follow `before`: behind a letter or a slash it may be a part of an address."""
    opening = "" if before != before.rstrip() else "".join(before.split()[-1:])
    return all(unicodedata.category(char)[0] == "P" and char not in _NOT_BEFORE for char in opening)


def _name_goes_on(word: str, after: str) -> bool:
    if _goes_on(after[:1]) or after[:1] == "#":
        return True
    # @amnesty isn't @amnesty.example nor @amnesty@example.social
    return word.startswith("@") and (after[:1] == "@" or (after[:1] in (".", "-") and _goes_on(after[1:])))


def _goes_on(char: str) -> bool:
    return char != "" and (char in _JOINERS or unicodedata.category(char)[0] in "LM" or char.isdecimal())


# ── placeholders ────────────────────────────────────────────────────────────────────────────────────────


def _fill(body: str, words: Mapping[str, str]) -> str:
    """Return `body` with each placeholder's words in its place; what is put in is never read again."""
    if "{" not in body:
        return body.strip()
    parts = _PLACEHOLDER.split(body.strip())
    out, glued = parts[0], False
    for name, following in zip(parts[1::2], parts[2::2], strict=True):
        value = words[name]
        if not value:
            out = _closed(out, following)
            continue
        opens = out != "" and out[-1] in _OPENING and not glued and not _in_address(out)
        if out and not out[-1].isspace() and not opens:
            out += " "
        out += value
        if following and not (following[0].isspace() or following[0] in _CLOSING):
            out += " "
        out += following
        glued = following == ""
    return out.strip()


def _closed(left: str, right: str) -> str:
    """Join what stood around an empty placeholder without a doubled space or a line left blank by it."""
    kept = left.rstrip(" \t")
    if kept == "" or kept.endswith("\n"):
        right = right.lstrip(" \t")
        if kept == "" or kept.endswith("\n\n"):
            return kept + right.lstrip("\n")
        return kept + right.removeprefix("\n")
    if right == "" or right[0] == "\n" or (kept != left and right[0] in ".,)"):
        return kept + right
    if left[-1].isspace():
        return left + right.lstrip(" \t")
    apart = right[0].isspace() or right[0] in _CLOSING or (left[-1] in _OPENING and not _in_address(left))
    return left + right if apart else f"{left} {right}"


def _in_address(out: str) -> bool:
    """Tell whether the last word is a web address, which would swallow what follows it."""
    return "://" in re.split(r"\s", out[-2000:])[-1]


# ── the card ────────────────────────────────────────────────────────────────────────────────────────────


def card(action: Action, post: Post, account: Account, workspace: Workspace, due_at: datetime) -> CardContent:
    """Return everything the post's card says on the account at `due_at` (aware)."""
    order = post.card or CardOrder()
    language = order.language or account.language
    said = order.message or post.text
    spoken = _spoken(said, language, workspace)
    message = said.in_language(language, workspace.language)
    days_left = _days_left(action, workspace, due_at)
    return CardContent(
        message=_fill(message, {"link": "", "tags": "", "hashtags": ""}),
        language=spoken,
        theme=order.theme or action.theme or workspace.brand.theme,
        label=phases.label(action.phase, days_left, spoken),
        days_left=days_left,
        hashtags=_unique(action.hashtags),
        brand=workspace.brand.name.in_language(spoken, workspace.language),
        logo=workspace.brand.logo,
        photo_sha256=order.photo_sha256,
        photo=order.photo,
        link=action.link.in_language(spoken, workspace.language) if order.qr and action.link else "",
    )


def _days_left(action: Action, workspace: Workspace, due_at: datetime) -> int | None:
    """Return the calendar days from the post's to the action's last one; only a final push counts them."""
    if action.phase is not Phase.final_push or action.closes_at is None:
        return None
    # Closing at midnight means that the day before was the last.
    last = (action.closes_at - timedelta(microseconds=1)).astimezone(workspace.timezone).date()
    return max(0, (last - due_at.astimezone(workspace.timezone).date()).days)


def _file(picture: Picture, language: str, workspace: Workspace) -> FileContent:
    return FileContent(
        file=picture.file, alt=picture.alt.in_language(language, workspace.language), sha256=picture.sha256
    )
