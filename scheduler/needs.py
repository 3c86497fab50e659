# ruff: noqa: RUF001  # French has its own apostrophe
"""What may need a person, and the words for it: one line a kind, with what to do about it.

A line names deliveries by their keys, accounts and actions by their names, and nothing else: no text of a post, no
word of a network, nothing that a volunteer wrote.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

_SHOWN = 3


class Kind(StrEnum):
    """Why a person is needed, the most urgent first."""

    outcome = "outcome"  # a delivery may be out, and its network can't tell
    takedown = "takedown"  # a post that only a person can take down
    account = "account"  # its network refuses it, or its secrets are missing
    overdue = "overdue"  # what is due doesn't leave, and nobody has paused it
    disk = "disk"  # nearly full
    restored = "restored"  # a copy of the state was put back, and everything is paused since
    storage = "storage"  # the private files that machines share are another state's, or most of them nobody's
    late = "late"  # deliveries held for a decision
    budget = "budget"  # deliveries that their account's budget holds
    failed = "failed"  # deliveries that were refused for good
    approval = "approval"  # deliveries that wait for a yes, and are due soon
    release = "release"  # actions that wait for their release, and are due soon
    moderation = "moderation"  # submissions that wait for the moderators
    login = "login"  # an account's login that ends soon


URGENT = frozenset({Kind.outcome, Kind.takedown})
"""What can't wait for the end of the quiet hours: the public may be seeing what it shouldn't."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing that needs a person. `about`: a delivery's key, an account, an action; empty for all of it."""

    kind: Kind
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What one target is told at one moment."""

    new: tuple[Need, ...] = ()
    again: tuple[Need, ...] = ()
    gone: tuple[Need, ...] = ()


def words(letter: Letter, *, language: str, pages: str | None) -> tuple[str, str]:
    """Return the title and the body of a message; `pages` is the address of the web pages, where there are any."""
    said = _FRENCH if language.partition("-")[0] == "fr" else _ENGLISH
    place = said["page"].format(url=f"{pages}/staff/needs") if pages else said["pages"]
    lines = [f"- {_line(said, kind, abouts, place)}" for kind, abouts in _by_kind((*letter.new, *letter.again))]
    if letter.gone:
        over = "; ".join(f"{said[f'{kind}-short']}{_of(said, abouts)}" for kind, abouts in _by_kind(letter.gone))
        lines.append(f"- {said['gone'].format(what=over)}")
    title = said["new"] if letter.new else said["again"] if letter.again else said["over"]
    return title, "\n".join(lines)


def tried(language: str) -> tuple[str, str]:
    """Return the title and the body of a message that only tries whether it arrives."""
    said = _FRENCH if language.partition("-")[0] == "fr" else _ENGLISH
    return said["test"], said["tested"]


def _by_kind(needs: Iterable[Need]) -> list[tuple[Kind, list[str]]]:
    found: dict[Kind, list[str]] = {}
    for one in needs:
        found.setdefault(one.kind, []).append(one.about)
    return [(kind, sorted(found[kind])) for kind in Kind if kind in found]


def _line(said: Mapping[str, str], kind: Kind, abouts: list[str], place: str) -> str:
    return said[kind].format(which=_listed(said, abouts), first=abouts[0], page=place)


def _of(said: Mapping[str, str], abouts: list[str]) -> str:
    return f" ({_listed(said, abouts)})" if any(abouts) else ""


def _listed(said: Mapping[str, str], abouts: list[str]) -> str:
    more = len(abouts) - _SHOWN
    return ", ".join(abouts[:_SHOWN]) + (said["more"].format(n=more) if more > 0 else "")


_ENGLISH = {
    "new": "Solidarity: a person is needed",
    "again": "Solidarity: still waiting for a person",
    "over": "Solidarity: settled",
    "test": "Solidarity: a test",
    "tested": "This is a test: from now on Solidarity says here when a person is needed.",
    "gone": "No longer needed: {what}.",
    "more": " and {n} more",
    "page": "{url}",
    "pages": "the page “Needs a person” of `solidarity serve`",
    "outcome": "May be out or not, the network can't tell: {which}. Look at the account yourself, then "
    "`solidarity resolve {first} --published URL` or `--not-published`.",
    "takedown": "To be taken down by hand: {which}. Delete it on its network, then tick it off: {page}.",
    "account": "Refused by its network, nothing of it goes out: {which}. `solidarity status` says why; log in "
    "with `solidarity accounts login --account {first}`, then `solidarity resume --account {first}`.",
    "overdue": "Posts that are due don't leave, and nobody has paused them. Is `solidarity run` running? "
    "`solidarity doctor` says what is wrong.",
    "disk": "The disk is nearly full: make room before nothing can be sent or handed in any more.",
    "restored": "A copy of the state was put back, and everything is paused. Read `solidarity status`, then "
    "`solidarity resume`.",
    "storage": "Nothing is given to the machines' shared storage or deleted there before a person has looked: "
    "`solidarity doctor` says why.",
    "late": "Held as late: {which}. `solidarity retry {first}` sends it, `solidarity cancel {first}` drops it.",
    "budget": "Held for their account's budget: {which}. Raise `budget` in config.yaml, or `solidarity retry {first}`.",
    "failed": "Refused for good: {which}. `solidarity log {first}` says why; mend the post, or "
    "`solidarity cancel {first}`.",
    "approval": "Due within a day, and not approved: {which}. `solidarity approve {first}`.",
    "release": "Due within a day, and not released: {which}. `solidarity release {first}`.",
    "moderation": "Photos or films wait for the moderators: {which}. Decide here: {page}.",
    "login": "The login ends within a week, and wasn't renewed: {which}. "
    "`solidarity accounts login --account {first}`.",
    "outcome-short": "outcome unknown",
    "takedown-short": "to take down",
    "account-short": "refused accounts",
    "overdue-short": "overdue posts",
    "disk-short": "full disk",
    "restored-short": "restored state",
    "storage-short": "shared storage",
    "late-short": "late",
    "budget-short": "budget",
    "failed-short": "refused",
    "approval-short": "approval",
    "release-short": "release",
    "moderation-short": "moderation",
    "login-short": "login",
}
_FRENCH = {
    "new": "Solidarity : quelqu’un doit intervenir",
    "again": "Solidarity : quelqu’un est toujours attendu",
    "over": "Solidarity : c’est réglé",
    "test": "Solidarity : un essai",
    "tested": "Ceci est un essai : Solidarity dira ici quand quelqu’un doit intervenir.",
    "gone": "N’est plus nécessaire : {what}.",
    "more": " et {n} de plus",
    "page": "{url}",
    "pages": "la page « Attend quelqu’un » de `solidarity serve`",
    "outcome": "Peut-être publié, le réseau ne peut pas le dire : {which}. Regardez le compte vous-même, puis "
    "`solidarity resolve {first} --published URL` ou `--not-published`.",
    "takedown": "À retirer à la main : {which}. Supprimez-le sur son réseau, puis cochez-le : {page}.",
    "account": "Refusé par son réseau, rien n’en part : {which}. `solidarity status` dit pourquoi ; reconnectez-vous "
    "par `solidarity accounts login --account {first}`, puis `solidarity resume --account {first}`.",
    "overdue": "Des publications échues ne partent pas, et personne ne les a suspendues. `solidarity run` "
    "tourne-t-il ? `solidarity doctor` dit ce qui ne va pas.",
    "disk": "Le disque est presque plein : faites de la place avant que plus rien ne puisse partir ni être reçu.",
    "restored": "Une copie de l’état a été remise en place, et tout est suspendu. Lisez `solidarity status`, puis "
    "`solidarity resume`.",
    "storage": "Rien n’est déposé ni effacé dans le stockage que les machines partagent avant que quelqu’un n’ait "
    "regardé : `solidarity doctor` dit pourquoi.",
    "late": "Retenu car en retard : {which}. `solidarity retry {first}` l’envoie, "
    "`solidarity cancel {first}` l’écarte.",
    "budget": "Retenu par le budget du compte : {which}. Relevez `budget` dans config.yaml, ou "
    "`solidarity retry {first}`.",
    "failed": "Refusé définitivement : {which}. `solidarity log {first}` dit pourquoi ; corrigez la publication, ou "
    "`solidarity cancel {first}`.",
    "approval": "Échéance dans moins d’un jour, et pas approuvé : {which}. `solidarity approve {first}`.",
    "release": "Échéance dans moins d’un jour, et pas libéré : {which}. `solidarity release {first}`.",
    "moderation": "Des photos ou des films attendent la modération : {which}. Décidez ici : {page}.",
    "login": "La connexion expire dans moins d’une semaine et n’a pas été renouvelée : {which}. "
    "`solidarity accounts login --account {first}`.",
    "outcome-short": "issue inconnue",
    "takedown-short": "à retirer",
    "account-short": "comptes refusés",
    "overdue-short": "publications échues",
    "disk-short": "disque plein",
    "restored-short": "état remis en place",
    "storage-short": "stockage partagé",
    "late-short": "retard",
    "budget-short": "budget",
    "failed-short": "refusé",
    "approval-short": "approbation",
    "release-short": "libération",
    "moderation-short": "modération",
    "login-short": "connexion",
}
