"""A post that somebody composes on a page: from the form to YAML, and what the real reader says of it.

Nothing is ever written to posts/. The reader gets the action's own file with this one post in place of all others,
from a temporary folder that is gone at once.
"""

import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from scheduler import app as parts
from scheduler import plan, posts, rendering, review
from scheduler.errors import UserError
from scheduler.model import Action, Medium, Planned, Problem, Workspace


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What the form says."""

    action: str
    id: str
    at: str  # 2026-11-24 09:00, on the workspace's clock
    texts: Mapping[str, str]  # by language
    card: bool = False
    messages: Mapping[str, str] = field(default_factory=dict)  # of the card, by language
    theme: str = ""
    accounts: tuple[str, ...] = ()
    approve: bool = False
    late_after: str = ""
    late_then: str = ""


@dataclass(frozen=True, kw_only=True)
class OnAccount:
    """The post as one account would publish it."""

    planned: Planned
    length: int
    limit: int
    media: tuple[Medium, ...]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the reader and the networks say."""

    yaml: str
    problems: Sequence[tuple[str, Problem]]  # each with the key of the post that it concerns, or empty
    shown: Sequence[OnAccount]


def as_yaml(draft: Draft) -> str:
    """Return the post as YAML, to be put under `posts:`. Times and words are quoted wherever it could matter."""
    from ruamel.yaml import YAML

    writer = YAML()
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.width = 1_000_000
    writer.allow_unicode = True
    out = io.StringIO()
    writer.dump({"posts": [_post(draft)]}, out)
    return out.getvalue().removeprefix("posts:\n")


def _post(draft: Draft) -> dict[str, Any]:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    post: dict[str, Any] = {"id": Quoted(draft.id), "at": Quoted(draft.at), "text": _texts(draft.texts)}
    card: dict[str, Any] = {}
    if any(draft.messages.values()):
        card["message"] = _texts(draft.messages)
    if draft.theme:
        card["theme"] = Quoted(draft.theme)
    if draft.card:
        post["card"] = card or True
    if draft.accounts:
        post["accounts"] = [Quoted(name) for name in draft.accounts]
    if draft.approve:
        post["approve"] = True
    if draft.late_after:
        post["late"] = {"after": Quoted(draft.late_after), "then": Quoted(draft.late_then or "hold")}
    return post


def _texts(texts: Mapping[str, str]) -> dict[str, Any]:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    # A block keeps lines as they are; what a block can't keep to the character is quoted.
    return {
        language: LiteralScalarString(text) if _fits_block(text) else DoubleQuotedScalarString(text)
        for language, text in texts.items()
        if text
    }


def _fits_block(text: str) -> bool:
    lines = text.split("\n")
    plain = all(line == line.strip() and line.isprintable() for line in lines)
    return len(lines) > 1 and plain and lines[0] != "" and lines[-1] != ""


def check(draft: Draft, action: Action, workspace: Workspace, *, now: datetime) -> Checked:
    """Return what the reader and the networks say of a draft.

    Raises:
        UserError: the action's file can't be read.
    """
    made = as_yaml(draft)
    text, first = _in_file(workspace.folder / action.file, made)
    with tempfile.TemporaryDirectory(prefix="compose-", dir=workspace.var) as folder:
        file = Path(folder) / f"{action.key}.yaml"
        file.write_text(text, "utf-8")
        loaded = posts.load(workspace, now=now, themes=parts.themes(), files=[file])
    problems = review.reviewed(loaded, workspace).problems
    return Checked(
        yaml=made,
        problems=[(_key(made, one.place.line - first), one) for one in problems],
        shown=[_on_account(one, workspace) for one in plan.deliveries(loaded.actions, workspace)],
    )


def _in_file(file: Path, made: str) -> tuple[str, int]:
    """Return an action's file with one post in place of all others, and the line on which it begins (from 1)."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = file.read_text("utf-8")
        places = YAML().load(text).lc.data
        starts = sorted(place[0] for place in places.values())
        begins = places["posts"][0]
    except (OSError, ValueError, YAMLError, AttributeError, KeyError) as error:
        msg = f"{file.name}: can't be read now ({type(error).__name__}): `solidarity check` says what is wrong with it"
        raise UserError(msg) from None
    lines = text.splitlines(keepends=True)
    ends = next((line for line in starts if line > begins), len(lines))
    before = "".join(lines[:begins])
    return f"{before}posts:\n{made}{''.join(lines[ends:])}", begins + 2


def _key(made: str, line: int) -> str:
    """Return the key of the post that stands on, or begins before, a line (from 0)."""
    found = ""
    for number, text in enumerate(made.splitlines()):
        if number > line:
            break
        word = text[4:].partition(":")[0]
        if text[:4] in {"    ", "  - "} and word.isidentifier():
            found = word
    return found if 0 <= line < len(made.splitlines()) else ""


def _on_account(planned: Planned, workspace: Workspace) -> OnAccount:
    publisher = parts.pure_publisher(workspace.accounts[planned.account], workspace)
    try:
        media = rendering.media(planned.content, publisher.limits, workspace)
    except UserError:
        media = ()  # why, is among the problems
    length = max(map(publisher.measure, planned.content.parts))
    return OnAccount(planned=planned, length=length, limit=publisher.text_limit(), media=media)
