"""The wire to a Bluesky server: a few XRPC calls, and a session that lasts from one run to the next.

Imported only when something has to be sent. Logging in is capped (300 a day), so the session is kept in a file and
renewed there, by one process at a time; the password is used only where there is no session that can be renewed.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scheduler.clock import Clock
from scheduler.errors import AccountBlocked, TryLater, UserError
from scheduler.model import Account
from scheduler.publishers import http_wire
from scheduler.publishers.base import PROMPT, checked_url
from scheduler.publishers.http_wire import Answer, Fault, Trouble, Verdict, Waits
from scheduler.tokens import Tokens

_MARGIN = timedelta(minutes=2)  # a session that ends this soon is renewed before it is used
_AHEAD = timedelta(minutes=30)  # and this long before its end where there is nothing else to do
_LASTS = timedelta(minutes=90)  # where a session doesn't say how long (Bluesky's: two hours)
_OWN_FORM = "not in its own form"

STATUS: Mapping[int, Verdict] = {
    400: Verdict.refused,
    401: Verdict.blocked,
    403: Verdict.blocked,
    404: Verdict.refused,
    413: Verdict.refused,
    415: Verdict.refused,
    429: Verdict.limited,
}
"""What a server means by a status; those not listed (409, redirects, 5xx) tell nothing about the outcome."""

ERRORS: Mapping[str, Verdict] = {
    "AccountDeactivated": Verdict.blocked,
    "AccountSuspended": Verdict.blocked,
    "AccountTakedown": Verdict.blocked,
    "AuthMissing": Verdict.blocked,
    "BlobNotFound": Verdict.stale,
    "ExpiredToken": Verdict.blocked,
    "InvalidSwap": Verdict.duplicate,
    "InvalidToken": Verdict.blocked,
    "RateLimitExceeded": Verdict.limited,
    "RecordNotFound": Verdict.missing,
}
"""The errors whose name says more than their status."""

RENEWABLE = frozenset({"ExpiredToken", "InvalidToken"})
"""Refusals of a session that a new one may cure. Nothing was done, so the same call is made again, once."""


def judge(answer: Answer, clock: Clock) -> Trouble:
    """Return what an answer means that isn't 2xx with a JSON object. A page by some proxy says nothing."""
    name = error_of(answer)
    if name is None:
        verdict = Verdict.limited if answer.status == 429 else Verdict.unclear
        words = _OWN_FORM
    else:
        known = STATUS.get(answer.status, Verdict.unclear)
        verdict = ERRORS.get(name, known) if 400 <= answer.status < 500 else known
        said = answer.body.get("message")
        words = f"{name} - {said}" if isinstance(said, str) else name
    at = _free_at(answer.headers, clock) if verdict is Verdict.limited else None
    return Trouble(verdict, f"Bluesky answers {answer.status}: {words}", at)


def error_of(answer: Answer | None) -> str | None:
    """Return the name of the error in an answer, None where it has none."""
    body = answer.body if answer is not None else None
    name = body.get("error") if isinstance(body, dict) else None
    return name if isinstance(name, str) and name else None


def _free_at(headers: Mapping[str, str], clock: Clock) -> datetime | None:
    spent = headers.get("ratelimit-remaining", "0") == "0"
    reset = http_wire.epoch(headers.get("ratelimit-reset")) if spent else None
    return reset or http_wire.later(headers.get("retry-after"), clock.now())


# ── sessions ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Session:
    """Who we are there, where the account is kept, and what lets us in until when."""

    did: str
    handle: str
    pds: str
    access: str
    refresh: str
    until: float  # epoch seconds

    @classmethod
    def kept(cls, values: Mapping[str, Any]) -> "Session | None":
        """Return the session that was kept, None where there is none that can be used."""
        words = {name: values.get(name) for name in ("did", "handle", "pds", "access", "refresh")}
        until = values.get("until")
        if not isinstance(until, int | float) or not all(isinstance(word, str) and word for word in words.values()):
            return None
        return cls(**words, until=until)  # type: ignore[arg-type]  # they have been looked at

    def lasts(self, at: datetime) -> bool:
        """Tell whether it still holds then."""
        return at.timestamp() < self.until


def claims(token: str) -> dict[str, Any]:
    """Return what a session's token says of itself; it isn't verified, only its server can do that."""
    try:
        part = token.split(".")[1]
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class Line:
    """The requests of one account to its server. Not safe for threads."""

    def __init__(
        self, account: Account, *, secrets: Mapping[str, str], base: str, waits: Waits, tokens: Tokens, clock: Clock
    ) -> None:
        """`base`: where to log in; the account's own server is named there, unless its settings name one."""
        self._account, self._secrets, self._base = account, secrets, base
        self._waits, self._tokens, self._clock = waits, tokens, clock
        self._seed = "\n".join((base, secrets.get("IDENTIFIER", ""), secrets.get("APP_PASSWORD", "")))
        self._session: Session | None = None
        self._wires: dict[tuple[str, str], http_wire.Wire] = {}

    # ── requests ──

    def ask(
        self, method: str, name: str, *, visible: datetime | None = None, missing_ok: bool = False, **request: Any
    ) -> Answer:
        """Call a method of the account's server on its behalf; the rest as `http_wire.Wire.ask`.

        `visible`: for the one visible call, when `publish` began: it leaves soon after that or not at all.
        """
        session = used = self.session()
        self._check_prompt(visible)
        answer, trouble = self._tried(session, method, name, request)
        if error_of(answer) in RENEWABLE and trouble is not None and trouble.verdict is Verdict.blocked:
            session = self._session = self._renewed(used, till=self._clock.now() + _MARGIN)
            self._check_prompt(visible)
            answer, trouble = self._tried(session, method, name, request)
        if answer is not None and (trouble is None or (missing_ok and trouble.verdict is Verdict.missing)):
            return answer
        trouble = trouble or Trouble(Verdict.unclear, _OWN_FORM)
        raise http_wire.raised(trouble, visible=visible is not None, hidden=self._hidden(used, session))

    def _check_prompt(self, began: datetime | None) -> None:
        if began is not None and abs(self._clock.now() - began) > PROMPT:
            raise TryLater("Bluesky's session took too long to renew: nothing was sent")

    def _tried(
        self, session: Session, method: str, name: str, request: Mapping[str, Any]
    ) -> tuple[Answer | None, Trouble | None]:
        try:
            return self.wire(session.pds, session.access).look(method, f"/xrpc/{name}", **request), None
        except Fault as fault:
            return fault.answer, fault.trouble

    def read(self, name: str, params: Mapping[str, str], *, missing_ok: bool = False, pds: str = "") -> Answer:
        """Ask the account's server what anybody may."""
        base = pds or self.session().pds
        return self.wire(base).ask("GET", f"/xrpc/{name}", params=params, missing_ok=missing_ok)

    def wire(self, base: str, token: str = "") -> http_wire.Wire:
        """Return the wire to a server, with a token that lets us in there."""
        if (base, token) not in self._wires:
            self._wires[base, token] = http_wire.Wire(
                name="Bluesky",
                base=base,
                waits=self._waits,
                judge=lambda answer: judge(answer, self._clock),
                hidden=[self._secrets.get("APP_PASSWORD", ""), token],
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )
        return self._wires[base, token]

    def _hidden(self, *sessions: Session) -> list[str]:
        tokens = [token for session in sessions for token in (session.access, session.refresh)]
        return http_wire.forms([self._secrets.get("APP_PASSWORD", ""), *tokens])

    # ── the session ──

    def session(self) -> Session:
        """Return a session that lasts for a while yet: the kept one, renewed or made anew where it must be.

        Raises:
            PublishError: there is none to be had; nothing was sent.
        """
        till = self._clock.now() + _MARGIN
        if self._session is None or not self._session.lasts(till):
            self._session = self._renewed(self._session, till=till)
        return self._session

    def renew(self) -> datetime:
        """Renew the session where it ends soon; return when to ask again."""
        till = self._clock.now() + _AHEAD
        if self._session is None or not self._session.lasts(till):
            self._session = self._renewed(self._session, till=till)
        return max(datetime.fromtimestamp(self._session.until, UTC) - _AHEAD, self._clock.now() + timedelta(minutes=1))

    def _renewed(self, used: Session | None, *, till: datetime) -> Session:
        """Return a session in the place of `used`, which no longer serves. One at a time, on all processes."""
        with self._tokens.turn():
            kept = Session.kept(self._tokens.read(seed=self._seed))
            if kept is not None and kept.lasts(till) and (used is None or used.access != kept.access):
                fresh = kept  # somebody else was faster
            else:
                fresh = (self._refreshed(kept) if kept is not None else None) or self.logged_in()
                self._tokens.write(asdict(fresh), seed=self._seed)
        self._wires.clear()
        return fresh

    def _refreshed(self, kept: Session) -> Session | None:
        """Return a new session for an old one, None where it can't be renewed any more."""
        try:
            answer = self.wire(kept.pds, kept.refresh).look(
                "POST", "/xrpc/com.atproto.server.refreshSession", alone=True
            )
        except Fault as fault:
            trouble, name = fault.trouble, error_of(fault.answer)
        else:
            return self._taken(answer.body)
        if trouble.verdict in {Verdict.blocked, Verdict.refused} and not str(name).startswith("Account"):
            return None
        raise http_wire.raised(trouble, visible=False, hidden=self._hidden(kept))

    def logged_in(self) -> Session:
        """Return a new session for the password."""
        given = {"identifier": self._secrets.get("IDENTIFIER", ""), "password": self._secrets.get("APP_PASSWORD", "")}
        try:
            answer = self.wire(self._base).look("POST", "/xrpc/com.atproto.server.createSession", json=given)
        except Fault as fault:
            trouble = fault.trouble
        else:
            return self._taken(answer.body)
        if trouble.verdict in {Verdict.blocked, Verdict.refused}:
            cure = f"give it a new app password: `solidarity accounts login --account {self._account.name}`"
            trouble = trouble._replace(verdict=Verdict.blocked, message=f"{trouble.message}: {cure}")
        raise http_wire.raised(trouble, visible=False, hidden=self._hidden())

    def keep(self, session: Session) -> None:
        """Keep a session that was made by hand."""
        with self._tokens.turn():
            self._tokens.write(asdict(session), seed=self._seed)

    def _taken(self, body: Mapping[str, Any]) -> Session:
        """Return the session in an answer."""
        access = body.get("accessJwt")
        end = claims(access).get("exp") if isinstance(access, str) else None
        until = end if isinstance(end, int | float) else (self._clock.now() + _LASTS).timestamp()
        values = {"did": body.get("did"), "handle": body.get("handle"), "access": access, "until": until}
        session = Session.kept({**values, "refresh": body.get("refreshJwt"), "pds": self._pds(body)})
        if session is None or not session.did.startswith("did:"):
            raise TryLater("Bluesky gave no session that can be used")
        if body.get("active") is False:
            raise AccountBlocked(f"Bluesky says that {session.handle} is {body.get('status') or 'not active'}")
        return session

    def _pds(self, body: Mapping[str, Any]) -> str:
        """Return the address of the server that keeps the account, as its DID document says."""
        if self._account.base_url:
            return self._base
        document = body.get("didDoc")
        services = document.get("service") if isinstance(document, dict) else None
        for service in services if isinstance(services, list) else ():
            if isinstance(service, dict) and str(service.get("id")).endswith("#atproto_pds"):
                try:
                    return checked_url(replace(self._account, base_url=str(service.get("serviceEndpoint"))), "")
                except UserError:
                    break
        raise TryLater(f"{self._base} did not say which server keeps the account")
