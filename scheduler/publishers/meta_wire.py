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
from typing import Any

from scheduler.clock import Clock
from scheduler.publishers.http_wire import Answer, Trouble, Verdict, Wire

VERSION = "v26.0"
"""Of the Graph API: released 2026-07-29. Threads has its own, v1.0."""

_THROTTLED = frozenset({4, 17, 32, 341, 613, 80001, 80002, 80006})
_LOGIN = frozenset({102, 190, 463, 467})
_ABUSE = 368
_TRANSIENT = frozenset({1, 2})  # may follow a call that took effect


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
        self._proof: dict[str, str] = {}
        if app_secret:
            proof = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            self._proof = {"appsecret_proof": proof}
            self._hidden.append(proof)

    def look(self, method: str, route: str, **request: Any) -> Answer:
        """See Wire; Meta's proof of the app's secret goes with every request."""
        if self._proof:
            place = "params" if method in {"GET", "DELETE"} else "data"
            request[place] = {**(request.get(place) or {}), **self._proof}
        return super().look(method, route, **request)


def judged(
    answer: Answer, *, name: str, now: datetime, subcodes: Mapping[int, Verdict] = {}, codes: Mapping[int, Verdict] = {}
) -> Trouble:
    """Return what an answer that isn't a success means."""
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if not isinstance(error, dict):  # a page by something between us and Meta, which knows nothing about the post
        verdict = Verdict.limited if answer.status == 429 else Verdict.unclear
        return Trouble(verdict, f"{name} answers {answer.status}: not in its own form", _free_at(answer, now))
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    verdict = subcodes.get(subcode) or codes.get(code) or _by_code(code, subcode, answer.status)
    said = str(error.get("error_user_msg") or error.get("message") or "")
    marks = [f"code {code}", *([f"subcode {subcode}"] if subcode else [])]
    if trace := error.get("fbtrace_id"):
        marks.append(f"trace {trace}")
    at = _free_at(answer, now) if verdict is Verdict.limited else None
    return Trouble(verdict, f"{name} answers {answer.status}: {said} ({', '.join(marks)})", at)


def _by_code(code: int, subcode: int, status: int) -> Verdict:
    if code in _THROTTLED or status == 429:
        return Verdict.limited
    if code in _LOGIN or code == 10 or 200 <= code <= 299 or code == _ABUSE or status == 401:
        return Verdict.blocked
    if code in _TRANSIENT or status >= 500:
        return Verdict.unclear
    if (code, subcode) == (100, 33) or status == 404:
        return Verdict.missing
    return Verdict.refused if 400 <= status < 500 and status not in {408, 409} else Verdict.unclear


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _free_at(answer: Answer, now: datetime) -> datetime | None:
    """Return when Meta takes calls again, as far as its business-use-case header says (in minutes)."""
    minutes = 0
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        usage = json.loads(answer.headers.get("X-Business-Use-Case-Usage", "{}"))
        for rows in usage.values():
            minutes = max([minutes, *(int(row.get("estimated_time_to_regain_access", 0)) for row in rows)])
    return now + timedelta(minutes=minutes) if 0 < minutes < 100_000 else None
