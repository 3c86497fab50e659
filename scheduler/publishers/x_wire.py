"""The wire to X: tweepy over a session that signs for the host it really asks and bounds every wait.

Imported only when something has to be sent: tweepy and requests take a quarter of a second to load.
"""

import contextlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests
import tweepy

from scheduler.errors import PublishError
from scheduler.publishers import http_wire
from scheduler.publishers.http_wire import Journey, Trouble, Verdict, Waits

_TWEEPY_HOST = "https://api.twitter.com"  # a literal inside tweepy's BaseClient.request
_RESET = "x-rate-limit-reset"
# Their DEBUG output holds the Authorization header, the signing key's base string, or whole bodies.
TALKATIVE = (
    "tweepy.client",
    "oauthlib.oauth1.rfc5849",
    "oauthlib.oauth1.rfc5849.signature",
    "requests_oauthlib.oauth1_auth",
    "requests_oauthlib.oauth1_session",
)


class Session(http_wire.Session):
    """What tweepy sends through."""

    def request(self, method: str | bytes, url: str | bytes, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Ask the account's server where tweepy names its own host; the rewriting comes before the signing."""
        response = super().request(method, str(url).removeprefix(_TWEEPY_HOST), **kwargs)
        if not response.headers.get(_RESET, "0").isdecimal():
            del response.headers[_RESET]  # tweepy would trip over it and a plain 429 would be lost
        return response


# ── what a failure means ────────────────────────────────────────────────────────────────────────────────

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
# What is said of an answer: the post above it doesn't show yet (or no more), or this account may not answer it.
_UNSEEN = re.compile(r"deleted or not visible|too soon", re.IGNORECASE)
_UNSEEN_CODE = 385
_NOT_YOURS = re.compile(r"not-authorized-for-resource|reply to this conversation|not been mentioned", re.IGNORECASE)

MISSING: dict[str, Any] = {"missing": True}


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


def _free_at(headers: Mapping[str, str], *, refused: bool = True) -> datetime | None:
    """Return when a limit that is used up is lifted: the 15-minute one, or one of the 24-hour ones."""
    resets = []
    for kind in ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"):
        if (refused and kind == "x-rate-limit") or headers.get(f"{kind}-remaining") == "0":
            with contextlib.suppress(ValueError, OverflowError, OSError, KeyError):
                resets.append(datetime.fromtimestamp(int(headers[f"{kind}-reset"]), UTC))
    return max(resets, default=None)


def _answered(error: tweepy.HTTPException, _journey: Journey) -> Trouble:
    response = error.response
    try:
        words = _words(response.json())
    except ValueError:
        words = None
    verdict = _by_status(response.status_code, words)
    at = _free_at(response.headers) if verdict is Verdict.limited else None
    return Trouble(verdict, f"X answers {response.status_code}: {words or 'not in its own form'}", at)


def _to_an_answer(response: requests.Response, trouble: Trouble) -> Trouble:
    """Judge a 403 to a post that answers another: it may be about that other post, not about the account."""
    if trouble.verdict is not Verdict.blocked or response.status_code != 403:
        return trouble
    if _NOT_YOURS.search(trouble.message):
        return trouble._replace(verdict=Verdict.refused)
    unseen = _UNSEEN.search(trouble.message) or _UNSEEN_CODE in _codes(response)
    return trouble._replace(verdict=Verdict.missing) if unseen else trouble


def _codes(response: requests.Response) -> set[object]:
    try:
        errors = response.json().get("errors")
    except (ValueError, AttributeError):
        return set()
    return {error.get("code") for error in errors if isinstance(error, dict)} if isinstance(errors, list) else set()


def _unanswered(error: Exception, journey: Journey) -> Trouble:
    return http_wire.unanswered(error, journey, "X")


TURNED: Mapping[type[Exception], Any] = {
    tweepy.HTTPException: _answered,  # 400, 401, 403, 404, 429, 5xx and the statuses without a class
    tweepy.TweepyException: _unanswered,
    requests.RequestException: _unanswered,
    Exception: _unanswered,  # an answer so odd that tweepy trips over it
}
"""Every exception that comes out of tweepy and how it is judged; the first row that fits counts."""


class _Body(dict[str, object]):
    """What is sent. tweepy writes each request out for a log that nobody keeps: of a picture that took milliseconds."""

    def __repr__(self) -> str:
        return "{…}"


class Wire:
    """The requests of one account: signed with OAuth 1.0a keys, or with an OAuth 2 access token."""

    def __init__(self, *, secrets: Mapping[str, str], base: str, waits: Waits) -> None:
        """`base`: scheme and host (and path), without a slash at the end; `secrets`: the four keys, or a BEARER."""
        self._hidden = http_wire.forms(secrets.values())
        self._signed = "BEARER" not in secrets
        keys = ("API_KEY", "API_SECRET", "ACCESS_TOKEN", "ACCESS_SECRET") if self._signed else ("BEARER",)
        names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        given = zip(names if self._signed else ("bearer_token",), (secrets[key] for key in keys), strict=True)
        # wait_on_rate_limit=True would sleep in here and then send the post again.
        self._client = tweepy.Client(**dict(given), wait_on_rate_limit=False)
        self._session = Session(base, waits)
        self._client.session = self._session
        self.used_up_until: datetime | None = None  # no post before then: the last one used up a limit

    def ask(
        self,
        method: str,
        route: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        visible: bool = False,
        missing_ok: bool = False,
        empty_ok: bool = False,
    ) -> dict[str, Any]:
        """Send one request and return X's JSON object.

        With `missing_ok`, MISSING where X answers 404 or, to an answer, that the post above it isn't there; with
        `empty_ok`, {} where it answers 2xx and nothing.

        Raises only PublishError, without a trace of the request in it; OutcomeUnknown only if `visible`.
        """
        http_wire.hush(TALKATIVE)
        self._session.alone = visible
        try:
            sent = None if body is None else _Body(body)
            response = self._client.request(method, route, params=params, json=sent, user_auth=self._signed)
            answer = response.json() if response.content or not empty_ok else {}
        except Exception as error:  # whatever it is, it must not be taken for "not sent"
            trouble = self._judged(error, body or {})
        else:
            if isinstance(answer, dict):
                self._note(response.headers, visible=visible)
                return answer
            trouble = Trouble(Verdict.unclear, "X's answer is not in its own form")
        if trouble.verdict is Verdict.missing and missing_ok:
            return MISSING
        # Raised out here so that the original, which holds the signed request, is not even its context.
        raise self._raised(trouble, visible=visible)

    def _judged(self, error: Exception, body: Mapping[str, object]) -> Trouble:
        turn = next(turn for kind, turn in TURNED.items() if isinstance(error, kind))
        trouble: Trouble = turn(error, self._session.journey)
        if isinstance(error, tweepy.HTTPException) and "reply" in body:
            return _to_an_answer(error.response, trouble)
        return trouble

    def _note(self, headers: Mapping[str, str], *, visible: bool) -> None:
        if visible:
            self.used_up_until = _free_at(headers, refused=False)

    def _raised(self, trouble: Trouble, *, visible: bool) -> PublishError:
        plain = trouble._replace(message=_SIGNATURE.sub("[secret]", trouble.message))
        return http_wire.raised(plain, visible=visible, hidden=self._hidden)
