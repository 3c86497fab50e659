"""Who is on staff, how they come in, and how they are known while they work."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from scheduler import passwords
from scheduler.app import App
from scheduler.errors import UserError
from scheduler.store import Connection, controls, staff
from scheduler.store.staff import Session, Token
from scheduler.submission import May, Role, User

INVITATION = timedelta(days=7)
LONGEST = timedelta(hours=12)
"""How long a session lasts at most, however busy it is; `store.staff.IDLE` ends it earlier."""

BEFORE = timedelta(minutes=10)
"""How long a browser that hasn't signed in yet is remembered: for a passkey, or the way to the provider and back."""

_LONGEST_NAME = 80
_WEAK = {
    "short": f"this password is too short: take at least {passwords.LEAST} characters, e.g. four words",
    "long": "this password is too long: take at most 1000 characters",
    "name": "this password is your name: take one that nobody guesses, e.g. four words",
    "common": "this password is one of the first that are guessed: take another one, e.g. four words",
}


class NameTakenError(UserError):
    """Somebody of that name is on staff already."""


class LastAdminError(UserError):
    """This is the last admin who can sign in: make somebody else an admin first."""


class InvitationUsedError(UserError):
    """This invitation was used already, or it is too old: ask an admin for a new one."""


# ── who is on staff ─────────────────────────────────────────────────────────────────────────────────────


def users(app: App) -> list[User]:
    """Return everybody on staff, by name."""
    with app.store.read() as c:
        return staff.all_users(c)


def able(app: App) -> frozenset[int]:
    """Return the ids of those who have something that lets them in."""
    with app.store.read() as c:
        return staff.able(c)


def add_user(app: App, name: str, role: Role, *, who: str) -> tuple[User, str]:
    """Add somebody; return the user and the invitation's code, which is shown once.

    Raises:
        UserError: the name can't be used, or is somebody's.
    """
    name = _checked(name)
    now = app.clock.now()
    with app.store.write() as c:
        if staff.user_named(c, name):
            msg = f"{name} is on staff already: `solidarity user invite` gives them a new invitation"
            raise NameTakenError(msg)
        number = staff.add_user(c, name, role, now=now)
        secret = staff.invite(c, number, until=now + INVITATION)
        controls.note(c, "user add", f"{name} {role}", who=who, now=now)
        return _by_id(c, number), secret


def invite(app: App, name: str, *, who: str) -> tuple[User, str]:
    """Invite somebody anew: a lost password, a lost passkey. What let them in before still does until it is used.

    Raises:
        UserError: nobody of that name is on staff.
    """
    now = app.clock.now()
    with app.store.write() as c:
        user = _named(c, name)
        secret = staff.invite(c, user.id, until=now + INVITATION)
        controls.note(c, "user invite", user.name, who=who, now=now)
        return user, secret


def remove_user(app: App, name: str, *, who: str) -> User:
    """Take somebody off the staff, at once and everywhere.

    Raises:
        UserError: nobody of that name is on staff, or it is the last admin.
    """
    now = app.clock.now()
    with app.store.write() as c:
        user = _named(c, name)
        _require_another_admin(c, user)
        staff.remove_user(c, user.id, now=now)
        controls.note(c, "user remove", user.name, who=who, now=now)
        return user


def set_role(app: App, name: str, role: Role, *, who: str) -> User:
    """Give somebody another role; their sessions go on with its rights.

    Raises:
        UserError: nobody of that name is on staff, or it is the last admin.
    """
    now = app.clock.now()
    with app.store.write() as c:
        user = _named(c, name)
        if user.role is role:
            return user
        if role is not Role.admin:
            _require_another_admin(c, user)
        staff.set_user(c, user.id, role=str(role))
        controls.note(c, "user role", f"{user.name} {user.role} -> {role}", who=who, now=now)
        return _by_id(c, user.id)


def set_language(app: App, user: User, language: str) -> None:
    """Remember the language somebody reads."""
    with app.store.write() as c:
        staff.set_user(c, user.id, language=language)


# ── passwords and invitations ───────────────────────────────────────────────────────────────────────────


def set_password(app: App, user_id: int, password: str, *, keep: str = "", invitation: str = "") -> User:
    """Give somebody a password, and end their sessions but `keep`; an `invitation` is used up by it.

    Raises:
        UserError: the password is too easy to guess, or the invitation was used in the meantime.
    """
    with app.store.read() as c:
        user = _by_id(c, user_id)
    weak = passwords.weakness(password, user.name)
    if weak:
        raise UserError(_WEAK[weak])
    hashed = passwords.hashed(password)
    now = app.clock.now()
    with app.store.write() as c:
        user = _by_id(c, user_id)
        if invitation:
            _use(c, invitation)
        staff.set_user(c, user.id, password=hashed)
        staff.close_sessions(c, user.id, but=keep)
        controls.note(c, "password", user.name, who=user.name, now=now)
        return _by_id(c, user_id)


def check_password(app: App, name: str, password: str) -> User | None:
    """Return who signs in with a name and a password; None takes as long, whatever is wrong."""
    with app.store.read() as c:
        user = staff.user_named(c, name.strip())
        kept = staff.password_hash(c, user.id) if user else None
    if not passwords.matches(kept, password) or user is None or kept is None:
        return None
    if passwords.is_dated(kept):
        better = passwords.hashed(password)
        with app.store.write() as c:
            if staff.password_hash(c, user.id) == kept:
                staff.set_user(c, user.id, password=better)
    return user


def invited(app: App, secret: str) -> User | None:
    """Return whom an invitation is for."""
    with app.store.read() as c:
        return staff.invited(c, secret.strip(), now=app.clock.now())


def link(app: App, user_id: int, subject: str | None, *, invitation: str = "") -> User:
    """Let somebody sign in as `subject` of the OpenID provider; None ends that.

    Raises:
        UserError: it is somebody else's, the invitation was used, or nothing else would let the person in.
    """
    now = app.clock.now()
    with app.store.write() as c:
        user = _by_id(c, user_id)
        other = staff.user_by_subject(c, subject) if subject else None
        if other and other.id != user.id:
            raise UserError("this account of the provider belongs to somebody else on staff")
        if subject is None and not user.has_password and not user.passkeys:
            raise UserError("nothing else would let you in: set a password or add a passkey first")
        if invitation:
            _use(c, invitation)
        staff.set_user(c, user.id, subject=subject)
        controls.note(c, "openid", f"{user.name} {'linked' if subject else 'unlinked'}", who=user.name, now=now)
        return user


def linked(app: App, subject: str) -> User | None:
    """Return whom the OpenID provider's `subject` is on our staff."""
    with app.store.read() as c:
        return staff.user_by_subject(c, subject)


# ── sessions ────────────────────────────────────────────────────────────────────────────────────────────


def open_session(app: App, user: User, *, passkey: bool, old: Session | None = None, how: str = "password") -> str:
    """Sign somebody in; return the new cookie's secret. The session before it, `old`, is worth nothing afterwards."""
    now = app.clock.now()
    with app.store.write() as c:
        staff.drop_old_sessions(c, now)
        if old:
            staff.close_session(c, old.token_hash)
        secret = staff.open_session(c, user=user.id, until=now + LONGEST, now=now, passkey=passkey)
        controls.note(c, "sign in", f"with {how}", who=user.name, now=now)
        return secret


def remember(app: App, session: Session | None, **notes: object) -> str:
    """Remember things for a browser on its way in; return the cookie's secret where a new session had to be opened."""
    now = app.clock.now()
    with app.store.write() as c:
        secret, token_hash = "", session.token_hash if session else ""
        if session is None:
            staff.drop_old_sessions(c, now)
            secret = staff.open_session(c, user=None, until=now + BEFORE, now=now)
            token_hash = staff.hashed(secret)
        staff.touch_session(c, token_hash, now=now, **notes)
        return secret


def take(app: App, session: Session | None, name: str) -> dict[str, Any]:
    """Return what was remembered for a browser under a name, and forget it; empty when there is nothing, or too old."""
    if session is None:
        return {}
    with app.store.write() as c:
        found: dict[str, Any] = staff.take_note(c, session.token_hash, name) or {}
    return found if found.get("until", 0.0) > app.clock.now().timestamp() else {}


def close_session(app: App, session: Session) -> None:
    """Sign somebody out: a copy of the cookie is worth nothing either."""
    with app.store.write() as c:
        staff.close_session(c, session.token_hash)


def close_other_sessions(app: App, session: Session) -> None:
    """Sign somebody out everywhere else."""
    if session.user:
        with app.store.write() as c:
            staff.close_sessions(c, session.user.id, but=session.token_hash)


@dataclass(frozen=True, kw_only=True)
class OwnAccount:
    """What somebody has beside a password and passkeys."""

    sessions: list[Session]
    tokens: list[Token]
    linked: bool  # to the OpenID provider


def standing(app: App, user: User) -> OwnAccount:
    """Return somebody's sessions, tokens, and whether the OpenID provider knows them."""
    now = app.clock.now()
    with app.store.read() as c:
        return OwnAccount(
            sessions=staff.sessions_of(c, user, now=now),
            tokens=staff.tokens_of(c, user),
            linked=staff.is_linked(c, user.id),
        )


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────


def add_token(app: App, user: User, *, label: str, scopes: frozenset[May], days: int) -> str:
    """Make a token for a program; return its secret, shown once.

    Raises:
        UserError: it would have rights that its owner hasn't, or none, or no name, or live longer than a year.
    """
    if not label or len(label) > _LONGEST_NAME:
        raise UserError("give the token a name, so that you know later what it is for")
    if not scopes or not all(user.may(scope) for scope in scopes):
        raise UserError("choose what the token may do; it can't do more than you may")
    if not 1 <= days <= 365:
        raise UserError("a token lives from one day to a year")
    now = app.clock.now()
    with app.store.write() as c:
        secret = staff.add_token(c, user.id, label=label, scopes=scopes, until=now + timedelta(days=days), now=now)
        controls.note(c, "token add", f"{label}: {' '.join(sorted(scopes))}", who=user.name, now=now)
        return secret


def drop_token(app: App, user: User, number: int) -> None:
    """End one of somebody's tokens."""
    now = app.clock.now()
    with app.store.write() as c:
        if staff.drop_token(c, user.id, number):
            controls.note(c, "token end", str(number), who=user.name, now=now)


def _checked(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        msg = f"a name has 1 to {_LONGEST_NAME} characters, all of them visible"
        raise UserError(msg)
    return name


def _named(c: Connection, name: str) -> User:
    user = staff.user_named(c, name.strip())
    if user is None:
        msg = f"nobody on staff is called {name!r}: `solidarity user list` names everybody"
        raise UserError(msg)
    return user


def _by_id(c: Connection, number: int) -> User:
    user = staff.user_by_id(c, number)
    if user is None:
        raise UserError("this person is no longer on staff")
    return user


def _use(c: Connection, invitation: str) -> None:
    if not staff.use_invitation(c, invitation.strip()):
        raise InvitationUsedError


def _require_another_admin(c: Connection, user: User) -> None:
    """Refuse to leave the staff without an admin, or with only such as have never come in."""
    if user.role is not Role.admin:
        return
    others = {one.id for one in staff.all_users(c) if one.role is Role.admin} - {user.id}
    able = staff.able(c)
    if not others or (user.id in able and not others & able):
        msg = f"{user.name} is the last admin who can sign in: make somebody else an admin first"
        raise LastAdminError(msg)
