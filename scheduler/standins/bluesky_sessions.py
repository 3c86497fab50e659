"""Who may do what on a stand-in for a Bluesky server: users, app passwords, sessions that end, points that run out."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from scheduler.standins.faults import Answer

ACCESS, REFRESH, GRACE = 2 * 3600.0, 90 * 86_400.0, 2 * 3600.0
POINTS = ((3600.0, 5_000), (86_400.0, 35_000))  # of writing, per account
LOGINS = ((300.0, 30), (86_400.0, 300))
UPLOADS = ((86_400.0, 1_000),)


@dataclass
class User:
    """An account: its DID and handle never change here; `status` is empty while it is in good standing."""

    did: str
    handle: str
    app_password: str
    own_password: str = ""
    status: str = ""
    email_confirmed: bool = True

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets by the names a configuration gives them."""
        return {"IDENTIFIER": self.handle, "APP_PASSWORD": self.app_password}


def user_for(account: str) -> User:
    """Return a user for an account's name, always the same."""
    digest = hashlib.sha256(account.encode()).digest()
    drawn = base64.b32encode(digest).decode().lower()
    label = "".join(c if c.isascii() and c.isalnum() else "-" for c in account.lower()).strip("-")[:18]
    password = f"canary-app-{drawn[:4]}-{drawn[4:8]}"
    return User(f"did:plc:{drawn[:24]}", f"{label or drawn[:8]}.bsky.social", password, f"canary-own-{drawn[8:16]}")


class Refused(Exception):  # noqa: N818
    """A request that is answered with an error."""

    def __init__(self, status: int, error: str, message: str = "", **headers: str) -> None:
        super().__init__(error)
        body = json.dumps({"error": error, "message": message or error}).encode()
        self.answer = Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class _Token:
    user: User
    kind: str
    until: float
    next: str = ""  # the token that took its place


@dataclass
class Sessions:
    """The tokens given out. `now` is the time by which they end."""

    now: Callable[[], float]
    tokens: dict[str, _Token] = field(default_factory=dict)
    made: int = 0
    _spent: dict[tuple[str, str], list[tuple[float, int]]] = field(default_factory=dict)

    def log_in(self, user: User, password: str) -> dict[str, str]:
        """Return a new session's two tokens.

        Raises:
            Refused: a wrong password, an account not in good standing, too many sessions.
        """
        self.spend(user, "logins", 1, LOGINS)
        scopes = {user.app_password: "com.atproto.appPass", user.own_password: "com.atproto.access"}
        if not password or password not in scopes:
            raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")
        self.check_standing(user)
        return {
            "accessJwt": self._token(user, "access", ACCESS, scopes[password]),
            "refreshJwt": self._token(user, "refresh", REFRESH, "com.atproto.refresh"),
        }

    def refresh(self, token: str) -> tuple[User, dict[str, str]]:
        """Return whose token it is and a new session in its place; the old one serves for two hours more."""
        old = self._known(token, "refresh")
        self.check_standing(old.user)
        if not old.next:
            old.next = self._token(old.user, "refresh", REFRESH, "com.atproto.refresh")
            old.until = min(old.until, self.now() + GRACE)
        access = self._token(old.user, "access", ACCESS, "com.atproto.appPass")
        return old.user, {"accessJwt": access, "refreshJwt": old.next}

    def user(self, token: str) -> User:
        """Return who acts with an access token."""
        user = self._known(token, "access").user
        self.check_standing(user)
        return user

    def service_token(self, user: User, audience: str, method: str, until: float) -> str:
        """Return a token for another service, for one method."""
        return self._token(user, f"{audience} {method}", until - self.now(), method)

    def service(self, token: str, audience: str, method: str) -> User:
        """Return who acts at another service."""
        return self._known(token, f"{audience} {method}").user

    def end(self, user: User, *kinds: str) -> None:
        """End all tokens of a user (of some kinds) now."""
        for token in self.tokens.values():
            if token.user is user and (not kinds or token.kind in kinds):
                token.until = self.now() - 1

    def check_standing(self, user: User) -> None:
        """Refuse whom the server has taken down."""
        if user.status:
            raise Refused(401, "AccountTakedown", f"Account has been {user.status}")

    def spend(self, user: User, what: str, points: int, windows: Iterable[tuple[float, int]]) -> dict[str, str]:
        """Count an action; return the headers that tell what is left.

        Raises:
            Refused: nothing is left.
        """
        spent = self._spent.setdefault((user.did, what), [])
        headers: dict[str, str] = {}
        for seconds, limit in windows:
            window = int(self.now() // seconds)
            used = sum(cost for at, cost in spent if int(at // seconds) == window)
            left, reset = limit - used - points, int((window + 1) * seconds)
            told = {"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(max(left, 0))}
            told |= {"RateLimit-Reset": str(reset), "RateLimit-Policy": f"{limit};w={int(seconds)}"}
            if left < 0:
                raise Refused(429, "RateLimitExceeded", "Rate Limit Exceeded", **told)
            headers = headers or told
        spent.append((self.now(), points))
        del spent[:-40_000]
        return headers

    def _token(self, user: User, kind: str, lasts: float, scope: str) -> str:
        self.made += 1
        now = self.now()
        claims: dict[str, Any] = {"scope": scope, "sub": user.did, "iat": int(now), "exp": int(now + lasts)}
        parts = [{"typ": "at+jwt", "alg": "HS256"}, {**claims, "jti": self.made}]
        coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        token = f"{'.'.join(coded)}.canary-{kind.partition(' ')[0].replace(':', '-')}-{self.made}"
        self.tokens[token] = _Token(user, kind, now + lasts)
        return token

    def _known(self, token: str, kind: str) -> _Token:
        if not token:
            raise Refused(401, "AuthMissing", "Authentication Required")
        known = self.tokens.get(token)
        if known is None:
            raise Refused(400, "InvalidToken", "Token could not be verified")
        if known.kind != kind:
            raise Refused(400, "InvalidToken", "Bad token scope")
        if known.until <= self.now():
            raise Refused(400, "ExpiredToken", "Token has expired")
        return known
