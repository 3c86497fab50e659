"""An OpenID Connect provider that takes nothing on trust: it checks client, code, PKCE and the way back, and signs.

What a test wants to be wrong goes into `lies` (claims), `described` (its own description) or `key` (another key).
"""

import base64
import hashlib
import json
import secrets
import time
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from scheduler.standins.faults import Answer
from scheduler.standins.loopback import LoopbackServer, Request

CLIENT, SECRET = "solidarity", "the client's secret: with %, + and é"


class OpenIdServer(LoopbackServer):
    """One person, `sub`, has an account there and agrees to everything."""

    endpoints: ClassVar = {
        "GET /.well-known/openid-configuration": "describe",
        "GET /keys": "keys",
        "POST /token": "token",
    }

    def __init__(self, *, sub: str = "248289761001", redirect_uri: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.sub = sub
        self.redirect_uri = redirect_uri
        self.key = self.published = RSAKey.generate_key(2048, {"kid": "one"})
        self.algorithm = "RS256"
        self.lies: dict[str, Any] = {}
        self.described: dict[str, Any] = {}
        self.redirects = ""
        self._codes: dict[str, dict[str, str]] = {}

    def authorize(self, address: str) -> dict[str, str]:
        """Do what the person's browser does at the provider; return what it brings back."""
        split = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        assert f"{split.scheme}://{split.netloc}{split.path}" == f"{self.url}/authorize"
        assert query["response_type"] == "code"
        assert "openid" in query["scope"].split()
        assert (query["client_id"], query["redirect_uri"]) == (CLIENT, self.redirect_uri)
        assert query["code_challenge_method"] == "S256"
        assert len(query["state"]) >= 22
        assert len(query["nonce"]) >= 22
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return {"code": code, "state": query["state"]}

    def describe(self, _request: Request) -> Answer:
        """Answer the discovery."""
        if self.redirects:
            return Answer(302, b"", {"Location": self.redirects})
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.described,
        }
        return Answer(200, json.dumps(found).encode())

    def keys(self, _request: Request) -> Answer:
        """Answer with the public keys."""
        return Answer(200, json.dumps({"keys": [self.published.as_dict(private=False)]}).encode())

    def token(self, request: Request) -> Answer:
        """Exchange a code, once, for whoever has the client's secret and the verifier."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        if not self._knows(request, form) or asked is None or form.get("grant_type") != "authorization_code":
            return Answer(401, b'{"error": "invalid_client"}')
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return Answer(400, b'{"error": "invalid_grant"}')
        answer = {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "id_token": self._signed(asked)}
        return Answer(200, json.dumps(answer).encode())

    def _knows(self, request: Request, form: dict[str, str]) -> bool:
        if "client_secret" in form:
            return (form["client_id"], form["client_secret"]) == (CLIENT, SECRET)
        kind, _, pair = request.headers.get("Authorization", "").partition(" ")
        name, _, secret = base64.b64decode(pair).decode().partition(":")
        return kind == "Basic" and (unquote(name), unquote(secret)) == (CLIENT, SECRET)

    def _signed(self, asked: dict[str, str]) -> str:
        now = int(self.now())
        claims = {"iss": self.url, "sub": self.sub, "aud": CLIENT, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], **self.lies}
        if self.algorithm == "none":
            parts = [{"alg": "none"}, {name: value for name, value in claims.items() if value is not None}]
            texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
            return ".".join([*texts, ""])
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": self.algorithm, "kid": "one"}, kept, self.key, algorithms=[self.algorithm])


def seconds(clock: Any) -> Any:
    """Return a test clock's time as a server wants it: seconds since 1970."""
    return (lambda: clock.now().timestamp()) if clock else time.time
