"""How a stand-in for Mastodon gives out tokens: apps, the page where a person allows one, codes, tokens."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from scheduler.standins.faults import Answer
from scheduler.standins.mastodon_posts import User

PASTED = "urn:ietf:wg:oauth:2.0:oob"
_KNOWN = {"read", "write", "profile", "read:accounts", "read:statuses", "write:statuses", "write:media"}
_CODE_LASTS = 600


@dataclass(frozen=True)
class _Code:
    client: str
    user: User
    scopes: tuple[str, ...]
    until: float


def _json(status: int, value: object) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _fail(status: int, error: str, more: str) -> Answer:
    return _json(status, {"error": error, "error_description": more})


class Desk:
    """The apps and codes of one server."""

    def __init__(self) -> None:
        self.apps: dict[str, tuple[str, tuple[str, ...]]] = {}  # secret and scopes by client id
        self._codes: dict[str, _Code] = {}

    def register(self, body: bytes) -> Answer:
        """POST /api/v1/apps."""
        form = _form(body)
        scopes = tuple(form.get("scopes", "read").split())
        if not form.get("client_name") or form.get("redirect_uris") != PASTED or not set(scopes) <= _KNOWN:
            return _json(422, {"error": "Validation failed: the app is not what it should be"})
        client = hashlib.sha256(f"client {len(self.apps)}".encode()).hexdigest()[:43]
        secret = f"canary-client-{len(self.apps)}-{client[:20]}"
        self.apps[client] = secret, scopes
        shown = {"id": str(len(self.apps)), "name": form["client_name"], "redirect_uri": PASTED}
        return _json(200, {**shown, "client_id": client, "client_secret": secret, "scopes": list(scopes)})

    def allow(self, address: str, user: User, now: float) -> str:
        """Do what a person does at the address they were given; return the code that the page shows them."""
        asked = {name: values[0] for name, values in parse_qs(address.partition("?")[2]).items()}
        scopes = tuple(asked.get("scope", "read").split())
        known = self.apps[asked["client_id"]]
        if (
            asked.get("redirect_uri") != PASTED
            or asked.get("response_type") != "code"
            or not set(scopes) <= {*known[1]}
        ):
            raise ValueError(address)
        code = f"canary-code-{len(self._codes)}-{asked['client_id'][:8]}"
        self._codes[code] = _Code(asked["client_id"], user, scopes, now + _CODE_LASTS)
        return code

    def exchange(self, body: bytes, now: float) -> tuple[Answer, User | None]:
        """POST /oauth/token; return the user with the new token, too."""
        form = _form(body)
        known = self.apps.get(form.get("client_id", ""))
        if known is None or known[0] != form.get("client_secret"):
            return _fail(401, "invalid_client", "Client authentication failed due to unknown client"), None
        code = self._codes.pop(form.get("code", ""), None)
        fits = code is not None and code.client == form["client_id"] and now < code.until
        if code is None or not fits or form.get("grant_type") != "authorization_code" or form["redirect_uri"] != PASTED:
            return _fail(400, "invalid_grant", "The provided authorization grant is invalid or expired"), None
        token = f"canary-token-{hashlib.sha256(form['code'].encode()).hexdigest()[:30]}"
        user = User(code.user.id, code.user.username, token, code.scopes)
        shown: Mapping[str, Any] = {"access_token": token, "token_type": "Bearer", "scope": " ".join(code.scopes)}
        return _json(200, {**shown, "created_at": int(now)}), user


def _form(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}
