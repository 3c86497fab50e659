"""Passkeys: adding one to one's account or with an invitation, and signing in with one.

Answers are JSON, for `static/passkeys.js`; without JavaScript there are passwords. A challenge
stands in the browser's session, holds for five minutes, and is good for one answer.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from scheduler.errors import UserError
from scheduler.operations import passkeys, staff
from scheduler.operations.passkeys import Party
from scheduler.submission import User
from scheduler.web.ask import Ask
from scheduler.web.routing import ANYONE, STAFF, Route, post
from scheduler.web.staff.proof import proved
from scheduler.web.staff.signing import invitation, own, with_cookie

_HOLDS = timedelta(minutes=5)
_LOCAL = "localhost"


@dataclass(frozen=True)
class _Answer:
    """What a browser sent back, and the challenge that it should answer."""

    credential: str
    challenge: str
    party: Party


def to_sign_in(ask: Ask) -> Response:
    """Give a challenge to sign in with; the browser offers whatever passkeys it has for this site."""
    party = _party(ask, _LOCAL)
    options, challenge = passkeys.to_sign_in(party)
    return _given(ask, options, challenge, "sign-in")


def sign_in(ask: Ask) -> Response:
    """Sign in whoever answers the challenge with a passkey that is known."""
    answer = _answer(ask, "sign-in")
    user = passkeys.check(ask.site.app, answer.credential, challenge=answer.challenge, party=answer.party)
    if user is None:
        return _refused(ask, ask._("This passkey isn't known here. Sign in with a password, or ask an admin."))
    secret = staff.open_session(ask.site.app, user, passkey=True, old=ask.session, how="passkey")
    return with_cookie(ask, JSONResponse({"to": own(ask.form["to"])}), secret)


def to_add(ask: Ask) -> Response:
    """Give a challenge to add a passkey to one's own account."""
    if not proved(ask):
        return _refused(ask, ask._("Your password isn't right."))
    return _to_make(ask, ask.staff)


def add(ask: Ask) -> Response:
    """Add a passkey to one's own account."""
    added = _made(ask, ask.staff)
    return added or JSONResponse({"to": "/staff/account"})


def to_join(ask: Ask) -> Response:
    """Give a challenge to whoever brought an invitation."""
    user, _ = invitation(ask)
    return _to_make(ask, user) if user else _uninvited(ask)


def join(ask: Ask) -> Response:
    """Come in with a passkey instead of a password; the invitation is used up."""
    user, code = invitation(ask)
    if user is None:
        return _uninvited(ask)
    refused = _made(ask, user, invitation=code)
    if refused:
        return refused
    secret = staff.open_session(ask.site.app, user, passkey=True, old=ask.session, how="invitation")
    return with_cookie(ask, JSONResponse({"to": "/staff/account"}), secret)


def _to_make(ask: Ask, user: User) -> Response:
    options, challenge = passkeys.to_add(ask.site.app, user, _party(ask, _LOCAL))
    return _given(ask, options, challenge, "new")


def _made(ask: Ask, user: User, *, invitation: str = "") -> Response | None:
    """Keep the passkey that was just made; return a refusal where that can't be."""
    answer = _answer(ask, "new")
    label = ask.form["label"][:80] or ask._("Passkey")
    try:
        passkeys.add(
            ask.site.app,
            user,
            answer.credential,
            challenge=answer.challenge,
            party=answer.party,
            label=label,
            invitation=invitation,
        )
    except UserError:
        text = ask._("This passkey can't be used here. Begin again, and confirm with your finger, face or PIN.")
        return _refused(ask, text)
    return None


def _given(ask: Ask, options: dict[str, Any], challenge: str, purpose: str) -> Response:
    until = (ask.now + _HOLDS).timestamp()
    note = {"value": challenge, "for": purpose, "until": until}
    secret = staff.remember(ask.site.app, ask.session, challenge=note)
    return with_cookie(ask, JSONResponse(options), secret)


def _answer(ask: Ask, purpose: str) -> _Answer:
    """Return a browser's answer with its challenge, which is used up; an empty challenge is answered by nothing."""
    note = staff.take(ask.site.app, ask.session, "challenge")
    challenge = str(note.get("value", "")) if note.get("for") == purpose else ""
    credential = ask.form["credential"]
    return _Answer(credential, challenge, _party(ask, _origin(credential)))


def _party(ask: Ask, origin: str) -> Party:
    """Return whom passkeys are for: the public address; without one, `localhost` on whatever port it answers."""
    name = ask.site.workspace.name.in_language(ask.words.language, ask.site.workspace.language)
    public = urlsplit(ask.site.workspace.public_url or "")
    if public.hostname:
        return Party(id=public.hostname, name=name, origin=f"{public.scheme}://{public.netloc}")
    local = urlsplit(origin)
    here = local.scheme == "http" and local.hostname == _LOCAL and not (local.username or local.path)
    return Party(id=_LOCAL, name=name, origin=origin if here else f"http://{_LOCAL}")


def _origin(credential: str) -> str:
    """Return the page that a browser says it made an answer on: what it signed, so that a lie is found out."""
    from webauthn.helpers import base64url_to_bytes

    try:
        data = json.loads(credential)["response"]["clientDataJSON"]
        return str(json.loads(base64url_to_bytes(data))["origin"])
    except (ValueError, KeyError, TypeError):
        return ""


def _uninvited(ask: Ask) -> Response:
    return _refused(ask, ask._("Bring your invitation first."))


def _refused(_ask: Ask, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=403)


ROUTES: tuple[Route, ...] = (
    post("/staff/passkeys/challenge", to_sign_in, ANYONE, limit="30 per minute"),
    post("/staff/passkeys/sign-in", sign_in, ANYONE, limit="30 per minute"),
    post("/staff/account/passkeys/challenge", to_add, STAFF, limit="30 per minute"),
    post("/staff/account/passkeys", add, STAFF),
    post("/staff/welcome/passkey/challenge", to_join, ANYONE, limit="30 per minute"),
    post("/staff/welcome/passkey", join, ANYONE, limit="30 per minute"),
)
