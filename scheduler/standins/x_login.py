"""Who speaks to a stand-in for X: OAuth 1.0a signatures, OAuth 2 access, and how both are given."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from scheduler.standins import oauth1
from scheduler.standins.faults import Answer
from scheduler.standins.loopback import LoopbackServer, Request, Seat
from scheduler.standins.x_answers import Refused, form, plain, problem
from scheduler.standins.x_posts import User

USERS = (
    User("1001", "rights_fr", "canary-ak-1", "canary-as-1/+&", "1001-canary/at", "canary-ts-1%"),
    User("1002", "rights_en", "canary-ak-2", "canary-as-2", "1002-canary-at", "canary-ts-2", premium=True),
)
ACCESS_LASTS = 7200
_OAUTH = "application/x-www-form-urlencoded"


class Entrance(LoopbackServer):
    """Lets users in. `users` by their access tokens."""

    def __init__(self, *, users: Iterable[User] = USERS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.users = {user.access_token: user for user in users}
        self._nonces: set[tuple[str, str, str]] = set()
        self._access: dict[str, tuple[User, float]] = {}  # OAuth 2: until when
        self._refresh: dict[str, User] = {}
        self._codes: dict[str, tuple[User, dict[str, str]]] = {}
        self._pins: dict[str, tuple[str, str, User | None, str]] = {}  # request token: API key, secret, user, PIN
        self._drawn = 0

    # ── for the tests ──

    def seat(self, account: str, options: Mapping[str, object] = MappingProxyType({})) -> Seat:
        """Make a user for an account, the same one for the same account; `premium` ones may write long texts."""
        name = re.sub(r"\W", "_", account, flags=re.ASCII)[:15]
        known = {user.username: user for user in self.users.values()}
        if name not in known:
            mark = hashlib.sha256(account.encode()).hexdigest()[:20]
            number = str(2000 + len(known))
            keys = (f"k{mark}", f"s{mark}", f"{number}-{mark}", f"t{mark}")
            known[name] = User(number, name, *keys, premium=options.get("premium") is True)
            self.users[known[name].access_token] = known[name]
        return Seat(base_url=self.url, secrets=known[name].secrets)

    def oauth2(self, user: User) -> dict[str, str]:
        """Let a user in by OAuth 2: return the secrets of a fresh login."""
        with self._lock:
            refresh = self._token("refresh")
            self._refresh[refresh] = user
            return {**self.client(user), "REFRESH_TOKEN": refresh}

    def client(self, user: User) -> dict[str, str]:
        """Return the OAuth 2 client of a user's app."""
        return {"CLIENT_ID": f"canary-client-{user.id}", "CLIENT_SECRET": f"canary-secret-{user.id}/+"}

    def revoke(self, user: User) -> None:
        """Make a user's keys worthless."""
        self.users = {token: one for token, one in self.users.items() if one != user}
        self._access = {token: one for token, one in self._access.items() if one[0] != user}
        self._refresh = {token: one for token, one in self._refresh.items() if one != user}

    def allow(self, address: str, user: User) -> str:
        """Say yes as a user's browser does: return the PIN, or where X leads the browser."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        with self._lock:
            if "oauth_token" in query:
                key, secret, _, _ = self._pins[query["oauth_token"]]
                pin = f"{secrets.randbelow(10**7):07}"
                self._pins[query["oauth_token"]] = (key, secret, user, pin)
                return pin
            if query.get("response_type") != "code" or query.get("client_id") != self.client(user)["CLIENT_ID"]:
                raise ValueError(address)
            code = self._token("code")
            self._codes[code] = (user, query)
            return f"{query['redirect_uri']}?{urlencode({'state': query['state'], 'code': code})}"

    # ── every request ──

    def speaker(self, request: Request) -> User:
        """Return who asks, or refuse: by the real clock, which is the one that clients sign with."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer":
            user, until = self._access.get(token, (None, 0.0))
            if user is not None and until > self.now():
                return user
            raise Refused(problem(401, "Unauthorized", "Unauthorized"))
        given = oauth1.parameters(request.headers.get("Authorization", ""))
        user = self.users.get(given.get("oauth_token", ""))
        if user and given.get("oauth_consumer_key") == user.api_key:
            self._check(request, given, user.api_secret, user.access_secret)
            return user
        raise Refused(problem(401, "Unauthorized", "Unauthorized"))

    def _check(self, request: Request, given: dict[str, str], secret: str, token_secret: str) -> None:
        once = (given.get("oauth_token", ""), given.get("oauth_timestamp", ""), given.get("oauth_nonce", ""))
        fresh = once[1].isdigit() and abs(int(once[1]) - time.time()) <= oauth1.WINDOW and once not in self._nonces
        pairs = [*request.query, *((k, v) for k, v in given.items() if k not in {"oauth_signature", "realm"})]
        right = oauth1.signature(request.method, request.url, pairs, consumer_secret=secret, token_secret=token_secret)
        if not fresh or not hmac.compare_digest(right, given.get("oauth_signature", "")):
            raise Refused(problem(401, "Unauthorized", "Unauthorized"))
        self._nonces.add(once)

    # ── OAuth 1.0a with a PIN ──

    def request_token(self, request: Request) -> Answer:
        """POST /oauth/request_token."""
        given = oauth1.parameters(request.headers.get("Authorization", ""))
        owner = next((one for one in self.users.values() if one.api_key == given.get("oauth_consumer_key")), None)
        if owner is None or given.get("oauth_callback") != "oob":
            raise Refused(problem(401, "Unauthorized", "Could not authenticate you."))
        self._check(request, given, owner.api_secret, "")
        token, secret = self._token("request"), self._token("secret")
        self._pins[token] = (owner.api_key, secret, None, "")
        said = {"oauth_token": token, "oauth_token_secret": secret, "oauth_callback_confirmed": "true"}
        return Answer(200, urlencode(said).encode(), {"Content-Type": _OAUTH})

    def access_token(self, request: Request) -> Answer:
        """POST /oauth/access_token."""
        given = oauth1.parameters(request.headers.get("Authorization", ""))
        key, secret, user, pin = self._pins.get(given.get("oauth_token", ""), ("", "", None, ""))
        if user is None or key != user.api_key or given.get("oauth_verifier") != pin:
            raise Refused(problem(401, "Unauthorized", "Could not authenticate you."))
        self._check(request, given, user.api_secret, secret)
        del self._pins[given["oauth_token"]]
        said = {"oauth_token": user.access_token, "oauth_token_secret": user.access_secret}
        more = {"user_id": user.id, "screen_name": user.username}
        return Answer(200, urlencode(said | more).encode(), {"Content-Type": _OAUTH})

    # ── OAuth 2 ──

    def token(self, request: Request) -> Answer:
        """POST /2/oauth2/token: a code or a refresh token, each good for one time, against access and the next one."""
        asked = form(request)
        by_code = asked.get("grant_type") == "authorization_code"
        user = self._by_code(asked) if by_code else self._by_refresh(asked)
        if user is None:
            said = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
            return plain(400, said)
        if not self._is_client(request, user):
            return plain(401, {"error": "unauthorized_client", "error_description": "Missing valid authorization"})
        self._codes.pop(asked.get("code", ""), None)
        self._refresh = {token: one for token, one in self._refresh.items() if one != user}
        self._access = {token: one for token, one in self._access.items() if one[0] != user}
        access, refresh = self._token("access"), self._token("refresh")
        self._access[access] = (user, self.now() + ACCESS_LASTS)
        self._refresh[refresh] = user
        scope = "users.read tweet.read tweet.write media.write offline.access"
        said = {"token_type": "bearer", "access_token": access, "refresh_token": refresh, "scope": scope}
        return plain(200, {**said, "expires_in": ACCESS_LASTS})

    def _by_refresh(self, asked: dict[str, str]) -> User | None:
        right = set(asked) == {"grant_type", "refresh_token"} and asked["grant_type"] == "refresh_token"
        return self._refresh.get(asked["refresh_token"]) if right else None

    def _by_code(self, asked: dict[str, str]) -> User | None:
        user, wanted = self._codes.get(asked.get("code", ""), (None, {}))
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        right = (wanted.get("code_challenge"), wanted.get("code_challenge_method"), wanted.get("redirect_uri"))
        return user if right == (challenge, "S256", asked.get("redirect_uri")) else None

    def _is_client(self, request: Request, user: User) -> bool:
        kind, _, coded = request.headers.get("Authorization", "").partition(" ")
        wanted = self.client(user)
        pair = f"{quote(wanted['CLIENT_ID'], safe='')}:{quote(wanted['CLIENT_SECRET'], safe='')}"
        return kind == "Basic" and unquote(base64.b64decode(coded).decode()) == unquote(pair)

    def _token(self, kind: str) -> str:
        self._drawn += 1
        return f"canary-{kind}-{self._drawn}-{secrets.token_hex(8)}"
