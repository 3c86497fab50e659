"""Which form the tables have, and bringing them to this version's. Alembic is imported only to change them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from scheduler.store import form
from scheduler.store.database import is_sqlite, reading, unhurried, writing
from scheduler.store.faults import StateError

HEAD = form.HEAD
"""The form that this version works with."""


class FormError(StateError):
    """The tables have another form than this program works with."""


def revision(engine: Engine) -> str | None:
    """Return the form of the tables, None where there are none yet.

    Raises:
        StateError: the database holds tables that aren't ours.
    """
    with reading(engine) as c:
        return _revision(c)


def _revision(c: Connection) -> str | None:
    names = set(inspect(c).get_table_names())
    if "alembic_version" in names:
        found = c.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)
    if names:
        name = c.engine.url.database
        msg = f"{name}: this is another program's database: name a new file in config.yaml under database"
        raise StateError(msg)
    return None


def require_current(engine: Engine) -> None:
    """Make sure that the tables have this version's form; an empty database gets them.

    Raises:
        StateError: the tables are older or newer than this version.
    """
    found = revision(engine)
    if found is None:
        upgrade(engine)
    elif found < HEAD:
        msg = f"{engine.url.database}: the state has an older form ({found}): run `solidarity upgrade`"
        raise StateError(msg)
    else:
        _refuse_newer(engine, found)


def require_same(engine: Engine) -> None:
    """Make sure that the tables still have the form that they had when this program began to work with them.

    Raises:
        FormError: somebody has brought them to another one meanwhile.
    """
    with reading(engine) as c:
        found = c.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found != HEAD:
        msg = (
            f"{engine.url.database}: was brought to another form ({found}, this program knows {HEAD}) while it was in "
            "use: start the version that did it"
        )
        raise FormError(msg)


def _refuse_newer(engine: Engine, found: str) -> None:
    if found > HEAD:
        copy = _copy_before(engine)
        back = f"go back with `solidarity restore {copy}`" if copy else "restore a copy made with this one"
        msg = (
            f"{engine.url.database}: the state was written by a newer version of Solidarity ({found}, this one knows "
            f"{HEAD}): install that version, or {back}"
        )
        raise StateError(msg)


def _copy_before(engine: Engine) -> Path | None:
    """Return the copy that an upgrade of the state's file left when it went beyond the form that this version knows."""
    if not is_sqlite(engine):
        return None
    place = Path(str(engine.url.database))
    found = sorted(place.parent.glob(f"{place.name}.before-[0-9][0-9][0-9][0-9]"))
    return next((file for file in found if file.name[-4:] > HEAD), None)


def upgrade(engine: Engine, *, first: Callable[[Connection], None] | None = None) -> tuple[str | None, str]:
    """Bring the tables to this version's form; return the forms before and after.

    `first` is called before tables that have an older form are changed, in the same transaction.

    Raises:
        StateError: this version doesn't know the tables' form.
    """
    from alembic import command
    from alembic.util.exc import CommandError

    try:
        with writing(engine) as c:
            unhurried(c)
            before = _revision(c)  # once it's one's turn: another call may have brought them there meanwhile
            if before is not None:
                _refuse_newer(engine, before)
            if first is not None and before not in {None, HEAD}:
                first(c)
            command.upgrade(_config(c), "head")
    except CommandError as error:
        msg = f"{engine.url.database}: the state can't be brought to this version's form ({error}): restore a copy"
        raise StateError(msg) from None
    return before, HEAD


def _config(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "scheduler:store/migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
