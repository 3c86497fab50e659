"""Rendered pictures and films as files under var/rendered, each with what is known of it in a file beside it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scheduler import files
from scheduler.errors import UserError
from scheduler.files import MachineError
from scheduler.model import Medium, Workspace

if TYPE_CHECKING:
    from media.card import Rendered
    from media.errors import MediaError

MADE_OF = "made_of"
"""What is known of a rendered file beside its facts: the SHA-256 of the photo or film that it was made of."""


def kept(
    name: str,
    render: "Callable[[], Rendered]",
    workspace: Workspace,
    *,
    what: str,
    made_of: bytes | None,
    ending: str = "jpg",
) -> Medium:
    """Return what was rendered under a name; where there is nothing yet, `render` makes it.

    Args:
        name: the same for the same picture, and for no other.
        render: makes it.
        workspace: in whose var/ it is kept.
        what: what an error is about, in words.
        made_of: the bytes of the photo or film that it shows.
        ending: of the file's name.

    Raises:
        UserError: it can't be made.
    """
    from media.errors import MediaError

    folder = workspace.var / "rendered"
    picture, facts = folder / f"{name}.{ending}", folder / f"{name}.json"
    known = _known(picture, facts)
    if known is not None:
        return known
    try:
        made = render()
    except MediaError as error:
        raise as_user_error(error, what) from None
    found = medium(picture, made)
    values = {name: value for name, value in asdict(found).items() if name != "path"}
    values[MADE_OF] = hashlib.sha256(made_of).hexdigest() if made_of is not None else ""
    # A picture needn't outlast a power cut: it is made again. But one of somebody is never there without its facts.
    files.write(facts, json.dumps(values).encode(), durable=made_of is not None)
    files.write(picture, made.data, durable=False)
    return found


def _known(picture: Path, facts: Path) -> Medium | None:
    """Return what was rendered earlier, if it is whole."""
    values = facts_of(facts)
    try:
        if hashlib.sha256(picture.read_bytes()).hexdigest() == values["sha256"]:
            return Medium(path=picture, **{name: value for name, value in values.items() if name != MADE_OF})
    except (OSError, KeyError, TypeError):
        pass
    return None


def facts_of(file: Path) -> dict[str, Any]:
    """Return what is known of a rendered file; nothing where that can't be read."""
    try:
        values = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def medium(path: Path, rendered: "Rendered") -> Medium:
    """Return a rendered picture or film as a file that can be uploaded."""
    return Medium(
        path=path,
        mime=rendered.mime,
        width=rendered.width,
        height=rendered.height,
        size=len(rendered.data),
        sha256=hashlib.sha256(rendered.data).hexdigest(),
        alt=rendered.alt,
    )


def as_user_error(error: "MediaError", what: str) -> UserError:
    """Return whose fault it is: the file's, or this machine's, which may do better later."""
    from media.errors import Unfinished

    return (MachineError if isinstance(error, Unfinished) else UserError)(f"{what}: {error}" if what else str(error))
