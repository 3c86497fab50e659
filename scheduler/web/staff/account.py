"""One's own account: password, passkeys, sessions, language, and tokens for programs."""

from starlette.responses import Response

from scheduler import passwords
from scheduler.errors import UserError
from scheduler.operations import passkeys, staff
from scheduler.submission import MAY, May
from scheduler.web import pages
from scheduler.web.ask import Ask
from scheduler.web.entrance import LANGUAGE
from scheduler.web.routing import STAFF, Route, get, post
from scheduler.web.staff import frame
from scheduler.web.staff.proof import needs_password, proved
from scheduler.web.staff.signing import new_password, new_password_problem

_HERE = "/staff/account"
_DAYS = (30, 90, 365)


def show(ask: Ask) -> Response:
    """Show the page."""
    return _page(ask)


def _page(ask: Ask, *, wrong: str = "", where: str = "", status: int = 200) -> Response:
    """Return the page; `wrong` is what is the matter with the form `where`."""
    app, user = ask.site.app, ask.staff
    known = staff.standing(app, user)
    return frame.page(
        ask,
        "staff/account.html.jinja",
        status=status,
        user=user,
        needs_password=needs_password(ask),
        passkeys=passkeys.passkeys(app, user),
        sessions=known.sessions,
        tokens=known.tokens,
        linked=known.linked,
        provider=ask.site.workspace.sign_in is not None,
        scopes=[(str(one), words) for one, words in _scopes(ask) if one in MAY[user.role]],
        days=[(days, ask.many("{n} day", "{n} days", days)) for days in _DAYS],
        least=passwords.LEAST,
        wrong=wrong,
        where=where,
    )


def refused(ask: Ask, where: str) -> Response:
    """Return the page with a word beside the form `where`: its password was wrong."""
    return _page(ask, wrong=ask._("Your password isn't right."), where=where, status=403)


def _scopes(ask: Ask) -> list[tuple[May, str]]:
    return [
        (May.look, ask._("Look at the calendar and at what needs a person")),
        (May.pause, ask._("Pause")),
        (May.edit, ask._("Resume, release, approve, retry, cancel, withdraw")),
        (May.moderate, ask._("Decide on what volunteers send")),
        (May.govern, ask._("Staff and the audit")),
    ]


def password(ask: Ask) -> Response:
    """Change one's password; every other session ends."""
    if not proved(ask):
        return refused(ask, "password")
    wrong = new_password_problem(ask, ask.staff)
    if wrong:
        return _page(ask, wrong=wrong, where="new", status=400)
    keep = ask.session.token_hash if ask.session else ""
    staff.set_password(ask.site.app, ask.staff.id, new_password(ask), keep=keep)
    frame.say(ask, ask._("Your password is changed, and you are signed out everywhere else."))
    return pages.go(_HERE)


def rename_passkey(ask: Ask) -> Response:
    """Give a passkey another name."""
    label = ask.form["label"][:80]
    if label:
        passkeys.rename(ask.site.app, ask.staff, _number(ask), label)
    return pages.go(_HERE)


def remove_passkey(ask: Ask) -> Response:
    """Remove a passkey."""
    try:
        passkeys.remove(ask.site.app, ask.staff, _number(ask))
    except UserError:
        frame.say(ask, _only_way_in(ask), wrong=True)
    else:
        frame.say(ask, ask._("The passkey is removed."))
    return pages.go(_HERE)


def unlink(ask: Ask) -> Response:
    """End signing in through the provider."""
    try:
        staff.link(ask.site.app, ask.staff.id, None)
    except UserError:
        frame.say(ask, _only_way_in(ask), wrong=True)
    return pages.go(_HERE)


def end_sessions(ask: Ask) -> Response:
    """Sign out everywhere else."""
    if ask.session:
        staff.close_other_sessions(ask.site.app, ask.session)
    frame.say(ask, ask._("You are signed out everywhere else."))
    return pages.go(_HERE)


def language(ask: Ask) -> Response:
    """Remember the language one reads; this browser takes it at once."""
    wanted = ask.form["language"]
    answer = pages.go(_HERE)
    if wanted in ask.site.languages:
        staff.set_language(ask.site.app, ask.staff, wanted)
        answer.set_cookie(LANGUAGE, wanted, max_age=30 * 86400, samesite="lax", secure=ask.site.secure)
    return answer


def add_token(ask: Ask) -> Response:
    """Make a token for a program; its secret is shown once, on the next page."""
    if not proved(ask):
        return refused(ask, "token")
    days = ask.form["days"]
    try:
        secret = staff.add_token(
            ask.site.app,
            ask.staff,
            label=ask.form["label"],
            scopes=frozenset(May(word) for word in ask.form.all("scope") if word in set(May)),
            days=int(days) if days.isdecimal() and len(days) < 5 else 0,
        )
    except UserError:
        wrong = ask._("Give the token a name, and choose what it may do.")
        return _page(ask, wrong=wrong, where="token", status=400)
    frame.say(ask, ask._("Copy the token now. It isn't shown again."), secret=secret)
    return pages.go(_HERE)


def end_token(ask: Ask) -> Response:
    """End a token."""
    staff.drop_token(ask.site.app, ask.staff, _number(ask))
    frame.say(ask, ask._("The token is worth nothing any more."))
    return pages.go(_HERE)


def _number(ask: Ask) -> int:
    """Return which one a form is about; 0, which there never is, where it doesn't say."""
    number = ask.form["id"]
    return int(number) if number.isdecimal() and len(number) < 10 else 0


def _only_way_in(ask: Ask) -> str:
    return ask._("Nothing else would let you in. Set a password or add a passkey first.")


ROUTES: tuple[Route, ...] = (
    get(_HERE, show, STAFF),
    post(f"{_HERE}/password", password, STAFF, limit="20 per minute"),
    post(f"{_HERE}/passkeys/rename", rename_passkey, STAFF),
    post(f"{_HERE}/passkeys/remove", remove_passkey, STAFF),
    post(f"{_HERE}/provider/remove", unlink, STAFF),
    post(f"{_HERE}/sessions", end_sessions, STAFF),
    post(f"{_HERE}/language", language, STAFF),
    post(f"{_HERE}/tokens", add_token, STAFF, limit="20 per minute"),
    post(f"{_HERE}/tokens/end", end_token, STAFF),
)
