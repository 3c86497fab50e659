"""Getting an access token from a Mastodon server over a terminal: a person allows it in any browser, anywhere."""

import re
from typing import Any
from urllib.parse import urlencode

from scheduler.clock import Clock
from scheduler.errors import AccountBlocked, Rejected, UserError
from scheduler.publishers.base import Ask
from scheduler.publishers.http_wire import Verdict, Waits
from scheduler.publishers.mastodon_wire import Wire

SCOPES = "read:accounts read:statuses write:statuses write:media"
"""What the program needs: to know whose token it is, to find its own posts, to post and delete, to upload."""

_PASTED = "urn:ietf:wg:oauth:2.0:oob"  # the server shows the code to the person instead of sending it anywhere


def access_token(*, base: str, waits: Waits, clock: Clock, ask: Ask) -> str:
    """Register this program with the server, let a person allow it, and return the token.

    Raises:
        PublishError: the server didn't give one.
        UserError: no code was pasted.
    """
    wire = Wire(base=base, waits=waits, clock=clock)
    form = {"client_name": "Solidarity", "redirect_uris": _PASTED, "scopes": SCOPES}
    app = wire.ask("POST", "/api/v1/apps", data=form).body
    client, secret = _word(app, "client_id"), _word(app, "client_secret")
    asked = {"response_type": "code", "client_id": client, "redirect_uri": _PASTED, "scope": SCOPES}
    place = f"{base}/oauth/authorize?{urlencode(asked)}"
    code = ask(f"Open {place} , allow it, and paste the code:", hidden=True).strip()
    if not code:
        raise UserError("no code was pasted: nothing has changed")
    return _exchanged(Wire(base=base, waits=waits, clock=clock, hidden=[secret, code]), client, secret, code)


def _exchanged(wire: Wire, client: str, secret: str, code: str) -> str:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": client,
        "client_secret": secret,
        "redirect_uri": _PASTED,
        "scope": SCOPES,
    }
    answer = wire.ask("POST", "/oauth/token", data=form, meaning={Verdict.refused: Rejected})
    return _word(answer.body, "access_token")


def _word(body: Any, name: str) -> str:
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]{8,4096}", value):
        raise Rejected(f"the server gave no {name}")
    return value


def check_scopes(scopes: object, account: str) -> None:
    """Make sure that a token can do all that is needed, as far as the server tells what it may do.

    Raises:
        AccountBlocked: it can't.
    """
    given = scopes.split() if isinstance(scopes, str) else scopes
    if not isinstance(given, list) or not given:
        return
    missing = [one for one in SCOPES.split() if not {one, one.partition(":")[0]} & set(map(str, given))]
    if missing == ["read:accounts"] and "profile" in given:
        return
    if missing:
        raise AccountBlocked(
            f"{account}: its token may not {', '.join(missing)}: "
            f"get another with `solidarity accounts login --account {account}`"
        )
