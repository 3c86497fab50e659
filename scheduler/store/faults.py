"""What an error of the database means to a person, and the cure."""

import sqlite3

from scheduler.errors import WorkspaceError


class StateError(WorkspaceError):
    """The state can't be read or written."""


class StateAwayError(StateError):
    """The database server doesn't answer; it may be back in a moment."""


_SQLITE = (
    ("database or disk is full", "the disk is full: free some space; nothing was lost"),
    ("disk i/o error", "the disk is full, or doesn't answer properly: free some space, then run `solidarity doctor`"),
    ("database is locked", "another program keeps the state locked: close it (a copy or a database browser?)"),
    ("readonly database", "the state can't be written: give this user the right to write the file and its folder"),
    ("unable to open database", "the state can't be opened: does its folder exist, and may this user write there?"),
    ("not a database", "the state's file is damaged: put back a copy with `solidarity restore FILE`"),
    ("malformed", "the state's file is damaged: put back a copy with `solidarity restore FILE`"),
    ("no such table", "the state's tables are missing: run `solidarity upgrade`"),
    ("no such column", "the state has an older form: run `solidarity upgrade`"),
)
SERVER = (
    ("password authentication failed", "the database refuses this user: is the password right?"),
    ("no password supplied", "the database asks for a password: put DATABASE_PASSWORD into .env"),
    ('" does not exist', "there is no such database, user or table: make it, then run `solidarity upgrade`"),
    ("permission denied", "the database doesn't let this user in there: grant it the rights on its own schema"),
    ("no space left on device", "the database server's disk is full: free some space; nothing was lost"),
    (
        "too many clients already",
        "the database server takes no more connections: raise its max_connections, 51 for each daemon or web page",
    ),
    ("remaining connection slots", "the database server takes no more connections: raise its max_connections"),
    ("canceling statement due to lock timeout", "another program keeps the state locked: close it"),
    ("canceling statement due to statement timeout", "the database took too long: is the server overloaded?"),
)
"""What a sign in an error means to a person, and the cure."""
_PASSES = (
    "database is locked",
    "too many clients already",
    "remaining connection slots",
    *(sign for sign, _ in SERVER if "canceling" in sign),
)
"""The signs of those that pass by themselves: what had to be done is done when it is tried again."""
_DAMAGE = (
    "SQLITE_CORRUPT",
    "SQLITE_NOTADB",
    "SQLITE_ERROR",  # a table or a column isn't there
    "SQLITE_IOERR_READ",
    "SQLITE_IOERR_SHORT_READ",
    "SQLITE_IOERR_DATA",
)


def explain(error: BaseException, where: str) -> StateError | None:
    """Return what a database error means to a person and the cure; None where it is our own fault."""
    words = str(error).lower()
    for sign, cure in (*_SQLITE, *SERVER):
        if sign in words:
            return (StateAwayError if sign in _PASSES else StateError)(f"{where}: {cure}")
    return None


def is_damage(error: StateError) -> bool:
    """Tell whether a file is beyond reading, for good: it isn't locked, forbidden or without room."""
    if isinstance(error, StateAwayError):
        return False
    cause = error.__cause__
    return not isinstance(cause, sqlite3.Error) or getattr(cause, "sqlite_errorname", "").startswith(_DAMAGE)


def explain_server(error: BaseException, where: str) -> StateError | None:
    """Return likewise what an error of a server's means, or of the way there."""
    if not is_away(error):
        return explain(error, where)
    first = (str(error).splitlines() or ["no answer"])[0]
    return StateAwayError(f"{where}: the database doesn't answer ({first}): is its server up?")


def is_away(error: BaseException) -> bool:
    """Tell whether an error means that the server doesn't answer, or ended the connection: it may come back."""
    from psycopg import InterfaceError, OperationalError
    from psycopg.errors import IdleInTransactionSessionTimeout

    if not isinstance(error, (OperationalError, InterfaceError, IdleInTransactionSessionTimeout)):
        return False
    return not any(sign in str(error).lower() for sign, _ in SERVER)
