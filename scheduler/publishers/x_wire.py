"""The wire to X: tweepy over a session that signs for the host it really asks and bounds every wait.

Imported only when something has to be sent: tweepy and requests take a quarter of a second to load. The way
it works decides whether a post can go out twice, so nothing here retries, follows a redirect, reads the
environment, or calls a failure "not sent" without proof.
"""

import contextlib
import io
import logging
import re
import socket
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from http.client import HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import quote

import requests
import tweepy
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater

_TWEEPY_HOST = "https://api.twitter.com"  # a literal inside tweepy's BaseClient.request
_LARGEST_ANSWER = 8_000_000  # bytes; a hundred posts with all their entities stay under one million
_RESET = "x-rate-limit-reset"
# Their DEBUG output holds the Authorization header, the signing key's base string, or whole bodies.
_TALKATIVE = (
    "tweepy.client",
    "urllib3.connectionpool",
    "oauthlib.oauth1.rfc5849",
    "oauthlib.oauth1.rfc5849.signature",
    "requests_oauthlib.oauth1_auth",
    "requests_oauthlib.oauth1_session",
)


class Waits(NamedTuple):
    """How long to wait, in seconds: to connect, and between two pieces of an answer."""

    connect: float = 5.0
    read: float = 30.0

    @property
    def answer(self) -> float:
        """How long a whole answer may take, however steadily it drips."""
        return 2 * self.read

    @property
    def send(self) -> float:
        """How long sending may take: a 5 MB picture over a line of 300 kbit/s."""
        return 6 * self.read


# ── proof that nothing was sent, and bounded answers ────────────────────────────────────────────────────


@dataclass
class _Journey:
    """How far one request got."""

    waits: Waits
    connecting: bool = False  # True only while connect() runs: until it returns, no byte of ours has left
    answered_by: float = 0.0  # on the monotonic clock


_JOURNEY: ContextVar[_Journey] = ContextVar("journey")


class _BoundedFile(io.RawIOBase):
    """What a socket says, up to a deadline: a socket's own time-out starts anew with every byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, journey: _Journey) -> None:
        self._raw, self._sock, self._journey = raw, sock, journey
        self._left = _LARGEST_ANSWER
        journey.answered_by = time.monotonic() + journey.waits.answer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        seconds = self._journey.answered_by - time.monotonic()
        if seconds <= 0 or self._left <= 0:
            raise TimeoutError("the answer does not end")
        self._sock.settimeout(min(self._journey.waits.read, seconds))
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        return int(count) if count is not None else None

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_BoundedFile(raw, sock, _JOURNEY.get()))


class _Watched(HTTPConnection):
    """A connection that notes when bytes of a request can begin to leave."""

    response_class = _BoundedResponse  # http.client's own hook

    def connect(self) -> None:
        journey = _JOURNEY.get()
        journey.connecting = True
        super().connect()  # TCP, and TLS where it is spoken
        journey.connecting = False
        # urllib3 would send with the short time-out meant for connecting: fatal to a picture on a slow line.
        self.timeout = journey.waits.send
        self.sock.settimeout(self.timeout)


class _WatchedSecure(_Watched, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedSecure


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class Session(requests.Session):
    """What tweepy sends through: one host, one connection a request, no retry, no redirect, no proxy."""

    def __init__(self, base: str, waits: Waits) -> None:
        super().__init__()
        self.trust_env = False  # neither proxies nor a .netrc nor another bundle of certificates
        self.adapters.clear()  # whatever is not `base` cannot be asked at all
        self.mount(base + "/", _Adapter(max_retries=0))
        self._base = base
        self._waits = waits
        self.journey = _Journey(waits)

    def request(self, method: str | bytes, url: str | bytes, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Ask `base` where tweepy names its own host; the rewriting comes before the signing."""
        kwargs.update(timeout=tuple(self._waits), allow_redirects=False)
        self.journey = _Journey(self._waits)
        mark = _JOURNEY.set(self.journey)
        try:
            response = super().request(method, self._base + str(url).removeprefix(_TWEEPY_HOST), **kwargs)
            if not response.headers.get(_RESET, "0").isdecimal():
                del response.headers[_RESET]  # tweepy would trip over it and a plain 429 would be lost
            return response
        finally:
            _JOURNEY.reset(mark)
            # A connection kept open may have died unnoticed, and a request lost on it has an unknown outcome.
            self.close()


# ── what a failure means ────────────────────────────────────────────────────────────────────────────────


class Verdict(Enum):
    """What became of a request that did not succeed."""

    unsent = "unsent"  # proven: it never left
    limited = "limited"  # not now
    blocked = "blocked"  # not this account
    refused = "refused"  # not this content
    missing = "missing"  # not there
    stale = "stale"  # refused because a picture's id has expired
    duplicate = "duplicate"  # X says that it already has this text
    unclear = "unclear"  # anything else


VISIBLE: Mapping[Verdict, type[PublishError]] = {
    Verdict.unsent: TryLater,
    Verdict.limited: TryLater,
    Verdict.blocked: AccountBlocked,
    Verdict.refused: Rejected,
    Verdict.missing: Rejected,
    Verdict.stale: TryLater,
    Verdict.duplicate: OutcomeUnknown,
    Verdict.unclear: OutcomeUnknown,
}
"""What to raise when the request was the one visible call."""

INVISIBLE: Mapping[Verdict, type[PublishError]] = {
    **VISIBLE,
    Verdict.duplicate: Rejected,
    Verdict.unclear: TryLater,
}
"""What to raise for everything else: uploads, look-ups and deletions can be repeated without harm."""

STATUS: Mapping[int, Verdict] = {
    400: Verdict.refused,
    401: Verdict.blocked,
    402: Verdict.blocked,
    403: Verdict.blocked,
    404: Verdict.missing,
    413: Verdict.refused,
    415: Verdict.refused,
    422: Verdict.refused,
    429: Verdict.limited,
}
"""What X means by a status; those not listed (409, redirects, 5xx) tell nothing about the outcome."""

_MONEY = re.compile(r"usage-?\s?cap|spend-?\s?cap|credits-?\s?depleted", re.IGNORECASE)
_DUPLICATE = re.compile(r"duplicate content", re.IGNORECASE)
_TOO_LONG = re.compile(r"too long|a bit shorter", re.IGNORECASE)
_SIGNATURE = re.compile(r"oauth_\w+\W{1,3}[^\"\s,&]*\"?")
_STALE = re.compile(r"media ids? .{0,40}(invalid|expired)", re.IGNORECASE)


MISSING: dict[str, Any] = {"missing": True}


class _Trouble(NamedTuple):
    verdict: Verdict
    message: str
    at: datetime | None = None


def _words(answer: object) -> str | None:
    """Return what X says in an answer of its own form, else None. What it echoes of the request is left out."""
    if not isinstance(answer, dict) or not answer.keys() & {"title", "detail", "errors", "error"}:
        return None
    errors = answer.get("errors")
    parts = [answer, *(errors if isinstance(errors, list) else [])]
    keys = ("title", "detail", "reason", "type", "message", "error")
    said = [part.get(key) for part in parts if isinstance(part, dict) for key in keys]
    return " - ".join(dict.fromkeys(text for text in said if isinstance(text, str) and text != "about:blank"))


def _by_status(status: int, words: str | None) -> Verdict:
    verdict = STATUS.get(status, Verdict.unclear)
    if words is None:  # a page by something between us and X, which knows nothing about the post
        return verdict if verdict is Verdict.limited else Verdict.unclear
    if verdict in {Verdict.blocked, Verdict.limited} and _MONEY.search(words):
        return Verdict.blocked
    if status == 403 and _DUPLICATE.search(words):
        return Verdict.duplicate
    if status == 403 and _TOO_LONG.search(words):
        return Verdict.refused
    if status == 400 and _STALE.search(words):
        return Verdict.stale
    return verdict


def _free_at(headers: Mapping[str, str]) -> datetime | None:
    """Return when a limit that is used up is lifted: the 15-minute one, or one of the 24-hour ones."""
    resets = []
    for kind in ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"):
        if kind == "x-rate-limit" or headers.get(f"{kind}-remaining") == "0":
            with contextlib.suppress(ValueError, OverflowError, OSError, KeyError):
                resets.append(datetime.fromtimestamp(int(headers[f"{kind}-reset"]), UTC))
    return max(resets, default=None)


def _answered(error: tweepy.HTTPException, _journey: _Journey) -> _Trouble:
    response = error.response
    try:
        words = _words(response.json())
    except ValueError:
        words = None
    verdict = _by_status(response.status_code, words)
    at = _free_at(response.headers) if verdict is Verdict.limited else None
    return _Trouble(verdict, f"X answers {response.status_code}: {words or 'not in its own form'}", at)


def _unanswered(error: Exception, journey: _Journey) -> _Trouble:
    # The text of these errors is left out: it may quote the request.
    if journey.connecting:
        return _Trouble(Verdict.unsent, f"X can't be reached ({type(error).__name__})")
    return _Trouble(Verdict.unclear, f"X gave no answer that can be read ({type(error).__name__})")


TURNED: Mapping[type[Exception], Any] = {
    tweepy.HTTPException: _answered,  # 400, 401, 403, 404, 429, 5xx and the statuses without a class
    tweepy.TweepyException: _unanswered,
    requests.RequestException: _unanswered,
    Exception: _unanswered,  # an answer so odd that tweepy trips over it
}
"""Every exception that comes out of tweepy and how it is judged; the first row that fits counts."""


class Wire:
    """The signed requests of one account."""

    def __init__(self, *, secrets: Mapping[str, str], base: str, waits: Waits) -> None:
        """`base`: scheme and host (and path), without a slash at the end."""
        self._hidden = [form for s in secrets.values() if s for form in (s, quote(s, safe=""))]
        self._client = tweepy.Client(
            consumer_key=secrets["API_KEY"],
            consumer_secret=secrets["API_SECRET"],
            access_token=secrets["ACCESS_TOKEN"],
            access_token_secret=secrets["ACCESS_SECRET"],
            wait_on_rate_limit=False,  # True sleeps in here and then sends the post again
        )
        self._session = Session(base, waits)
        self._client.session = self._session

    def ask(
        self,
        method: str,
        route: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        visible: bool = False,
        missing_ok: bool = False,
    ) -> dict[str, Any]:
        """Send one request and return X's JSON object; with `missing_ok`, MISSING where X answers 404.

        Raises only PublishError, without a trace of the request in it; OutcomeUnknown only if `visible`.
        """
        _hush()
        try:
            answer = self._client.request(method, route, params=params, json=body, user_auth=True).json()
        except Exception as error:  # whatever it is, it must not be taken for "not sent"
            turn = next(turn for kind, turn in TURNED.items() if isinstance(error, kind))
            trouble: _Trouble = turn(error, self._session.journey)
        else:
            if isinstance(answer, dict):
                return answer
            trouble = _Trouble(Verdict.unclear, "X's answer is not in its own form")
        if trouble.verdict is Verdict.missing and missing_ok:
            return MISSING
        # Raised out here so that the original, which holds the signed request, is not even its context.
        raise self._raised(trouble, VISIBLE if visible else INVISIBLE)

    def _raised(self, trouble: _Trouble, meaning: Mapping[Verdict, type[PublishError]]) -> PublishError:
        message = "".join(c if c.isprintable() else " " for c in trouble.message)
        message = _SIGNATURE.sub("[secret]", message)
        for secret in self._hidden:
            message = message.replace(secret, "[secret]")
        kind = meaning[trouble.verdict]
        message = message[:400]
        return TryLater(message, at=trouble.at) if kind is TryLater else kind(message)


def _hush() -> None:
    """Keep the libraries from DEBUG, before every request: someone may have turned it on in between."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < logging.INFO:
            logger.setLevel(logging.INFO)
