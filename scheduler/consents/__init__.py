"""PURE: what a volunteer agrees to, word for word, with the risk that stays; each wording has a version and a hash.

A wording that has been shown is evidence: change one, and raise VERSION.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduler.consents import english, french
from scheduler.model import Risk

VERSION = "2026-11"

_LANGUAGES = {"en": english, "fr": french}
_NAMES = {
    "bluesky": "Bluesky",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "mastodon": "Mastodon",
    "threads": "Threads",
    "x": "X",
}


@dataclass(frozen=True, kw_only=True)
class ConsentText:
    """One wording as it is shown: its paragraphs, and the statements that are ticked, by name."""

    version: str
    language: str
    paragraphs: tuple[str, ...]
    titles: tuple[str, ...]  # of each paragraph; empty where one goes on
    statements: Mapping[str, str]  # everyone, adult, guardian, agree
    sha256: str  # of all of it


def text(
    language: str,
    risk: Risk,
    networks: Sequence[str],
    *,
    brand: str,
    action: str,
    film: bool = False,
    covered: bool = False,
) -> ConsentText:
    """Return what is agreed to, in `language` where there is such a wording, in English elsewhere.

    Args:
        language: BCP 47, of the pages.
        risk: how dangerous being seen with the action can be.
        networks: the platforms that were ticked.
        brand: who publishes.
        action: the action's title.
        film: whether it is a film.
        covered: whether faces are covered.
    """
    short = language.partition("-")[0]
    chosen = short if short in _LANGUAGES else "en"
    words = _LANGUAGES[chosen]
    places = ", ".join(network_name(name, chosen) for name in networks)
    what = words.FILM if film else words.PHOTO
    kinds = ["begin", "look", "safe", *(["voice"] if film else [])]
    kinds += [f"risk_{level}" for level in Risk if _rank(level) <= _rank(risk)]
    kinds += [*(["covered"] if covered else []), "everyone", "back", "kept"]
    values = {"what": what, "networks": places, "brand": brand, "action": action}
    paragraphs = tuple(_filled(words.PARAGRAPHS[kind], values) for kind in kinds)
    titles = tuple(words.TITLES.get(kind, "") for kind in kinds)
    statements = {name: _filled(said, values) for name, said in words.STATEMENTS.items()}
    whole = "\n\n".join([VERSION, chosen, *titles, *paragraphs, *statements.values()])
    return ConsentText(
        version=VERSION,
        language=chosen,
        paragraphs=paragraphs,
        titles=titles,
        statements=statements,
        sha256=hashlib.sha256(whole.encode()).hexdigest(),
    )


def network_name(platform: str, language: str = "en") -> str:
    """Return what a platform is called."""
    words = _LANGUAGES.get(language.partition("-")[0], english)
    return _NAMES.get(platform) or (words.OUTBOX if platform == "outbox" else platform.capitalize())


def _rank(risk: Risk) -> int:
    return list(Risk).index(risk)


def _filled(said: str, values: Mapping[str, str]) -> str:
    """Put the words in, in one go: what is put in is never read again."""
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], said)
