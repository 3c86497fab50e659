"""Signing in through the provider that config.yaml names.

Only people who are on staff: an account of the provider is bound to somebody once, with their invitation or on their
own account's page. No address or name that the provider tells is ever matched.
"""

from dataclasses import asdict

from starlette.responses import Response

from scheduler import config
from scheduler.errors import UserError
from scheduler.model import Account
from scheduler.openid import Journey, Provider
from scheduler.operations import staff
from scheduler.submission import User
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.routing import ANYONE, Route, get, post
from scheduler.web.staff import account, frame
from scheduler.web.staff.proof import proved
from scheduler.web.staff.signing import invitation, own, signed_in, with_cookie

_BACK = "/staff/openid/back"
_OWN, _INVITED = "account", "invitation"
"""What an account of the provider is to be bound to: whoever is signed in, or whoever brought an invitation."""


def provider(ask: Ask) -> Provider:
    """Return the provider.

    Raises:
        UserError: config.yaml names none, or its secret isn't there.
    """
    workspace = ask.site.workspace
    if workspace.sign_in is None or workspace.public_url is None:
        raise UserError(ask._("No sign-in provider is set up."))
    keys = Account(name="sign_in", platform="openid", language="", keys=workspace.sign_in.keys)
    found = config.secrets(keys, ("CLIENT_SECRET",), folder=workspace.folder)
    return Provider(workspace.sign_in, secret=found["CLIENT_SECRET"], redirect_uri=f"{workspace.public_url}{_BACK}")


def depart(ask: Ask) -> Response:
    """Send the browser to the provider: by a page, as a form of ours may lead nowhere else."""
    link = ask.form["link"]
    if link == _OWN and ask.user and not proved(ask):
        return account.refused(ask, "provider")
    try:
        address, journey = provider(ask).depart()
    except UserError:
        return _failed(ask)
    until = ask.now + staff.BEFORE
    note = {**asdict(journey), "until": until.timestamp(), "to": own(ask.form["to"]), "link": link}
    secret = staff.remember(ask.site.app, ask.session, journey=note)
    return with_cookie(ask, frame.page(ask, "staff/depart.html.jinja", address=address), secret)


def arrive(ask: Ask) -> Response:
    """Take the provider's answer; without a journey of this very browser's it is worth nothing."""
    note = staff.take(ask.site.app, ask.session, "journey")
    if not note:
        return _failed(ask)
    journey = Journey(state=note["state"], nonce=note["nonce"], verifier=note["verifier"])
    try:
        subject = provider(ask).arrive(ask.query, journey, now=ask.now)
        user = _whose(ask, subject, link=note["link"])
    except UserError:
        return _failed(ask)
    if user is None:
        return _failed(ask, ask._("Nobody on staff is known by that account. Bring your invitation first."))
    if note["link"] == _OWN:
        frame.say(ask, ask._("From now on you can sign in through the provider."))
        return pages.go("/staff/account")
    return signed_in(ask, user, note["to"], how="openid")


def _whose(ask: Ask, subject: str, *, link: str) -> User | None:
    """Return who an account of the provider belongs to; whoever asked for it is bound to it."""
    app = ask.site.app
    if link == _OWN:
        return staff.link(app, ask.user.id, subject) if ask.user else None
    if link == _INVITED:
        guest, code = invitation(ask)
        return staff.link(app, guest.id, subject, invitation=code) if guest else None
    return staff.linked(app, subject)


def _failed(ask: Ask, text: str = "") -> Response:
    return pages.said(
        ask,
        403,
        ask._("That didn't work"),
        text or ask._("The sign-in provider didn't answer as it should. Try again, or sign in another way."),
    )


ROUTES: tuple[Route, ...] = (
    post("/staff/openid", depart, ANYONE, limit="20 per minute"),
    get(_BACK, arrive, ANYONE, limit="20 per minute"),
)
