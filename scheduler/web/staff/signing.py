"""Signing in and out, and coming in by an invitation."""

from datetime import timedelta
from math import ceil

from starlette.responses import Response

from scheduler import passwords
from scheduler.errors import UserError
from scheduler.operations import staff
from scheduler.submission import User
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.entrance import SESSION
from scheduler.web.routing import ANYONE, STAFF, Route, get, post
from scheduler.web.staff import frame
from scheduler.web.staff.attempts import attempts


def own(wanted: str) -> str:
    """Return a page of staff to go to after signing in; whatever else is asked for is the first page."""
    inside = wanted == "/staff" or wanted.startswith(("/staff/", "/staff?"))
    return wanted if inside and not wanted.startswith(("/staff/sign-in", "/staff/welcome")) else "/staff"


def signed_in(ask: Ask, user: User, to: str, *, how: str, passkey: bool = False) -> Response:
    """Sign somebody in and send the browser on. The session it had before ends."""
    return with_cookie(
        ask, pages.go(own(to)), staff.open_session(ask.site.app, user, passkey=passkey, old=ask.session, how=how)
    )


def with_cookie(ask: Ask, answer: Response, secret: str) -> Response:
    """Give the browser its session's cookie; it ends with the browser, and with the session at the latest."""
    if secret:
        site = ask.site
        answer.set_cookie(site.cookie(SESSION), secret, httponly=True, samesite="lax", secure=site.secure, path="/")
    return answer


def show(ask: Ask) -> Response:
    """Show the form for signing in."""
    if ask.user:
        return pages.go(own(ask.query.get("to", "")))
    return _form(ask, to=own(ask.query.get("to", "")))


def _form(ask: Ask, *, to: str, name: str = "", wrong: str = "", status: int = 200) -> Response:
    provider = ask.site.workspace.sign_in is not None
    return frame.page(ask, "staff/sign_in.html.jinja", status=status, to=to, name=name, wrong=wrong, provider=provider)


def sign_in(ask: Ask) -> Response:
    """Sign somebody in with a password."""
    name, to = ask.form["name"], own(ask.form["to"])
    tries = attempts(ask)
    wait = tries.wait(name, ask.client, ask.now)
    if wait > timedelta():
        return _form(ask, to=to, name=name, wrong=_wait(ask, wait), status=429)
    try:
        user = staff.check_password(ask.site.app, name, ask.form.values.get("password", ("",))[-1])
    except passwords.BusyError:
        wrong = ask._("Many people sign in at this moment. Wait a few seconds and try again.")
        return _form(ask, to=to, name=name, wrong=wrong, status=503)
    if user is None:
        tries.failed(name, ask.client, ask.now)
        wrong = ask._("That name and that password don't belong together.")
        return _form(ask, to=to, name=name, wrong=wrong, status=403)
    tries.succeeded(name, ask.client)
    return signed_in(ask, user, to, how="password")


def _wait(ask: Ask, wait: timedelta) -> str:
    seconds = ceil(wait.total_seconds())
    length = ask.many("{n} second", "{n} seconds", seconds)
    if seconds > 90:
        length = ask.many("{n} minute", "{n} minutes", ceil(seconds / 60))
    text = ask._("Too many wrong passwords. Wait {time}, or use a passkey.")
    return text.replace("{time}", length)


def sign_out(ask: Ask) -> Response:
    """Sign somebody out: the session is gone, not only the cookie."""
    if ask.session:
        staff.close_session(ask.site.app, ask.session)
    answer = pages.go("/staff/sign-in")
    site = ask.site
    answer.delete_cookie(site.cookie(SESSION), httponly=True, samesite="lax", secure=site.secure, path="/")
    return answer


# ── by invitation ───────────────────────────────────────────────────────────────────────────────────────


def invitation(ask: Ask) -> tuple[User | None, str]:
    """Return whom this browser brought an invitation for, and its code."""
    code = ask.site.app.vault.unseal(ask.session.notes.get("invitation", "")) if ask.session else ""
    return (staff.invited(ask.site.app, code), code) if code else (None, "")


def welcome(ask: Ask) -> Response:
    """Show the ways to sign in from now on, to whoever brought an invitation; ask for it otherwise."""
    user, _ = invitation(ask)
    return _welcome(ask, user)


def _welcome(ask: Ask, user: User | None, *, wrong: str = "", status: int = 200) -> Response:
    provider = ask.site.workspace.sign_in is not None
    values = {"user": user, "wrong": wrong, "provider": provider, "least": passwords.LEAST}
    return frame.page(ask, "staff/welcome.html.jinja", status=status, **values)


def bring(ask: Ask) -> Response:
    """Take an invitation's code. It comes in a form: never in an address that is sent."""
    code = ask.form["code"].rpartition("#")[2]
    if staff.invited(ask.site.app, code) is None:
        return _welcome(ask, None, wrong=_invalid(ask), status=403)
    secret = staff.remember(ask.site.app, ask.session, invitation=ask.site.app.vault.seal(code))
    return with_cookie(ask, pages.go("/staff/welcome"), secret)


def join(ask: Ask) -> Response:
    """Set the password of whoever brought an invitation, and sign them in."""
    user, code = invitation(ask)
    if user is None:
        return pages.go("/staff/welcome")
    wrong = new_password_problem(ask, user)
    if wrong:
        return _welcome(ask, user, wrong=wrong, status=400)
    try:
        user = staff.set_password(ask.site.app, user.id, new_password(ask), invitation=code)
    except UserError:
        return _welcome(ask, None, wrong=_invalid(ask), status=403)
    return signed_in(ask, user, "/staff/account", how="invitation")


def _invalid(ask: Ask) -> str:
    return ask._("This invitation isn't valid: it was used, it is too old, or a newer one was made. Ask an admin.")


def new_password(ask: Ask) -> str:
    """Return the new password of a form, exactly as it was typed."""
    return ask.form.values.get("new", ("",))[-1]


def new_password_problem(ask: Ask, user: User) -> str:
    """Return what is wrong with the new password of a form; empty when nothing is."""
    if new_password(ask) != ask.form.values.get("again", ("",))[-1]:
        return ask._("The two passwords aren't the same.")
    words = {
        "short": ask._("This password is too short. Take at least 12 characters: four words, for example."),
        "long": ask._("This password is too long. Take at most 1,000 characters."),
        "name": ask._("This password is your name. Take one that nobody guesses: four words, for example."),
        "common": ask._("This password is one of the first that are guessed. Take four words, for example."),
        "": "",
    }
    return words[passwords.weakness(new_password(ask), user.name)]


ROUTES: tuple[Route, ...] = (
    get("/staff/sign-in", show, ANYONE),
    post("/staff/sign-in", sign_in, ANYONE, limit="20 per minute"),
    post("/staff/sign-out", sign_out, STAFF),
    get("/staff/welcome", welcome, ANYONE),
    post("/staff/welcome", join, ANYONE, limit="20 per minute"),
    post("/staff/welcome/code", bring, ANYONE, limit="20 per minute"),
)
