"""The wire that all networks share: one request to one host, bounded in time and size, and what its failure means.

Imported only when something has to be sent. The way it works decides whether a post can go out twice, so nothing here
retries, follows a redirect, reads the environment, or calls a failure "not sent" without proof.
"""

import contextlib
import io
import json
import logging
import socket
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from http.client import HTTPResponse
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from scheduler.errors import AccountBlocked, OutcomeUnknown, PublishError, Rejected, TryLater

_LARGEST_ANSWER = 8_000_000  # bytes, packed or not; a hundred posts with all their entities stay under one million
_KEPT_OPEN = 5.0  # seconds; servers close an idle connection after 5 to 60
# What holds whole addresses: their DEBUG output, and here a warning of headers that can't be read.
_TALKATIVE = {"urllib3.connectionpool": logging.INFO, "urllib3.connection": logging.ERROR}


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
class Journey:
    """How far one request got."""

    waits: Waits
    connecting: bool = False  # True only while connect() runs: until it returns, no byte of ours has left
    answered_by: float = 0.0  # on the monotonic clock


_JOURNEY: ContextVar[Journey] = ContextVar("journey")


class _BoundedFile(io.RawIOBase):
    """What a socket says, up to a deadline: a socket's own time-out starts anew with every byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, journey: Journey) -> None:
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

    def begin(self) -> None:
        """See http.client, which takes every interim answer but 100 for the final one."""
        super().begin()
        while self.status in range(102, 200):
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _Watched(HTTPConnection):
    """A connection that notes when bytes of a request can begin to leave."""

    response_class = _BoundedResponse  # http.client's own hook

    def connect(self) -> None:
        journey = _JOURNEY.get()
        journey.connecting = True
        super().connect()  # TCP, and TLS where it is spoken
        journey.connecting = False
        self._take_time()

    def request(self, *args: Any, **kwargs: Any) -> None:
        """See urllib3; on a connection that is open already too."""
        if self.sock is not None:
            self._take_time()
        super().request(*args, **kwargs)

    def _take_time(self) -> None:
        # urllib3 would send with the short time-out meant for connecting: fatal to a picture on a slow line.
        self.timeout = _JOURNEY.get().waits.send
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
    """One host, no retry, no redirect, no proxy; what must not get lost has a connection of its own.

    A connection kept open may have died unnoticed, and a request lost on it has an unknown outcome. That is harmless
    to what can be repeated: those requests share one connection while they follow each other closely.
    """

    def __init__(self, base: str, waits: Waits) -> None:
        """`base`: scheme and host (and path), without a slash at the end."""
        super().__init__()
        self.trust_env = False  # neither proxies nor a .netrc nor another bundle of certificates
        self.adapters.clear()  # whatever is not `base` cannot be asked at all
        self.mount(base + "/", _Adapter(max_retries=0))
        self._base, self._waits = base, waits
        self.journey = Journey(waits)
        self.alone = False  # whether the next request gets a connection of its own
        self._used_until = 0.0  # on the monotonic clock

    def request(self, method: str | bytes, url: str | bytes, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Ask `base`, whose part of the address `url` leaves out."""
        kwargs.update(timeout=tuple(self._waits), allow_redirects=False, stream=True)
        self.journey = Journey(self._waits)
        if self.alone or time.monotonic() > self._used_until:
            self.close()
        mark = _JOURNEY.set(self.journey)
        whole = False
        try:
            response = super().request(method, self._base + str(url), **kwargs)
            response._content = _unpacked(response)  # noqa: SLF001 (where requests itself puts what it has read)
            whole = response.status_code >= 200  # after another protocol's beginning nothing can be asked
        finally:
            _JOURNEY.reset(mark)
            self._used_until = time.monotonic() + _KEPT_OPEN
            if self.alone or not whole:
                self.close()
        return response


def _unpacked(response: requests.Response) -> bytes:
    """Read a whole answer. What is small on the way may be huge unpacked."""
    whole = b""
    for piece in response.iter_content(65_536):
        whole += piece
        if len(whole) > _LARGEST_ANSWER:
            raise requests.exceptions.ContentDecodingError("the answer is too large")
    return whole


# ── what a failure means ────────────────────────────────────────────────────────────────────────────────


class Verdict(Enum):
    """What became of a request that did not succeed."""

    unsent = "unsent"  # proven: it never left
    limited = "limited"  # not now
    blocked = "blocked"  # not this account
    refused = "refused"  # not this content
    missing = "missing"  # not there
    stale = "stale"  # refused because something that was staged has expired
    duplicate = "duplicate"  # the network says that it already has this post
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


class Trouble(NamedTuple):
    """A request that failed, judged: `message` says what the network said, `at` when to come back."""

    verdict: Verdict
    message: str
    at: datetime | None = None


class Fault(Exception):  # noqa: N818
    """A request that failed, for a publisher that has to look at the verdict before it raises."""

    def __init__(self, trouble: Trouble, answer: "Answer | None" = None) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble
        self.answer = answer


@dataclass(frozen=True)
class Answer:
    """What a network said. `body` is its JSON (any kind), None where there is none that can be read."""

    status: int
    body: Any
    headers: Mapping[str, str]  # names in any case


class Judge(Protocol):
    """A network's table of errors: turns every answer that isn't 2xx with a JSON object into what it means."""

    def __call__(self, answer: Answer) -> Trouble:
        """Return what became of the request."""
        ...


def unanswered(error: Exception, journey: Journey, name: str) -> Trouble:
    """Judge a request without an answer. The error's own text is left out: it may quote the request."""
    if journey.connecting:
        return Trouble(Verdict.unsent, f"{name} can't be reached ({type(error).__name__})")
    return Trouble(Verdict.unclear, f"{name} gave no answer that can be read ({type(error).__name__})")


def raised(
    trouble: Trouble, *, visible: bool, hidden: Iterable[str] = (), meaning: Mapping[Verdict, type[PublishError]] = {}
) -> PublishError:
    """Return the error to raise. `hidden`: secrets, blotted out; `meaning`: rows that differ for this request."""
    message = "".join(c if c.isprintable() else " " for c in trouble.message)
    for secret in hidden:
        message = message.replace(secret, "[secret]")
    kind = {**(VISIBLE if visible else INVISIBLE), **meaning}[trouble.verdict]
    message = message[:400]
    return TryLater(message, at=trouble.at) if kind is TryLater else kind(message)


def forms(secrets: Iterable[str]) -> list[str]:
    """Return the ways in which secrets may come to stand in a text."""
    return [form for secret in secrets if secret for form in (secret, quote(secret, safe=""))]


class Wire:
    """Requests to one host on behalf of one account. Not safe for threads."""

    def __init__(
        self,
        *,
        name: str,
        base: str,
        waits: Waits,
        judge: Judge,
        hidden: Iterable[str] = (),
        headers: Mapping[str, str] = {},
    ) -> None:
        """`name`: of the network, for messages; `hidden`: secrets; `headers`: sent with every request."""
        self.name, self._judge = name, judge
        self._hidden = forms(hidden)
        self._session = Session(base, waits)
        self._session.headers.clear()
        self._session.headers.update({"User-Agent": "solidarity", "Accept": "application/json", **headers})

    def authorize(self, value: str) -> None:
        """Send `value` as the Authorization header from now on, and blot it out of every message."""
        self._session.headers["Authorization"] = value
        self._hidden += forms([value, value.rpartition(" ")[2]])

    def ask(
        self,
        method: str,
        route: str,
        *,
        visible: bool = False,
        missing_ok: bool = False,
        meaning: Mapping[Verdict, type[PublishError]] = {},
        **request: Any,
    ) -> Answer:
        """Send one request and return the answer: 2xx with a JSON object, or with `missing_ok` also "not there".

        Args:
            method: GET, POST, …
            route: what follows the base address, with its slash.
            visible: whether this is the one visible call; only then OutcomeUnknown is raised.
            missing_ok: return an answer whose verdict is `missing` instead of raising.
            meaning: errors to raise instead of the usual ones, by verdict.
            request: what requests takes: params, json, data, files, headers.

        Raises only PublishError, without a trace of the request in it.
        """
        try:
            return self.look(method, route, alone=visible, **request)
        except Fault as fault:
            trouble, answer = fault.trouble, fault.answer
        if trouble.verdict is Verdict.missing and missing_ok and answer is not None:
            return answer
        # Raised out here so that the original, which holds the request, is not even its context.
        raise raised(trouble, visible=visible, hidden=self._hidden, meaning=meaning)

    def look(self, method: str, route: str, *, alone: bool = False, **request: Any) -> Answer:
        """Send one request and return the answer; what fails is a Fault that tells how.

        With `alone` it has a connection of its own: for whatever is visible, or can be done only once.

        Raises:
            Fault: no answer, or one that isn't 2xx with a JSON object.
        """
        hush()
        self._session.alone = alone
        answer = None
        try:
            answer = self._sent(method, route, **request)
        except Exception as error:  # whatever it is, it must not be taken for "not sent"
            trouble = unanswered(error, self._session.journey, self.name)
        else:
            if 200 <= answer.status < 300 and isinstance(answer.body, dict):
                return answer
            trouble = self._judge(answer)
        raise Fault(trouble, answer)

    def _sent(self, method: str, route: str, **request: Any) -> Answer:
        response = self._session.request(method, route, **request)
        try:
            body = json.loads(response.content)
        except (ValueError, RecursionError):
            body = None
        return Answer(response.status_code, body, response.headers)


def hush(more: Iterable[str] = ()) -> None:
    """Keep loggers, `more` too, from what tells secrets: before every request, for someone may have turned them up."""
    for name, level in {**_TALKATIVE, **dict.fromkeys(more, logging.INFO)}.items():
        logger = logging.getLogger(name)
        if logger.getEffectiveLevel() < level:
            logger.setLevel(level)


def epoch(value: str | None) -> datetime | None:
    """Return the moment of a header that holds seconds since 1970, None where it holds none."""
    with contextlib.suppress(ValueError, OverflowError, OSError, TypeError):
        return datetime.fromtimestamp(int(value or ""), UTC)
    return None


def later(value: str | None, now: datetime) -> datetime | None:
    """Return the moment that a Retry-After header names: seconds from `now`, or a date; None where it names none."""
    from email.utils import parsedate_to_datetime

    with contextlib.suppress(ValueError, OverflowError, TypeError):
        return datetime.fromtimestamp(now.timestamp() + int(value or ""), UTC)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        moment = parsedate_to_datetime(value or "")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
