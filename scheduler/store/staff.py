"""Staff and how they are known: users, invitations, sessions, passkeys, tokens. Steps inside a caller's transaction.

Whatever lets somebody in is random and kept as a hash only.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from scheduler.store.records import from_micros, to_micros
from scheduler.store.tables import invitations, passkeys, sessions, tokens, users
from scheduler.submission import May, Role, User

IDLE = timedelta(hours=2)
"""How long a session lasts in which nobody does anything."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """Somebody's browser. `user` is None before a sign-in."""

    token_hash: str
    user: User | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    passkey: bool  # signed in with one
    notes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Passkey:
    """A passkey of a member of staff; `credential` and `public_key` in base64url."""

    id: int
    user: int
    credential: str
    public_key: str
    sign_count: int
    label: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a program shows to use the API in somebody's name, within `scopes`."""

    id: int
    user: User
    label: str
    scopes: frozenset[May]
    created_at: datetime
    expires_at: datetime


def new_secret() -> str:
    """Return 256 random bits, fit for an address or a cookie."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """Return what is kept of a secret: it is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


# ── users ───────────────────────────────────────────────────────────────────────────────────────────────

_USER = (
    users.c.id,
    users.c.name,
    users.c.role,
    users.c.language,
    users.c.password.is_not(None).label("has_password"),
    select(func.count()).where(passkeys.c.user_id == users.c.id).scalar_subquery().label("passkeys"),
    users.c.created_at,
)


def add_user(c: Connection, name: str, role: Role, *, language: str = "", now: datetime) -> int:
    """Add somebody; return the id. The name must be free: ask `user_named` first."""
    values = {"name": name, "folded": name.casefold(), "role": str(role), "language": language}
    return int(c.execute(insert(users).values(**values, created_at=to_micros(now)).returning(users.c.id)).scalar_one())


def user_named(c: Connection, name: str) -> User | None:
    """Return who is on staff under a name, whatever its case."""
    return _user(c.execute(select(*_USER).where(users.c.folded == name.casefold())).mappings().first())


def user_by_id(c: Connection, number: int) -> User | None:
    """Return who is on staff with an id; None once removed."""
    where = (users.c.id == number, users.c.removed_at.is_(None))
    return _user(c.execute(select(*_USER).where(*where)).mappings().first())


def user_by_subject(c: Connection, subject: str) -> User | None:
    """Return whom an OpenID provider knows by `subject`."""
    where = (users.c.subject == subject, users.c.removed_at.is_(None))
    return _user(c.execute(select(*_USER).where(*where)).mappings().first())


def all_users(c: Connection) -> list[User]:
    """Return everybody on staff, by name."""
    found = c.execute(select(*_USER).where(users.c.removed_at.is_(None)).order_by(users.c.folded)).mappings()
    return [user for row in found if (user := _user(row)) is not None]


def able(c: Connection) -> frozenset[int]:
    """Return the ids of those who have something that lets them in."""
    keys = select(passkeys.c.user_id)
    something = users.c.password.is_not(None) | users.c.subject.is_not(None) | users.c.id.in_(keys)
    return frozenset(c.execute(select(users.c.id).where(users.c.removed_at.is_(None), something)).scalars())


def is_linked(c: Connection, number: int) -> bool:
    """Tell whether somebody may sign in by the OpenID provider."""
    return c.execute(select(users.c.subject).where(users.c.id == number)).scalar() is not None


def password_hash(c: Connection, number: int) -> str | None:
    """Return the hash of somebody's password, if there is one."""
    return c.execute(select(users.c.password).where(users.c.id == number)).scalar()


def set_user(c: Connection, number: int, **values: Any) -> None:
    """Change columns of a user: password, language, role, subject."""
    c.execute(update(users).where(users.c.id == number).values(**values))


def remove_user(c: Connection, number: int, *, now: datetime) -> None:
    """Take somebody off the staff: signed out everywhere, nothing lets them in; the row stays for the audit."""
    for table in (sessions, passkeys, invitations, tokens):
        c.execute(delete(table).where(table.c.user_id == number))
    gone = {"password": None, "subject": None, "folded": None, "removed_at": to_micros(now)}
    c.execute(update(users).where(users.c.id == number).values(**gone))


def invite(c: Connection, user: int, *, until: datetime) -> str:
    """Return a fresh invitation, shown once; earlier ones of the same person end."""
    c.execute(delete(invitations).where(invitations.c.user_id == user))
    secret = new_secret()
    values = {"token_hash": hashed(secret), "user_id": user, "expires_at": to_micros(until)}
    c.execute(insert(invitations).values(values))
    return secret


def invited(c: Connection, secret: str, *, now: datetime) -> User | None:
    """Return whom an invitation is for; None when it is none, used or too old."""
    where = (invitations.c.token_hash == hashed(secret), invitations.c.expires_at > to_micros(now))
    number = c.execute(select(invitations.c.user_id).where(*where)).scalar()
    return None if number is None else user_by_id(c, number)


def use_invitation(c: Connection, secret: str) -> bool:
    """End an invitation; False when somebody else was faster."""
    return c.execute(delete(invitations).where(invitations.c.token_hash == hashed(secret))).rowcount == 1


# ── sessions ────────────────────────────────────────────────────────────────────────────────────────────


def open_session(c: Connection, *, user: int | None, until: datetime, now: datetime, passkey: bool = False) -> str:
    """Begin a session; return its secret, for the cookie."""
    secret = new_secret()
    values = {"token_hash": hashed(secret), "user_id": user, "passkey": passkey, "expires_at": to_micros(until)}
    c.execute(insert(sessions).values(**values, created_at=to_micros(now), seen_at=to_micros(now)))
    return secret


def session(c: Connection, secret: str, *, now: datetime) -> Session | None:
    """Return the session of a cookie; None when it has ended."""
    alive = (sessions.c.expires_at > to_micros(now), sessions.c.seen_at > to_micros(now - IDLE))
    row = c.execute(select(sessions).where(sessions.c.token_hash == hashed(secret), *alive)).mappings().first()
    if row is None:
        return None
    user = None if row["user_id"] is None else user_by_id(c, row["user_id"])
    if row["user_id"] is not None and user is None:
        return None
    return _session(row, user)


def sessions_of(c: Connection, user: User, *, now: datetime) -> list[Session]:
    """Return somebody's sessions that go on, the one last in use first."""
    alive = (sessions.c.expires_at > to_micros(now), sessions.c.seen_at > to_micros(now - IDLE))
    query = select(sessions).where(sessions.c.user_id == user.id, *alive).order_by(sessions.c.seen_at.desc())
    return [_session(row, user) for row in c.execute(query).mappings()]


def touch_session(c: Connection, token_hash: str, *, now: datetime, **notes: Any) -> None:
    """Note that a session is in use, and remember things in it (None forgets one)."""
    where = sessions.c.token_hash == token_hash
    values: dict[str, Any] = {"seen_at": to_micros(now)}
    if notes:
        old = json.loads(c.execute(select(sessions.c.notes).where(where)).scalar() or "{}")
        values["notes"] = json.dumps({name: value for name, value in {**old, **notes}.items() if value is not None})
    c.execute(update(sessions).where(where).values(values))


def take_note(c: Connection, token_hash: str, name: str) -> Any:
    """Return what a session remembers under a name, and forget it: of two who ask, one gets it."""
    where = sessions.c.token_hash == token_hash
    notes = json.loads(c.execute(select(sessions.c.notes).where(where)).scalar() or "{}")
    found = notes.pop(name, None)
    if found is not None:
        c.execute(update(sessions).where(where).values(notes=json.dumps(notes)))
    return found


def close_session(c: Connection, token_hash: str) -> None:
    """End a session: its cookie is worth nothing from now on."""
    c.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


def close_sessions(c: Connection, user: int, *, but: str = "") -> None:
    """End every session of somebody, but for one."""
    c.execute(delete(sessions).where(sessions.c.user_id == user, sessions.c.token_hash != but))


def drop_old_sessions(c: Connection, now: datetime) -> None:
    """Remove sessions and invitations that have ended."""
    for table in (sessions, invitations):
        c.execute(delete(table).where(table.c.expires_at <= to_micros(now)))
    c.execute(delete(sessions).where(sessions.c.seen_at <= to_micros(now - IDLE)))


# ── passkeys ────────────────────────────────────────────────────────────────────────────────────────────


def add_passkey(
    c: Connection, user: int, *, credential: str, public_key: str, sign_count: int, label: str, now: datetime
) -> None:
    """Keep a passkey that was just made."""
    values = {"user_id": user, "credential": credential, "public_key": public_key, "sign_count": sign_count}
    c.execute(insert(passkeys).values(**values, label=label, created_at=to_micros(now)))


def passkeys_of(c: Connection, user: int) -> list[Passkey]:
    """Return somebody's passkeys, oldest first."""
    found = c.execute(select(passkeys).where(passkeys.c.user_id == user).order_by(passkeys.c.id)).mappings()
    return [_passkey(row) for row in found]


def passkey(c: Connection, credential: str) -> Passkey | None:
    """Return the passkey with a credential id."""
    row = c.execute(select(passkeys).where(passkeys.c.credential == credential)).mappings().first()
    return None if row is None else _passkey(row)


def used_passkey(c: Connection, number: int, *, before: int, after: int) -> bool:
    """Keep a passkey's counter: a copy of it would show. False when it has moved in the meantime."""
    where = (passkeys.c.id == number, passkeys.c.sign_count == before)
    return c.execute(update(passkeys).where(*where).values(sign_count=after)).rowcount == 1


def rename_passkey(c: Connection, user: int, number: int, label: str) -> None:
    """Give one of somebody's passkeys another name."""
    c.execute(update(passkeys).where(passkeys.c.id == number, passkeys.c.user_id == user).values(label=label))


def drop_passkey(c: Connection, user: int, number: int) -> bool:
    """Remove one of somebody's passkeys; False when there was none."""
    return c.execute(delete(passkeys).where(passkeys.c.id == number, passkeys.c.user_id == user)).rowcount == 1


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────────────


def add_token(c: Connection, user: int, *, label: str, scopes: frozenset[May], until: datetime, now: datetime) -> str:
    """Make a token for a program; return its secret, shown once."""
    secret = new_secret()
    values = {"token_hash": hashed(secret), "user_id": user, "label": label, "scopes": " ".join(sorted(scopes))}
    c.execute(insert(tokens).values(**values, created_at=to_micros(now), expires_at=to_micros(until)))
    return secret


def token(c: Connection, secret: str, *, now: datetime) -> Token | None:
    """Return the token behind a secret; None when it has ended."""
    where = (tokens.c.token_hash == hashed(secret), tokens.c.expires_at > to_micros(now))
    row = c.execute(select(tokens).where(*where)).mappings().first()
    user = None if row is None else user_by_id(c, row["user_id"])
    return None if user is None else _token(row, user)


def tokens_of(c: Connection, user: User) -> list[Token]:
    """Return somebody's tokens, oldest first."""
    found = c.execute(select(tokens).where(tokens.c.user_id == user.id).order_by(tokens.c.id)).mappings()
    return [_token(row, user) for row in found]


def drop_token(c: Connection, user: int, number: int) -> bool:
    """End one of somebody's tokens; False when there was none."""
    return c.execute(delete(tokens).where(tokens.c.id == number, tokens.c.user_id == user)).rowcount == 1


def _user(row: Any) -> User | None:
    if row is None:
        return None
    plain = {name: row[name] for name in ("id", "name", "language", "passkeys")}
    return User(
        **plain,
        role=Role(row["role"]),
        has_password=bool(row["has_password"]),
        created_at=from_micros(row["created_at"]),
    )


def _session(row: Any, user: User | None) -> Session:
    return Session(
        token_hash=row["token_hash"],
        user=user,
        created_at=from_micros(row["created_at"]),
        seen_at=from_micros(row["seen_at"]),
        expires_at=from_micros(row["expires_at"]),
        passkey=bool(row["passkey"]),
        notes=json.loads(row["notes"]),
    )


def _passkey(row: Any) -> Passkey:
    plain = {name: row[name] for name in ("id", "credential", "public_key", "sign_count", "label")}
    return Passkey(**plain, user=row["user_id"], created_at=from_micros(row["created_at"]))


def _token(row: Any, user: User) -> Token:
    return Token(
        id=row["id"],
        user=user,
        label=row["label"],
        scopes=frozenset(May(word) for word in row["scopes"].split()),
        created_at=from_micros(row["created_at"]),
        expires_at=from_micros(row["expires_at"]),
    )
