"""What Meta's answers about containers mean. Imported only when something has to be sent.

Sources: Meta's page on Instagram error codes, of 2026-06-02; reports of other programs' authors where it is silent.
"""

import re
from collections.abc import Mapping
from typing import Any

from scheduler.publishers.http_wire import Answer, Fault, Verdict
from scheduler.publishers.meta_wire import Graph

FINAL = frozenset({2207004, 2207005, 2207009, 2207010, 2207023, 2207026, 2207028})
"""Of a medium or a caption: nothing but another one helps."""

SUBCODES: Mapping[int, Verdict] = {
    **dict.fromkeys(FINAL, Verdict.refused),
    2207085: Verdict.refused,  # a deletion
    2207042: Verdict.limited,  # the posts of a day
    2207050: Verdict.blocked,  # the account is restricted
    2207008: Verdict.stale,  # a container has expired
    2207020: Verdict.stale,
    2207001: Verdict.unclear,  # the server's own fault
    2207003: Verdict.unclear,  # fetching the medium took too long
    2207027: Verdict.unclear,  # a container isn't ready yet
    2207032: Verdict.unclear,  # a container could not be made
    2207051: Verdict.unclear,  # "action blocked": seen with posts that were out
    2207052: Verdict.unclear,  # the medium could not be fetched
    2207053: Verdict.unclear,  # the upload failed
    4279009: Verdict.unclear,  # Threads doesn't know the container yet
}
"""Those that say more than their code. What is unclear is tried again while staging, and looked up after publishing."""

CODES: Mapping[int, Verdict] = {
    24: Verdict.unclear,  # Threads: not there, or not yet
    9007: Verdict.unclear,  # not ready
    36003: Verdict.refused,  # a picture's ratio
}

_QUOTA = 2207042
_DEAD = re.compile(r"\(code (102|190)[,)]")  # a session, a token
_SUBCODE = re.compile(r"\(code -?\d+, subcode (\d+)[,)]")
_ADDRESS = re.compile(r"https?(:|%3A)(/|%2F){2}[^\s\"'<>]*", re.IGNORECASE)
_ALREADY = re.compile(r"already (been )?published", re.IGNORECASE)


class ContainerGraph(Graph):
    """The Graph API of a network with containers."""

    def __init__(self, *, cure: str, **kwargs: Any) -> None:
        """`cure`: the command that gets a new token."""
        super().__init__(subcodes=SUBCODES, codes=CODES, **kwargs)
        self._cure = cure

    def look(self, method: str, route: str, **request: Any) -> Answer:
        """See Graph; that a container is out already is no refusal, and a dead token comes with its cure."""
        try:
            return super().look(method, route, **request)
        except Fault as fault:
            trouble, answer = fault.trouble, fault.answer
        trouble = trouble._replace(message=without_addresses(trouble.message))
        if trouble.verdict is Verdict.refused and _ALREADY.search(trouble.message):
            trouble = trouble._replace(verdict=Verdict.duplicate)
        if is_dead(trouble.message) and trouble.verdict is Verdict.blocked:
            trouble = trouble._replace(message=f"{trouble.message}: get a new token with `{self._cure}`")
        raise Fault(trouble, answer)


def is_dead(message: str) -> bool:
    """Tell whether a refusal is of the token itself, before anything was looked at."""
    return _DEAD.search(message) is not None


def is_final(message: str) -> bool:
    """Tell whether a refusal of the visible call proves by itself that nothing went out."""
    found = _SUBCODE.search(message)
    return found is not None and int(found[1]) in FINAL | {_QUOTA}


def without_addresses(message: str) -> str:
    """Return a message without the addresses in it: Meta quotes those of lent files, whole or cut short."""
    return _ADDRESS.sub("[address]", message)
