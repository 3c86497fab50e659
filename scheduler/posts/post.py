"""One post: its keys, read already, checked against each other and turned into a Post."""

import difflib
import re
from collections.abc import Iterable, Iterator

from scheduler import captions
from scheduler.compose import PLACEHOLDERS
from scheduler.model import Account, CardOrder, Every, Picture, Place, Post, Text, Workspace
from scheduler.posts import moments, submissions
from scheduler.reading.late import lateness
from scheduler.reading.report import Report, shown
from scheduler.reading.shapes import Fields

_IN_BRACES = re.compile(r"\{\s{0,3}([\w-]{1,20})\s{0,3}\}")


def build(fields: Fields, table: moments.Timetable, report: Report, shared: tuple[str, ...] | None) -> Post | None:
    """Return the post, or None where it lacks what makes one; problems go into `report`.

    `shared`: the action's accounts, which the post's own replace.
    """
    at, every = fields.get("at"), fields.get("every")
    timed = fields.written.keys() & {"at", "every"}
    if len(timed) == 2:
        report.error(fields.at("every"), "at-and-every", "a post has either 'at' or 'every'; take one of them out")
    elif not timed:
        report.error(fields.place, "missing-key", "a post needs 'at' or 'every': when it goes out")
    if at is not None:
        moments.check_at(at, fields.at("at"), table, report)
    recurrence = moments.every(every, table, report) if every is not None else None
    if fields.get("accounts") == ():
        report.warn(fields.at("accounts"), "no-accounts", "the list of accounts is empty; nothing goes out")
    if fields.get("id") is None or fields.get("text") is None:
        return None
    post = _post(fields, recurrence)
    _check_placeholders(post, fields, report)
    names = post.accounts if post.accounts is not None else shared
    accounts = _accounts(names, table.workspace)
    if post.submissions:
        submissions.check(post, fields, accounts, report)
    _check_languages(post, fields, accounts, table.workspace, report)
    return post


def _post(fields: Fields, recurrence: Every | None) -> Post:
    given = fields.values.get
    thread = given("thread")
    return Post(
        id=given("id", ""),
        text=given("text", Text({})),
        place=fields.place,
        at=given("at"),
        every=recurrence,
        text_for=given("text_for", {}),
        card=_card(given("card")),
        images=tuple(picture for one in given("images", ()) if (picture := _picture(one))),
        video=_picture(given("video")),
        split=thread is True,
        thread=thread if isinstance(thread, tuple) else (),
        warning=given("warning"),
        accounts=given("accounts"),
        approve=given("approve", False),
        submissions=given("from", False),
        late=lateness(given("late")),
        places=fields.places,
    )


def _card(card: object) -> CardOrder | None:
    if not isinstance(card, Fields):
        return CardOrder() if card else None
    return CardOrder(
        message=card.get("message"),
        theme=card.get("theme"),
        photo=card.get("photo"),
        language=card.get("lang"),
        qr=card.get("qr", False),
    )


def _picture(fields: Fields | None) -> Picture | None:
    if fields is None or fields.get("file") is None or fields.get("alt") is None:
        return None
    return Picture(file=fields.get("file"), alt=fields.get("alt"), place=fields.place)


# ── placeholders ────────────────────────────────────────────────────────────────────────────────────────


def _check_placeholders(post: Post, fields: Fields, report: Report) -> None:
    """Note words in braces that are nearly a placeholder; any other goes out as it is meant."""
    known = (*PLACEHOLDERS, *(captions.PLACEHOLDERS if post.submissions else ()))
    texts = [("text", post.text), *(("text_for", said) for said in post.text_for.values())]
    texts += [("thread", said) for said in post.thread]
    if post.card and post.card.message:
        texts.append(("card", post.card.message))
    for key, said in texts:
        braced = [text for text in said.by_language.values() if "{" in text]
        for found in (found for text in braced for found in _IN_BRACES.finditer(text)):
            near = difflib.get_close_matches(found[1].casefold(), known, n=1, cutoff=0.8)
            if near and found[0] != f"{{{near[0]}}}":
                message = f"{shown(found[0])} goes out as written; did you mean {{{near[0]}}}?"
                report.warn(fields.at(key), "near-placeholder", message)


# ── languages ───────────────────────────────────────────────────────────────────────────────────────────


def _accounts(names: Iterable[str] | None, workspace: Workspace) -> list[Account]:
    wanted = workspace.accounts if names is None else names
    return [workspace.accounts[name] for name in wanted if name in workspace.accounts]


def _check_languages(post: Post, fields: Fields, accounts: list[Account], workspace: Workspace, report: Report) -> None:
    """Note texts that are given per language and lack one that an account speaks."""
    for what, said, place, speakers in _spoken(post, fields, accounts):
        given = said.by_language
        missing = sorted({one.language for one in speakers} - given.keys()) if "" not in given else []
        if missing:
            used = workspace.language if workspace.language in given else next(iter(given))
            message = f"{what} has no {', '.join(missing)}, so {used} is used there; add what is missing"
            report.warn(place, "missing-language", message)


def _spoken(post: Post, fields: Fields, accounts: list[Account]) -> Iterator[tuple[str, Text, Place, list[Account]]]:
    """Yield each text of the post with its place and the accounts where it is read."""
    own = {name: [one for one in accounts if name in {one.name, one.platform}] for name in post.text_for}
    elsewhere = [one for one in accounts if not {one.name, one.platform} & post.text_for.keys()]
    yield "the text", post.text, fields.at("text"), elsewhere
    for name, said in post.text_for.items():
        yield f"the text for {name}", said, fields.at("text_for"), own[name]
    for number, said in enumerate(post.thread, 2):
        yield f"part {number} of the thread", said, fields.at("thread"), accounts
    if post.warning:
        yield "the warning", post.warning, fields.at("warning"), accounts
    if post.card and post.card.message and post.card.language is None:
        yield "the card's message", post.card.message, fields.at("card"), accounts
    for picture in (*post.images, *([post.video] if post.video else [])):
        yield "the alt text", picture.alt, picture.place, accounts
