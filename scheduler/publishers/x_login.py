"""Getting in at X: access that is renewed (OAuth 2), and how a person lets the program in, over a terminal.

An OAuth 2 login is access for two hours and a refresh token that works once: each renewal gives the next. It is
written to the disk the moment it is there. A machine that dies between X's answer and that loses the login.
"""

import base64
import hashlib
import secrets as random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from requests_oauthlib import OAuth1

from scheduler.clock import Clock
from scheduler.errors import AccountBlocked, PublishError, TryLater, UserError
from scheduler.publishers import http_wire
from scheduler.publishers.base import Ask
from scheduler.publishers.http_wire import Answer, Trouble, Verdict, Waits
from scheduler.publishers.x_wire import TALKATIVE, Session
from scheduler.tokens import Tokens

CALLBACK = "http://127.0.0.1/"
"""Where X sends the browser of a person who said yes. Nothing listens there: they copy the address."""

SCOPES = "tweet.read tweet.write users.read media.write offline.access"
_ENOUGH = timedelta(minutes=5)  # that access has to last where something is sent with it
_LIVES = 7200  # seconds; where X doesn't say how long access lasts


# ── access that is renewed ──────────────────────────────────────────────────────────────────────────────


class Login:
    """The OAuth 2 login of one account, shared by every process through the workspace's var/tokens folder."""

    def __init__(
        self, *, account: str, secrets: Mapping[str, str], tokens: Tokens, clock: Clock, base: str, waits: Waits
    ) -> None:
        """`secrets`: CLIENT_ID, CLIENT_SECRET and the REFRESH_TOKEN that a person gave."""
        self._account = account
        self._secrets = secrets
        self._tokens = tokens
        self._clock = clock
        self._base, self._waits = base, waits
        self._kept: dict[str, Any] = {}

    def access(self, *, left: timedelta = _ENOUGH) -> str:
        """Return an access token that is good for `left` at least, renewing it where it isn't.

        Raises only PublishError.
        """
        if not self._good(left):
            self._kept = self._tokens.read(seed=self._secrets["REFRESH_TOKEN"])
        if not self._good(left):
            with self._tokens.turn():
                self._kept = self._tokens.read(seed=self._secrets["REFRESH_TOKEN"])
                if not self._good(left):
                    self._kept = self._renewed(self._kept)
        return str(self._kept["access"])

    def ends_at(self) -> datetime:
        """Return when the access that we hold ends."""
        return datetime.fromisoformat(self._kept["ends_at"])

    def was_renewed(self) -> bool:
        """Tell whether somebody else has renewed the login since we read it; then it is read again at next use."""
        kept = self._tokens.read(seed=self._secrets["REFRESH_TOKEN"])
        if kept.get("access") in {None, self._kept.get("access")}:
            return False
        self._kept = {}
        return True

    def _good(self, left: timedelta) -> bool:
        return "access" in self._kept and self.ends_at() - self._clock.now() > left

    def _renewed(self, kept: Mapping[str, Any]) -> dict[str, Any]:
        seed = self._secrets["REFRESH_TOKEN"]
        refresh = str(kept.get("refresh", seed))
        lost = " (the answer to an earlier renewal was lost)" if "asked_at" in kept else ""
        # Written before X is asked: a disk that is full must not be found out when the old token is used up.
        self._tokens.write({**kept, "asked_at": self._clock.now().isoformat()}, seed=seed)
        blocked = None
        try:
            said = _granted(
                self._secrets,
                {"grant_type": "refresh_token", "refresh_token": refresh},
                base=self._base,
                waits=self._waits,
            )
        except AccountBlocked as error:
            blocked = error
        else:
            values = _values(said, refresh, self._clock.now())
            self._tokens.write(values, seed=seed)
            return values
        cure = f"solidarity accounts login --account {self._account}"
        raise AccountBlocked(f"{blocked}{lost}: let the program in anew with `{cure}`")


def _values(said: Mapping[str, Any], refresh: str, now: datetime) -> dict[str, Any]:
    lives = said.get("expires_in")
    seconds = lives if isinstance(lives, int | float) and 0 < lives < 10**7 else _LIVES
    following = said.get("refresh_token")
    return {
        "access": said["access_token"],
        "refresh": following if isinstance(following, str) and following else refresh,
        "ends_at": (now + timedelta(seconds=seconds)).isoformat(),
    }


def _granted(secrets: Mapping[str, str], form: Mapping[str, str], *, base: str, waits: Waits) -> dict[str, Any]:
    """Ask X for tokens and return its answer, which has an access token."""
    pair = ":".join(quote(secrets[name], safe="") for name in ("CLIENT_ID", "CLIENT_SECRET"))
    coded = base64.b64encode(pair.encode()).decode()
    wire = http_wire.Wire(
        name="X", base=base, waits=waits, judge=_judged, hidden=[*secrets.values(), *form.values(), coded]
    )
    headers = {"Authorization": f"Basic {coded}"}
    said: dict[str, Any] = wire.ask("POST", "/2/oauth2/token", data=dict(form), headers=headers).body
    if not isinstance(said.get("access_token"), str) or not said["access_token"]:
        raise TryLater("X gave no access token")
    return said


def _judged(answer: Answer) -> Trouble:
    said = answer.body.get("error") if isinstance(answer.body, dict) else None
    if answer.status == 429:
        reset = http_wire.epoch(answer.headers.get("x-rate-limit-reset"))
        return Trouble(Verdict.limited, "X lets nobody in just now", reset)
    if answer.status in {400, 401, 403} and isinstance(said, str):
        return Trouble(Verdict.blocked, f"X no longer takes this login: {said}")
    return Trouble(Verdict.unclear, f"X answers {answer.status} to the renewal of the login")


# ── how a person lets the program in ────────────────────────────────────────────────────────────────────


def by_address(ask: Ask, secrets: Mapping[str, str], *, base: str, waits: Waits) -> dict[str, str]:
    """Lead a person through OAuth 2: they open an address, say yes, and copy where they end up."""
    verifier, state = random.token_urlsafe(48), random.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": secrets["CLIENT_ID"],
        "redirect_uri": CALLBACK,
        "scope": SCOPES,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    question = (
        f"Open {_browsed(base)}/i/oauth2/authorize?{urlencode(query)}\n"
        f"as the account, allow it, and paste the address of the page that can't be shown ({CALLBACK}?…):"
    )
    back = parse_qs(urlsplit(ask(question, hidden=True).strip()).query)
    if back.get("state") != [state] or "code" not in back:
        raise UserError("this is not the address that X led to: begin again, and copy all of it")
    form = {
        "grant_type": "authorization_code",
        "code": back["code"][0],
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
    }
    said = _granted(secrets, form, base=base, waits=waits)
    if not isinstance(said.get("refresh_token"), str):
        raise UserError("X gave no refresh token: allow the app “offline.access” in X's developer portal")
    return {name: secrets[name] for name in ("CLIENT_ID", "CLIENT_SECRET")} | {"REFRESH_TOKEN": said["refresh_token"]}


def by_pin(ask: Ask, key: str, secret: str, *, base: str, waits: Waits) -> dict[str, str]:
    """Lead a person through OAuth 1.0a with a PIN: they open an address, say yes, and type the number they see."""
    request = _form("/oauth/request_token", OAuth1(key, secret, callback_uri="oob"), (key, secret), base, waits)
    question = (
        f"Open {base}/oauth/authorize?oauth_token={quote(request['oauth_token'], safe='')}\n"
        "as the account, allow it, and type the PIN that X shows:"
    )
    pin = ask(question).strip()
    if not pin.isalnum():
        raise UserError("X's PIN is a number: begin again")
    given = (request["oauth_token"], request["oauth_token_secret"])
    signed = OAuth1(key, secret, *given, verifier=pin)
    access = _form("/oauth/access_token", signed, (key, secret, *given, pin), base, waits)
    return {
        "API_KEY": key,
        "API_SECRET": secret,
        "ACCESS_TOKEN": access["oauth_token"],
        "ACCESS_SECRET": access["oauth_token_secret"],
    }


def _browsed(base: str) -> str:
    return "https://x.com" if base == "https://api.x.com" else base


def _form(route: str, signature: OAuth1, hidden: tuple[str, ...], base: str, waits: Waits) -> dict[str, str]:
    """Send a signed request and return X's answer, which is a form with a token and its secret."""
    session = Session(base, waits)
    http_wire.hush(TALKATIVE)
    try:
        response = session.request("POST", route, auth=signature)
        said = {name: values[0] for name, values in parse_qs(response.text).items()}
    except Exception as error:
        trouble = http_wire.unanswered(error, session.journey, "X")
    else:
        if response.status_code == 200 and said.get("oauth_token") and said.get("oauth_token_secret"):
            return said
        refused = response.status_code in {400, 401, 403}
        words = f"X answers {response.status_code}: " + (
            "are the API key and the PIN right?" if refused else "try again"
        )
        trouble = Trouble(Verdict.blocked if refused else Verdict.unclear, words)
    raise _plain(trouble, hidden)


def _plain(trouble: Trouble, hidden: tuple[str, ...]) -> PublishError:
    return http_wire.raised(trouble, visible=False, hidden=http_wire.forms(hidden))
