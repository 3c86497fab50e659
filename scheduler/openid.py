"""Signing in through an OpenID Connect provider: the way there, and what its answer proves.

The authorization code flow with PKCE, a state and a nonce. Only the provider that config.yaml names is asked, over
https (or on this machine), without redirects, within seconds, and only small answers are read.
"""

import base64
import hmac
import ipaddress
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from scheduler.errors import UserError
from scheduler.model import OpenId

if TYPE_CHECKING:
    from requests import Response

_SECONDS = 10.0
_LARGEST = 1_000_000  # bytes of an answer
_ALGORITHMS = ["RS256", "PS256", "ES256"]
_LEEWAY = 60  # seconds that clocks may differ


class ProviderError(UserError):
    """The sign-in provider didn't answer as it should: try again, or sign in another way."""


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What must be remembered while somebody is at the provider."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One OpenID Connect provider."""

    def __init__(self, named: OpenId, *, secret: str, redirect_uri: str) -> None:
        self._named = named
        self._secret = secret
        self._redirect_uri = redirect_uri

    def depart(self) -> tuple[str, Journey]:
        """Return the address to send a browser to, and what to remember until it is back.

        Raises:
            ProviderError: the provider can't be asked.
        """
        from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]

        where = _endpoint(self._described(), "authorization_endpoint", self._named.issuer)
        made = Journey(
            state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48)
        )
        asked = {
            "response_type": "code",
            "client_id": self._named.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid",
            "state": made.state,
            "nonce": made.nonce,
            "code_challenge": create_s256_code_challenge(made.verifier),
            "code_challenge_method": "S256",
        }
        return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}", made

    def arrive(self, query: Mapping[str, str], journey: Journey, *, now: datetime) -> str:
        """Return who it is: the provider's own, lasting name of the person.

        Raises:
            ProviderError: nothing is proved.
        """
        if not hmac.compare_digest(query.get("state", "").encode(), journey.state.encode()):
            raise ProviderError
        # Where the provider names itself in its answer (RFC 9207), it must be the right one.
        if query.get("iss", self._named.issuer).rstrip("/") != self._named.issuer or not query.get("code"):
            raise ProviderError
        described = self._described()
        answer = self._exchange(described, query["code"], journey.verifier)
        claims = self._claims(described, answer, journey.nonce, now)
        return f"{self._named.issuer} {claims['sub']}"

    def _described(self) -> dict[str, Any]:
        found = _fetch("GET", f"{self._named.issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self._named.issuer:
            raise ProviderError
        return found

    def _exchange(self, described: dict[str, Any], code: str, verifier: str) -> dict[str, Any]:
        where = _endpoint(described, "token_endpoint", self._named.issuer)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect_uri}
        form |= {"code_verifier": verifier}
        headers = {}
        if "client_secret_basic" in described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            pair = f"{quote(self._named.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": self._named.client_id, "client_secret": self._secret}
        return _fetch("POST", where, form=form, headers=headers)

    def _claims(
        self, described: dict[str, Any], answer: dict[str, Any], nonce: str, now: datetime
    ) -> Mapping[str, Any]:
        from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        keys: Any = _fetch("GET", _endpoint(described, "jwks_uri", self._named.issuer))
        options = {
            "iss": {"essential": True, "values": [self._named.issuer, f"{self._named.issuer}/"]},
            "aud": {"essential": True, "value": self._named.client_id},
        }
        params = {"nonce": nonce, "client_id": self._named.client_id, "access_token": answer.get("access_token")}
        try:
            token = jwt.decode(str(answer["id_token"]), KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
            claims = CodeIDToken(token.claims, token.header, options=options, params=params)
            claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
        except (JoseError, ValueError, KeyError, TypeError):
            raise ProviderError from None
        if not isinstance(claims["sub"], str) or not claims["sub"]:
            raise ProviderError
        return dict(claims)


def _endpoint(described: Mapping[str, Any], name: str, issuer: str) -> str:
    """Return one of a provider's addresses: https, or on this machine where the provider itself is."""
    found = str(described.get(name, ""))
    parsed = urlsplit(found)
    here = _is_loopback(urlsplit(issuer).hostname or "")
    if not parsed.hostname or _is_loopback(parsed.hostname) != here or parsed.username or parsed.fragment:
        raise ProviderError
    if parsed.scheme != "https" and not (here and parsed.scheme == "http"):
        raise ProviderError
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fetch(
    method: str, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a JSON answer; whatever else happens is a ProviderError without a word of what was sent."""
    import requests
    from urllib3.exceptions import HTTPError

    deadline = time.monotonic() + _SECONDS
    try:
        with requests.Session() as session:
            session.trust_env = False
            asked = {"Accept": "application/json", **(headers or {})}
            with session.request(
                method, url, data=form, headers=asked, timeout=_SECONDS / 2, allow_redirects=False, stream=True
            ) as response:
                found = json.loads(_body(response, deadline)) if response.status_code == 200 else None
    except (requests.RequestException, HTTPError, OSError, ValueError, RecursionError):
        raise ProviderError from None
    if not isinstance(found, dict):
        raise ProviderError
    return found


def _body(response: "Response", deadline: float) -> bytes:
    """Return what an answer holds, up to a size and a moment, however steadily it drips."""
    body = b""
    while chunk := response.raw.read1(8192, decode_content=True):
        body += chunk
        if len(body) > _LARGEST or time.monotonic() > deadline:
            raise ProviderError
    return body
