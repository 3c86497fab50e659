"""Facebook's posts as plain data: what is handed over, and what is read back."""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scheduler.errors import UserError
from scheduler.model import Account, Outgoing, Staged
from scheduler.publishers.facebook_links import is_node

_CONTENT = re.compile(r"\(code (324|352|1500)[,)]")  # a picture, a film, an address


def fields(out: Outgoing, photos: list[str]) -> dict[str, str]:
    """Return the form of a post: its text, its photos in their order, else its link."""
    form = {f"attached_media[{number}]": json.dumps({"media_fbid": photo}) for number, photo in enumerate(photos)}
    if out.text:
        form["message"] = out.text
    if out.link and not photos:
        form["link"] = out.link
    return form


def photos_of(staged: Staged) -> list[str]:
    """Return the ids of the photos that were uploaded for a post."""
    photos = staged.ids.get("photos")
    return [photo for photo in photos if is_node(photo)] if isinstance(photos, list) else []


def is_held(staged: Staged) -> bool:
    """Tell whether the whole post was made ahead of time, so that its own state says whether it is out."""
    return any(is_node(staged.ids.get(kind)) for kind in ("video", "draft"))


def names_content(refusal: str) -> bool:
    """Tell whether a refusal says what is wrong with the post; others may follow a post that is out."""
    return _CONTENT.search(refusal) is not None


def is_same(written: str, shown: object) -> bool:
    """Tell whether Facebook shows the text that was handed over: ends and line ends are its own."""
    return isinstance(shown, str) and bool(written.strip()) and _canonical(written) == _canonical(shown)


def _canonical(text: str) -> str:
    return unicodedata.normalize("NFC", re.sub(r"\s+", " ", text)).strip()


def moment(value: object) -> datetime | None:
    """Return the moment that Facebook writes as 2026-11-23T06:45:55+0000."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    except ValueError:
        return None


def rows(answer: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the objects of a list, None where it isn't one in Facebook's form."""
    data = answer.get("data")
    fits = isinstance(data, list) and all(isinstance(row, dict) and is_node(row.get("id")) for row in data)
    return data if fits else None


def following(answer: Mapping[str, Any]) -> str | None:
    """Return where the next page of a list begins, None on its last page."""
    paging = answer.get("paging")
    cursors = paging.get("cursors") if isinstance(paging, dict) and paging.get("next") else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) and after else None


# ── what an account's settings may be ───────────────────────────────────────────────────────────────────


def checked_two_phase(account: Account) -> bool:
    """Return whether posts are held back before they are published.

    Raises:
        UserError: it is neither true nor false.
    """
    value = account.options.get("two_phase", False)
    if not isinstance(value, bool):
        raise UserError(f"{account.name}: two_phase is true or false, not {value!r}")
    return value


def checked_version(account: Account) -> str:
    """Return the version of the API that the account asks for, empty where it doesn't care.

    Raises:
        UserError: it is no version.
    """
    value = account.options.get("version", "")
    if value and not (isinstance(value, str) and re.fullmatch(r"v[0-9]{1,3}\.[0-9]", value)):
        raise UserError(f"{account.name}: version is one of Meta's Graph API, such as v26.0, not {value!r}")
    return str(value)
