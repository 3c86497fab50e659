"""The wire to a Mastodon server: what its answers mean, and the lists that it answers with."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from scheduler.clock import Clock
from scheduler.errors import PublishError, TryLater
from scheduler.publishers import http_wire
from scheduler.publishers.http_wire import Answer, Fault, Trouble, Verdict, Waits

NAME = "Mastodon"
_ENGLISH = {"Accept-Language": "en"}  # its refusals are told apart by their words

STATUS: Mapping[int, Verdict] = {
    400: Verdict.refused,
    401: Verdict.blocked,
    403: Verdict.blocked,
    404: Verdict.missing,
    410: Verdict.missing,
    413: Verdict.refused,
    422: Verdict.refused,
    429: Verdict.limited,
}
"""What Mastodon means by a status; those not listed (408, 409, redirects, 5xx) tell nothing about the outcome."""

LOOKING: Mapping[Verdict, type[PublishError]] = {
    Verdict.refused: TryLater,
    Verdict.missing: TryLater,
    Verdict.duplicate: TryLater,
}
"""What a refused look means: it says nothing against the post."""

_ANYBODY = frozenset({413, 429})  # mean the same where a proxy before the server says them
_NOT_READY = re.compile(r"not finished processing", re.IGNORECASE)
_MEDIA_GONE = re.compile(r"already attached|media\b.*\bnot found", re.IGNORECASE)


def judged(answer: Answer, *, now: datetime) -> Trouble:
    """Return what an answer that isn't a success means."""
    words = answer.body.get("error") if isinstance(answer.body, dict) else None
    own = isinstance(words, str)
    verdict = STATUS.get(answer.status, Verdict.unclear) if own or answer.status in _ANYBODY else Verdict.unclear
    said = str(words) if own else "not in its own form"
    if own and isinstance(more := answer.body.get("error_description"), str):
        said = f"{said} - {more}"
    if answer.status == 422 and _NOT_READY.search(said):
        verdict = Verdict.limited
    elif answer.status in {400, 422} and _MEDIA_GONE.search(said):  # 400: GoToSocial
        verdict = Verdict.duplicate
    at = free_at(answer.headers, now) if answer.status == 429 else None  # each answer has the headers of a limit
    return Trouble(verdict, f"{NAME} answers {answer.status}: {said}", at)


def free_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when a limit is lifted: Mastodon names the moment, GoToSocial its seconds, a proxy how long to wait."""
    reset = headers.get("X-RateLimit-Reset", "")
    moment = http_wire.epoch(reset) or _iso(reset)
    return moment or http_wire.later(headers.get("Retry-After"), now)


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def moment(value: object) -> datetime | None:
    """Return a moment as Mastodon writes it, None where it is none."""
    return _iso(value) if isinstance(value, str) else None


class Wire(http_wire.Wire):
    """Requests to one server, on behalf of one account or (without a token) of nobody."""

    def __init__(self, *, base: str, waits: Waits, clock: Clock, token: str = "", hidden: Iterable[str] = ()) -> None:
        """`base`: scheme and host, without a slash at the end; `hidden`: more words to blot out."""
        super().__init__(
            name=NAME,
            base=base,
            waits=waits,
            judge=lambda answer: judged(answer, now=clock.now()),
            hidden=hidden,
            headers=_ENGLISH,
        )
        if token:
            self.authorize(f"Bearer {token}")

    def failed(self, trouble: Trouble) -> PublishError:
        """Return the error to raise for the visible call."""
        return http_wire.raised(trouble, visible=True, hidden=self._hidden)

    def rows(self, route: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return a list of objects that the server answers with. Raises only PublishError."""
        try:
            self.look("GET", route, params=params)
        except Fault as fault:
            trouble, answer = fault.trouble, fault.answer
        else:
            raise TryLater(f"{NAME}'s list is not in its own form")
        if answer is not None and 200 <= answer.status < 300 and isinstance(answer.body, list):
            if all(isinstance(row, dict) for row in answer.body):
                return answer.body
            raise TryLater(f"{NAME}'s list is not in its own form")
        raise http_wire.raised(trouble, visible=False, hidden=self._hidden, meaning=LOOKING)
