"""Which form the tables have, and bringing them to this version's. Alembic is imported only to change them."""

from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from scheduler.store.database import StateError, reading, writing

HEAD = "0003"
"""The newest revision in migrations/versions; a test holds the two together."""


def revision(engine: Engine) -> str | None:
    """Return the form of the tables, None where there are none yet.

    Raises:
        StateError: the database holds tables that aren't ours.
    """
    with reading(engine) as c:
        names = set(inspect(c).get_table_names())
        if "alembic_version" in names:
            found = c.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return None if found is None else str(found)
    if names:
        msg = (
            f"{engine.url.database}: this is another program's database: name a new file in config.yaml under database"
        )
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


def _refuse_newer(engine: Engine, found: str) -> None:
    if found > HEAD:
        msg = (
            f"{engine.url.database}: the state was written by a newer version of Solidarity ({found}, this one knows "
            f"{HEAD}): install that version, or restore a copy made with this one"
        )
        raise StateError(msg)


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Bring the tables to this version's form; return the forms before and after.

    Raises:
        StateError: this version doesn't know the tables' form.
    """
    from alembic import command
    from alembic.util.exc import CommandError

    before = revision(engine)
    if before is not None:
        _refuse_newer(engine, before)
    try:
        with writing(engine) as c:
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
