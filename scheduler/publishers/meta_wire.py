"""What Facebook, Instagram and Threads share: Meta's Graph API, its way of authorizing, and its table of errors.

Sources: Meta's pages on Graph API error handling and rate limits, read 2026-11; client libraries where
those are silent.
"""

import contextlib
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from scheduler.clock import Clock
from scheduler.errors import TryLater
from scheduler.publishers.http_wire import Answer, Trouble, Verdict, Wire, forms, later

VERSION = "v26.0"
"""Of the Graph API: released 2026-07-29. Threads has its own, v1.0."""

CODES: Mapping[int, Verdict] = {
    1: Verdict.unclear,  # "unknown" and "temporary" errors may follow a call that took effect
    2: Verdict.unclear,
    4: Verdict.limited,  # the app's calls
    10: Verdict.blocked,  # a permission
    17: Verdict.limited,  # the person's calls
    32: Verdict.limited,  # the Page's calls
    102: Verdict.blocked,  # the session
    190: Verdict.blocked,  # the token
    341: Verdict.limited,  # posts
    368: Verdict.blocked,  # for abuse
    613: Verdict.limited,
    80001: Verdict.limited,  # by business use case: Pages, Instagram, Threads
    80002: Verdict.limited,
    80006: Verdict.limited,
}
"""What Meta means by a code, whatever the status beside it; 200 to 299 are permissions."""

_MISSING = (100, 33)  # code and subcode of an object that isn't there, or not for this token
_PROOF = "appsecret_proof"
_CASES = "X-Business-Use-Case-Usage"
_SHARES = ("call_count", "total_cputime", "total_time")
_FULL = 80  # percent of what may be asked, from which on we wait
_PAUSE = timedelta(minutes=5)  # where Meta doesn't say how long


class Graph(Wire):
    """Requests to one of Meta's hosts on behalf of one account. The token travels in a header only."""

    def __init__(
        self,
        *,
        name: str,
        base: str,
        waits: Any,
        token: str,
        clock: Clock,
        app_secret: str = "",
        subcodes: Mapping[int, Verdict] = {},
        codes: Mapping[int, Verdict] = {},
    ) -> None:
        """`base`: with the version; `subcodes` and `codes`: the network's own rows, before the shared ones."""

        def judge(answer: Answer) -> Trouble:
            return judged(answer, name=name, now=clock.now(), subcodes=subcodes, codes=codes)

        super().__init__(name=name, base=base, waits=waits, judge=judge, hidden=[token, app_secret])
        self.authorize(f"Bearer {token}")
        self._clock = clock
        self.usage = Usage()  # as the last answer told it
        self._proof: dict[str, str] = {}
        if app_secret:
            proof = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            self._proof = {_PROOF: proof}
            self._hidden.append(proof)

    def hide(self, *secrets: str) -> None:
        """Blot more secrets out of every message."""
        self._hidden += forms(secrets)

    def look(self, method: str, route: str, **request: Any) -> Answer:
        """See Wire; Meta's proof of the app's secret goes with every request."""
        if self._proof:
            place = "params" if method in {"GET", "DELETE"} else "data"
            request[place] = {**(request.get(place) or {}), **self._proof}
        answer = super().look(method, route, **request)
        self.usage = usage(answer.headers)
        return answer

    def ease(self) -> None:
        """Wait, before anything visible, when most of what may be asked has been asked.

        Raises:
            TryLater: at the moment when Meta lets us ask freely again.
        """
        percent, minutes = self.usage
        if percent >= _FULL:
            pause = timedelta(minutes=minutes) if 0 < minutes < 100_000 else _PAUSE
            message = f"{self.name}: {percent} % of the calls that Meta allows are used up"
            raise TryLater(message, at=self._clock.now() + pause)


def judged(
    answer: Answer, *, name: str, now: datetime, subcodes: Mapping[int, Verdict] = {}, codes: Mapping[int, Verdict] = {}
) -> Trouble:
    """Return what an answer that isn't a success means."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(error, dict):  # a page by something between us and Meta, which knows nothing about the post
        verdict = Verdict.limited if answer.status == 429 else Verdict.unclear
        return Trouble(verdict, f"{name} answers {answer.status}: not in its own form", _free_at(answer, now))
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    said = str(error.get("error_user_msg") or error.get("message") or "")
    verdict = subcodes.get(subcode) or codes.get(code) or _by_code(code, subcode, answer.status)
    if answer.status >= 500:  # whatever its code says, a fault of the server's own may follow what took effect
        verdict = Verdict.unclear
    if _PROOF in str(error.get("message")):  # Meta says "invalid parameter" to a wrong app secret
        verdict = Verdict.blocked
    marks = [f"code {code}", *([f"subcode {subcode}"] if subcode else [])]
    if trace := error.get("fbtrace_id"):
        marks.append(f"trace {trace}")
    at = _free_at(answer, now) if verdict is Verdict.limited else None
    return Trouble(verdict, f"{name} answers {answer.status}: {said} ({', '.join(marks)})", at)


def _by_code(code: int, subcode: int, status: int) -> Verdict:
    if status == 429:
        return Verdict.limited
    if code in CODES:
        return CODES[code]
    if 200 <= code <= 299 or status == 401:
        return Verdict.blocked
    if (code, subcode) == _MISSING or status == 404:
        return Verdict.missing
    return Verdict.refused if 400 <= status < 500 and status not in {408, 409} else Verdict.unclear


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _free_at(answer: Answer, now: datetime) -> datetime | None:
    """Return when Meta takes calls again, as far as it says: minutes of its own, or the usual header."""
    minutes = usage(answer.headers).minutes
    regained = now + timedelta(minutes=minutes) if 0 < minutes < 100_000 else None
    times = [at for at in (regained, later(answer.headers.get("Retry-After"), now)) if at]
    return max(times, default=None)


class Usage(NamedTuple):
    """How much of what may be asked has been, in percent, and the minutes until more may be."""

    percent: int = 0
    minutes: int = 0


def usage(headers: Mapping[str, str]) -> Usage:
    """Return the highest of what Meta's headers say about the app, the Page and the business use cases."""
    rows: list[Mapping[str, Any]] = []
    for name in ("X-App-Usage", "X-Page-Usage"):
        with contextlib.suppress(ValueError):
            rows.append(json.loads(headers.get(name, "{}")))
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        rows += [row for case in json.loads(headers.get(_CASES, "{}")).values() for row in case]
    percent, minutes = 0, 0
    for row in rows:
        with contextlib.suppress(ValueError, AttributeError, TypeError, OverflowError):
            percent = max([percent, *(int(row.get(name, 0)) for name in _SHARES)])
            minutes = max(minutes, int(row.get("estimated_time_to_regain_access", 0)))
    return Usage(percent, minutes)
