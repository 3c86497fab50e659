"""What one Mastodon server takes: Mastodon's own figures, those of config.yaml, and those that the server tells."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scheduler.errors import UserError
from scheduler.model import Account
from scheduler.publishers.mastodon_text import LINK


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The limits of one server. Bytes and pixels are known only where the server told them (0: not)."""

    max_characters: int = 500
    characters_reserved_per_url: int = LINK
    max_media_attachments: int = 4
    description_limit: int = 1500
    image_size_limit: int = 0
    image_matrix_limit: int = 0
    video_size_limit: int = 0


_GROUPS = ("statuses", "media_attachments")
OPTIONS = ("max_characters", "characters_reserved_per_url", "max_media_attachments", "description_limit")
"""Those that an account may have in config.yaml, under the names that the server uses too."""


def checked(account: Account) -> Figures:
    """Return the figures that an account was given in config.yaml.

    Raises:
        UserError: one of them is no positive whole number.
    """
    given = {name: account.options[name] for name in OPTIONS if name in account.options}
    for name, value in given.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 1_000_000:
            raise UserError(f"{account.name}: {name} is a whole number, as the server's own page about it says")
    return replace(Figures(), **given)  # type: ignore[arg-type]


def told(answer: Mapping[str, Any]) -> Figures:
    """Return the figures in a server's description of itself (GET /api/v2/instance); what is missing is Mastodon's."""
    configuration = answer.get("configuration")
    groups = [configuration.get(name) for name in _GROUPS] if isinstance(configuration, dict) else []
    values = {name: value for group in groups if isinstance(group, dict) for name, value in group.items()}
    known = {name: value for name, value in values.items() if name in Figures.__dataclass_fields__}
    return replace(Figures(), **{name: value for name, value in known.items() if isinstance(value, int) and value > 0})
